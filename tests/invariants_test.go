package tests

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

// Resources by where they are made.
func isAWS(n *node) bool     { return strings.HasPrefix(n.Type, "aws:") }
func isVault(n *node) bool   { return strings.HasPrefix(n.Type, "vault:") }
func isRelease(n *node) bool { return n.Type == "kubernetes:helm.sh/v3:Release" }

const (
	deploymentType = "kubernetes:flink.apache.org/v1beta1:FlinkDeployment"
	crdType        = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
)

func TestTheJobWaitsForEverythingItNeeds(t *testing.T) {
	needs := []struct{ typ, suffix string }{
		{"kubernetes:helm.sh/v3:Release", "operator-release"},
		{"kubernetes:helm.sh/v3:Release", "cert-manager-release"},
		{crdType, "crd-flinkdeployments"},
		{crdType, "crd-flinkstatesnapshots"},
		{"kubernetes:core/v1:Namespace", "-payments"},
		{"kubernetes:core/v1:Namespace", "-flink-operator"},
		{"kubernetes:core/v1:ServiceAccount", ""},
		{"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "workload-role-binding"},
		{"kubernetes:networking.k8s.io/v1:NetworkPolicy", ""},
		{"aws:s3/bucketV2:BucketV2", "-bucket"},
		{"aws:s3/bucketVersioningV2:BucketVersioningV2", "bucket-versioning"},
		{"aws:s3/bucketPolicy:BucketPolicy", "bucket-policy"},
		{"aws:kms/key:Key", ""},
		{"aws:iam/role:Role", ""},
		{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", ""},
		{"vault:kubernetes/authBackendRole:AuthBackendRole", ""},
		{"vault:index/policy:Policy", ""},
	}
	inBoth(t, func(t *testing.T, g *graph) {
		before := g.before(g.one(t, deploymentType, ""))
		for _, need := range needs {
			found := g.all(func(n *node) bool { return n.Type == need.typ && strings.HasSuffix(n.Name, need.suffix) })
			waited := false
			for _, n := range found {
				waited = waited || before[n.URN] != nil
			}
			if !waited {
				t.Errorf("the job does not wait for %s *%s (%d registered)", need.typ, need.suffix, len(found))
			}
		}
	})
}

func TestTheOperatorWaitsForCertManagerItsCRDsAndEveryNamespaceItWatches(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		before := g.before(g.one(t, "kubernetes:helm.sh/v3:Release", "operator-release"))
		if before[g.one(t, "kubernetes:helm.sh/v3:Release", "cert-manager-release").URN] == nil {
			t.Error("not for cert-manager")
		}
		for _, n := range g.all(func(n *node) bool { return n.Type == crdType || n.Type == "kubernetes:core/v1:Namespace" }) {
			if before[n.URN] == nil {
				t.Errorf("not for %s", n.Name)
			}
		}
	}, addJob(another("velocity", "fraud")))
}

func TestAWSAndVaultWaitForNothingInTheCluster(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		for _, n := range g.all(func(n *node) bool { return isAWS(n) || isVault(n) }) {
			for _, needed := range g.before(n) {
				if strings.HasPrefix(needed.Type, "kubernetes:") {
					t.Errorf("%s waits for %s", n.Name, needed.Name)
				}
			}
		}
		// A console's pods begin with a login to Vault; the platform's do not.
		isPlatform := func(n *node) bool { return isRelease(n) && strings.HasPrefix(n.Name, "platform-") }
		for _, n := range g.all(isPlatform) {
			for _, needed := range g.before(n) {
				if isAWS(needed) || isVault(needed) {
					t.Errorf("%s waits for %s", n.Name, needed.Name)
				}
			}
		}
	})
}

func TestEveryResourceHasAParentAndBearsItsName(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		for _, n := range g.nodes {
			parent := g.byURN(n.Registered.GetParent())
			switch {
			case strings.HasPrefix(n.Type, "pulumi:providers:") || n.Type == "flink-payments:index:Platform" || n.Type == "flink-payments:index:Job":
				if parent != nil {
					t.Errorf("%s has the parent %s", n.Name, parent.Name)
				}
			case parent == nil:
				t.Errorf("%s (%s) has no parent", n.Name, n.Type)
			case !strings.HasPrefix(n.Name, parent.Name+"-"):
				t.Errorf("%s does not begin with its parent's name, %s-", n.Name, parent.Name)
			case !isComponent(parent):
				t.Errorf("%s is the child of a resource: whoever waits for its component does not wait for it", n.Name)
			}
		}
	})
}

func TestEveryResourceUsesAProviderOfTheStack(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		for _, n := range g.nodes {
			// The engine provides pulumi: itself.
			if isComponent(n) || strings.HasPrefix(n.Type, "pulumi:") {
				continue
			}
			provider := n.Registered.GetProvider()
			pkg, _, _ := strings.Cut(n.Type, ":")
			if !strings.Contains(provider, "pulumi:providers:"+pkg+"::") {
				t.Errorf("%s (%s) has the provider %q", n.Name, n.Type, provider)
			}
		}
	})
}

func TestStateOutlivesEverything(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		kept := g.all(func(n *node) bool {
			return strings.HasPrefix(n.Type, "aws:s3/") || strings.HasPrefix(n.Type, "aws:kms/")
		})
		if len(kept) < 15 {
			t.Fatalf("only %d resources of the state store", len(kept))
		}
		for _, n := range kept {
			if !n.Registered.GetProtect() || !n.Registered.GetRetainOnDelete() {
				t.Errorf("%s: protect %t, retainOnDelete %t", n.Name, n.Registered.GetProtect(), n.Registered.GetRetainOnDelete())
			}
			if n.Inputs["forceDestroy"].IsBool() && n.Inputs["forceDestroy"].BoolValue() {
				t.Errorf("%s is destroyed with what is in it", n.Name)
			}
		}
		for _, n := range g.all(func(n *node) bool { return n.Type == crdType || n.Type == "kubernetes:core/v1:Namespace" }) {
			if !n.Registered.GetRetainOnDelete() {
				t.Errorf("%s goes with the stack, and with it what others keep in it", n.Name)
			}
		}
	})
}

func TestNoSecretIsAnInputOrAnOutput(t *testing.T) {
	canaries := map[string]string{}
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "VAULT_TOKEN",
		"DD_API_KEY", "DD_APP_KEY", "DATADOG_API_KEY", "DATADOG_APP_KEY", "PULUMI_CONFIG_PASSPHRASE", "KUBECONFIG",
	} {
		canaries[name] = "canary-" + strings.ToLower(name)
		t.Setenv(name, canaries[name])
	}
	inBoth(t, func(t *testing.T, g *graph) {
		if len(g.nodes) < 40 {
			t.Fatalf("only %d resources", len(g.nodes))
		}
		for _, n := range g.nodes {
			text := jsonOf(t, n.Registered.GetObject())
			for name, canary := range canaries {
				if strings.Contains(text, canary) {
					t.Errorf("%s holds %s", n.Name, name)
				}
			}
		}
		outputs, err := json.Marshal(g.outputs.Mappable())
		if err != nil {
			t.Fatal(err)
		}
		for name, canary := range canaries {
			if strings.Contains(string(outputs), canary) {
				t.Errorf("the outputs hold %s", name)
			}
		}
	})
}

func jsonOf(t *testing.T, s *structpb.Struct) string {
	t.Helper()
	text, err := s.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheClusterOfTheSettingsIsUsedWhateverTheShellSays(t *testing.T) {
	t.Setenv("KUBECONFIG", "/home/somebody/.kube/other-cluster")
	t.Setenv("AWS_REGION", "eu-central-1")
	inBoth(t, func(t *testing.T, g *graph) {
		for _, n := range g.all(func(n *node) bool { return n.Type == "pulumi:providers:kubernetes" }) {
			kubeconfig := n.Inputs["kubeconfig"].StringValue()
			if !strings.Contains(kubeconfig, `"kv-prod"`) || !strings.Contains(kubeconfig, "get-token") || strings.Contains(kubeconfig, "other-cluster") {
				t.Errorf("%s: %s", n.Name, kubeconfig)
			}
		}
		aws := g.one(t, "pulumi:providers:aws", "")
		if aws.Inputs["region"].StringValue() != "ap-south-1" || !strings.Contains(jsonOf(t, aws.Registered.GetObject()), account) {
			t.Errorf("aws: %v", aws.Inputs)
		}
	})
}

func TestTwoJobsShareNothingOfTheirOwn(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		for _, typ := range []string{
			"aws:s3/bucketV2:BucketV2", "aws:kms/key:Key", "aws:kms/alias:Alias", "aws:iam/role:Role", "aws:iam/policy:Policy",
			"vault:kubernetes/authBackendRole:AuthBackendRole", "vault:index/policy:Policy", deploymentType, "kubernetes:core/v1:ServiceAccount",
		} {
			first := g.all(func(n *node) bool { return n.Type == typ && strings.HasPrefix(n.Name, "fraud-scoring-") })
			second := g.all(func(n *node) bool { return n.Type == typ && strings.HasPrefix(n.Name, "velocity-") })
			if len(first) == 0 || len(first) != len(second) {
				t.Errorf("%s: %d and %d", typ, len(first), len(second))
			}
		}
		for _, n := range g.all(func(n *node) bool { return strings.HasPrefix(n.Name, "velocity") && !isComponent(n) }) {
			for _, needed := range g.before(n) {
				if strings.HasPrefix(needed.Name, "fraud-scoring") {
					t.Errorf("%s waits for the other job's %s", n.Name, needed.Name)
				}
			}
			if text := jsonOf(t, n.Registered.GetObject()); strings.Contains(text, "fraud-scoring-identity") || strings.Contains(text, "kv-flink-state-payments-prod") {
				t.Errorf("%s names the other job's things", n.Name)
			}
		}
	}, addJob(another("velocity", "payments")))
}

func TestARNsAreOfTheRegionsPartition(t *testing.T) {
	for region, partition := range map[string]string{"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"} {
		t.Run(region, func(t *testing.T) {
			administrator := "arn:" + partition + ":iam::111122223333:role/payments-platform-deployer"
			inBoth(t, func(t *testing.T, g *graph) {
				for _, n := range g.nodes {
					if text := jsonOf(t, n.Registered.GetObject()); strings.Contains(text, "arn:aws:") && n.Type != "pulumi:providers:aws" {
						t.Errorf("%s names an ARN of another partition: %s", n.Name, text)
					}
				}
				document := jsonOf(t, g.one(t, deploymentType, "").Registered.GetObject())
				suffix := map[string]string{"aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}[partition]
				if !strings.Contains(document, "https://s3."+region+"."+suffix+`"`) {
					t.Error("s3.endpoint is not the region's")
				}
			}, set(region, "aws:region"), set([]any{administrator}, "flink-payments:aws", "administrators"))
		})
	}
}

func TestMain(m *testing.M) {
	// The guide's shell must not decide anything.
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "KUBECONFIG", "VAULT_ADDR", "VAULT_TOKEN"} {
		os.Unsetenv(name)
	}
	os.Exit(m.Run())
}
