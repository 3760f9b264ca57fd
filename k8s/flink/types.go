package flink

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// APIVersion of the operator's kinds.
const APIVersion = "flink.apache.org/v1beta1"

// A FlinkDeployment mirrors the operator's CRD, as far as the program writes it.
type FlinkDeployment struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec FlinkDeploymentSpec `json:"spec"`
}

// FlinkDeploymentSpec is what the operator makes so.
type FlinkDeploymentSpec struct {
	Image              string            `json:"image"`
	ImagePullPolicy    corev1.PullPolicy `json:"imagePullPolicy"`
	FlinkVersion       string            `json:"flinkVersion"`
	Mode               string            `json:"mode"`
	ServiceAccount     string            `json:"serviceAccount"`
	FlinkConfiguration map[string]string `json:"flinkConfiguration"`
	// RestartNonce is always there: the operator takes no notice when a nonce goes away.
	RestartNonce int64 `json:"restartNonce"`
	// PodTemplate is a corev1.PodTemplateSpec with a person's own laid over it,
	// which stays as it was written: "1000m" of a CPU is not made "1".
	PodTemplate map[string]any  `json:"podTemplate"`
	JobManager  JobManagerSpec  `json:"jobManager"`
	TaskManager TaskManagerSpec `json:"taskManager"`
	Job         JobSpec         `json:"job"`
}

// Suspended tells whether the job is to stand still.
func (s FlinkDeploymentSpec) Suspended() bool { return s.Job.State == suspended }

// The states that a job can be asked for.
const (
	running   = "running"
	suspended = "suspended"
)

// JobManagerSpec is the leader and its standbys.
type JobManagerSpec struct {
	// Replicas wins over kubernetes.jobmanager.replicas, and is 1 unless set.
	Replicas    int                     `json:"replicas"`
	Resource    Resource                `json:"resource"`
	PodTemplate *corev1.PodTemplateSpec `json:"podTemplate,omitempty"`
}

// TaskManagerSpec is each worker.
type TaskManagerSpec struct {
	Resource Resource `json:"resource"`
}

// Resource of a process: CPU in cores, memory in Flink's units (2048m is 2048 MiB).
type Resource struct {
	CPU    float64 `json:"cpu"`
	Memory string  `json:"memory"`
}

// JobSpec is the application.
type JobSpec struct {
	JarURI                string   `json:"jarURI"`
	EntryClass            string   `json:"entryClass,omitempty"`
	Args                  []string `json:"args,omitempty"`
	Parallelism           int      `json:"parallelism"`
	UpgradeMode           string   `json:"upgradeMode"`
	State                 string   `json:"state"`
	AllowNonRestoredState bool     `json:"allowNonRestoredState"`
	InitialSavepointPath  string   `json:"initialSavepointPath,omitempty"`
	// SavepointRedeployNonce is never 0: the step from a number to 0 would be one
	// more redeploy from an old savepoint, and the step to nothing is none.
	SavepointRedeployNonce int64 `json:"savepointRedeployNonce,omitempty"`
}

// A FlinkStateSnapshot mirrors the operator's CRD, as far as the program writes it.
type FlinkStateSnapshot struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec FlinkStateSnapshotSpec `json:"spec"`
}

// FlinkStateSnapshotSpec asks for one savepoint.
type FlinkStateSnapshotSpec struct {
	BackoffLimit int           `json:"backoffLimit"`
	JobReference JobReference  `json:"jobReference"`
	Savepoint    SavepointSpec `json:"savepoint"`
}

// JobReference names the job that is saved.
type JobReference struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// SavepointSpec is how it is saved.
type SavepointSpec struct {
	DisposeOnDelete bool   `json:"disposeOnDelete"`
	FormatType      string `json:"formatType"`
}
