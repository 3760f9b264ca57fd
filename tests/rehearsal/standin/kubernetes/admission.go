package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

// admit is what the API server refuses.
func (k *cluster) admit(r *provider.Request) error {
	groupVersion, kind := apiserver.GroupKind(r.Type)
	name, version, _ := strings.Cut(groupVersion, "/")
	if !slices.Contains(builtIn, name) && !k.Serves(name, version, kind) {
		return fmt.Errorf("%w %q in version %q", apiserver.ErrNoMatch, kind, groupVersion)
	}
	namespace := plain.Text(r.Inputs, "metadata", "namespace")
	if namespace != "" && !k.HasNamespace(namespace) {
		return fmt.Errorf("namespaces %q not found", namespace)
	}
	return nil
}

// Serves says whether the cluster has a kind; it is the releases' too, as what follows.
func (k *cluster) Serves(name, version, kind string) bool {
	if k.server != nil {
		return k.server.Serves(context.Background(), "kubernetes:"+name+"/"+version+":"+kind)
	}
	return slices.ContainsFunc(k.world.List("kubernetes", world.CRDType), func(crd world.Object) bool {
		versions, _ := plain.At(crd.State, "spec", "versions").([]any)
		return plain.Text(crd.State, "spec", "group") == name && plain.Text(crd.State, "spec", "names", "kind") == kind &&
			slices.ContainsFunc(versions, func(v any) bool {
				one, _ := v.(map[string]any)
				return one["name"] == version
			})
	})
}

// HasNamespace says whether there is one that is not on its way out.
func (k *cluster) HasNamespace(name string) bool {
	if slices.Contains(seeded, name) {
		return true
	}
	state, err := k.look(&provider.Request{Context: context.Background(), Type: world.NamespaceType}, name)
	return err == nil && state != nil && plain.At(state, "metadata", "deletionTimestamp") == nil
}

// Define makes a CRD in the API server where that is the cluster and lacks it.
func (k *cluster) Define(name string, crd map[string]any) error {
	if k.server == nil || k.Serves(plain.Text(crd, "spec", "group"), "v1", plain.Text(crd, "spec", "names", "kind")) {
		return nil
	}
	_, err := k.server.Apply(context.Background(), world.CRDType, name, crd, apiserver.Application{Manager: "helm"})
	return err
}
