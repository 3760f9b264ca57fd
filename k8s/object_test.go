package k8s

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestAnUnknownValueLeavesItsNeighboursKnown(t *testing.T) {
	object := run(t, func(ctx *pulumi.Context) error {
		_, err := NewObject(ctx, "account", map[string]any{"apiVersion": "v1", "kind": "ServiceAccount"}, map[string]any{"metadata": map[string]any{
			"name":        "flink",
			"annotations": map[string]any{"role": pulumi.UnsafeUnknownOutput(nil), "other": "known"},
			"list":        []any{pulumi.UnsafeUnknownOutput(nil), "known"},
		}})
		return err
	}, preview).get(t, "account")

	metadata := object.Inputs["metadata"].ObjectValue()
	annotations := metadata["annotations"].ObjectValue()
	// The recorder reads an unknown as null.
	if !annotations["role"].IsNull() {
		t.Errorf("the unknown annotation is %v", annotations["role"])
	}
	for what, value := range map[string]resource.PropertyValue{
		"name": metadata["name"], "annotation": annotations["other"], "item": metadata["list"].ArrayValue()[1],
	} {
		if !value.IsString() {
			t.Errorf("the known %s is %v", what, value)
		}
	}
}

func TestASecretValueStaysSecret(t *testing.T) {
	object := run(t, func(ctx *pulumi.Context) error {
		_, err := NewObject(ctx, "object", map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}, map[string]any{
			"metadata": map[string]any{"name": "object"},
			"data":     map[string]any{"key": pulumi.ToSecret(pulumi.String("hidden"))},
		})
		return err
	}).get(t, "object")
	if data := object.RegisterRPC.GetObject().GetFields()["data"]; !strings.Contains(data.String(), resource.SecretSig) {
		t.Errorf("the secret is registered in clear: %v", data)
	}
}

func TestAnObjectWithoutANameIsRefused(t *testing.T) {
	for _, metadata := range []any{nil, map[string]any{}, map[string]any{"name": ""}} {
		reason := fails(t, func(ctx *pulumi.Context) error {
			_, err := NewObject(ctx, "object", map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}, nil)
			return err
		})
		if !strings.Contains(reason, "ConfigMap object") || !strings.Contains(reason, "metadata.name") {
			t.Errorf("%v is refused by %q", metadata, reason)
		}
	}
}
