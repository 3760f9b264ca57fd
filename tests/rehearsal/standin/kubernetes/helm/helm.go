// Package helm is the stand-in of Helm releases: a chart is looked for, its
// values are judged and the release is noted. No template is rendered; of what a
// chart brings only cert-manager's CRDs are made.
package helm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

// A Cluster is what releases ask of theirs.
type Cluster interface {
	HasNamespace(name string) bool
	Serves(group, version, kind string) bool
	// Define makes a CRD where the world is not the cluster.
	Define(name string, crd map[string]any) error
}

// Releases of a cluster. They are kept in the world.
type Releases struct {
	World   *world.World
	Cluster Cluster
}

// Check judges and completes a release's inputs.
func Check(r *provider.Request) []*pulumirpc.CheckFailure {
	if r.Inputs["chart"] == nil {
		return []*pulumirpc.CheckFailure{provider.Fail("chart", "Missing required property 'chart'")}
	}
	if r.Inputs["name"] == nil {
		r.Inputs["name"] = r.Name
	}
	if r.Inputs["namespace"] == nil {
		r.Inputs["namespace"] = "default"
	}
	return nil
}

// Replaces says whether another value at a path is another release.
func Replaces(path string) bool { return path == "name" || path == "namespace" }

// Preview looks for the chart, as the plugin does where nothing is unknown.
func (h Releases) Preview(r *provider.Request) (map[string]any, error) {
	if !plain.AnyUnknown(r.Inputs) {
		if err := reachable(r.Inputs); err != nil {
			return nil, err
		}
	}
	return plain.Overlay(r.State, r.Inputs), nil
}

// Install installs or upgrades.
func (h Releases) Install(r *provider.Request) (string, map[string]any, error) {
	in := r.Inputs
	if err := reachable(in); err != nil {
		return "", nil, err
	}
	namespace, name := plain.Text(in, "namespace"), plain.Text(in, "name")
	id := namespace + "/" + name
	if !h.Cluster.HasNamespace(namespace) && in["createNamespace"] != true {
		return "", nil, fmt.Errorf("create: failed to create: namespaces %q not found", namespace)
	}
	if r.ID == "" {
		if _, there := h.World.Get("kubernetes", world.ReleaseType, id); there {
			return "", nil, fmt.Errorf("cannot re-use a name that is still in use: %s", name)
		}
	}
	values, _ := in["values"].(map[string]any)
	switch chartName(in) {
	case operatorChart:
		if err := h.judgeOperator(values); err != nil {
			return "", nil, err
		}
	case certManagerChart:
		if err := h.judgeCertManager(id, values); err != nil {
			return "", nil, err
		}
	}
	revision := 1.0
	if old, there := h.World.Get("kubernetes", world.ReleaseType, id); there {
		before, _ := plain.At(old.State, "status", "revision").(float64)
		revision = before + 1
	}
	state := plain.Overlay(nil, in)
	state["status"] = map[string]any{"status": "deployed", "name": name, "namespace": namespace, "revision": revision,
		"chart": chartName(in), "version": plain.Text(in, "version"), "appVersion": strings.TrimPrefix(plain.Text(in, "version"), "v")}
	state["resourceNames"] = map[string]any{"Deployment.apps/v1": []any{id}}
	return id, state, h.World.Put(world.Object{Package: "kubernetes", Type: world.ReleaseType, ID: id, Inputs: in, State: state})
}

// Uninstall leaves CRDs, and the FlinkDeployments with their finalizers.
func (h Releases) Uninstall(r *provider.Request) error {
	return h.World.Delete("kubernetes", world.ReleaseType, r.ID)
}

var chartVersion = regexp.MustCompile(`\d+\.\d+\.\d+`)

// OperatorVersion says which operator watches a namespace. An operator that the
// cluster's owner runs is a release of the chart that the world was given.
func (h Releases) OperatorVersion(namespace string) (string, bool) {
	for _, release := range h.World.List("kubernetes", world.ReleaseType) {
		if plain.Text(release.State, "status", "chart") != operatorChart || plain.Text(release.State, "status", "status") != "deployed" {
			continue
		}
		watched, _ := plain.At(release.State, "values", "watchNamespaces").([]any)
		if len(watched) > 0 && !slices.Contains(watched, any(namespace)) {
			continue
		}
		version := chartVersion.FindString(plain.Text(release.State, "version"))
		if version == "" {
			version = chartVersion.FindString(plain.Text(release.State, "chart"))
		}
		return version, true
	}
	return "", false
}
