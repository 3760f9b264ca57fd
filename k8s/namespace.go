package k8s

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NamespaceArgs describe a namespace.
type NamespaceArgs struct {
	Name   string
	Labels map[string]string
}

// NewNamespace makes a namespace, or adopts the one that is there when its
// provider is an adopting one. It outlives the stack: deleting it would delete
// what others keep in it, and would never end once the operator is gone, since
// the operator's savepoint objects hold finalizers.
// Pods of the baseline standard are let in; what falls short of restricted is
// warned of and recorded.
func NewNamespace(ctx *pulumi.Context, name string, args NamespaceArgs, opts ...pulumi.ResourceOption) (*Object, error) {
	labels := maps.Clone(args.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	for mode, standard := range map[string]string{"enforce": "baseline", "warn": "restricted", "audit": "restricted"} {
		labels["pod-security.kubernetes.io/"+mode] = standard
	}
	return NewObject(ctx, name, "v1", "Namespace", map[string]any{"metadata": metadata("", args.Name, labels)},
		append([]pulumi.ResourceOption{pulumi.RetainOnDelete(true)}, opts...)...)
}
