package k8s

import (
	"errors"
	"fmt"

	"flink-payments/k8s/helm"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ConsoleArgs describe a job's console: oauth2-proxy before Flink's UI.
type ConsoleArgs struct {
	// Name of the release and of what it makes.
	Name      string
	Namespace string
	// URL that people open.
	URL string
	// Chart of oauth2-proxy.
	Chart Chart
	// Values of the chart, with no secret in them; Overrides are merged over them.
	Values    map[string]any
	Overrides map[string]any
	// After are waited for: the namespace, and Vault's role for the proxy's ServiceAccount.
	After []pulumi.Resource
}

// A Console is an installed proxy. It does not wait for the job, nor the job for it.
type Console struct {
	pulumi.ResourceState

	URL     string
	Release *helm.Release
}

// NewConsole installs the proxy. The release ends once its pods are ready: they
// have read their secrets and found the issuer.
func NewConsole(ctx *pulumi.Context, name string, args ConsoleArgs, opts ...pulumi.ResourceOption) (*Console, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("console %s: %w", name, err)
	}
	component := &Console{URL: args.URL}
	err := ctx.RegisterComponentResourceV2("flink-payments:k8s:Console", name, pulumi.Map{
		"namespace": pulumi.String(args.Namespace),
		"url":       pulumi.String(args.URL),
		"version":   pulumi.String(args.Chart.Version),
	}, component, opts...)
	if err != nil {
		return nil, fmt.Errorf("console %s: %w", name, err)
	}
	component.Release, err = helm.NewRelease(ctx, name+"-release",
		args.Chart.release(args.Name, args.Namespace, merge(args.Values, args.Overrides)),
		pulumi.Parent(component), pulumi.DependsOn(args.After))
	if err != nil {
		return nil, fmt.Errorf("console %s: %w", name, err)
	}
	return component, ctx.RegisterResourceOutputs(component, pulumi.Map{"url": pulumi.String(component.URL)})
}

func (a ConsoleArgs) check() error {
	switch {
	case a.Name == "", a.Namespace == "", a.URL == "":
		return errors.New("its name, namespace and URL are all needed")
	case a.Chart.Chart == "":
		return errors.New("no chart is given (setting platform.console.chart)")
	case len(a.Values) == 0:
		return errors.New("the chart's own values make a proxy for everybody, with a published cookie secret")
	}
	return nil
}
