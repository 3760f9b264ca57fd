package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"flink-payments/tests/rehearsal/bench"
	"flink-payments/tests/rehearsal/faults"
	"flink-payments/tests/rehearsal/inspect"
	"flink-payments/tests/rehearsal/scenes"
	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/standin/kubernetes"
	"flink-payments/tests/rehearsal/world"
)

// single is the folder that the single commands share.
func (a asked) single() (string, error) { return a.folder("stacks") }

// folder of a stack; one on an API server has its own.
func (a asked) folder(kind string) (string, error) {
	name, err := setup.StackName(a.StackFile)
	if a.Server != nil {
		name += "@" + a.Server.Host()
	}
	return filepath.Join(a.cache, kind, name), err
}

// operation runs one of Pulumi's on the world that earlier commands left.
func operation(name string) func(context.Context, asked) error {
	return func(ctx context.Context, a asked) error {
		var err error
		if a.Dir, err = a.single(); err != nil {
			return err
		}
		r, err := setup.Open(ctx, a.Options)
		if err != nil {
			return err
		}
		defer r.Stop()
		fmt.Fprintf(a.Out, "Settings: %s\n", r.Settings.File)
		switch name {
		case "preview":
			_, err = r.Stack.Preview(ctx)
		case "up":
			_, err = r.Stack.Up(ctx)
		case "refresh":
			_, err = r.Stack.Refresh(ctx)
		case "destroy":
			_, err = r.Stack.Destroy(ctx)
		}
		return err
	}
}

func reset(_ context.Context, a asked) error {
	dir, err := a.single()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "Removed %s\n", dir)
	return os.RemoveAll(dir)
}

func runTour(ctx context.Context, a asked) error {
	var err error
	if a.Dir, err = a.folder("tour"); err != nil {
		return err
	}
	if err := os.RemoveAll(a.Dir); err != nil {
		return err
	}
	return scenes.Play(ctx, a.Options)
}

func runFaults(ctx context.Context, a asked) error {
	return faults.Run(ctx, a.Options, a.kill, a.only)
}

func runBench(ctx context.Context, a asked) error {
	return bench.Run(ctx, a.Options, a.fast, a.build)
}

// showWorld lists the world that the single commands share.
func showWorld(ctx context.Context, a asked) error {
	dir, err := a.single()
	if err != nil {
		return err
	}
	w, err := world.Open(filepath.Join(dir, "world.json"))
	if err != nil {
		return err
	}
	if a.Server != nil {
		if err := kubernetes.Observe(ctx, a.Server, w); err != nil {
			return err
		}
	}
	objects := w.List("", "")
	if len(objects) == 0 {
		fmt.Fprintln(a.Out, "Nothing exists. `up` makes it.")
		return nil
	}
	table := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, o := range objects {
		note := ""
		if o.Type == world.DeploymentType {
			s := inspect.StatusOf(o)
			note = s.Lifecycle + ", " + s.Job + ", image " + inspect.Tag(s.Image)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", o.Type, o.ID, note)
	}
	return table.Flush()
}
