package tests

import (
	"slices"
	"strings"
	"testing"
)

// immutable are the inputs of each type that this program registers outside the
// cluster whose change replaces the resource, below the Terraform resource that says so
// (ForceNew or RequiresReplace in its schema).
var immutable = map[string][]string{
	// terraform-provider-aws, internal/service/iam
	"aws:iam/policy:Policy":                             {"name", "namePrefix", "path", "description"},
	"aws:iam/role:Role":                                 {"name", "namePrefix", "path"},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"role", "policyArn"},
	"aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": {"roleName"},
	"aws:iam/rolePoliciesExclusive:RolePoliciesExclusive":                   {"roleName"},
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider":                   {"url"},
	// internal/service/kms
	"aws:kms/key:Key":     {"customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId", "xksKeyId"},
	"aws:kms/alias:Alias": {"name", "namePrefix"},
	// internal/service/s3
	"aws:s3/bucketV2:BucketV2":                                                                   {"bucket", "bucketPrefix", "objectLockEnabled"},
	"aws:s3/bucketObjectv2:BucketObjectv2":                                                       {"bucket", "key"},
	"aws:s3/bucketPolicy:BucketPolicy":                                                           {"bucket"},
	"aws:s3/bucketNotification:BucketNotification":                                               {"bucket"},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               {"bucket", "expectedBucketOwner"},
	"aws:s3/bucketLoggingV2:BucketLoggingV2":                                                     {"bucket", "expectedBucketOwner"},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       {"bucket", "expectedBucketOwner"},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {"bucket", "expectedBucketOwner"},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     {"bucket"},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     {"bucket"},
	"aws:cloudtrail/trail:Trail":                                                                 {"name"}, // internal/service/cloudtrail
	// terraform-provider-vault, vault/resource_policy.go and resource_kubernetes_auth_backend_role.go
	"vault:index/policy:Policy":                        {"name"},
	"vault:kubernetes/authBackendRole:AuthBackendRole": {"backend", "roleName"},
	// terraform-provider-datadog, resource_datadog_monitor.go and its like
	"datadog:index/monitor:Monitor":                             {"type"},
	"datadog:index/serviceLevelObjective:ServiceLevelObjective": {"type"},
	"datadog:index/dashboardJson:DashboardJson":                 nil,
}

// A replacement needs the old one's name, which is taken (IAM: EntityAlreadyExists), or loses what it held.
func TestNoSettingThatADayChangesReplacesAnythingOutsideTheCluster(t *testing.T) {
	names := job(set("p", "identity", "policyName"), set("r", "identity", "roleName"),
		set("vault-role", "kafka", "vaultRole"), set("vault-policy", "kafka", "vaultPolicy"))
	data := set(true, "flink-payments:aws", "dataEvents")
	oidc := set(true, "flink-payments:cluster", "createOidcProvider")
	before := run(t, false, names, data, oidc)
	if before.err != nil {
		t.Fatal(before.err)
	}
	outside := func(n *node) bool {
		return isAWS(n) || isVault(n) || strings.HasPrefix(n.Type, "datadog:")
	}
	seen := map[string]bool{}
	for _, n := range before.all(outside) {
		seen[n.Type] = true
		if _, known := immutable[n.Type]; !known {
			t.Errorf("%s: which of its inputs replace it is not in the table", n.Type)
		}
	}
	for typ := range immutable {
		if !seen[typ] {
			t.Errorf("%s is not registered", typ)
		}
	}
	for name, change := range map[string]change{
		"serviceAccount": job(set("flink-2", "serviceAccount"), set([]any{"flink"}, "identity", "alsoTrust")),
		"namespace":      job(set("payments-2", "namespace")),
		"team":           set("another", "flink-payments:team"),
		"tags":           set(map[string]any{"cost-center": "fraud"}, "flink-payments:tags"),
		"image":          job(set("registry.kotaicode.io/flink-fraud-scoring:2.0.0@sha256:"+strings.Repeat("ab", 32), "image")),
		"flinkVersion":   job(set("v1_19", "flinkVersion")),
		"parallelism":    job(set(8, "parallelism")),
		"suspended":      job(set(true, "suspended")),
		"alerts":         job(set("@pagerduty-others", "alerts", "notify"), set(99.5, "alerts", "target")),
		"recovery":       job(set(30, "state", "recoveryWindowDays")),
	} {
		after := run(t, false, names, data, oidc, change)
		if after.err != nil {
			t.Errorf("%s: %v", name, after.err)
			continue
		}
		for _, was := range before.all(outside) {
			now := after.byURN(was.URN)
			if now == nil {
				t.Errorf("%s takes %s (%s) away", name, was.Name, was.Type)
				continue
			}
			for key, value := range was.Inputs {
				if slices.Contains(immutable[was.Type], string(key)) && !value.DeepEquals(now.Inputs[key]) {
					t.Errorf("%s replaces %s (%s): its %s is %v, and was %v", name, was.Name, was.Type, key, now.Inputs[key], value)
				}
			}
		}
	}
}
