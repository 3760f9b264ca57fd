// Package k8s holds what lives inside the cluster: providers bound to one
// named cluster, the platform's parts, a job's own objects and its
// FlinkDeployment.
package k8s

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/utilities"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// An Object is any Kubernetes object. The SDK's typed packages do the same and
// cost a third of the program's build.
type Object struct {
	pulumi.CustomResourceState

	Metadata pulumi.MapOutput `pulumi:"metadata"`
	// Status is empty until a controller has written one.
	Status pulumi.MapOutput `pulumi:"status"`
}

// NewObject registers an object of a kind. The manifest holds metadata and what
// else the kind has beside apiVersion and kind; any value in it, at any depth,
// may be a pulumi.Input, and an unknown one leaves its neighbours known.
// metadata.name must be there: downstream code uses static names.
func NewObject(ctx *pulumi.Context, name, apiVersion, kind string, manifest map[string]any, opts ...pulumi.ResourceOption) (*Object, error) {
	if !named(manifest["metadata"]) {
		return nil, fmt.Errorf("%s %s: the manifest has no metadata.name", kind, name)
	}
	props := pulumi.Map{}
	for key, value := range manifest {
		props[key] = toInput(value)
	}
	props["apiVersion"] = pulumi.String(apiVersion)
	props["kind"] = pulumi.String(kind)

	object := &Object{}
	if err := ctx.RegisterResource(token(apiVersion, kind), name, props, object, utilities.PkgResourceDefaultOpts(opts)...); err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return object, nil
}

// token is the provider's type of a kind: the core group's name is written out.
func token(apiVersion, kind string) string {
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	return "kubernetes:" + apiVersion + ":" + kind
}

func named(metadata any) bool {
	switch metadata := metadata.(type) {
	case map[string]any:
		return metadata["name"] != nil && metadata["name"] != ""
	case pulumi.Map:
		return metadata["name"] != nil
	}
	return false
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

// metadata of an object: labels and annotations are left out when there are none.
func metadata(namespace, name string, labels map[string]string) map[string]any {
	m := map[string]any{"name": name}
	if namespace != "" {
		m["namespace"] = namespace
	}
	if len(labels) > 0 {
		m["labels"] = maps.Clone(labels)
	}
	return m
}
