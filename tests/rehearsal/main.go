// Command rehearsal takes a stack up for real, with no account: the Pulumi
// engine is the real one, the services behind it are stand-ins on this machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/standin"
	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
		os.Exit(1)
	}
}

// A verb is one command.
type verb struct {
	name, short, long string
	// flags adds those that only this command has.
	flags func(*flag.FlagSet, *asked)
	do    func(context.Context, asked) error
	// ownWorlds is of a command that makes and drops worlds, which no API server is asked to.
	ownWorlds bool
}

// asked is what a person asked for on the command line.
type asked struct {
	setup.Options
	kill  bool
	only  string
	build bool
	fast  bool
	cache string
	// kubeconfig of Options.Server.
	kubeconfig string
}

func verbs() []verb {
	return []verb{
		{"tour", "the whole story from nothing to teardown, each step proved; start here",
			"Takes the stack of --stack-file up on stand-ins, in a folder of its own, and proves each\nstep of a job's life. Ends in a table; exits 1 when a step does not hold.", nil, runTour, false},
		{"preview", "what `up` would do", "Pulumi's own preview. Nothing is touched.", nil, operation("preview"), false},
		{"up", "make it so", "Pulumi's own up. The world stays for the next command; so do edits of the settings' copy.", nil, operation("up"), false},
		{"refresh", "take over into the state what was changed by hand", "Pulumi's own refresh.", nil, operation("refresh"), false},
		{"destroy", "take down all but the state of the jobs", "Pulumi's own destroy --exclude-protected: bucket and key are protected, and stay.", nil, operation("destroy"), false},
		{"world", "what exists now, outside Pulumi", "Lists what the stand-ins hold.", nil, showWorld, false},
		{"reset", "forget world, state and settings of the single commands", "Removes the folder of the single commands, and the copy of the settings with it.", nil, reset, false},
		{"faults", "fail each provider call in turn, and converge", "For every provider call of an up and of a destroy: the call fails, or with --kill the engine\ndies there; the next run must reach the same world, and nothing protected may be lost, then\nor in between. On two cores about 3 minutes, with --kill about 4.",
			func(f *flag.FlagSet, a *asked) {
				f.BoolVar(&a.kill, "kill", false, "the engine dies at the call, before and after the service did it: from what its files and\nthe services were at that instant, and each twelfth time by a real kill -9")
				f.StringVar(&a.only, "only", "", "only calls whose description holds this `text`, such as Create or s3/bucket")
			}, runFaults, true},
		{"bench", "where the time goes", "Prints the makespan of an up against its critical path and the guide's order, and preview\ntime by number of jobs. With --build also CPU time and memory of a cold build, against stock imports.",
			func(f *flag.FlagSet, a *asked) {
				f.BoolVar(&a.build, "build", false, "measure cold builds too: about 8 minutes on 2 cores, 10 GB of memory")
				f.BoolVar(&a.fast, "fast", false, "previews of 1 and 10 jobs only")
			}, runBench, true},
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || args[0] == "-h" || args[0] == "--help" || args[0] == "help" {
		usage(out)
		return nil
	}
	for _, v := range verbs() {
		if v.name == args[0] {
			return v.run(ctx, args[1:], out)
		}
	}
	usage(out)
	return fmt.Errorf("there is no command %q", args[0])
}

func usage(out io.Writer) {
	fmt.Fprint(out, "Takes the stack up with the real Pulumi engine, and stand-ins for AWS, Kubernetes, Vault and Datadog.\n\n"+
		"Usage: go -C tests/rehearsal run . COMMAND [flags]\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, v := range verbs() {
		fmt.Fprintf(table, "  %s\t%s\n", v.name, v.short)
	}
	table.Flush()
	fmt.Fprint(out, "\nCOMMAND --help lists its flags.\n")
}

func (v verb) run(ctx context.Context, args []string, out io.Writer) error {
	root, err := setup.Project()
	if err != nil {
		return err
	}
	a := asked{Options: setup.Options{Project: root, Out: out}}
	f := flag.NewFlagSet(v.name, flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() {
		fmt.Fprintf(out, "%s\n\nUsage: go -C tests/rehearsal run . %s [flags]\n\n", v.long, v.name)
		f.PrintDefaults()
	}
	f.StringVar(&a.StackFile, "stack-file", filepath.Join(root, "Pulumi.prod.yaml"), "the stack's settings; a copy is used, with the repositories of the charts on this machine")
	f.IntVar(&a.Jobs, "job-count", 0, "make this many jobs of the first one (default: the settings as they are)")
	f.Float64Var(&a.Latency, "latency", 0, "let each resource take this `factor` of its time in the wild: 1 is real time, 0 at once")
	if !v.ownWorlds {
		f.StringVar(&a.kubeconfig, "kubeconfig", "", "`file` (an absolute path) of a kubeconfig: the objects of Kubernetes are made in the API server of its\n"+
			"current context, by server-side apply, and the model of the operator writes status and finalizers there.\n"+
			"Helm releases stay modelled. Each server has a stack of its own here; nothing else in the cluster is touched")
	}
	f.Func("real", "`package` (aws, kubernetes, vault, datadog) without stand-in: its plugin on PATH takes over; may be repeated", func(pkg string) error {
		if !slices.Contains(standin.Packages, pkg) {
			return fmt.Errorf("write one of %s", strings.Join(standin.Packages, ", "))
		}
		a.Real = append(a.Real, pkg)
		return nil
	})
	if v.flags != nil {
		v.flags(f, &a)
	}
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%s: unexpected %q", v.name, f.Arg(0))
	}
	if a.cache, err = setup.Cache(); err != nil {
		return err
	}
	if a.kubeconfig != "" {
		if slices.Contains(a.Real, "kubernetes") {
			return errors.New("--kubeconfig is for the kubernetes stand-in, which --real kubernetes takes away")
		}
		if a.Server, err = apiserver.Connect(ctx, a.kubeconfig); err != nil {
			return err
		}
	}
	if a.CLI, err = engine.FindCLI(ctx, a.cache, filepath.Join(root, "tests", "rehearsal", "cli"), out); err != nil {
		return err
	}
	return v.do(ctx, a)
}
