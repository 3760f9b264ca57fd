package infra

import (
	"fmt"

	"flink-payments/infra/policy"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type bucketArgs struct {
	name       string
	encryption s3.BucketServerSideEncryptionConfigurationV2RuleArgs
	policy     pulumi.StringInput
	lifecycle  []policy.LifecycleRule
	tags       map[string]string
}

type keptBucket struct {
	bucket *s3.BucketV2
	// last of the chain: whoever waits for it finds the bucket complete.
	last pulumi.Resource
}

// newBucket makes a bucket with everything that every bucket of a store has. Requests about one
// bucket sent at once can be answered 409 OperationAborted, so each waits for the one before.
func newBucket(ctx *pulumi.Context, name string, store *StateStore, args bucketArgs) (keptBucket, error) {
	fail := func(what string, err error) (keptBucket, error) {
		return keptBucket{}, fmt.Errorf("bucket %s: %s: %w", args.name, what, err)
	}
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		Bucket: pulumi.String(args.name),
		Tags:   pulumi.ToStringMap(args.tags),
	}, store.keep()...)
	if err != nil {
		return fail("creation", err)
	}
	ownership, err := s3.NewBucketOwnershipControls(ctx, name+"-ownership", &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.Bucket,
		Rule:   s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, store.keep(bucket)...)
	if err != nil {
		return fail("ownership", err)
	}
	private, err := s3.NewBucketPublicAccessBlock(ctx, name+"-private", &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.Bucket,
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, store.keep(ownership)...)
	if err != nil {
		return fail("public access block", err)
	}
	versioning, err := s3.NewBucketVersioningV2(ctx, name+"-versioning", &s3.BucketVersioningV2Args{
		Bucket:                  bucket.Bucket,
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, store.keep(private)...)
	if err != nil {
		return fail("versioning", err)
	}
	encryption, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name+"-encryption", &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules:  s3.BucketServerSideEncryptionConfigurationV2RuleArray{args.encryption},
	}, store.keep(versioning)...)
	if err != nil {
		return fail("encryption", err)
	}
	lifecycle, err := s3.NewBucketLifecycleConfigurationV2(ctx, name+"-lifecycle", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules:  lifecycleRules(args.lifecycle),
	}, store.keep(encryption)...)
	if err != nil {
		return fail("lifecycle", err)
	}
	// Last, because it forbids changes to all of the above to everyone but the administrators.
	guard, err := s3.NewBucketPolicy(ctx, name+"-policy", &s3.BucketPolicyArgs{
		Bucket: bucket.Bucket,
		Policy: args.policy,
	}, store.keep(lifecycle)...)
	if err != nil {
		return fail("policy", err)
	}
	return keptBucket{bucket: bucket, last: guard}, nil
}

func lifecycleRules(rules []policy.LifecycleRule) s3.BucketLifecycleConfigurationV2RuleArray {
	var inputs s3.BucketLifecycleConfigurationV2RuleArray
	for _, rule := range rules {
		input := s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:     pulumi.String(rule.ID),
			Status: pulumi.String("Enabled"),
			Filter: lifecycleFilter(rule),
		}
		if rule.AbortUploadDays > 0 {
			input.AbortIncompleteMultipartUpload = s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
				DaysAfterInitiation: pulumi.Int(rule.AbortUploadDays),
			}
		}
		switch {
		case rule.CurrentDays > 0:
			input.Expiration = s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(rule.CurrentDays)}
		case rule.ExpireDeleteMarkers:
			input.Expiration = s3.BucketLifecycleConfigurationV2RuleExpirationArgs{ExpiredObjectDeleteMarker: pulumi.Bool(true)}
		}
		if rule.NoncurrentDays > 0 {
			input.NoncurrentVersionExpiration = s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
				NoncurrentDays: pulumi.Int(rule.NoncurrentDays),
			}
		}
		inputs = append(inputs, input)
	}
	return inputs
}

// lifecycleFilter of a rule for the whole bucket is empty, not absent.
func lifecycleFilter(rule policy.LifecycleRule) s3.BucketLifecycleConfigurationV2RuleFilterPtrInput {
	switch {
	case rule.TagKey != "":
		return s3.BucketLifecycleConfigurationV2RuleFilterArgs{And: s3.BucketLifecycleConfigurationV2RuleFilterAndArgs{
			Prefix: pulumi.String(rule.Prefix),
			Tags:   pulumi.StringMap{rule.TagKey: pulumi.String(rule.TagValue)},
		}}
	case rule.Prefix != "":
		return s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(rule.Prefix)}
	}
	return s3.BucketLifecycleConfigurationV2RuleFilterArgs{}
}
