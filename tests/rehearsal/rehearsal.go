package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/standin"
	"flink-payments/tests/rehearsal/world"
)

// packages have a stand-in each.
var packages = []string{"aws", "datadog", "kubernetes", "vault"}

// options of a rehearsal. The zero value of each field is its default.
type options struct {
	// project is the folder of the Pulumi.yaml of the program under rehearsal.
	project string
	// stackFile is Pulumi.<stack>.yaml. It is copied, never written.
	stackFile string
	// dir keeps world, state and settings between commands.
	dir string
	cli engine.CLI
	// jobs multiplies the first job of the settings; 0 leaves the settings alone.
	jobs int
	// latency is the factor of the times in the wild; 0: none.
	latency float64
	// real packages have no stand-in: their plugin on PATH takes over.
	real []string
	// server is a real one that the kubernetes stand-in works on; nil: none.
	server *standin.APIServer
	// before is called before each provider call; an error fails the call.
	before func(standin.Call) error
	// after is called after each, before the engine hears of it; nil: nothing is.
	after func(standin.Call)
	// charts is the address of a chart repository that is served already; empty: one is served.
	charts string
	// smallCRDs keeps the operator's own CRDs out of the charts: they are most of a
	// state, which the engine writes at each step.
	smallCRDs bool
	// passphrase of the state; empty: a fixed one, for a state that holds no real secrets.
	passphrase string
	// around adds to the program under rehearsal; nil: nothing.
	around func(pulumi.RunFunc) pulumi.RunFunc
	// noLog keeps the CLI from its log (engine.Options.NoLog).
	noLog bool
	// lean starts the CLI once an operation (engine.Options.Lean), and keeps the
	// world in memory.
	lean bool
	out  io.Writer
}

// A rehearsal is a stack with its settings, its world, and the engine on both.
type rehearsal struct {
	options
	name     string
	world    *world.World
	settings *settings
	stack    *engine.Stack
	close    []func()
}

const projectName = "flink-payments"

// stackName is prod for Pulumi.prod.yaml.
func stackName(file string) (string, error) {
	name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
	if name == "" || name == filepath.Base(file) || strings.Contains(name, "Pulumi") {
		return "", fmt.Errorf("%s: a stack's settings are in a file Pulumi.<stack>.yaml", file)
	}
	return name, nil
}

// open starts the stand-ins, and the chart repository that the settings then
// name, and attaches the engine to them.
func open(ctx context.Context, o options) (*rehearsal, error) {
	name, err := stackName(o.stackFile)
	if err != nil {
		return nil, err
	}
	r := &rehearsal{options: o, name: name}
	if err := r.start(ctx); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

func (r *rehearsal) start(ctx context.Context) error {
	if err := os.MkdirAll(engine.Work(r.dir), 0o700); err != nil {
		return err
	}
	if err := r.copySettings(); err != nil {
		return err
	}
	var err error
	if r.world, err = world.Open(filepath.Join(r.dir, "world.json")); err != nil {
		return err
	}
	if r.lean {
		r.world.Detach()
	}
	if err := r.serveCharts(); err != nil {
		return err
	}
	ports := map[string]int{}
	for _, pkg := range packages {
		if slices.Contains(r.real, pkg) {
			continue
		}
		port, stop, err := standin.Serve(ctx, pkg, r.world, standin.Options{Before: r.before, After: r.after, Latency: scaled(r.latency), APIServer: r.server})
		if err != nil {
			return fmt.Errorf("stand-in of %s: %w", pkg, err)
		}
		r.close = append(r.close, stop)
		ports[pkg] = port
	}
	color := "never"
	if engine.IsTerminal(r.out) {
		color = "always"
	}
	program := pulumi.RunFunc(r.watching().Run)
	if r.around != nil {
		program = r.around(program)
	}
	r.stack, err = engine.Open(ctx, engine.Options{
		CLI: r.cli, Dir: r.dir, Name: r.name, Program: program, Providers: ports,
		Passphrase: cmp.Or(r.passphrase, "rehearsal"), Out: r.out, Color: color, NoLog: r.noLog, Lean: r.lean,
	})
	return err
}

func (r *rehearsal) stop() {
	slices.Reverse(r.close)
	for _, stop := range r.close {
		stop()
	}
	r.close = nil
}

// copySettings brings Pulumi.yaml, and the settings where no copy is there
// yet: an edit of an earlier command stays until `reset`.
func (r *rehearsal) copySettings() error {
	project, err := os.ReadFile(filepath.Join(r.project, "Pulumi.yaml"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(engine.Work(r.dir), "Pulumi.yaml"), project, 0o600); err != nil {
		return err
	}
	file := filepath.Join(engine.Work(r.dir), "Pulumi."+r.name+".yaml")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		text, err := os.ReadFile(r.stackFile)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return err
		}
	}
	if r.settings, err = readSettings(file); err != nil {
		return err
	}
	if r.jobs > 0 {
		if err := r.settings.jobCount(r.jobs); err != nil {
			return err
		}
	}
	if r.server != nil {
		// The program reads the cluster too, by itself.
		err = errors.Join(r.settings.set(clusterPath+".context", r.server.Context), r.settings.set(clusterPath+".kubeconfig", r.server.File))
		if err != nil {
			return err
		}
	}
	return r.settings.save()
}

// clusterPath is the way to the cluster.
const clusterPath = projectName + ":cluster"

// Where the settings say from where the charts come.
const (
	// nextOperator is the version that the tour goes to.
	nextOperator    = "1.15.0"
	operatorPath    = projectName + ":platform.operator"
	certManagerPath = projectName + ":platform.certManager"
)

// serveCharts serves the charts in the settings' versions and points the
// settings at them, unless a copy of settings comes with a repository that is
// served already.
func (r *rehearsal) serveCharts() error {
	version := func(path, otherwise string) string {
		if v, set := r.settings.text(path + ".version"); set {
			return v
		}
		return otherwise
	}
	if r.charts != "" {
		return nil
	}
	crds := filepath.Join(r.project, "..", "shared", "data", "flink-crds")
	if r.smallCRDs {
		crds = ""
	}
	served, err := serveCharts(filepath.Join(r.dir, "charts.port"), crds,
		slices.Compact([]string{version(operatorPath, "1.10.0"), nextOperator}), version(certManagerPath, "v1.15.3"))
	if err != nil {
		return err
	}
	r.close = append(r.close, served.stop)
	r.charts = served.URL
	if err := r.settings.set(operatorPath+".repository", r.charts+"/flink-kubernetes-operator"); err != nil {
		return err
	}
	if err := r.settings.set(certManagerPath+".repository", r.charts+"/cert-manager"); err != nil {
		return err
	}
	return r.settings.save()
}

// reread takes the file up again: the CLI writes its encryption salt there.
func (r *rehearsal) reread() (err error) {
	r.settings, err = readSettings(r.settings.file)
	return err
}

// An edit is one setting and its new value; nil takes the setting away.
type edit struct {
	path  string
	value any
}

// jobPath is a path below the first job.
func jobPath(path string) string { return projectName + ":jobs[0]." + path }

// edit changes settings as a person does, and returns the lines that changed.
func (r *rehearsal) edit(edits ...edit) ([]string, error) {
	if err := r.reread(); err != nil {
		return nil, err
	}
	before := r.settings.String()
	for _, e := range edits {
		if err := r.settings.set(e.path, e.value); err != nil {
			return nil, err
		}
	}
	return changedLines(before, r.settings.String()), r.settings.save()
}

// indented is a writer that puts a mark before each line: what Pulumi says
// stands out from what the tour says.
type indented struct {
	out  io.Writer
	mark string
	rest bytes.Buffer
}

func (w *indented) Write(p []byte) (int, error) {
	w.rest.Write(p)
	for {
		line, err := w.rest.ReadString('\n')
		if err != nil {
			w.rest.WriteString(line)
			return len(p), nil
		}
		if _, err := io.WriteString(w.out, w.mark+line); err != nil {
			return 0, err
		}
	}
}
