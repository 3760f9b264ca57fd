package k8s

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	namespace := corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: objectMeta("", args.Name, map[string]string{}),
	}
	maps.Copy(namespace.Labels, args.Labels)
	for mode, standard := range map[string]string{"enforce": "baseline", "warn": "restricted", "audit": "restricted"} {
		namespace.Labels["pod-security.kubernetes.io/"+mode] = standard
	}
	return NewObject(ctx, name, namespace, nil, append([]pulumi.ResourceOption{pulumi.RetainOnDelete(true)}, opts...)...)
}
