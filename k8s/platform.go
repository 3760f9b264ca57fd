package k8s

import (
	"maps"
	"strings"
	"time"

	"flink-payments/k8s/helm"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A Part is something of the platform that others wait for.
type Part interface {
	// Ready are the resources after which the part does its work; none where the
	// cluster's owner runs it.
	Ready() []pulumi.Resource
}

// Existing is a part that the cluster already has and this program leaves alone.
type Existing struct{}

// Ready is empty: there is nothing to wait for.
func (Existing) Ready() []pulumi.Resource { return nil }

// Chart says where a chart comes from and how long its release may take.
type Chart struct {
	// Repository is the URL of a Helm repository. Empty: Chart is a local
	// directory, an archive or an oci:// URL.
	Repository string
	Chart      string
	Version    string
	// Timeout of one Kubernetes operation of the release.
	Timeout time.Duration
}

// release of a chart in a namespace, undone when it fails.
func (c Chart) release(name, namespace string, values map[string]any) *helm.ReleaseArgs {
	args := &helm.ReleaseArgs{
		Name:          pulumi.String(name),
		Namespace:     pulumi.String(namespace),
		Chart:         pulumi.String(c.Chart),
		Values:        toInput(values).(pulumi.Map),
		Atomic:        pulumi.Bool(true),
		CleanupOnFail: pulumi.Bool(true),
		WaitForJobs:   pulumi.Bool(true),
		MaxHistory:    pulumi.Int(10),
		Timeout:       pulumi.Int(int(c.Timeout / time.Second)),
	}
	if c.Version != "" {
		args.Version = pulumi.String(c.Version)
	}
	// The provider takes a local path for a name in the repository when both are given.
	if c.Repository != "" {
		args.RepositoryOpts = &helm.RepositoryOptsArgs{Repo: pulumi.String(c.Repository)}
	}
	return args
}

// merge returns base with more on top: maps are merged, anything else is replaced.
func merge(base, more map[string]any) map[string]any {
	merged := maps.Clone(base)
	for key, value := range more {
		below, isMap := merged[key].(map[string]any)
		above, toMap := value.(map[string]any)
		if isMap && toMap {
			value = merge(below, above)
		}
		merged[key] = value
	}
	return merged
}

// mirrored is an image's repository in a mirror that keeps the upstream path:
// registry.example/apache/flink-kubernetes-operator.
func mirrored(registry, repository string) string {
	return strings.TrimSuffix(registry, "/") + "/" + repository
}
