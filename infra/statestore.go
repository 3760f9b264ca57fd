package infra

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"flink-payments/infra/policy"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StateStoreArgs of NewStateStore.
type StateStoreArgs struct {
	// Store names the bucket, its roots, its place, and who may weaken or erase it.
	// Administrators must cover whoever runs the program: see policy.Covers.
	Store policy.Store
	// RecoveryWindowDays is how long what Flink deleted or replaced can be restored. Default 14.
	RecoveryWindowDays int
	// RetiredDays removes checkpoint objects of that age that a janitor tagged as retired; 0: never.
	RetiredDays int
	// LogRetentionDays of the access logs. Default 365.
	LogRetentionDays int
	// DataEvents records every object request in CloudTrail: who read or
	// wrote what. CloudTrail charges for each event.
	DataEvents bool
	Tags       map[string]string
}

// A StateStore is the versioned, encrypted bucket of one job's state, with its key
// and the bucket of its access logs. All of it is protected, and stays when it leaves the program.
type StateStore struct {
	pulumi.ResourceState

	// Bucket, BucketARN and LogBucket are known in a preview. KeyARN is not, before the key is made.
	Bucket    pulumi.StringOutput
	BucketARN pulumi.StringOutput
	LogBucket pulumi.StringOutput
	KeyARN    pulumi.StringOutput
	// Trail is the name of the CloudTrail trail of data events; empty without them.
	Trail pulumi.StringOutput
	// BucketPolicy, KeyPolicy and LogBucketPolicy are the documents as JSON, for the audit.
	BucketPolicy    pulumi.StringOutput
	KeyPolicy       pulumi.StringOutput
	LogBucketPolicy pulumi.StringOutput
	// Lifecycle and LogLifecycle are what removes objects from the two buckets; each has its words by String.
	Lifecycle    []policy.LifecycleRule
	LogLifecycle []policy.LifecycleRule

	store policy.Store
	ready []pulumi.Resource
}

// Ready are the resources after which the store is complete: each is the end of
// a chain. Who depends on the component itself sees only the children that have
// registered by then.
func (s *StateStore) Ready() []pulumi.Resource { return s.ready }

// accessLogPrefix of the access logs in the log bucket.
const accessLogPrefix = "s3/"

func (a *StateStoreArgs) setDefaults() {
	a.RecoveryWindowDays = cmp.Or(a.RecoveryWindowDays, 14)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, 365)
}

func (a StateStoreArgs) check() error {
	switch {
	case a.Store.Bucket == "":
		return errors.New("args.Store.Bucket is empty (setting state.bucket)")
	case a.Store.Account == "" || a.Store.Region == "" || a.Store.Partition.ID == "":
		return errors.New("args.Store has no account, region or partition")
	case slices.Contains(a.Store.Roots.List(), ""):
		return errors.New("args.Store.Roots has an empty root: it would be the whole bucket")
	case len(a.Store.Administrators) == 0:
		return errors.New("args.Store.Administrators is empty: nobody, the deployer included, could change the bucket again")
	case a.RecoveryWindowDays < 1:
		return fmt.Errorf("args.RecoveryWindowDays %d is less than 1 (setting state.recoveryWindowDays)", a.RecoveryWindowDays)
	case a.LogRetentionDays < 1 || a.RetiredDays < 0:
		return errors.New("args.LogRetentionDays is less than 1 or RetiredDays less than 0")
	}
	for _, arn := range append(slices.Clone(a.Store.Administrators), a.Store.Erasers...) {
		if strings.Count(arn, ":") < 5 || !strings.HasPrefix(arn, "arn:") {
			return fmt.Errorf("%q is not an ARN (Store.Administrators, Store.Erasers)", arn)
		}
	}
	return nil
}

// NewStateStore makes the key, the two buckets and everything that guards them.
func NewStateStore(ctx *pulumi.Context, name string, args StateStoreArgs, opts ...pulumi.ResourceOption) (*StateStore, error) {
	fail := func(err error) (*StateStore, error) {
		return nil, fmt.Errorf("state store %s (bucket %s): %w", name, args.Store.Bucket, err)
	}
	args.setDefaults()
	if err := args.check(); err != nil {
		return fail(err)
	}
	place := args.Store
	store := &StateStore{
		store:        place,
		Lifecycle:    policy.StateLifecycle(place.Roots, args.RecoveryWindowDays, args.RetiredDays),
		LogLifecycle: policy.LogLifecycle(args.LogRetentionDays),
	}
	err := ctx.RegisterComponentResourceV2("flink-payments:infra:StateStore", name, pulumi.Map{
		"bucket":             pulumi.String(place.Bucket),
		"region":             pulumi.String(place.Region),
		"account":            pulumi.String(place.Account),
		"roots":              pulumi.ToStringArray(place.Roots.List()),
		"administrators":     pulumi.ToStringArray(place.Administrators),
		"erasers":            pulumi.ToStringArray(place.Erasers),
		"recoveryWindowDays": pulumi.Int(args.RecoveryWindowDays),
		"retiredDays":        pulumi.Int(args.RetiredDays),
		"logRetentionDays":   pulumi.Int(args.LogRetentionDays),
		"dataEvents":         pulumi.Bool(args.DataEvents),
	}, store, opts...)
	if err != nil {
		return fail(err)
	}

	key, err := kms.NewKey(ctx, name+"-key", &kms.KeyArgs{
		Description:          pulumi.String("State of the Flink job in " + place.Bucket),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(30),
		Policy:               pulumi.String(place.KeyPolicy().JSON()),
		Tags:                 pulumi.ToStringMap(args.Tags),
	}, store.keep()...)
	if err != nil {
		return fail(fmt.Errorf("key: %w", err))
	}
	_, err = kms.NewAlias(ctx, name+"-alias", &kms.AliasArgs{
		// A bucket's name is unique in the world, and valid in an alias but for its dots.
		Name:        pulumi.String("alias/" + strings.ReplaceAll(place.Bucket, ".", "-")),
		TargetKeyId: key.KeyId,
	}, store.keep()...)
	if err != nil {
		return fail(fmt.Errorf("key alias: %w", err))
	}

	logPolicy := pulumi.String(place.LogBucketPolicy(accessLogPrefix, args.DataEvents).JSON())
	logs, err := newBucket(ctx, name+"-logs", store, bucketArgs{
		name: policy.LogBucket(place.Bucket),
		// Access logs cannot be delivered to a bucket whose default is a KMS key.
		encryption: s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("AES256"),
			},
		},
		policy:    logPolicy,
		lifecycle: store.LogLifecycle,
		tags:      args.Tags,
	})
	if err != nil {
		return fail(err)
	}

	bucketPolicy := key.Arn.ApplyT(func(arn string) string { return place.BucketPolicy(arn).JSON() }).(pulumi.StringOutput)
	state, err := newBucket(ctx, name+"-bucket", store, bucketArgs{
		name: place.Bucket,
		encryption: s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm:   pulumi.String("aws:kms"),
				KmsMasterKeyId: key.Arn,
			},
			BucketKeyEnabled: pulumi.Bool(true),
		},
		policy:    bucketPolicy,
		lifecycle: store.Lifecycle,
		tags:      args.Tags,
	})
	if err != nil {
		return fail(err)
	}
	logging, err := s3.NewBucketLoggingV2(ctx, name+"-bucket-logging", &s3.BucketLoggingV2Args{
		Bucket:       state.bucket.Bucket,
		TargetBucket: logs.bucket.Bucket,
		TargetPrefix: pulumi.String(accessLogPrefix),
	}, store.keep(state.last, logs.last)...)
	if err != nil {
		return fail(fmt.Errorf("access logging: %w", err))
	}
	notification, err := s3.NewBucketNotification(ctx, name+"-bucket-events", &s3.BucketNotificationArgs{
		Bucket:      state.bucket.Bucket,
		Eventbridge: pulumi.Bool(true),
	}, store.keep(logging)...)
	if err != nil {
		return fail(fmt.Errorf("events: %w", err))
	}
	// The markers show a person the three roots before the job has written anything.
	for _, root := range place.Roots.List() {
		marker, err := s3.NewBucketObjectv2(ctx, name+"-root-"+root, &s3.BucketObjectv2Args{
			Bucket: state.bucket.Bucket,
			Key:    pulumi.String(root + "/"),
			// S3 takes ten tags on an object, fifty on anything else: the provider's stay off.
			OverrideProvider: s3.BucketObjectv2OverrideProviderArgs{
				DefaultTags: s3.BucketObjectv2OverrideProviderDefaultTagsArgs{Tags: pulumi.StringMap{}},
			},
		}, store.keep(notification)...)
		if err != nil {
			return fail(fmt.Errorf("root %s/: %w", root, err))
		}
		store.ready = append(store.ready, marker)
	}

	store.Trail = pulumi.String("").ToStringOutput()
	if args.DataEvents {
		if store.Trail, err = newTrail(ctx, name+"-trail", store, logs, args.Tags); err != nil {
			return fail(err)
		}
	}

	store.Bucket = state.bucket.Bucket
	store.BucketARN = state.bucket.Bucket.ApplyT(place.Partition.BucketARN).(pulumi.StringOutput)
	store.LogBucket = logs.bucket.Bucket
	store.KeyARN = key.Arn
	store.BucketPolicy = bucketPolicy
	store.KeyPolicy = pulumi.String(place.KeyPolicy().JSON()).ToStringOutput()
	store.LogBucketPolicy = logPolicy.ToStringOutput()
	err = ctx.RegisterResourceOutputs(store, pulumi.Map{
		"bucket":          store.Bucket,
		"bucketArn":       store.BucketARN,
		"logBucket":       store.LogBucket,
		"keyArn":          store.KeyARN,
		"trail":           store.Trail,
		"bucketPolicy":    store.BucketPolicy,
		"keyPolicy":       store.KeyPolicy,
		"logBucketPolicy": store.LogBucketPolicy,
	})
	if err != nil {
		return fail(err)
	}
	return store, nil
}

// GrantReadWrite is the policy document that lets a job use the store, and nothing else: IdentityArgs.Access.
func (s *StateStore) GrantReadWrite() pulumi.StringOutput {
	return s.KeyARN.ApplyT(func(arn string) string { return s.store.ReadWrite(arn).JSON() }).(pulumi.StringOutput)
}

// keep are the options of every child: without its sub-resources a bucket
// would lose its versions or its encryption, so each is protected and stays by itself.
func (s *StateStore) keep(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{
		pulumi.Parent(s), pulumi.Protect(true), pulumi.RetainOnDelete(true), pulumi.DependsOn(after),
	}
}
