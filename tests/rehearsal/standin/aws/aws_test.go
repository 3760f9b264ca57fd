package aws

import (
	"testing"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
	"flink-payments/tests/rehearsal/world"
)

type m = map[string]any

func TestAWSRefusesWhatAWSRefuses(t *testing.T) {
	w, _ := world.Open("")
	aws := providertest.Connect(t, New(w), provider.Hooks{}, m{"region": "ap-south-1"})
	aws.Must(world.BucketType, m{"bucket": "kv-state"})
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/x"}}]}`
	aws.Must(roleType, m{"name": "flink", "assumeRolePolicy": trust})
	rule := func(more m) m {
		return m{"bucket": "kv-state", "rules": []any{plain.Overlay(m{"id": "r", "status": "Enabled"}, more)}}
	}
	for _, c := range []struct {
		typ    string
		inputs m
		want   string
	}{
		{world.BucketType, m{"bucket": "kv-state"}, "BucketAlreadyOwnedByYou"},
		{world.BucketType, m{"bucket": "Kv_State"}, "InvalidBucketName"},
		{world.BucketType, m{"bucket": "10.0.0.1"}, "InvalidBucketName"},
		{policyOfBucket, m{"bucket": "nowhere", "policy": "{}"}, "NoSuchBucket"},
		{policyOfBucket, m{"bucket": "kv-state", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Principal":"*","Resource":"arn:aws:s3:::other/*"}]}`}, "invalid resource"},
		{policyOfBucket, m{"bucket": "kv-state", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Principal":{"AWS":"deployer"},"Resource":"arn:aws:s3:::kv-state/*"}]}`}, "Invalid principal"},
		{iamPolicyType, m{"name": "p", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*"}]}`}, "Effect"},
		{iamPolicyType, m{"name": "p", "policy": `{`}, "invalid JSON"},
		{iamPolicyType, m{"name": "p", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3","Resource":"*"}]}`}, "vendor"},
		{roleType, m{"name": "flink", "assumeRolePolicy": trust}, "EntityAlreadyExists"},
		{attachmentType, m{"role": "flink", "policyArn": "arn:aws:iam::111122223333:policy/none"}, "not exist"},
		{aliasType, m{"name": "kv", "targetKeyId": "x"}, "alias/"},
		{aliasType, m{"name": "alias/kv", "targetKeyId": "x"}, "NotFoundException"},
		{lifecycleType, rule(m{}), "At least one action"},
		{lifecycleType, rule(m{"expiration": m{"days": 1.0, "expiredObjectDeleteMarker": true}}), "exclude each other"},
		{lifecycleType, rule(m{"noncurrentVersionExpiration": m{"noncurrentDays": 0.0}}), "positive"},
		{encryptionType, m{"bucket": "kv-state", "rules": []any{m{"applyServerSideEncryptionByDefault": m{"sseAlgorithm": "kms"}}}}, "SSEAlgorithm"},
		{"aws:ec2/instance:Instance", m{}, "no resource type"},
	} {
		_, _, err := aws.Made(c.typ, c.inputs)
		providertest.Refused(t, err, c.want)
	}
}

func TestABucketWithObjectsIsNotDeletedAndAKeyOnlyPending(t *testing.T) {
	w, _ := world.Open("")
	aws := providertest.Connect(t, New(w), provider.Hooks{}, m{"region": "cn-north-1"})
	_, bucket := aws.Must(world.BucketType, m{"bucket": "kv-state"})
	if bucket["arn"] != "arn:aws-cn:s3:::kv-state" {
		t.Errorf("arn %v", bucket["arn"])
	}
	id, object := aws.Must(world.S3ObjectType, m{"bucket": "kv-state", "key": "ha/"})
	providertest.Refused(t, aws.Removed(world.BucketType, "kv-state", bucket, 0), "BucketNotEmpty")
	if err := aws.Removed(world.S3ObjectType, id, object, 0); err != nil {
		t.Fatal(err)
	}
	if err := aws.Removed(world.BucketType, "kv-state", bucket, 0); err != nil {
		t.Error(err)
	}
	keyID, key := aws.Must(world.KeyType, m{})
	if err := aws.Removed(world.KeyType, keyID, key, 0); err != nil {
		t.Fatal(err)
	}
	if o, there := w.Get("aws", world.KeyType, keyID); !there || o.State["keyState"] != "PendingDeletion" {
		t.Error("the key is gone at once")
	}
}

func TestTwoSettingsOfOneBucketAtOnceMeetAConflict(t *testing.T) {
	w, _ := world.Open("")
	aws := newAccount(w)
	free, err := aws.occupy("kv-state")
	if err != nil {
		t.Fatal(err)
	}
	_, err = aws.occupy("kv-state")
	providertest.Refused(t, err, "OperationAborted")
	free()
	if _, err := aws.occupy("kv-state"); err != nil {
		t.Error(err)
	}
}
