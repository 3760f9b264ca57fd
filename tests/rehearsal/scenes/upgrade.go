package scenes

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"flink-payments/tests/rehearsal/inspect"
	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/world"
)

// The scenes of an upgrade, and of the ways back.

// Versions of the image after the first. The operator's model knows a tag that
// ends in -bad: its pods never come up.
const (
	nextVersion   = "1.5.0"
	brokenVersion = "1.6.0-bad"
)

var tagPattern = regexp.MustCompile(`:[^:/@]+@sha256:[0-9a-f]{2}`)

// imageOf is another version of an image: another tag, another digest.
func imageOf(image, version string) string {
	digits := strings.ReplaceAll(version, ".", "")
	return tagPattern.ReplaceAllString(image, ":"+version+"@sha256:"+digits[:2])
}

func (t *tour) upgrades() (string, error) {
	t.firstImage = t.setting(settings.Job("image"))
	next := imageOf(t.firstImage, nextVersion)
	if err := t.change(set(settings.Job("image"), next)); err != nil {
		return "", err
	}
	before := t.savepoints()
	if _, err := t.up(); err != nil {
		return "", err
	}
	if err := t.running(); err != nil {
		return "", err
	}
	status := t.flinkStatus()
	if status.Image != next {
		return "", fmt.Errorf("the job runs %s", status.Image)
	}
	taken := t.savepoints()
	if len(taken) <= len(before) {
		return "", fmt.Errorf("no savepoint was taken: still %d in the bucket", len(taken))
	}
	return fmt.Sprintf("runs %s, restored from a savepoint taken by the operator", inspect.Tag(next)), nil
}

func (t *tour) failsToUpgrade() (string, error) {
	if err := t.change(set(settings.Job("image"), imageOf(t.firstImage, brokenVersion))); err != nil {
		return "", err
	}
	out, err := t.Stack.Up(t.ctx)
	if err == nil {
		return "", errors.New("up said that all is well")
	}
	// The operator's own words, as a person would find them in the status.
	words := "failed to pull and unpack image"
	if !strings.Contains(out.Text, words) {
		return "", fmt.Errorf("up failed, and does not say why: %q is nowhere", words)
	}
	again, err := t.Stack.Up(t.ctx)
	if err == nil || !strings.Contains(again.Text, words) {
		return "", errors.New("the next up forgot that the job does not run")
	}
	return fmt.Sprintf("up failed, twice, with the operator's words: %s", words), nil
}

func (t *tour) rollsBack() (string, error) {
	// The job that failed to start takes no savepoint.
	if err := t.change(set(settings.Job("image"), t.firstImage), set(settings.Job("restore.from"), t.savepoint),
		set(settings.Job("restore.request"), 1), set(settings.Job("restore.skipSavepoint"), true)); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	if err := t.running(); err != nil {
		return "", err
	}
	status := t.flinkStatus()
	if status.Restored != t.savepoint {
		return "", fmt.Errorf("the job was restored from %q", status.Restored)
	}
	if _, err := t.isIdle(); err != nil {
		return "", fmt.Errorf("the next preview: %w", err)
	}
	return fmt.Sprintf("runs %s from %s", inspect.Tag(t.firstImage), t.savepoint), nil
}

func (t *tour) savesAndGoesBack() (string, error) {
	if err := t.change(set(settings.Job("restore.request"), 2), set(settings.Job("restore.skipSavepoint"), false)); err != nil {
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
	name := t.setting(settings.Job("name")) + "-before-restore-2"
	saved, there := t.World.Get("kubernetes", world.SnapshotType, t.setting(settings.Job("namespace"))+"/"+name)
	status, _ := saved.State["status"].(map[string]any)
	if !there || status["state"] != "COMPLETED" {
		return "", fmt.Errorf("FlinkStateSnapshot %s is %v", name, status["state"])
	}
	if len(t.savepoints()) <= before {
		return "", errors.New("no savepoint was taken")
	}
	calls := strings.Join(append(t.called("FlinkStateSnapshot"), t.called("Update", "FlinkDeployment")...), "\n")
	if !strings.HasPrefix(calls, "Create "+world.SnapshotType) || !strings.Contains(calls, "Update "+world.DeploymentType) {
		return "", fmt.Errorf("the calls were:\n%s", calls)
	}
	return fmt.Sprintf("what ran is %v; the job runs from %s", status["path"], t.savepoint), nil
}
