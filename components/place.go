package components

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/infra"
	"flink-payments/infra/datadog"
	"flink-payments/infra/policy"
	"flink-payments/k8s"
)

// A Place is where a stack is: the account, the cluster, and the providers
// bound to them. Everything in it was there before the stack.
type Place struct {
	Partition  policy.Partition
	Region     string
	AccountID  string
	OIDCIssuer string

	AWS        *aws.Provider
	Vault      *vault.Provider
	Kubernetes *kubernetes.Provider
	// Reach is the cluster and the way to it.
	Reach k8s.Cluster
	// Adopting takes over what is there already: namespaces and CRDs.
	Adopting *kubernetes.Provider
	// Datadog is nil where it is not enabled.
	Datadog *datadog.Provider
}

func newPlace(ctx *pulumi.Context, s Settings) (*Place, error) {
	place := &Place{Partition: policy.PartitionOf(s.Region), Region: s.Region}
	var err error
	place.AWS, err = infra.NewAWSProvider(ctx, "aws", infra.AWSProviderArgs{
		Region: s.Region, AccountID: s.AWS.AccountID, Tags: s.tags(Project),
	})
	if err != nil {
		return nil, err
	}
	place.Vault, err = infra.NewVaultProvider(ctx, "vault", infra.VaultProviderArgs{Address: s.Vault.Address})
	if err != nil {
		return nil, err
	}
	if s.Datadog.Enabled {
		place.Datadog, err = datadog.NewProvider(ctx, "datadog", datadog.ProviderArgs{Site: s.Datadog.Site, Validate: s.Datadog.Validate})
		if err != nil {
			return nil, err
		}
	}
	caller, err := infra.LookupAccount(ctx, place.AWS)
	if err != nil {
		return nil, err
	}
	place.AccountID = caller.ID
	if err := admit(ctx, s, caller); err != nil {
		return nil, err
	}
	place.Reach, err = place.cluster(ctx, s.Cluster)
	if err != nil {
		return nil, err
	}
	place.Kubernetes, err = k8s.NewProvider(ctx, "kubernetes", place.Reach)
	if err != nil {
		return nil, err
	}
	place.Adopting, err = k8s.NewAdoptingProvider(ctx, "kubernetes-adopting", place.Reach)
	return place, err
}

// admit refuses an update by somebody whom the bucket policies would lock out
// a moment later. A preview, which may run under a reader's role, only says so.
func admit(ctx *pulumi.Context, s Settings, caller infra.Account) error {
	if policy.Covers(s.AWS.Administrators, caller.CallerARN) {
		return nil
	}
	text := fmt.Sprintf("%s:aws.administrators: %s\n    why:   you are %s, whom the bucket policies would lock out\n    write: %s, beside them",
		Project, strings.Join(s.AWS.Administrators, ", "), caller.CallerARN, strings.Join(policy.PrincipalPatterns(caller.CallerARN), " and "))
	if ctx.DryRun() {
		return ctx.Log.Warn(text, nil)
	}
	return fmt.Errorf("nothing was touched:\n\n  %s", text)
}

// cluster looks up what the settings leave to be looked up.
func (p *Place) cluster(ctx *pulumi.Context, s ClusterSettings) (k8s.Cluster, error) {
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
		Name: s.Name, Region: p.Region,
		Endpoint:             pulumi.String(found.Endpoint),
		CertificateAuthority: pulumi.String(found.CertificateAuthority),
	})
}

// providers are what a job's resources use, one of each package.
func (p *Place) providers() []pulumi.ResourceOption {
	providers := []pulumi.ProviderResource{p.AWS, p.Vault, p.Kubernetes}
	if p.Datadog != nil {
		providers = append(providers, p.Datadog)
	}
	return []pulumi.ResourceOption{pulumi.Providers(providers...)}
}
