package scenes

import (
	"fmt"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/settings"
)

// What the scenes have in common.

// set is an edit: the setting at a path gets a value.
func set(path string, value any) settings.Edit {
	return settings.Edit{Path: path, Value: value}
}

// change edits the settings and shows the lines, as a pull request would.
func (t *tour) change(edits ...settings.Edit) error {
	lines, err := t.Edit(edits...)
	for _, line := range lines {
		fmt.Fprintf(t.out, "    %s\n", line)
	}
	return err
}

// up runs an update that must go well.
func (t *tour) up() (engine.Outcome, error) {
	out, err := t.Stack.Up(t.ctx)
	if err != nil {
		return out, fmt.Errorf("up failed: %w", err)
	}
	return out, nil
}

// running says that the job is what its settings ask for.
func (t *tour) running() error {
	status := t.flinkStatus()
	if status.Lifecycle != "STABLE" || status.Job != "RUNNING" || status.Observed != status.Generation {
		return fmt.Errorf("up succeeded, but the job is %s and %s, generation %d of %d", status.Lifecycle, status.Job, status.Observed, status.Generation)
	}
	return nil
}

// restoredFrom says that the job runs, and from where it was started.
func (t *tour) restoredFrom(path string) error {
	if err := t.running(); err != nil {
		return err
	}
	if status := t.flinkStatus(); status.Restored != path {
		return fmt.Errorf("the job was started from %q, not from %q", status.Restored, path)
	}
	return nil
}

func (t *tour) setting(path string) string {
	text, _ := t.Settings.Text(path)
	return text
}

func (t *tour) jobOutput(outputs map[string]any) (map[string]any, error) {
	jobs, _ := outputs["jobs"].(map[string]any)
	job, there := jobs[t.setting(settings.Job("name"))].(map[string]any)
	if !there {
		return nil, fmt.Errorf("no output jobs.%s", t.setting(settings.Job("name")))
	}
	return job, nil
}
