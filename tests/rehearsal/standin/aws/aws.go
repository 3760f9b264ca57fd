// Package aws is the stand-in of AWS: one account, every region, and of its
// services what the program asks for. It decides no access: a policy is judged
// by its form alone.
package aws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

const (
	lifecycleType  = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	policyOfBucket = "aws:s3/bucketPolicy:BucketPolicy"
	loggingType    = "aws:s3/bucketLoggingV2:BucketLoggingV2"
	encryptionType = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	aliasType      = "aws:kms/alias:Alias"
	iamPolicyType  = "aws:iam/policy:Policy"
	roleType       = "aws:iam/role:Role"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	exclusiveType  = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
	inlineType     = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
	oidcType       = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	trailType      = "aws:cloudtrail/trail:Trail"
)

// awsRequired are the inputs that the provider's schema requires. A type that is
// not here does not exist in the stand-in.
var awsRequired = map[string][]string{
	world.BucketType: nil, world.S3ObjectType: {"bucket", "key"}, lifecycleType: {"bucket"}, policyOfBucket: {"bucket", "policy"},
	loggingType: {"bucket", "targetBucket", "targetPrefix"}, encryptionType: {"bucket", "rules"},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":           {"bucket", "versioningConfiguration"},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"bucket"},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"bucket", "rule"},
	"aws:s3/bucketNotification:BucketNotification":           {"bucket"},
	world.KeyType: nil, aliasType: {"targetKeyId"}, iamPolicyType: {"policy"}, roleType: {"assumeRolePolicy"},
	attachmentType: {"role", "policyArn"}, exclusiveType: {"roleName", "policyArns"}, inlineType: {"roleName", "policyNames"},
	trailType: {"s3BucketName"}, oidcType: {"clientIdLists", "url"},
}

// accountID is that of every rehearsal.
const accountID = "111122223333"

// account is AWS: one account, every region.
type account struct {
	world *world.World

	lock sync.Mutex
	// busy buckets have a write of a setting under way.
	busy map[string]bool
}

// New is AWS around a world.
func New(w *world.World) provider.Service { return newAccount(w) }

func newAccount(w *world.World) *account {
	return &account{world: w, busy: map[string]bool{}}
}

func (a *account) Configure(config map[string]any) error {
	if plain.Text(config, "region") == "" {
		return fmt.Errorf("missing required configuration key \"aws:region\"")
	}
	if allowed := list(config, "allowedAccountIds"); len(allowed) > 0 && !slices.Contains(allowed, any(accountID)) {
		return fmt.Errorf("AWS account ID not allowed: %s", accountID)
	}
	return nil
}

// list is a list, which a provider's configuration carries as JSON.
func list(m map[string]any, key string) []any {
	if encoded, ok := m[key].(string); ok {
		var decoded []any
		_ = json.Unmarshal([]byte(encoded), &decoded)
		return decoded
	}
	l, _ := m[key].([]any)
	return l
}

func (a *account) Check(r *provider.Request) []*pulumirpc.CheckFailure {
	required, known := awsRequired[r.Type]
	if !known {
		return []*pulumirpc.CheckFailure{provider.Fail("", "the stand-in of AWS has no resource type %s", r.Type)}
	}
	var failures []*pulumirpc.CheckFailure
	for _, key := range required {
		if r.Inputs[key] == nil {
			failures = append(failures, provider.Fail(key, "Missing required property '%s'", key))
		}
	}
	named := map[string]string{world.BucketType: "bucket", iamPolicyType: "name", roleType: "name", aliasType: "name", trailType: "name"}
	if key := named[r.Type]; key != "" && r.Inputs[key] == nil {
		name := plain.Text(r.Old, key)
		if name == "" {
			name = r.Name + "-" + plain.Digest(r.URN)[:7]
		}
		r.Inputs[key] = name
	}
	for _, key := range []string{"policy", "assumeRolePolicy"} {
		if document := plain.Text(r.Inputs, key); document != "" && !plain.Unknown(document) && !json.Valid([]byte(document)) {
			failures = append(failures, provider.Fail(key, "%q contains an invalid JSON policy", key))
		}
	}
	return failures
}

// awsReplaces are the inputs that cannot be changed.
var awsReplaces = map[string][]string{
	world.BucketType: {"bucket", "objectLockEnabled"}, world.S3ObjectType: {"bucket", "key"},
	world.KeyType: {"customerMasterKeySpec", "keyUsage", "multiRegion"}, aliasType: {"name"},
	iamPolicyType: {"name", "path", "description"}, roleType: {"name", "path"},
	attachmentType: {"role", "policyArn"}, exclusiveType: {"roleName"}, inlineType: {"roleName"}, trailType: {"name"}, oidcType: {"url"},
}

func (a *account) Replaces(r *provider.Request, path string) bool {
	keys, listed := awsReplaces[r.Type]
	return slices.Contains(keys, path) || !listed && path == "bucket"
}

func (a *account) Preview(r *provider.Request) (map[string]any, error) {
	return plain.Overlay(r.State, r.Inputs), nil
}

func (a *account) Create(r *provider.Request) (string, map[string]any, error) {
	release, err := a.refuse(r)
	if err != nil {
		return "", nil, err
	}
	defer release()
	id, err := a.id(r)
	if err != nil {
		return "", nil, err
	}
	state := a.outputs(r, id)
	added, err := a.world.Add(world.Object{Package: "aws", Type: r.Type, ID: worldID(r.Type, id, r.Inputs), Inputs: r.Inputs, State: state})
	if err != nil || added {
		return id, state, err
	}
	switch r.Type {
	case world.BucketType:
		there, _ := a.world.Get("aws", world.BucketType, id)
		if owner := plain.Text(there.State, "owner"); owner != "" && owner != accountID {
			return "", nil, fmt.Errorf("creating S3 Bucket (%s): BucketAlreadyExists: The requested bucket name is not available. The bucket namespace is shared by all users of the system.", id)
		}
		return "", nil, fmt.Errorf("creating S3 Bucket (%s): BucketAlreadyOwnedByYou: Your previous request to create the named bucket succeeded and you already own it.", id)
	case oidcType:
		return "", nil, fmt.Errorf("creating IAM OIDC Provider: EntityAlreadyExists: Provider with url %s already exists.", plain.Text(r.Inputs, "url"))
	case roleType, iamPolicyType:
		return "", nil, fmt.Errorf("creating IAM %s: EntityAlreadyExists: %s with name %s already exists.", r.Type, r.Type, plain.Text(r.Inputs, "name"))
	case aliasType:
		return "", nil, fmt.Errorf("creating KMS Alias (%s): AlreadyExistsException: An alias with the name %s already exists", id, a.arn(r, "kms", a.region(r), id))
	case trailType:
		return "", nil, fmt.Errorf("creating CloudTrail Trail: TrailAlreadyExistsException: Trail %s already exists", plain.Text(r.Inputs, "name"))
	}
	// Settings are put, attachments are idempotent.
	return id, state, a.world.Put(world.Object{Package: "aws", Type: r.Type, ID: worldID(r.Type, id, r.Inputs), Inputs: r.Inputs, State: state})
}

func (a *account) Read(r *provider.Request) (string, map[string]any, map[string]any, error) {
	values := r.State
	if len(values) == 0 {
		values = r.Old
	}
	id := strings.TrimPrefix(r.ID, "s3://")
	o, there := a.world.Get("aws", r.Type, worldID(r.Type, id, values))
	if !there || o.State["keyState"] == "PendingDeletion" {
		return "", nil, nil, nil
	}
	inputs := o.Inputs
	if len(r.Old) > 0 {
		inputs, _ = plain.Project(r.Old, o.State).(map[string]any)
	}
	if r.Type == world.S3ObjectType {
		id = plain.Text(o.State, "key")
	}
	return id, inputs, o.State, nil
}

func (a *account) Update(r *provider.Request) (map[string]any, error) {
	free, err := a.refuse(r)
	if err != nil {
		return nil, err
	}
	defer free()
	state := a.outputs(r, r.ID)
	err = a.world.Edit("aws", r.Type, worldID(r.Type, r.ID, r.Inputs), func(o *world.Object) error {
		o.Inputs, o.State = r.Inputs, state
		return nil
	})
	return state, err
}

func (a *account) Delete(r *provider.Request) error {
	id := worldID(r.Type, r.ID, r.State)
	if _, there := a.world.Get("aws", r.Type, id); !there {
		return nil
	}
	switch {
	case r.Type == world.BucketType:
		objects := a.world.Where(func(_, t, o string) bool { return t == world.S3ObjectType && strings.HasPrefix(o, id+"/") })
		if len(objects) > 0 && r.State["forceDestroy"] != true {
			return fmt.Errorf("deleting S3 Bucket (%s): BucketNotEmpty: The bucket you tried to delete is not empty. You must delete all versions in the bucket.", id)
		}
		for _, o := range objects {
			if err := a.world.Delete("aws", world.S3ObjectType, o.ID); err != nil {
				return err
			}
		}
	case r.Type == world.KeyType:
		return a.world.Edit("aws", world.KeyType, id, func(o *world.Object) error {
			o.State["keyState"], o.State["isEnabled"] = "PendingDeletion", false
			o.State["deletionDate"] = "2024-01-31T00:00:00Z"
			return nil
		})
	case r.Type == roleType:
		for _, attached := range a.world.List("aws", attachmentType) {
			if attached.State["role"] == id {
				return fmt.Errorf("deleting IAM Role (%s): DeleteConflict: Cannot delete entity, must detach all policies first.", id)
			}
		}
	case r.Type == iamPolicyType:
		for _, attached := range a.world.List("aws", attachmentType) {
			if attached.State["policyArn"] == id {
				return fmt.Errorf("deleting IAM Policy (%s): DeleteConflict: Cannot delete a policy attached to entities.", id)
			}
		}
	case ofBucket(r.Type):
		free, err := a.occupy(id)
		if err != nil {
			return err
		}
		defer free()
	}
	return a.world.Delete("aws", r.Type, id)
}
