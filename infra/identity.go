package infra

import (
	"cmp"
	"errors"
	"fmt"

	"flink-payments/infra/policy"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// IdentityArgs of NewIdentity.
type IdentityArgs struct {
	Partition policy.Partition
	// Account of the role, twelve digits.
	Account string
	// PolicyName and RoleName are unique in the account. RoleName defaults to PolicyName.
	PolicyName string
	RoleName   string
	// Path of both, beginning and ending with a slash. Default /.
	Path string
	// PermissionsBoundary is the ARN of a policy that bounds the role; empty: none.
	PermissionsBoundary string
	// Issuers are the OIDC issuers of the clusters that may run the job, at least one.
	Issuers []string
	// ServiceAccount that takes on the role, the only one.
	ServiceAccount policy.ServiceAccount
	// AlsoTrust are ServiceAccounts of the same namespace, by name, whose pods still run while ServiceAccount
	// changes. They may take on the role too.
	AlsoTrust []string
	// Access is the role's only policy document: StateStore.GrantReadWrite.
	Access pulumi.StringInput
	Tags   map[string]string
}

// An Identity is an IAM role that one ServiceAccount takes on (IRSA), with one
// policy. What is attached to it besides, by hand or by others, is taken away at the next update.
type Identity struct {
	pulumi.ResourceState

	// RoleARN and RoleName are known in a preview.
	RoleARN  pulumi.StringOutput
	RoleName pulumi.StringOutput
	// TrustSubject is system:serviceaccount:NAMESPACE:NAME.
	TrustSubject pulumi.StringOutput
	// Subjects are TrustSubject and those that are trusted besides.
	Subjects pulumi.StringArrayOutput
	// PolicyARN, and the documents as JSON, for the audit.
	PolicyARN      pulumi.StringOutput
	PolicyDocument pulumi.StringOutput
	TrustDocument  pulumi.StringOutput
	// Attachment gives the role its rights: a job that starts before it is refused by S3.
	Attachment *iam.RolePolicyAttachment
}

// Ready are the resources after which the role has its rights. Who depends on
// the component itself sees only the children that have registered by then.
func (i *Identity) Ready() []pulumi.Resource { return []pulumi.Resource{i.Attachment} }

func (a *IdentityArgs) setDefaults() {
	a.RoleName = cmp.Or(a.RoleName, a.PolicyName)
	a.Path = cmp.Or(a.Path, "/")
}

func (a IdentityArgs) check() error {
	switch {
	case a.PolicyName == "":
		return errors.New("args.PolicyName is empty")
	case a.Account == "":
		return errors.New("args.Account is empty")
	case len(a.Issuers) == 0:
		return errors.New("args.Issuers is empty: no cluster could take on the role")
	case a.ServiceAccount.Namespace == "" || a.ServiceAccount.Name == "":
		return errors.New("args.ServiceAccount has no namespace or no name")
	case a.Access == nil:
		return errors.New("args.Access is nil")
	case a.Path[0] != '/' || a.Path[len(a.Path)-1] != '/':
		return fmt.Errorf("args.Path %q does not begin and end with a slash", a.Path)
	}
	return nil
}

// NewIdentity makes the policy and the role.
func NewIdentity(ctx *pulumi.Context, name string, args IdentityArgs, opts ...pulumi.ResourceOption) (*Identity, error) {
	fail := func(err error) (*Identity, error) { return nil, fmt.Errorf("identity %s: %w", name, err) }
	args.setDefaults()
	if err := args.check(); err != nil {
		return fail(err)
	}
	accounts := []policy.ServiceAccount{args.ServiceAccount}
	for _, name := range args.AlsoTrust {
		accounts = append(accounts, policy.ServiceAccount{Namespace: args.ServiceAccount.Namespace, Name: name})
	}
	trust := policy.Trust(args.Partition, args.Account, args.Issuers, accounts...)
	var subjects []string
	for _, account := range accounts {
		subjects = append(subjects, account.Subject())
	}

	identity := &Identity{}
	err := ctx.RegisterComponentResourceV2("flink-payments:infra:Identity", name, pulumi.Map{
		"policyName":          pulumi.String(args.PolicyName),
		"roleName":            pulumi.String(args.RoleName),
		"path":                pulumi.String(args.Path),
		"permissionsBoundary": pulumi.String(args.PermissionsBoundary),
		"issuers":             pulumi.ToStringArray(args.Issuers),
		"trustSubject":        pulumi.String(args.ServiceAccount.Subject()),
	}, identity, opts...)
	if err != nil {
		return fail(err)
	}
	parent := pulumi.Parent(identity)

	access, err := iam.NewPolicy(ctx, name+"-policy", &iam.PolicyArgs{
		Name: pulumi.String(args.PolicyName),
		Path: pulumi.String(args.Path),
		// IAM cannot change it: a text that a setting changes would replace the policy, whose name is taken.
		Description: pulumi.String("State of a Flink job"),
		Policy:      args.Access,
		Tags:        pulumi.ToStringMap(args.Tags),
	}, parent)
	if err != nil {
		return fail(fmt.Errorf("policy %s: %w", args.PolicyName, err))
	}
	roleArgs := &iam.RoleArgs{
		Name:               pulumi.String(args.RoleName),
		Path:               pulumi.String(args.Path),
		Description:        pulumi.String("Taken on by a Flink job"),
		AssumeRolePolicy:   pulumi.String(trust.JSON()),
		MaxSessionDuration: pulumi.Int(3600),
		Tags:               pulumi.ToStringMap(args.Tags),
	}
	if args.PermissionsBoundary != "" {
		roleArgs.PermissionsBoundary = pulumi.String(args.PermissionsBoundary)
	}
	role, err := iam.NewRole(ctx, name+"-role", roleArgs, parent)
	if err != nil {
		return fail(fmt.Errorf("role %s: %w", args.RoleName, err))
	}
	identity.Attachment, err = iam.NewRolePolicyAttachment(ctx, name+"-attachment", &iam.RolePolicyAttachmentArgs{
		Role:      role.Name,
		PolicyArn: access.Arn,
	}, parent)
	if err != nil {
		return fail(fmt.Errorf("attachment: %w", err))
	}
	// Both are exclusive: a policy that somebody added by hand is drift, and goes.
	_, err = iam.NewRolePolicyAttachmentsExclusive(ctx, name+"-attachments", &iam.RolePolicyAttachmentsExclusiveArgs{
		RoleName:   role.Name,
		PolicyArns: pulumi.StringArray{access.Arn},
	}, parent, pulumi.DependsOn([]pulumi.Resource{identity.Attachment}))
	if err != nil {
		return fail(fmt.Errorf("exclusive attachments: %w", err))
	}
	_, err = iam.NewRolePoliciesExclusive(ctx, name+"-inline", &iam.RolePoliciesExclusiveArgs{
		RoleName:    role.Name,
		PolicyNames: pulumi.StringArray{},
	}, parent)
	if err != nil {
		return fail(fmt.Errorf("exclusive inline policies: %w", err))
	}

	// The ARN follows from the name, so a preview shows it; it still waits for the role.
	identity.RoleARN = role.Name.ApplyT(func(roleName string) string {
		return args.Partition.RoleARN(args.Account, args.Path, roleName)
	}).(pulumi.StringOutput)
	identity.RoleName = role.Name
	identity.TrustSubject = pulumi.String(args.ServiceAccount.Subject()).ToStringOutput()
	identity.Subjects = pulumi.ToStringArray(subjects).ToStringArrayOutput()
	identity.PolicyARN = access.Arn
	identity.PolicyDocument = args.Access.ToStringOutput()
	identity.TrustDocument = pulumi.String(trust.JSON()).ToStringOutput()
	err = ctx.RegisterResourceOutputs(identity, pulumi.Map{
		"roleArn":        identity.RoleARN,
		"roleName":       identity.RoleName,
		"trustSubject":   identity.TrustSubject,
		"policyArn":      identity.PolicyARN,
		"policyDocument": identity.PolicyDocument,
		"trustDocument":  identity.TrustDocument,
	})
	if err != nil {
		return fail(err)
	}
	return identity, nil
}
