package components

import (
	"errors"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// confirm asks of every job that this run has nothing to do to whether it is
// still there and runs. An update is red where it does not; a preview, which
// waits for nothing, warns of a job that is not there.
//
// A job whose proof is made or made again in this run is asked by the proof.
func confirm(ctx *pulumi.Context, jobs []*Job) error {
	if ctx.RunningWithMocks() { // there is no cluster
		return nil
	}
	failures := make([]error, len(jobs))
	var wait sync.WaitGroup
	for i, job := range jobs {
		wait.Go(func() { failures[i] = job.confirm(ctx) })
	}
	wait.Wait()
	if !ctx.DryRun() {
		return errors.Join(failures...)
	}
	for _, failure := range failures {
		if failure != nil {
			if err := ctx.Log.Warn(failure.Error(), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Job) confirm(ctx *pulumi.Context) error {
	proved, known, err := recorded(ctx, c.Deployment.Proof.Input)
	switch {
	case err != nil:
		return fmt.Errorf("%s: its proof: %w", c.Job.Name, err)
	case !known:
		return nil // a preview of a change
	}
	uid, _ := proved["uid"].(string)
	if ctx.DryRun() {
		return c.Deployment.Missing(ctx.Context(), uid)
	}
	return c.Deployment.Confirm(ctx.Context(), uid)
}
