package flink

import (
	"flink-payments/k8s/manifest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"encoding/json"
	"fmt"
)

// savepointRetries of a savepoint on demand, after 10, 20 and 40 seconds. The
// field's default of -1 reads as unlimited and in fact means none.
const savepointRetries = 3

// A Snapshot is one savepoint on demand: a FlinkStateSnapshot.
type Snapshot struct {
	// Name of the object.
	Name string
	// Raise names the setting to raise for another one.
	Raise string
}

// RequestedSavepoint is the one that savepoint.request asked for.
func RequestedSavepoint(j Job, request int64) Snapshot {
	return Snapshot{Name: fmt.Sprintf("%s-savepoint-%d", j.Name, request), Raise: "savepoint.request"}
}

// SavepointBeforeRestore is what ran before the job went back by restore.request.
func SavepointBeforeRestore(j Job, request int64) Snapshot {
	return Snapshot{Name: fmt.Sprintf("%s-before-restore-%d", j.Name, request), Raise: "restore.request"}
}

// StateSnapshot returns the FlinkStateSnapshot that takes a savepoint. Deleting
// the object leaves the savepoint in S3. The operator abandons a snapshot at
// once, for good, when the job is not RUNNING: create it only after the
// FlinkDeployment was seen running, and never for a suspended job. Its location
// is .status.path.
//
// The wait brings the location into Pulumi's state. FAILED and ABANDONED are
// final and unknown to it; a new request number is the way on.
func StateSnapshot(j Job, s Stack, snapshot Snapshot) FlinkStateSnapshot {
	return FlinkStateSnapshot{
		TypeMeta: metav1.TypeMeta{APIVersion: APIVersion, Kind: "FlinkStateSnapshot"},
		ObjectMeta: metav1.ObjectMeta{
			Name: snapshot.Name, Namespace: j.Namespace, Labels: j.labels(s),
			Annotations: map[string]string{
				manifest.PatchForce:  "true",
				"pulumi.com/waitFor": waitFor("{.status.state}=COMPLETED"),
			},
		},
		Spec: FlinkStateSnapshotSpec{
			BackoffLimit: savepointRetries,
			JobReference: JobReference{Kind: "FlinkDeployment", Name: j.Name},
			Savepoint:    SavepointSpec{DisposeOnDelete: false, FormatType: j.Savepoint.Format},
		},
	}
}

// waitFor renders jsonpath conditions that must all hold, as the Kubernetes provider reads them.
func waitFor(conditions ...string) string {
	for i := range conditions {
		conditions[i] = "jsonpath=" + conditions[i]
	}
	text, _ := json.Marshal(conditions) // strings always marshal
	return string(text)
}
