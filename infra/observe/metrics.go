package observe

import (
	"regexp"
	"strings"
)

// A Metric is one of Flink's, by its name in Datadog, which is the same
// whether the Agent scrapes it or Flink's Datadog reporter sends it.
type Metric struct {
	// Name in Datadog.
	Name string
	// Scope is Flink's, as the option metrics.scope.SCOPE spells it.
	Scope string
	// Flink is the metric's name inside its scope.
	Flink string
	// Mapped: the Agent's flink check (3.3.0 and later) maps it by itself.
	// The others are dropped unless the pod's annotation asks for them by extra_metrics.
	Mapped bool
	// Unit of the values, for people.
	Unit string
}

// The metrics that monitors and dashboard read. Only gauges are among them:
// the check sends counters as gauges up to 3.4.0 and as counts after it, so a
// query over a counter would change its meaning with the Agent's version.
var (
	runningJobs          = Metric{"flink.jobmanager.numRunningJobs", "jm", "numRunningJobs", true, "jobs"}
	registeredTMs        = Metric{"flink.jobmanager.numRegisteredTaskManagers", "jm", "numRegisteredTaskManagers", true, "TaskManagers"}
	slotsAvailable       = Metric{"flink.jobmanager.taskSlotsAvailable", "jm", "taskSlotsAvailable", false, "slots"}
	runningTime          = Metric{"flink.jobmanager.job.runningTime", "jm-job", "runningTime", false, "ms"}
	restarts             = Metric{"flink.jobmanager.job.numRestarts", "jm-job", "numRestarts", true, "restarts"}
	completedCheckpoints = Metric{"flink.jobmanager.job.numberOfCompletedCheckpoints", "jm-job", "numberOfCompletedCheckpoints", true, "checkpoints"}
	failedCheckpoints    = Metric{"flink.jobmanager.job.numberOfFailedCheckpoints", "jm-job", "numberOfFailedCheckpoints", true, "checkpoints"}
	checkpointDuration   = Metric{"flink.jobmanager.job.lastCheckpointDuration", "jm-job", "lastCheckpointDuration", true, "ms"}
	checkpointSize       = Metric{"flink.jobmanager.job.lastCheckpointSize", "jm-job", "lastCheckpointSize", true, "bytes"}
	pendingRecords       = Metric{"flink.operator.pendingRecords", "operator", "pendingRecords", false, "records"}
	kafkaLagMax          = Metric{"flink.operator.KafkaSourceReader.KafkaConsumer.records_lag_max", "operator", "KafkaSourceReader.KafkaConsumer.records-lag-max", false, "records"}
	eventTimeLag         = Metric{"flink.operator.currentEmitEventTimeLag", "operator", "currentEmitEventTimeLag", false, "ms"}
	backPressuredTime    = Metric{"flink.task.backPressuredTimeMsPerSecond", "task", "backPressuredTimeMsPerSecond", false, "ms/s"}
	recordsInRate        = Metric{"flink.task.numRecordsInPerSecond", "task", "numRecordsInPerSecond", true, "records/s"}
	cpuLoad              = Metric{"flink.taskmanager.Status.JVM.CPU.Load", "tm", "Status.JVM.CPU.Load", true, "share"}
	heapUsed             = Metric{"flink.taskmanager.Status.JVM.Memory.Heap.Used", "tm", "Status.JVM.Memory.Heap.Used", true, "bytes"}
	heapMax              = Metric{"flink.taskmanager.Status.JVM.Memory.Heap.Max", "tm", "Status.JVM.Memory.Heap.Max", true, "bytes"}
	jobManagerHeapUsed   = Metric{"flink.jobmanager.Status.JVM.Memory.Heap.Used", "jm", "Status.JVM.Memory.Heap.Used", true, "bytes"}
)

// Metrics are all that monitors and dashboard read. Whoever configures the
// collection tests itself against them.
func Metrics() []Metric {
	return []Metric{
		runningJobs, registeredTMs, slotsAvailable, runningTime, restarts,
		completedCheckpoints, failedCheckpoints, checkpointDuration, checkpointSize,
		pendingRecords, kafkaLagMax, eventTimeLag, backPressuredTime, recordsInRate,
		cpuLoad, heapUsed, heapMax, jobManagerHeapUsed,
	}
}

// logicalScopes are the Prometheus reporter's: metrics.scope.* does not reach it.
var logicalScopes = map[string]string{
	"jm": "jobmanager", "jm-job": "jobmanager_job", "tm": "taskmanager", "tm-job": "taskmanager_job",
	"task": "taskmanager_job_task", "operator": "taskmanager_job_task_operator",
}

var notPrometheus = regexp.MustCompile(`[^a-zA-Z0-9:_]`)

// Prometheus is the metric's name at the Prometheus reporter, the key of the Agent's extra_metrics.
func (m Metric) Prometheus() string {
	return "flink_" + logicalScopes[m.Scope] + "_" + notPrometheus.ReplaceAllString(m.Flink, "_")
}

// Extra is the metric's name without the check's namespace, the value in the Agent's extra_metrics.
func (m Metric) Extra() string { return strings.TrimPrefix(m.Name, "flink.") }

var notDatadog = regexp.MustCompile(`[^a-zA-Z0-9_.]`)

// HTTP is the metric's name when Flink's Datadog reporter sends it under a
// configuration's scopes; empty where that leaves the scope at Flink's
// default, which puts host and ids into the name. Datadog turns what it does
// not allow in a name into an underscore.
func (m Metric) HTTP(flinkConfiguration map[string]string) string {
	scope := flinkConfiguration["metrics.scope."+m.Scope]
	if scope == "" || strings.Contains(scope, "<") {
		return ""
	}
	return notDatadog.ReplaceAllString(scope+"."+m.Flink, "_")
}
