package infra

import (
	"slices"
	"strings"
	"testing"

	"flink-payments/infra/policy"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func storeArgs() StateStoreArgs {
	return StateStoreArgs{
		Store: policy.Store{
			Partition: policy.PartitionOf("ap-south-1"), Region: "ap-south-1", Account: "123456789012",
			Bucket:         "kv-flink-state-payments-prod",
			Roots:          policy.Roots{Checkpoints: "checkpoints", Savepoints: "savepoints", HA: "ha"},
			Administrators: []string{"arn:aws:iam::123456789012:role/deployer"},
		},
		Tags: map[string]string{"job": "fraud-scoring"},
	}
}

func newStore(t *testing.T, args StateStoreArgs) *recorder {
	t.Helper()
	return mustRun(t, func(ctx *pulumi.Context) error {
		_, err := NewStateStore(ctx, "fraud", args)
		return err
	})
}

// path reads a nested input: names and indexes, as in rules.0.bucketKeyEnabled.
func path(t *testing.T, inputs resource.PropertyMap, at string) any {
	t.Helper()
	value := resource.NewProperty(inputs)
	parsed, err := resource.ParsePropertyPath(at)
	if err != nil {
		t.Fatal(err)
	}
	value, ok := parsed.Get(value)
	if !ok {
		return nil
	}
	return value.Mappable()
}

func TestEverythingOfTheStateStoreIsProtectedAndKept(t *testing.T) {
	r := newStore(t, storeArgs())
	children := r.children("fraud")
	if len(children) != 2+7+7+2+3 {
		t.Errorf("%d children: %v", len(children), children)
	}
	for name, rpc := range r.rpcs {
		if name == "fraud" {
			continue
		}
		if !rpc.GetProtect() || !rpc.GetRetainOnDelete() {
			t.Errorf("%s: protect %v, retainOnDelete %v", name, rpc.GetProtect(), rpc.GetRetainOnDelete())
		}
		if nameOf(rpc.Parent) != "fraud" || !strings.HasPrefix(name, "fraud-") {
			t.Errorf("%s is a child of %q", name, rpc.Parent)
		}
		if force := r.inputs[name]["forceDestroy"]; force.IsBool() && force.BoolValue() {
			t.Errorf("%s may be destroyed with what it holds", name)
		}
	}
}

func TestTheRequestsOfOneBucketAreOneChain(t *testing.T) {
	r := newStore(t, storeArgs())
	for _, chain := range [][]string{
		{
			"fraud-bucket", "fraud-bucket-ownership", "fraud-bucket-private", "fraud-bucket-versioning", "fraud-bucket-encryption",
			"fraud-bucket-lifecycle", "fraud-bucket-policy", "fraud-bucket-logging", "fraud-bucket-events", "fraud-root-ha",
		},
		{
			"fraud-logs", "fraud-logs-ownership", "fraud-logs-private", "fraud-logs-versioning", "fraud-logs-encryption",
			"fraud-logs-lifecycle", "fraud-logs-policy", "fraud-bucket-logging",
		},
	} {
		for i := 1; i < len(chain); i++ {
			if !slices.ContainsFunc(r.rpcs[chain[i]].GetDependencies(), func(urn string) bool { return nameOf(urn) == chain[i-1] }) {
				t.Errorf("%s does not wait for %s", chain[i], chain[i-1])
			}
		}
	}
	if r.waitsFor("fraud-bucket", "fraud-logs") || r.waitsFor("fraud-logs", "fraud-bucket") || r.waitsFor("fraud-bucket-private", "fraud-key") {
		t.Error("what could go side by side waits")
	}
}

func TestTheStateBucketIsVersionedEncryptedAndPrivate(t *testing.T) {
	r := newStore(t, storeArgs())
	const key = "arn:aws:kms:ap-south-1:123456789012:key/0a1b"
	store := storeArgs().Store
	for _, c := range []struct {
		name, path string
		want       any
	}{
		{"fraud-key", "enableKeyRotation", true},
		{"fraud-key", "deletionWindowInDays", 30.0},
		{"fraud-key", "policy", store.KeyPolicy().JSON()},
		{"fraud-alias", "name", "alias/kv-flink-state-payments-prod"},
		{"fraud-alias", "targetKeyId", "0a1b"},
		{"fraud-bucket", "bucket", "kv-flink-state-payments-prod"},
		{"fraud-bucket", "tags.job", "fraud-scoring"},
		{"fraud-bucket-ownership", "rule.objectOwnership", "BucketOwnerEnforced"},
		{"fraud-bucket-private", "blockPublicAcls", true},
		{"fraud-bucket-private", "blockPublicPolicy", true},
		{"fraud-bucket-private", "ignorePublicAcls", true},
		{"fraud-bucket-private", "restrictPublicBuckets", true},
		{"fraud-bucket-versioning", "versioningConfiguration.status", "Enabled"},
		{"fraud-bucket-encryption", "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm", "aws:kms"},
		{"fraud-bucket-encryption", "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId", key},
		{"fraud-bucket-encryption", "rules[0].bucketKeyEnabled", true},
		{"fraud-bucket-policy", "policy", store.BucketPolicy(key).JSON()},
		{"fraud-bucket-logging", "targetBucket", "kv-flink-state-payments-prod-logs"},
		{"fraud-bucket-logging", "targetPrefix", "s3/"},
		{"fraud-bucket-events", "eventbridge", true},
		{"fraud-root-checkpoints", "key", "checkpoints/"},
		{"fraud-root-savepoints", "key", "savepoints/"},
		{"fraud-root-ha", "key", "ha/"},
		// Access logs cannot be delivered under a KMS key.
		{"fraud-logs-encryption", "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm", "AES256"},
		{"fraud-logs-private", "restrictPublicBuckets", true},
		{"fraud-logs-versioning", "versioningConfiguration.status", "Enabled"},
		{"fraud-logs-policy", "policy", store.LogBucketPolicy("s3/", false).JSON()},
	} {
		if got := path(t, r.inputs[c.name], c.path); got != c.want {
			t.Errorf("%s %s = %v, want %v", c.name, c.path, got, c.want)
		}
	}
}

func TestTheLifecycleRulesReachTheBucket(t *testing.T) {
	args := storeArgs()
	args.RecoveryWindowDays, args.RetiredDays, args.LogRetentionDays = 21, 45, 400
	r := newStore(t, args)
	for _, c := range []struct {
		name, path string
		want       any
	}{
		{"fraud-bucket-lifecycle", "rules[0].filter.prefix", nil},
		{"fraud-bucket-lifecycle", "rules[0].abortIncompleteMultipartUpload.daysAfterInitiation", 7.0},
		{"fraud-bucket-lifecycle", "rules[0].expiration.expiredObjectDeleteMarker", true},
		{"fraud-bucket-lifecycle", "rules[0].expiration.days", nil},
		{"fraud-bucket-lifecycle", "rules[1].filter.prefix", "checkpoints/"},
		{"fraud-bucket-lifecycle", "rules[1].noncurrentVersionExpiration.noncurrentDays", 21.0},
		// Flink's keys are unique: each has one noncurrent version, and this would keep them all.
		{"fraud-bucket-lifecycle", "rules[1].noncurrentVersionExpiration.newerNoncurrentVersions", nil},
		{"fraud-bucket-lifecycle", "rules[1].expiration", nil},
		{"fraud-bucket-lifecycle", "rules[2].filter.prefix", "savepoints/"},
		{"fraud-bucket-lifecycle", "rules[3].filter.prefix", "ha/"},
		{"fraud-bucket-lifecycle", "rules[4].filter.and.prefix", "checkpoints/"},
		{"fraud-bucket-lifecycle", `rules[4].filter.and.tags["flink-state"]`, "retired"},
		{"fraud-bucket-lifecycle", "rules[4].expiration.days", 45.0},
		{"fraud-bucket-lifecycle", "rules[5]", nil},
		{"fraud-logs-lifecycle", "rules[1].expiration.days", 400.0},
	} {
		if got := path(t, r.inputs[c.name], c.path); got != c.want {
			t.Errorf("%s %s = %v, want %v", c.name, c.path, got, c.want)
		}
	}
	if _, there := r.inputs["fraud-bucket-lifecycle"]["rules"].ArrayValue()[0].ObjectValue()["filter"]; !there {
		t.Error("the rule of the whole bucket has no filter: S3 wants an empty one")
	}
}

func TestDataEventsAreRecordedOnlyWhenAsked(t *testing.T) {
	args := storeArgs()
	if r := newStore(t, args); r.rpcs["fraud-trail"] != nil {
		t.Error("a trail nobody asked for")
	}
	args.DataEvents = true
	r := newStore(t, args)
	if got := path(t, r.inputs["fraud-trail"], "advancedEventSelectors[0].fieldSelectors[2].startsWiths[0]"); got != "arn:aws:s3:::kv-flink-state-payments-prod/" {
		t.Errorf("the trail records %v", got)
	}
	if got := path(t, r.inputs["fraud-trail"], "s3BucketName"); got != "kv-flink-state-payments-prod-logs" {
		t.Errorf("the trail goes to %v", got)
	}
	if !r.waitsFor("fraud-trail", "fraud-logs-policy") {
		t.Error("CloudTrail refuses a bucket that it may not write to yet")
	}
	if r.rpcs["fraud-trail"].GetProtect() {
		t.Error("turning data events off must end their cost")
	}
	if got := path(t, r.inputs["fraud-logs-policy"], "policy"); got != args.Store.LogBucketPolicy("s3/", true).JSON() {
		t.Errorf("the log bucket's policy is %v", got)
	}
}

func TestTheStoreSaysWhereStateIsAndGrantsIt(t *testing.T) {
	args := storeArgs()
	args.Store.Partition, args.Store.Region = policy.PartitionOf("cn-north-1"), "cn-north-1"
	var arn, grant, logs, trail string
	var words []policy.LifecycleRule
	mustRun(t, func(ctx *pulumi.Context) error {
		store, err := NewStateStore(ctx, "fraud", args)
		if err != nil {
			return err
		}
		arn, grant = await[string](t, store.BucketARN), await[string](t, store.GrantReadWrite())
		logs, trail = await[string](t, store.LogBucket), await[string](t, store.Trail)
		words = store.Lifecycle
		return nil
	})
	if arn != "arn:aws-cn:s3:::kv-flink-state-payments-prod" || logs != "kv-flink-state-payments-prod-logs" || trail != "" {
		t.Errorf("bucket %s, logs %s, trail %q", arn, logs, trail)
	}
	if want := args.Store.ReadWrite("arn:aws:kms:ap-south-1:123456789012:key/0a1b").JSON(); grant != want {
		t.Errorf("the grant is %s", grant)
	}
	if len(words) != 4 || words[1].NoncurrentDays != 14 {
		t.Errorf("the default lifecycle is %v", words)
	}
}

func TestAStoreThatCouldNotBeKeptSafeIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*StateStoreArgs){
		"state.bucket":         func(a *StateStoreArgs) { a.Store.Bucket = "" },
		"region":               func(a *StateStoreArgs) { a.Store.Region = "" },
		"empty root":           func(a *StateStoreArgs) { a.Store.Roots.HA = "" },
		"deployer":             func(a *StateStoreArgs) { a.Store.Administrators = nil },
		"not an ARN":           func(a *StateStoreArgs) { a.Store.Erasers = []string{"janitor"} },
		"recoveryWindowDays":   func(a *StateStoreArgs) { a.RecoveryWindowDays = -1 },
		"LogRetentionDays is ": func(a *StateStoreArgs) { a.LogRetentionDays = -1 },
	} {
		args := storeArgs()
		spoil(&args)
		r := &recorder{}
		err := run(r, func(ctx *pulumi.Context) error {
			_, err := NewStateStore(ctx, "fraud", args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "state store fraud") {
			t.Errorf("%q: error is %v", want, err)
		}
		if len(r.rpcs) != 0 {
			t.Errorf("%q: %d resources were registered", want, len(r.rpcs))
		}
	}
}
