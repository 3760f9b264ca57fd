package k8s

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func deploymentArgs(state string) DeploymentArgs {
	return DeploymentArgs{
		Metadata:     map[string]any{"name": "fraud-scoring", "namespace": "payments", "annotations": map[string]string{"owner": "payments"}},
		Spec:         map[string]any{"image": "i", "job": map[string]any{"state": state, "parallelism": 6}},
		ReadyTimeout: 30 * time.Minute,
	}
}

func deploy(args DeploymentArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := NewDeployment(ctx, "deployment", args)
		return err
	}
}

func conditions(t *testing.T, args pulumi.MockResourceArgs) []string {
	t.Helper()
	annotations := at(t, args, "metadata", "annotations").(map[string]any)
	var paths []string
	if err := json.Unmarshal([]byte(annotations["pulumi.com/waitFor"].(string)), &paths); err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestAnUpdateEndsWhenTheJobIsStableAndRunning(t *testing.T) {
	args := deploymentArgs("running")
	deployment := run(t, deploy(args)).get(t, "deployment")
	want := []string{
		"jsonpath={.status.jobManagerDeploymentStatus}=READY",
		"jsonpath={.status.jobStatus.state}=RUNNING",
		"jsonpath={.status.lifecycleState}=STABLE",
	}
	if got := conditions(t, deployment); !slices.Equal(got, want) {
		t.Errorf("it waits for %v", got)
	}
	same(t, "the given annotation", at(t, deployment, "metadata", "annotations", "owner"), "payments")
	same(t, "the specification", at(t, deployment, "spec"), args.Spec)
	if annotations := args.Metadata["annotations"].(map[string]string); len(annotations) != 1 {
		t.Errorf("the caller's metadata became %v", annotations)
	}
	if deployment.TypeToken != "kubernetes:flink.apache.org/v1beta1:FlinkDeployment" {
		t.Errorf("the token is %s", deployment.TypeToken)
	}
	timeouts := deployment.RegisterRPC.GetCustomTimeouts()
	if timeouts.GetCreate() != "30m0s" || timeouts.GetUpdate() != "30m0s" || timeouts.GetDelete() != "15m" {
		t.Errorf("the timeouts are %v", timeouts)
	}
}

func TestASuspendedJobIsNotExpectedToRun(t *testing.T) {
	got := conditions(t, run(t, deploy(deploymentArgs("suspended"))).get(t, "deployment"))
	if !slices.Equal(got, []string{"jsonpath={.status.lifecycleState}=SUSPENDED"}) {
		t.Errorf("it waits for %v", got)
	}
}

// A replacement would be a job that starts empty, and the old one beside it.
func TestNoChangeOfTheSpecificationReplacesTheJob(t *testing.T) {
	rpc := run(t, deploy(deploymentArgs("running"))).get(t, "deployment").RegisterRPC
	if len(rpc.GetReplaceOnChanges()) > 0 {
		t.Errorf("it is replaced on changes of %v", rpc.GetReplaceOnChanges())
	}
	if !rpc.GetDeleteBeforeReplace() {
		t.Error("a renamed job would run beside the old one")
	}
}

func TestADeploymentWithoutATimeLimitOrANameIsRefused(t *testing.T) {
	for want, change := range map[string]func(*DeploymentArgs){
		"readyTimeout": func(a *DeploymentArgs) { a.ReadyTimeout = 0 },
		"no name":      func(a *DeploymentArgs) { a.Metadata = map[string]any{"namespace": "payments"} },
		"no namespace": func(a *DeploymentArgs) { a.Metadata = map[string]any{"name": "fraud-scoring"} },
		"annotations":  func(a *DeploymentArgs) { a.Metadata["annotations"] = 1 },
	} {
		args := deploymentArgs("running")
		change(&args)
		if reason := fails(t, deploy(args)); !strings.Contains(reason, "FlinkDeployment deployment: ") || !strings.Contains(reason, want) {
			t.Errorf("%q is refused by %q", want, reason)
		}
	}
}

func savepoint(location *string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		deployment, err := NewDeployment(ctx, "deployment", deploymentArgs("running"))
		if err != nil {
			return err
		}
		savepoint, err := NewSavepoint(ctx, "savepoint", SavepointArgs{Deployment: deployment, Request: 3, Format: "NATIVE", Timeout: 20 * time.Minute})
		if err != nil {
			return err
		}
		savepoint.Location.ApplyT(func(path string) string { *location = path; return path })
		return nil
	}
}

func TestASavepointIsDoneWhenItIsCompletedAndOutlivesItsObject(t *testing.T) {
	var location string
	r := &recorder{resources: map[string]pulumi.MockResourceArgs{}, status: map[string]resource.PropertyMap{
		"kubernetes:flink.apache.org/v1beta1:FlinkStateSnapshot": {"path": resource.NewStringProperty("s3://bucket/savepoints/savepoint-1")},
	}}
	if err := pulumi.RunErr(savepoint(&location), pulumi.WithMocks("project", "stack", r)); err != nil {
		t.Fatal(err)
	}
	all := registrations(r.resources)
	object := all.get(t, "savepoint")
	same(t, "the specification", at(t, object, "spec"), map[string]any{
		"backoffLimit": 3,
		"savepoint":    map[string]any{"disposeOnDelete": false, "formatType": "NATIVE"},
		"jobReference": map[string]any{"kind": "FlinkDeployment", "name": "fraud-scoring"},
	})
	same(t, "the name", at(t, object, "metadata", "name"), "fraud-scoring-savepoint-3")
	if got := conditions(t, object); !slices.Equal(got, []string{"jsonpath={.status.state}=COMPLETED"}) {
		t.Errorf("it waits for %v", got)
	}
	if !all.dependsOn(t, "savepoint", "deployment") {
		t.Error("it does not wait for the job")
	}
	if location != "s3://bucket/savepoints/savepoint-1" {
		t.Errorf("its location is %q", location)
	}
}
