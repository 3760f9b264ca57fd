package flink

import (
	"regexp"
	"strings"
	"testing"
)

// The guide's own keys, as Flink 1.18 and the facts want them.
func TestTheGuidesManifestIsProducedKeyByKey(t *testing.T) {
	conf := guideJob().Configuration(guideStack())
	for key, want := range map[string]string{
		"high-availability.type":                                      "kubernetes",
		"high-availability.storageDir":                                "s3://kv-flink-state-payments-prod/ha",
		"state.backend.type":                                          "rocksdb",
		"state.backend.incremental":                                   "true",
		"state.checkpoints.dir":                                       "s3://kv-flink-state-payments-prod/checkpoints",
		"state.savepoints.dir":                                        "s3://kv-flink-state-payments-prod/savepoints",
		"execution.checkpointing.interval":                            "30 s",
		"execution.checkpointing.mode":                                "EXACTLY_ONCE",
		"execution.checkpointing.timeout":                             "10 min",
		"execution.checkpointing.min-pause":                           "10 s",
		"execution.checkpointing.max-concurrent-checkpoints":          "1",
		"execution.checkpointing.externalized-checkpoint-retention":   "RETAIN_ON_CANCELLATION",
		"restart-strategy.type":                                       "exponential-delay",
		"restart-strategy.exponential-delay.max-backoff":              "5 min",
		"s3.endpoint":                                                 "https://s3.ap-south-1.amazonaws.com",
		"metrics.reporter.prom.factory.class":                         "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
		"metrics.reporter.prom.port":                                  "9249",
		"taskmanager.numberOfTaskSlots":                               "2",
		"kubernetes.operator.savepoint.format.type":                   "NATIVE",
		"kubernetes.operator.savepoint.cleanup.enabled":               "false",
		"kubernetes.operator.job.upgrade.last-state-fallback.enabled": "false",
		"kubernetes.operator.pod-template.merge-arrays-by-name":       "true",
		"kubernetes.operator.jm-deployment.shutdown-ttl":              "10 min",
		"web.submit.enable":                                           "false",
		"web.cancel.enable":                                           "false",
	} {
		if conf[key] != want {
			t.Errorf("%s is %q, want %q", key, conf[key], want)
		}
	}
	for _, key := range []string{
		// Overridden by spec.jobManager, or set by the operator itself.
		"kubernetes.jobmanager.replicas", "parallelism.default",
		// Deprecated aliases, refused by the operator, or breaking IRSA.
		"restart-strategy", "kubernetes.cluster-id", "kubernetes.namespace", "fs.s3a.aws.credentials.provider",
	} {
		if value, there := conf[key]; there {
			t.Errorf("%s is set to %q", key, value)
		}
	}
}

func TestNoTwoListenersOfAPodShareAPort(t *testing.T) {
	conf := guideJob().Configuration(guideStack())
	for pod, keys := range map[string][]string{
		"JobManager":  {"high-availability.jobmanager.port", "blob.server.port", "metrics.internal.query-service.port", "metrics.reporter.prom.port"},
		"TaskManager": {"taskmanager.rpc.port", "taskmanager.data.port", "metrics.internal.query-service.port", "metrics.reporter.prom.port"},
	} {
		taken := map[string]string{"8081": "rest.port"}
		for _, key := range keys {
			port := conf[key]
			if port == "" || port == "0" {
				t.Errorf("%s is not pinned", key)
			}
			if other := taken[port]; other != "" {
				t.Errorf("%s: %s and %s share port %s", pod, key, other, port)
			}
			taken[port] = key
		}
	}
}

func TestASavepointUpgradeNeverFallsBackOnACheckpoint(t *testing.T) {
	const key = "kubernetes.operator.job.upgrade.last-state-fallback.enabled"
	j := guideJob()
	if got := j.Configuration(guideStack())[key]; got != "false" {
		t.Errorf("savepoint mode: %q", got)
	}
	j.UpgradeMode = "last-state"
	if got, there := j.Configuration(guideStack())[key]; there {
		t.Errorf("last-state mode needs no such key, has %q", got)
	}
}

func TestTheCallersKeysWin(t *testing.T) {
	j := guideJob()
	j.FlinkConfiguration = map[string]string{"state.backend.incremental": "false", "pipeline.name": "mine"}
	conf := j.Configuration(guideStack())
	if conf["state.backend.incremental"] != "false" || conf["pipeline.name"] != "mine" {
		t.Errorf("got %q and %q", conf["state.backend.incremental"], conf["pipeline.name"])
	}
}

func TestThePartitionDecidesTheEndpoint(t *testing.T) {
	s := guideStack()
	s.Region, s.DNSSuffix = "cn-north-1", "amazonaws.com.cn"
	if got := guideJob().Configuration(s)["s3.endpoint"]; got != "https://s3.cn-north-1.amazonaws.com.cn" {
		t.Error(got)
	}
}

func TestOnlyTheHadoopPluginIsToldOfIRSA(t *testing.T) {
	j := guideJob()
	j.Plugins.S3 = "hadoop"
	if got := j.Configuration(guideStack())["fs.s3a.aws.credentials.provider"]; !strings.HasSuffix(got, ".WebIdentityTokenCredentialsProvider") {
		t.Errorf("hadoop: %q", got)
	}
}

func TestPeriodicSavepointsAreTakenOnlyWhenAsked(t *testing.T) {
	const key = "kubernetes.operator.periodic.savepoint.interval"
	j := guideJob()
	if got, there := j.Configuration(guideStack())[key]; there {
		t.Errorf("not asked: %q", got)
	}
	j.Savepoint.Interval = 6 * Hour
	if got := j.Configuration(guideStack())[key]; got != "6 h" {
		t.Errorf("asked: %q", got)
	}
}

func TestTheHTTPReporterNamesMetricsWithoutHostsAndCarriesNoKey(t *testing.T) {
	j := guideJob()
	j.Metrics.Mode = "http"
	conf := j.Configuration(guideStack())
	if conf["metrics.reporter.dghttp.tags"] != "service:fraud-scoring,env:prod,version:1.4.0,team:payments" {
		t.Error(conf["metrics.reporter.dghttp.tags"])
	}
	for _, scope := range []string{"jm", "jm-job", "tm", "tm-job", "task", "operator"} {
		if got := conf["metrics.scope."+scope]; !strings.HasPrefix(got, "flink.") || strings.Contains(got, "<") {
			t.Errorf("metrics.scope.%s is %q", scope, got)
		}
	}
	if conf["metrics.reporter.prom.port"] != "" {
		t.Error("both reporters run")
	}
}

// A '#' cuts a value short on Flink 1.18, and ${...} is never expanded.
func TestFlinkReadsEveryValueWholeAndNoneIsASecret(t *testing.T) {
	secret := regexp.MustCompile(`(?i)password|apikey|api-key|access-key|secret|token`)
	manyJobs(t, func(t *testing.T, j Job, s Stack) {
		for key, value := range j.Configuration(s) {
			if strings.ContainsAny(value, "#\n") || strings.Contains(value, "${") || strings.TrimSpace(value) != value || value == "" {
				t.Errorf("%s: %q is not what Flink will read", key, value)
			}
			if secret.MatchString(key) {
				t.Errorf("%s looks like a secret's key", key)
			}
		}
	})
}
