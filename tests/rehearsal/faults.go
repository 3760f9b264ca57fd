package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
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
	// cutBefore and cutAfter: the power goes just before the service gets the
	// request, or when it has done it and nobody has taken note. What is in the
	// files and in the services at that instant is what the next run finds.
	cutBefore harm = "power cut before"
	cutAfter  harm = "power cut after"
	// killedBefore and killedAfter are the same with a real kill -9, which takes a
	// run of its own for each.
	killedBefore harm = "killed before"
	killedAfter  harm = "killed after"
)

// eachKilled is how many power cuts there are to one real kill.
const eachKilled = 12

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
	options
	kill    bool
	scratch string
	phases  []*phase
	close   func()
}

var errInjected = errors.New("the rehearsal lets this call fail")

// newCampaign takes the stack up and down once, unharmed, and keeps what it
// saw and the folders to start from; to kill, also what each instant would leave.
func newCampaign(ctx context.Context, o options, kill bool) (*campaign, error) {
	scratch, err := os.MkdirTemp("", "rehearsal-faults-")
	if err != nil {
		return nil, err
	}
	c := &campaign{options: o, kill: kill, scratch: scratch}
	c.options.out, c.options.smallCRDs, c.options.noLog = io.Discard, true, true
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
	var r *rehearsal
	var now *phase
	var lock sync.Mutex
	var failed error
	o.before = func(call standin.Call) error {
		lock.Lock()
		defer lock.Unlock()
		// What is called twice is harmed the first time.
		if text := describe(call); !slices.Contains(now.calls, text) {
			now.calls = append(now.calls, text)
			failed = errors.Join(failed, c.cutPower(r, now, cut{text, cutBefore}))
		}
		return nil
	}
	o.after = func(call standin.Call) {
		lock.Lock()
		defer lock.Unlock()
		failed = errors.Join(failed, c.cutPower(r, now, cut{describe(call), cutAfter}))
	}
	var err error
	if r, err = open(ctx, o); err != nil {
		return err
	}
	// The chart repository is shared by all: its address is in the settings.
	stop := c.close
	c.close = func() { r.stop(); stop() }
	c.charts = r.charts

	for _, p := range []*phase{
		{name: "up", run: func(ctx context.Context, s *engine.Stack, flags ...string) (engine.Outcome, error) {
			return s.Up(ctx, flags...)
		}},
		{name: "destroy", run: func(ctx context.Context, s *engine.Stack, flags ...string) (engine.Outcome, error) {
			return s.Destroy(ctx, flags...)
		}},
	} {
		p.from, p.cuts = filepath.Join(c.scratch, "from-"+p.name), map[cut]string{}
		if err := copyStack(p.from, base, "work", "backend"); err != nil {
			return err
		}
		p.protected = protected(r.world)
		lock.Lock()
		now = p
		lock.Unlock()
		if out, err := p.run(ctx, r.stack); err != nil {
			return fmt.Errorf("%s, unharmed: %w\n%s", p.name, err, out.Text)
		}
		lock.Lock()
		err := failed
		lock.Unlock()
		if err := errors.Join(err, lost(p.protected, r.world)); err != nil {
			return fmt.Errorf("%s, unharmed: %w", p.name, err)
		}
		p.world = contents(r.world)
		c.phases = append(c.phases, p)
	}
	return nil
}

// copyStack copies the world and some of the folders of a stack.
func copyStack(to, from string, folders ...string) error {
	for _, part := range folders {
		if err := os.CopyFS(filepath.Join(to, part), os.DirFS(filepath.Join(from, part))); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(filepath.Join(from, "world.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "world.json"), text, 0o600)
}

// cutPower keeps what is in the state file and in the world at this instant.
func (c *campaign) cutPower(r *rehearsal, p *phase, at cut) error {
	if _, done := p.cuts[at]; done || !c.kill || !engine.CanFreeze {
		return nil
	}
	dir, err := os.MkdirTemp(c.scratch, "cut-")
	if err != nil {
		return err
	}
	p.cuts[at] = dir
	return r.stack.Frozen(func() error {
		text, err := os.ReadFile(engine.StateFile(r.dir, projectName, r.name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "state.json"), text, 0o600)
		}
		return errors.Join(err, r.world.Copy(filepath.Join(dir, "world.json")))
	})
}

// A scenario is one harm at one call.
type scenario struct {
	phase *phase
	call  string
	harm  harm
}

func (s scenario) String() string { return fmt.Sprintf("%s: %s %s", s.phase.name, s.call, s.harm) }

// scenarios of the campaign. A call that changes nothing is cut before only:
// there is no difference after it.
func (c *campaign) scenarios(only string) []scenario {
	var all []scenario
	for _, p := range c.phases {
		cuts := 0
		for _, call := range p.calls {
			if !strings.Contains(call, only) {
				continue
			}
			if !c.kill {
				all = append(all, scenario{p, call, fails})
				continue
			}
			for _, pair := range [][2]harm{{cutBefore, killedBefore}, {cutAfter, killedAfter}} {
				if pair[0] == cutAfter && !changes(call) {
					continue
				}
				_, kept := p.cuts[cut{call, pair[0]}]
				if kept {
					all = append(all, scenario{p, call, pair[0]})
				}
				if cuts%eachKilled == 0 || !kept {
					all = append(all, scenario{p, call, pair[1]})
				}
				cuts++
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
	if err := copyStack(dir, s.phase.from, "work", "backend"); err != nil {
		return err
	}
	o.dir, o.lean = dir, true
	if kept, powerCut := s.phase.cuts[cut{s.call, s.harm}]; powerCut {
		name, err := stackName(o.stackFile)
		if err != nil {
			return err
		}
		for from, to := range map[string]string{"state.json": engine.StateFile(dir, projectName, name), "world.json": filepath.Join(dir, "world.json")} {
			text, err := os.ReadFile(filepath.Join(kept, from))
			if err == nil {
				err = os.WriteFile(to, text, 0o600)
			}
			if err != nil {
				return err
			}
		}
		r, err := open(ctx, o)
		if err != nil {
			return err
		}
		defer r.stop()
		return r.recover(ctx, s)
	}
	// A real kill is put right with the commands that a person has.
	o.lean = s.harm == fails
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
	if s.harm != fails {
		if err := r.stack.Cancel(ctx); err != nil {
			return err
		}
	}
	return r.recover(ctx, s)
}

// recover runs what was cut off again, and says what does not hold.
func (r *rehearsal) recover(ctx context.Context, s scenario) error {
	if err := lost(s.phase.protected, r.world); err != nil {
		return fmt.Errorf("after the fault: %w", err)
	}
	left := protected(r.world)
	flags, err := r.settle(ctx)
	if err != nil {
		return err
	}
	second, err := s.phase.run(ctx, r.stack, flags...)
	if err != nil {
		return fmt.Errorf("%s again: %w\n%s", s.phase.name, err, second.Text)
	}
	if err := lost(left, r.world); err != nil {
		return fmt.Errorf("after %s again: %w", s.phase.name, err)
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

// settle does what a person does after an update that was cut off, once the
// lock is free: look, for each creation that Pulumi does not know the end of,
// whether the thing is there; write it into the state if it is, and strike the
// creation out (stack export, stack import); then let refresh read the rest,
// which the returned flag asks of the next run. The flag --import-pending-creates
// of refresh is meant for that, but the engine drops what it names.
func (r *rehearsal) settle(ctx context.Context) (flags []string, err error) {
	state, err := r.stack.State(projectName)
	if err != nil || len(state.PendingOperations) == 0 {
		return nil, err
	}
	return []string{"--refresh"}, r.stack.Repair(ctx, projectName, func(state *apitype.DeploymentV3) {
		state.PendingOperations = slices.DeleteFunc(state.PendingOperations, func(op apitype.OperationV2) bool {
			if op.Type != apitype.OperationTypeCreating {
				return false
			}
			if id, there := identify(r.world, &op.Resource); there {
				made := op.Resource
				made.ID, made.Outputs = resource.ID(id), made.Inputs
				state.Resources = append(state.Resources, made)
			}
			return true
		})
	})
}

// players play scenarios side by side: part of each is waiting.
func players() int { return runtime.NumCPU() + 1 }

// runFaults plays all scenarios and lists those that do not hold.
func runFaults(ctx context.Context, a asked) error {
	began := time.Now()
	fmt.Fprintln(a.out, "Taking the stack up and down once, unharmed, to see which calls there are ...")
	c, err := newCampaign(ctx, a.options, a.kill)
	if err != nil {
		return err
	}
	defer c.close()
	for _, p := range c.phases {
		fmt.Fprintf(a.out, "  %-8s %d provider calls\n", p.name, len(p.calls))
	}
	all := c.scenarios(a.only)
	fmt.Fprintf(a.out, "Playing %d faults, %d at a time.\n", len(all), players())
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

// playAll plays scenarios and returns how many are broken.
func (c *campaign) playAll(ctx context.Context, all []scenario, each func(done int, s scenario, err error)) int {
	var lock sync.Mutex
	var group sync.WaitGroup
	next, done, broken := 0, 0, 0
	for range players() {
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
