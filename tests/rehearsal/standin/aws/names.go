package aws

import (
	"encoding/json"
	"fmt"
	"strings"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

func (a *account) region(r *provider.Request) string {
	if region := plain.Text(r.Config, "region"); region != "" {
		return region
	}
	return "us-east-1"
}

func (a *account) partition(r *provider.Request) (id, suffix string) {
	switch region := a.region(r); {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn", "amazonaws.com.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov", "amazonaws.com"
	}
	return "aws", "amazonaws.com"
}

// arn of the account; a service without region, such as IAM, has an empty one.
func (a *account) arn(r *provider.Request, service, region, resource string) string {
	id, _ := a.partition(r)
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", id, service, region, accountID, resource)
}

// ofBucket says whether a type is a setting of a bucket.
func ofBucket(typ string) bool {
	return strings.HasPrefix(typ, "aws:s3/") && typ != world.BucketType && typ != world.S3ObjectType
}

// id is what a new resource is called.
func (a *account) id(r *provider.Request) (string, error) {
	in := r.Inputs
	switch r.Type {
	case world.BucketType:
		return plain.Text(in, "bucket"), nil
	case world.S3ObjectType:
		return plain.Text(in, "key"), nil
	case world.KeyType:
		n, err := a.world.Next("key")
		d := plain.Digest(fmt.Sprint(accountID, n))
		return strings.Join([]string{d[:8], d[8:12], d[12:16], d[16:20], d[20:32]}, "-"), err
	case aliasType, roleType:
		return plain.Text(in, "name"), nil
	case iamPolicyType:
		return a.arn(r, "iam", "", "policy"+iamPath(in)+plain.Text(in, "name")), nil
	case attachmentType:
		return plain.Text(in, "role") + "-" + plain.Digest(plain.Text(in, "policyArn"))[:12], nil
	case exclusiveType, inlineType:
		return plain.Text(in, "roleName"), nil
	case oidcType:
		return a.arn(r, "iam", "", "oidc-provider/"+strings.TrimPrefix(plain.Text(in, "url"), "https://")), nil
	case trailType:
		return a.arn(r, "cloudtrail", a.region(r), "trail/"+plain.Text(in, "name")), nil
	}
	return plain.Text(in, "bucket"), nil
}

func iamPath(in map[string]any) string {
	if path := plain.Text(in, "path"); path != "" {
		return path
	}
	return "/"
}

// worldID is the ID in the world: only objects of S3 have another one than Pulumi's.
func worldID(typ, id string, values map[string]any) string {
	if typ == world.S3ObjectType && plain.Text(values, "bucket") != "" && !strings.HasPrefix(id, plain.Text(values, "bucket")+"/") {
		return plain.Text(values, "bucket") + "/" + id
	}
	return id
}

func (a *account) outputs(r *provider.Request, id string) map[string]any {
	state, region := plain.Overlay(nil, r.Inputs), a.region(r)
	partition, suffix := a.partition(r)
	defaults, _ := plain.At(r.Config, "defaultTags").(map[string]any)
	if encoded := plain.Text(r.Config, "defaultTags"); encoded != "" {
		_ = json.Unmarshal([]byte(encoded), &defaults)
	}
	inherited, _ := defaults["tags"].(map[string]any)
	own, _ := r.Inputs["tags"].(map[string]any)
	tags := plain.Overlay(inherited, own)
	switch r.Type {
	case world.BucketType, world.KeyType, roleType, iamPolicyType, trailType, world.S3ObjectType:
		state["tagsAll"] = tags
	}
	switch r.Type {
	case world.BucketType:
		state["arn"], state["region"] = fmt.Sprintf("arn:%s:s3:::%s", partition, id), region
		state["bucketDomainName"] = id + ".s3." + suffix
		state["bucketRegionalDomainName"] = id + ".s3." + region + "." + suffix
	case world.S3ObjectType:
		state["etag"], state["versionId"] = plain.Digest(plain.Text(r.Inputs, "content"))[:32], plain.Digest(id)[:32]
	case world.KeyType:
		state["keyId"], state["arn"], state["isEnabled"] = id, a.arn(r, "kms", region, "key/"+id), true
	case aliasType:
		state["arn"], state["targetKeyArn"] = a.arn(r, "kms", region, id), a.arn(r, "kms", region, "key/"+plain.Text(r.Inputs, "targetKeyId"))
	case iamPolicyType:
		state["arn"], state["policyId"] = id, "ANPA"+strings.ToUpper(plain.Digest(id)[:17])
	case roleType:
		state["arn"] = a.arn(r, "iam", "", "role"+iamPath(r.Inputs)+id)
		state["uniqueId"] = "AROA" + strings.ToUpper(plain.Digest(id)[:17])
	case oidcType:
		state["arn"] = id
	case trailType:
		state["arn"], state["homeRegion"] = id, region
	}
	return state
}
