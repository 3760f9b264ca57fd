package k8s

import (
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/k8s/flink"
)

// lookEvery is the pause between two looks at an object that is waited for.
const lookEvery = 3 * time.Second

// DeploymentArgs describe a FlinkDeployment.
type DeploymentArgs struct {
	// Deployment is the object, with a name and a namespace.
	Deployment flink.FlinkDeployment
	// ReadyTimeout is how long an update may take until the job is as asked for.
	ReadyTimeout time.Duration
	// Reader of the cluster that the provider is bound to.
	Reader Reader
	// MayCreate refuses the creation of the object, in a preview too; nil: nothing does.
	MayCreate func() error
}

// watch of the job, for as long as the settings say.
func (a DeploymentArgs) watch(say func(string)) watch {
	return watch{reader: a.Reader, limit: a.ReadyTimeout, every: lookEvery, say: say}
}

// Deployment is a job's FlinkDeployment.
type Deployment struct {
	*Object

	Name      string
	Namespace string
	// Proof is there when the job is as asked for: what needs a running job waits
	// for it. It records which object was proved: uid, generation, state.
	Proof *pulumi.Stash

	watch     watch
	suspended bool
}

// NewDeployment registers the FlinkDeployment and the proof that the job is
// what it asks for. What the job needs (operator, CRDs, identity, credential)
// comes by DependsOn.
func NewDeployment(ctx *pulumi.Context, name string, args DeploymentArgs, opts ...pulumi.ResourceOption) (*Deployment, error) {
	jobName, namespace := args.Deployment.Name, args.Deployment.Namespace
	if jobName == "" || namespace == "" {
		return nil, fmt.Errorf("FlinkDeployment %s: the metadata has no name or no namespace", name)
	}
	if args.ReadyTimeout <= 0 {
		return nil, fmt.Errorf("FlinkDeployment %s: readyTimeout must be more than 0", name)
	}
	defaults := []pulumi.ResourceOption{
		pulumi.Timeouts(&pulumi.CustomTimeouts{
			// The operator cancels the job and clears its HA data before it lets go.
			Delete: "15m",
		}),
		// A changed name or namespace is another job: never two of them on one input.
		pulumi.DeleteBeforeReplace(true),
	}
	guard, err := args.guard(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("FlinkDeployment %s: %w", name, err)
	}
	defaults = append(defaults, guard...)
	object, err := NewObject(ctx, name, args.Deployment, nil, append(defaults, opts...)...)
	if err != nil {
		return nil, err
	}
	deployment := &Deployment{
		Object: object, Name: jobName, Namespace: namespace, suspended: args.Deployment.Spec.Suspended(),
		watch: args.watch(func(words string) { _ = ctx.Log.Info(words, &pulumi.LogArgs{Ephemeral: true}) }),
	}
	deployment.Proof, err = deployment.prove(ctx, name+"-proof", args, opts...)
	if err != nil {
		return nil, fmt.Errorf("FlinkDeployment %s: %w", name, err)
	}
	return deployment, nil
}

// guard asks MayCreate before the object is created. Only the engine knows that
// it is, so the question stands in a hook.
func (a DeploymentArgs) guard(ctx *pulumi.Context, name string) ([]pulumi.ResourceOption, error) {
	if a.MayCreate == nil || ctx.RunningWithMocks() { // the mock of the engine has no hooks
		return nil, nil
	}
	hook, err := ctx.RegisterResourceHook(name+"-may-be-created", func(*pulumi.ResourceHookArgs) error { return a.MayCreate() },
		&pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, err
	}
	return []pulumi.ResourceOption{pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeCreate: []*pulumi.ResourceHook{hook}})}, nil
}

// prove registers a resource whose creation and update is the proof: a hook
// before either reads the object until the job is as asked for, and otherwise
// fails the step with the operator's words.
//
// The other ways fall short. The plugin's pulumi.com/waitFor takes FAILED and
// ROLLED_BACK for "not yet", and ends in a bare time-out. A hook after the
// deployment's own step fails the update, but the step is in the state by then:
// the next update is green, unproved. A hook upon its error is not called before
// the time-out, and the engine drops its text. Here a failed hook leaves the
// resource as it was, so every later update asks again until the answer is yes.
//
// What is recorded is which object, by uid, and which generation of it was
// proved: an edit of the specification, by the program or by hand, needs a new
// proof, a label does not.
func (d *Deployment) prove(ctx *pulumi.Context, name string, args DeploymentArgs, opts ...pulumi.ResourceOption) (*pulumi.Stash, error) {
	state := "running"
	if d.suspended {
		state = "suspended"
	}
	proved := d.Metadata.ApplyT(func(metadata map[string]any) map[string]any {
		return map[string]any{"uid": metadata["uid"], "generation": metadata["generation"], "state": state}
	}).(pulumi.MapOutput)
	options := append(append([]pulumi.ResourceOption{}, opts...), pulumi.DependsOn([]pulumi.Resource{d}))
	if !ctx.RunningWithMocks() { // the mock of the engine has no hooks
		if args.Reader == nil {
			return nil, errors.New("nothing to read the cluster with")
		}
		hook, err := ctx.RegisterResourceHook(name, func(*pulumi.ResourceHookArgs) error {
			return d.watch.until(ctx.Context(), watchedDeployment(d.Namespace, d.Name, d.suspended))
		}, nil)
		if err != nil {
			return nil, err
		}
		options = append(options, pulumi.ResourceHooks(&pulumi.ResourceHookBinding{
			BeforeCreate: []*pulumi.ResourceHook{hook}, BeforeUpdate: []*pulumi.ResourceHook{hook},
		}))
	}
	return pulumi.NewStash(ctx, name, &pulumi.StashArgs{Input: proved}, options...)
}
