package infra

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A person who reviews the first preview sees every document that does not hold
// the key's ARN, and every name.
func TestAPreviewShowsWhatIsKnown(t *testing.T) {
	var bucketARN, roleARN, vaultRole string
	r := &recorder{preview: true}
	err := run(r, func(ctx *pulumi.Context) error {
		store, err := NewStateStore(ctx, "store", storeArgs())
		if err != nil {
			return err
		}
		args := identityArgs()
		args.Access = store.GrantReadWrite()
		identity, err := NewIdentity(ctx, "identity", args)
		if err != nil {
			return err
		}
		credential, err := NewCredential(ctx, "credential", credentialArgs())
		if err != nil {
			return err
		}
		bucketARN, roleARN = await[string](t, store.BucketARN), await[string](t, identity.RoleARN)
		vaultRole = await[string](t, credential.Role)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if bucketARN != "arn:aws:s3:::kv-flink-state-payments-prod" || roleARN != "arn:aws:iam::123456789012:role/flink/kv-flink-state-payments" || vaultRole != "flink-payments" {
		t.Errorf("bucket %q, role %q, Vault role %q", bucketARN, roleARN, vaultRole)
	}
	for name, key := range map[string]resource.PropertyKey{
		"store-key": "policy", "store-logs-policy": "policy", "store-bucket-lifecycle": "rules", "identity-role": "assumeRolePolicy", "credential-policy": "policy",
	} {
		if value := r.inputs[name][key]; value.ContainsUnknowns() || value.IsNull() {
			t.Errorf("%s %s is not shown", name, key)
		}
	}
	for _, name := range []string{"store-bucket-policy", "identity-policy"} {
		// Mocks drop what is unknown; a text would be a document with no key in it.
		if value := r.inputs[name]["policy"]; value.IsString() {
			t.Errorf("%s cannot be known before the key is made: %v", name, value)
		}
	}
}
