package k8s

import (
	"fmt"

	"flink-payments/k8s/helm"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CertManagerArgs describe cert-manager, which signs the operator's webhook.
type CertManagerArgs struct {
	// Namespace of its own. It must exist.
	Namespace string
	Chart     Chart
	// ImageRegistry replaces quay.io; the path below it stays.
	ImageRegistry string
	// Values are merged over the program's.
	Values map[string]any
	// After are waited for: the namespace.
	After []pulumi.Resource
}

// CertManager is an installed cert-manager.
type CertManager struct {
	pulumi.ResourceState

	Namespace string
	Version   string
	Release   *helm.Release
}

// Ready is the release: it ends once cert-manager's webhook answers, by the
// chart's own start-up check.
func (c *CertManager) Ready() []pulumi.Resource { return []pulumi.Resource{c.Release} }

// NewCertManager installs cert-manager with its CRDs.
func NewCertManager(ctx *pulumi.Context, name string, args CertManagerArgs, opts ...pulumi.ResourceOption) (*CertManager, error) {
	component := &CertManager{Namespace: args.Namespace, Version: args.Chart.Version}
	err := ctx.RegisterComponentResourceV2("flink-payments:k8s:CertManager", name, pulumi.Map{
		"namespace": pulumi.String(args.Namespace),
		"version":   pulumi.String(args.Chart.Version),
	}, component, opts...)
	if err != nil {
		return nil, fmt.Errorf("cert-manager %s: %w", name, err)
	}

	component.Release, err = helm.NewRelease(ctx, name+"-release", args.Chart.release("cert-manager", args.Namespace, args.values()),
		pulumi.Parent(component), pulumi.DependsOn(args.After))
	if err != nil {
		return nil, fmt.Errorf("cert-manager %s: %w", name, err)
	}
	return component, ctx.RegisterResourceOutputs(component, pulumi.Map{
		"namespace": pulumi.String(component.Namespace),
		"version":   pulumi.String(component.Version),
	})
}

func (a CertManagerArgs) values() map[string]any {
	values := map[string]any{
		// keep: the certificates of others go with the CRDs.
		"crds": map[string]any{"enabled": true, "keep": true},
	}
	if a.ImageRegistry != "" {
		image := func(name string) map[string]any {
			return map[string]any{"image": map[string]any{"repository": mirrored(a.ImageRegistry, "jetstack/cert-manager-"+name)}}
		}
		values = merge(values, image("controller"))
		values["webhook"] = image("webhook")
		values["cainjector"] = image("cainjector")
		values["acmesolver"] = image("acmesolver")
		values["startupapicheck"] = image("startupapicheck")
	}
	return merge(values, a.Values)
}
