// Package k8s holds what lives inside the cluster: providers bound to one
// named cluster, the platform's parts, a job's own objects and its
// FlinkDeployment.
package k8s

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/utilities"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flink-payments/k8s/manifest"
)

// An Object is any Kubernetes object. The SDK's typed packages do the same and
// cost a third of the program's build.
type Object struct {
	pulumi.CustomResourceState

	Metadata pulumi.MapOutput `pulumi:"metadata"`
	// Status is empty until a controller has written one.
	Status pulumi.MapOutput `pulumi:"status"`
}

// NewObject registers an object: one of Kubernetes' own Go types, or plain
// values with apiVersion and kind. over is laid over it and holds what only
// another resource yields; any value in it, at any depth, may be a
// pulumi.Input, and an unknown one leaves its neighbours known. nil: nothing is.
// metadata.name must be there: downstream code uses static names.
func NewObject(ctx *pulumi.Context, name string, object any, over map[string]any, opts ...pulumi.ResourceOption) (*Object, error) {
	fields, plain := object.(map[string]any)
	if !plain {
		fields = manifest.Of(object)
	}
	fields = merge(fields, over)
	apiVersion, _ := fields["apiVersion"].(string)
	kind, _ := fields["kind"].(string)
	metadata, _ := fields["metadata"].(map[string]any)
	if apiVersion == "" || kind == "" {
		return nil, fmt.Errorf("object %s: the manifest has no apiVersion or no kind", name)
	}
	if metadata["name"] == nil || metadata["name"] == "" {
		return nil, fmt.Errorf("%s %s: the manifest has no metadata.name", kind, name)
	}
	registered := &Object{}
	err := ctx.RegisterResource(token(apiVersion, kind), name, toInput(fields).(pulumi.Map), registered, utilities.PkgResourceDefaultOpts(opts)...)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return registered, nil
}

// token is the provider's type of a kind: the core group's name is written out.
func token(apiVersion, kind string) string {
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	return "kubernetes:" + apiVersion + ":" + kind
}

// toInput turns plain Go into inputs level by level. pulumi.Any over the whole
// would make all of it unknown as soon as one value in it is.
func toInput(value any) pulumi.Input {
	if input, ok := value.(pulumi.Input); ok {
		return input
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			break
		}
		converted := pulumi.Map{}
		for entries := v.MapRange(); entries.Next(); {
			converted[entries.Key().String()] = toInput(entries.Value().Interface())
		}
		return converted
	case reflect.Slice:
		converted := make(pulumi.Array, v.Len())
		for i := range v.Len() {
			converted[i] = toInput(v.Index(i).Interface())
		}
		return converted
	}
	return pulumi.Any(value)
}

// objectMeta names an object, whose declared fields are the program's own.
func objectMeta(namespace, name string, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: namespace, Labels: labels,
		Annotations: map[string]string{manifest.PatchForce: "true"},
	}
}
