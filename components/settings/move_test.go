package settings

import (
	"strings"
	"testing"

	"flink-payments/k8s/flink"
)

func TestAServiceAccountThatStillRunsIsTrustedOrTheStepsAreNamed(t *testing.T) {
	running := func(account, state string) map[string]any {
		return map[string]any{"spec": map[string]any{"serviceAccount": account, "job": map[string]any{"state": state}}}
	}
	for name, c := range map[string]struct {
		running map[string]any
		trusts  []string
		refused bool
	}{
		"another account runs":               {running("flink", "running"), nil, true},
		"another one is trusted":             {running("flink", "running"), []string{"older"}, true},
		"another account runs, and is known": {running("flink", "running"), []string{"flink"}, false},
		"the same account runs":              {running("flink-2", "running"), nil, false},
		"the job is suspended: no pod runs":  {running("flink", "suspended"), nil, false},
		"there is no job yet":                {nil, nil, false},
	} {
		job := Job{Job: flink.Job{ServiceAccount: "flink-2"}, Identity: Identity{AlsoTrust: c.trusts}}
		found := MovedServiceAccount("jobs[0]", job, c.running)
		if refused := len(found) == 1; refused != c.refused {
			t.Errorf("%s: %v", name, found)
		}
		if c.refused && (found[0].Path != "jobs[0].serviceAccount" || !strings.Contains(found[0].Fix, "identity.alsoTrust: [flink]")) {
			t.Errorf("%s: %+v", name, found[0])
		}
	}
}

func TestAnAutoscaledJobIsNotMissedTheTaskManagersItWasTakenDownBy(t *testing.T) {
	job := Job{Job: flink.Job{Parallelism: 8, TaskManager: flink.TaskManager{Slots: 2}}}
	if got := (Settings{}).Observed(job).TaskManagers; got != 4 {
		t.Errorf("%d of a job with a fixed parallelism", got)
	}
	for _, key := range []string{"job.autoscaler.enabled", "kubernetes.operator.job.autoscaler.enabled"} {
		job.FlinkConfiguration = map[string]string{key: "true"}
		if got := (Settings{}).Observed(job).TaskManagers; got != 1 {
			t.Errorf("%s: %d", key, got)
		}
	}
	job.FlinkConfiguration = map[string]string{"job.autoscaler.enabled": "false"}
	if got := (Settings{}).Observed(job).TaskManagers; got != 4 {
		t.Errorf("%d with the autoscaler off", got)
	}
}

func TestANamespaceThatAJobLeavesCanStayWatched(t *testing.T) {
	s := Settings{Jobs: []Job{{Job: flink.Job{Namespace: "payments"}}, {Job: flink.Job{Namespace: "fraud"}}}}
	s.Platform.Operator.WatchedNamespaces = []string{"payments", "left"}
	if got := strings.Join(s.WatchedNamespaces(), " "); got != "fraud left payments" {
		t.Error(got)
	}
	s.Platform.Operator.Existing = true
	if got := strings.Join(s.WatchedNamespaces(), " "); got != "payments left" {
		t.Errorf("of an existing operator: %s", got)
	}
}
