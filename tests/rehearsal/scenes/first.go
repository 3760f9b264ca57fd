package scenes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/inspect"
	"flink-payments/tests/rehearsal/settings"
)

// The scenes from nothing to a running job.

func (t *tour) previews() (string, error) {
	before := t.contents()
	out, err := t.Stack.Preview(t.ctx)
	if err != nil {
		return "", err
	}
	if lines := inspect.Changed(before, t.contents()); len(lines) > 0 {
		return "", fmt.Errorf("the preview touched the world:\n%s", strings.Join(lines, "\n"))
	}
	if out.Changes["create"] < 20 {
		return "", fmt.Errorf("only %d resources to create: the preview stopped half way", out.Changes["create"])
	}
	return fmt.Sprintf("%d resources to create, none touched", out.Changes["create"]), nil
}

func (t *tour) goesUp() (string, error) {
	out, err := t.up()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d resources; job STABLE and RUNNING", out.Changes["create"]), t.running()
}

func (t *tour) shows() (string, error) {
	outputs, err := t.Stack.Outputs(t.ctx)
	if err != nil {
		return "", err
	}
	job, err := t.jobOutput(outputs)
	if err != nil {
		return "", err
	}
	for _, key := range slices.Sorted(maps.Keys(job)) {
		fmt.Fprintf(t.out, "    %-20s %v\n", key, job[key])
	}
	for _, key := range []string{"bucket", "keyArn", "roleArn", "trustSubject"} {
		if text, _ := job[key].(string); text == "" {
			return "", fmt.Errorf("output %s is missing", key)
		}
	}
	if job["bucket"] != t.setting(settings.Job("state.bucket")) {
		return "", fmt.Errorf("bucket is %v, the settings say %s", job["bucket"], t.setting(settings.Job("state.bucket")))
	}
	return fmt.Sprintf("state in %v, reached by %v", job["bucket"], job["trustSubject"]), nil
}

func (t *tour) isIdle() (string, error) {
	out, err := t.Stack.Preview(t.ctx, "--expect-no-changes")
	if err != nil {
		return "", err
	}
	if out.Changed() {
		return "", fmt.Errorf("changes: %v", out.Changes)
	}
	return fmt.Sprintf("%d resources the same", out.Changes["same"]), nil
}

func (t *tour) takesSavepoint() (string, error) {
	if err := t.change(set(settings.Job("savepoint.request"), 1)); err != nil {
		return "", err
	}
	started := t.flinkStatus().Started
	if _, err := t.up(); err != nil {
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
	savepoint, _ := job["savepoint"].(map[string]any)
	t.savepoint, _ = savepoint["location"].(string)
	if !strings.HasPrefix(t.savepoint, "s3://"+t.setting(settings.Job("state.bucket"))+"/savepoints/") {
		return "", fmt.Errorf("output savepoint.location is %q", t.savepoint)
	}
	if now := t.flinkStatus().Started; now != started {
		return "", fmt.Errorf("the job was restarted for a savepoint: started %s, before %s", now, started)
	}
	return t.savepoint + ", job not restarted", t.running()
}
