package components

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components/settings"
	"flink-payments/infra"
	"flink-payments/k8s"
	"flink-payments/k8s/chart"
)

// PlatformArgs are what a Platform is made from.
type PlatformArgs struct {
	Settings settings.Settings
	// Existing is the provider of what may exist already.
	Existing pulumi.ProviderResource
	// CRDs reads the operator's CRDs.
	CRDs func(context.Context, chart.Source) ([]chart.CRD, error)
	// OIDC is the account's OIDC provider of the cluster, made with AWS where the settings say so.
	OIDC infra.OIDCProvider
	AWS  pulumi.ProviderResource
}

// A Platform is what the cluster has once, for all jobs.
type Platform struct {
	pulumi.ResourceState

	// Namespaces made here, by name.
	Namespaces  map[string]*k8s.Object
	CertManager k8s.Part
	Operator    k8s.Part
	// OIDC is nil where the account has it.
	OIDC pulumi.Resource
}

// NewPlatform makes the namespaces, cert-manager, and the operator with its CRDs.
func NewPlatform(ctx *pulumi.Context, args PlatformArgs, opts ...pulumi.ResourceOption) (*Platform, error) {
	const name = "platform"
	s := args.Settings
	platform := &Platform{Namespaces: map[string]*k8s.Object{}, CertManager: k8s.Existing{}, Operator: k8s.Existing{}}
	err := ctx.RegisterComponentResourceV2("flink-payments:index:Platform", name, pulumi.Map{
		"cluster":    pulumi.String(s.Cluster.Name),
		"namespaces": pulumi.ToStringArray(ownNamespaces(s)),
	}, platform, opts...)
	if err != nil {
		return nil, fmt.Errorf("platform: %w", err)
	}
	parent := pulumi.Parent(platform)
	if s.Cluster.CreateOIDCProvider {
		platform.OIDC, err = infra.NewOIDCProvider(ctx, name+"-oidc-provider", args.OIDC, s.ResourceTags(settings.Project), parent, pulumi.Provider(args.AWS))
		if err != nil {
			return nil, fmt.Errorf("platform: %w", err)
		}
	}
	for _, namespace := range ownNamespaces(s) {
		platform.Namespaces[namespace], err = k8s.NewNamespace(ctx, name+"-namespace-"+namespace,
			k8s.NamespaceArgs{Name: namespace, Labels: s.Labels(settings.Project)}, parent, pulumi.Provider(args.Existing))
		if err != nil {
			return nil, fmt.Errorf("platform: namespace %s: %w", namespace, err)
		}
	}
	if cm := s.Platform.CertManager; !cm.Existing {
		platform.CertManager, err = k8s.NewCertManager(ctx, name+"-cert-manager", k8s.CertManagerArgs{
			Namespace: cm.Namespace, Chart: chartOf(cm.Release), ImageRegistry: cm.ImageRegistry, Values: cm.Values,
			After: platform.After(cm.Namespace),
		}, parent)
		if err != nil {
			return nil, fmt.Errorf("platform: %w", err)
		}
	}
	if op := s.Platform.Operator; !op.Existing {
		platform.Operator, err = platform.operator(ctx, name+"-operator", args, parent)
		if err != nil {
			return nil, fmt.Errorf("platform: %w", err)
		}
	}
	return platform, ctx.RegisterResourceOutputs(platform, pulumi.Map{})
}

func (p *Platform) operator(ctx *pulumi.Context, name string, args PlatformArgs, opts ...pulumi.ResourceOption) (*k8s.Operator, error) {
	op := args.Settings.Platform.Operator
	var crds []chart.CRD
	if !op.CRDs.Existing {
		var err error
		crds, err = args.CRDs(ctx.Context(), crdSource(op))
		if err != nil {
			return nil, err
		}
	}
	var password k8s.SecretKey
	if secret := op.Webhook.KeystorePasswordSecret; secret != "" {
		password = k8s.SecretKey{Name: secret, Key: "password"}
	}
	return k8s.NewOperator(ctx, name, k8s.OperatorArgs{
		Namespace: op.Namespace, Chart: chartOf(op.Release), ImageRegistry: op.ImageRegistry, Replicas: op.Replicas, Values: op.Values,
		WatchNamespaces: args.Settings.WatchedNamespaces(), KeystorePassword: password,
		CRDs: crds, CRDProvider: args.Existing, CertManager: p.CertManager,
		Labels: args.Settings.Labels(settings.Project),
		After:  p.After(append(args.Settings.JobNamespaces(), op.Namespace)...),
	}, opts...)
}

// After returns what to wait for before using namespaces; those that were there already need no wait.
func (p *Platform) After(namespaces ...string) []pulumi.Resource {
	var after []pulumi.Resource
	for _, name := range namespaces {
		if namespace, ours := p.Namespaces[name]; ours {
			after = append(after, namespace)
		}
	}
	return after
}

// ownNamespaces are those that the platform makes, sorted.
func ownNamespaces(s settings.Settings) []string {
	names := s.JobNamespaces()
	if !s.Platform.CertManager.Existing {
		names = append(names, s.Platform.CertManager.Namespace)
	}
	if !s.Platform.Operator.Existing {
		names = append(names, s.Platform.Operator.Namespace)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		return slices.Contains(s.Platform.ExistingNamespaces, name)
	})
}

func crdSource(o settings.Operator) chart.Source {
	return chart.Source{
		Repository: o.Repository, Chart: o.Chart, Version: o.Version, CRDs: o.CRDs.Path,
		Setting: settings.Project + ":platform.operator",
	}
}

// chartOf is where a release comes from, as its component takes it.
func chartOf(r settings.Release) k8s.Chart {
	return k8s.Chart{Repository: r.Repository, Chart: r.Chart, Version: r.Version, Timeout: time.Duration(r.Timeout)}
}
