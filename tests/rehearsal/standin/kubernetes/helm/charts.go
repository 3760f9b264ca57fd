package helm

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/world"
)

const (
	operatorChart    = "flink-kubernetes-operator"
	certManagerChart = "cert-manager"
)

// chartName is the chart's own name, whatever path it comes from.
func chartName(in map[string]any) string {
	for _, name := range []string{operatorChart, certManagerChart} {
		if strings.HasPrefix(filepath.Base(plain.Text(in, "chart")), name) {
			return name
		}
	}
	return filepath.Base(plain.Text(in, "chart"))
}

func ofKind(value any, want, path string) error {
	ok := value == nil
	switch value.(type) {
	case map[string]any:
		ok = want == "map"
	case []any:
		ok = want == "list"
	case float64:
		ok = want == "number"
	case bool:
		ok = want == "bool"
	case string:
		ok = want == "string"
	}
	if !ok {
		return fmt.Errorf("values don't meet the specifications of the schema(s): %s: %v is no %s", path, value, want)
	}
	return nil
}

func (h Releases) judgeOperator(values map[string]any) error {
	for path, want := range map[string]string{"watchNamespaces": "list", "replicas": "number", "rbac": "map", "webhook": "map",
		"defaultConfiguration": "map", "jobServiceAccount": "map", "operatorServiceAccount": "map", "image": "map"} {
		if err := ofKind(values[path], want, path); err != nil {
			return err
		}
	}
	watched, _ := values["watchNamespaces"].([]any)
	for _, namespace := range watched {
		if name, _ := namespace.(string); !h.Cluster.HasNamespace(name) {
			return fmt.Errorf("create: failed to create: namespaces %q not found", name)
		}
	}
	if plain.At(values, "webhook", "create") == false {
		return nil
	}
	if !h.Cluster.Serves("cert-manager.io", "v1", "Certificate") {
		return fmt.Errorf(`unable to build kubernetes objects from release manifest: [resource mapping not found for name: "flink-operator-serving-cert": no matches for kind "Certificate" in version "cert-manager.io/v1" ensure CRDs are installed first]`)
	}
	// Its CRDs outlive a cert-manager that is gone, and so does a webhook that nobody answers.
	if o, ours := h.World.Get("kubernetes", world.CRDType, "certificates.cert-manager.io"); ours && o.Private["release"] != nil {
		if _, runs := h.World.Get("kubernetes", world.ReleaseType, fmt.Sprint(o.Private["release"])); !runs {
			return fmt.Errorf(`Internal error occurred: failed calling webhook "webhook.cert-manager.io": no endpoints available for service "cert-manager-webhook"`)
		}
	}
	return nil
}

func (h Releases) judgeCertManager(release string, values map[string]any) error {
	known := []string{"crds", "installCRDs", "image", "webhook", "cainjector", "acmesolver", "startupapicheck", "replicaCount", "global",
		"resources", "affinity", "tolerations", "nodeSelector", "serviceAccount", "podDisruptionBudget", "prometheus", "extraArgs",
		"securityContext", "containerSecurityContext", "strategy", "podLabels", "podAnnotations", "featureGates", "config", "namespace",
		"fullnameOverride", "nameOverride", "topologySpreadConstraints", "enabled", "dns01RecursiveNameservers", "dns01RecursiveNameserversOnly"}
	for key := range values {
		if !slices.Contains(known, key) {
			return fmt.Errorf("values don't meet the specifications of the schema(s) in the following chart(s):\ncert-manager:\n- (root): Additional property %s is not allowed", key)
		}
	}
	if plain.At(values, "crds", "enabled") != true && values["installCRDs"] != true {
		return nil
	}
	for plural, kind := range map[string]string{"certificates": "Certificate", "issuers": "Issuer", "clusterissuers": "ClusterIssuer"} {
		crd := map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
			"metadata": map[string]any{"name": plural + ".cert-manager.io"},
			"spec": map[string]any{"group": "cert-manager.io", "names": map[string]any{"kind": kind, "plural": plural},
				"scope": certManagerScope(kind), "versions": []any{map[string]any{"name": "v1", "served": true, "storage": true,
					"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}},
		}
		if err := h.Cluster.Define(plural+".cert-manager.io", crd); err != nil {
			return err
		}
		if _, err := h.World.Add(world.Object{Package: "kubernetes", Type: world.CRDType, ID: plural + ".cert-manager.io", State: crd, Private: map[string]any{"release": release}}); err != nil {
			return err
		}
	}
	return nil
}

func certManagerScope(kind string) string {
	if kind == "ClusterIssuer" {
		return "Cluster"
	}
	return "Namespaced"
}
