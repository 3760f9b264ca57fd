package status

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// statusOf is a FlinkDeployment at generation 4 with these parts of its status.
func statusOf(t *testing.T, status string) map[string]any {
	t.Helper()
	var deployment map[string]any
	text := fmt.Sprintf(`{"metadata":{"name":"fraud-scoring","namespace":"payments","generation":4},"spec":{
		"image":"new","job":{"upgradeMode":"savepoint","savepointRedeployNonce":6},
		"flinkConfiguration":{"kubernetes.operator.job.upgrade.last-state-fallback.enabled":"false","heartbeat.interval":"3 s"}},"status":%s}`, status)
	if err := json.Unmarshal([]byte(text), &deployment); err != nil {
		t.Fatal(err)
	}
	return deployment
}

const (
	healthy  = `{"observedGeneration":4,"lifecycleState":"STABLE","reconciliationStatus":{"state":"DEPLOYED","lastReconciledSpec":"{}","lastStableSpec":"{}"},"jobStatus":{"state":"RUNNING"},"jobManagerDeploymentStatus":"READY"}`
	notValid = `{\"type\":\"org.apache.flink.kubernetes.operator.exception.ValidationException\",\"message\":\"Job parallelism must be larger than 0\",\"throwableList\":[]}`
	restore  = `{\"type\":\"org.apache.flink.kubernetes.operator.exception.UpgradeFailureException\",\"message\":\"JobManager deployment is missing and HA data is not available to make stateful upgrades. Manual restore required.\"}`
)

// podError is a status.error of the operator about the JobManager's pod.
func podError(reason, message string) string {
	return fmt.Sprintf(`{\"type\":\"org.apache.flink.kubernetes.operator.exception.DeploymentFailedException\",\"message\":\"%s\",\"additionalMetadata\":{\"reason\":\"%s\"},\"throwableList\":[]}`, message, reason)
}

func edited(t *testing.T, status string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(status, pairs[i]) {
			t.Fatalf("%s is not in %s", pairs[i], status)
		}
		status = strings.Replace(status, pairs[i], pairs[i+1], 1)
	}
	return status
}

// starting is a job whose JobManager cannot start, after an upgrade.
func starting(t *testing.T, problem string) string {
	t.Helper()
	return edited(t, healthy, "STABLE", "DEPLOYED", "RUNNING", "RECONCILING", "READY", "ERROR",
		`"jobStatus":{`, `"error":"`+problem+`","jobStatus":{"upgradeSavepointPath":"s3://bucket/savepoints/savepoint-1",`,
		`"lastStableSpec":"{}"`, `"lastStableSpec":"{\"spec\":{\"image\":\"old\",\"flinkConfiguration\":{\"heartbeat.interval\":\"3000\",\"kubernetes.operator.job.upgrade.last-state-fallback.enabled\":\"false\"}}}"`)
}

// after judges an unchanged object at once, half-way, and after so long.
func after(deployment map[string]any, suspended bool, long time.Duration) (Verdict, Seen) {
	began := time.Unix(0, 0)
	verdict, seen := Judge(deployment, suspended, Seen{}, began)
	for _, at := range []time.Duration{long / 2, long} {
		if at > 0 {
			verdict, seen = Judge(deployment, suspended, seen, began.Add(at))
		}
	}
	return verdict, seen
}

func TestAJobIsDoneOnlyWhenEveryPartOfItsStatusSaysSo(t *testing.T) {
	if verdict, _ := after(statusOf(t, healthy), false, 0); !verdict.Done || verdict.Failed {
		t.Errorf("healthy: %+v", verdict)
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
		if verdict, _ := after(statusOf(t, edited(t, healthy, edit[0], edit[1])), false, time.Hour); verdict.Done || verdict.Failed {
			t.Errorf("%s: %+v", what, verdict)
		}
	}
	deleted := statusOf(t, healthy)
	deleted["metadata"].(map[string]any)["deletionTimestamp"] = "2026-11-25T12:00:00Z"
	if verdict, _ := after(deleted, false, 0); !verdict.Failed || verdict.Kind != Deleting {
		t.Errorf("a job that is being deleted: %+v", verdict)
	}
}

func TestEachKindIsGivenUpOnAfterItsPatienceAndNotBefore(t *testing.T) {
	const image = `[flink-main-container] failed to pull and unpack image \\\"r/i@sha256:aa\\\": failed to resolve reference \\\"r/i@sha256:aa\\\": `
	for name, c := range map[string]struct {
		status string
		kind   Kind // empty: waited for
		words  string
	}{
		"job failed":           {edited(t, healthy, "STABLE", "FAILED", "RUNNING", "FAILED"), JobFailed, "lifecycleState FAILED"},
		"job finished":         {edited(t, healthy, "RUNNING", "FINISHED"), JobEnded, "the job ended"},
		"job cancelled":        {edited(t, healthy, "RUNNING", "CANCELED"), JobEnded, "the job ended"},
		"job cancelling":       {edited(t, healthy, "RUNNING", "CANCELLING"), "", "CANCELLING"},
		"rolled back":          {edited(t, healthy, "STABLE", "ROLLED_BACK", `"state":"DEPLOYED"`, `"state":"ROLLED_BACK"`), RolledBack, "ROLLED_BACK"},
		"image not found":      {starting(t, podError("ErrImagePull", image+"r/i@sha256:aa: not found")), ImageRefused, "error: [flink-main-container] failed to pull"},
		"image denied":         {starting(t, podError("ErrImagePull", image+"unexpected status from HEAD request to https://r/v2: 403 Forbidden")), ImageRefused, "403"},
		"registry not reached": {starting(t, podError("ErrImagePull", image+"dial tcp: lookup r: no such host")), ImagePull, "no such host"},
		"registry busy":        {starting(t, podError("ImagePullBackOff", `[flink-main-container] Back-off pulling image \\\"r/i\\\"`)), ImagePull, "Back-off pulling"},
		"volume":               {starting(t, podError("FailedMount", `MountVolume.SetUp failed for volume \\\"v\\\" : secret \\\"s\\\" not found`)), Mount, "MountVolume"},
		"configuration":        {starting(t, podError("CreateContainerConfigError", `[flink-main-container] secret \\\"s\\\" not found`)), ContainerConfig, "secret"},
		"quota":                {starting(t, podError("FailedCreate", `pods \\\"p\\\" is forbidden: exceeded quota: q`)), PodCreate, "exceeded quota"},
		"pod security":         {starting(t, podError("FailedCreate", `pods \\\"p\\\" is forbidden: violates PodSecurity \\\"restricted:latest\\\"`)), PodForbidden, "violates PodSecurity"},
		"second crash":         {starting(t, podError("CrashLoopBackOff", "[flink-main-container] back-off 10s restarting failed container=f")), Crash, "back-off 10s"},
		"crash with its words": {starting(t, podError("CrashLoopBackOff", "[flink-main-container] CrashLoop - out of disk")), Crash, "out of disk"},
		"third crash":          {starting(t, podError("CrashLoopBackOff", "[flink-main-container] back-off 20s restarting failed container=f")), CrashLoop, "back-off 20s"},
		"crash loop, between two starts": {edited(t, starting(t, podError("CrashLoopBackOff", "[flink-main-container] back-off 2m40s restarting failed container=f")),
			"ERROR", "DEPLOYED_NOT_READY"), CrashLoop, "back-off 2m40s"},
		"another":            {starting(t, podError("Else", "something else")), JobManagerFailed, "something else"},
		"a volume that came": {edited(t, starting(t, podError("FailedMount", "MountVolume.SetUp failed")), "ERROR", "DEPLOYING"), "", "MountVolume"},
		"a crash before it came up": {edited(t, starting(t, podError("CrashLoopBackOff", "back-off 20s restarting failed container=f")),
			"ERROR", "READY"), "", "back-off"},
		"an ERROR of before the upgrade":         {edited(t, healthy, "STABLE", "UPGRADING", "READY", "ERROR", "RUNNING", "FINISHED"), "", "UPGRADING"},
		"rolling back":                           {edited(t, healthy, "STABLE", "ROLLING_BACK", "READY", "ERROR"), "", "ROLLING_BACK"},
		"state not known":                        {starting(t, restore), RestoreRequired, "Manual restore required"},
		"state not known, lifecycle not written": {edited(t, starting(t, restore), "ERROR", "MISSING"), RestoreRequired, "Manual restore required"},
		"main() on 1.10": {edited(t, starting(t, "Could not observe latest savepoint information; Checkpointing has not been enabled"),
			"ERROR", "DEPLOYED_NOT_READY"), ObserverBlocked, "FLINK-37370"},
		"not valid, first look": {edited(t, healthy, `:4`, `:3`, `"jobStatus"`, `"error":"`+notValid+`","jobStatus"`), Invalid, "Job parallelism must be larger than 0"},
		"the failure of before, first look": {edited(t, healthy, `:4`, `:3`, "STABLE", "FAILED", "RUNNING", "FAILED"), NotTakenUp,
			"the operator has not taken up generation 4 (it is at 3): it waits for a RUNNING job"},
		"an error that the operator tries again after": {
			edited(t, healthy, `:4`, `:3`, `"jobStatus"`, `"error":"Cannot take a savepoint","jobStatus"`), "", "it waits for the savepoint before the upgrade"},
		"rolled back before, and runs": {edited(t, healthy, `:4`, `:3`, "STABLE", "ROLLED_BACK", `"state":"DEPLOYED"`, `"state":"ROLLED_BACK"`), "", "generation 4"},
		"never deployed":               {`{"lifecycleState":"FAILED","error":"failed calling webhook"}`, NotDeployed, "failed calling webhook"},
		"not looked at yet":            {`{}`, "", "lifecycleState (none)"},
	} {
		patience := rules[c.kind].patience
		if strings.Contains(name, "first look") {
			patience = max(patience, rules[NotTakenUp].patience)
		}
		object := statusOf(t, c.status)
		if c.kind == "" {
			patience = time.Hour
		}
		verdict, _ := after(object, false, patience)
		if verdict.Failed != (c.kind != "") || verdict.Kind != c.kind || !strings.Contains(strings.Join(verdict.Words, "\n"), c.words) {
			t.Errorf("%s, after %s: %+v", name, patience, verdict)
		}
		if verdict.Section == "" {
			t.Errorf("%s: no section of the runbook", name)
		}
		if c.kind == "" || patience == 0 {
			continue
		}
		if verdict, _ := after(object, false, patience-1); verdict.Failed || !strings.Contains(verdict.Words[0], "waited for up to "+patience.String()+", because ") {
			t.Errorf("%s, before: %+v", name, verdict)
		}
	}
}

func TestAnErrorThatComesAfterTheEditIsTheEdits(t *testing.T) {
	old := edited(t, starting(t, podError("CrashLoopBackOff", "back-off 40s restarting failed container=f")), ":4", ":3")
	_, seen := Judge(statusOf(t, old), false, Seen{}, time.Unix(0, 0))
	for problem, kind := range map[string]Kind{restore: RestoreRequired, notValid: Invalid} {
		verdict, _ := Judge(statusOf(t, edited(t, starting(t, problem), ":4", ":3")), false, seen, time.Unix(3, 0))
		if !verdict.Failed || verdict.Kind != kind || !slices.ContainsFunc(verdict.Words, func(w string) bool { return strings.HasPrefix(w, "error: ") }) {
			t.Errorf("%s: %+v", kind, verdict)
		}
	}
	verdict, _ := Judge(statusOf(t, old), false, seen, time.Unix(3, 0))
	if verdict.Failed || !slices.ContainsFunc(verdict.Words, func(w string) bool { return strings.HasPrefix(w, "error, perhaps of generation 3: ") }) {
		t.Errorf("the error of before: %+v", verdict)
	}
}

func TestWhatPassedIsWaitedForAnew(t *testing.T) {
	mount := statusOf(t, starting(t, podError("FailedMount", "MountVolume.SetUp failed")))
	comes := statusOf(t, edited(t, starting(t, podError("FailedMount", "MountVolume.SetUp failed")), "ERROR", "DEPLOYING"))
	var seen Seen
	var verdict Verdict
	for i, object := range []map[string]any{mount, comes, mount} {
		verdict, seen = Judge(object, false, seen, time.Unix(0, 0).Add(time.Duration(i)*rules[Mount].patience))
	}
	if verdict.Failed {
		t.Errorf("%+v", verdict)
	}
	mount["metadata"].(map[string]any)["generation"] = 5.0
	if verdict, _ = Judge(mount, false, seen, time.Unix(0, 0).Add(3*rules[Mount].patience)); verdict.Failed {
		t.Errorf("another generation: %+v", verdict)
	}
}

func TestASuspensionIsProvedWhereThereWasAJob(t *testing.T) {
	suspended := edited(t, healthy, "STABLE", "SUSPENDED", "RUNNING", "FINISHED", "READY", "MISSING")
	for name, c := range map[string]struct {
		status       string
		done, failed bool
	}{
		"not yet taken up":              {edited(t, healthy, `:4`, `:3`), false, false},
		"stopping":                      {edited(t, healthy, "STABLE", "UPGRADING"), false, false},
		"suspended":                     {suspended, true, false},
		"edited while suspended":        {edited(t, suspended, `:4`, `:3`), true, false},
		"created suspended, not seen":   {`{}`, true, false},
		"created suspended":             {`{"lifecycleState":"CREATED","jobManagerDeploymentStatus":"MISSING"}`, true, false},
		"created suspended, not valid":  {`{"lifecycleState":"FAILED","error":"` + notValid + `"}`, false, true},
		"failed instead of a savepoint": {edited(t, healthy, "STABLE", "FAILED", "RUNNING", "FAILED"), false, true},
		"not running, so not stopped":   {edited(t, starting(t, podError("ErrImagePull", "failed to pull")), ":4", ":3"), false, true},
	} {
		verdict, _ := after(statusOf(t, c.status), true, time.Hour)
		if verdict.Done != c.done || verdict.Failed != c.failed {
			t.Errorf("%s: %+v", name, verdict)
		}
	}
}

func TestEachKindHasARuleAndASectionOfTheRunbook(t *testing.T) {
	runbook, err := os.ReadFile("../../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	for kind, rule := range rules {
		if !strings.Contains(string(runbook), "\n## "+rule.section+"\n") {
			t.Errorf("%s: docs/runbook.md has no section %q", kind, rule.section)
		}
		if rule.patience > 0 && (rule.why == "" || rule.patience < time.Minute) {
			t.Errorf("%s: waited for %s, because %q", kind, rule.patience, rule.why)
		}
	}
}

func TestASnapshotIsDoneWhenItIsCompletedAndFailedWhenItIsFinal(t *testing.T) {
	for state, want := range map[string]string{
		"COMPLETED": "true false", "FAILED": "false true", "ABANDONED": "false true",
		"TRIGGER_PENDING": "false false", "IN_PROGRESS": "false false", "": "false false",
	} {
		verdict := JudgeSnapshot(statusOf(t, `{"state":"`+state+`","error":"why"}`))
		if got := fmt.Sprint(verdict.Done, verdict.Failed); got != want || verdict.Words[0] != "error: why" {
			t.Errorf("%s: %+v", state, verdict)
		}
	}
}

// anyDeployment is an object whose parts are each as an operator may write them, in any combination.
func anyDeployment(r *rand.Rand) map[string]any {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	return map[string]any{
		"metadata": map[string]any{"generation": float64(r.IntN(3)), "deletionTimestamp": pick("", "", "", "now")},
		"status": map[string]any{
			"observedGeneration":         float64(r.IntN(3)),
			"lifecycleState":             pick("", "CREATED", "UPGRADING", "DEPLOYED", "STABLE", "SUSPENDED", "FAILED", "ROLLING_BACK", "ROLLED_BACK"),
			"jobManagerDeploymentStatus": pick("READY", "DEPLOYED_NOT_READY", "DEPLOYING", "MISSING", "ERROR"),
			"jobStatus":                  map[string]any{"state": pick("", "RUNNING", "RECONCILING", "FAILED", "FINISHED", "CANCELED", "RESTARTING")},
			"reconciliationStatus":       map[string]any{"state": pick("DEPLOYED", "UPGRADING"), "lastReconciledSpec": pick("", "{}", "no")},
			"error": pick("", "", "Job Not Found", "back-off 10s restarting failed container=f", "back-off 20s restarting failed container=f",
				"failed to pull", "MountVolume", "Manual restore required", strings.ReplaceAll(notValid, `\"`, `"`), "Checkpointing has not been enabled"),
		},
	}
}

func TestTimeAloneNeverTurnsAFailureIntoOnItsWay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	failed := 0
	for range 5000 {
		object, suspended := anyDeployment(r), r.IntN(4) == 0
		now := time.Unix(0, 0)
		verdict, seen := Judge(anyDeployment(r), suspended, Seen{}, now)
		was := false
		for range 6 {
			now = now.Add(time.Duration(r.Int64N(int64(2 * time.Minute))))
			verdict, seen = Judge(object, suspended, seen, now)
			if verdict.Done && verdict.Failed || was && !verdict.Failed {
				t.Fatalf("%v: %+v", object, verdict)
			}
			was = verdict.Failed
		}
		if was {
			failed++
		}
	}
	if failed == 0 {
		t.Error("none failed: nothing was proved")
	}
}

func FuzzAnyStatusIsJudged(f *testing.F) {
	f.Add(healthy, false, int64(time.Hour))
	f.Add(`{"error":"`+notValid+`"}`, true, int64(0))
	f.Add(`{"error":"{\"additionalMetadata\":{\"reason\":1}}","jobManagerDeploymentStatus":"ERROR"}`, false, int64(-1))
	f.Fuzz(func(t *testing.T, status string, suspended bool, later int64) {
		var of map[string]any
		if json.Unmarshal([]byte(status), &of) != nil {
			return
		}
		object := map[string]any{"status": of, "spec": of, "metadata": map[string]any{"generation": 1.0}}
		_, seen := Judge(object, suspended, Seen{}, time.Unix(0, 0))
		verdict, _ := Judge(object, suspended, seen, time.Unix(0, later))
		if verdict.Done && verdict.Failed || len(verdict.Words) < 3 || verdict.Failed && (verdict.Kind == "" || verdict.Section == "") {
			t.Errorf("%+v", verdict)
		}
		JudgeSnapshot(object)
	})
}
