package status

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

func TestTheEditGetsOutWithoutAnOlderState(t *testing.T) {
	crash := podError("CrashLoopBackOff", "back-off 40s restarting failed container=f")
	const (
		back  = "image: old"
		goTo  = "restore: {from: s3://bucket/savepoints/savepoint-1, request: 7, skipSavepoint: true}"
		taken = `"lastReconciledSpec":"{\"spec\":{\"job\":{\"savepointRedeployNonce\":6}}}"`
		cause = "# with it, take back the change that it fails on: flinkConfiguration heartbeat.interval"
		free  = "kubectl -n payments delete deployment fraud-scoring    # while pulumi up waits: FLINK-37370"
		last  = "upgradeMode: last-state    # for this one update: the job resumes from its last checkpoint"
	)
	ran := func(status string) string {
		_, stable, _ := strings.Cut(status, `"lastStableSpec":`)
		stable, _, _ = strings.Cut(stable, `}}}"`)
		return edited(t, status, `"lastStableSpec":`+stable+`}}}"`, `"lastStableSpec":"{}"`)
	}
	blocked := edited(t, starting(t, "Checkpointing has not been enabled"), "ERROR", "DEPLOYED_NOT_READY")
	for name, c := range map[string]struct {
		status string
		edit   []string
	}{
		"the JobManager never started":        {starting(t, podError("ErrImagePull", "failed to pull: not found")), []string{back}},
		"it crash-loops":                      {starting(t, crash), []string{back, goTo, cause}},
		"the job failed":                      {edited(t, starting(t, "main method"), "DEPLOYED", "FAILED", "RECONCILING", "FAILED"), []string{back}},
		"restore required":                    {edited(t, starting(t, restore), ":4", ":3", `"lastReconciledSpec":"{}"`, taken), []string{goTo}},
		"not taken up":                        {edited(t, starting(t, crash), ":4", ":3", `"lastReconciledSpec":"{}"`, taken), []string{goTo}},
		"not taken up, with a restore":        {edited(t, starting(t, crash), ":4", ":3"), nil},
		"main() on 1.10":                      {blocked, []string{back, goTo, free}},
		"main() on 1.10, mended with restore": {edited(t, blocked, ":4", ":3"), []string{back, free}},
		"the job ran since":                   {ran(starting(t, restore)), nil},
		"no path":                             {edited(t, starting(t, crash), "s3://bucket/savepoints/savepoint-1", "KUBERNETES_OPERATOR_LAST_STATE"), []string{back, cause}},
		"a job that loops":                    {edited(t, healthy, ":4", ":3", "RUNNING", "RESTARTING"), []string{last}},
		"a job that runs":                     {edited(t, healthy, ":4", ":3"), nil},
		"the job ended":                       {edited(t, healthy, "RUNNING", "FINISHED"), nil},
	} {
		verdict, _ := after(statusOf(t, c.status), false, time.Hour)
		if !slices.Equal(verdict.Edit, c.edit) {
			t.Errorf("%s (%s): %q", name, verdict.Kind, verdict.Edit)
		}
		for _, line := range verdict.Edit {
			var settings map[string]any
			if err := yaml.Unmarshal([]byte(line), &settings); !strings.HasPrefix(line, "kubectl") && err != nil {
				t.Errorf("%s: %s: %v", name, line, err)
			}
		}
	}
}
