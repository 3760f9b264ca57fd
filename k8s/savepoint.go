package k8s

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/flink/status"
)

// SavepointArgs describe one savepoint of a running job.
type SavepointArgs struct {
	// Raise names the setting to raise for another one.
	Raise string
	// Object is the snapshot's, with a name, a namespace and the job that it saves.
	Object flink.FlinkStateSnapshot
	// Timeout until it is completed.
	Timeout time.Duration
	Reader  Reader
}

// Savepoint is a FlinkStateSnapshot that is completed.
type Savepoint struct {
	*Object

	Name string
	// Location is its s3:// path.
	Location pulumi.StringOutput
}

// NewSavepoint takes a savepoint and waits for it. Deleting the object, as a
// later request or destroy does, leaves the savepoint in S3.
//
// The plugin waits here, unlike for the deployment: only what it sees at the
// end of its wait, the location, gets into the state. It does not know that
// FAILED and ABANDONED are final, so the hooks keep an update from a wait that
// cannot end well, and say at once when one has become so.
func NewSavepoint(ctx *pulumi.Context, name string, args SavepointArgs, opts ...pulumi.ResourceOption) (*Savepoint, error) {
	namespace := args.Object.Namespace
	if args.Object.Spec.JobReference.Name == "" || namespace == "" || args.Timeout <= 0 {
		return nil, errors.New("FlinkStateSnapshot " + name + ": a job, its namespace and a timeout are needed")
	}
	defaults := []pulumi.ResourceOption{
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: args.Timeout.String(), Update: args.Timeout.String(), Delete: "5m"}),
		// It is what it was when it was taken: neither the next version's labels
		// nor another format touch it.
		pulumi.IgnoreChanges([]string{"metadata", "spec"}),
	}
	hooks, err := args.hooks(ctx, name, namespace)
	if err != nil {
		return nil, fmt.Errorf("FlinkStateSnapshot %s: %w", name, err)
	}
	object, err := NewObject(ctx, name, args.Object, nil, append(append(defaults, hooks...), opts...)...)
	if err != nil {
		return nil, err
	}
	location := object.Status.ApplyT(func(status map[string]any) string {
		path, _ := status["path"].(string)
		return path
	}).(pulumi.StringOutput)
	return &Savepoint{Object: object, Name: args.Object.Name, Location: location}, nil
}

func (a SavepointArgs) hooks(ctx *pulumi.Context, name, namespace string) ([]pulumi.ResourceOption, error) {
	if ctx.RunningWithMocks() {
		return nil, nil // the mock of the engine has no hooks
	}
	snapshot := watchedSnapshot(namespace, a.Object.Name)
	w := watch{reader: a.Reader, limit: a.Timeout, every: lookEvery, say: func(string) {}}
	tell := func(err error) {
		_ = ctx.Log.Error(err.Error(), nil)
	}
	before, err := ctx.RegisterResourceHook(name+"-can-be-taken", func(*pulumi.ResourceHookArgs) error {
		if err := a.mayStart(ctx.Context(), namespace); err != nil {
			return err
		}
		go func() {
			if err := w.until(ctx.Context(), snapshot); err != nil && ctx.Context().Err() == nil {
				tell(fmt.Errorf("%w\n  the way on: raise %s; this update need not be waited for (Ctrl-C)", err, a.Raise))
			}
		}()
		return nil
	}, nil)
	if err != nil {
		return nil, err
	}
	again, err := ctx.RegisterResourceHook(name+"-can-be-awaited", func(*pulumi.ResourceHookArgs) error {
		return a.mayGoOn(ctx.Context(), w, snapshot)
	}, nil)
	if err != nil {
		return nil, err
	}
	return []pulumi.ResourceOption{pulumi.ResourceHooks(&pulumi.ResourceHookBinding{
		BeforeCreate: []*pulumi.ResourceHook{before},
		BeforeUpdate: []*pulumi.ResourceHook{again},
	})}, nil
}

// mayStart refuses a snapshot that the operator would abandon for good.
func (a SavepointArgs) mayStart(ctx context.Context, namespace string) error {
	deployment, err := a.Reader.Get(ctx, flink.APIVersion, "flinkdeployments", namespace, a.Object.Spec.JobReference.Name)
	switch {
	case err != nil:
		return fmt.Errorf("FlinkDeployment %s/%s cannot be read: %w", namespace, a.Object.Spec.JobReference.Name, err)
	case deployment == nil:
		return fmt.Errorf("FlinkDeployment %s/%s: there is none, so it has no state to save", namespace, a.Object.Spec.JobReference.Name)
	case !status.Running(deployment):
		return fmt.Errorf("FlinkDeployment %s/%s is %s: only a RUNNING job takes a savepoint", namespace, a.Object.Spec.JobReference.Name, status.JobState(deployment))
	}
	return nil
}

// mayGoOn refuses to wait again for a snapshot that has failed for good.
func (a SavepointArgs) mayGoOn(ctx context.Context, w watch, snapshot watched) error {
	object, err := a.Reader.Get(ctx, flink.APIVersion, snapshot.plural, snapshot.namespace, snapshot.name)
	if err != nil || object == nil {
		return nil // the provider says it better
	}
	if verdict := status.JudgeSnapshot(object); verdict.Failed {
		return fmt.Errorf("%w\n  the way on: raise %s", w.report(snapshot, "it failed", verdict, nil), a.Raise)
	}
	return nil
}
