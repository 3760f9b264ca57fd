package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

// forbiddenKeys are DefaultValidator's: the operator sets them itself.
var forbiddenKeys = []string{"kubernetes.namespace", "kubernetes.cluster-id", "high-availability.cluster-id"}

// overridden are keys that the operator writes from other fields of the
// FlinkDeployment (FlinkConfigBuilder): what stands here has no effect.
var overridden = map[string]string{
	"jobmanager.memory.process.size":             "jobManager.memory",
	"taskmanager.memory.process.size":            "taskManager.memory",
	"kubernetes.jobmanager.cpu.amount":           "jobManager.cpu",
	"kubernetes.jobmanager.cpu":                  "jobManager.cpu",
	"kubernetes.taskmanager.cpu.amount":          "taskManager.cpu",
	"kubernetes.taskmanager.cpu":                 "taskManager.cpu",
	"kubernetes.jobmanager.replicas":             "jobManager.replicas",
	"kubernetes.container.image.ref":             "image",
	"kubernetes.container.image":                 "image",
	"kubernetes.container.image.pull-policy":     "nothing: images have a digest",
	"kubernetes.pod-template-file.default":       "podTemplate",
	"kubernetes.pod-template-file.jobmanager":    "podTemplate",
	"kubernetes.pod-template-file.taskmanager":   "podTemplate",
	"parallelism.default":                        "parallelism",
	"pipeline.jars":                              "jarURI",
	"execution.target":                           "nothing: the job is an application of its own",
	"execution.savepoint.path":                   "restore.from and restore.request",
	"execution.savepoint.ignore-unclaimed-state": "allowNonRestoredState",
	"execution.shutdown-on-application-finish":   "nothing: the operator needs the JobManager to stay",
	"$internal.application.main":                 "entryClass",
	"$internal.application.program-args":         "args",
}

// renamed are names of Flink 1.20 for keys that the program writes by the names
// all versions read. Where both stand, the new one wins in Flink and the
// operator and these rules look at the old one.
var renamed = map[string]string{
	"execution.checkpointing.dir":                     "state.checkpoints.dir",
	"execution.checkpointing.savepoint-dir":           "state.savepoints.dir",
	"execution.checkpointing.incremental":             "state.backend.incremental",
	"execution.checkpointing.num-retained":            "state.checkpoints.num-retained",
	"execution.checkpointing.storage":                 "state.checkpoint-storage",
	"execution.checkpointing.create-subdir":           "state.checkpoints.create-subdir",
	"execution.checkpointing.cleaner.parallel-mode":   "state.checkpoint.cleaner.parallel-mode",
	"execution.checkpointing.data-inline-threshold":   "state.storage.fs.memory-threshold",
	"execution.checkpointing.write-buffer-size":       "state.storage.fs.write-buffer-size",
	"execution.checkpointing.local-backup.enabled":    "state.backend.local-recovery",
	"execution.checkpointing.local-backup.dirs":       "taskmanager.state.local.root-dirs",
	"execution.state-recovery.from-local":             "state.backend.local-recovery",
	"execution.state-recovery.claim-mode":             "execution.savepoint-restore-mode",
	"execution.state-recovery.path":                   "restore.from and restore.request",
	"execution.state-recovery.ignore-unclaimed-state": "allowNonRestoredState",
}

// aliases are names that Flink gave up. The program or the operator writes the
// present one, which wins: what stands here has no effect, or a hidden one.
var aliases = map[string]string{
	"high-availability":                      "high-availability.type",
	"recovery.mode":                          "high-availability.type",
	"recovery.zookeeper.storageDir":          "high-availability.storageDir",
	"high-availability.zookeeper.storageDir": "high-availability.storageDir",
	"state.backend":                          "state.backend.type",
	"state.backend.fs.checkpointdir":         "state.checkpoints.dir",
	"savepoints.state.backend.fs.dir":        "state.savepoints.dir",
	"restart-strategy":                       "restart-strategy.type",
	"jobmanager.heap.size":                   "jobManager.memory",
	"jobmanager.heap.mb":                     "jobManager.memory",
	"taskmanager.heap.size":                  "taskManager.memory",
	"taskmanager.heap.mb":                    "taskManager.memory",
	"taskmanager.memory.size":                "taskmanager.memory.managed.size",
	"taskmanager.memory.fraction":            "taskmanager.memory.managed.fraction",
	"taskmanager.network.memory.fraction":    "taskmanager.memory.network.fraction",
	"taskmanager.network.memory.min":         "taskmanager.memory.network.min",
	"taskmanager.network.memory.max":         "taskmanager.memory.network.max",
	"taskmanager.network.numberOfBuffers":    "taskmanager.memory.network.min and .max",
	"jobmanager.web.port":                    "nothing: the port is 8081",
	"web.port":                               "nothing: the port is 8081",
}

// oldAutoscaler is where the autoscaler's keys stood before operator 1.7.
const oldAutoscaler = "kubernetes.operator.job.autoscaler."

// kinds are the types of the keys that the rules and the operator's validator
// read: one that cannot be read ends the JobManager, or the validation.
var kinds = map[string]string{
	intervalKey: "duration", timeoutKey: "duration", minPauseKey: "duration",
	"restart-strategy.exponential-delay.initial-backoff":                    "duration",
	"restart-strategy.exponential-delay.max-backoff":                        "duration",
	"kubernetes.operator.deployment.readiness.timeout":                      "duration",
	"kubernetes.operator.reconcile.interval":                                "duration",
	"kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age": "duration",
	concurrentKey: "number", slotsKey: "number", maxKey: "number", transferKey: "number",
	"state.checkpoints.num-retained":                              "number",
	"execution.checkpointing.tolerable-failed-checkpoints":        "number",
	"state.backend.incremental":                                   "boolean",
	"state.backend.local-recovery":                                "boolean",
	"job.autoscaler.enabled":                                      "boolean",
	"kubernetes.operator.cluster.health-check.enabled":            "boolean",
	"kubernetes.operator.deployment.rollback.enabled":             "boolean",
	"kubernetes.operator.jm-deployment-recovery.enabled":          "boolean",
	"kubernetes.operator.job.drain-on-savepoint-deletion":         "boolean",
	"kubernetes.operator.job.savepoint-on-deletion":               "boolean",
	"kubernetes.operator.job.upgrade.last-state-fallback.enabled": "boolean",
	"kubernetes.operator.pod-template.merge-arrays-by-name":       "boolean",
	"kubernetes.operator.savepoint.cleanup.enabled":               "boolean",
	"kubernetes.operator.savepoint.dispose-on-delete":             "boolean",
	"kubernetes.operator.snapshot.resource.enabled":               "boolean",
}

var kindFix = map[string]string{
	"duration": "a whole number and a unit, such as 30 s or 10 min",
	"number":   "a whole number, such as 3",
	"boolean":  `"true" or "false"`,
}

// readable tells whether Flink reads a value as of this kind.
func (s Input) readable(k, kind string) bool {
	switch kind {
	case "duration":
		_, ok := s.duration(k)
		return ok
	case "number":
		_, ok := s.number(k)
		return ok
	}
	return s.is(k, "true") || s.is(k, "false")
}

// ports are pinned so that NetworkPolicies can name them.
var ports = []string{
	"rest.port", "rest.bind-port", "jobmanager.rpc.port", "high-availability.jobmanager.port", "blob.server.port",
	"taskmanager.rpc.port", "taskmanager.data.port", "metrics.internal.query-service.port", "metrics.reporter.prom.port",
}

var variableName = regexp.MustCompile(`\$\{[^}]*\}?`)

// renamedKeys is a rule about added keys that have another name.
func renamedKeys(names map[string]string) func(Input) []validation.Finding {
	return func(s Input) []validation.Finding {
		var found []validation.Finding
		for _, k := range s.added() {
			if name, is := names[k]; is {
				found = append(found, validation.Finding{Path: key(k), Value: s.text(k), Fix: name})
			}
		}
		return found
	}
}

var configurationRules = []validation.Rule[Input]{
	{
		ID: "configuration-key", Severity: validation.Refuse, Looks: "flinkConfiguration",
		Reason: "Flink reads a line as KEY: VALUE: with this key it reads another key, or none",
		Fix:    "a key of letters, digits, dots, - and _",
		Source: "Flink: GlobalConfiguration, reading flink-conf.yaml",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range s.added() {
				found = append(found, when(k == "" || strings.ContainsAny(k, ": #\t\r\n"), key(k), s.text(k))...)
			}
			return found
		},
	},
	{
		ID: "configuration-forbidden", Severity: validation.Refuse, Looks: "flinkConfiguration",
		Reason: "the operator sets this key and refuses a job that has it", Fix: "nothing: leave the key out",
		Source: "operator: DefaultValidator, forbidden keys",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range s.added() {
				found = append(found, when(slices.Contains(forbiddenKeys, k), key(k), s.text(k))...)
			}
			return found
		},
	},
	{
		ID: "configuration-overridden", Severity: validation.Refuse, Looks: "flinkConfiguration",
		Reason: "the operator writes this key from a setting of its own: what stands here would be ignored",
		Fix:    "the setting of that name", Source: "operator: FlinkConfigBuilder",
		Check: renamedKeys(overridden),
	},
	{
		ID: "configuration-version", Severity: validation.Refuse, Looks: "flinkConfiguration",
		Reason: "this is Flink 1.20's name: older versions and operator 1.10 do not read it, and newer ones let it win over the name that the program writes and judges",
		Fix:    "the name that all versions read", Source: "Flink 1.20 release notes: configuration options renamed",
		Check: renamedKeys(renamed),
	},
	{
		ID: "configuration-deprecated", Severity: validation.Refuse, Looks: "flinkConfiguration",
		Reason: "Flink gave this name up, and the present name wins: what stands here would be ignored, or act where nobody looks",
		Fix:    "the present name", Source: "Flink docs: configuration, deprecated keys",
		Check: func(s Input) []validation.Finding {
			found := renamedKeys(aliases)(s)
			for _, k := range s.added() {
				if rest, old := strings.CutPrefix(k, oldAutoscaler); old {
					found = append(found, validation.Finding{Path: key(k), Value: s.text(k), Fix: "job.autoscaler." + rest})
				}
			}
			return found
		},
	},
	{
		ID: "configuration-cut", Severity: validation.Refuse, Looks: "flinkConfiguration, flinkVersion",
		Reason: "Flink 1 reads a line only up to #, and each line for itself: the rest of the value is lost without a word",
		Fix:    "a value without # and in one line",
		Source: "Flink 1: GlobalConfiguration, flink-conf.yaml (the operator writes config.yaml from Flink 2 on: FlinkConfMountDecorator)",
		Check: func(s Input) []validation.Finding {
			v, ok := s.Job.Flink()
			var found []validation.Finding
			for _, k := range s.added() {
				value := s.Job.FlinkConfiguration[k]
				cut := strings.ContainsAny(value, "\r\n") || strings.Contains(value, "#") && !(ok && v[0] >= 2)
				shown := value
				if secretName(k) || secretValue.MatchString(value) {
					shown = hidden
				}
				found = append(found, when(cut, key(k), strconv.Quote(shown))...)
			}
			return found
		},
	},
	{
		ID: "configuration-variable", Severity: validation.Refuse, Looks: "flinkConfiguration",
		Reason: "nothing fills the variable in: the configuration is a read-only ConfigMap, and Flink would use these very letters",
		Fix:    "the value itself where it is no secret; a credential by Vault or by the image's entry point",
		Source: "Flink native Kubernetes: the configuration is a read-only ConfigMap; guide: metrics.reporter.dghttp.apikey",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range s.added() {
				if name := variableName.FindString(s.Job.FlinkConfiguration[k]); name != "" {
					found = append(found, validation.Finding{Path: key(k), Value: name})
				}
			}
			return found
		},
	},
	{
		ID: "configuration-type", Severity: validation.Refuse, Looks: "flinkConfiguration",
		Reason: "Flink cannot read it: the JobManager would end as soon as it starts",
		Fix:    "a value of the key's type", Source: "Flink: ConfigurationUtils, TimeUtils",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range s.added() {
				kind, known := kinds[k]
				// Empty or missing intervals are checkpoint-interval-minimum's.
				if known && !s.readable(k, kind) && !(k == intervalKey && s.text(k) == "") {
					found = append(found, validation.Finding{Path: key(k), Value: s.text(k), Fix: kindFix[kind]})
				}
			}
			return found
		},
	},
	{
		ID: "configuration-port", Severity: validation.Refuse, Looks: "flinkConfiguration: ports",
		Reason: "the NetworkPolicies and the scraper name the program's ports: traffic on another one is dropped",
		Fix:    "nothing: leave the key out", Source: "Flink docs: these ports are random unless pinned",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			produced := flink.Job{Metrics: flink.Metrics{Mode: "agent"}}.Configuration(s.Stack)
			produced["rest.port"], produced["rest.bind-port"], produced["jobmanager.rpc.port"] = fmt.Sprint(flink.RestPort), fmt.Sprint(flink.RestPort), fmt.Sprint(flink.JobManagerRPCPort)
			for _, k := range s.added() {
				found = append(found, when(slices.Contains(ports, k) && s.text(k) != produced[k], key(k), s.text(k))...)
			}
			return found
		},
	},
	{
		ID: "console-open", Severity: validation.Warn, Looks: "flinkConfiguration: web.*",
		Reason: "the UI would let whoever reaches it submit or cancel jobs, or any page in a browser talk to it: changes are made by review",
		Fix:    "nothing: leave the key out", Source: "guide: the UI must not be open; Flink docs: web.submit.enable, web.cancel.enable",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range []string{"web.submit.enable", "web.cancel.enable"} {
				found = append(found, when(s.is(k, "true"), key(k), s.text(k))...)
			}
			const origin = "web.access-control-allow-origin"
			return append(found, when(s.text(origin) == "*", key(origin), "*")...)
		},
	},
}
