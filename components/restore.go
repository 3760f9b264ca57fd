package components

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/infra"
	"flink-payments/k8s"
	"flink-payments/k8s/flink"
	"flink-payments/k8s/flink/status"
)

// A restore is what became of restore.request.
type restore struct {
	// From is the s3:// path that the request was resolved to; empty: there is no request.
	From string
	// SavepointFirst says that the job ran, and is saved before it goes back.
	SavepointFirst bool
	// record is what the deployment waits for; nil without a request.
	record pulumi.Resource
}

// newRestore resolves restore.from once for each request: the answer is an
// entry of the stack's state, which a later run reads and does not change. A
// lost stack asks again, as the rebuild from a bucket wants it.
//
// A lookup that fails matters only to a request that has no answer yet, which
// the engine alone knows: so the failure stands in a hook before the creation
// of the entry, in a preview too.
func newRestore(ctx *pulumi.Context, name string, args JobArgs, opts ...pulumi.ResourceOption) (restore, error) {
	job := args.Job
	if job.Restore.From == "" || job.Restore.Request == 0 {
		return restore{}, nil
	}
	name = fmt.Sprintf("%s-restore-%d", name, job.Restore.Request)
	answer, failed := args.resolve(ctx)
	opts = append([]pulumi.ResourceOption{pulumi.IgnoreChanges([]string{"input"})}, opts...)
	if failed != nil && !ctx.RunningWithMocks() { // the mock of the engine has no hooks
		hook, err := ctx.RegisterResourceHook(name, func(*pulumi.ResourceHookArgs) error { return failed },
			&pulumi.ResourceHookOptions{OnDryRun: true})
		if err != nil {
			return restore{}, err
		}
		opts = append(opts, pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeCreate: []*pulumi.ResourceHook{hook}}))
	}
	stash, err := pulumi.NewStash(ctx, name, &pulumi.StashArgs{Input: pulumi.Map{
		"from": pulumi.String(answer.From), "savepointFirst": pulumi.Bool(answer.SavepointFirst),
	}}, opts...)
	if err != nil {
		return restore{}, err
	}
	entry, _, err := recorded(ctx, stash.Output)
	if err != nil {
		return restore{}, err
	}
	answer.From, _ = entry["from"].(string)
	answer.SavepointFirst, _ = entry["savepointFirst"].(bool)
	answer.record = stash
	if answer.From == "" {
		return restore{}, failed
	}
	if from := job.Restore.From; from != flink.Latest && restorePath(from) != answer.From {
		return restore{}, fmt.Errorf("restore.from: %s, but restore.request %d stands for %s: raise restore.request to go somewhere else",
			from, job.Restore.Request, answer.From)
	}
	return answer, nil
}

// restorePath is a path as it is recorded: the folder.
func restorePath(from string) string {
	return strings.TrimSuffix(strings.TrimSuffix(from, "/"), "/_metadata")
}

// resolve looks at the cluster and the bucket for what a request means now.
func (a JobArgs) resolve(ctx *pulumi.Context) (restore, error) {
	job := a.Job
	first, err := a.savepointFirst(ctx)
	if err != nil {
		return restore{}, err
	}
	points := a.restorePoints()
	if job.Restore.From != flink.Latest {
		from := restorePath(job.Restore.From)
		if err := points.Check(ctx, from); err != nil {
			return restore{}, err
		}
		return restore{From: from, SavepointFirst: first}, nil
	}
	// What runs deletes its old checkpoints while one looks; what it loses by
	// going back to a savepoint is in the savepoint that is taken first.
	from, err := points.Latest(ctx, !first)
	if err != nil {
		return restore{}, err
	}
	return restore{From: from, SavepointFirst: first}, nil
}

func (a JobArgs) restorePoints() infra.RestorePoints {
	return infra.RestorePoints{
		Bucket: a.Job.State.Bucket, Savepoints: flink.SavepointsRoot, Checkpoints: flink.CheckpointsRoot, Provider: a.Providers.AWS,
	}
}

// mayBegin refuses to create a job beside its own state: it would begin empty, in silence.
func (a JobArgs) mayBegin(ctx *pulumi.Context) error {
	job := a.Job
	if job.Restore.From != "" || job.StartEmpty {
		return nil
	}
	deployment, err := a.Reader.Get(ctx.Context(), flink.APIVersion, "flinkdeployments", job.Namespace, job.Name)
	if err == nil && deployment != nil {
		return nil // the provider refuses what exists already
	}
	newest, err := a.restorePoints().Newest(ctx)
	if err != nil {
		return fmt.Errorf("FlinkDeployment %s/%s is to be created, and whether the bucket %s holds its state cannot be read: %w",
			job.Namespace, job.Name, job.State.Bucket, err)
	}
	if newest == "" {
		return nil
	}
	return fmt.Errorf("FlinkDeployment %s/%s is to be created, and would begin empty: nothing of it was touched\n"+
		"    why:   the bucket holds its state, the newest is %s\n"+
		"    write: restore: {from: latest, request: %d} to go on from there, or startEmpty: true to leave it behind",
		job.Namespace, job.Name, newest, job.Restore.Request+1)
}

// savepointFirst tells whether there is something to save before going back,
// and refuses where there is and it cannot be saved.
func (a JobArgs) savepointFirst(ctx *pulumi.Context) (bool, error) {
	job := a.Job
	if job.Restore.SkipSavepoint || job.Suspended {
		return false, nil
	}
	deployment, err := a.Reader.Get(ctx.Context(), flink.APIVersion, "flinkdeployments", job.Namespace, job.Name)
	switch {
	case err != nil:
		return false, fmt.Errorf("restore.request: whether the job runs, and is to be saved first, cannot be read: %w", err)
	case deployment == nil || status.Stopped(deployment):
		return false, nil
	case !status.Running(deployment):
		return false, fmt.Errorf("restore.request: the job is %s, so that no savepoint of it can be taken before it goes back;"+
			" restore.skipSavepoint: true goes back without one (latest then takes checkpoints into account)", status.JobState(deployment))
	}
	return true, nil
}

// savepoint registers a snapshot. The one of a suspended job is registered
// only where it was taken before: it stays as it is, with its location, and
// nothing is asked of a job that cannot answer.
func (c *Job) savepoint(ctx *pulumi.Context, name string, args JobArgs, stack flink.Stack, snapshot flink.Snapshot, opts ...pulumi.ResourceOption) (*k8s.Savepoint, error) {
	job := args.Job
	if job.Suspended {
		taken, err := args.Reader.Get(ctx.Context(), flink.APIVersion, "flinkstatesnapshots", job.Namespace, snapshot.Name)
		if err != nil {
			return nil, fmt.Errorf("%s: whether it was taken before the job was suspended cannot be read: %w", snapshot.Raise, err)
		}
		if taken == nil {
			return nil, ctx.Log.Warn(fmt.Sprintf("%s: %s is suspended and takes no savepoint; one is taken when it runs again", snapshot.Raise, job.Name), nil)
		}
	}
	return k8s.NewSavepoint(ctx, name, k8s.SavepointArgs{
		Object: flink.StateSnapshot(job.Job, stack, snapshot), Raise: snapshot.Raise,
		Timeout: time.Duration(job.ReadyTimeout), Reader: args.Reader,
	}, opts...)
}
