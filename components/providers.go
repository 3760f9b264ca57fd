package components

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components/settings"
	"flink-payments/infra"
	"flink-payments/infra/datadog"
	"flink-payments/infra/policy"
	"flink-payments/k8s"
)

// Providers are the account, the cluster, and what is bound to them. Everything in it was there before the stack.
type Providers struct {
	Partition  policy.Partition
	Region     string
	AccountID  string
	OIDCIssuer string
	// OIDC is the account's provider of that issuer.
	OIDC infra.OIDCProvider

	AWS        *aws.Provider
	Vault      *vault.Provider
	Kubernetes *kubernetes.Provider
	// Cluster is the one that the stack is for and the way to it.
	Cluster k8s.Cluster
	// Existing takes over what exists already: namespaces and CRDs.
	Existing *kubernetes.Provider
	// Datadog is nil where it is not enabled.
	Datadog *datadog.Provider
}

func newProviders(ctx *pulumi.Context, s settings.Settings) (*Providers, error) {
	providers := &Providers{Partition: policy.PartitionOf(s.Region), Region: s.Region}
	var err error
	providers.AWS, err = infra.NewAWSProvider(ctx, "aws", infra.AWSProviderArgs{
		Region: s.Region, AccountID: s.AWS.AccountID, Tags: s.ResourceTags(settings.Project),
	})
	if err != nil {
		return nil, err
	}
	providers.Vault, err = infra.NewVaultProvider(ctx, "vault", infra.VaultProviderArgs{Address: s.Vault.Address, Namespace: s.Vault.Namespace})
	if err != nil {
		return nil, err
	}
	if s.Datadog.Enabled {
		providers.Datadog, err = datadog.NewProvider(ctx, "datadog", datadog.ProviderArgs{Site: s.Datadog.Site, Validate: s.Datadog.Validate})
		if err != nil {
			return nil, err
		}
	}
	caller, err := infra.LookupAccount(ctx, providers.AWS)
	if err != nil {
		return nil, err
	}
	providers.AccountID = caller.ID
	if err := admit(ctx, s, caller); err != nil {
		return nil, err
	}
	providers.Cluster, err = providers.cluster(ctx, s.Cluster)
	if err != nil {
		return nil, err
	}
	providers.OIDC = infra.OIDCProvider{
		ARN:    providers.Partition.OIDCProviderARN(providers.AccountID, providers.OIDCIssuer),
		Issuer: providers.OIDCIssuer, Cluster: s.Cluster.Name,
	}
	if !s.Cluster.CreateOIDCProvider {
		if err := providers.OIDC.Check(ctx, providers.AWS); err != nil {
			return nil, fmt.Errorf("%s:cluster: %w", settings.Project, err)
		}
	}
	providers.Kubernetes, err = k8s.NewProvider(ctx, "kubernetes", providers.Cluster)
	if err != nil {
		return nil, err
	}
	providers.Existing, err = k8s.NewExistingProvider(ctx, "kubernetes-adopting", providers.Cluster)
	return providers, err
}

// admit refuses an update by somebody whom the bucket policies would lock out
// a moment later. A preview, which may run under a reader's role, only says so.
func admit(ctx *pulumi.Context, s settings.Settings, caller infra.Account) error {
	if policy.Covers(s.AWS.Administrators, caller.CallerARN) {
		return nil
	}
	text := fmt.Sprintf("%s:aws.administrators: %s\n    why:   you are %s, whom the bucket policies would lock out\n    write: %s, beside them",
		settings.Project, strings.Join(s.AWS.Administrators, ", "), caller.CallerARN, strings.Join(policy.PrincipalPatterns(caller.CallerARN), " and "))
	if ctx.DryRun() {
		return ctx.Log.Warn(text, nil)
	}
	return fmt.Errorf("nothing was touched:\n\n  %s", text)
}

// cluster looks up what the settings leave to be looked up.
func (p *Providers) cluster(ctx *pulumi.Context, s settings.Cluster) (k8s.Cluster, error) {
	p.OIDCIssuer = s.OIDCIssuer
	if s.Context != "" && s.OIDCIssuer != "" {
		return k8s.Context(s.Kubeconfig, s.Context)
	}
	found, err := infra.LookupCluster(ctx, s.Name, p.AWS)
	if err != nil {
		return k8s.Cluster{}, err
	}
	p.OIDCIssuer = cmp.Or(s.OIDCIssuer, found.OIDCIssuer)
	if s.Context != "" {
		return k8s.Context(s.Kubeconfig, s.Context)
	}
	return k8s.EKS(k8s.EKSArgs{
		Name: s.Name, Region: p.Region, RoleARN: s.RoleARN,
		Endpoint:             pulumi.String(found.Endpoint),
		CertificateAuthority: pulumi.String(found.CertificateAuthority),
	})
}

// providers are what a job's resources use, one of each package.
func (p *Providers) options() []pulumi.ResourceOption {
	providers := []pulumi.ProviderResource{p.AWS, p.Vault, p.Kubernetes}
	if p.Datadog != nil {
		providers = append(providers, p.Datadog)
	}
	return []pulumi.ResourceOption{pulumi.Providers(providers...)}
}
