package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/standin"
)

// A harm is what happens at one provider call.
type harm string

const (
	// fails: the service answers with an error and has done nothing.
	fails harm = "fails"
	// killedBefore: the engine dies, the service never got the request.
	killedBefore harm = "killed before"
	// killedAfter: the engine dies, the service does what it was asked for and nobody takes note.
	killedAfter harm = "killed after"
)

// A phase is an operation that is harmed, and what it starts from and leads to.
type phase struct {
	name string
	// from is the folder to start from.
	from string
	// calls are the provider calls of the operation when nothing is harmed, in their order.
	calls []string
	// world is what it leads to.
	world string
	run   func(context.Context, *engine.Stack) (engine.Outcome, error)
}

// A campaign harms every call of an up and of a destroy.
type campaign struct {
	options
	scratch string
	phases  []*phase
	close   func()
}

var errInjected = errors.New("the rehearsal lets this call fail")

// newCampaign takes the stack up and down once, unharmed, and keeps what it
// saw and the folders to start from.
func newCampaign(ctx context.Context, o options) (*campaign, error) {
	scratch, err := os.MkdirTemp("", "rehearsal-faults-")
	if err != nil {
		return nil, err
	}
	c := &campaign{options: o, scratch: scratch}
	c.options.out, c.options.smallCRDs = io.Discard, true
	c.close = func() { _ = os.RemoveAll(scratch) }
	if err := c.prepare(ctx); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *campaign) prepare(ctx context.Context) error {
	base := filepath.Join(c.scratch, "base")
	o := c.options
	o.dir = base
	var recorded []string
	var lock sync.Mutex
	o.before = func(call standin.Call) error {
		lock.Lock()
		defer lock.Unlock()
		recorded = append(recorded, describe(call))
		return nil
	}
	r, err := open(ctx, o)
	if err != nil {
		return err
	}
	// The chart repository is shared by all: its address is in the settings.
	stop := c.close
	c.close = func() { r.stop(); stop() }
	c.charts = r.charts

	for _, p := range []*phase{
		{name: "up", run: func(ctx context.Context, s *engine.Stack) (engine.Outcome, error) { return s.Up(ctx) }},
		{name: "destroy", run: func(ctx context.Context, s *engine.Stack) (engine.Outcome, error) { return s.Destroy(ctx) }},
	} {
		p.from = filepath.Join(c.scratch, "from-"+p.name)
		if err := os.CopyFS(p.from, os.DirFS(base)); err != nil {
			return err
		}
		recorded = nil
		if out, err := p.run(ctx, r.stack); err != nil {
			return fmt.Errorf("%s, unharmed: %w\n%s", p.name, err, out.Text)
		}
		lock.Lock()
		p.calls = distinct(recorded)
		lock.Unlock()
		p.world = contents(r.world)
		c.phases = append(c.phases, p)
	}
	return nil
}

// distinct drops what is called twice: the first of the calls is harmed.
func distinct(calls []string) []string {
	var once []string
	for _, call := range calls {
		if !slices.Contains(once, call) {
			once = append(once, call)
		}
	}
	return once
}

// A scenario is one harm at one call.
type scenario struct {
	phase *phase
	call  string
	harm  harm
}

func (s scenario) String() string { return fmt.Sprintf("%s: %s %s", s.phase.name, s.call, s.harm) }

// scenarios of the campaign. A call that changes nothing is killed before only:
// there is no difference after it.
func (c *campaign) scenarios(kill bool, only string) []scenario {
	var all []scenario
	for _, p := range c.phases {
		for _, call := range p.calls {
			if !strings.Contains(call, only) {
				continue
			}
			if !kill {
				all = append(all, scenario{p, call, fails})
				continue
			}
			all = append(all, scenario{p, call, killedBefore})
			if changes(call) {
				all = append(all, scenario{p, call, killedAfter})
			}
		}
	}
	return all
}

// play runs a scenario and says what does not hold; nil when all does.
func (c *campaign) play(ctx context.Context, s scenario) error {
	o := c.options
	dir, err := os.MkdirTemp(c.scratch, "play-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(s.phase.from)); err != nil {
		return err
	}
	o.dir, o.lean = dir, true
	var r *rehearsal
	var harmed atomic.Bool
	o.before = func(call standin.Call) error {
		if describe(call) != s.call || !harmed.CompareAndSwap(false, true) {
			return nil
		}
		if s.harm == fails {
			return errInjected
		}
		r.stack.Kill()
		if s.harm == killedBefore {
			return errInjected
		}
		return nil
	}
	if r, err = open(ctx, o); err != nil {
		return err
	}
	defer r.stop()

	first, failed := s.phase.run(ctx, r.stack)
	switch {
	case !harmed.Load():
		return errors.New("the call did not come")
	case failed == nil:
		return fmt.Errorf("%s said that all went well:\n%s", s.phase.name, first.Text)
	}
	if err := r.settle(ctx, s.harm != fails); err != nil {
		return err
	}
	second, err := s.phase.run(ctx, r.stack)
	if err != nil {
		return fmt.Errorf("%s again: %w\n%s", s.phase.name, err, second.Text)
	}
	if lines := changedLines(s.phase.world, contents(r.world)); len(lines) > 0 {
		return fmt.Errorf("another world than without the fault:\n%s", strings.Join(lines, "\n"))
	}
	state, err := r.stack.State(projectName)
	if err != nil {
		return err
	}
	if n := len(state.PendingOperations); n > 0 {
		return fmt.Errorf("%d operations are still pending in the state", n)
	}
	return nil
}

// settle does what a person does after an update that was cut off: free the
// lock; look, for each creation that Pulumi does not know the end of, whether
// the thing is there, and write it into the state if it is (stack export, stack
// import); then let refresh read the rest. The flag --import-pending-creates of
// refresh is meant for that, but the engine drops what it names.
func (r *rehearsal) settle(ctx context.Context, killed bool) error {
	if killed {
		if err := r.stack.Cancel(ctx); err != nil {
			return err
		}
	}
	state, err := r.stack.State(projectName)
	if err != nil || len(state.PendingOperations) == 0 {
		return err
	}
	err = r.stack.Repair(ctx, func(state *apitype.DeploymentV3) {
		for _, op := range state.PendingOperations {
			if op.Type != apitype.OperationTypeCreating {
				continue
			}
			if id, there := identify(r.world, &op.Resource); there {
				made := op.Resource
				made.ID, made.Outputs = resource.ID(id), made.Inputs
				state.Resources = append(state.Resources, made)
			}
		}
	})
	if err != nil {
		return err
	}
	if out, err := r.stack.Refresh(ctx, "--clear-pending-creates"); err != nil {
		return fmt.Errorf("refresh: %w\n%s", err, out.Text)
	}
	return nil
}

// runFaults plays all scenarios, two at a time, and lists those that do not hold.
func runFaults(ctx context.Context, a asked) error {
	began := time.Now()
	fmt.Fprintln(a.out, "Taking the stack up and down once, unharmed, to see which calls there are ...")
	c, err := newCampaign(ctx, a.options)
	if err != nil {
		return err
	}
	defer c.close()
	for _, p := range c.phases {
		fmt.Fprintf(a.out, "  %-8s %d provider calls\n", p.name, len(p.calls))
	}
	all := c.scenarios(a.kill, a.only)
	fmt.Fprintf(a.out, "Playing %d faults, two at a time.\n", len(all))
	broken := c.playAll(ctx, all, func(done int, s scenario, err error) {
		if err != nil {
			fmt.Fprintf(a.out, "  BROKEN %s\n    %s\n", s, strings.ReplaceAll(err.Error(), "\n", "\n    "))
		}
		if done%10 == 0 || done == len(all) {
			fmt.Fprintf(a.out, "  ... %d of %d, %s\n", done, len(all), time.Since(began).Round(time.Second))
		}
	})
	if broken > 0 {
		return fmt.Errorf("%d of %d faults did not converge", broken, len(all))
	}
	fmt.Fprintf(a.out, "All %d converged to the same world; nothing protected was lost.\n", len(all))
	return nil
}

// playAll plays scenarios two at a time and returns how many are broken.
func (c *campaign) playAll(ctx context.Context, all []scenario, each func(done int, s scenario, err error)) int {
	var lock sync.Mutex
	var group sync.WaitGroup
	next, done, broken := 0, 0, 0
	for range 2 {
		group.Go(func() {
			for {
				lock.Lock()
				if next == len(all) || ctx.Err() != nil {
					lock.Unlock()
					return
				}
				s := all[next]
				next++
				lock.Unlock()
				err := c.play(ctx, s)
				lock.Lock()
				if done++; err != nil {
					broken++
				}
				each(done, s, err)
				lock.Unlock()
			}
		})
	}
	group.Wait()
	return broken
}
