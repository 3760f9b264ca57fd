package status

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// traces are sequences of statuses that real operators wrote.
const traces = "../../../../shared/data/traces"

// A traceLine is one change, as the traces' README describes it.
type traceLine struct {
	T                                                                         int64 `json:"t_ms"`
	Exists, Deleting                                                          bool
	Generation, ObservedGeneration                                            int64
	LifecycleState, ReconciliationState, JobManagerDeploymentStatus, JobState string
	UpgradeSavepointPath                                                      string
	Error                                                                     *struct {
		Type, Message string
		Causes        []struct{ Type, Message string }
	}
	Spec struct {
		Image, State, UpgradeMode string
		SavepointRedeployNonce    int64
	}
}

// whole are errors of which the traces keep the beginning: the operator's own
// constants (ApplicationReconciler 1.15.0; AbstractFlinkService and what it
// wraps, 1.10.0).
var whole = map[string]string{
	"JobManager deployment is missing and HA metadata is not available to": "JobManager deployment is missing and HA metadata is not available to make stateful upgrades. " +
		"It is possible that the job has finished or terminally failed, or the configmaps have been deleted.Manual restore required.",
	"org.apache.flink.kubernetes.operator.exception.ReconciliationExcepti": "org.apache.flink.kubernetes.operator.exception.ReconciliationException: Could not observe latest savepoint information: " +
		"java.util.concurrent.ExecutionException: org.apache.flink.runtime.rest.util.RestClientException: [Checkpointing has not been enabled.]",
}

// deployment is the FlinkDeployment of a line; reasons: with the reason that the
// traces leave out and the operator writes.
func (l traceLine) deployment(reasons bool) map[string]any {
	metadata := map[string]any{"name": "fraud-scoring", "namespace": "payments", "generation": float64(l.Generation)}
	if l.Deleting {
		metadata["deletionTimestamp"] = "2026-11-25T12:00:00Z"
	}
	status := map[string]any{}
	set := func(of map[string]any, key, value string) {
		if value != "" {
			of[key] = value
		}
	}
	set(status, "lifecycleState", l.LifecycleState)
	set(status, "jobManagerDeploymentStatus", l.JobManagerDeploymentStatus)
	job, reconciliation := map[string]any{}, map[string]any{}
	set(job, "state", l.JobState)
	set(job, "upgradeSavepointPath", l.UpgradeSavepointPath)
	set(reconciliation, "state", l.ReconciliationState)
	if l.ObservedGeneration > 0 {
		status["observedGeneration"] = float64(l.ObservedGeneration)
		reconciliation["lastReconciledSpec"] = `{"spec":{"image":"this"}}`
		if l.LifecycleState == "STABLE" {
			reconciliation["lastStableSpec"] = reconciliation["lastReconciledSpec"]
		}
	}
	status["jobStatus"], status["reconciliationStatus"] = job, reconciliation
	if e := l.Error; e != nil {
		status["error"] = e.Message
		if e.Type != "" {
			message, reason := e.Message, ""
			if all, cut := whole[message]; cut {
				message = all
			}
			switch {
			case strings.Contains(message, "failed to pull"):
				reason = "ErrImagePull"
			case strings.Contains(message, "back-off"):
				reason = "CrashLoopBackOff"
			case strings.Contains(message, "MountVolume"):
				reason = "FailedMount"
			}
			exception := map[string]any{"type": "org.apache.flink.kubernetes.operator.exception." + e.Type, "message": message}
			if reasons && reason != "" {
				exception["additionalMetadata"] = map[string]any{"reason": reason}
			}
			text, _ := json.Marshal(exception)
			status["error"] = string(text)
		}
	}
	return map[string]any{"metadata": metadata, "status": status, "spec": map[string]any{
		"image":              "this",
		"job":                map[string]any{"state": l.Spec.State, "upgradeMode": "savepoint", "savepointRedeployNonce": float64(l.Spec.SavepointRedeployNonce)},
		"flinkConfiguration": map[string]any{"kubernetes.operator.job.upgrade.last-state-fallback.enabled": "false"},
	}}
}

func readTrace(t *testing.T, name string) []traceLine {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(traces, name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []traceLine
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		of := traceLine{Exists: true}
		if err := json.Unmarshal([]byte(line), &of); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, of)
	}
	return lines
}
