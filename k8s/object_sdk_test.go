//go:build sdk

package k8s

import (
	"testing"

	apiextensions "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networking "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	policy "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	rbac "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The SDK's own constructors and NewObject must register the same thing.
func TestObjectsAreRegisteredAsTheSDKDoes(t *testing.T) {
	m := meta.ObjectMetaArgs{Name: pulumi.String("name"), Namespace: pulumi.String("namespace")}
	kinds := []struct {
		apiVersion, kind string
		sdk              func(*pulumi.Context) error
	}{
		{"v1", "ServiceAccount", func(ctx *pulumi.Context) error {
			_, err := core.NewServiceAccount(ctx, "object", &core.ServiceAccountArgs{Metadata: m})
			return err
		}},
		{"v1", "Namespace", func(ctx *pulumi.Context) error {
			_, err := core.NewNamespace(ctx, "object", &core.NamespaceArgs{Metadata: m})
			return err
		}},
		{"rbac.authorization.k8s.io/v1", "Role", func(ctx *pulumi.Context) error {
			_, err := rbac.NewRole(ctx, "object", &rbac.RoleArgs{Metadata: m})
			return err
		}},
		{"networking.k8s.io/v1", "NetworkPolicy", func(ctx *pulumi.Context) error {
			_, err := networking.NewNetworkPolicy(ctx, "object", &networking.NetworkPolicyArgs{Metadata: m})
			return err
		}},
		{"policy/v1", "PodDisruptionBudget", func(ctx *pulumi.Context) error {
			_, err := policy.NewPodDisruptionBudget(ctx, "object", &policy.PodDisruptionBudgetArgs{Metadata: m})
			return err
		}},
	}
	for _, kind := range kinds {
		t.Run(kind.kind, func(t *testing.T) {
			theirs := run(t, kind.sdk)["object"]
			ours := run(t, func(ctx *pulumi.Context) error {
				_, err := NewObject(ctx, "object", map[string]any{
					"apiVersion": kind.apiVersion, "kind": kind.kind, "metadata": map[string]any{"name": "name", "namespace": "namespace"},
				}, nil)
				return err
			})["object"]
			if ours.TypeToken != theirs.TypeToken {
				t.Errorf("the token is %s, in the SDK %s", ours.TypeToken, theirs.TypeToken)
			}
			if !ours.Inputs.DeepEquals(theirs.Inputs) {
				t.Errorf("the inputs are\n%v, in the SDK\n%v", ours.Inputs, theirs.Inputs)
			}
			if got, want := ours.RegisterRPC.GetVersion(), theirs.RegisterRPC.GetVersion(); got != want {
				t.Errorf("the plugin's version is %s, in the SDK %s", got, want)
			}
		})
	}

	// These two take arguments that must be there, so only the token is held.
	for want, register := range map[string]func(*pulumi.Context) error{
		token("rbac.authorization.k8s.io/v1", "RoleBinding"): func(ctx *pulumi.Context) error {
			_, err := rbac.NewRoleBinding(ctx, "object", &rbac.RoleBindingArgs{Metadata: m, RoleRef: rbac.RoleRefArgs{
				ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("Role"), Name: pulumi.String("name")}})
			return err
		},
		token("apiextensions.k8s.io/v1", "CustomResourceDefinition"): func(ctx *pulumi.Context) error {
			_, err := apiextensions.NewCustomResourceDefinition(ctx, "object", &apiextensions.CustomResourceDefinitionArgs{
				Metadata: m, Spec: apiextensions.CustomResourceDefinitionSpecArgs{
					Group: pulumi.String("g"), Scope: pulumi.String("Namespaced"),
					Names:    apiextensions.CustomResourceDefinitionNamesArgs{Kind: pulumi.String("K"), Plural: pulumi.String("ks")},
					Versions: apiextensions.CustomResourceDefinitionVersionArray{},
				}})
			return err
		},
	} {
		if got := run(t, register)["object"].TypeToken; got != want {
			t.Errorf("the token is %s, in the SDK %s", want, got)
		}
	}
}
