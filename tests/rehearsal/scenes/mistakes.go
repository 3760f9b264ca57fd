package scenes

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"flink-payments/tests/rehearsal/inspect"
	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/world"
)

// The scenes in which somebody does what should not be done.

func (t *tour) findsDrift() (string, error) {
	wanted := t.contents()
	done, err := t.meddle()
	if err != nil {
		return "", err
	}
	for _, what := range done {
		fmt.Fprintf(t.out, "    by hand: %s\n", what)
	}
	drift, err := t.Stack.Drift(t.ctx)
	if err != nil {
		return "", err
	}
	if n := drift.Changes["update"] + drift.Changes["delete"]; n < len(done) {
		return "", fmt.Errorf("%d changes by hand, refresh finds %d: %v", len(done), n, drift.Changes)
	}
	if _, err := t.Stack.Refresh(t.ctx); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	if lines := inspect.Changed(wanted, t.contents()); len(lines) > 0 {
		return "", fmt.Errorf("up did not put it right:\n%s", strings.Join(lines, "\n"))
	}
	return fmt.Sprintf("%d changes by hand found and put right", len(done)), t.running()
}

func (t *tour) refuses() (string, error) {
	good, err := os.ReadFile(t.Settings.File)
	if err != nil {
		return "", err
	}
	wrong := []settings.Edit{
		set(settings.Job("upgradeMode"), "stateless"),
		set(settings.Job("checkpoints.retention"), "DELETE_ON_CANCELLATION"),
		set(settings.Project+":cluster.name", ""),
	}
	if err := t.change(wrong...); err != nil {
		return "", err
	}
	before := t.contents()
	out, err := t.Stack.Up(t.ctx)
	if err == nil {
		return "", errors.New("up took them")
	}
	for _, e := range wrong {
		if !strings.Contains(out.Text, e.Path) {
			return "", fmt.Errorf("%s is not named", e.Path)
		}
	}
	if lines := inspect.Changed(before, t.contents()); len(lines) > 0 {
		return "", fmt.Errorf("up touched the world:\n%s", strings.Join(lines, "\n"))
	}
	if err := os.WriteFile(t.Settings.File, good, 0o600); err != nil {
		return "", err
	}
	return fmt.Sprintf("all %d named, nothing touched", len(wrong)), t.Reread()
}

// refusesASecondStack plays on a copy of the world: what a stack makes before
// it is refused would be in the way of the first one.
func (t *tour) refusesASecondStack() (string, error) {
	if t.Server != nil {
		return "not played: it would need a second API server", nil
	}
	o := t.Options
	o.Dir = filepath.Join(t.Dir, "second")
	if err := setup.Copy(o.Dir, t.Dir, "work"); err != nil {
		return "", err
	}
	o.Before = nil
	second, err := setup.Open(t.ctx, o)
	if err != nil {
		return "", err
	}
	defer second.Stop()
	kept, job := inspect.Protected(second.World), t.flinkStatus()
	// At its worst: it goes on with all that it can still make.
	out, err := second.Stack.Up(t.ctx, "--continue-on-error")
	if err == nil {
		return "", errors.New("it took the bucket over")
	}
	bucket := t.setting(settings.Job("state.bucket"))
	if !strings.Contains(out.Text, "BucketAlready") || !strings.Contains(out.Text, bucket) {
		return "", fmt.Errorf("the error does not say that bucket %s is there already", bucket)
	}
	if err := inspect.Lost(kept, second.World); err != nil {
		return "", err
	}
	there, _ := second.World.Get("kubernetes", world.DeploymentType, t.setting(settings.Job("namespace"))+"/"+t.setting(settings.Job("name")))
	if now := inspect.StatusOf(there); now != job {
		return "", fmt.Errorf("the job was %+v, and is %+v", job, now)
	}
	return "refused: bucket " + bucket + " is there already; the job of the first goes on", nil
}

const (
	versioningType    = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	networkPolicyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
)

// meddle changes the world behind Pulumi's back.
func (t *tour) meddle() ([]string, error) {
	bucket, namespace := t.setting(settings.Job("state.bucket")), t.setting(settings.Job("namespace"))
	err := t.World.Edit("aws", versioningType, bucket, func(o *world.Object) error {
		o.State["versioningConfiguration"] = map[string]any{"status": "Suspended"}
		return nil
	})
	if err != nil {
		return nil, err
	}
	policies := t.World.Where(func(_, typ, id string) bool {
		return typ == networkPolicyType && strings.HasPrefix(id, namespace+"/")
	})
	if len(policies) == 0 {
		return nil, errors.New("there is no NetworkPolicy to delete")
	}
	if t.Server != nil {
		err = t.Server.Remove(t.ctx, networkPolicyType, policies[0].ID)
	}
	if err := errors.Join(err, t.World.Delete("kubernetes", networkPolicyType, policies[0].ID)); err != nil {
		return nil, err
	}
	return []string{"versioning of " + bucket + " suspended", "NetworkPolicy " + policies[0].ID + " deleted"}, nil
}
