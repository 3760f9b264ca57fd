package scenes

import (
	"errors"
	"fmt"
	"strings"

	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

// The scenes of a job's later life.

func (t *tour) suspends() (string, error) {
	if err := t.change(set(settings.Job("suspended"), true)); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	if status := t.flinkStatus(); status.Lifecycle != "SUSPENDED" || status.Job != "FINISHED" {
		return "", fmt.Errorf("the job is %s and %s", status.Lifecycle, status.Job)
	}
	kept := t.newestState()
	if _, err := t.isIdle(); err != nil {
		return "", fmt.Errorf("the next preview: %w", err)
	}
	if err := t.change(set(settings.Job("suspended"), false)); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	return "SUSPENDED, then RUNNING from " + kept, t.restoredFrom(kept)
}

func (t *tour) restarts() (string, error) {
	if err := t.change(set(settings.Job("restart.request"), 1)); err != nil {
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
	case now.Started == before.Started:
		return "", errors.New("the job was not restarted")
	case now.Restored == "" || now.Restored == before.Restored || now.Restored == state:
		return "", fmt.Errorf("the job was started from %q, which is no new savepoint", now.Restored)
	}
	return "new pods, from " + now.Restored, nil
}

func (t *tour) rebuilds() (string, error) {
	if err := t.loseJob(); err != nil {
		return "", err
	}
	fmt.Fprintln(t.out, "    by hand: the FlinkDeployment is gone, and what the operator kept of it")
	newest := t.newestState()
	if err := t.change(set(settings.Job("restore.from"), "latest"), set(settings.Job("restore.request"), 3)); err != nil {
		return "", err
	}
	if _, err := t.Stack.Refresh(t.ctx); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	if err := t.restoredFrom(newest); err != nil {
		return "", err
	}
	outputs, err := t.Stack.Outputs(t.ctx)
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
	from := t.setting(settings.Operator + ".version")
	if err := t.change(set(settings.Operator+".version", setup.NextOperator)); err != nil {
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
	return fmt.Sprintf("%s to %s: %d CRDs, then the release; the job on its generation %d since before", from, setup.NextOperator, len(crds), before.Generation), nil
}

// loseJob takes the FlinkDeployment away. In the model no operator has a say
// in it, as when the cluster is gone; an API server has one, and finalizers.
func (t *tour) loseJob() error {
	id := t.setting(settings.Job("namespace")) + "/" + t.setting(settings.Job("name"))
	if t.Server != nil {
		if err := t.Server.Remove(t.ctx, world.DeploymentType, id); err != nil {
			return err
		}
	}
	failed := t.World.Delete("kubernetes", world.DeploymentType, id)
	for _, o := range t.World.Where(func(_, typ, of string) bool {
		return typ == operator.PodType && strings.HasPrefix(of, id+"-") || typ == "kubernetes:apps/v1:Deployment" && of == id
	}) {
		failed = errors.Join(failed, t.World.Delete("kubernetes", o.Type, o.ID))
	}
	return failed
}
