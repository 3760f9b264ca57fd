// Package flink turns a job's plain Go specification into the operator's
// FlinkDeployment and its savepoints. It knows no Pulumi and judges nothing:
// that is k8s/flink/rules.
package flink

// A Job is what a person writes of one Flink application. It is both the shape
// of an entry of the setting `jobs` and the input of Document; its names are
// Flink's own. The json names are the settings' keys.
type Job struct {
	// Name of the FlinkDeployment and prefix of everything made for the job:
	// a DNS label of at most 45 characters that starts with a letter (DefaultValidator).
	Name string `json:"name"`
	// Namespace holds the job; the operator must watch it.
	Namespace string `json:"namespace"`
	// ServiceAccount is the one bound to the job's IAM role.
	ServiceAccount string `json:"serviceAccount"`
	// Image is repository:tag@sha256:digest.
	Image string `json:"image"`
	// FlinkVersion is the operator's spelling: v1_18.
	FlinkVersion string `json:"flinkVersion"`
	// JarURI is where the image keeps the job: local:///opt/flink/usrlib/NAME.jar.
	JarURI string `json:"jarURI"`
	// EntryClass is the main class; empty: the jar's manifest says.
	EntryClass string `json:"entryClass"`
	// Args are the main method's. They stand in clear text in the cluster.
	Args []string `json:"args"`
	// Parallelism of the job, 1 or more.
	Parallelism int `json:"parallelism"`
	// MaxParallelism bounds every later rescaling and cannot change while state
	// is kept; 0: Flink derives it from the parallelism of the first start.
	MaxParallelism int `json:"maxParallelism"`
	// UpgradeMode is savepoint (default) or last-state. stateless is refused.
	UpgradeMode string `json:"upgradeMode"`
	// AllowNonRestoredState drops state that no operator of the new graph claims.
	AllowNonRestoredState bool `json:"allowNonRestoredState"`
	// Suspended takes a savepoint and stops the job; false resumes from it.
	Suspended bool `json:"suspended"`
	// Restart redeploys the job from a savepoint each time its request is raised.
	Restart Restart `json:"restart"`
	// ReadyTimeout is how long an update may take until the job is STABLE and RUNNING. Default 30m.
	ReadyTimeout Duration `json:"readyTimeout"`

	State           State           `json:"state"`
	Checkpoints     Checkpoints     `json:"checkpoints"`
	RestartStrategy RestartStrategy `json:"restartStrategy"`
	JobManager      JobManager      `json:"jobManager"`
	TaskManager     TaskManager     `json:"taskManager"`
	Kafka           Kafka           `json:"kafka"`
	// StartEmpty lets the job be created without its state where the bucket holds a savepoint
	// or checkpoint of it. Default false: such a creation is refused unless restore.from says
	// where from.
	StartEmpty bool `json:"startEmpty"`

	Savepoint Savepoint `json:"savepoint"`
	Restore   Restore   `json:"restore"`
	Metrics   Metrics   `json:"metrics"`
	Plugins   Plugins   `json:"plugins"`

	// FlinkConfiguration is added to what the settings above produce, and wins
	// over it; the same rules judge the result.
	FlinkConfiguration map[string]string `json:"flinkConfiguration"`
	// PodTemplate is merged into the pods of both components, arrays by name:
	// node selectors, tolerations, extra environment. A Kubernetes Pod.
	PodTemplate map[string]any `json:"podTemplate"`
}

// State is where the job's state lives and how large it is expected to be.
type State struct {
	// Bucket holds checkpoints/, savepoints/ and ha/; one job, one bucket.
	Bucket string `json:"bucket"`
	// RecoveryWindowDays is how long S3 keeps what Flink deleted or replaced. Default 14.
	RecoveryWindowDays int `json:"recoveryWindowDays"`
	// RetiredDays is the age at which checkpoint objects are removed that a janitor, never the job,
	// tagged flink-state=retired. Default 0: nothing that is current is ever removed by age.
	RetiredDays int `json:"retiredDays"`
	// ExpectedSize of the keyed state, such as 200Gi; empty: not declared, and no rule about size applies.
	ExpectedSize Bytes `json:"expectedSize"`
	// LocalRecovery keeps a copy of the state on the TaskManager's disk.
	LocalRecovery bool `json:"localRecovery"`
}

// Checkpoints are Flink's execution.checkpointing.*.
type Checkpoints struct {
	// Interval between starts. Default 30s.
	Interval Duration `json:"interval"`
	// Timeout after which a checkpoint is given up. Default 10m.
	Timeout Duration `json:"timeout"`
	// MinPause between the end of one and the start of the next. Default 10s.
	MinPause Duration `json:"minPause"`
	// MaxConcurrent checkpoints. Default 1.
	MaxConcurrent int `json:"maxConcurrent"`
	// Mode is EXACTLY_ONCE (default) or AT_LEAST_ONCE.
	Mode string `json:"mode"`
	// Retention is RETAIN_ON_CANCELLATION (default); DELETE_ON_CANCELLATION is refused.
	Retention string `json:"retention"`
	// Retained is how many completed checkpoints Flink keeps. Default 3.
	Retained int `json:"retained"`
	// TolerableFailures in a row before the job restarts. Default 3.
	TolerableFailures int `json:"tolerableFailures"`
}

// RestartStrategy is Flink's restart-strategy.exponential-delay.*.
type RestartStrategy struct {
	// InitialBackoff of the first restart. Default 1s.
	InitialBackoff Duration `json:"initialBackoff"`
	// MaxBackoff between restarts. Default 5m.
	MaxBackoff Duration `json:"maxBackoff"`
}

// JobManager is the leader and its standbys.
type JobManager struct {
	// Replicas: 2 (default) is one leader and one standby.
	Replicas int `json:"replicas"`
	// CPU in cores. Default 1.
	CPU float64 `json:"cpu"`
	// Memory is jobmanager.memory.process.size in Flink's units: 2048m is 2048 MiB. Default 2048m.
	Memory string `json:"memory"`
}

// TaskManager is each worker; Flink starts ceil(parallelism / slots) of them.
type TaskManager struct {
	// Slots of one TaskManager. Default: CPU, rounded down, at least 1.
	Slots int `json:"slots"`
	// CPU in cores. Default 2.
	CPU float64 `json:"cpu"`
	// Memory is taskmanager.memory.process.size in Flink's units. Default 4096m.
	Memory string `json:"memory"`
}

// Kafka is the credential that Vault renders into the pods, and the job's topics.
type Kafka struct {
	// Secret is the path below the KV version 2 mount, without data/: payments/kafka.
	Secret string `json:"secret"`
	// VaultRole is the Kubernetes-auth role. Default: NAMESPACE-NAME.
	VaultRole string `json:"vaultRole"`
	// VaultPolicy grants reading the job's secrets and nothing else. Default: NAMESPACE-NAME-kafka-read.
	VaultPolicy string `json:"vaultPolicy"`
	// TokenTTL of the Vault token. Default 1h.
	TokenTTL Duration `json:"tokenTTL"`
	// Mechanism is SCRAM-SHA-512 (default) or SCRAM-SHA-256.
	Mechanism string `json:"mechanism"`
	Topics    Topics `json:"topics"`
}

// Topics the job reads and writes; handed to the job as environment KAFKA_TOPIC_IN and KAFKA_TOPIC_OUT.
type Topics struct {
	// In is KAFKA_TOPIC_IN; empty: the variable is not set.
	In string `json:"in"`
	// Out is KAFKA_TOPIC_OUT; empty: the variable is not set.
	Out string `json:"out"`
}

// Restart redeploys the job when its request is raised: a rotated credential is read again.
type Restart struct {
	// Request is raised to redeploy; it becomes spec.restartNonce.
	Request int64 `json:"request"`
}

// Savepoint takes savepoints on demand and periodically.
type Savepoint struct {
	// Request is raised to take one; 0: none was asked for.
	Request int64 `json:"request"`
	// Interval of periodic savepoints; 0: none.
	Interval Duration `json:"interval"`
	// SkipOnDelete deletes the job without a last savepoint. Default false: deletion waits until a
	// job that is RUNNING, or becomes so, has taken one.
	SkipOnDelete bool `json:"skipOnDelete"`
	// Format is NATIVE (default) or CANONICAL.
	Format string `json:"format"`
}

// Restore takes the job back to a savepoint or checkpoint.
type Restore struct {
	// From is an s3:// path below the job's bucket, or `latest`.
	From string `json:"from"`
	// Request is raised to go there; it becomes spec.job.savepointRedeployNonce.
	Request int64 `json:"request"`
	// SkipSavepoint goes back without taking a savepoint of what is running now.
	SkipSavepoint bool `json:"skipSavepoint"`
}

// Metrics says how Flink's metrics leave the pods.
type Metrics struct {
	// Mode is agent (default: the Datadog Agent scrapes the Prometheus reporter), http (Flink's
	// Datadog reporter; the image's entry point supplies the key) or none.
	Mode string `json:"mode"`
	// Secret is the path below the KV version 2 mount of the secret whose field api_key is Datadog's:
	// payments/datadog. Needed in mode http, refused in another. The image has
	// docs/examples/docker-entrypoint-datadog.sh at its root.
	Secret string `json:"secret"`
}

// Plugins are Flink's file-system plugins.
type Plugins struct {
	// S3 names the one S3 plugin: presto (default) or hadoop.
	S3 string `json:"s3"`
	// BuiltIn is the jar's name when the image has it in /opt/flink/opt only, such as
	// flink-s3-fs-presto-1.18.1.jar: it is enabled by ENABLE_BUILT_IN_PLUGINS.
	// Empty: the image has it under plugins/.
	BuiltIn string `json:"builtIn"`
}

// A Stack is what a job takes from the stack that it is in. Everything in it is
// known before the first resource is registered.
type Stack struct {
	// Region of the bucket and DNSSuffix of its partition: amazonaws.com.
	Region    string
	DNSSuffix string
	// OperatorVersion is the operator's chart version: 1.10.0.
	OperatorVersion string
	// WatchedNamespaces are the operator's; nil: all.
	WatchedNamespaces []string
	// Environment, Service and Team tag pods and metrics. Environment "prod" makes the production rules apply.
	Environment string
	Team        string
	// VaultNamespace of Vault Enterprise; empty: none.
	VaultNamespace string
	// VaultAuthPath of the Kubernetes auth method and VaultMount of the KV version 2 engine.
	VaultAuthPath string
	VaultMount    string
	// DatadogSite is where the HTTP reporter sends: datadoghq.com or datadoghq.eu.
	DatadogSite string
	// RestorePath is the s3:// path that restore.from `latest` was resolved to; empty where it was not.
	RestorePath string
	// Labels of every object: service, environment, team, managed-by.
	Labels map[string]string
}

// WithDefaults returns the job with every unset field that has a default filled in.
func (j Job) WithDefaults() Job {
	setDefault(&j.UpgradeMode, "savepoint")
	setDefault(&j.ReadyTimeout, 30*Minute)
	setDefault(&j.State.RecoveryWindowDays, 14)
	setDefault(&j.Checkpoints.Interval, 30*Second)
	setDefault(&j.Checkpoints.Timeout, 10*Minute)
	setDefault(&j.Checkpoints.MinPause, 10*Second)
	setDefault(&j.Checkpoints.MaxConcurrent, 1)
	setDefault(&j.Checkpoints.Mode, "EXACTLY_ONCE")
	setDefault(&j.Checkpoints.Retention, "RETAIN_ON_CANCELLATION")
	setDefault(&j.Checkpoints.Retained, 3)
	setDefault(&j.Checkpoints.TolerableFailures, 3)
	setDefault(&j.RestartStrategy.InitialBackoff, Second)
	setDefault(&j.RestartStrategy.MaxBackoff, 5*Minute)
	setDefault(&j.JobManager.Replicas, 2)
	setDefault(&j.JobManager.CPU, 1)
	setDefault(&j.JobManager.Memory, "2048m")
	setDefault(&j.TaskManager.CPU, 2)
	setDefault(&j.TaskManager.Memory, "4096m")
	setDefault(&j.TaskManager.Slots, max(1, int(j.TaskManager.CPU)))
	setDefault(&j.Kafka.TokenTTL, Hour)
	setDefault(&j.Kafka.Mechanism, "SCRAM-SHA-512")
	setDefault(&j.Savepoint.Format, "NATIVE")
	setDefault(&j.Metrics.Mode, "agent")
	setDefault(&j.Plugins.S3, "presto")
	return j
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// TaskManagers is how many Flink starts: enough slots for the parallelism.
func (j Job) TaskManagers() int {
	if j.TaskManager.Slots < 1 {
		return max(0, j.Parallelism)
	}
	return (max(0, j.Parallelism) + j.TaskManager.Slots - 1) / j.TaskManager.Slots
}

// The three roots of a state bucket. Nothing else is written to it by the job.
const (
	CheckpointsRoot = "checkpoints"
	SavepointsRoot  = "savepoints"
	HARoot          = "ha"
)

// URI of a root of the job's bucket: s3://BUCKET/ROOT.
func (s State) URI(root string) string { return "s3://" + s.Bucket + "/" + root }
