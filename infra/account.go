package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// An Account is who the program runs as.
type Account struct {
	// ID of twelve digits.
	ID string
	// CallerARN of the user, or of the session of a role; see policy.Covers.
	CallerARN string
}

// LookupAccount asks AWS who the provider's credentials belong to.
func LookupAccount(ctx *pulumi.Context, provider *aws.Provider) (Account, error) {
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Provider(provider))
	if err != nil {
		return Account{}, fmt.Errorf("the account of the AWS credentials (sts:GetCallerIdentity): %w", err)
	}
	return Account{ID: caller.AccountId, CallerARN: caller.Arn}, nil
}
