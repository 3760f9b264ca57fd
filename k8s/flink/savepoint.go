package flink

import (
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

// SavepointDocument returns the spec of the FlinkStateSnapshot that takes a
// savepoint. Deleting the object leaves the savepoint in S3. The operator
// abandons a snapshot at once, for good, when the job is not RUNNING: create it
// only after the FlinkDeployment was seen running, and never for a suspended
// job. Its location is .status.path.
func SavepointDocument(j Job) map[string]any {
	return map[string]any{
		"backoffLimit": savepointRetries,
		"jobReference": map[string]any{"kind": "FlinkDeployment", "name": j.Name},
		"savepoint": map[string]any{
			"disposeOnDelete": false,
			"formatType":      j.Savepoint.Format,
		},
	}
}

// SavepointMetadata of that object. The wait brings the location into Pulumi's
// state. FAILED and ABANDONED are final and unknown to it; a new request number
// is the way on.
func SavepointMetadata(j Job, s Stack, snapshot Snapshot) map[string]any {
	return map[string]any{
		"name":        snapshot.Name,
		"namespace":   j.Namespace,
		"labels":      j.labels(s),
		"annotations": map[string]any{"pulumi.com/waitFor": waitFor("{.status.state}=COMPLETED")},
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
