package infra

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"flink-payments/infra/policy"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CredentialArgs of NewCredential.
type CredentialArgs struct {
	// AuthPath of the Kubernetes auth method. Default kubernetes.
	AuthPath string
	// Mount of the KV version 2 engine. Default secret.
	Mount string
	// Secrets are paths below the mount, without data/: payments/kafka. One at least.
	Secrets []string
	// Role and Policy are Vault's names for what is made here.
	Role   string
	Policy string
	// ServiceAccount that may log in, the only one.
	ServiceAccount policy.ServiceAccount
	// AlsoTrust are ServiceAccounts of the same namespace, by name, whose pods still run while ServiceAccount
	// changes. They may log in too.
	AlsoTrust []string
	// TokenTTL of the login; it is not renewed beyond. Default 1h.
	TokenTTL time.Duration
}

// A Credential lets one ServiceAccount read secrets of Vault by name. A secret's value is
// written by a person and is never in the program: kv.SecretV2 would put it into the state.
type Credential struct {
	pulumi.ResourceState

	// Role and Policy are Vault's names, known in a preview.
	Role   pulumi.StringOutput
	Policy pulumi.StringOutput
	// PolicyDocument in Vault's language, for the audit.
	PolicyDocument pulumi.StringOutput

	ready []pulumi.Resource
}

// Ready are the resources after which the ServiceAccount can log in and read. Not the
// component itself: who depends on that sees only the children that have registered by then.
func (c *Credential) Ready() []pulumi.Resource { return c.ready }

func (a *CredentialArgs) setDefaults() {
	a.AuthPath = cmp.Or(a.AuthPath, "kubernetes")
	a.Mount = cmp.Or(a.Mount, "secret")
	a.TokenTTL = cmp.Or(a.TokenTTL, time.Hour)
}

func (a CredentialArgs) check() error {
	switch {
	case a.Role == "":
		return errors.New("args.Role is empty (setting kafka.vaultRole)")
	case a.Policy == "":
		return errors.New("args.Policy is empty (setting kafka.vaultPolicy)")
	case a.ServiceAccount.Namespace == "" || a.ServiceAccount.Name == "":
		return errors.New("args.ServiceAccount has no namespace or no name")
	case a.ServiceAccount.Namespace == "*" || a.ServiceAccount.Name == "*":
		return errors.New("args.ServiceAccount is a wildcard: everyone could log in")
	case a.TokenTTL < time.Second:
		return fmt.Errorf("args.TokenTTL %s is shorter than a second (setting kafka.tokenTTL)", a.TokenTTL)
	}
	return nil
}

// NewCredential makes the Vault policy and the role of the Kubernetes auth method.
func NewCredential(ctx *pulumi.Context, name string, args CredentialArgs, opts ...pulumi.ResourceOption) (*Credential, error) {
	fail := func(err error) (*Credential, error) { return nil, fmt.Errorf("credential %s: %w", name, err) }
	args.setDefaults()
	if err := args.check(); err != nil {
		return fail(err)
	}
	document, err := policy.VaultRead(args.Mount, args.Secrets...)
	if err != nil {
		return fail(fmt.Errorf("vault.mount and kafka.secret, metrics.secret or console.secret: %w", err))
	}

	credential := &Credential{}
	err = ctx.RegisterComponentResourceV2("flink-payments:infra:Credential", name, pulumi.Map{
		"authPath":       pulumi.String(args.AuthPath),
		"mount":          pulumi.String(args.Mount),
		"paths":          pulumi.ToStringArray(args.Secrets),
		"role":           pulumi.String(args.Role),
		"policy":         pulumi.String(args.Policy),
		"serviceAccount": pulumi.String(args.ServiceAccount.Subject()),
	}, credential, opts...)
	if err != nil {
		return fail(err)
	}
	parent := pulumi.Parent(credential)

	read, err := vault.NewPolicy(ctx, name+"-policy", &vault.PolicyArgs{
		Name:   pulumi.String(args.Policy),
		Policy: pulumi.String(document),
	}, parent)
	if err != nil {
		return fail(fmt.Errorf("policy %s: %w", args.Policy, err))
	}
	ttl := pulumi.Int(int(args.TokenTTL.Seconds()))
	role, err := kubernetes.NewAuthBackendRole(ctx, name+"-role", &kubernetes.AuthBackendRoleArgs{
		Backend:                       pulumi.String(args.AuthPath),
		RoleName:                      pulumi.String(args.Role),
		BoundServiceAccountNames:      pulumi.ToStringArray(append([]string{args.ServiceAccount.Name}, args.AlsoTrust...)),
		BoundServiceAccountNamespaces: pulumi.ToStringArray([]string{args.ServiceAccount.Namespace}),
		TokenPolicies:                 pulumi.StringArray{read.Name},
		TokenNoDefaultPolicy:          pulumi.Bool(true),
		TokenTtl:                      ttl,
		TokenMaxTtl:                   ttl,
		// A ServiceAccount that is deleted and made again is another entity.
		AliasNameSource: pulumi.String("serviceaccount_uid"),
	}, parent)
	if err != nil {
		return fail(fmt.Errorf("role %s: %w", args.Role, err))
	}

	credential.ready = []pulumi.Resource{read, role}
	credential.Role = role.RoleName
	credential.Policy = read.Name
	credential.PolicyDocument = pulumi.String(document).ToStringOutput()
	err = ctx.RegisterResourceOutputs(credential, pulumi.Map{
		"role":           credential.Role,
		"policy":         credential.Policy,
		"policyDocument": credential.PolicyDocument,
	})
	if err != nil {
		return fail(err)
	}
	return credential, nil
}
