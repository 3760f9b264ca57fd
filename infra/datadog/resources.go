// Package datadog registers a job's monitors, objective and dashboard.
//
// The SDK's package is one whose compilation holds 9 GB and takes a third of
// the program's build, for three resources. So they are registered here by
// their types, and a test (build tag sdk) holds their inputs against the SDK's.
package datadog

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Version of the plugin; the module of the same version stays in go.mod, so
// that the engine finds the plugin to install.
const Version = "4.68.0"

const (
	providerType  = "pulumi:providers:datadog"
	monitorType   = "datadog:index/monitor:Monitor"
	objectiveType = "datadog:index/serviceLevelObjective:ServiceLevelObjective"
	dashboardType = "datadog:index/dashboardJson:DashboardJson"
)

// A Provider is Datadog's plugin, bound to a site.
type Provider struct {
	pulumi.ProviderResourceState
}

// ProviderArgs of NewProvider.
type ProviderArgs struct {
	// Site of the account: datadoghq.com, datadoghq.eu, us3.datadoghq.com ...
	Site string
	// Validate lets the plugin check its keys when it starts. With false it
	// starts without any, and a preview needs none.
	Validate bool
}

// NewProvider returns a provider for one site. No key is an input, so none
// comes into the state: the plugin reads DD_API_KEY and DD_APP_KEY.
func NewProvider(ctx *pulumi.Context, name string, args ProviderArgs, opts ...pulumi.ResourceOption) (*Provider, error) {
	if args.Site == "" {
		return nil, fmt.Errorf("provider %s: Site is empty (setting datadog.site)", name)
	}
	if !args.Validate && ctx.DryRun() {
		if err := ctx.Log.Info("Datadog is not asked during this preview, and needs no keys (datadog.validate: false). Its API judges the queries of the monitors at up.", nil); err != nil {
			return nil, fmt.Errorf("provider %s: %w", name, err)
		}
	}
	provider := &Provider{}
	if err := ctx.RegisterResource(providerType, name, providerInputs(args), provider, versioned(opts)...); err != nil {
		return nil, fmt.Errorf("provider %s: %w", name, err)
	}
	return provider, nil
}

func providerInputs(args ProviderArgs) pulumi.Map {
	return pulumi.Map{
		"apiUrl":   pulumi.String("https://api." + args.Site + "/"),
		"validate": pulumi.String(fmt.Sprint(args.Validate)),
	}
}

// appURL is the site's address for people: some sites are their own host.
func appURL(site string) string {
	if strings.Count(site, ".") > 1 {
		return "https://" + site
	}
	return "https://app." + site
}

func versioned(opts []pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Version(Version)}, opts...)
}

type monitor struct {
	pulumi.CustomResourceState
}

type objective struct {
	pulumi.CustomResourceState
}

type board struct {
	pulumi.CustomResourceState

	// URL is a path at the site: /dashboard/abc-def-ghi/title.
	URL pulumi.StringOutput `pulumi:"url"`
}
