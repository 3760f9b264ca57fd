// Package scenes plays the life of a stack, scene by scene, and proves each. The
// faults that a life may meet are in package faults.
package scenes

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/standin"
	"flink-payments/tests/rehearsal/standin/provider"
)

// A tour is the story of a stack's life. Each scene proves something, or the
// tour fails.
type tour struct {
	*setup.Rehearsal
	ctx context.Context
	out io.Writer
	// rows of the table at the end.
	rows []row
	// said is all that Pulumi printed.
	said strings.Builder

	lock  sync.Mutex
	calls []provider.Call

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

// Play plays all scenes in a new folder; the first one that does not hold ends it.
func Play(ctx context.Context, o setup.Options) error {
	t := &tour{ctx: ctx, out: o.Out}
	o.Out = io.MultiWriter(&t.said, &indented{out: t.out, mark: "    | "})
	o.NoLog = true
	o.Before = func(call provider.Call) error {
		t.lock.Lock()
		defer t.lock.Unlock()
		t.calls = append(t.calls, call)
		return nil
	}
	began := time.Now()
	var err error
	if t.Rehearsal, err = setup.Open(ctx, o); err != nil {
		return err
	}
	defer t.Stop()
	fmt.Fprintf(t.out, "The stack %s, on the real Pulumi engine %s, with stand-ins for %s.\n", t.Name, o.CLI.Version, strings.Join(standin.Packages, ", "))
	if t.Server != nil {
		fmt.Fprintf(t.out, "The objects of Kubernetes are in the API server of %s, context %s; Helm releases and the operator stay modelled.\n", t.Server.File, t.Server.Context)
	}
	fmt.Fprintf(t.out, "Settings: a copy of %s, with the chart repositories on this machine: %s\n", o.StackFile, t.Settings.File)

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
