package k8s

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"flink-payments/k8s/flink"
)

// script is a cluster whose answers are written down, the last one for good.
type script struct {
	answers []any // map[string]any, nil or an error
	events  []string
	asked   []string
}

func (s *script) Get(_ context.Context, _, plural, namespace, name string) (map[string]any, error) {
	s.asked = append(s.asked, plural+" "+namespace+"/"+name)
	answer := s.answers[min(len(s.asked), len(s.answers))-1]
	if err, refused := answer.(error); refused {
		return nil, err
	}
	object, _ := answer.(map[string]any)
	return object, nil
}

func (s *script) Events(context.Context, string, string, string) ([]string, error) {
	return s.events, nil
}

type object = map[string]any

func deploymentAt(observed int, lifecycle, job, problem string) object {
	return object{
		"metadata": object{"generation": 2.0},
		"status": object{
			"observedGeneration": float64(observed), "lifecycleState": lifecycle, "error": problem,
			"reconciliationStatus": object{"state": "DEPLOYED", "lastReconciledSpec": "{}"},
			"jobStatus":            object{"state": job}, "jobManagerDeploymentStatus": "READY",
		},
	}
}

func quick(reader Reader, said *[]string) watch {
	return watch{reader: reader, limit: 200 * time.Millisecond, every: time.Millisecond, say: func(s string) { *said = append(*said, s) }}
}

var job = watchedDeployment("payments", "fraud-scoring", false)

func TestAWaitEndsWhenTheNewGenerationRuns(t *testing.T) {
	var said []string
	before, upgrading := deploymentAt(1, "STABLE", "RUNNING", ""), deploymentAt(2, "UPGRADING", "FINISHED", "")
	cluster := &script{answers: []any{before, before, errors.New("connection refused"), upgrading, deploymentAt(2, "STABLE", "RUNNING", "")}}
	if err := quick(cluster, &said).until(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if len(cluster.asked) != 5 || cluster.asked[0] != "flinkdeployments payments/fraud-scoring" {
		t.Errorf("asked %q", cluster.asked)
	}
	if len(said) != 2 || !strings.Contains(said[1], "lifecycleState UPGRADING") {
		t.Errorf("said %q", said)
	}
}

func TestAFailureEndsTheWaitAtOnceInTheOperatorsWords(t *testing.T) {
	cluster := &script{
		answers: []any{deploymentAt(2, "DEPLOYED", "RECONCILING", ""), deploymentAt(2, "FAILED", "FAILED", "Back-off pulling image")},
		events:  []string{"one", "two", "three", "four", "five", "six: the last"},
	}
	w := quick(cluster, new([]string))
	w.limit = time.Hour
	err := w.until(t.Context(), job)
	if err == nil {
		t.Fatal("it did not fail")
	}
	for _, want := range []string{
		"FlinkDeployment payments/fraud-scoring: it failed\n  the job is FAILED\n", "error: Back-off pulling image", "lifecycleState FAILED",
		"jobStatus.state FAILED", "jobManagerDeploymentStatus READY", "reconciliationStatus.state DEPLOYED", "six: the last",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%s", want, err)
		}
	}
	if strings.Contains(err.Error(), "one") {
		t.Errorf("more than the last events:\n%s", err)
	}
}

// Between two looks the error changed: it is the edit's, which one look cannot tell.
func TestAFailureEndsWithTheWayOutAndTheRunbook(t *testing.T) {
	const restore = `{"type":"o.UpgradeFailureException","message":"HA metadata is not available. Manual restore required."}`
	at := func(problem string) object {
		of := deploymentAt(1, "DEPLOYED", "RECONCILING", problem)
		of["status"].(object)["jobManagerDeploymentStatus"] = "ERROR"
		of["status"].(object)["jobStatus"].(object)["upgradeSavepointPath"] = "s3://bucket/savepoints/savepoint-1"
		return of
	}
	var said []string
	w := quick(&script{answers: []any{at("back-off 40s restarting failed container=f"), at(restore)}}, &said)
	w.limit = time.Hour
	err := w.until(t.Context(), job)
	const end = "\n  the way out, in the job's settings, and pulumi up:\n    restore: {from: s3://bucket/savepoints/savepoint-1, request: 1, skipSavepoint: true}\n  docs/runbook.md: Rollback"
	if err == nil || !strings.HasSuffix(err.Error(), end) {
		t.Errorf("it ends with %v", err)
	}
	if len(said) != 2 || !strings.Contains(said[0], "waited for up to 1m0s") || !strings.Contains(said[1], "Manual restore required") {
		t.Errorf("said %q", said)
	}
}

func TestAFailureIsLookedAtTwice(t *testing.T) {
	failed, done := deploymentAt(2, "FAILED", "FAILED", ""), deploymentAt(2, "STABLE", "RUNNING", "")
	if err := quick(&script{answers: []any{failed, done}}, new([]string)).until(t.Context(), job); err != nil {
		t.Error(err)
	}
}

func TestATimeLimitSaysHowFarItCame(t *testing.T) {
	for want, answer := range map[string]any{
		"jobStatus.state RESTARTING":                 deploymentAt(2, "STABLE", "RESTARTING", ""),
		"it cannot be read: no route to host":        errors.New("no route to host"),
		"there is no such object in the cluster":     nil,
		"has not taken up generation 2 (it is at 1)": deploymentAt(1, "STABLE", "RUNNING", ""),
		"error: Cannot take a savepoint right now.":  deploymentAt(2, "STABLE", "RUNNING", "Cannot take a savepoint right now."),
	} {
		w := quick(&script{answers: []any{answer}}, new([]string))
		w.limit = 20 * time.Millisecond
		err := w.until(t.Context(), job)
		if err == nil || !strings.Contains(err.Error(), "not as asked for after 20ms") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestACancelledUpdateEndsTheWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := quick(&script{answers: []any{deploymentAt(1, "STABLE", "RUNNING", "")}}, new([]string))
	w.limit = time.Hour
	if err := w.until(ctx, job); err == nil || strings.Contains(err.Error(), "not as asked for") {
		t.Errorf("it ended with %v", err)
	}
}

func TestOnlyARunningJobIsAskedForASavepoint(t *testing.T) {
	args := SavepointArgs{Object: flink.FlinkStateSnapshot{Spec: flink.FlinkStateSnapshotSpec{JobReference: flink.JobReference{Name: "fraud-scoring"}}}}
	for want, answer := range map[string]any{
		"":                               deploymentAt(2, "STABLE", "RUNNING", ""),
		"is FAILED: only a RUNNING job":  deploymentAt(2, "FAILED", "FAILED", ""),
		"there is none":                  nil,
		"cannot be read: no route":       errors.New("no route"),
		"is RESTARTING: only a RUNNING ": deploymentAt(2, "STABLE", "RESTARTING", ""),
	} {
		args.Reader = &script{answers: []any{answer}}
		err := args.mayStart(t.Context(), "payments")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestASavepointThatFailedIsNotWaitedForAgain(t *testing.T) {
	watched := watchedSnapshot("payments", "fraud-scoring-savepoint-3")
	for state, refused := range map[string]bool{"FAILED": true, "ABANDONED": true, "IN_PROGRESS": false, "COMPLETED": false} {
		cluster := &script{answers: []any{object{"status": object{"state": state, "error": "denied"}}}}
		args := SavepointArgs{Raise: "savepoint.request", Reader: cluster}
		err := args.mayGoOn(t.Context(), quick(cluster, new([]string)), watched)
		if (err != nil) != refused || err != nil && (!strings.Contains(err.Error(), "error: denied") || !strings.Contains(err.Error(), "raise savepoint.request")) {
			t.Errorf("%s: %v", state, err)
		}
	}
}

// inspected is a script whose pods say why the job does not run.
type inspected struct {
	*script
	Inspector
}

func (i inspected) Get(ctx context.Context, version, plural, namespace, name string) (map[string]any, error) {
	return i.script.Get(ctx, version, plural, namespace, name)
}

func (i inspected) Events(ctx context.Context, kind, namespace, name string) ([]string, error) {
	return i.script.Events(ctx, kind, namespace, name)
}

func (inspected) List(_ context.Context, _, plural, _, _ string) ([]map[string]any, error) {
	if plural != "pods" {
		return nil, nil
	}
	return []map[string]any{{
		"metadata": object{"name": "fraud-scoring-0", "labels": object{"app": "fraud-scoring", "component": "jobmanager"}},
		"status": object{"phase": "Pending", "containerStatuses": []any{object{
			"name": "flink-main-container", "image": "registry/fraud-scoring:1.6.0",
			"state": object{"waiting": object{"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
		}}},
	}}, nil
}

func (inspected) Logs(context.Context, string, string, string, bool, int) (string, error) {
	return "", nil
}

func (inspected) Proxy(context.Context, string, string, string, string, url.Values) ([]byte, error) {
	return nil, errors.New("no route")
}

func TestAFailureNamesItsCauseAndWhatToDo(t *testing.T) {
	cluster := inspected{script: &script{answers: []any{deploymentAt(2, "FAILED", "FAILED", "")}}}
	err := quick(cluster, new([]string)).until(t.Context(), job)
	if err == nil || !strings.Contains(err.Error(), "registry/fraud-scoring:1.6.0") || !strings.Contains(err.Error(), "do: ") {
		t.Errorf("it says %v", err)
	}
}
