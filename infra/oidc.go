package infra

import (
	"fmt"
	"slices"
	"strings"

	"flink-payments/infra/policy"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// OIDCProvider is the account's IAM OIDC provider of a cluster's issuer. Without it STS refuses
// every token of the cluster, and a job's pods fail one by one for ever.
type OIDCProvider struct {
	// ARN as the roles' trust policies name it: Partition.OIDCProviderARN.
	ARN string
	// Issuer of the cluster, https://.
	Issuer string
	// Cluster is the EKS cluster's name.
	Cluster string
}

// Check asks IAM for the provider and for its audience. The error says how to make what is missing.
//
// It is asked for by ARN, for which iam:GetOpenIDConnectProvider is enough and the answer is about
// the very name that the trust policies hold. The plugin tells of a missing one with IAM's NoSuchEntity or with its
// own "couldn't find resource" (terraform-provider-aws internal/service/iam/openid_connect_provider_data_source.go).
func (p OIDCProvider) Check(ctx *pulumi.Context, provider *aws.Provider) error {
	found, err := iam.LookupOpenIdConnectProvider(ctx, &iam.LookupOpenIdConnectProviderArgs{Arn: &p.ARN}, pulumi.Provider(provider))
	switch {
	case err != nil && (strings.Contains(err.Error(), "NoSuchEntity") || strings.Contains(err.Error(), "couldn't find resource")):
		return fmt.Errorf("the account has no IAM OIDC provider %s, so no pod of the cluster could take on a role"+
			"\n    write: cluster.createOidcProvider: true, or make it once for the cluster: eksctl utils associate-iam-oidc-provider --cluster %s --approve"+
			"\n           (a cluster that is not EKS': aws iam create-open-id-connect-provider --url %s --client-id-list %s)",
			p.ARN, p.Cluster, p.Issuer, policy.Audience)
	case err != nil:
		return fmt.Errorf("the cluster's IAM OIDC provider %s cannot be looked up (iam:GetOpenIDConnectProvider): %w", p.ARN, err)
	case !slices.Contains(found.ClientIdLists, policy.Audience):
		return fmt.Errorf("the IAM OIDC provider %s does not take the audience %s, which every token of a pod names: it takes %s"+
			"\n    write: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn %s --client-id %s",
			p.ARN, policy.Audience, strings.Join(found.ClientIdLists, ", "), p.ARN, policy.Audience)
	}
	return nil
}

// NewOIDCProvider makes it. It outlives the stack, because other workloads of the cluster take on roles by it too.
// IAM finds the thumbprint of the issuer's certificate by itself.
func NewOIDCProvider(ctx *pulumi.Context, name string, p OIDCProvider, tags map[string]string, opts ...pulumi.ResourceOption) (pulumi.Resource, error) {
	made, err := iam.NewOpenIdConnectProvider(ctx, name, &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String(p.Issuer),
		ClientIdLists: pulumi.ToStringArray([]string{policy.Audience}),
		Tags:          pulumi.ToStringMap(tags),
	}, append([]pulumi.ResourceOption{pulumi.RetainOnDelete(true)}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("IAM OIDC provider %s: %w", p.ARN, err)
	}
	return made, nil
}
