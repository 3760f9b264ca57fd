package k8s

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const flinkVersion = "flink.apache.org/v1beta1"

// DeploymentArgs describe a FlinkDeployment.
type DeploymentArgs struct {
	// Metadata and Spec of the document (flink.Document).
	Metadata map[string]any
	Spec     map[string]any
	// ReadyTimeout is how long an update may take until the job is as asked for.
	ReadyTimeout time.Duration
}

// Deployment is a job's FlinkDeployment.
type Deployment struct {
	*Object

	Name      string
	Namespace string
}

// NewDeployment registers the FlinkDeployment. It is done when the job is: all
// of the conditions hold together, on a status of this generation. What the job
// needs (operator, CRDs, identity, credential) comes by DependsOn.
func NewDeployment(ctx *pulumi.Context, name string, args DeploymentArgs, opts ...pulumi.ResourceOption) (*Deployment, error) {
	jobName, _ := args.Metadata["name"].(string)
	namespace, _ := args.Metadata["namespace"].(string)
	if jobName == "" || namespace == "" {
		return nil, fmt.Errorf("FlinkDeployment %s: the metadata has no name or no namespace", name)
	}
	if args.ReadyTimeout <= 0 {
		return nil, fmt.Errorf("FlinkDeployment %s: readyTimeout must be more than 0", name)
	}
	annotated, err := waitingFor(args.Metadata, readyConditions(args.Spec))
	if err != nil {
		return nil, fmt.Errorf("FlinkDeployment %s: %w", name, err)
	}
	defaults := []pulumi.ResourceOption{
		pulumi.Timeouts(&pulumi.CustomTimeouts{
			Create: args.ReadyTimeout.String(),
			Update: args.ReadyTimeout.String(),
			// The operator cancels the job and clears its HA data before it lets go.
			Delete: "15m",
		}),
		// A changed name or namespace is another job: never two of them on one input.
		pulumi.DeleteBeforeReplace(true),
	}
	object, err := NewObject(ctx, name, flinkVersion, "FlinkDeployment",
		map[string]any{"metadata": annotated, "spec": args.Spec}, append(defaults, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Deployment{Object: object, Name: jobName, Namespace: namespace}, nil
}

// readyConditions of a job that is to run, or to be suspended. STABLE alone is
// kept when a job falls into RESTARTING; RUNNING alone comes before the
// operator calls the specification good.
func readyConditions(spec map[string]any) map[string]string {
	job, _ := spec["job"].(map[string]any)
	if job["state"] == "suspended" {
		return map[string]string{".status.lifecycleState": "SUSPENDED"}
	}
	return map[string]string{
		".status.lifecycleState":             "STABLE",
		".status.jobStatus.state":            "RUNNING",
		".status.jobManagerDeploymentStatus": "READY",
	}
}

// waitingFor adds the provider's annotation: without it a custom resource is
// not awaited at all.
func waitingFor(metadata map[string]any, conditions map[string]string) (map[string]any, error) {
	var paths []string
	for _, path := range slices.Sorted(maps.Keys(conditions)) {
		paths = append(paths, "jsonpath={"+path+"}="+conditions[path])
	}
	value, err := json.Marshal(paths)
	if err != nil {
		return nil, err
	}
	annotations := map[string]any{"pulumi.com/waitFor": string(value)}
	switch given := metadata["annotations"].(type) {
	case nil:
	case map[string]any:
		annotations = merge(annotations, given)
	case map[string]string:
		for key, text := range given {
			annotations[key] = text
		}
	default:
		return nil, fmt.Errorf("metadata.annotations is a %T, not a map", given)
	}
	waiting := maps.Clone(metadata)
	waiting["annotations"] = annotations
	return waiting, nil
}

// SavepointArgs describe one savepoint of a running job.
type SavepointArgs struct {
	// Deployment is the job's.
	Deployment *Deployment
	// Request numbers the savepoint; another number takes another one.
	Request int64
	// Format is NATIVE or CANONICAL.
	Format string
	Labels map[string]string
	// Timeout until it is completed.
	Timeout time.Duration
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
func NewSavepoint(ctx *pulumi.Context, name string, args SavepointArgs, opts ...pulumi.ResourceOption) (*Savepoint, error) {
	if args.Deployment == nil || args.Request <= 0 || args.Timeout <= 0 {
		return nil, errors.New("FlinkStateSnapshot " + name + ": a deployment, a request above 0 and a timeout are needed")
	}
	snapshot := fmt.Sprintf("%s-savepoint-%d", args.Deployment.Name, args.Request)
	annotated, err := waitingFor(metadata(args.Deployment.Namespace, snapshot, args.Labels),
		map[string]string{".status.state": "COMPLETED"})
	if err != nil {
		return nil, fmt.Errorf("FlinkStateSnapshot %s: %w", name, err)
	}
	defaults := []pulumi.ResourceOption{
		pulumi.DependsOn([]pulumi.Resource{args.Deployment}),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: args.Timeout.String(), Update: args.Timeout.String(), Delete: "5m"}),
	}
	object, err := NewObject(ctx, name, flinkVersion, "FlinkStateSnapshot", map[string]any{
		"metadata": annotated,
		"spec": map[string]any{
			// Their defaults: -1, which never tries again, and true, which
			// deletes the data in S3 together with the object.
			"backoffLimit": 3,
			"savepoint":    map[string]any{"disposeOnDelete": false, "formatType": args.Format},
			"jobReference": map[string]any{"kind": "FlinkDeployment", "name": args.Deployment.Name},
		},
	}, append(defaults, opts...)...)
	if err != nil {
		return nil, err
	}
	location := object.Status.ApplyT(func(status map[string]any) string {
		path, _ := status["path"].(string)
		return path
	}).(pulumi.StringOutput)
	return &Savepoint{Object: object, Name: snapshot, Location: location}, nil
}
