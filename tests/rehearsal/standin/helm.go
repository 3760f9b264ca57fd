package standin

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"gopkg.in/yaml.v3"

	"flink-payments/tests/rehearsal/world"
)

const (
	operatorChart    = "flink-kubernetes-operator"
	certManagerChart = "cert-manager"
)

func checkRelease(r *request) []*pulumirpc.CheckFailure {
	if r.inputs["chart"] == nil {
		return []*pulumirpc.CheckFailure{fail("chart", "Missing required property 'chart'")}
	}
	if r.inputs["name"] == nil {
		r.inputs["name"] = r.name
	}
	if r.inputs["namespace"] == nil {
		r.inputs["namespace"] = "default"
	}
	return nil
}

var chartClient = &http.Client{Timeout: 30 * time.Second}

// reachable says whether the chart is where the inputs say, in their version.
func reachable(in map[string]any) error {
	chart, version, repo := text(in, "chart"), text(in, "version"), text(in, "repositoryOpts", "repo")
	if strings.HasPrefix(chart, "oci://") {
		return fmt.Errorf("failed to download %q: the stand-in has no OCI registry", chart)
	}
	if repo == "" {
		if strings.HasSuffix(chart, ".tgz") {
			if _, err := os.Stat(chart); err != nil {
				return fmt.Errorf("path %q not found", chart)
			}
			return nil
		}
		if _, err := os.Stat(filepath.Join(chart, "Chart.yaml")); err != nil {
			return fmt.Errorf("path %q not found: no Chart.yaml in it", chart)
		}
		return nil
	}
	cannot := func(err any) error {
		return fmt.Errorf("looks like %q is not a valid chart repository or cannot be reached: %v", repo, err)
	}
	response, err := chartClient.Get(strings.TrimSuffix(repo, "/") + "/index.yaml")
	if err != nil {
		return cannot(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return cannot(response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, 32<<20))
	if err != nil {
		return cannot(err)
	}
	var index struct {
		Entries map[string][]struct{ Version string }
	}
	if err := yaml.Unmarshal(content, &index); err != nil {
		return cannot(err)
	}
	for _, entry := range index.Entries[chart] {
		if version == "" || strings.TrimPrefix(entry.Version, "v") == strings.TrimPrefix(version, "v") {
			return nil
		}
	}
	return fmt.Errorf("chart %q version %q not found in %s repository", chart, version, repo)
}

// chartName is the chart's own name, whatever path it comes from.
func chartName(in map[string]any) string {
	for _, name := range []string{operatorChart, certManagerChart} {
		if strings.HasPrefix(filepath.Base(text(in, "chart")), name) {
			return name
		}
	}
	return filepath.Base(text(in, "chart"))
}

// install installs or upgrades.
func (k *kubernetes) install(r *request) (string, map[string]any, error) {
	in := r.inputs
	if err := reachable(in); err != nil {
		return "", nil, err
	}
	namespace, name := text(in, "namespace"), text(in, "name")
	id := namespace + "/" + name
	if !k.hasNamespace(namespace) && in["createNamespace"] != true {
		return "", nil, fmt.Errorf("create: failed to create: namespaces %q not found", namespace)
	}
	if r.id == "" {
		if _, there := k.world.Get("kubernetes", releaseType, id); there {
			return "", nil, fmt.Errorf("cannot re-use a name that is still in use: %s", name)
		}
	}
	values, _ := in["values"].(map[string]any)
	switch chartName(in) {
	case operatorChart:
		if err := k.judgeOperator(values); err != nil {
			return "", nil, err
		}
	case certManagerChart:
		if err := k.judgeCertManager(id, values); err != nil {
			return "", nil, err
		}
	}
	revision := 1.0
	if old, there := k.world.Get("kubernetes", releaseType, id); there {
		before, _ := at(old.State, "status", "revision").(float64)
		revision = before + 1
	}
	state := overlay(nil, in)
	state["status"] = map[string]any{"status": "deployed", "name": name, "namespace": namespace, "revision": revision,
		"chart": chartName(in), "version": text(in, "version"), "appVersion": strings.TrimPrefix(text(in, "version"), "v")}
	state["resourceNames"] = map[string]any{"Deployment.apps/v1": []any{id}}
	return id, state, k.world.Put(world.Object{Package: "kubernetes", Type: releaseType, ID: id, Inputs: in, State: state})
}

func kind(value any, want, path string) error {
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

func (k *kubernetes) judgeOperator(values map[string]any) error {
	for path, want := range map[string]string{"watchNamespaces": "list", "replicas": "number", "rbac": "map", "webhook": "map",
		"defaultConfiguration": "map", "jobServiceAccount": "map", "operatorServiceAccount": "map", "image": "map"} {
		if err := kind(values[path], want, path); err != nil {
			return err
		}
	}
	watched, _ := values["watchNamespaces"].([]any)
	for _, namespace := range watched {
		if name, _ := namespace.(string); !k.hasNamespace(name) {
			return fmt.Errorf("create: failed to create: namespaces %q not found", name)
		}
	}
	if at(values, "webhook", "create") == false {
		return nil
	}
	if !k.served("cert-manager.io", "v1", "Certificate") {
		return fmt.Errorf(`unable to build kubernetes objects from release manifest: [resource mapping not found for name: "flink-operator-serving-cert": no matches for kind "Certificate" in version "cert-manager.io/v1" ensure CRDs are installed first]`)
	}
	// Its CRDs outlive a cert-manager that is gone, and so does a webhook that nobody answers.
	if o, ours := k.world.Get("kubernetes", crdType, "certificates.cert-manager.io"); ours && o.Private["release"] != nil {
		if _, runs := k.world.Get("kubernetes", releaseType, fmt.Sprint(o.Private["release"])); !runs {
			return fmt.Errorf(`Internal error occurred: failed calling webhook "webhook.cert-manager.io": no endpoints available for service "cert-manager-webhook"`)
		}
	}
	return nil
}

func (k *kubernetes) judgeCertManager(release string, values map[string]any) error {
	known := []string{"crds", "installCRDs", "image", "webhook", "cainjector", "acmesolver", "startupapicheck", "replicaCount", "global",
		"resources", "affinity", "tolerations", "nodeSelector", "serviceAccount", "podDisruptionBudget", "prometheus", "extraArgs",
		"securityContext", "containerSecurityContext", "strategy", "podLabels", "podAnnotations", "featureGates", "config", "namespace",
		"fullnameOverride", "nameOverride", "topologySpreadConstraints", "enabled", "dns01RecursiveNameservers", "dns01RecursiveNameserversOnly"}
	for key := range values {
		if !slices.Contains(known, key) {
			return fmt.Errorf("values don't meet the specifications of the schema(s) in the following chart(s):\ncert-manager:\n- (root): Additional property %s is not allowed", key)
		}
	}
	if at(values, "crds", "enabled") != true && values["installCRDs"] != true {
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
		if k.server != nil && !k.served("cert-manager.io", "v1", kind) {
			if _, err := k.server.apply(context.Background(), crdType, plural+".cert-manager.io", crd, application{manager: "helm"}); err != nil {
				return err
			}
		}
		if _, err := k.world.Add(world.Object{Package: "kubernetes", Type: crdType, ID: plural + ".cert-manager.io", State: crd, Private: map[string]any{"release": release}}); err != nil {
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

// uninstall leaves CRDs, and the FlinkDeployments with their finalizers.
func (k *kubernetes) uninstall(r *request) error {
	return k.world.Delete("kubernetes", releaseType, r.id)
}

var chartVersion = regexp.MustCompile(`\d+\.\d+\.\d+`)

// operatorVersion says which operator watches a namespace. An operator that the
// cluster's owner runs is a release of the chart that the world was given.
func (k *kubernetes) operatorVersion(namespace string) (string, bool) {
	for _, release := range k.world.List("kubernetes", releaseType) {
		if text(release.State, "status", "chart") != operatorChart || text(release.State, "status", "status") != "deployed" {
			continue
		}
		watched, _ := at(release.State, "values", "watchNamespaces").([]any)
		if len(watched) > 0 && !slices.Contains(watched, any(namespace)) {
			continue
		}
		version := chartVersion.FindString(text(release.State, "version"))
		if version == "" {
			version = chartVersion.FindString(text(release.State, "chart"))
		}
		return version, true
	}
	return "", false
}
