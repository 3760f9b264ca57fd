// Package latency says how long each resource takes in the wild, and how that is
// known. It measures nothing.
package latency

import "time"

// A figure is how long a resource type takes in the wild, and who says so.
type figure struct {
	create, update, remove time.Duration
	source                 string
}

const (
	oneCall   = "estimate: one API call and one read"
	terraform = "1 to 2 s in the Terraform output of https://github.com/binbashar/le-tf-infra-aws/pull/411 (same provider code)"
	certs     = "55 s for namespace, release and issuer in https://github.com/pulumi/pulumi-kubernetes-cert-manager/pull/10"
)

// inTheWild holds the times by type; anyOther those of the types that it lacks.
// --latency 1 makes the stand-ins take this long, --latency 0.01 a hundredth.
var (
	inTheWild = map[string]figure{
		"aws:s3/bucketV2:BucketV2":                               {2 * time.Second, 2 * time.Second, time.Second, terraform},
		"aws:s3/bucketVersioningV2:BucketVersioningV2":           {2 * time.Second, 2 * time.Second, time.Second, terraform},
		"aws:s3/bucketPolicy:BucketPolicy":                       {time.Second, time.Second, time.Second, terraform},
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {time.Second, time.Second, time.Second, terraform},
		"aws:s3/bucketLoggingV2:BucketLoggingV2":                 {2 * time.Second, time.Second, time.Second, terraform},
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {
			2 * time.Second, 2 * time.Second, time.Second, terraform},
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {
			10 * time.Second, 10 * time.Second, time.Second, "estimate: the provider reads until the rules have settled"},
		"aws:kms/key:Key": {
			10 * time.Second, 10 * time.Second, time.Second, "estimate: the provider waits until policy, tags and rotation are read back several times in a row"},
		"aws:kms/alias:Alias":                                 {time.Second, time.Second, time.Second, oneCall},
		"aws:iam/role:Role":                                   {time.Second, time.Second, time.Second, oneCall},
		"aws:iam/policy:Policy":                               {time.Second, time.Second, time.Second, oneCall},
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   {time.Second, time.Second, time.Second, oneCall},
		"kubernetes:helm.sh/v3:Release":                       {45 * time.Second, 30 * time.Second, 10 * time.Second, certs},
		"kubernetes:core/v1:Namespace":                        {time.Second, time.Second, 10 * time.Second, "estimate: deletion waits for what is inside"},
		"kubernetes:apps/v1:Deployment":                       {20 * time.Second, 20 * time.Second, 10 * time.Second, "estimate: image pull, start, readiness"},
		"kubernetes:flink.apache.org/v1beta1:FlinkDeployment": {120 * time.Second, 90 * time.Second, 15 * time.Second, "estimate: the operator looks each 15 s and each 5 s while a job starts (chart 1.10.0), image pull, two JVMs, restore"},
		"kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": {
			2 * time.Second, time.Second, 5 * time.Second, "estimate: until the condition Established is read"},
	}
	anyOther = figure{time.Second, time.Second, time.Second, oneCall}
)

// Wild is how long a method of a type takes in the wild; what reads and judges takes no time here.
func Wild(resourceType, method string) time.Duration {
	f, known := inTheWild[resourceType]
	if !known {
		f = anyOther
	}
	switch method {
	case "Create":
		return f.create
	case "Update":
		return f.update
	case "Delete":
		return f.remove
	}
	return 0
}

// Scaled is Wild times a factor; nil for none at all.
func Scaled(factor float64) func(resourceType, method string) time.Duration {
	if factor == 0 {
		return nil
	}
	return func(resourceType, method string) time.Duration {
		return time.Duration(factor * float64(Wild(resourceType, method)))
	}
}
