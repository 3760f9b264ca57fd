package status

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// statusOf is a FlinkDeployment at generation 4 with these parts of its status.
func statusOf(t *testing.T, status string) map[string]any {
	t.Helper()
	var deployment map[string]any
	text := fmt.Sprintf(`{"metadata":{"name":"fraud-scoring","generation":4},"status":%s}`, status)
	if err := json.Unmarshal([]byte(text), &deployment); err != nil {
		t.Fatal(err)
	}
	return deployment
}

const (
	healthy  = `{"observedGeneration":4,"lifecycleState":"STABLE","reconciliationStatus":{"state":"DEPLOYED","lastReconciledSpec":"{}"},"jobStatus":{"state":"RUNNING"},"jobManagerDeploymentStatus":"READY"}`
	notValid = `{\"type\":\"org.apache.flink.kubernetes.operator.exception.ValidationException\",\"message\":\"Job parallelism must be larger than 0\",\"throwableList\":[]}`
)

func change(t *testing.T, status string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(status, pairs[i]) {
			t.Fatalf("%s is not in %s", pairs[i], status)
		}
		status = strings.Replace(status, pairs[i], pairs[i+1], 1)
	}
	return status
}

func TestAJobIsDoneOnlyWhenEveryPartOfItsStatusSaysSo(t *testing.T) {
	if done, failed, _ := Verdict(statusOf(t, healthy), false, 0); !done || failed {
		t.Errorf("healthy: done %v, failed %v", done, failed)
	}
	for what, edit := range map[string][2]string{
		"an old generation, as during the savepoint of an upgrade": {`"observedGeneration":4`, `"observedGeneration":3`},
		"no generation":        {`"observedGeneration":4,`, ``},
		"deployed, not stable": {`STABLE`, `DEPLOYED`},
		"upgrading":            {`"state":"DEPLOYED"`, `"state":"UPGRADING"`},
		"restarting":           {`RUNNING`, `RESTARTING`},
		"no ready JobManager":  {`READY`, `DEPLOYED_NOT_READY`},
		"an error":             {`"jobStatus"`, `"error":"Job Not Found","jobStatus"`},
	} {
		done, failed, words := Verdict(statusOf(t, change(t, healthy, edit[0], edit[1])), false, time.Hour)
		if done || failed {
			t.Errorf("%s: done %v, failed %v: %v", what, done, failed, words)
		}
	}
}

func TestWhatIsFinalIsGivenUpOnInTheOperatorsWords(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		age    time.Duration
		failed bool
		words  string
	}{
		"failed":                         {change(t, healthy, "STABLE", "FAILED", "RUNNING", "FAILED"), 0, true, "lifecycleState FAILED"},
		"rolled back":                    {change(t, healthy, "STABLE", "ROLLED_BACK", `"state":"DEPLOYED"`, `"state":"ROLLED_BACK"`), 0, true, "ROLLED_BACK"},
		"no image":                       {change(t, healthy, "STABLE", "DEPLOYED", "READY", "ERROR", `"jobStatus"`, `"error":"Back-off pulling image","jobStatus"`), 0, true, "error: Back-off pulling image"},
		"an ERROR of before the upgrade": {change(t, healthy, "STABLE", "UPGRADING", "READY", "ERROR"), time.Hour, false, "UPGRADING"},
		"rolling back":                   {change(t, healthy, "STABLE", "ROLLING_BACK", "READY", "ERROR"), time.Hour, false, "ROLLING_BACK"},
		"the failure that the change may cure": {
			change(t, healthy, `:4`, `:3`, "STABLE", "FAILED"), settle - 1, false, "of which the operator took up 3"},
		"a failure that the change does not cure": {
			change(t, healthy, `:4`, `:3`, "STABLE", "FAILED"), settle, true, "of which the operator took up 3"},
		"not valid, perhaps of before": {
			change(t, healthy, `:4`, `:3`, `"jobStatus"`, `"error":"`+notValid+`","jobStatus"`), 0, false, "error: Job parallelism"},
		"not valid": {
			change(t, healthy, `:4`, `:3`, `"jobStatus"`, `"error":"`+notValid+`","jobStatus"`), settle, true, "error: Job parallelism must be larger than 0"},
		"an error that the operator tries again after": {
			change(t, healthy, `:4`, `:3`, `"jobStatus"`, `"error":"Cannot take a savepoint","jobStatus"`), time.Hour, false, "error: Cannot take a savepoint"},
		"not looked at yet": {`{}`, time.Hour, false, "lifecycleState (none)"},
	} {
		done, failed, words := Verdict(statusOf(t, c.status), false, c.age)
		if done || failed != c.failed || !strings.Contains(strings.Join(words, "\n"), c.words) {
			t.Errorf("%s: done %v, failed %v: %q", name, done, failed, words)
		}
	}
}

func TestASuspensionIsProvedWhereThereWasAJob(t *testing.T) {
	suspended := change(t, healthy, "STABLE", "SUSPENDED", "RUNNING", "FINISHED", "READY", "MISSING")
	for name, c := range map[string]struct {
		status       string
		done, failed bool
	}{
		"not yet taken up":              {change(t, healthy, `:4`, `:3`), false, false},
		"stopping":                      {change(t, healthy, "STABLE", "UPGRADING"), false, false},
		"suspended":                     {suspended, true, false},
		"edited while suspended":        {change(t, suspended, `:4`, `:3`), true, false},
		"created suspended, not seen":   {`{}`, true, false},
		"created suspended":             {`{"lifecycleState":"CREATED","jobManagerDeploymentStatus":"MISSING"}`, true, false},
		"created suspended, not valid":  {`{"lifecycleState":"FAILED","error":"` + notValid + `"}`, false, true},
		"failed instead of a savepoint": {change(t, healthy, "STABLE", "FAILED"), false, true},
	} {
		done, failed, words := Verdict(statusOf(t, c.status), true, time.Hour)
		if done != c.done || failed != c.failed {
			t.Errorf("%s: done %v, failed %v: %q", name, done, failed, words)
		}
	}
}

func TestTheOperatorsErrorIsReadWithItsCauses(t *testing.T) {
	for raw, want := range map[string]string{
		``:                `false `,
		`Job Not Found`:   `false Job Not Found`,
		`{"type":"a.B"}`:  `false {"type":"a.B"}`,
		`{"message":"m"}`: `false m`,
		`{"type":"x.ReconciliationException","message":"x.E: cannot","throwableList":[{"type":"x.E","message":"cannot"},{"type":"y.F","message":"denied"}]}`: `false x.E: cannot; caused by: denied`,
		`{"type":"x.ValidationException","message":"m"}`: `true m`,
	} {
		problem, invalid := operatorError(raw)
		if got := fmt.Sprintf("%v %s", invalid, problem); got != want {
			t.Errorf("%s reads %q", raw, got)
		}
	}
}

func TestASnapshotIsDoneWhenItIsCompletedAndFailedWhenItIsFinal(t *testing.T) {
	for state, want := range map[string]string{
		"COMPLETED": "true false", "FAILED": "false true", "ABANDONED": "false true",
		"TRIGGER_PENDING": "false false", "IN_PROGRESS": "false false", "": "false false",
	} {
		done, failed, words := SnapshotVerdict(statusOf(t, `{"state":"`+state+`","error":"why"}`))
		if got := fmt.Sprint(done, failed); got != want || words[0] != "error: why" {
			t.Errorf("%s: %s, %q", state, got, words)
		}
	}
}

func FuzzVerdictTakesAnyStatus(f *testing.F) {
	f.Add(healthy, false)
	f.Add(`{"error":"`+notValid+`"}`, true)
	f.Fuzz(func(t *testing.T, status string, suspended bool) {
		var of map[string]any
		if json.Unmarshal([]byte(status), &of) != nil {
			return
		}
		done, failed, words := Verdict(map[string]any{"status": of, "metadata": map[string]any{"generation": 1.0}}, suspended, time.Hour)
		if done && failed || len(words) < 3 {
			t.Errorf("done %v, failed %v: %q", done, failed, words)
		}
	})
}
