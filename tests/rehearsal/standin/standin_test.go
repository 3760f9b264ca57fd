package standin

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

type m = map[string]any

// A site is a world with a connection to each stand-in, as the engine has it.
type site struct {
	t     *testing.T
	world *world.World
	o     Options
}

func newSite(t *testing.T) *site {
	w, err := world.Open(t.TempDir() + "/world.json")
	if err != nil {
		t.Fatal(err)
	}
	return &site{t: t, world: w, o: Options{Clock: operator.Scaled(1000)}}
}

// connect returns a client with a configured provider instance.
func (s *site) connect(pkg string, config m) pulumirpc.ResourceProviderClient {
	s.t.Helper()
	port, stop, err := Serve(context.Background(), pkg, s.world, s.o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(stop)
	return s.dial(port, config)
}

func (s *site) dial(port int, config m) pulumirpc.ResourceProviderClient {
	s.t.Helper()
	connection, err := grpc.NewClient("127.0.0.1:"+itoa(port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = connection.Close() })
	client := pulumirpc.NewResourceProviderClient(connection)
	args, err := wire(config)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := client.Configure(context.Background(), &pulumirpc.ConfigureRequest{Args: args}); err != nil {
		s.t.Fatal(err)
	}
	return client
}

func itoa(n int) string { text, _ := json.Marshal(n); return string(text) }

// made creates a resource after its check.
func (s *site) made(c pulumirpc.ResourceProviderClient, typ string, inputs m) (string, m, error) {
	s.t.Helper()
	news, err := wire(inputs)
	if err != nil {
		s.t.Fatal(err)
	}
	urn := "urn:pulumi:test::p::" + typ + "::it"
	checked, err := c.Check(context.Background(), &pulumirpc.CheckRequest{Urn: urn, News: news})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(checked.Failures) > 0 {
		return "", nil, status.Error(3, checked.Failures[0].Reason)
	}
	out, err := c.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn, Properties: checked.Inputs, Timeout: 600})
	if err != nil {
		return "", nil, err
	}
	return out.Id, plain(out.Properties), nil
}

func (s *site) must(c pulumirpc.ResourceProviderClient, typ string, inputs m) (string, m) {
	s.t.Helper()
	id, state, err := s.made(c, typ, inputs)
	if err != nil {
		s.t.Fatalf("%s: %v", typ, err)
	}
	return id, state
}

func (s *site) remove(c pulumirpc.ResourceProviderClient, typ, id string, state m, timeout float64) error {
	wired, err := wire(state)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = c.Delete(context.Background(), &pulumirpc.DeleteRequest{Urn: "urn:pulumi:test::p::" + typ + "::it", Id: id, Properties: wired, Timeout: timeout})
	return err
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %q in it", err, want)
	}
}

func TestAWSRefusesWhatAWSRefuses(t *testing.T) {
	s := newSite(t)
	aws := s.connect("aws", m{"region": "ap-south-1"})
	s.must(aws, bucketType, m{"bucket": "kv-state"})
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/x"}}]}`
	s.must(aws, roleType, m{"name": "flink", "assumeRolePolicy": trust})
	rule := func(more m) m {
		return m{"bucket": "kv-state", "rules": []any{overlay(m{"id": "r", "status": "Enabled"}, more)}}
	}
	for _, c := range []struct {
		typ    string
		inputs m
		want   string
	}{
		{bucketType, m{"bucket": "kv-state"}, "BucketAlreadyOwnedByYou"},
		{bucketType, m{"bucket": "Kv_State"}, "InvalidBucketName"},
		{bucketType, m{"bucket": "10.0.0.1"}, "InvalidBucketName"},
		{policyOfBucket, m{"bucket": "nowhere", "policy": "{}"}, "NoSuchBucket"},
		{policyOfBucket, m{"bucket": "kv-state", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Principal":"*","Resource":"arn:aws:s3:::other/*"}]}`}, "invalid resource"},
		{policyOfBucket, m{"bucket": "kv-state", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Principal":{"AWS":"deployer"},"Resource":"arn:aws:s3:::kv-state/*"}]}`}, "Invalid principal"},
		{iamPolicyType, m{"name": "p", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*"}]}`}, "Effect"},
		{iamPolicyType, m{"name": "p", "policy": `{`}, "invalid JSON"},
		{iamPolicyType, m{"name": "p", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3","Resource":"*"}]}`}, "vendor"},
		{roleType, m{"name": "flink", "assumeRolePolicy": trust}, "EntityAlreadyExists"},
		{attachmentType, m{"role": "flink", "policyArn": "arn:aws:iam::111122223333:policy/none"}, "not exist"},
		{aliasType, m{"name": "kv", "targetKeyId": "x"}, "alias/"},
		{aliasType, m{"name": "alias/kv", "targetKeyId": "x"}, "NotFoundException"},
		{lifecycleType, rule(m{}), "At least one action"},
		{lifecycleType, rule(m{"expiration": m{"days": 1.0, "expiredObjectDeleteMarker": true}}), "exclude each other"},
		{lifecycleType, rule(m{"noncurrentVersionExpiration": m{"noncurrentDays": 0.0}}), "positive"},
		{encryptionType, m{"bucket": "kv-state", "rules": []any{m{"applyServerSideEncryptionByDefault": m{"sseAlgorithm": "kms"}}}}, "SSEAlgorithm"},
		{"aws:ec2/instance:Instance", m{}, "no resource type"},
	} {
		_, _, err := s.made(aws, c.typ, c.inputs)
		refused(t, err, c.want)
	}
}

func TestABucketWithObjectsIsNotDeletedAndAKeyOnlyPending(t *testing.T) {
	s := newSite(t)
	aws := s.connect("aws", m{"region": "cn-north-1"})
	_, bucket := s.must(aws, bucketType, m{"bucket": "kv-state"})
	if bucket["arn"] != "arn:aws-cn:s3:::kv-state" {
		t.Errorf("arn %v", bucket["arn"])
	}
	id, object := s.must(aws, s3ObjectType, m{"bucket": "kv-state", "key": "ha/"})
	refused(t, s.remove(aws, bucketType, "kv-state", bucket, 0), "BucketNotEmpty")
	if err := s.remove(aws, s3ObjectType, id, object, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.remove(aws, bucketType, "kv-state", bucket, 0); err != nil {
		t.Error(err)
	}
	keyID, key := s.must(aws, keyType, m{})
	if err := s.remove(aws, keyType, keyID, key, 0); err != nil {
		t.Fatal(err)
	}
	if o, there := s.world.Get("aws", keyType, keyID); !there || o.State["keyState"] != "PendingDeletion" {
		t.Error("the key is gone at once")
	}
}

func TestTwoSettingsOfOneBucketAtOnceMeetAConflict(t *testing.T) {
	s := newSite(t)
	aws := newAWS(s.world, Options{Account: "111122223333"})
	free, err := aws.occupy("kv-state")
	if err != nil {
		t.Fatal(err)
	}
	_, err = aws.occupy("kv-state")
	refused(t, err, "OperationAborted")
	free()
	if _, err := aws.occupy("kv-state"); err != nil {
		t.Error(err)
	}
}

// cluster is a site with an operator that runs in namespace payments.
func cluster(s *site) pulumirpc.ResourceProviderClient {
	k := s.connect("kubernetes", m{})
	s.must(k, namespaceType, m{"metadata": m{"name": "payments"}})
	for kind, plural := range map[string]string{"FlinkDeployment": "flinkdeployments", "FlinkStateSnapshot": "flinkstatesnapshots"} {
		s.must(k, crdType, m{"metadata": m{"name": plural + ".flink.apache.org"}, "spec": m{"group": "flink.apache.org",
			"names": m{"kind": kind, "plural": plural}, "versions": []any{m{"name": "v1beta1"}}}})
	}
	s.must(k, operator.ServiceAccountType, m{"metadata": m{"name": "flink", "namespace": "payments"}})
	_ = s.world.Put(world.Object{Package: "aws", Type: bucketType, ID: "kv-state"})
	return k
}

func runOperator(s *site, version string) {
	_ = s.world.Put(world.Object{Package: "kubernetes", Type: releaseType, ID: "ops/operator", State: m{
		"version": version, "status": m{"chart": operatorChart, "status": "deployed"}}})
}

const waitFor = `["jsonpath={.status.lifecycleState}=STABLE","jsonpath={.status.jobStatus.state}=RUNNING"]`

func job(change func(spec m)) m {
	spec := m{"image": "r/fraud:1", "flinkVersion": "v1_18", "serviceAccount": "flink",
		"flinkConfiguration": m{"state.checkpoints.dir": "s3://kv-state/checkpoints", "state.savepoints.dir": "s3://kv-state/savepoints",
			"high-availability.type": "kubernetes", "kubernetes.operator.job.upgrade.last-state-fallback.enabled": "false"},
		"jobManager":  m{"replicas": 2.0, "resource": m{"memory": "2048m"}},
		"taskManager": m{"resource": m{"memory": "4096m"}},
		"job":         m{"parallelism": 2.0, "upgradeMode": "savepoint", "state": "running"}}
	if change != nil {
		change(spec)
	}
	return m{"metadata": m{"name": "fraud", "namespace": "payments", "annotations": m{"pulumi.com/waitFor": waitFor}}, "spec": spec}
}

func (s *site) updated(k pulumirpc.ResourceProviderClient, inputs m, timeout float64) error {
	inputs["apiVersion"], inputs["kind"] = "flink.apache.org/v1beta1", "FlinkDeployment"
	news, err := wire(inputs)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = k.Update(context.Background(), &pulumirpc.UpdateRequest{Urn: "urn:pulumi:test::p::" + operator.DeploymentType + "::it",
		Id: "payments/fraud", News: news, Timeout: timeout})
	return err
}

func (s *site) status() m {
	o, _ := s.world.Get("kubernetes", operator.DeploymentType, "payments/fraud")
	status, _ := o.State["status"].(m)
	return status
}

func TestAJobIsTakenThroughItsLife(t *testing.T) {
	s := newSite(t)
	k := cluster(s)
	runOperator(s, "1.10.0")
	_, state := s.must(k, operator.DeploymentType, job(nil))
	if text(state, "status", "jobStatus", "state") != "RUNNING" {
		t.Fatalf("status %v", state["status"])
	}
	// A snapshot.
	_, snapshot := s.must(k, operator.SnapshotType, m{"metadata": m{"name": "one", "namespace": "payments",
		"annotations": m{"pulumi.com/waitFor": "jsonpath={.status.state}=COMPLETED"}},
		"spec": m{"savepoint": m{"disposeOnDelete": false}, "jobReference": m{"kind": "FlinkDeployment", "name": "fraud"}}})
	path := text(snapshot, "status", "path")
	if _, there := s.world.Get("aws", s3ObjectType, strings.TrimPrefix(path, "s3://")+"/_metadata"); !there {
		t.Errorf("no savepoint at %q", path)
	}
	// An upgrade is done when the new generation is.
	if err := s.updated(k, job(func(spec m) { spec["image"] = "r/fraud:2" }), 1800); err != nil {
		t.Fatal(err)
	}
	if now := s.status(); now["observedGeneration"] != 2.0 || text(now, "jobStatus", "upgradeSavepointPath") == "" {
		t.Errorf("status %v", now)
	}
	// A specification that the operator refuses changes nothing but the error.
	refused(t, s.updated(k, job(func(spec m) { spec["job"].(m)["parallelism"] = 0.0 }), 120), "timed out")
	if now := s.status(); now["observedGeneration"] != 2.0 || text(now, "jobStatus", "state") != "RUNNING" || !strings.Contains(text(now, "error"), "parallelism") {
		t.Errorf("status %v", now)
	}
	// A bad image, and back to the savepoint.
	refused(t, s.updated(k, job(func(spec m) { spec["image"] = "r/fraud:3-bad@sha256:0" }), 300), "timed out")
	if err := s.updated(k, job(func(spec m) {
		spec["job"].(m)["initialSavepointPath"], spec["job"].(m)["savepointRedeployNonce"] = path, 1.0
	}), 1800); err != nil {
		t.Fatal(err)
	}
	if now := s.status(); text(now, "jobStatus", "upgradeSavepointPath") != path {
		t.Errorf("status %v", now)
	}
	if err := s.remove(k, operator.DeploymentType, "payments/fraud", state, 900); err != nil {
		t.Error(err)
	}
}

func TestOperator110NeverObservesAnIgnoredChange(t *testing.T) {
	for version, observed := range map[string]bool{"1.10.0": false, "1.11.0": true} {
		s := newSite(t)
		k := cluster(s)
		runOperator(s, version)
		s.must(k, operator.DeploymentType, job(nil))
		err := s.updated(k, job(func(spec m) { spec["flinkConfiguration"].(m)["kubernetes.operator.x"] = "y" }), 300)
		if (err == nil) != observed {
			t.Errorf("operator %s: %v", version, err)
		}
	}
}

func TestInstructionsEndFailedAndRolledBack(t *testing.T) {
	for instruction, lifecycle := range map[world.Instruction]string{world.FailNextUpgrade: "FAILED", world.RollBackNextUpgrade: "ROLLED_BACK"} {
		s := newSite(t)
		k := cluster(s)
		runOperator(s, "1.15.0")
		s.must(k, operator.DeploymentType, job(nil))
		if err := s.world.Instruct("fraud", instruction); err != nil {
			t.Fatal(err)
		}
		refused(t, s.updated(k, job(func(spec m) { spec["image"] = "r/fraud:2" }), 300), "timed out")
		if got := s.status()["lifecycleState"]; got != lifecycle {
			t.Errorf("%s: %v", instruction, got)
		}
	}
}

func TestWithoutAnOperatorAJobNeitherStartsNorGoes(t *testing.T) {
	s := newSite(t)
	k := cluster(s)
	inputs := job(nil)
	_, _, err := s.made(k, operator.DeploymentType, inputs)
	refused(t, err, "timed out waiting for the condition")
	details := status.Convert(err).Details()
	if len(details) != 1 || details[0].(*pulumirpc.ErrorResourceInitFailed).Id != "payments/fraud" {
		t.Errorf("details %v", details)
	}
	runOperator(s, "1.10.0")
	if err := s.updated(k, inputs, 1800); err != nil {
		t.Fatal(err)
	}
	if err := s.world.Delete("kubernetes", releaseType, "ops/operator"); err != nil {
		t.Fatal(err)
	}
	refused(t, s.remove(k, operator.DeploymentType, "payments/fraud", m{}, 60), "finalizers")
}

func TestTheClusterRefusesWhatItDoesNotKnow(t *testing.T) {
	s := newSite(t)
	port, stop, err := Serve(context.Background(), "kubernetes", s.world, s.o)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	k, adopting := s.dial(port, m{}), s.dial(port, m{"upsertExistingObjects": "true"})
	namespace := m{"metadata": m{"name": "payments"}}
	s.must(k, namespaceType, namespace)
	_, _, err = s.made(k, namespaceType, namespace)
	refused(t, err, "already exists")
	if _, _, err := s.made(adopting, namespaceType, namespace); err != nil {
		t.Errorf("the adopting provider: %v", err)
	}
	_, _, err = s.made(k, operator.DeploymentType, job(nil))
	refused(t, err, `no matches for kind "FlinkDeployment" in version "flink.apache.org/v1beta1"`)
	_, _, err = s.made(k, operator.ServiceAccountType, m{"metadata": m{"name": "x", "namespace": "nowhere"}})
	refused(t, err, `namespaces "nowhere" not found`)
	_, _, err = s.made(k, releaseType, m{"chart": "cert-manager", "namespace": "payments", "repositoryOpts": m{"repo": "http://127.0.0.1:1"}})
	refused(t, err, "cannot be reached")
}

func TestADiffReplacesOnlyWhatCannotChange(t *testing.T) {
	s := newSite(t)
	k := s.connect("kubernetes", m{})
	for _, c := range []struct {
		news    m
		replace bool
		changes pulumirpc.DiffResponse_DiffChanges
	}{
		{m{"metadata": m{"name": "a"}, "spec": m{"x": 1.0}}, false, pulumirpc.DiffResponse_DIFF_NONE},
		{m{"metadata": m{"name": "a"}, "spec": m{"x": 2.0}}, false, pulumirpc.DiffResponse_DIFF_SOME},
		{m{"metadata": m{"name": "b"}, "spec": m{"x": 1.0}}, true, pulumirpc.DiffResponse_DIFF_SOME},
	} {
		old, _ := wire(m{"metadata": m{"name": "a"}, "spec": m{"x": 1.0}})
		news, _ := wire(c.news)
		d, err := k.Diff(context.Background(), &pulumirpc.DiffRequest{Urn: "urn:pulumi:test::p::" + operator.DeploymentType + "::it", OldInputs: old, Olds: old, News: news})
		if err != nil || d.Changes != c.changes || (len(d.Replaces) > 0) != c.replace {
			t.Errorf("%v: %v, %v", c.news, d, err)
		}
	}
}

func TestVaultAndDatadogRefuseWhatTheyRefuse(t *testing.T) {
	s := newSite(t)
	v, d := s.connect("vault", m{}), s.connect("datadog", m{})
	s.must(v, vaultPolicyType, m{"name": "read", "policy": "path \"secret/data/x\" {\n  capabilities = [\"read\"]\n}\n"})
	id, _ := s.must(d, monitorType, m{"type": "query alert", "name": "n", "query": "avg(last_5m):avg:x{*} > 5", "message": "x", "monitorThresholds": m{"critical": "5"}})
	if id != "90000001" {
		t.Errorf("id %s", id)
	}
	role := m{"roleName": "r", "boundServiceAccountNames": []any{"flink"}, "boundServiceAccountNamespaces": []any{"payments"}}
	s.must(v, vaultRoleType, role)
	for _, c := range []struct {
		client pulumirpc.ResourceProviderClient
		typ    string
		inputs m
		want   string
	}{
		{v, vaultPolicyType, m{"name": "x", "policy": "path"}, "failed to parse policy"},
		{v, vaultPolicyType, m{"name": "x", "policy": `path "a" { capabilities = ["own"] }`}, "invalid capability"},
		{v, vaultRoleType, overlay(role, m{"backend": "eks"}), "no handler for route"},
		{v, vaultRoleType, overlay(role, m{"tokenTtl": 2.0, "tokenMaxTtl": 1.0}), "token_max_ttl"},
		{d, monitorType, m{"type": "query alert", "name": "n", "query": "avg(last_5m):avg:x{*} > 5", "message": "x", "monitorThresholds": m{"critical": "6"}}, "does not match"},
		{d, objectiveType, m{"type": "monitor", "name": "n", "thresholds": []any{}, "monitorIds": []any{7.0}}, "does not exist"},
		{d, dashboardType, m{"dashboard": `{"title":"t"}`}, "required property"},
	} {
		_, _, err := s.made(c.client, c.typ, c.inputs)
		refused(t, err, c.want)
	}
}

func TestTheWorldIsThereAgain(t *testing.T) {
	file := t.TempDir() + "/world.json"
	w, err := world.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Put(world.Object{Package: "aws", Type: bucketType, ID: "b", State: m{"x": 1.0}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Instruct("fraud", world.FailNextUpgrade); err != nil {
		t.Fatal(err)
	}
	again, err := world.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if o, there := again.Get("aws", bucketType, "b"); !there || o.State["x"] != 1.0 || !again.Obey("fraud", world.FailNextUpgrade) || again.Obey("fraud", world.FailNextUpgrade) {
		t.Error("the world was not kept")
	}
}

func TestACallThatIsToFailReachesNoService(t *testing.T) {
	s := newSite(t)
	s.o.Before = func(c Call) error {
		if c.Method == "Create" && c.Type == bucketType && c.Name == "it" {
			return context.DeadlineExceeded
		}
		return nil
	}
	began := time.Now()
	s.o.Latency = func(string, string) time.Duration { return 20 * time.Millisecond }
	aws := s.connect("aws", m{"region": "ap-south-1"})
	_, _, err := s.made(aws, bucketType, m{"bucket": "kv-state"})
	refused(t, err, "deadline")
	if len(s.world.List("", "")) != 0 {
		t.Error("the service was reached")
	}
	s.must(aws, keyType, m{})
	if time.Since(began) < 20*time.Millisecond {
		t.Error("no time was taken")
	}
}
