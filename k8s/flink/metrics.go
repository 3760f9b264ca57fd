package flink

import (
	"strconv"
	"strings"
)

// metricsConfiguration is the reporter of the job's mode. Neither carries a
// key: Flink's configuration is a ConfigMap.
func (j Job) metricsConfiguration(s Site) map[string]string {
	switch j.Metrics.Mode {
	case "agent":
		return map[string]string{
			"metrics.reporter.prom.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
			"metrics.reporter.prom.port":          strconv.Itoa(PrometheusPort),
		}
	case "http":
		return map[string]string{
			"metrics.reporter.dghttp.factory.class": "org.apache.flink.metrics.datadog.DatadogHttpReporterFactory",
			"metrics.reporter.dghttp.tags":          strings.Join(j.metricTags(s), ","),
			// Without these every metric's name carries a host and an id.
			"metrics.scope.jm":       "flink.jobmanager",
			"metrics.scope.jm-job":   "flink.jobmanager.job",
			"metrics.scope.tm":       "flink.taskmanager",
			"metrics.scope.tm-job":   "flink.taskmanager.job",
			"metrics.scope.task":     "flink.task",
			"metrics.scope.operator": "flink.operator",
		}
	}
	return nil
}

// metricTags are Datadog's unified service tags and the team's.
func (j Job) metricTags(s Site) []string {
	tags := []string{"service:" + j.Name}
	if s.Environment != "" {
		tags = append(tags, "env:"+s.Environment)
	}
	if version := j.Version(); version != "" {
		tags = append(tags, "version:"+version)
	}
	if s.Team != "" {
		tags = append(tags, "team:"+s.Team)
	}
	return tags
}
