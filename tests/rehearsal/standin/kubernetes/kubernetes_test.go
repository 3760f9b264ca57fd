package kubernetes

import (
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/standin/operator/operatortest"
	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
	"flink-payments/tests/rehearsal/world"
)

type m = map[string]any

// A site is a world with a cluster in it.
type site struct {
	t     *testing.T
	world *world.World
}

func newSite(t *testing.T) *site {
	w, err := world.Open(t.TempDir() + "/world.json")
	if err != nil {
		t.Fatal(err)
	}
	return &site{t: t, world: w}
}

// connect returns a client with a configured provider instance.
func (s *site) connect(config m) providertest.Client {
	s.t.Helper()
	return providertest.Connect(s.t, New(s.world, operator.Scaled(1000), nil), provider.Hooks{}, config)
}

// payments is a site with an operator that runs in namespace payments.
func payments(s *site) providertest.Client {
	k := s.connect(m{})
	k.Must(world.NamespaceType, m{"metadata": m{"name": "payments"}})
	for kind, plural := range map[string]string{"FlinkDeployment": "flinkdeployments", "FlinkStateSnapshot": "flinkstatesnapshots"} {
		k.Must(world.CRDType, m{"metadata": m{"name": plural + ".flink.apache.org"}, "spec": m{"group": "flink.apache.org",
			"names": m{"kind": kind, "plural": plural}, "versions": []any{m{"name": "v1beta1"}}}})
	}
	k.Must(world.ServiceAccountType, m{"metadata": m{"name": "flink", "namespace": "payments"}})
	_ = s.world.Put(world.Object{Package: "aws", Type: world.BucketType, ID: "kv-state"})
	return k
}

func runOperator(s *site, version string) {
	_ = s.world.Put(world.Object{Package: "kubernetes", Type: world.ReleaseType, ID: "ops/operator", State: m{
		"version": version, "status": m{"chart": "flink-kubernetes-operator", "status": "deployed"}}})
}

func (s *site) status() m {
	o, _ := s.world.Get("kubernetes", world.DeploymentType, "payments/fraud")
	status, _ := o.State["status"].(m)
	return status
}

func TestAJobIsTakenThroughItsLife(t *testing.T) {
	s := newSite(t)
	k := payments(s)
	runOperator(s, "1.10.0")
	_, state := k.Must(world.DeploymentType, operatortest.Job(nil))
	if plain.Text(state, "status", "jobStatus", "state") != "RUNNING" {
		t.Fatalf("status %v", state["status"])
	}
	// A snapshot.
	_, snapshot := k.Must(world.SnapshotType, m{"metadata": m{"name": "one", "namespace": "payments",
		"annotations": m{"pulumi.com/waitFor": "jsonpath={.status.state}=COMPLETED"}},
		"spec": m{"savepoint": m{"disposeOnDelete": false}, "jobReference": m{"kind": "FlinkDeployment", "name": "fraud"}}})
	path := plain.Text(snapshot, "status", "path")
	if _, there := s.world.Get("aws", world.S3ObjectType, strings.TrimPrefix(path, "s3://")+"/_metadata"); !there {
		t.Errorf("no savepoint at %q", path)
	}
	// An upgrade is done when the new generation is.
	if err := k.Updated(world.DeploymentType, "payments/fraud", operatortest.Job(func(spec m) { spec["image"] = "r/fraud:2" }), 1800); err != nil {
		t.Fatal(err)
	}
	if now := s.status(); now["observedGeneration"] != 2.0 || plain.Text(now, "jobStatus", "upgradeSavepointPath") == "" {
		t.Errorf("status %v", now)
	}
	// A specification that the operator refuses changes nothing but the error.
	providertest.Refused(t, k.Updated(world.DeploymentType, "payments/fraud", operatortest.Job(func(spec m) { spec["job"].(m)["parallelism"] = 0.0 }), 120), "timed out")
	if now := s.status(); now["observedGeneration"] != 2.0 || plain.Text(now, "jobStatus", "state") != "RUNNING" || !strings.Contains(plain.Text(now, "error"), "parallelism") {
		t.Errorf("status %v", now)
	}
	// A bad image, and back to the savepoint.
	providertest.Refused(t, k.Updated(world.DeploymentType, "payments/fraud", operatortest.Job(func(spec m) { spec["image"] = "r/fraud:3-bad@sha256:0" }), 300), "timed out")
	if err := k.Updated(world.DeploymentType, "payments/fraud", operatortest.Job(func(spec m) {
		spec["job"].(m)["initialSavepointPath"], spec["job"].(m)["savepointRedeployNonce"] = path, 1.0
	}), 1800); err != nil {
		t.Fatal(err)
	}
	if now := s.status(); plain.Text(now, "jobStatus", "upgradeSavepointPath") != path {
		t.Errorf("status %v", now)
	}
	if err := k.Removed(world.DeploymentType, "payments/fraud", state, 900); err != nil {
		t.Error(err)
	}
}

func TestOperator110NeverObservesAnIgnoredChange(t *testing.T) {
	for version, observed := range map[string]bool{"1.10.0": false, "1.11.0": true} {
		s := newSite(t)
		k := payments(s)
		runOperator(s, version)
		k.Must(world.DeploymentType, operatortest.Job(nil))
		err := k.Updated(world.DeploymentType, "payments/fraud", operatortest.Job(func(spec m) { spec["flinkConfiguration"].(m)["kubernetes.operator.x"] = "y" }), 300)
		if (err == nil) != observed {
			t.Errorf("operator %s: %v", version, err)
		}
	}
}

func TestInstructionsEndFailedAndRolledBack(t *testing.T) {
	for instruction, lifecycle := range map[world.Instruction]string{world.FailNextUpgrade: "FAILED", world.RollBackNextUpgrade: "ROLLED_BACK"} {
		s := newSite(t)
		k := payments(s)
		runOperator(s, "1.15.0")
		k.Must(world.DeploymentType, operatortest.Job(nil))
		if err := s.world.Instruct("fraud", instruction); err != nil {
			t.Fatal(err)
		}
		providertest.Refused(t, k.Updated(world.DeploymentType, "payments/fraud", operatortest.Job(func(spec m) { spec["image"] = "r/fraud:2" }), 300), "timed out")
		// The clock of a busy machine may have run ahead of the operator.
		for end := time.Now().Add(10 * time.Second); s.status()["lifecycleState"] != lifecycle; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %v", instruction, s.status()["lifecycleState"])
			}
		}
	}
}

func TestWithoutAnOperatorAJobNeitherStartsNorGoes(t *testing.T) {
	s := newSite(t)
	k := payments(s)
	inputs := operatortest.Job(nil)
	_, _, err := k.Made(world.DeploymentType, inputs)
	providertest.Refused(t, err, "timed out waiting for the condition")
	details := status.Convert(err).Details()
	if len(details) != 1 || details[0].(*pulumirpc.ErrorResourceInitFailed).Id != "payments/fraud" {
		t.Errorf("details %v", details)
	}
	runOperator(s, "1.10.0")
	if err := k.Updated(world.DeploymentType, "payments/fraud", inputs, 1800); err != nil {
		t.Fatal(err)
	}
	if err := s.world.Delete("kubernetes", world.ReleaseType, "ops/operator"); err != nil {
		t.Fatal(err)
	}
	providertest.Refused(t, k.Removed(world.DeploymentType, "payments/fraud", m{}, 60), "finalizers")
}

func TestTheClusterRefusesWhatItDoesNotKnow(t *testing.T) {
	s := newSite(t)
	port := providertest.Serve(t, New(s.world, operator.Scaled(1000), nil), provider.Hooks{})
	k, adopting := providertest.Dial(t, port, m{}), providertest.Dial(t, port, m{"upsertExistingObjects": "true"})
	namespace := m{"metadata": m{"name": "payments"}}
	k.Must(world.NamespaceType, namespace)
	_, _, err := k.Made(world.NamespaceType, namespace)
	providertest.Refused(t, err, "already exists")
	if _, _, err := adopting.Made(world.NamespaceType, namespace); err != nil {
		t.Errorf("the adopting provider: %v", err)
	}
	_, _, err = k.Made(world.DeploymentType, operatortest.Job(nil))
	providertest.Refused(t, err, `no matches for kind "FlinkDeployment" in version "flink.apache.org/v1beta1"`)
	_, _, err = k.Made(world.ServiceAccountType, m{"metadata": m{"name": "x", "namespace": "nowhere"}})
	providertest.Refused(t, err, `namespaces "nowhere" not found`)
	_, _, err = k.Made(world.ReleaseType, m{"chart": "cert-manager", "namespace": "payments", "repositoryOpts": m{"repo": "http://127.0.0.1:1"}})
	providertest.Refused(t, err, "cannot be reached")
}

func TestADiffReplacesOnlyWhatCannotChange(t *testing.T) {
	s := newSite(t)
	k := s.connect(m{})
	for _, c := range []struct {
		news    m
		replace bool
		changes pulumirpc.DiffResponse_DiffChanges
	}{
		{m{"metadata": m{"name": "a"}, "spec": m{"x": 1.0}}, false, pulumirpc.DiffResponse_DIFF_NONE},
		{m{"metadata": m{"name": "a"}, "spec": m{"x": 2.0}}, false, pulumirpc.DiffResponse_DIFF_SOME},
		{m{"metadata": m{"name": "b"}, "spec": m{"x": 1.0}}, true, pulumirpc.DiffResponse_DIFF_SOME},
	} {
		old := m{"metadata": m{"name": "a"}, "spec": m{"x": 1.0}}
		d := k.Compared(world.DeploymentType, "", old, old, c.news)
		if d.Changes != c.changes || (len(d.Replaces) > 0) != c.replace {
			t.Errorf("%v: %v", c.news, d)
		}
	}
}
