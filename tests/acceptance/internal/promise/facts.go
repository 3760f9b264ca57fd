package promise

import "time"

// Deployment is the FlinkDeployment, as one read of it shows it.
type Deployment struct {
	Generation, ObservedGeneration int64

	// Of the specification.
	Desired          string // running or suspended
	Image            string
	ServiceAccount   string
	Parallelism      int
	JobManagers      int
	InitialSavepoint string
	// Configuration is spec.flinkConfiguration. Its values are never shown.
	Configuration map[string]string

	// Of the status, in the operator's words.
	Lifecycle        string
	Reconciliation   string
	JobManagerStatus string
	JobState         string
	JobID            string
	Error            string
	// UpgradeSavepoint is what the operator started the last deploy from.
	UpgradeSavepoint string
	// LastSavepoint is of operators, or namespaces, without FlinkStateSnapshot.
	LastSavepoint string
}

// Pod of the job.
type Pod struct {
	Name, UID, IP  string
	Component      string // jobmanager or taskmanager
	Ready          bool
	Image          string // of Flink's own container
	ServiceAccount string
	// RoleARN and TokenFile are the web identity that the pod's environment names.
	RoleARN, TokenFile string
	// TokenAudience of the projected token that is mounted at TokenFile; empty: none is.
	TokenAudience string
	// StaticKeys names the environment variables that hold an AWS key. Never their values.
	StaticKeys []string
}

// HA is what Flink keeps in its ConfigMaps.
type HA struct {
	// LeaderHost is the address of the leading JobManager: its pod's IP.
	LeaderHost string
	// Session changes with every change of leadership.
	Session string
	// Checkpoint is the newest that a new leader would find; 0: none.
	Checkpoint int64
}

// Job is the job as Flink's REST API shows it.
type Job struct {
	ID, State string
	Vertices  []Vertex
}

// Vertex of the job graph.
type Vertex struct {
	Name                 string
	Parallelism, Running int
}

// Executing says whether every subtask runs.
func (j Job) Executing() bool {
	if j.State != "RUNNING" || len(j.Vertices) == 0 {
		return false
	}
	for _, v := range j.Vertices {
		if v.Running < v.Parallelism {
			return false
		}
	}
	return true
}

// CheckpointConfig is the job's own.
type CheckpointConfig struct {
	Interval time.Duration
	// Externalized and DeletedOnCancel say what becomes of the last one when the job ends.
	Externalized, DeletedOnCancel bool
}

// Checkpoints as Flink's REST API counts them, since the leader started.
type Checkpoints struct {
	Completed, Failed int64
	// Latest completed, and what the job was restored from; nil: none.
	Latest   *Completed
	Restored *Restored
}

// Completed checkpoint.
type Completed struct {
	ID   int64
	Path string
}

// Restored is where the job's state came from when it last started.
type Restored struct {
	ID        int64
	Path      string
	Savepoint bool
	// At is the JobManager's clock, in milliseconds.
	At int64
}

// A Sample is one look at the running job.
type Sample struct {
	State    string
	Restarts *int64 // nil: the metric is not there
	Checkpoints
}

// Stored is a checkpoint's or savepoint's _metadata object in S3.
type Stored struct {
	URI  string
	Size int64
	// KeyARN that it is encrypted with; empty: none.
	KeyARN string
	// Head is how it begins.
	Head []byte
}

// Snapshot is a FlinkStateSnapshot that is completed.
type Snapshot struct {
	Name, Path string
	// Deletes says that deleting the object deletes the data.
	Deletes bool
	Taken   time.Time
}

// ServiceAccount of the job.
type ServiceAccount struct {
	Name, RoleARN string
}

// Claims of a web identity token. The token itself is kept nowhere.
type Claims struct {
	Issuer, Subject string
	Audience        []string
}

// Caller is who STS says that the token's bearer is.
type Caller struct {
	Account, ARN string
	// Refused is STS' own word when it would not tell.
	Refused string
}
