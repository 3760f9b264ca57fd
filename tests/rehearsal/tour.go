package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/standin"
)

// A tour is the story of a stack's life. Each scene proves something, or the
// tour fails.
type tour struct {
	*rehearsal
	ctx context.Context
	out io.Writer
	// rows of the table at the end.
	rows []row
	// said is all that Pulumi printed.
	said strings.Builder

	lock  sync.Mutex
	calls []standin.Call

	// What later scenes need of earlier ones.
	firstImage string
	savepoint  string
}

type row struct {
	scene, seen string
	took        time.Duration
	held        bool
}

// A scene is one step: what a person does, why it matters, and the proof.
type scene struct {
	title string
	// about is what the reader should look at.
	about string
	play  func(*tour) (seen string, err error)
}

var scenes = []scene{
	{"preview", "What would be made. Nothing may be touched.", (*tour).previews},
	{"up", "From nothing to a running job, in one command. It may only succeed when the job is STABLE and RUNNING.", (*tour).goesUp},
	{"outputs", "What an auditor asks: where the state is, and who can reach it.", (*tour).shows},
	{"nothing to change", "A second preview must find nothing to do.", (*tour).isIdle},
	{"savepoint", "Raise savepoint.request: a savepoint is taken while the job runs, and its path is an output.", (*tour).takesSavepoint},
	{"upgrade", "A new image: the operator stops the job with a savepoint and starts the new image from it.", (*tour).upgrades},
	{"bad upgrade", "An image that does not start: the update must fail, and say so.", (*tour).failsToUpgrade},
	{"rollback", "The old image, and restore.from the savepoint taken above: the job runs again, from there.", (*tour).rollsBack},
	{"going back", "The same while the job runs: what runs is saved first, in the same update.", (*tour).savesAndGoesBack},
	{"suspend, resume", "suspended: true keeps a savepoint and no pods; false goes on from there.", (*tour).suspends},
	{"restart", "Raise restart.request, as after a rotated credential: new pods, from a savepoint.", (*tour).restarts},
	{"rebuild", "The FlinkDeployment is gone, the bucket is not: restore.from latest finds the newest state.", (*tour).rebuilds},
	{"operator upgrade", "Another version of the operator: first its CRDs, then the release. No job may notice.", (*tour).upgradesOperator},
	{"drift", "Somebody changes things by hand. refresh must find it, up must put it right.", (*tour).findsDrift},
	{"wrong settings", "Three mistakes at once. All must be named, and nothing may be touched.", (*tour).refuses},
	{"teardown", "destroy takes the job first, with a last savepoint, then the operator, then cert-manager; bucket, key and state stay.", (*tour).tearsDown},
	{"up again", "The same settings after the teardown: around the same bucket and key, from the last savepoint.", (*tour).goesUpAgain},
	{"a second stack", "Another stack on the same bucket: it must be refused, and the job go on.", (*tour).refusesASecondStack},
}

func runTour(ctx context.Context, a asked) error {
	var err error
	if a.dir, err = a.folder("tour"); err != nil {
		return err
	}
	if err := os.RemoveAll(a.dir); err != nil {
		return err
	}
	return takeTour(ctx, a.options)
}

// takeTour plays all scenes in a new folder; the first one that does not hold ends it.
func takeTour(ctx context.Context, o options) error {
	t := &tour{ctx: ctx, out: o.out}
	o.out = io.MultiWriter(&t.said, &indented{out: t.out, mark: "    | "})
	o.noLog = true
	o.before = func(call standin.Call) error {
		t.lock.Lock()
		defer t.lock.Unlock()
		t.calls = append(t.calls, call)
		return nil
	}
	began := time.Now()
	var err error
	if t.rehearsal, err = open(ctx, o); err != nil {
		return err
	}
	defer t.stop()
	fmt.Fprintf(t.out, "The stack %s, on the real Pulumi engine %s, with stand-ins for %s.\n", t.name, o.cli.Version, strings.Join(packages, ", "))
	if t.server != nil {
		fmt.Fprintf(t.out, "The objects of Kubernetes are in the API server of %s, context %s; Helm releases and the operator stay modelled.\n", t.server.File, t.server.Context)
	}
	fmt.Fprintf(t.out, "Settings: a copy of %s, with the chart repositories on this machine: %s\n", o.stackFile, t.settings.file)

	for i, s := range scenes {
		fmt.Fprintf(t.out, "\n%d. %s\n   %s\n", i+1, strings.ToUpper(s.title), s.about)
		start := time.Now()
		seen, failed := s.play(t)
		t.rows = append(t.rows, row{s.title, seen, time.Since(start), failed == nil})
		if failed != nil {
			err = fmt.Errorf("%s: %w", s.title, failed)
			t.rows[i].seen = strings.SplitN(failed.Error(), "\n", 2)[0]
			fmt.Fprintf(t.out, "   DOES NOT HOLD: %s\n", failed)
			break
		}
		fmt.Fprintf(t.out, "   Proved: %s\n", seen)
	}
	t.table(time.Since(began))
	return err
}

func (t *tour) table(took time.Duration) {
	fmt.Fprintf(t.out, "\nWhat was seen, in %s\n\n", took.Round(time.Second))
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for i, s := range scenes {
		switch {
		case i >= len(t.rows):
			fmt.Fprintf(table, "  %d\t-\t%s\t\tnot reached\n", i+1, s.title)
		case t.rows[i].held:
			fmt.Fprintf(table, "  %d\tok\t%s\t%s\t%s\n", i+1, s.title, t.rows[i].took.Round(100*time.Millisecond), t.rows[i].seen)
		default:
			fmt.Fprintf(table, "  %d\tNO\t%s\t%s\t%s\n", i+1, s.title, t.rows[i].took.Round(100*time.Millisecond), t.rows[i].seen)
		}
	}
	table.Flush()
}

// change edits the settings and shows the lines, as a pull request would.
func (t *tour) change(edits ...edit) error {
	lines, err := t.edit(edits...)
	for _, line := range lines {
		fmt.Fprintf(t.out, "    %s\n", line)
	}
	return err
}

// up runs an update that must go well.
func (t *tour) up() (engine.Outcome, error) {
	out, err := t.stack.Up(t.ctx)
	if err != nil {
		return out, fmt.Errorf("up failed: %w", err)
	}
	return out, nil
}

// running says that the job is what its settings ask for.
func (t *tour) running() error {
	status := t.flinkStatus()
	if status.lifecycle != "STABLE" || status.job != "RUNNING" || status.observed != status.generation {
		return fmt.Errorf("up succeeded, but the job is %s and %s, generation %d of %d", status.lifecycle, status.job, status.observed, status.generation)
	}
	return nil
}

func (t *tour) setting(path string) string {
	text, _ := t.settings.text(path)
	return text
}

func (t *tour) previews() (string, error) {
	before := t.contents()
	out, err := t.stack.Preview(t.ctx)
	if err != nil {
		return "", err
	}
	if lines := changedLines(before, t.contents()); len(lines) > 0 {
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
	outputs, err := t.stack.Outputs(t.ctx)
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
	if job["bucket"] != t.setting(jobPath("state.bucket")) {
		return "", fmt.Errorf("bucket is %v, the settings say %s", job["bucket"], t.setting(jobPath("state.bucket")))
	}
	return fmt.Sprintf("state in %v, reached by %v", job["bucket"], job["trustSubject"]), nil
}

func (t *tour) jobOutput(outputs map[string]any) (map[string]any, error) {
	jobs, _ := outputs["jobs"].(map[string]any)
	job, there := jobs[t.setting(jobPath("name"))].(map[string]any)
	if !there {
		return nil, fmt.Errorf("no output jobs.%s", t.setting(jobPath("name")))
	}
	return job, nil
}

func (t *tour) isIdle() (string, error) {
	out, err := t.stack.Preview(t.ctx, "--expect-no-changes")
	if err != nil {
		return "", err
	}
	if out.Changed() {
		return "", fmt.Errorf("changes: %v", out.Changes)
	}
	return fmt.Sprintf("%d resources the same", out.Changes["same"]), nil
}

func (t *tour) takesSavepoint() (string, error) {
	if err := t.change(edit{jobPath("savepoint.request"), 1}); err != nil {
		return "", err
	}
	started := t.flinkStatus().started
	if _, err := t.up(); err != nil {
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
	savepoint, _ := job["savepoint"].(map[string]any)
	t.savepoint, _ = savepoint["location"].(string)
	if !strings.HasPrefix(t.savepoint, "s3://"+t.setting(jobPath("state.bucket"))+"/savepoints/") {
		return "", fmt.Errorf("output savepoint.location is %q", t.savepoint)
	}
	if now := t.flinkStatus().started; now != started {
		return "", fmt.Errorf("the job was restarted for a savepoint: started %s, before %s", now, started)
	}
	return t.savepoint + ", job not restarted", t.running()
}

func (t *tour) upgrades() (string, error) {
	t.firstImage = t.setting(jobPath("image"))
	next := imageOf(t.firstImage, nextVersion)
	if err := t.change(edit{jobPath("image"), next}); err != nil {
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
	if status.image != next {
		return "", fmt.Errorf("the job runs %s", status.image)
	}
	taken := t.savepoints()
	if len(taken) <= len(before) {
		return "", fmt.Errorf("no savepoint was taken: still %d in the bucket", len(taken))
	}
	return fmt.Sprintf("runs %s, restored from a savepoint taken by the operator", tagOf(next)), nil
}

func (t *tour) failsToUpgrade() (string, error) {
	if err := t.change(edit{jobPath("image"), imageOf(t.firstImage, brokenVersion)}); err != nil {
		return "", err
	}
	out, err := t.stack.Up(t.ctx)
	if err == nil {
		return "", errors.New("up said that all is well")
	}
	// The operator's own words, as a person would find them in the status.
	words := "Back-off pulling image"
	if !strings.Contains(out.Text, words) {
		return "", fmt.Errorf("up failed, and does not say why: %q is nowhere", words)
	}
	again, err := t.stack.Up(t.ctx)
	if err == nil || !strings.Contains(again.Text, words) {
		return "", errors.New("the next up forgot that the job does not run")
	}
	return fmt.Sprintf("up failed, twice, with the operator's words: %s", words), nil
}

func (t *tour) rollsBack() (string, error) {
	// The job that failed to start takes no savepoint.
	if err := t.change(edit{jobPath("image"), t.firstImage}, edit{jobPath("restore.from"), t.savepoint},
		edit{jobPath("restore.request"), 1}, edit{jobPath("restore.skipSavepoint"), true}); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	if err := t.running(); err != nil {
		return "", err
	}
	status := t.flinkStatus()
	if status.restored != t.savepoint {
		return "", fmt.Errorf("the job was restored from %q", status.restored)
	}
	if _, err := t.isIdle(); err != nil {
		return "", fmt.Errorf("the next preview: %w", err)
	}
	return fmt.Sprintf("runs %s from %s", tagOf(t.firstImage), t.savepoint), nil
}

func (t *tour) findsDrift() (string, error) {
	wanted := t.contents()
	done, err := t.meddle()
	if err != nil {
		return "", err
	}
	for _, what := range done {
		fmt.Fprintf(t.out, "    by hand: %s\n", what)
	}
	drift, err := t.stack.Drift(t.ctx)
	if err != nil {
		return "", err
	}
	if n := drift.Changes["update"] + drift.Changes["delete"]; n < len(done) {
		return "", fmt.Errorf("%d changes by hand, refresh finds %d: %v", len(done), n, drift.Changes)
	}
	if _, err := t.stack.Refresh(t.ctx); err != nil {
		return "", err
	}
	if _, err := t.up(); err != nil {
		return "", err
	}
	if lines := changedLines(wanted, t.contents()); len(lines) > 0 {
		return "", fmt.Errorf("up did not put it right:\n%s", strings.Join(lines, "\n"))
	}
	return fmt.Sprintf("%d changes by hand found and put right", len(done)), t.running()
}

func (t *tour) refuses() (string, error) {
	good, err := os.ReadFile(t.settings.file)
	if err != nil {
		return "", err
	}
	wrong := []edit{
		{jobPath("upgradeMode"), "stateless"},
		{jobPath("checkpoints.retention"), "DELETE_ON_CANCELLATION"},
		{projectName + ":cluster.name", ""},
	}
	if err := t.change(wrong...); err != nil {
		return "", err
	}
	before := t.contents()
	out, err := t.stack.Up(t.ctx)
	if err == nil {
		return "", errors.New("up took them")
	}
	for _, e := range wrong {
		if !strings.Contains(out.Text, e.path) {
			return "", fmt.Errorf("%s is not named", e.path)
		}
	}
	if lines := changedLines(before, t.contents()); len(lines) > 0 {
		return "", fmt.Errorf("up touched the world:\n%s", strings.Join(lines, "\n"))
	}
	if err := os.WriteFile(t.settings.file, good, 0o600); err != nil {
		return "", err
	}
	return fmt.Sprintf("all %d named, nothing touched", len(wrong)), t.reread()
}

func (t *tour) tearsDown() (string, error) {
	kept, savepoints := protected(t.world), len(t.savepoints())
	if len(t.stateObjects()) == 0 {
		return "", errors.New("there is no state to lose")
	}
	t.forget()
	if _, err := t.stack.Destroy(t.ctx); err != nil {
		return "", err
	}
	if err := lost(kept, t.world); err != nil {
		return "", err
	}
	if len(t.savepoints()) <= savepoints {
		return "", errors.New("no last savepoint was taken")
	}
	if err := t.inOrder("Delete", "FlinkDeployment", "operator-release", "cert-manager-release"); err != nil {
		return "", err
	}
	return fmt.Sprintf("job, with a last savepoint, then operator, then cert-manager; all %d buckets, keys and objects of state are there", len(kept)), nil
}
