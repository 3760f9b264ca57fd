package k8s

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func prod(ctx *pulumi.Context, ca string) (Cluster, error) {
	return EKS(EKSArgs{Name: "kv-prod", Region: "ap-south-1",
		Endpoint: pulumi.String("https://eks.example"), CertificateAuthority: pulumi.String(ca)})
}

func TestTheProviderIsBoundToTheNamedCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", "/ambient/kubeconfig")
	provider := run(t, func(ctx *pulumi.Context) error {
		cluster, err := prod(ctx, "Y2E=")
		if err != nil {
			return err
		}
		_, err = NewProvider(ctx, "cluster", cluster)
		return err
	}).get(t, "cluster")

	var kubeconfig struct {
		CurrentContext string `json:"current-context"`
		Clusters       []struct {
			Cluster map[string]string
		}
		Users []struct {
			User struct {
				Exec struct {
					APIVersion, Command, InteractiveMode string
					Args                                 []string
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(provider.Inputs["kubeconfig"].StringValue()), &kubeconfig); err != nil {
		t.Fatalf("the kubeconfig is not the program's own: %v", err)
	}
	same(t, "the cluster", kubeconfig.Clusters[0].Cluster, map[string]string{
		"server": "https://eks.example", "certificate-authority-data": "Y2E="})
	exec := kubeconfig.Users[0].User.Exec
	same(t, "the exec user", exec, map[string]any{
		"APIVersion": "client.authentication.k8s.io/v1beta1", "Command": "aws", "InteractiveMode": "Never",
		"Args": []string{"eks", "get-token", "--cluster-name", "kv-prod", "--region", "ap-south-1", "--output", "json"}})
	if kubeconfig.CurrentContext != "kv-prod" {
		t.Errorf("the context is %q", kubeconfig.CurrentContext)
	}
}

func TestANamedContextIsNotTakenFromTheEnvironment(t *testing.T) {
	t.Setenv("KUBECONFIG", "/ambient/kubeconfig")
	for path, want := range map[string]string{"": "~/.kube/config", "/etc/kubeconfig": "/etc/kubeconfig"} {
		provider := run(t, func(ctx *pulumi.Context) error {
			cluster, err := Context(path, "lab")
			if err != nil {
				return err
			}
			_, err = NewProvider(ctx, "cluster", cluster)
			return err
		}).get(t, "cluster")
		same(t, "the kubeconfig", at(t, provider, "kubeconfig"), want)
		same(t, "the context", at(t, provider, "context"), "lab")
	}
	if _, err := Context("/etc/kubeconfig", ""); err == nil {
		t.Error("a file's current context was taken")
	}
}

// The provider is replaced by its identifier alone, and with it every object.
func TestAReplacedCAReplacesNothing(t *testing.T) {
	var identifiers []any
	for _, ca := range []string{"b2xk", "bmV3"} {
		provider := run(t, func(ctx *pulumi.Context) error {
			cluster, err := prod(ctx, ca)
			if err != nil {
				return err
			}
			_, err = NewProvider(ctx, "cluster", cluster)
			return err
		}).get(t, "cluster")
		identifiers = append(identifiers, at(t, provider, "clusterIdentifier"))
	}
	if identifiers[0] != "eks/ap-south-1/kv-prod" || identifiers[1] != identifiers[0] {
		t.Errorf("the identifiers are %v", identifiers)
	}
}

func TestTheEnvironmentSwitchesNothingOfTheProvider(t *testing.T) {
	switches := []string{"deleteUnreachable", "enablePatchForce", "upsertExistingObjects", "skipUpdateUnreachable",
		"enableServerSideApply", "enableConfigMapMutable", "enableSecretMutable"}
	for _, name := range []string{"DELETE_UNREACHABLE", "ENABLE_PATCH_FORCE", "UPSERT_EXISTING_OBJECTS", "SKIP_UPDATE_UNREACHABLE",
		"ENABLE_CONFIGMAP_MUTABLE", "ENABLE_SECRET_MUTABLE"} {
		t.Setenv("PULUMI_K8S_"+name, "true")
	}
	t.Setenv("PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", "false")
	all := run(t, func(ctx *pulumi.Context) error {
		cluster, err := prod(ctx, "Y2E=")
		if err != nil {
			return err
		}
		if _, err = NewProvider(ctx, "plain", cluster); err != nil {
			return err
		}
		_, err = NewExistingProvider(ctx, "adopting", cluster)
		return err
	})
	for name, on := range map[string][]string{
		"plain":    {"enableServerSideApply"},
		"adopting": {"enableServerSideApply", "enablePatchForce", "upsertExistingObjects"},
	} {
		for _, key := range switches {
			// Providers get their configuration as text.
			want := "false"
			if slices.Contains(on, key) {
				want = "true"
			}
			if got := at(t, all.get(t, name), key); got != want && got != (want == "true") {
				t.Errorf("%s: %s is %v, not %s", name, key, got, want)
			}
		}
	}
}

func TestACredentialOfTheCallerCanBeNamed(t *testing.T) {
	text, err := eksKubeconfig(EKSArgs{Name: "c", Region: "r", RoleARN: "arn:role"}, "https://e", "ca")
	if err != nil || !strings.Contains(text, `"--role-arn","arn:role"`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAClusterWithoutAnEndpointIsRefused(t *testing.T) {
	if _, err := EKS(EKSArgs{Name: "kv-prod", Region: "ap-south-1"}); err == nil {
		t.Error("it was taken")
	}
	if reason := fails(t, func(ctx *pulumi.Context) error {
		_, err := NewProvider(ctx, "cluster", Cluster{})
		return err
	}); !strings.Contains(reason, "no cluster is named") {
		t.Errorf("refused by %q", reason)
	}
}
