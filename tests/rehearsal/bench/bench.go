// Package bench measures where the time goes: of an up, of previews, of a cold
// build. It proves nothing.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/setup"
)

// factor is the latency of the bench where none is asked for. A second
// up takes twice that: the difference of the two holds nothing of what the
// engine itself takes.
const factor = 0.1

// Run prints what it measures: previews of 1 and 10 jobs only where fast, cold
// builds too where build.
func Run(ctx context.Context, o setup.Options, fast, build bool) error {
	scratch, err := os.MkdirTemp("", "rehearsal-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if o.Latency == 0 {
		o.Latency = factor
	}
	if err := measureUp(ctx, o, filepath.Join(scratch, "up")); err != nil {
		return err
	}
	counts := []int{1, 10, 50, 200}
	if fast {
		counts = counts[:2]
	}
	if err := measurePreviews(ctx, o, scratch, counts); err != nil {
		return err
	}
	if !build {
		fmt.Fprintln(o.Out, "\nCold builds: not measured; --build does, in about 8 minutes.")
		return nil
	}
	return measureBuilds(ctx, o, scratch)
}

// measureUp measures one up against the longest path of its graph, and against
// one step after another.
func measureUp(ctx context.Context, o setup.Options, dir string) error {
	up := func(latency float64, dir string) (engine.Outcome, apitype.DeploymentV3, error) {
		o := o
		o.Dir, o.Latency, o.Out = dir, latency, io.Discard
		r, err := setup.Open(ctx, o)
		if err != nil {
			return engine.Outcome{}, apitype.DeploymentV3{}, err
		}
		defer r.Stop()
		out, err := r.Stack.Up(ctx)
		if err != nil {
			return out, apitype.DeploymentV3{}, fmt.Errorf("up: %w\n%s", err, out.Text)
		}
		state, err := r.Stack.State(settings.Project)
		return out, state, err
	}
	fmt.Fprintf(o.Out, "Two ups, at 1/%.0f and 1/%.0f of the times in latency.go ...\n", 1/o.Latency, 1/(2*o.Latency))
	fast, _, err := up(o.Latency, dir+"-fast")
	if err != nil {
		return err
	}
	slow, state, err := up(2*o.Latency, dir+"-slow")
	if err != nil {
		return err
	}
	path := criticalPath(state.Resources)
	var all time.Duration
	for _, r := range state.Resources {
		all += cost(r)
	}
	critical := path[len(path)-1].done
	makespan := time.Duration(float64(slow.Took-fast.Took) / o.Latency).Round(time.Second)
	engines := max(0, fast.Took-time.Duration(o.Latency*float64(makespan))).Round(100 * time.Millisecond)
	table := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nMakespan of an up in the wild; the engine itself takes %s\n", engines)
	fmt.Fprintf(table, "  longest path of the graph\t%s\t\n", critical)
	fmt.Fprintf(table, "  this program, measured\t%s\t%.2f x the longest path\n", makespan, float64(makespan)/float64(critical))
	fmt.Fprintf(table, "  one step after another, as in the guide\t%s\t%.2f x\n", all, float64(all)/float64(critical))
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(o.Out, "\nThe longest path:")
	for _, p := range path {
		if p.cost > 0 {
			fmt.Fprintf(o.Out, "  %6s  %s\n", p.cost, short(p.urn))
		}
	}
	return nil
}

// measurePreviews takes the time of a first preview by number of jobs.
func measurePreviews(ctx context.Context, o setup.Options, scratch string, counts []int) error {
	fmt.Fprintln(o.Out, "\nPreview of a new stack, by number of jobs")
	for _, n := range counts {
		o := o
		o.Dir, o.Jobs, o.Latency, o.Out = filepath.Join(scratch, fmt.Sprintf("jobs-%d", n)), n, 0, io.Discard
		r, err := setup.Open(ctx, o)
		if err != nil {
			return err
		}
		out, err := r.Stack.Preview(ctx)
		r.Stop()
		if err != nil {
			return fmt.Errorf("preview of %d jobs: %w\n%s", n, err, out.Text)
		}
		fmt.Fprintf(o.Out, "  %4d jobs  %6.1f s  %5d resources\n", n, out.Took.Seconds(), out.Changes["create"])
	}
	return nil
}
