// Package observe says how a job is watched: its monitors, its service level
// objective, its dashboard and the picture of it. It knows no Pulumi: a job's
// settings in, Datadog's documents out.
package observe

import (
	"strconv"
	"strings"
	"time"
)

// A Job is what the monitors need to know of a Flink job.
type Job struct {
	// Name is the FlinkDeployment's, and the value of the tag service.
	Name string
	// Namespace holds the job.
	Namespace string
	// Environment is the value of the tag env; empty: no query names it.
	Environment string
	// Team owns the job; empty: no tag.
	Team string
	// CheckpointInterval is the time between the starts of two checkpoints.
	CheckpointInterval time.Duration
	// CheckpointMinPause is the time between the end of one and the start of the next.
	CheckpointMinPause time.Duration
	// CheckpointTimeout is when Flink gives a checkpoint up.
	CheckpointTimeout time.Duration
	// TolerableFailures is how many checkpoints in a row may fail before the job restarts.
	TolerableFailures int
	// TaskManagers is how many the job needs: ceil(parallelism / slots).
	TaskManagers int
	// Suspended: the job is stopped on purpose, and nobody is called for it.
	Suspended bool
}

// Alerts is the setting `alerts` of a job: whom to tell, and when.
type Alerts struct {
	// Enabled: false makes no monitor, no objective and no dashboard. Default true.
	Enabled *bool `json:"enabled"`
	// Notify are the Datadog handles that an alert and its recovery go to: "@pagerduty-payments".
	Notify string `json:"notify"`
	// NotifyWarning are the handles of a warning. Empty: a warning is seen, and wakes nobody.
	NotifyWarning string `json:"notifyWarning"`
	// Runbook is the address of the runbook, to which each message adds #ID of the alert. Default docs/runbook.md.
	Runbook string `json:"runbook"`
	// Target of the service level objective, in per cent of 30 days. Default 99.9.
	Target float64 `json:"target"`
	// Thresholds change single alerts, by the alert's ID.
	Thresholds map[string]Threshold `json:"thresholds"`
}

// A Threshold changes one alert. Its numbers are in the metric's own unit:
// milliseconds, records, or a share from 0 to 1.
type Threshold struct {
	// Enabled: false leaves this alert out.
	Enabled *bool `json:"enabled"`
	// Critical alerts; left out: the table's.
	Critical *float64 `json:"critical"`
	// Warning warns; left out: the table's, where it still comes before the alert.
	Warning *float64 `json:"warning"`
}

// On reports whether the job is watched at all.
func (a Alerts) On() bool { return a.Enabled == nil || *a.Enabled }

// WithDefaults returns the alerts with every unset field that has a default filled in.
func (a Alerts) WithDefaults() Alerts {
	if a.Target == 0 {
		a.Target = 99.9
	}
	if a.Runbook == "" {
		a.Runbook = "docs/runbook.md"
	}
	return a
}

// scope is the filter of every query. The tags are those that both ways of
// collection set: the Agent from the pods' tags.datadoghq.com labels, the HTTP
// reporter from metrics.reporter.dghttp.tags.
func (j Job) scope() string {
	tags := []string{"service:" + j.Name}
	if j.Environment != "" {
		tags = append(tags, "env:"+j.Environment)
	}
	return strings.Join(tags, ",")
}

// Tags of the monitors, the objective and the dashboard's list of monitors.
func (j Job) Tags() []string {
	tags := []string{"managed-by:pulumi", "service:" + j.Name, "namespace:" + j.Namespace, "job:" + j.Namespace + "/" + j.Name}
	if j.Environment != "" {
		tags = append(tags, "env:"+j.Environment)
	}
	if j.Team != "" {
		tags = append(tags, "team:"+j.Team)
	}
	return tags
}

// title is the job as a person reads it in a list of monitors.
func (j Job) title() string {
	if j.Environment == "" {
		return j.Name
	}
	return j.Name + " (" + j.Environment + ")"
}

// checkpointPeriod is the longest time from one completed checkpoint to the
// next while none fails: the wait for its start, then the whole timeout.
func (j Job) checkpointPeriod() time.Duration {
	return max(j.CheckpointInterval, j.CheckpointMinPause) + j.CheckpointTimeout
}

// minutes rounds up: a window that is too short alerts without a cause.
func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

// number writes a threshold the one way that both the query and the threshold use.
func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
