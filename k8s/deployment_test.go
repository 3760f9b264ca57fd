package k8s

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/manifest"
)

func deploymentArgs(state string) DeploymentArgs {
	return DeploymentArgs{
		Deployment: flink.FlinkDeployment{
			TypeMeta:   metav1.TypeMeta{APIVersion: flink.APIVersion, Kind: "FlinkDeployment"},
			ObjectMeta: metav1.ObjectMeta{Name: "fraud-scoring", Namespace: "payments", Annotations: map[string]string{"owner": "payments"}},
			Spec:       flink.FlinkDeploymentSpec{Image: "i", Job: flink.JobSpec{State: state, Parallelism: 6}},
		},
		ReadyTimeout: 30 * time.Minute,
	}
}

func deploy(args DeploymentArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := NewDeployment(ctx, "deployment", args)
		return err
	}
}

func TestTheDeploymentIsRegisteredAsItWasWritten(t *testing.T) {
	args := deploymentArgs("running")
	deployment := run(t, deploy(args)).get(t, "deployment")
	same(t, "the metadata", at(t, deployment, "metadata"), manifest.Of(args.Deployment)["metadata"])
	same(t, "the specification", at(t, deployment, "spec"), manifest.Of(args.Deployment)["spec"])
	if deployment.TypeToken != "kubernetes:flink.apache.org/v1beta1:FlinkDeployment" {
		t.Errorf("the token is %s", deployment.TypeToken)
	}
	if got := deployment.RegisterRPC.GetCustomTimeouts().GetDelete(); got != "15m" {
		t.Errorf("its deletion may take %s", got)
	}
}

// withGeneration gives FlinkDeployments what the API server adds.
type withGeneration struct {
	*recorder
	generation float64
}

func (w withGeneration) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	id, outputs, err := w.recorder.NewResource(args)
	if metadata, there := outputs["metadata"]; there {
		added := metadata.ObjectValue().Copy()
		added["uid"], added["generation"] = resource.NewProperty("uid-1"), resource.NewProperty(w.generation)
		outputs["metadata"] = resource.NewProperty(added)
	}
	return id, outputs, err
}

func TestAProofIsOfOneGenerationOfOneObject(t *testing.T) {
	for state := range map[string]bool{"running": true, "suspended": true} {
		r := &recorder{resources: map[string]pulumi.MockResourceArgs{}}
		if err := pulumi.RunErr(deploy(deploymentArgs(state)), pulumi.WithMocks("project", "stack", withGeneration{r, 7})); err != nil {
			t.Fatal(err)
		}
		all := registrations(r.resources)
		proof := all.get(t, "deployment-proof")
		if proof.TypeToken != "pulumi:index:Stash" || !all.dependsOn(t, "deployment-proof", "deployment") {
			t.Errorf("it is a %s", proof.TypeToken)
		}
		same(t, "what is proved", at(t, proof, "input"), map[string]any{"uid": "uid-1", "generation": 7, "state": state})
		if ignored := proof.RegisterRPC.GetIgnoreChanges(); len(ignored) > 0 {
			t.Errorf("changes of %v need no proof", ignored)
		}
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
		"no name":      func(a *DeploymentArgs) { a.Deployment.Name = "" },
		"no namespace": func(a *DeploymentArgs) { a.Deployment.Namespace = "" },
	} {
		args := deploymentArgs("running")
		change(&args)
		if reason := fails(t, deploy(args)); !strings.Contains(reason, "FlinkDeployment deployment: ") || !strings.Contains(reason, want) {
			t.Errorf("%q is refused by %q", want, reason)
		}
	}
}

func TestASavepointIsTheObjectThatWasTakenWhateverTheJobBecomes(t *testing.T) {
	const path = "s3://bucket/savepoints/savepoint-1"
	args := SavepointArgs{
		Object: flink.FlinkStateSnapshot{
			TypeMeta:   metav1.TypeMeta{APIVersion: flink.APIVersion, Kind: "FlinkStateSnapshot"},
			ObjectMeta: metav1.ObjectMeta{Name: "fraud-scoring-savepoint-3", Namespace: "payments"},
			Spec:       flink.FlinkStateSnapshotSpec{BackoffLimit: 3, JobReference: flink.JobReference{Name: "fraud-scoring"}},
		},
		Raise: "savepoint.request", Timeout: 20 * time.Minute,
	}
	r := &recorder{resources: map[string]pulumi.MockResourceArgs{}, status: map[string]resource.PropertyMap{
		"kubernetes:flink.apache.org/v1beta1:FlinkStateSnapshot": {"path": resource.NewProperty(path)},
	}}
	location := ""
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		savepoint, err := NewSavepoint(ctx, "savepoint", args)
		if err != nil {
			return err
		}
		savepoint.Location.ApplyT(func(path string) string { location = path; return path })
		return nil
	}, pulumi.WithMocks("project", "stack", r))
	if err != nil {
		t.Fatal(err)
	}
	object := registrations(r.resources).get(t, "savepoint")
	same(t, "the metadata", at(t, object, "metadata"), manifest.Of(args.Object)["metadata"])
	same(t, "the specification", at(t, object, "spec"), manifest.Of(args.Object)["spec"])
	same(t, "what later versions do not change", object.RegisterRPC.GetIgnoreChanges(), []string{"metadata", "spec"})
	if location != path {
		t.Errorf("its location is %q", location)
	}
	if timeouts := object.RegisterRPC.GetCustomTimeouts(); timeouts.GetCreate() != "20m0s" || timeouts.GetUpdate() != "20m0s" {
		t.Errorf("the timeouts are %v", timeouts)
	}
}

func TestTheProofTakesAsLongAsTheSettingsSay(t *testing.T) {
	args := DeploymentArgs{ReadyTimeout: 50 * time.Millisecond, Reader: silent{}}
	began := time.Now()
	err := args.watch(func(string) {}).until(context.Background(), watchedDeployment("payments", "fraud-scoring", false))
	if err == nil || !strings.Contains(err.Error(), "after 50ms") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took < args.ReadyTimeout {
		t.Errorf("it gave up after %s", took)
	}
}

// silent is a cluster in which the job is and nothing happens.
type silent struct{}

func (silent) Get(context.Context, string, string, string, string) (map[string]any, error) {
	return map[string]any{"metadata": map[string]any{"generation": 1.0}}, nil
}

func (silent) Events(context.Context, string, string, string) ([]string, error) { return nil, nil }
