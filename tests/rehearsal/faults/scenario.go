package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/standin/provider"
)

var errInjected = errors.New("the rehearsal lets this call fail")

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

// changes says whether a described call changes the service.
func changes(call string) bool { return !strings.HasPrefix(call, "Invoke") }

// play runs a scenario and says what does not hold; nil when all does.
func (c *campaign) play(ctx context.Context, s scenario) error {
	o := c.Options
	dir, err := os.MkdirTemp(c.scratch, "play-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := setup.Copy(dir, s.phase.from, "work", "backend"); err != nil {
		return err
	}
	o.Dir, o.Lean = dir, true
	if kept, powerCut := s.phase.cuts[cut{s.call, s.harm}]; powerCut {
		name, err := setup.StackName(o.StackFile)
		if err != nil {
			return err
		}
		for from, to := range map[string]string{"state.json": engine.StateFile(dir, settings.Project, name), "world.json": filepath.Join(dir, "world.json")} {
			text, err := os.ReadFile(filepath.Join(kept, from))
			if err == nil {
				err = os.WriteFile(to, text, 0o600)
			}
			if err != nil {
				return err
			}
		}
		r, err := setup.Open(ctx, o)
		if err != nil {
			return err
		}
		defer r.Stop()
		return recovers(ctx, r, s)
	}
	// A real kill is put right with the commands that a person has.
	o.Lean = s.harm == fails
	var r *setup.Rehearsal
	var harmed atomic.Bool
	o.Before = func(call provider.Call) error {
		if call.String() != s.call || !harmed.CompareAndSwap(false, true) {
			return nil
		}
		if s.harm == fails {
			return errInjected
		}
		r.Stack.Kill()
		if s.harm == killedBefore {
			return errInjected
		}
		return nil
	}
	if r, err = setup.Open(ctx, o); err != nil {
		return err
	}
	defer r.Stop()

	first, failed := s.phase.run(ctx, r.Stack)
	switch {
	case !harmed.Load():
		return errors.New("the call did not come")
	case failed == nil:
		return fmt.Errorf("%s said that all went well:\n%s", s.phase.name, first.Text)
	}
	if s.harm != fails {
		if err := r.Stack.Cancel(ctx); err != nil {
			return err
		}
	}
	return recovers(ctx, r, s)
}
