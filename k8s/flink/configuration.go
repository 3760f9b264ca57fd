package flink

import (
	"fmt"
	"maps"
	"strconv"
)

// Ports of a job's pods. NetworkPolicies and scrapers name them, so none is left to chance.
const (
	RestPort           = 8081 // Flink's default
	JobManagerRPCPort  = 6123 // Flink's default
	BlobServerPort     = 6124
	TaskManagerRPCPort = 6122
	TaskManagerData    = 6121
	MetricsQueryPort   = 6126 // both components
	PrometheusPort     = 9249 // Flink's default
)

// Configuration returns the effective spec.flinkConfiguration: what the
// settings produce, with j.FlinkConfiguration on top. The job has its defaults
// (WithDefaults). Every value is a string, as the CRD wants it, and durations
// read as Flink writes them.
//
// The keys carry the names that Flink 1.18 knows. Flink 1.20 renamed several,
// still reads the old ones, and an operator built on 1.19 (1.10) reads only
// them: it would call a job without state.checkpoints.dir invalid.
func (j Job) Configuration(s Stack) map[string]string {
	conf := map[string]string{
		// The JobManager's leader and its pointers to checkpoints are in
		// ConfigMaps; what they point to is in the bucket.
		"high-availability.type":       "kubernetes",
		"high-availability.storageDir": j.State.URI(HARoot),

		"state.backend.type": "rocksdb",
		// Without it every checkpoint uploads the whole state.
		"state.backend.incremental":      "true",
		"state.backend.local-recovery":   strconv.FormatBool(j.State.LocalRecovery),
		"state.checkpoints.dir":          j.State.URI(CheckpointsRoot),
		"state.savepoints.dir":           j.State.URI(SavepointsRoot),
		"state.checkpoints.num-retained": strconv.Itoa(j.Checkpoints.Retained),

		"execution.checkpointing.interval":                          j.Checkpoints.Interval.Flink(),
		"execution.checkpointing.mode":                              j.Checkpoints.Mode,
		"execution.checkpointing.timeout":                           j.Checkpoints.Timeout.Flink(),
		"execution.checkpointing.min-pause":                         j.Checkpoints.MinPause.Flink(),
		"execution.checkpointing.max-concurrent-checkpoints":        strconv.Itoa(j.Checkpoints.MaxConcurrent),
		"execution.checkpointing.externalized-checkpoint-retention": j.Checkpoints.Retention,
		"execution.checkpointing.tolerable-failed-checkpoints":      strconv.Itoa(j.Checkpoints.TolerableFailures),

		// The bare key restart-strategy is a deprecated alias since 1.17.
		"restart-strategy.type":                              "exponential-delay",
		"restart-strategy.exponential-delay.initial-backoff": j.RestartStrategy.InitialBackoff.Flink(),
		"restart-strategy.exponential-delay.max-backoff":     j.RestartStrategy.MaxBackoff.Flink(),

		"taskmanager.numberOfTaskSlots": strconv.Itoa(j.TaskManager.Slots),

		// With no endpoint the client signs for us-east-1 with global bucket access.
		"s3.endpoint": fmt.Sprintf("https://s3.%s.%s", s.Region, s.DNSSuffix),

		// Random or ranged unless pinned; a NetworkPolicy cannot name those.
		"high-availability.jobmanager.port":   strconv.Itoa(JobManagerRPCPort),
		"blob.server.port":                    strconv.Itoa(BlobServerPort),
		"taskmanager.rpc.port":                strconv.Itoa(TaskManagerRPCPort),
		"taskmanager.data.port":               strconv.Itoa(TaskManagerData),
		"metrics.internal.query-service.port": strconv.Itoa(MetricsQueryPort),

		// A job is changed by review only. The cancel key hides the button; the
		// console's proxy blocks the REST paths.
		"web.submit.enable": "false",
		"web.cancel.enable": "false",
		// Flink answers "*" by default. The UI needs its own origin only.
		"web.access-control-allow-origin": fmt.Sprintf("http://%s-rest.%s:%d", j.Name, j.Namespace, RestPort),

		// By index, a caller's container would be merged into Flink's own.
		"kubernetes.operator.pod-template.merge-arrays-by-name": "true",
		"kubernetes.operator.jm-deployment-recovery.enabled":    "true",
		// The JobManagers of a suspended or ended job would stay for a day: long enough to read its log, and no longer.
		"kubernetes.operator.jm-deployment.shutdown-ttl": (10 * Minute).Flink(),
		"kubernetes.operator.savepoint.format.type":      j.Savepoint.Format,
		// A destroy takes the job with a last savepoint. A job in a terminal state needs
		// none; of one that restarts for ever the operator waits for RUNNING (FLINK-40388).
		"kubernetes.operator.job.savepoint-on-deletion": strconv.FormatBool(!j.Savepoint.SkipOnDelete),
		// Savepoints are FlinkStateSnapshot objects, and neither the operator's
		// clean-up nor the deletion of an object removes their data.
		"kubernetes.operator.snapshot.resource.enabled":   "true",
		"kubernetes.operator.savepoint.cleanup.enabled":   "false",
		"kubernetes.operator.savepoint.dispose-on-delete": "false",
	}
	if j.UpgradeMode == "savepoint" {
		// Else the operator silently uses the last checkpoint when the job is not running.
		conf["kubernetes.operator.job.upgrade.last-state-fallback.enabled"] = "false"
	}
	if j.Plugins.S3 == "hadoop" {
		// Hadoop's own list of providers lacks IRSA's; presto's chain has it, and
		// breaks when one is named.
		conf["fs.s3a.aws.credentials.provider"] = "com.amazonaws.auth.WebIdentityTokenCredentialsProvider"
	}
	if j.MaxParallelism > 0 {
		conf["pipeline.max-parallelism"] = strconv.Itoa(j.MaxParallelism)
	}
	if j.Savepoint.Interval > 0 {
		conf["kubernetes.operator.periodic.savepoint.interval"] = j.Savepoint.Interval.Flink()
	}
	maps.Copy(conf, j.metricsConfiguration(s))
	maps.Copy(conf, j.FlinkConfiguration)
	return conf
}
