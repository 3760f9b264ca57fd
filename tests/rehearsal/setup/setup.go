// Package setup puts a rehearsal together: a folder with a copy of the settings,
// a world, the stand-ins around it and the engine. What is then done with them is
// in packages of their own.
package setup

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/latency"
	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/standin"
	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

// Options of a rehearsal. The zero value of each field is its default.
type Options struct {
	// Project is the folder of the Pulumi.yaml of the program under rehearsal.
	Project string
	// StackFile is Pulumi.<stack>.yaml. It is copied, never written.
	StackFile string
	// Dir keeps world, state and settings between commands.
	Dir string
	CLI engine.CLI
	// Jobs multiplies the first job of the settings; 0 leaves the settings alone.
	Jobs int
	// Latency is the factor of the times in the wild; 0: none.
	Latency float64
	// Real packages have no stand-in: their plugin on PATH takes over.
	Real []string
	// Server is a real one that the kubernetes stand-in works on; nil: none.
	Server *apiserver.Server
	// Before is called before each provider call; an error fails the call.
	Before func(provider.Call) error
	// After is called after each, before the engine hears of it; nil: nothing is.
	After func(provider.Call)
	// Charts is the address of a chart repository that is served already; empty: one is served.
	Charts string
	// SmallCRDs keeps the operator's own CRDs out of the charts: they are most of a
	// state, which the engine writes at each step.
	SmallCRDs bool
	// Passphrase of the state; empty: a fixed one, for a state that holds no real secrets.
	Passphrase string
	// Around adds to the program under rehearsal; nil: nothing.
	Around func(pulumi.RunFunc) pulumi.RunFunc
	// NoLog keeps the CLI from its log (engine.Options.NoLog).
	NoLog bool
	// Lean starts the CLI once an operation (engine.Options.Lean), and keeps the
	// world in memory.
	Lean bool
	Out  io.Writer
}

// A Rehearsal is a stack with its settings, its world, and the engine on both.
type Rehearsal struct {
	Options
	Name     string
	World    *world.World
	Settings *settings.Settings
	Stack    *engine.Stack
	close    []func()
}

// Open starts the stand-ins, and the chart repository that the settings then
// name, and attaches the engine to them.
func Open(ctx context.Context, o Options) (*Rehearsal, error) {
	name, err := StackName(o.StackFile)
	if err != nil {
		return nil, err
	}
	r := &Rehearsal{Options: o, Name: name}
	if err := r.start(ctx); err != nil {
		r.Stop()
		return nil, err
	}
	return r, nil
}

func (r *Rehearsal) start(ctx context.Context) error {
	if err := os.MkdirAll(engine.Work(r.Dir), 0o700); err != nil {
		return err
	}
	if err := r.copySettings(); err != nil {
		return err
	}
	var err error
	if r.World, err = world.Open(filepath.Join(r.Dir, "world.json")); err != nil {
		return err
	}
	if r.Lean {
		r.World.Detach()
	}
	if err := r.serveCharts(); err != nil {
		return err
	}
	ports := map[string]int{}
	for _, pkg := range standin.Packages {
		if slices.Contains(r.Real, pkg) {
			continue
		}
		port, stop, err := standin.Serve(ctx, pkg, r.World, standin.Options{
			Hooks: provider.Hooks{Before: r.Before, After: r.After, Latency: latency.Scaled(r.Latency)}, APIServer: r.Server})
		if err != nil {
			return fmt.Errorf("stand-in of %s: %w", pkg, err)
		}
		r.close = append(r.close, stop)
		ports[pkg] = port
	}
	color := "never"
	if engine.IsTerminal(r.Out) {
		color = "always"
	}
	program := pulumi.RunFunc(r.watching().Run)
	if r.Around != nil {
		program = r.Around(program)
	}
	r.Stack, err = engine.Open(ctx, engine.Options{
		CLI: r.CLI, Dir: r.Dir, Name: r.Name, Program: program, Providers: ports,
		Passphrase: cmp.Or(r.Passphrase, "rehearsal"), Out: r.Out, Color: color, NoLog: r.NoLog, Lean: r.Lean,
	})
	return err
}

// Stop ends what Open started.
func (r *Rehearsal) Stop() {
	slices.Reverse(r.close)
	for _, stop := range r.close {
		stop()
	}
	r.close = nil
}
