// Package infra builds what a job needs outside the cluster: the state store, the
// identity that may use it, the credential for Kafka, and the providers they are made with.
package infra

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AWSProviderArgs of NewAWSProvider.
type AWSProviderArgs struct {
	// Region of every resource.
	Region string
	// AccountID, when given, is the only account the provider accepts: credentials of
	// another one are refused before anything is touched.
	AccountID string
	// Tags of every resource of the stack that can carry tags.
	Tags map[string]string
}

// NewAWSProvider returns a provider bound to a region, and to an account where one is given. Credentials come from
// the environment, as they do for the aws command.
func NewAWSProvider(ctx *pulumi.Context, name string, args AWSProviderArgs, opts ...pulumi.ResourceOption) (*aws.Provider, error) {
	if args.Region == "" {
		return nil, errors.New("provider " + name + ": aws:region is not set: write the region of the bucket and the cluster")
	}
	inputs := &aws.ProviderArgs{
		Region:      pulumi.String(args.Region),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(args.Tags)},
	}
	if args.AccountID != "" {
		inputs.AllowedAccountIds = pulumi.ToStringArray([]string{args.AccountID})
	}
	provider, err := aws.NewProvider(ctx, name, inputs, opts...)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", name, err)
	}
	return provider, nil
}

// VaultProviderArgs of NewVaultProvider.
type VaultProviderArgs struct {
	// Address of Vault: https://vault.example.com:8200. Empty: the environment's VAULT_ADDR.
	Address string
	// Namespace of Vault Enterprise; empty: none.
	Namespace string
}

// vaultVersion is the plugin's, the same as the SDK's in go.mod.
const vaultVersion = "6.7.4"

// NewVaultProvider returns a provider that logs in by the plugin's own environment, VAULT_TOKEN first.
//
// The SDK's constructor demands a token as an input, which would put it into the stack's state. The
// plugin does not: its token has the default VAULT_TOKEN (terraform-provider-vault
// internal/provider/provider.go, EnvDefaultFunc), which the bridge's CheckConfig fills in for its own checks
// but does not return, and Configure reads again; after it comes the vault command's token helper.
func NewVaultProvider(ctx *pulumi.Context, name string, args VaultProviderArgs, opts ...pulumi.ResourceOption) (*vault.Provider, error) {
	inputs := pulumi.Map{}
	if args.Address != "" {
		inputs["address"] = pulumi.String(args.Address)
	}
	if args.Namespace != "" {
		inputs["namespace"] = pulumi.String(args.Namespace)
	}
	var provider vault.Provider
	opts = append([]pulumi.ResourceOption{pulumi.Version(vaultVersion)}, opts...)
	if err := ctx.RegisterResource("pulumi:providers:vault", name, inputs, &provider, opts...); err != nil {
		return nil, fmt.Errorf("provider %s: %w", name, err)
	}
	return &provider, nil
}
