package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"flink-payments/tests/rehearsal/engine"
)

// benchFactor is the latency of the bench where none is asked for. A second
// up takes twice that: the difference of the two holds nothing of what the
// engine itself takes.
const benchFactor = 0.1

func runBench(ctx context.Context, a asked) error {
	scratch, err := os.MkdirTemp("", "rehearsal-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if a.latency == 0 {
		a.latency = benchFactor
	}
	if err := benchUp(ctx, a, filepath.Join(scratch, "up")); err != nil {
		return err
	}
	counts := []int{1, 10, 50, 200}
	if a.fast {
		counts = counts[:2]
	}
	if err := benchPreviews(ctx, a, scratch, counts); err != nil {
		return err
	}
	if !a.build {
		fmt.Fprintln(a.out, "\nCold builds: not measured; --build does, in about 8 minutes.")
		return nil
	}
	return benchBuilds(ctx, a, scratch)
}

// benchUp measures one up against the longest path of its graph, and against
// one step after another.
func benchUp(ctx context.Context, a asked, dir string) error {
	up := func(factor float64, dir string) (engine.Outcome, apitype.DeploymentV3, error) {
		o := a.options
		o.dir, o.latency, o.out = dir, factor, io.Discard
		r, err := open(ctx, o)
		if err != nil {
			return engine.Outcome{}, apitype.DeploymentV3{}, err
		}
		defer r.stop()
		out, err := r.stack.Up(ctx)
		if err != nil {
			return out, apitype.DeploymentV3{}, fmt.Errorf("up: %w\n%s", err, out.Text)
		}
		state, err := r.stack.State(projectName)
		return out, state, err
	}
	fmt.Fprintf(a.out, "Two ups, at 1/%.0f and 1/%.0f of the times in latency.go ...\n", 1/a.latency, 1/(2*a.latency))
	fast, _, err := up(a.latency, dir+"-fast")
	if err != nil {
		return err
	}
	slow, state, err := up(2*a.latency, dir+"-slow")
	if err != nil {
		return err
	}
	path := criticalPath(state.Resources)
	var all time.Duration
	for _, r := range state.Resources {
		all += cost(r)
	}
	critical := path[len(path)-1].done
	makespan := time.Duration(float64(slow.Took-fast.Took) / a.latency).Round(time.Second)
	engines := max(0, fast.Took-time.Duration(a.latency*float64(makespan))).Round(100 * time.Millisecond)
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nMakespan of an up in the wild; the engine itself takes %s\n", engines)
	fmt.Fprintf(table, "  longest path of the graph\t%s\t\n", critical)
	fmt.Fprintf(table, "  this program, measured\t%s\t%.2f x the longest path\n", makespan, float64(makespan)/float64(critical))
	fmt.Fprintf(table, "  one step after another, as in the guide\t%s\t%.2f x\n", all, float64(all)/float64(critical))
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(a.out, "\nThe longest path:")
	for _, p := range path {
		if p.cost > 0 {
			fmt.Fprintf(a.out, "  %6s  %s\n", p.cost, short(p.urn))
		}
	}
	return nil
}

// A stop is a resource on a path, what it takes, and when it is done at best.
type stop struct {
	urn        resource.URN
	cost, done time.Duration
	after      *stop
}

// cost is the time of creating a resource; components and providers cost nothing.
func cost(r apitype.ResourceV3) time.Duration {
	if !r.Custom || r.External || strings.HasPrefix(string(r.Type), "pulumi:") {
		return 0
	}
	return wild(string(r.Type), "Create")
}

// criticalPath is the longest path through the graph of a state, first to last.
// A state lists each resource after those that it depends on.
func criticalPath(resources []apitype.ResourceV3) []*stop {
	at := map[resource.URN]*stop{}
	last := &stop{}
	for _, r := range resources {
		// A provider's reference is its URN, two colons and its ID.
		provider := r.Provider[:max(0, strings.LastIndex(r.Provider, "::"))]
		waits := append([]resource.URN{r.Parent, resource.URN(provider)}, r.Dependencies...)
		for _, on := range r.PropertyDependencies {
			waits = append(waits, on...)
		}
		here := &stop{urn: r.URN, cost: cost(r)}
		for _, urn := range waits {
			if before := at[urn]; before != nil && (here.after == nil || before.done > here.after.done) {
				here.after = before
			}
		}
		here.done = here.cost
		if here.after != nil {
			here.done += here.after.done
		}
		at[r.URN] = here
		if here.done >= last.done {
			last = here
		}
	}
	var path []*stop
	for s := last; s != nil; s = s.after {
		path = append(path, s)
	}
	slices.Reverse(path)
	return path
}

// short is a resource's type and name.
func short(urn resource.URN) string { return string(urn.Type()) + " " + urn.Name() }

// benchPreviews takes the time of a first preview by number of jobs.
func benchPreviews(ctx context.Context, a asked, scratch string, counts []int) error {
	fmt.Fprintln(a.out, "\nPreview of a new stack, by number of jobs")
	for _, n := range counts {
		o := a.options
		o.dir, o.jobs, o.latency, o.out = filepath.Join(scratch, fmt.Sprintf("jobs-%d", n)), n, 0, io.Discard
		r, err := open(ctx, o)
		if err != nil {
			return err
		}
		out, err := r.stack.Preview(ctx)
		r.stop()
		if err != nil {
			return fmt.Errorf("preview of %d jobs: %w\n%s", n, err, out.Text)
		}
		fmt.Fprintf(a.out, "  %4d jobs  %6.1f s  %5d resources\n", n, out.Took.Seconds(), out.Changes["create"])
	}
	return nil
}

// stockImports are those of the same program written with the SDKs' own packages.
const stockImports = `package main

import (
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	_ "github.com/pulumi/pulumi-datadog/sdk/v4/go/datadog"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	_ "github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	_ "github.com/pulumi/pulumi-vault/sdk/v6/go/vault/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() { pulumi.Run(func(*pulumi.Context) error { return nil }) }
`

// benchBuilds builds the program and its twin on stock imports, each with an
// empty cache, as the language host builds.
func benchBuilds(ctx context.Context, a asked, scratch string) error {
	stock := filepath.Join(scratch, "stock")
	if err := os.MkdirAll(stock, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(a.project, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(stock, name), text, 0o600); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(stock, "main.go"), []byte(stockImports), 0o600); err != nil {
		return err
	}
	fmt.Fprintln(a.out, "\nCold build, empty GOCACHE                 CPU      wall     largest process   binary")
	for _, b := range []struct{ name, dir, flags string }{
		{"this program", a.project, "-buildvcs=false"},
		// What the stock imports need beyond the program's go.sum may be added to their copy.
		{"stock imports (nothing but the imports)", stock, "-buildvcs=false -mod=mod"},
	} {
		binary := filepath.Join(scratch, "binary")
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-w -s", "-o", binary, ".")
		cmd.Dir = b.dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS="+b.flags, "GOCACHE="+filepath.Join(scratch, "cache-"+filepath.Base(b.dir)))
		began := time.Now()
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", b.name, err, text)
		}
		wall := time.Since(began)
		info, err := os.Stat(binary)
		if err != nil {
			return err
		}
		cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		fmt.Fprintf(a.out, "  %-40s %5.0f s  %5.0f s  %8.1f GB  %10.0f MB\n", b.name, cpu.Seconds(), wall.Seconds(),
			float64(peak(cmd.ProcessState))/(1<<30), float64(info.Size())/(1<<20))
	}
	return nil
}
