package rules

import (
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

// broken returns the ids of the rules that a job breaks, each once.
func broken(vs validation.Violations) []string {
	ids := map[string]bool{}
	for _, v := range vs {
		ids[v.Rule] = true
	}
	return slices.Sorted(maps.Keys(ids))
}

// conf adds one key of flinkConfiguration.
func conf(k, value string) func(*flink.Job, *flink.Stack) {
	return func(j *flink.Job, _ *flink.Stack) { j.FlinkConfiguration = map[string]string{k: value} }
}

func withPods(text string) func(*flink.Job, *flink.Stack) {
	return func(j *flink.Job, _ *flink.Stack) { j.PodTemplate = plain(text) }
}

func with(change func(j *flink.Job)) func(*flink.Job, *flink.Stack) {
	return func(j *flink.Job, _ *flink.Stack) { change(j) }
}

const anyDigest = "@sha256:9f2c1d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"

// minimal holds, for every rule, the smallest changes to the guide's job that
// break this rule and no other.
var minimal = map[string][]func(*flink.Job, *flink.Stack){
	"job-name": {
		with(func(j *flink.Job) { j.Name = "Fraud" }),
		with(func(j *flink.Job) { j.Name = strings.Repeat("a", 46) }),
		with(func(j *flink.Job) { j.Name = "1st" }),
		with(func(j *flink.Job) { j.Name = "fraud-" }),
		with(func(j *flink.Job) { j.Name = "" }),
	},
	"dns-label": {
		with(func(j *flink.Job) { j.Namespace = "Payments" }),
		with(func(j *flink.Job) { j.Namespace = "" }),
		with(func(j *flink.Job) { j.ServiceAccount = "flink_sa" }),
		with(func(j *flink.Job) { j.ServiceAccount = strings.Repeat("a", 64) }),
	},
	"service-account-default": {
		with(func(j *flink.Job) { j.ServiceAccount = "default" }),
		with(func(j *flink.Job) { j.ServiceAccount = "" }),
	},
	"service-account-override": {
		conf("kubernetes.taskmanager.service-account", "other"),
		conf("kubernetes.jobmanager.service-account", "other"),
		conf("kubernetes.service-account", "other"),
		withPods(`{"spec":{"serviceAccountName":"other"}}`),
	},
	"namespace-not-watched": {func(_ *flink.Job, s *flink.Stack) { s.WatchedNamespaces = []string{"orders"} }},
	"bucket-name": {
		with(func(j *flink.Job) { j.State.Bucket = "" }),
		with(func(j *flink.Job) { j.State.Bucket = "ab" }),
		with(func(j *flink.Job) { j.State.Bucket = strings.Repeat("a", 64) }),
		with(func(j *flink.Job) { j.State.Bucket = "Bad-Bucket" }),
		with(func(j *flink.Job) { j.State.Bucket = "bad_bucket" }),
		with(func(j *flink.Job) { j.State.Bucket = "bad-" }),
		with(func(j *flink.Job) { j.State.Bucket = "bad..bucket" }),
		with(func(j *flink.Job) { j.State.Bucket = "192.168.5.4" }),
		with(func(j *flink.Job) { j.State.Bucket = "xn--bucket" }),
		with(func(j *flink.Job) { j.State.Bucket = "sthree-bucket" }),
		with(func(j *flink.Job) { j.State.Bucket = "amzn-s3-demo-bucket" }),
		with(func(j *flink.Job) { j.State.Bucket = "bucket-s3alias" }),
		with(func(j *flink.Job) { j.State.Bucket = "bucket--ol-s3" }),
		with(func(j *flink.Job) { j.State.Bucket = "bucket.mrap" }),
		with(func(j *flink.Job) { j.State.Bucket = "bucket--x-s3" }),
		with(func(j *flink.Job) { j.State.Bucket = "bucket--table-s3" }),
	},
	"bucket-name-dots": {with(func(j *flink.Job) { j.State.Bucket = "kv.flink.state" })},
	"vault-path": {
		with(func(j *flink.Job) { j.Kafka.Secret = "data/payments/kafka" }),
		with(func(j *flink.Job) { j.Kafka.Secret = "secret/data/payments/kafka" }),
		with(func(j *flink.Job) { j.Kafka.Secret = "secret/payments/kafka" }),
		with(func(j *flink.Job) { j.Kafka.Secret = "/payments/kafka" }),
		with(func(j *flink.Job) { j.Kafka.Secret = "payments/*" }),
		with(func(j *flink.Job) { j.Kafka.Secret = "payments/../orders/kafka" }),
		with(func(j *flink.Job) { j.Metrics = flink.Metrics{Mode: "http", Secret: "data/payments/datadog"} }),
	},
	"image": {
		with(func(j *flink.Job) { j.Image = "" }),
		with(func(j *flink.Job) { j.Image = "<REGISTRY>/payments/fraud-scoring:1.4.0" + anyDigest }),
		with(func(j *flink.Job) { j.Image = "payments/fraud-scoring:1.4.0@sha256:..." }),
	},
	"image-latest": {
		with(func(j *flink.Job) { j.Image = "payments/fraud-scoring:latest" + anyDigest }),
		with(func(j *flink.Job) { j.Image = "payments/fraud-scoring:latest" }),
		with(func(j *flink.Job) { j.Image = "registry:5000/payments/fraud-scoring" }),
	},
	"image-digest": {with(func(j *flink.Job) { j.Image = "payments/fraud-scoring:1.4.0" })},
	"image-flink-version": {
		with(func(j *flink.Job) { j.Image = "payments/fraud-scoring:1.4.0-flink1.17" + anyDigest }),
		with(func(j *flink.Job) { j.Image = "registry:5000/flink:1.20.0-java17" + anyDigest }),
	},
	"jar-uri": {
		with(func(j *flink.Job) { j.JarURI = "https://example.com/fraud-scoring.jar" }),
		with(func(j *flink.Job) { j.JarURI = "local://opt/flink/usrlib/fraud-scoring.jar" }),
		with(func(j *flink.Job) { j.JarURI = "" }),
	},
	"flink-version": {
		with(func(j *flink.Job) { j.FlinkVersion = "1.18" }),
		with(func(j *flink.Job) { j.FlinkVersion = "" }),
		with(func(j *flink.Job) { j.FlinkVersion = "v1_16" }),
		with(func(j *flink.Job) { j.FlinkVersion = "v01_18" }),
		with(func(j *flink.Job) { j.FlinkVersion = "v1_21" }),
	},
	"flink-version-deprecated": {func(_ *flink.Job, s *flink.Stack) { s.OperatorVersion = "1.13.0" }},
	"flink-version-unverified": {func(j *flink.Job, s *flink.Stack) { j.FlinkVersion, s.OperatorVersion = "v2_0", "1.12.1" }},
	"rocksdb-not-incremental": {
		conf("state.backend.incremental", "false"),
	},
	"state-backend-size": {conf("state.backend.type", "hashmap")},
	"state-backend": {func(j *flink.Job, s *flink.Stack) {
		conf("state.backend.type", "hashmap")(j, s)
		j.State.ExpectedSize = flink.GiB
	}},
	"recovery-window": {with(func(j *flink.Job) { j.State.RecoveryWindowDays = -1 })},
	"directory-missing": {
		conf("state.checkpoints.dir", ""),
		conf("state.savepoints.dir", " "),
		conf("high-availability.storageDir", ""),
	},
	"directory-outside-bucket": {
		conf("state.checkpoints.dir", "s3://other/checkpoints"),
		conf("state.checkpoints.dir", "s3://kv-flink-state-payments-prod-2/checkpoints"),
		conf("state.savepoints.dir", "s3a://kv-flink-state-payments-prod/savepoints"),
		conf("high-availability.storageDir", "file:///ha"),
	},
	"directory-nested": {
		conf("high-availability.storageDir", "s3://kv-flink-state-payments-prod/checkpoints/ha"),
		conf("state.savepoints.dir", "s3://kv-flink-state-payments-prod/checkpoints/../ha/savepoints"),
		conf("state.checkpoints.dir", "s3://kv-flink-state-payments-prod/"),
		conf("state.checkpoints.dir", "s3://kv-flink-state-payments-prod"),
	},
	"directory-outside-root": {
		conf("state.checkpoints.dir", "s3://kv-flink-state-payments-prod/checkpoints-2"),
		conf("high-availability.storageDir", "s3://kv-flink-state-payments-prod/_entropy_/ha"),
	},
	"ha-type": {
		conf("high-availability.type", "NONE"),
		conf("high-availability.type", ""),
		conf("high-availability.type", "zookeeper"),
	},
	"jobmanager-replicas":   {with(func(j *flink.Job) { j.JobManager.Replicas = -1 })},
	"standby-in-production": {with(func(j *flink.Job) { j.JobManager.Replicas = 1 })},
	"standby":               {func(j *flink.Job, s *flink.Stack) { j.JobManager.Replicas, s.Environment = 1, "test" }},
	"restart-strategy": {
		conf("restart-strategy.type", "none"),
		conf("restart-strategy.type", "Disable"),
	},
	"restart-backoff": {with(func(j *flink.Job) { j.RestartStrategy.InitialBackoff = 6 * flink.Minute })},
	"checkpoint-interval-size": {
		with(func(j *flink.Job) { j.Checkpoints.Interval = 10 * flink.Second }),
		conf("execution.checkpointing.interval", "10000"),
		// Twenty times the state, and the guide's own interval is too short.
		with(func(j *flink.Job) {
			j.State.ExpectedSize = 4000 * flink.GiB
			j.Checkpoints.Timeout = 2 * flink.Hour
			j.ReadyTimeout = 3 * flink.Hour
		}),
	},
	"checkpoint-interval-pause": {
		with(func(j *flink.Job) { j.Checkpoints.MinPause = 40 * flink.Second }),
		conf("execution.checkpointing.min-pause", "40 s"),
	},
	"checkpoint-interval-minimum": {
		conf("execution.checkpointing.interval", "0 s"),
		conf("execution.checkpointing.interval", ""),
		with(func(j *flink.Job) { j.Checkpoints.Interval = flink.Duration(1) }),
	},
	"checkpoint-timeout": {with(func(j *flink.Job) { j.Checkpoints.Timeout = 20 * flink.Second })},
	"checkpoint-timeout-size": {
		with(func(j *flink.Job) { j.Checkpoints.Timeout = 3 * flink.Minute }),
		conf("state.backend.rocksdb.checkpoint.transfer.thread.num", "1"),
	},
	"checkpoint-concurrency": {
		with(func(j *flink.Job) { j.Checkpoints.MaxConcurrent = 2 }),
		with(func(j *flink.Job) { j.Checkpoints.MaxConcurrent = -1 }),
	},
	"checkpoint-at-least-once": {with(func(j *flink.Job) { j.Checkpoints.Mode = "AT_LEAST_ONCE" })},
	"checkpoint-retention": {
		with(func(j *flink.Job) { j.Checkpoints.Retention = "DELETE_ON_CANCELLATION" }),
		conf("execution.checkpointing.externalized-checkpoint-retention", "delete_on_cancellation"),
		conf("execution.checkpointing.externalized-checkpoint-retention", "NO_EXTERNALIZED_CHECKPOINTS"),
	},
	"checkpoints-retained": {with(func(j *flink.Job) { j.Checkpoints.Retained = -1 })},
	"upgrade-mode-stateless": {
		with(func(j *flink.Job) { j.UpgradeMode = "stateless" }),
		with(func(j *flink.Job) { j.UpgradeMode = "STATELESS" }),
	},
	"last-state-without-ha": {func(j *flink.Job, s *flink.Stack) {
		conf("high-availability.type", "NONE")(j, s)
		j.UpgradeMode = "last-state"
	}},
	"last-state-fallback":      {conf("kubernetes.operator.job.upgrade.last-state-fallback.enabled", "true")},
	"allow-non-restored-state": {with(func(j *flink.Job) { j.AllowNonRestoredState = true })},
	"restore-mode-claim":       {conf("execution.savepoint-restore-mode", "CLAIM")},
	"ready-timeout":            {with(func(j *flink.Job) { j.ReadyTimeout = 10 * flink.Minute })},
	"restore-outside-bucket": {
		with(func(j *flink.Job) {
			j.Restore = flink.Restore{From: "s3://other/savepoints/savepoint-abc123-0011", Request: 1}
		}),
		with(func(j *flink.Job) { j.Restore = flink.Restore{From: "newest", Request: 1} }),
	},
	"restore-path": {
		with(func(j *flink.Job) {
			j.Restore = flink.Restore{From: "s3://kv-flink-state-payments-prod/savepoints/", Request: 1}
		}),
		with(func(j *flink.Job) {
			j.Restore = flink.Restore{From: "s3://kv-flink-state-payments-prod/savepoints/savepoint-abc123-...", Request: 1}
		}),
		with(func(j *flink.Job) {
			j.Restore = flink.Restore{From: "s3://kv-flink-state-payments-prod/checkpoints/fd72014d4c864993a2e5a9287b4a9c5d/shared", Request: 1}
		}),
		with(func(j *flink.Job) {
			j.Restore = flink.Restore{From: "s3://kv-flink-state-payments-prod/ha/savepoint-abc123-0011", Request: 1}
		}),
	},
	"restore-without-request": {with(func(j *flink.Job) { j.Restore.From = "latest" })},
	"request-without-restore": {with(func(j *flink.Job) { j.Restore.Request = 1 })},
	"savepoint-with-restore": {with(func(j *flink.Job) {
		j.Restore, j.Savepoint.Request = flink.Restore{From: "latest", Request: 1}, 1
	})},
	"skip-savepoint": {with(func(j *flink.Job) { j.Restore = flink.Restore{From: "latest", Request: 1, SkipSavepoint: true} })},
	"parallelism": {
		with(func(j *flink.Job) { j.Parallelism = 0 }),
		with(func(j *flink.Job) { j.Parallelism = 32770 }),
	},
	"max-parallelism": {
		with(func(j *flink.Job) { j.MaxParallelism = 32769 }),
		with(func(j *flink.Job) { j.MaxParallelism = -1 }),
		conf("pipeline.max-parallelism", "0"),
	},
	"parallelism-above-maximum": {with(func(j *flink.Job) { j.MaxParallelism = 4 })},
	"slots":                     {with(func(j *flink.Job) { j.TaskManager.Slots = -1 })},
	"slots-unused":              {with(func(j *flink.Job) { j.TaskManager.Slots = 4 })},
	"cpu": {
		with(func(j *flink.Job) { j.TaskManager.CPU = -1 }),
		with(func(j *flink.Job) { j.JobManager.CPU = math.NaN() }),
		with(func(j *flink.Job) { j.JobManager.CPU = math.Inf(1) }),
	},
	"reactive-mode": {conf("scheduler-mode", "REACTIVE")},
	"memory": {
		with(func(j *flink.Job) { j.TaskManager.Memory = "plenty" }),
		with(func(j *flink.Job) { j.JobManager.Memory = "1.5g" }),
	},
	"memory-split": {
		with(func(j *flink.Job) { j.TaskManager.Memory = "512m" }),
		with(func(j *flink.Job) { j.JobManager.Memory = "500m" }),
		// A bare number is in bytes.
		with(func(j *flink.Job) { j.JobManager.Memory = "2048" }),
		conf("taskmanager.memory.task.heap.size", "4g"),
		conf("jobmanager.memory.jvm-metaspace.size", "256Mi"),
		conf("taskmanager.memory.network.fraction", "1.5"),
	},
	"memory-jobmanager-heap": {with(func(j *flink.Job) { j.JobManager.Memory = "600m" })},
	"memory-rocksdb":         {conf("taskmanager.memory.managed.size", "64m")},
	"unknown-value": {
		with(func(j *flink.Job) { j.UpgradeMode = "save-point" }),
		with(func(j *flink.Job) { j.Checkpoints.Mode = "ONCE" }),
		with(func(j *flink.Job) { j.Checkpoints.Retention = "RETAIN" }),
		with(func(j *flink.Job) { j.Savepoint.Format = "native-ish" }),
		with(func(j *flink.Job) { j.Metrics.Mode = "statsd" }),
		with(func(j *flink.Job) { j.Kafka.Mechanism = "PLAIN" }),
	},
	"negative": {
		with(func(j *flink.Job) { j.Savepoint.Interval = -flink.Hour }),
		with(func(j *flink.Job) { j.Checkpoints.Interval = -flink.Second }),
		with(func(j *flink.Job) { j.Kafka.TokenTTL = -flink.Second }),
		with(func(j *flink.Job) { j.Savepoint.Request = -1 }),
		with(func(j *flink.Job) { j.State.ExpectedSize = -1 }),
		with(func(j *flink.Job) { j.State.RetiredDays = -1 }),
	},
	"too-large": {
		with(func(j *flink.Job) { j.JobManager.Replicas = 11 }),
		with(func(j *flink.Job) { j.Restart.Request = 1<<53 + 1 }),
		with(func(j *flink.Job) { j.Checkpoints.Retained = 1 << 31 }),
	},
	"secret-in-configuration": {
		conf("s3.access-key", "abc"),
		conf("fs.s3a.secret.key", "abc"),
		conf("metrics.reporter.dghttp.apikey", "abc"),
		conf("security.ssl.rest.keystore-password", "abc"),
		conf("containerized.taskmanager.env.KAFKA_PASSWORD", "abc"),
		conf("env.java.opts.all", "-Djavax.net.ssl.trustStorePassword=abc"),
		conf("pipeline.name", "AKIAIOSFODNN7EXAMPLE"),
	},
	"metrics-secret": {
		with(func(j *flink.Job) { j.Metrics.Mode = "http" }),
		with(func(j *flink.Job) { j.Metrics.Secret = "payments/datadog" }),
		with(func(j *flink.Job) { j.Metrics = flink.Metrics{Mode: "none", Secret: "payments/datadog"} }),
	},
	"metrics-reporter": {
		conf("metrics.reporter.dd.factory.class", "org.apache.flink.metrics.datadog.DatadogHttpReporterFactory"),
		conf("metrics.reporter.dghttp.class", "org.apache.flink.metrics.datadog.DatadogHttpReporter"),
	},
	"metrics-entry-point": {
		func(j *flink.Job, s *flink.Stack) {
			conf("kubernetes.entry.path", "/docker-entrypoint.sh")(j, s)
			j.Metrics = flink.Metrics{Mode: "http", Secret: "payments/datadog"}
		},
	},
	"metrics-site": {
		func(j *flink.Job, s *flink.Stack) {
			j.Metrics, s.DatadogSite = flink.Metrics{Mode: "http", Secret: "payments/datadog"}, "us3.datadoghq.com"
		},
	},
	"secret-in-arguments": {
		with(func(j *flink.Job) { j.Args = []string{"--kafka.password=abc"} }),
		with(func(j *flink.Job) { j.Args = []string{"--kafka-password", "abc"} }),
		with(func(j *flink.Job) { j.Args = []string{"--jaas", `username="a" password="b"`} }),
	},
	"secret-in-environment": {
		withPods(`{"spec":{"containers":[{"name":"flink-main-container","env":[{"name":"KAFKA_PASSWORD","value":"abc"}]}]}}`),
		withPods(`{"spec":{"initContainers":[{"name":"fetch","env":[{"name":"DD_API_KEY","value":"abc"}]}]}}`),
	},
	"s3-plugin": {
		with(func(j *flink.Job) { j.Plugins.S3 = "none" }),
		with(func(j *flink.Job) { j.Plugins.BuiltIn = "flink-s3-fs-hadoop-1.18.1.jar" }),
		with(func(j *flink.Job) { j.Plugins.BuiltIn = "flink-s3-fs-presto-1.18.1.jar;flink-s3-fs-hadoop-1.18.1.jar" }),
		with(func(j *flink.Job) { j.Plugins.BuiltIn = "flink-azure-fs-hadoop-1.18.1.jar" }),
		withPods(`{"spec":{"containers":[{"name":"flink-main-container","env":[{"name":"ENABLE_BUILT_IN_PLUGINS","value":"flink-s3-fs-hadoop-1.18.1.jar"}]}]}}`),
	},
	"s3-plugin-version": {with(func(j *flink.Job) { j.Plugins.BuiltIn = "flink-s3-fs-presto-1.17.2.jar" })},
	"s3-credentials-provider": {
		conf("s3.aws.credentials.provider", "com.amazonaws.auth.WebIdentityTokenCredentialsProvider"),
		conf("fs.s3a.aws.credentials.provider", "com.amazonaws.auth.WebIdentityTokenCredentialsProvider"),
		conf("presto.s3.credentials-provider", "x"),
	},
	"s3-entropy": {conf("s3.entropy.key", "_entropy_"), conf("s3.entropy.length", "4")},
	"s3-plaintext": {
		conf("s3.endpoint", "http://s3.ap-south-1.amazonaws.com"),
		conf("s3.ssl.enabled", "false"),
		conf("fs.s3a.connection.ssl.enabled", "False"),
	},
	"configuration-key": {conf("pipeline name", "x"), conf("", "x"), conf("a: b", "x")},
	"configuration-forbidden": {
		conf("kubernetes.namespace", "payments"),
		conf("kubernetes.cluster-id", "fraud-scoring"),
		conf("high-availability.cluster-id", "fraud-scoring"),
	},
	"configuration-overridden": {
		conf("taskmanager.memory.process.size", "8g"),
		conf("kubernetes.jobmanager.replicas", "2"),
		conf("parallelism.default", "6"),
	},
	"configuration-version": {
		conf("execution.checkpointing.dir", "s3://kv-flink-state-payments-prod/checkpoints"),
		conf("execution.state-recovery.claim-mode", "NO_CLAIM"),
	},
	"configuration-deprecated": {
		conf("restart-strategy", "exponential-delay"),
		conf("high-availability", "kubernetes"),
		conf("state.backend", "rocksdb"),
		conf("kubernetes.operator.job.autoscaler.metrics.window", "5 min"),
	},
	"configuration-cut": {
		conf("pipeline.name", "a # b"),
		conf("pipeline.name", "a\nb"),
	},
	"configuration-variable": {conf("pipeline.name", "${NAME}")},
	"configuration-type": {
		conf("execution.checkpointing.interval", "1h30m"),
		conf("execution.checkpointing.tolerable-failed-checkpoints", "three"),
		conf("kubernetes.operator.deployment.rollback.enabled", "yes"),
	},
	"configuration-port": {conf("blob.server.port", "0"), conf("rest.port", "8082")},
	"console-open":       {conf("web.submit.enable", "true"), conf("web.cancel.enable", "true"), conf("web.access-control-allow-origin", "*")},
	"savepoint-cleanup":  {conf("kubernetes.operator.savepoint.cleanup.enabled", "true")},
	"savepoint-dispose":  {conf("kubernetes.operator.savepoint.dispose-on-delete", "true")},
	"savepoint-drain":    {conf("kubernetes.operator.job.drain-on-savepoint-deletion", "true")},
	"savepoint-on-deletion": {
		conf("kubernetes.operator.job.savepoint-on-deletion", "false"),
		with(func(j *flink.Job) { j.Savepoint.SkipOnDelete = true }),
	},
	"snapshot-resource":  {conf("kubernetes.operator.snapshot.resource.enabled", "false")},
	"pod-template-merge": {conf("kubernetes.operator.pod-template.merge-arrays-by-name", "false")},
	"health-check-recovery": {with(func(j *flink.Job) {
		j.FlinkConfiguration = map[string]string{
			"kubernetes.operator.cluster.health-check.enabled":   "true",
			"kubernetes.operator.jm-deployment-recovery.enabled": "false",
		}
	})},
	"autoscaler-range": {
		with(func(j *flink.Job) {
			j.FlinkConfiguration = map[string]string{"job.autoscaler.enabled": "true", "job.autoscaler.scale-down.max-factor": "-1"}
		}),
		with(func(j *flink.Job) {
			j.FlinkConfiguration = map[string]string{"job.autoscaler.enabled": "true", "job.autoscaler.target.utilization": "much"}
		}),
		with(func(j *flink.Job) {
			j.FlinkConfiguration = map[string]string{"job.autoscaler.enabled": "true", "job.autoscaler.utilization.max": "0.5"}
		}),
	},
	"pod-template-shape": {
		withPods(`{"spec":"pod"}`),
		withPods(`{"spec":{"containers":{"flink-main-container":{}}}}`),
		withPods(`{"spec":{"containers":[{"image":"side:1"}]}}`),
	},
	"pod-template-main-container": {
		withPods(`{"spec":{"containers":[{"name":"flink-main-container","image":"other:1"}]}}`),
		withPods(`{"spec":{"containers":[{"name":"flink-main-container","resources":{"limits":{"cpu":1}}}]}}`),
	},
	"pod-template-sidecar": {withPods(`{"spec":{"containers":[{"name":"logs","image":"side:1"}]}}`)},
	"pod-template-privilege": {
		withPods(`{"spec":{"securityContext":{"runAsUser":0}}}`),
		withPods(`{"spec":{"hostNetwork":true}}`),
		withPods(`{"spec":{"containers":[{"name":"flink-main-container","securityContext":{"privileged":true}}]}}`),
		withPods(`{"spec":{"securityContext":{"runAsNonRoot":false}}}`),
	},
}

func TestEveryRuleHasAJobThatOnlyItRefuses(t *testing.T) {
	for _, rule := range Rules {
		if len(minimal[rule.ID]) == 0 {
			t.Errorf("no job breaks rule %s alone: add one to minimal", rule.ID)
		}
	}
	for id, changes := range minimal {
		for i, change := range changes {
			j, s := guideJob(), guideStack()
			change(&j, &s)
			found := Judge(j, s)
			if ids := broken(found); !slices.Equal(ids, []string{id}) {
				t.Errorf("change %d for rule %s breaks %v:\n%v", i, id, ids, found)
			}
		}
	}
}

func TestTheGuidesJobPasses(t *testing.T) {
	for _, v := range Judge(guideJob(), guideStack()) {
		t.Errorf("the guide's own job breaks a rule:\n%s", v)
	}
}

func TestHistoryOfRequestsIsNoConflict(t *testing.T) {
	j := guideJob()
	j.Savepoint.Request, j.Restart.Request = 3, 2
	j.Restore = flink.Restore{From: j.State.URI(flink.SavepointsRoot) + "/savepoint-abc123-0011aabbccdd", Request: 3}
	if found := Judge(j, guideStack()); len(found) != 0 {
		t.Error(found)
	}
	for _, from := range []string{
		j.State.URI(flink.SavepointsRoot) + "/savepoint-abc123-0011aabbccdd/",
		j.State.URI(flink.SavepointsRoot) + "/savepoint-abc123-0011aabbccdd/_metadata",
		j.State.URI(flink.CheckpointsRoot) + "/fd72014d4c864993a2e5a9287b4a9c5d/chk-42",
	} {
		j.Restore.From = from
		if found := Judge(j, guideStack()); len(found) != 0 {
			t.Errorf("%s: %v", from, found)
		}
	}
	j.Restore.From, j.Savepoint.Request = "latest", 0
	if found := Judge(j, guideStack()); len(found) != 0 {
		t.Error(found)
	}
}

func TestJudgeFillsInTheDefaultsItself(t *testing.T) {
	written := flink.Job{
		Name: "fraud-scoring", Namespace: "payments", ServiceAccount: "flink",
		Image: guideJob().Image, FlinkVersion: "v1_18", JarURI: guideJob().JarURI,
		Parallelism: 6, State: flink.State{Bucket: "kv-flink-state-payments-prod"},
	}
	if found := Judge(written, guideStack()); len(found) != 0 {
		t.Error(found)
	}
}

var kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func TestEveryRuleSaysWhatWhyHowAndWhereFrom(t *testing.T) {
	seen := map[string]bool{}
	check := func(id string, severity validation.Severity, texts ...string) {
		if seen[id] || !kebab.MatchString(id) {
			t.Errorf("the id %q is taken or not in kebab-case", id)
		}
		seen[id] = true
		if severity != validation.Refuse && severity != validation.Warn {
			t.Errorf("%s has severity %q", id, severity)
		}
		for _, text := range texts {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s lacks a text", id)
			}
		}
	}
	for _, r := range Rules {
		check(r.ID, r.Severity, r.Looks, r.Reason, r.Fix, r.Source)
	}
	for _, r := range OperatorRules {
		check(r.ID, r.Severity, r.Looks, r.Reason, r.Fix, r.Source)
	}
}

func TestEveryFindingSaysWhereWhyAndWhatToWrite(t *testing.T) {
	for id, changes := range minimal {
		for _, change := range changes {
			j, s := guideJob(), guideStack()
			change(&j, &s)
			for _, v := range Judge(j, s) {
				if v.Path == "" || v.Reason == "" || v.Fix == "" {
					t.Errorf("%s: %+v", id, v)
				}
				if v.Fix == v.Value {
					t.Errorf("%s asks for what is there: %s", id, v.Value)
				}
			}
		}
	}
}

func TestNoViolationShowsASecret(t *testing.T) {
	const secret = "hunter2hunter2"
	j := guideJob()
	j.Args = []string{"--kafka.password=" + secret, "--api-key", secret}
	j.FlinkConfiguration = map[string]string{
		"s3.secret-key":               secret,
		"metrics.reporter.x.apikey":   secret + "#${X}",
		"env.java.opts.all":           "-Dpassword=" + secret + " # more",
		"fs.s3a.access.key":           secret + "\n",
		"presto.s3.credentials.token": secret,
	}
	j.PodTemplate = plain(`{"spec":{"containers":[
		{"name":"flink-main-container","env":[{"name":"DB_PASSWORD","value":"` + secret + `"}],"args":["` + secret + `"]},
		{"name":"b","env":[{"name":"X","value":"token=` + secret + `"}]}],
		"initContainers":{"password":"` + secret + `"}}}`)
	found := Judge(j, guideStack())
	if len(found.Of(validation.Refuse)) < 8 {
		t.Errorf("found only %v", found)
	}
	for _, v := range found {
		if strings.Contains(v.String(), secret) {
			t.Errorf("shown: %s", v)
		}
	}
}

func TestTheGuidesMetricsKeyIsRefusedAsSecretAndAsVariable(t *testing.T) {
	j := guideJob()
	j.Metrics = flink.Metrics{Mode: "http", Secret: "payments/datadog"}
	if found := Judge(j, guideStack()); len(found) != 0 {
		t.Errorf("http with the key in Vault is fine: %v", found)
	}
	j.FlinkConfiguration = map[string]string{"metrics.reporter.dghttp.apikey": "${DD_API_KEY}"}
	want := []string{"configuration-variable", "secret-in-configuration"}
	if ids := broken(Judge(j, guideStack())); !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
}

func TestViolationsPointAtTheKeyOrAtTheSetting(t *testing.T) {
	j := guideJob()
	j.Checkpoints.Interval = 10 * flink.Second
	if path := Judge(j, guideStack())[0].Path; path != "checkpoints.interval" {
		t.Error(path)
	}
	j = guideJob()
	j.FlinkConfiguration = map[string]string{"execution.checkpointing.interval": "10 s"}
	if path := Judge(j, guideStack())[0].Path; path != `flinkConfiguration["execution.checkpointing.interval"]` {
		t.Error(path)
	}
}

// The fix of a size that is too short must itself pass.
func TestTheIntervalThatTheRuleAsksForPasses(t *testing.T) {
	for _, size := range []flink.Bytes{20 * flink.GiB, 200 * flink.GiB, 1 << 40, 10 << 40} {
		for _, parallelism := range []int{2, 6, 64} {
			j := guideJob()
			j.Parallelism, j.State.ExpectedSize, j.Checkpoints.Interval, j.Checkpoints.Timeout, j.ReadyTimeout = parallelism, size, 10*flink.Second, 100*flink.Hour, 200*flink.Hour
			for _, v := range Judge(j, guideStack()) {
				text, _, _ := strings.Cut(v.Fix, " ")
				least, err := flink.ParseDuration(text)
				if v.Rule != "checkpoint-interval-size" || err != nil {
					t.Fatalf("%v: %v", v, err)
				}
				j.Checkpoints.Interval = least
				if found := Judge(j, guideStack()); len(found) != 0 {
					t.Errorf("%s on %s: %v", least, size, found)
				}
				j.Checkpoints.Interval = least - flink.Second
				if found := Judge(j, guideStack()); len(found) == 0 {
					t.Errorf("%s would do as well on %s", least-flink.Second, size)
				}
			}
		}
	}
}

func TestOperatorsThatLoseStateAreNamedWithTheReleaseThatMendsThem(t *testing.T) {
	for operator, want := range map[string][]string{
		"1.10.0": {"FLINK-39270", "FLINK-38552", "FLINK-37370", "FLINK-37372"},
		"1.12.0": {"FLINK-39270", "FLINK-38552", "FLINK-38033"},
		"1.12.1": {"FLINK-39270", "FLINK-38552"},
		"1.14.0": {"FLINK-39270"},
		"1.15.0": nil,
		"1.15.3": nil,
		"next":   nil,
	} {
		var got []string
		for _, v := range validation.Judge(OperatorRules, operator) {
			id, _, _ := strings.Cut(v.Reason, ":")
			got = append(got, id)
			if v.Severity != validation.Warn || v.Path != "version" || !strings.Contains(v.Fix, "or newer") {
				t.Errorf("%+v", v)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", operator, got, want)
		}
	}
	if found := validation.Judge(OperatorRules, "1.16.0"); len(found) != 1 || found[0].Rule != "operator-unverified" {
		t.Error(found)
	}
}

func TestFlinkVersionsAreThoseOfEachOperator(t *testing.T) {
	for _, c := range []struct {
		operator, flink string
		want            []string
	}{
		{"1.10.0", "v1_20", nil},
		{"1.10.0", "v2_0", []string{"flink-version", "flink-version-unverified"}},
		{"1.11.0", "v2_0", []string{"flink-version-unverified"}},
		{"1.12.1", "v1_18", nil},
		{"1.13.0", "v1_18", []string{"flink-version-deprecated"}},
		{"1.15.0", "v1_19", nil},
		{"1.14.0", "v2_3", []string{"flink-version", "flink-version-unverified"}},
		{"1.15.0", "v2_4", []string{"flink-version-unverified"}},
	} {
		j, s := guideJob(), guideStack()
		j.FlinkVersion, s.OperatorVersion = c.flink, c.operator
		if got := broken(Judge(j, s)); !slices.Equal(got, c.want) {
			t.Errorf("operator %s, Flink %s: %v, want %v", c.operator, c.flink, got, c.want)
		}
	}
}

// judgeJSON judges a job as it comes from settings; false: this is no job.
func judgeJSON(data []byte, s flink.Stack) (flink.Job, validation.Violations, bool) {
	var j flink.Job
	if err := json.Unmarshal(data, &j); err != nil {
		return j, nil, false
	}
	return j.WithDefaults(), Judge(j, s), true
}
