package infra

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"flink-payments/infra/policy"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func identityArgs() IdentityArgs {
	return IdentityArgs{
		Partition: policy.PartitionOf("ap-south-1"), Account: "123456789012",
		PolicyName: "kv-flink-state-payments", Path: "/flink/",
		Issuers:        []string{"https://oidc.eks.ap-south-1.amazonaws.com/id/A"},
		ServiceAccount: policy.ServiceAccount{Namespace: "payments", Name: "flink"},
		Access:         pulumi.String(`{"the":"grant"}`),
	}
}

func TestTheRoleHasOnePolicyAndNothingElse(t *testing.T) {
	args := identityArgs()
	args.PermissionsBoundary = "arn:aws:iam::123456789012:policy/boundary"
	var roleARN, subject string
	r := mustRun(t, func(ctx *pulumi.Context) error {
		identity, err := NewIdentity(ctx, "fraud", args)
		if err != nil {
			return err
		}
		roleARN, subject = await[string](t, identity.RoleARN), await[string](t, identity.TrustSubject)
		return nil
	})
	const policyARN = "arn:aws:iam::123456789012:policy/kv-flink-state-payments"
	for _, c := range []struct {
		name, path string
		want       any
	}{
		{"fraud-policy", "policy", `{"the":"grant"}`},
		{"fraud-policy", "name", "kv-flink-state-payments"},
		{"fraud-policy", "path", "/flink/"},
		{"fraud-role", "assumeRolePolicy", policy.Trust(args.Partition, args.Account, args.Issuers, args.ServiceAccount).JSON()},
		{"fraud-role", "permissionsBoundary", args.PermissionsBoundary},
		{"fraud-role", "maxSessionDuration", 3600.0},
		{"fraud-role", "managedPolicyArns", nil},
		{"fraud-role", "inlinePolicies", nil},
		{"fraud-attachment", "policyArn", policyARN},
		{"fraud-attachments", "policyArns[0]", policyARN},
		{"fraud-attachments", "policyArns[1]", nil},
		{"fraud-inline", "policyNames[0]", nil},
		{"fraud-inline", "roleName", "kv-flink-state-payments"},
	} {
		if got := path(t, r.inputs[c.name], c.path); got != c.want {
			t.Errorf("%s %s = %v, want %v", c.name, c.path, got, c.want)
		}
	}
	if roleARN != "arn:aws:iam::123456789012:role/flink/kv-flink-state-payments" || subject != "system:serviceaccount:payments:flink" {
		t.Errorf("role %s, subject %s", roleARN, subject)
	}
	if got := len(r.children("fraud")); got != 5 {
		t.Errorf("%d children", got)
	}
	if !r.waitsFor("fraud-attachments", "fraud-attachment") {
		t.Error("the exclusive list may run before the attachment, and take it away")
	}
}

func TestAnIdentityThatTrustsNobodyOrTooManyIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*IdentityArgs){
		"Issuers":        func(a *IdentityArgs) { a.Issuers = nil },
		"ServiceAccount": func(a *IdentityArgs) { a.ServiceAccount.Name = "" },
		"PolicyName":     func(a *IdentityArgs) { a.PolicyName = "" },
		"Account":        func(a *IdentityArgs) { a.Account = "" },
		"Access":         func(a *IdentityArgs) { a.Access = nil },
		"Path":           func(a *IdentityArgs) { a.Path = "flink" },
	} {
		args := identityArgs()
		spoil(&args)
		err := run(&recorder{}, func(ctx *pulumi.Context) error {
			_, err := NewIdentity(ctx, "fraud", args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "identity fraud") {
			t.Errorf("%q: error is %v", want, err)
		}
	}
}

func credentialArgs() CredentialArgs {
	return CredentialArgs{
		Secrets: []string{"payments/kafka"}, Role: "flink-payments", Policy: "payments-kafka-read",
		ServiceAccount: policy.ServiceAccount{Namespace: "payments", Name: "flink"},
	}
}

func TestTheCredentialReadsOneSecretForOneServiceAccount(t *testing.T) {
	r := mustRun(t, func(ctx *pulumi.Context) error {
		_, err := NewCredential(ctx, "fraud", credentialArgs())
		return err
	})
	for _, c := range []struct {
		name, path string
		want       any
	}{
		{"fraud-policy", "name", "payments-kafka-read"},
		{"fraud-policy", "policy", "path \"secret/data/payments/kafka\" {\n  capabilities = [\"read\"]\n}\n"},
		{"fraud-role", "backend", "kubernetes"},
		{"fraud-role", "roleName", "flink-payments"},
		{"fraud-role", "boundServiceAccountNames[0]", "flink"},
		{"fraud-role", "boundServiceAccountNames[1]", nil},
		{"fraud-role", "boundServiceAccountNamespaces[0]", "payments"},
		{"fraud-role", "boundServiceAccountNamespaces[1]", nil},
		{"fraud-role", "tokenPolicies[0]", "payments-kafka-read"},
		{"fraud-role", "tokenPolicies[1]", nil},
		{"fraud-role", "tokenNoDefaultPolicy", true},
		{"fraud-role", "tokenTtl", 3600.0},
		{"fraud-role", "tokenMaxTtl", 3600.0},
		{"fraud-role", "aliasNameSource", "serviceaccount_uid"},
		// A projected token with this audience would be needed.
		{"fraud-role", "audience", nil},
	} {
		if got := path(t, r.inputs[c.name], c.path); got != c.want {
			t.Errorf("%s %s = %v, want %v", c.name, c.path, got, c.want)
		}
	}
	if !r.waitsFor("fraud-role", "fraud-policy") {
		t.Error("the role may be made before its policy")
	}
	for name := range r.rpcs {
		if nameOf(r.rpcs[name].Parent) != "fraud" && name != "fraud" {
			t.Errorf("%s is nobody's child", name)
		}
	}
}

func TestACredentialForEveryoneIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*CredentialArgs){
		"kafka.secret":      func(a *CredentialArgs) { a.Secrets = []string{"payments/kafka", "payments/*"} },
		"kafka.vaultRole":   func(a *CredentialArgs) { a.Role = "" },
		"kafka.vaultPolicy": func(a *CredentialArgs) { a.Policy = "" },
		"wildcard":          func(a *CredentialArgs) { a.ServiceAccount.Namespace = "*" },
		"no namespace":      func(a *CredentialArgs) { a.ServiceAccount.Namespace = "" },
		"kafka.tokenTTL":    func(a *CredentialArgs) { a.TokenTTL = time.Millisecond },
	} {
		args := credentialArgs()
		spoil(&args)
		err := run(&recorder{}, func(ctx *pulumi.Context) error {
			_, err := NewCredential(ctx, "fraud", args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "credential fraud") {
			t.Errorf("%q: error is %v", want, err)
		}
	}
}

func TestProvidersAreBoundToTheirPlace(t *testing.T) {
	t.Setenv("VAULT_TOKEN", "hvs.must-not-be-seen")
	r := mustRun(t, func(ctx *pulumi.Context) error {
		_, err := NewAWSProvider(ctx, "aws", AWSProviderArgs{Region: "ap-south-1", AccountID: "123456789012", Tags: map[string]string{"team": "payments"}})
		if err != nil {
			return err
		}
		_, err = NewVaultProvider(ctx, "vault", VaultProviderArgs{Address: "https://vault.example:8200", Namespace: "payments"})
		return err
	})
	for at, want := range map[string]any{"region": "ap-south-1", "allowedAccountIds[0]": "123456789012", "allowedAccountIds[1]": nil, "defaultTags.tags.team": "payments"} {
		if got := path(t, r.inputs["aws"], at); got != want {
			t.Errorf("aws %s = %v, want %v", at, got, want)
		}
	}
	vault := r.inputs["vault"]
	if len(vault) != 2 || vault["address"].StringValue() != "https://vault.example:8200" || vault["namespace"].StringValue() != "payments" {
		t.Errorf("vault's inputs are %v", vault)
	}
	for name, inputs := range r.inputs {
		if strings.Contains(resource.NewProperty(inputs).String(), "must-not-be-seen") {
			t.Errorf("%s holds the token", name)
		}
	}
}

func TestWithoutAnAccountNoAccountIsRefused(t *testing.T) {
	r := mustRun(t, func(ctx *pulumi.Context) error {
		_, err := NewAWSProvider(ctx, "aws", AWSProviderArgs{Region: "ap-south-1"})
		return err
	})
	if _, there := r.inputs["aws"]["allowedAccountIds"]; there {
		t.Error("an account list that nobody gave")
	}
	if err := run(&recorder{}, func(ctx *pulumi.Context) error {
		_, err := NewAWSProvider(ctx, "aws", AWSProviderArgs{})
		return err
	}); err == nil || !strings.Contains(err.Error(), "aws:region") {
		t.Errorf("no region: %v", err)
	}
}

func TestTheVaultPluginIsTheSDKs(t *testing.T) {
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(module), "github.com/pulumi/pulumi-vault/sdk/v6 v"+vaultVersion+"\n") &&
		!strings.Contains(string(module), "github.com/pulumi/pulumi-vault/sdk/v6 v"+vaultVersion+" ") {
		t.Errorf("go.mod requires another version than %s", vaultVersion)
	}
}

func property(v any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(v.(map[string]any))
}

func TestTheClusterIsLookedUpByTheGivenProvider(t *testing.T) {
	const token = "aws:eks/getCluster:getCluster"
	full := map[string]any{
		"endpoint":               "https://api.example",
		"status":                 "ACTIVE",
		"certificateAuthorities": []any{map[string]any{"data": "Q0E="}},
		"identities":             []any{map[string]any{"oidcs": []any{map[string]any{"issuer": "https://oidc.example/id/A"}}}},
	}
	without := func(key string) map[string]any {
		some := map[string]any{}
		for k, v := range full {
			if k != key {
				some[k] = v
			}
		}
		return some
	}
	for _, c := range []struct {
		name   string
		answer map[string]any
		err    string
	}{
		{"kv-prod", full, ""},
		{"kv-prod", without("endpoint"), "no API endpoint"},
		{"kv-prod", without("certificateAuthorities"), "no API endpoint"},
		{"kv-prod", without("identities"), "no OIDC issuer"},
		{"", full, "no name"},
	} {
		var cluster Cluster
		r := &recorder{answers: map[string]resource.PropertyMap{token: property(c.answer)}}
		err := run(r, func(ctx *pulumi.Context) error {
			provider, err := NewAWSProvider(ctx, "aws", AWSProviderArgs{Region: "ap-south-1"})
			if err != nil {
				return err
			}
			cluster, err = LookupCluster(ctx, c.name, provider)
			return err
		})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), "cluster.name") {
				t.Errorf("%q: error is %v", c.err, err)
			}
			continue
		}
		want := Cluster{Name: "kv-prod", Endpoint: "https://api.example", CertificateAuthority: "Q0E=", OIDCIssuer: "https://oidc.example/id/A"}
		if err != nil || cluster != want {
			t.Errorf("%+v, %v", cluster, err)
		}
		if !slices.ContainsFunc(r.calls, func(call pulumi.MockCallArgs) bool {
			return call.Token == token && strings.Contains(call.Provider, "::aws::")
		}) {
			t.Errorf("the cluster was looked up with another provider: %+v", r.calls)
		}
	}
}

func TestTheAccountIsTheProviders(t *testing.T) {
	r := &recorder{answers: map[string]resource.PropertyMap{
		"aws:index/getCallerIdentity:getCallerIdentity": property(map[string]any{
			"accountId": "123456789012", "arn": "arn:aws:sts::123456789012:assumed-role/deployer/run-1",
		}),
	}}
	var account Account
	err := run(r, func(ctx *pulumi.Context) error {
		provider, err := NewAWSProvider(ctx, "aws", AWSProviderArgs{Region: "ap-south-1"})
		if err != nil {
			return err
		}
		account, err = LookupAccount(ctx, provider)
		return err
	})
	want := Account{ID: "123456789012", CallerARN: "arn:aws:sts::123456789012:assumed-role/deployer/run-1"}
	if err != nil || account != want {
		t.Errorf("%+v, %v", account, err)
	}
	if len(r.calls) != 1 || !strings.Contains(r.calls[0].Provider, "::aws::") {
		t.Errorf("asked %+v", r.calls)
	}
}
