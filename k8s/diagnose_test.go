package k8s

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

const coreAt = "/api/v1/namespaces/payments/"

// crashing is a job whose JobManager ends at its start, as the API server tells it.
func crashing(t *testing.T, log string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("flink/diagnosis/testdata/" + log)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		coreAt + "pods": `{"items":[{"metadata":{"name":"fraud-scoring-1","namespace":"payments","labels":{"app":"fraud-scoring","component":"jobmanager"}},
			"status":{"containerStatuses":[{"name":"flink-main-container","restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff"}},
			"lastState":{"terminated":{"exitCode":1,"reason":"Error"}}}]}}]}`,
		coreAt + "pods/fraud-scoring-1/log":             string(text),
		coreAt + "events":                               `{"items":[]}`,
		"/apis/apps/v1/namespaces/payments/replicasets": `{"items":[{"metadata":{"name":"fraud-scoring-abc","creationTimestamp":"2026-11-25T20:00:00Z"}}]}`,
	}
}

// diagnosed are the findings of what a server answers, as lines.
func diagnosed(t *testing.T, answers map[string]string) []string {
	var told []string
	reading(t, kubeconfigFile(t, apiServer(t, "t0ken", answers), document{"token": "t0ken"}), func(c *Client) {
		for _, f := range Diagnose(t.Context(), c, "payments", "fraud-scoring") {
			told = append(told, f.String())
		}
	})
	return told
}

func TestAJobManagerThatEndsTellsItsCauseFirst(t *testing.T) {
	told := diagnosed(t, crashing(t, "interval.log"))
	if len(told) != 2 || !strings.Contains(told[0], "heartbeat.interval has a value of the wrong type: log of fraud-scoring-1 before its last restart: ") ||
		!strings.Contains(told[0], `{heartbeat.interval: "3000"}`) || !strings.Contains(told[1], "exit code 1, 4 restarts") {
		t.Errorf("%q", told)
	}
}

func TestAJobThatRestartsTellsFlinksException(t *testing.T) {
	exceptions, err := os.ReadFile("flink/diagnosis/testdata/jaas.exceptions.json")
	if err != nil {
		t.Fatal(err)
	}
	told := diagnosed(t, map[string]string{
		coreAt + "pods": `{"items":[]}`, coreAt + "events": `{"items":[]}`, "/apis/apps/v1/namespaces/payments/replicasets": `{"items":[]}`,
		servicePath + "/jobs/overview":                                    `{"jobs":[{"jid":"5096bf1c8782fa411df4d01bc5fd9b5a","state":"RESTARTING"}]}`,
		servicePath + "/jobs/5096bf1c8782fa411df4d01bc5fd9b5a/exceptions": string(exceptions),
	})
	if len(told) != 1 || !strings.Contains(told[0], "JAAS config entry not terminated by semi-colon") {
		t.Errorf("%q", told)
	}
}

func TestAQuotaIsToldFromTheReplicaSetsEvents(t *testing.T) {
	told := diagnosed(t, map[string]string{
		coreAt + "pods": `{"items":[]}`,
		"/apis/apps/v1/namespaces/payments/replicasets": `{"items":[{"metadata":{"name":"fraud-scoring-abc","creationTimestamp":"2026-11-25T20:00:00Z"}}]}`,
		coreAt + "events": `{"items":[{"type":"Warning","reason":"FailedCreate","lastTimestamp":"2026-11-25T20:00:00Z",
			"message":"Error creating: pods \"fraud-scoring-1\" is forbidden: exceeded quota: payments, requested: memory=2Gi, used: memory=8Gi, limited: memory=8Gi"}]}`,
	})
	if len(told) != 1 || !strings.HasPrefix(told[0], "the ResourceQuota payments leaves no room: ") {
		t.Errorf("%q", told)
	}
}

func TestAReadThatIsRefusedHidesNothing(t *testing.T) {
	answers := crashing(t, "interval.log")
	answers[coreAt+"pods/fraud-scoring-1/log"] = `403 pods "fraud-scoring-1" is forbidden: User "deployer" cannot get resource "pods/log" in API group "" in the namespace "payments"`
	answers["/apis/apps/v1/namespaces/payments/replicasets"] = `403 replicasets.apps is forbidden: User "deployer" cannot list resource "replicasets" in API group "apps" in the namespace "payments"`
	told := strings.Join(diagnosed(t, answers), "\n")
	for _, want := range []string{"exit code 1, 4 restarts", "verb get, resource pods/log, namespace payments", "verb list, resource replicasets, API group apps, namespace payments"} {
		if !strings.Contains(told, want) {
			t.Errorf("%s\nlacks %q", told, want)
		}
	}
}

// A job that is not there, and one that only just starts, is nothing to tell of.
func TestWhatIsNotThereYetIsNoFinding(t *testing.T) {
	if told := diagnosed(t, nil); len(told) > 0 {
		t.Errorf("%q", told)
	}
}

// slow is a cluster that takes its time with each call, and counts them.
type slow struct {
	Inspector
	pods  []map[string]any
	mutex sync.Mutex
	calls int
}

func (s *slow) call() {
	s.mutex.Lock()
	s.calls++
	s.mutex.Unlock()
	time.Sleep(200 * time.Millisecond)
}

func (s *slow) List(_ context.Context, _, plural, _, _ string) ([]map[string]any, error) {
	s.call()
	if plural == "pods" {
		return s.pods, nil
	}
	return []map[string]any{{"metadata": map[string]any{"name": "set"}}}, nil
}

func (s *slow) Logs(context.Context, string, string, string, bool, int) (string, error) {
	s.call()
	return "", errors.New("it takes too long")
}

func (s *slow) Proxy(context.Context, string, string, string, string, url.Values) ([]byte, error) {
	s.call()
	return []byte(`{"jobs":[{"jid":"a"},{"jid":"b"}]}`), nil
}

func (s *slow) Events(context.Context, string, string, string) ([]string, error) {
	s.call()
	return nil, nil
}

func TestADiagnosisIsTwoRoundsAndFifteenCallsAtMost(t *testing.T) {
	cluster := &slow{}
	for i := range 200 {
		cluster.pods = append(cluster.pods, map[string]any{
			"metadata": map[string]any{"name": fmt.Sprint("pod-", i), "labels": map[string]any{"component": []string{"jobmanager", "taskmanager"}[i%2]}},
			"status": map[string]any{
				"initContainerStatuses": []any{map[string]any{"name": "vault-agent-init", "state": map[string]any{"running": map[string]any{}}}},
				"containerStatuses":     []any{map[string]any{"name": "flink-main-container", "restartCount": 3, "state": map[string]any{"terminated": map[string]any{"exitCode": 1}}}}},
		})
	}
	start := time.Now()
	Diagnose(t.Context(), cluster, "payments", "fraud-scoring")
	if took := time.Since(start); took > 1400*time.Millisecond {
		t.Errorf("%s: a round of calls was made one after the other", took)
	}
	if cluster.calls != 15 {
		t.Errorf("%d calls", cluster.calls)
	}
}
