package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"flink-payments/tests/rehearsal/standin/operator"
)

// The scenes of a job's later life.

// restoredFrom says that the job runs, and from where it was started.
func (t *tour) restoredFrom(path string) error {
	if err := t.running(); err != nil {
		return err
	}
	if status := t.flinkStatus(); status.restored != path {
		return fmt.Errorf("the job was started from %q, not from %q", status.restored, path)
	}
	return nil
}

func (t *tour) savesAndGoesBack() (string, error) {
	if err := t.change(edit{jobPath("restore.request"), 2}, edit{jobPath("restore.skipSavepoint"), false}); err != nil {
		return "", err
	}
	before := len(t.savepoints())
	t.forget()
	if _, err := t.up(); err != nil {
		return "", err
	}
	if err := t.restoredFrom(t.savepoint); err != nil {
		return "", err
	}
	name := t.setting(jobPath("name")) + "-before-restore-2"
	saved, there := t.world.Get(operator.Package, operator.SnapshotType, t.setting(jobPath("namespace"))+"/"+name)
	status, _ := saved.State["status"].(map[string]any)
	if !there || status["state"] != "COMPLETED" {
		return "", fmt.Errorf("FlinkStateSnapshot %s is %v", name, status["state"])
	}
	if len(t.savepoints()) <= before {
		return "", errors.New("no savepoint was taken")
	}
	calls := strings.Join(append(t.called("FlinkStateSnapshot"), t.called("Update", "FlinkDeployment")...), "\n")
	if !strings.HasPrefix(calls, "Create "+operator.SnapshotType) || !strings.Contains(calls, "Update "+operator.DeploymentType) {
		return "", fmt.Errorf("the calls were:\n%s", calls)
	}
	return fmt.Sprintf("what ran is %v; the job runs from %s", status["path"], t.savepoint), nil
}

func (t *tour) suspends() (string, error) {
	if err := t.change(edit{jobPath("suspended"), true}); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	if status := t.flinkStatus(); status.lifecycle != "SUSPENDED" || status.job != "FINISHED" {
		return "", fmt.Errorf("the job is %s and %s", status.lifecycle, status.job)
	}
	kept := t.newestState()
	if _, err := t.isIdle(); err != nil {
		return "", fmt.Errorf("the next preview: %w", err)
	}
	if err := t.change(edit{jobPath("suspended"), false}); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	return "SUSPENDED, then RUNNING from " + kept, t.restoredFrom(kept)
}

func (t *tour) restarts() (string, error) {
	if err := t.change(edit{jobPath("restart.request"), 1}); err != nil {
		return "", err
	}
	before, state := t.flinkStatus(), t.newestState()
	if _, err := t.up(); err != nil {
		return "", err
	}
	if err := t.running(); err != nil {
		return "", err
	}
	now := t.flinkStatus()
	switch {
	case now.started == before.started:
		return "", errors.New("the job was not restarted")
	case now.restored == "" || now.restored == before.restored || now.restored == state:
		return "", fmt.Errorf("the job was started from %q, which is no new savepoint", now.restored)
	}
	return "new pods, from " + now.restored, nil
}

func (t *tour) rebuilds() (string, error) {
	if err := t.loseJob(); err != nil {
		return "", err
	}
	fmt.Fprintln(t.out, "    by hand: the FlinkDeployment is gone, and what the operator kept of it")
	newest := t.newestState()
	if err := t.change(edit{jobPath("restore.from"), "latest"}, edit{jobPath("restore.request"), 3}); err != nil {
		return "", err
	}
	if _, err := t.stack.Refresh(t.ctx); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	if err := t.restoredFrom(newest); err != nil {
		return "", err
	}
	outputs, err := t.stack.Outputs(t.ctx)
	if err != nil {
		return "", err
	}
	job, err := t.jobOutput(outputs)
	if err != nil {
		return "", err
	}
	if restore, _ := job["restore"].(map[string]any); restore["from"] != newest {
		return "", fmt.Errorf("output restore.from is %v", restore["from"])
	}
	if _, err := t.isIdle(); err != nil {
		return "", fmt.Errorf("the next preview: %w", err)
	}
	return "runs from " + newest + ", the newest in the bucket", nil
}

func (t *tour) upgradesOperator() (string, error) {
	from := t.setting(operatorPath + ".version")
	if err := t.change(edit{operatorPath + ".version", nextOperator}); err != nil {
		return "", err
	}
	before := t.flinkStatus()
	t.forget()
	if _, err := t.up(); err != nil {
		return "", err
	}
	crds, release := t.called("CustomResourceDefinition"), t.called("operator-release")
	if all := t.called("platform-operator-"); len(crds) == 0 || len(release) != 1 || all[len(all)-1] != release[0] {
		return "", fmt.Errorf("first all CRDs, then the release; the calls were:\n%s", strings.Join(all, "\n"))
	}
	if touched := t.called("FlinkDeployment "); len(touched) > 0 {
		return "", fmt.Errorf("the job was touched: %v", touched)
	}
	if now := t.flinkStatus(); now != before {
		return "", fmt.Errorf("the job was %+v, and is %+v", before, now)
	}
	return fmt.Sprintf("%s to %s: %d CRDs, then the release; the job on its generation %d since before", from, nextOperator, len(crds), before.generation), nil
}

func (t *tour) goesUpAgain() (string, error) {
	newest := t.newestState()
	kept := protected(t.world)
	t.forget()
	if _, err := t.up(); err != nil {
		return "", err
	}
	if err := errors.Join(lost(kept, t.world), t.restoredFrom(newest)); err != nil {
		return "", err
	}
	if made := append(t.called("Create", bucketType), t.called("Create", keyType)...); len(made) > 0 {
		return "", fmt.Errorf("made anew: %v", made)
	}
	if _, err := t.isIdle(); err != nil {
		return "", fmt.Errorf("the next preview: %w", err)
	}
	return "same bucket and key; runs from " + newest, nil
}

// refusesASecondStack plays on a copy of the world: what a stack makes before
// it is refused would be in the way of the first one.
func (t *tour) refusesASecondStack() (string, error) {
	if t.server != nil {
		return "not played: it would need a second API server", nil
	}
	o := t.options
	o.dir = filepath.Join(t.dir, "second")
	if err := copyStack(o.dir, t.dir, "work"); err != nil {
		return "", err
	}
	o.before = nil
	second, err := open(t.ctx, o)
	if err != nil {
		return "", err
	}
	defer second.stop()
	kept, job := protected(second.world), t.flinkStatus()
	// At its worst: it goes on with all that it can still make.
	out, err := second.stack.Up(t.ctx, "--continue-on-error")
	if err == nil {
		return "", errors.New("it took the bucket over")
	}
	bucket := t.setting(jobPath("state.bucket"))
	if !strings.Contains(out.Text, "BucketAlready") || !strings.Contains(out.Text, bucket) {
		return "", fmt.Errorf("the error does not say that bucket %s is there already", bucket)
	}
	if err := lost(kept, second.world); err != nil {
		return "", err
	}
	there, _ := second.world.Get(operator.Package, operator.DeploymentType, t.setting(jobPath("namespace"))+"/"+t.setting(jobPath("name")))
	if now := statusOf(there); now != job {
		return "", fmt.Errorf("the job was %+v, and is %+v", job, now)
	}
	return "refused: bucket " + bucket + " is there already; the job of the first goes on", nil
}
