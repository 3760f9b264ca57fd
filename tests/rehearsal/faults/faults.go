// Package faults harms each provider call of an up and of a destroy in turn, and
// says whether the next run reaches the same world. What a person does on purpose
// is in package scenes.
package faults

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"flink-payments/tests/rehearsal/setup"
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

// players play scenarios side by side: part of each is waiting.
func players() int { return runtime.NumCPU() + 1 }

// Run plays all scenarios and lists those that do not hold.
func Run(ctx context.Context, o setup.Options, kill bool, only string) error {
	began := time.Now()
	fmt.Fprintln(o.Out, "Taking the stack up and down once, unharmed, to see which calls there are ...")
	c, err := newCampaign(ctx, o, kill)
	if err != nil {
		return err
	}
	defer c.close()
	for _, p := range c.phases {
		fmt.Fprintf(o.Out, "  %-8s %d provider calls\n", p.name, len(p.calls))
	}
	all := c.scenarios(only)
	fmt.Fprintf(o.Out, "Playing %d faults, %d at a time.\n", len(all), players())
	broken := c.playAll(ctx, all, func(done int, s scenario, err error) {
		if err != nil {
			fmt.Fprintf(o.Out, "  BROKEN %s\n    %s\n", s, strings.ReplaceAll(err.Error(), "\n", "\n    "))
		}
		if done%10 == 0 || done == len(all) {
			fmt.Fprintf(o.Out, "  ... %d of %d, %s\n", done, len(all), time.Since(began).Round(time.Second))
		}
	})
	if broken > 0 {
		return fmt.Errorf("%d of %d faults did not converge", broken, len(all))
	}
	fmt.Fprintf(o.Out, "All %d converged to the same world; nothing protected was lost.\n", len(all))
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
