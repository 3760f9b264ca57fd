package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/inspect"
	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/standin/provider"
)

// A phase is an operation that is harmed, and what it starts from and leads to.
type phase struct {
	name string
	// from is the folder to start from.
	from string
	// protected is what of the world must not be lost.
	protected []string
	// calls are the provider calls of the operation when nothing is harmed, in their order.
	calls []string
	// cuts are folders with what a power cut at a call leaves.
	cuts map[cut]string
	// world is what it leads to.
	world string
	run   func(ctx context.Context, s *engine.Stack, flags ...string) (engine.Outcome, error)
}

// A cut is where the power went.
type cut struct {
	call string
	harm harm
}

// A campaign harms every call of an up and of a destroy.
type campaign struct {
	setup.Options
	kill    bool
	scratch string
	phases  []*phase
	close   func()
}

// newCampaign takes the stack up and down once, unharmed, and keeps what it
// saw and the folders to start from; to kill, also what each instant would leave.
func newCampaign(ctx context.Context, o setup.Options, kill bool) (*campaign, error) {
	scratch, err := os.MkdirTemp("", "rehearsal-faults-")
	if err != nil {
		return nil, err
	}
	c := &campaign{Options: o, kill: kill, scratch: scratch}
	c.Options.Out, c.Options.SmallCRDs, c.Options.NoLog = io.Discard, true, true
	c.close = func() { _ = os.RemoveAll(scratch) }
	if err := c.prepare(ctx); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *campaign) prepare(ctx context.Context) error {
	base := filepath.Join(c.scratch, "base")
	o := c.Options
	o.Dir = base
	var r *setup.Rehearsal
	var now *phase
	var lock sync.Mutex
	var failed error
	o.Before = func(call provider.Call) error {
		lock.Lock()
		defer lock.Unlock()
		// What is called twice is harmed the first time.
		if text := call.String(); !slices.Contains(now.calls, text) {
			now.calls = append(now.calls, text)
			failed = errors.Join(failed, c.cutPower(r, now, cut{text, cutBefore}))
		}
		return nil
	}
	o.After = func(call provider.Call) {
		lock.Lock()
		defer lock.Unlock()
		failed = errors.Join(failed, c.cutPower(r, now, cut{call.String(), cutAfter}))
	}
	var err error
	if r, err = setup.Open(ctx, o); err != nil {
		return err
	}
	// The chart repository is shared by all: its address is in the settings.
	stop := c.close
	c.close = func() { r.Stop(); stop() }
	c.Charts = r.Charts

	for _, p := range []*phase{
		{name: "up", run: func(ctx context.Context, s *engine.Stack, flags ...string) (engine.Outcome, error) {
			return s.Up(ctx, flags...)
		}},
		{name: "destroy", run: func(ctx context.Context, s *engine.Stack, flags ...string) (engine.Outcome, error) {
			return s.Destroy(ctx, flags...)
		}},
	} {
		p.from, p.cuts = filepath.Join(c.scratch, "from-"+p.name), map[cut]string{}
		if err := setup.Copy(p.from, base, "work", "backend"); err != nil {
			return err
		}
		p.protected = inspect.Protected(r.World)
		lock.Lock()
		now = p
		lock.Unlock()
		if out, err := p.run(ctx, r.Stack); err != nil {
			return fmt.Errorf("%s, unharmed: %w\n%s", p.name, err, out.Text)
		}
		lock.Lock()
		err := failed
		lock.Unlock()
		if err := errors.Join(err, inspect.Lost(p.protected, r.World)); err != nil {
			return fmt.Errorf("%s, unharmed: %w", p.name, err)
		}
		p.world = inspect.Contents(r.World)
		c.phases = append(c.phases, p)
	}
	return nil
}

// cutPower keeps what is in the state file and in the world at this instant.
func (c *campaign) cutPower(r *setup.Rehearsal, p *phase, at cut) error {
	if _, done := p.cuts[at]; done || !c.kill || !engine.CanFreeze {
		return nil
	}
	dir, err := os.MkdirTemp(c.scratch, "cut-")
	if err != nil {
		return err
	}
	p.cuts[at] = dir
	return r.Stack.Frozen(func() error {
		text, err := os.ReadFile(engine.StateFile(r.Dir, settings.Project, r.Name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "state.json"), text, 0o600)
		}
		return errors.Join(err, r.World.Copy(filepath.Join(dir, "world.json")))
	})
}
