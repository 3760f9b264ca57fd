package flink

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// metricsConfiguration is the reporter of the job's mode. Neither carries a
// key: Flink's configuration is a ConfigMap. With http the image's entry point adds it.
func (j Job) metricsConfiguration(s Stack) map[string]string {
	switch j.Metrics.Mode {
	case "agent":
		return map[string]string{
			"metrics.reporter.prom.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
			"metrics.reporter.prom.port":          strconv.Itoa(PrometheusPort),
		}
	case "http":
		return map[string]string{
			"metrics.reporter.dghttp.factory.class": "org.apache.flink.metrics.datadog.DatadogHttpReporterFactory",
			"metrics.reporter.dghttp.dataCenter":    DataCenters[s.DatadogSite],
			"metrics.reporter.dghttp.tags":          strings.Join(j.metricTags(s), ","),
			// Flink starts this in place of the image's ENTRYPOINT, in both components.
			"kubernetes.entry.path": MetricsEntryPoint,
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

// DataCenters that the reporter of Flink 1.18 knows, by Datadog's site; empty is the site's default.
var DataCenters = map[string]string{"": "US", "datadoghq.com": "US", "datadoghq.eu": "EU"}

// What docs/examples/docker-entrypoint-datadog.sh reads and writes. It lays a
// copy of Flink's configuration with the key into memory and points
// FLINK_CONF_DIR there. Not an argument: the JobManager gives its TaskManagers,
// in the clear, whatever its configuration holds beyond the file in
// FLINK_CONF_DIR (KubernetesResourceManagerDriver, getDynamicPropertiesAsString).
const (
	MetricsEntryPoint = "/docker-entrypoint-datadog.sh"
	// MetricsKeyFile holds Datadog's key and nothing else.
	MetricsKeyFile = "/vault/secrets/" + metricsKeyName
	// MetricsConfDir is in memory: the key comes to no disk.
	MetricsConfDir = "/run/flink-conf"

	metricsKeyName    = "datadog-api-key"
	metricsConfVolume = "flink-conf-with-key"
)

// metricsVolume and its mount are where the entry point puts the configuration.
func metricsVolume() (corev1.Volume, corev1.VolumeMount) {
	volume := corev1.Volume{Name: metricsConfVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
		Medium: corev1.StorageMediumMemory, SizeLimit: ptr.To(resource.MustParse("1Mi")),
	}}}
	return volume, corev1.VolumeMount{Name: metricsConfVolume, MountPath: MetricsConfDir}
}

// metricTags are Datadog's unified service tags and the team's.
func (j Job) metricTags(s Stack) []string {
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

// unmappedMetrics are those that the Agent's flink check would drop, by the
// Prometheus reporter's name, under the name that Flink's Datadog reporter
// would give them below `flink.`. The monitors read the latter.
var unmappedMetrics = map[string]string{
	"flink_jobmanager_taskSlotsAvailable":                                                 "jobmanager.taskSlotsAvailable",
	"flink_jobmanager_job_runningTime":                                                    "jobmanager.job.runningTime",
	"flink_taskmanager_job_task_backPressuredTimeMsPerSecond":                             "task.backPressuredTimeMsPerSecond",
	"flink_taskmanager_job_task_operator_pendingRecords":                                  "operator.pendingRecords",
	"flink_taskmanager_job_task_operator_currentEmitEventTimeLag":                         "operator.currentEmitEventTimeLag",
	"flink_taskmanager_job_task_operator_KafkaSourceReader_KafkaConsumer_records_lag_max": "operator.KafkaSourceReader.KafkaConsumer.records_lag_max",
}

// metricsAnnotations tell the Datadog Agent to scrape the pod. An image of
// one's own is not found by its name. %%host%% is the Agent's word for the pod's address.
func (j Job) metricsAnnotations() map[string]string {
	if j.Metrics.Mode != "agent" {
		return nil
	}
	check, _ := json.Marshal(map[string]any{"flink": map[string]any{ // plain values always marshal
		"init_config": map[string]any{},
		"instances": []any{map[string]any{
			"openmetrics_endpoint": fmt.Sprintf("http://%%%%host%%%%:%d/metrics", PrometheusPort),
			"extra_metrics":        []any{unmappedMetrics},
		}},
	}})
	return map[string]string{"ad.datadoghq.com/" + MainContainer + ".checks": string(check)}
}
