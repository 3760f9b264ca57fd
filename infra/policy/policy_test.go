package policy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	account = "123456789012"
	keyARN  = "arn:aws:kms:ap-south-1:123456789012:key/0a1b"
)

var roots = Roots{Checkpoints: "checkpoints", Savepoints: "savepoints", HA: "ha"}

func production() Store {
	return Store{
		Partition: PartitionOf("ap-south-1"), Region: "ap-south-1", Account: account,
		Bucket: "kv-flink-state-payments-prod", Roots: roots,
		Administrators: []string{"arn:aws:iam::123456789012:role/ci/deployer", "arn:aws:iam::123456789012:role/break-glass"},
	}
}

func TestPartitionOfARegion(t *testing.T) {
	for region, want := range map[string]string{
		"ap-south-1": "aws", "us-east-1": "aws", "eu-central-2": "aws", "mx-central-1": "aws", "": "aws",
		"cn-north-1": "aws-cn", "cn-northwest-1": "aws-cn",
		"us-gov-west-1": "aws-us-gov", "us-gov-east-1": "aws-us-gov",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f",
		"eusc-de-east-1": "aws-eusc",
	} {
		if got := PartitionOf(region).ID; got != want {
			t.Errorf("PartitionOf(%q) = %s, want %s", region, got, want)
		}
	}
	if got := PartitionOf("cn-north-1").ServiceHost("s3", "cn-north-1"); got != "s3.cn-north-1.amazonaws.com.cn" {
		t.Errorf("S3's host in China is %s", got)
	}
}

func TestEveryARNOfADocumentIsInThePartition(t *testing.T) {
	for _, region := range []string{"ap-south-1", "cn-north-1", "us-gov-west-1", "us-isob-east-1"} {
		store := production()
		store.Region, store.Partition = region, PartitionOf(region)
		store.Administrators = []string{store.Partition.RoleARN(account, "", "deployer")}
		key := store.Partition.ARN("kms", region, account, "key/1")
		for name, text := range map[string]string{
			"ReadWrite":       store.ReadWrite(key).JSON(),
			"BucketPolicy":    store.BucketPolicy(key).JSON(),
			"KeyPolicy":       store.KeyPolicy().JSON(),
			"LogBucketPolicy": store.LogBucketPolicy("s3/", true).JSON(),
			"Trust":           Trust(store.Partition, account, []string{"https://oidc.example/id/A"}, ServiceAccount{"payments", "flink"}).JSON(),
		} {
			if strings.Count(text, "arn:") != strings.Count(text, "arn:"+store.Partition.ID+":") {
				t.Errorf("%s in %s names another partition: %s", name, region, text)
			}
		}
	}
}

// jobActions are all that a job may ever do. No denial elsewhere may be what holds a right back.
var jobActions = []string{
	"kms:Decrypt", "kms:GenerateDataKey",
	"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:ListMultipartUploadParts", "s3:PutObject",
}

func randomBucket(r *rand.Rand) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-."
	name := make([]byte, 3+r.IntN(61))
	for i := range name {
		name[i] = letters[r.IntN(len(letters))]
	}
	return string(name)
}

// Anything a bucket may be called: what is allowed stays below the three roots of that bucket.
func TestNoAllowedResourceIsOutsideTheRoots(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		store := production()
		store.Bucket = randomBucket(r)
		allowed := []string{store.ARN(), keyARN}
		for _, root := range roots.List() {
			allowed = append(allowed, store.ARN()+"/"+root, store.ARN()+"/"+root+"/*")
		}
		for _, s := range store.ReadWrite(keyARN).Statement {
			for _, resource := range s.Resource {
				if s.Effect == Allow && !slices.Contains(allowed, resource) {
					t.Fatalf("bucket %q: %s allows %s", store.Bucket, s.Sid, resource)
				}
			}
			if s.Effect == Allow && slices.Contains(s.Resource, store.ARN()) &&
				(!slices.Equal(s.Action, []string{"s3:ListBucket"}) || len(s.Condition["StringLike"]["s3:prefix"]) != 6) {
				t.Fatalf("bucket %q: %s is about the whole bucket", store.Bucket, s.Sid)
			}
			for _, action := range s.Action {
				if s.Effect == Allow && !slices.Contains(jobActions, action) {
					t.Fatalf("%s allows %s", s.Sid, action)
				}
			}
		}
	}
}

func TestTheJobCanDoWhatFlinkDoesAndNothingElse(t *testing.T) {
	store := production()
	document := store.ReadWrite(keyARN)
	object := func(key string) string { return store.ARN() + "/" + key }
	list := func(prefix string) map[string]string { return map[string]string{"s3:prefix": prefix} }
	throughS3 := map[string]string{"kms:ViaService": "s3.ap-south-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": store.ARN()}
	for _, c := range []struct {
		request
		want string
	}{
		{request{"s3:PutObject", object("checkpoints/1/chk-1/_metadata"), nil}, "allow: WriteState"},
		{request{"s3:GetObject", object("checkpoints/1/chk-1/_metadata"), nil}, "allow: ReadState"},
		{request{"s3:GetObject", object("ha"), nil}, "allow: ReadState"},
		{request{"s3:DeleteObject", object("ha/job/blob"), nil}, "allow: WriteState"},
		{request{"s3:AbortMultipartUpload", object("savepoints/s/1"), nil}, "allow: WriteState"},
		{request{"s3:ListMultipartUploadParts", object("savepoints/s/1"), nil}, "allow: WriteState"},
		{request{"s3:ListBucket", store.ARN(), list("checkpoints")}, "allow: ListRoots"},
		{request{"s3:ListBucket", store.ARN(), list("savepoints/")}, "allow: ListRoots"},
		{request{"s3:ListBucket", store.ARN(), list("")}, ""},
		{request{"s3:ListBucket", store.ARN(), nil}, ""},
		{request{"s3:ListBucket", store.ARN(), list("checkpoints-of-others/")}, ""},
		{request{"s3:GetObject", object("checkpoints-of-others/1"), nil}, ""},
		{request{"s3:PutObject", object("ha"), nil}, ""},
		{request{"s3:PutObject", object("elsewhere"), nil}, ""},
		{request{"s3:PutObject", "arn:aws:s3:::another/checkpoints/1", nil}, ""},
		{request{"s3:GetObjectVersion", object("ha/1"), nil}, ""},
		{request{"s3:PutObjectTagging", object("checkpoints/1"), nil}, ""},
		{request{"s3:PutBucketPolicy", store.ARN(), nil}, ""},
		{request{"s3:DeleteObjectVersion", object("ha/1"), nil}, "deny: NeverEraseOrWeaken"},
		{request{"s3:BypassGovernanceRetention", object("ha/1"), nil}, "deny: NeverEraseOrWeaken"},
		{request{"s3:PutLifecycleConfiguration", store.ARN(), nil}, "deny: NeverEraseOrWeaken"},
		{request{"s3:PutBucketVersioning", store.ARN(), nil}, "deny: NeverEraseOrWeaken"},
		{request{"kms:GenerateDataKey", keyARN, throughS3}, "allow: UseKeyThroughBucket"},
		{request{"kms:Decrypt", keyARN, throughS3}, "allow: UseKeyThroughBucket"},
		{request{"kms:Decrypt", keyARN, nil}, ""},
		{request{"kms:Decrypt", keyARN, with(throughS3, "kms:EncryptionContext:aws:s3:arn", "arn:aws:s3:::another")}, ""},
		{request{"kms:Decrypt", keyARN + "2", throughS3}, ""},
		{request{"kms:ScheduleKeyDeletion", keyARN, throughS3}, ""},
	} {
		if got := document.decide(t, c.request); got != c.want {
			t.Errorf("%s on %s with %v: %q, want %q", c.action, c.resource, c.context, got, c.want)
		}
	}
}

func TestTheBucketTakesFlinksWritesAndNoOthersKey(t *testing.T) {
	store := production()
	document := store.BucketPolicy(keyARN)
	tls := map[string]string{"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", "aws:PrincipalArn": "arn:aws:iam::123456789012:role/job"}
	const algorithm, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
	for _, c := range []struct {
		what    string
		context map[string]string
		want    string
	}{
		{"no encryption header, as the presto client", tls, ""},
		{"the bucket's key, named", with(tls, algorithm, "aws:kms", key, keyARN), ""},
		{"aws:kms without a key", with(tls, algorithm, "aws:kms"), ""},
		{"TLS 1.2", with(tls, "s3:TlsVersion", "1.2"), ""},
		{"another key", with(tls, algorithm, "aws:kms", key, keyARN+"2"), "deny: DenyOtherKey"},
		{"SSE-S3", with(tls, algorithm, "AES256"), "deny: DenyOtherEncryption"},
		{"a customer's key", with(tls, "s3:x-amz-server-side-encryption-customer-algorithm", "AES256"), "deny: DenyCustomerKey"},
		{"plain HTTP", with(tls, "aws:SecureTransport", "false"), "deny: DenyPlainHTTP"},
		{"TLS 1.1", with(tls, "s3:TlsVersion", "1.1"), "deny: DenyOldTLS"},
	} {
		if got := document.decide(t, request{"s3:PutObject", store.ARN() + "/checkpoints/1", c.context}); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// bucketActions are those that the program itself needs to change the bucket again.
var bucketActions = []string{
	"s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketLogging", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
	"s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
}

func TestTheBucketPolicyNeverLocksOutTheDeployer(t *testing.T) {
	for _, c := range []struct{ administrator, caller, principal string }{
		{"arn:aws:iam::123456789012:role/deployer", "arn:aws:sts::123456789012:assumed-role/deployer/run-1", "arn:aws:iam::123456789012:role/deployer"},
		{"arn:aws:iam::123456789012:role/ci/deployer", "arn:aws:sts::123456789012:assumed-role/deployer/run-1", "arn:aws:iam::123456789012:role/ci/deployer"},
		{"arn:aws:iam::123456789012:role/*", "arn:aws:sts::123456789012:assumed-role/deployer/run-1", "arn:aws:iam::123456789012:role/any/deployer"},
		{
			"arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*",
			"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0a1b/jane",
			"arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/ap-south-1/AWSReservedSSO_Admin_0a1b",
		},
		{"arn:aws:iam::123456789012:user/ops/jane", "arn:aws:iam::123456789012:user/ops/jane", "arn:aws:iam::123456789012:user/ops/jane"},
		{"arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"},
	} {
		store := production()
		store.Administrators = []string{c.administrator}
		if !Covers(store.Administrators, c.caller) {
			t.Errorf("Covers(%s, %s) is false", c.administrator, c.caller)
		}
		context := map[string]string{"aws:SecureTransport": "true", "s3:TlsVersion": "1.2", "aws:PrincipalArn": c.principal}
		for _, action := range bucketActions {
			if got := store.BucketPolicy(keyARN).decide(t, request{action, store.ARN(), context}); got != "" {
				t.Errorf("%s of %s: %s", action, c.principal, got)
			}
			logs := store.Partition.BucketARN(LogBucket(store.Bucket))
			if got := store.LogBucketPolicy("s3/", true).decide(t, request{action, logs, context}); got != "" {
				t.Errorf("%s of %s on the log bucket: %s", action, c.principal, got)
			}
		}
		for _, action := range []string{"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey"} {
			if got := store.KeyPolicy().decide(t, request{action, keyARN, context}); got != "allow: AdministerByIAM" {
				t.Errorf("%s of %s: %q", action, c.principal, got)
			}
		}
	}
}

func TestNobodyElseWeakensTheBucketOrEndsTheKey(t *testing.T) {
	store := production()
	for _, principal := range []string{
		"arn:aws:iam::123456789012:role/kv-flink-state-payments", "arn:aws:iam::999999999999:role/ci/deployer",
		"arn:aws:iam::123456789012:role/ci/deployer2", "arn:aws:iam::123456789012:user/deployer",
	} {
		context := map[string]string{"aws:SecureTransport": "true", "s3:TlsVersion": "1.2", "aws:PrincipalArn": principal}
		for _, action := range bucketActions {
			if got := store.BucketPolicy(keyARN).decide(t, request{action, store.ARN(), context}); got != "deny: OnlyAdministratorsChangeProtection" {
				t.Errorf("%s of %s: %q", action, principal, got)
			}
		}
		for _, action := range []string{"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey"} {
			if got := store.KeyPolicy().decide(t, request{action, keyARN, context}); got != "deny: OnlyAdministratorsEndKey" {
				t.Errorf("%s of %s: %q", action, principal, got)
			}
		}
	}
}

func TestNobodyErasesAVersionNotEvenTheDeployer(t *testing.T) {
	store := production()
	erase := func(store Store, principal string) string {
		return store.BucketPolicy(keyARN).decide(t, request{"s3:DeleteObjectVersion", store.ARN() + "/ha/1", map[string]string{
			"aws:SecureTransport": "true", "s3:TlsVersion": "1.2", "aws:PrincipalArn": principal,
		}})
	}
	deployer, janitor := store.Administrators[0], "arn:aws:iam::123456789012:role/janitor"
	if got := erase(store, deployer); got != "deny: OnlyErasersDeleteVersions" {
		t.Errorf("the deployer: %q", got)
	}
	store.Erasers = []string{janitor}
	if got := erase(store, janitor); got != "" {
		t.Errorf("an eraser: %q", got)
	}
	if got := erase(store, deployer); !isDeny(got) {
		t.Errorf("the deployer where there is an eraser: %q", got)
	}
}

func TestTheKeyIsUsedOnlyThroughTheBucket(t *testing.T) {
	store := production()
	through := map[string]string{"kms:ViaService": "s3.ap-south-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": store.ARN()}
	for _, c := range []struct {
		context map[string]string
		want    string
	}{
		{through, "allow: UseByIAMThroughBucket"},
		{nil, ""},
		{with(through, "kms:ViaService", "s3.us-east-1.amazonaws.com"), ""},
		{with(through, "kms:EncryptionContext:aws:s3:arn", store.ARN()+"/ha/1"), ""},
	} {
		if got := store.KeyPolicy().decide(t, request{"kms:Decrypt", keyARN, c.context}); got != c.want {
			t.Errorf("Decrypt with %v: %q, want %q", c.context, got, c.want)
		}
	}
	for _, s := range store.KeyPolicy().Statement {
		if slices.Contains(s.Action, "kms:*") || s.Effect == Allow && s.Principal.AWS == nil {
			t.Errorf("%s gives everything, or to everyone", s.Sid)
		}
	}
}

func TestOnlyTheStatesOwnLogsAreDelivered(t *testing.T) {
	store := production()
	logs := store.Partition.BucketARN(LogBucket(store.Bucket))
	source := map[string]string{"aws:SecureTransport": "true", "aws:SourceArn": store.ARN(), "aws:SourceAccount": account}
	trail := with(source, "aws:SourceArn", store.TrailARN())
	for _, c := range []struct {
		request
		dataEvents bool
		want       string
	}{
		{request{"s3:PutObject", logs + "/s3/1", source}, false, "allow: DeliverAccessLogs"},
		{request{"s3:PutObject", logs + "/s3/1", with(source, "aws:SourceArn", "arn:aws:s3:::another")}, false, ""},
		{request{"s3:PutObject", logs + "/s3/1", with(source, "aws:SourceAccount", "999999999999")}, false, ""},
		{request{"s3:PutObject", logs + "/elsewhere", source}, false, ""},
		{request{"s3:PutObject", logs + "/AWSLogs/123456789012/1", trail}, false, ""},
		{request{"s3:PutObject", logs + "/AWSLogs/123456789012/1", trail}, true, "allow: DeliverTrail"},
		{request{"s3:GetBucketAcl", logs, trail}, true, "allow: TrailReadsOwner"},
		{request{"s3:PutObject", logs + "/AWSLogs/123456789012/1", source}, true, ""},
	} {
		if got := store.LogBucketPolicy("s3/", c.dataEvents).decide(t, c.request); got != c.want {
			t.Errorf("%s on %s with %v: %q, want %q", c.action, c.resource, c.context, got, c.want)
		}
	}
}

func TestTheRoleTrustsOneServiceAccountOfEachCluster(t *testing.T) {
	partition := PartitionOf("us-gov-west-1")
	document := Trust(partition, account, []string{"https://oidc.eks.us-gov-west-1.amazonaws.com/id/A", "oidc.example/id/B/"}, ServiceAccount{"payments", "flink"})
	if len(document.Statement) != 2 {
		t.Fatalf("%d statements for two clusters", len(document.Statement))
	}
	for i, host := range []string{"oidc.eks.us-gov-west-1.amazonaws.com/id/A", "oidc.example/id/B"} {
		want := Statement{
			Effect:    Allow,
			Principal: &Principal{Federated: []string{"arn:aws-us-gov:iam::123456789012:oidc-provider/" + host}},
			Action:    []string{"sts:AssumeRoleWithWebIdentity"},
			Condition: Condition{"StringEquals": {
				host + ":aud": {"sts.amazonaws.com"},
				host + ":sub": {"system:serviceaccount:payments:flink"},
			}},
		}
		if !reflect.DeepEqual(document.Statement[i], want) {
			t.Errorf("statement %d is %+v, want %+v", i, document.Statement[i], want)
		}
	}
}

func TestCoversDoesNotClaimWhatItCannotKnow(t *testing.T) {
	session := "arn:aws:sts::123456789012:assumed-role/deployer/run-1"
	for _, administrator := range []string{
		"arn:aws:iam::123456789012:role/ci/*",               // the session's role may have no such path
		"arn:aws:iam::123456789012:role/*/deployer",         // nor any
		"arn:aws:iam::123456789012:role/deploy",             // another role
		"arn:aws:iam::999999999999:role/deployer",           // another account
		"arn:aws-cn:iam::123456789012:role/deployer",        // another partition
		"arn:aws:iam::123456789012:user/deployer",           // a user
		"arn:aws:sts::123456789012:assumed-role/deployer/*", // policies see the role, not the session
		"deployer", "", "*",
	} {
		if Covers([]string{administrator}, session) {
			t.Errorf("%q is said to cover %s", administrator, session)
		}
	}
	if Covers(nil, session) {
		t.Error("no administrator covers somebody")
	}
}

func TestPrincipalPatternsExemptTheCallerWhateverItsPath(t *testing.T) {
	session := "arn:aws:sts::123456789012:assumed-role/deployer/run-1"
	patterns := PrincipalPatterns(session)
	if !Covers(patterns, session) {
		t.Errorf("%v do not cover %s", patterns, session)
	}
	for role, want := range map[string]bool{
		"role/deployer": true, "role/ci/deployer": true, "role/a/b/deployer": true, "role/deployer2": false, "role/deployer/x": false,
	} {
		got := slices.ContainsFunc(patterns, func(p string) bool { return arnLike(p, "arn:aws:iam::123456789012:"+role) })
		if got != want {
			t.Errorf("%v match %s: %v", patterns, role, got)
		}
	}
}

func TestNoRuleRemovesCurrentStateByAge(t *testing.T) {
	for _, retired := range []int{0, 30} {
		rules := StateLifecycle(roots, 14, retired)
		for _, rule := range rules {
			if rule.CurrentDays > 0 && (rule.TagKey != RetiredTagKey || rule.TagValue != RetiredTagValue || rule.Prefix != "checkpoints/") {
				t.Errorf("%+v removes current objects", rule)
			}
		}
		if retired == 0 && slices.ContainsFunc(rules, func(r LifecycleRule) bool { return r.CurrentDays > 0 }) {
			t.Error("retired objects are removed though nobody asked")
		}
		for _, root := range roots.List() {
			if !slices.ContainsFunc(rules, func(r LifecycleRule) bool { return r.Prefix == root+"/" && r.NoncurrentDays == 14 }) {
				t.Errorf("%s/ has no recovery window", root)
			}
		}
		if rules[0].Prefix != "" || rules[0].AbortUploadDays != 7 || !rules[0].ExpireDeleteMarkers {
			t.Errorf("uploads are not ended in the whole bucket: %+v", rules[0])
		}
	}
}

// S3 refuses a rule that holds both, and one of them would be lost in the resource.
func TestNoRuleHoldsBothExpirations(t *testing.T) {
	for _, rule := range append(StateLifecycle(roots, 14, 30), LogLifecycle(365)...) {
		if rule.CurrentDays > 0 && rule.ExpireDeleteMarkers {
			t.Errorf("%s holds days and delete markers", rule.ID)
		}
	}
}

func TestARuleInWordsSaysEverythingItDoes(t *testing.T) {
	for _, c := range []struct {
		rule LifecycleRule
		want string
	}{
		{StateLifecycle(roots, 14, 0)[0], "Incomplete uploads anywhere in the bucket end after 7 days. Delete markers anywhere in the bucket that hide no version are removed."},
		{StateLifecycle(roots, 1, 0)[1], "Versions under checkpoints/ are removed for ever 1 day after they were deleted or replaced."},
		{StateLifecycle(roots, 14, 30)[4], "Objects under checkpoints/ with the tag flink-state=retired are deleted 30 days after they were written."},
		{LogLifecycle(365)[1], "Objects anywhere in the bucket are deleted 365 days after they were written. Versions anywhere in the bucket are removed for ever 7 days after they were deleted or replaced."},
	} {
		if got := c.rule.String(); got != c.want {
			t.Errorf("%s: %s", c.rule.ID, got)
		}
	}
}

func TestLogBucketIsAValidNameOfItsOwn(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	seen := map[string]string{}
	for range 2000 {
		bucket := strings.Trim(randomBucket(r), ".-") + "x"
		logs := LogBucket(bucket)
		if len(logs) > 63 || !strings.HasSuffix(logs, "-logs") || logs == bucket {
			t.Fatalf("LogBucket(%q) = %q", bucket, logs)
		}
		if other, taken := seen[logs]; taken && other != bucket {
			t.Fatalf("%q and %q share %q", bucket, other, logs)
		}
		seen[logs] = bucket
	}
	long := strings.Repeat("a", 60)
	if LogBucket(long+"b") == LogBucket(long+"c") {
		t.Error("two long names share one log bucket")
	}
}

// AWS' limits: a managed policy 6,144 characters, a trust policy 2,048 by
// default, a bucket policy 20 KB, a key policy 32 KB.
func TestDocumentsKeepWithinAWSLimits(t *testing.T) {
	store := production()
	store.Bucket = strings.Repeat("b", 63)
	for range 20 {
		store.Administrators = append(store.Administrators, "arn:aws:iam::123456789012:role/"+strings.Repeat("p", 100))
	}
	issuer := "https://oidc.eks.ap-south-1.amazonaws.com/id/" + strings.Repeat("A", 32)
	who := ServiceAccount{strings.Repeat("n", 63), strings.Repeat("s", 63)}
	for _, c := range []struct {
		name  string
		text  string
		limit int
	}{
		{"ReadWrite", store.ReadWrite(keyARN).JSON(), 6144},
		{"BucketPolicy", store.BucketPolicy(keyARN).JSON(), 20 << 10},
		{"LogBucketPolicy", store.LogBucketPolicy("s3/", true).JSON(), 20 << 10},
		{"KeyPolicy", store.KeyPolicy().JSON(), 32 << 10},
		{"Trust of two clusters", Trust(store.Partition, account, []string{issuer, issuer}, who).JSON(), 2048},
	} {
		if len(c.text) > c.limit {
			t.Errorf("%s has %d characters, more than %d", c.name, len(c.text), c.limit)
		}
	}
}

func TestTheSameDocumentHasTheSameBytes(t *testing.T) {
	first := production().BucketPolicy(keyARN)
	for range 50 {
		again := production().BucketPolicy(keyARN)
		if again.JSON() != first.JSON() || again.SHA256() != first.SHA256() {
			t.Fatal("the document changes from one run to the next")
		}
	}
	var back map[string]any
	if err := json.Unmarshal([]byte(first.JSON()), &back); err != nil {
		t.Fatal(err)
	}
	if principal := back["Statement"].([]any)[0].(map[string]any)["Principal"]; principal != "*" {
		t.Errorf("everyone is written %v", principal)
	}
	if got := SHA256("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("SHA256(abc) = %s", got)
	}
}

func TestVaultReadGrantsReadingOneSecret(t *testing.T) {
	got, err := VaultRead("secret", "payments/kafka")
	want := "path \"secret/data/payments/kafka\" {\n  capabilities = [\"read\"]\n}\n"
	if err != nil || got != want {
		t.Errorf("VaultRead = %q, %v", got, err)
	}
	for _, c := range [][2]string{
		{"", "payments/kafka"}, {"secret", ""}, {"secret", "*"}, {"secret", "payments/*"}, {"secret", "+/kafka"},
		{"secret/", "payments"}, {"secret", "/payments"}, {"secret", "payments/"}, {"secret", "a\"}\npath \"b"}, {"secret", "a//b"}, {"secret", "kafka*"},
		{"secret", "../other"}, {"secret", "a/./b"},
	} {
		if got, err := VaultRead(c[0], c[1]); err == nil {
			t.Errorf("VaultRead(%q, %q) = %q", c[0], c[1], got)
		}
	}
}

func TestVaultReadGrantsEachSecretByItsName(t *testing.T) {
	got, err := VaultRead("secret", "payments/kafka", "payments/datadog")
	want := "path \"secret/data/payments/kafka\" {\n  capabilities = [\"read\"]\n}\n" +
		"path \"secret/data/payments/datadog\" {\n  capabilities = [\"read\"]\n}\n"
	if err != nil || got != want {
		t.Errorf("VaultRead = %q, %v", got, err)
	}
	for _, secrets := range [][]string{nil, {"payments/kafka", "payments/*"}} {
		if got, err := VaultRead("secret", secrets...); err == nil {
			t.Errorf("VaultRead of %q = %q", secrets, got)
		}
	}
}

func FuzzVaultReadIsNeverWidened(f *testing.F) {
	f.Add("secret", "payments/kafka")
	f.Add("kv", "a\"\n}")
	f.Fuzz(func(t *testing.T, mount, secret string) {
		document, err := VaultRead(mount, secret)
		if err == nil && document != fmt.Sprintf("path \"%s/data/%s\" {\n  capabilities = [\"read\"]\n}\n", mount, secret) {
			t.Errorf("VaultRead(%q, %q) = %q", mount, secret, document)
		}
		if err == nil && strings.ContainsAny(mount+secret, "*+\"\\\n{} ") {
			t.Errorf("VaultRead(%q, %q) took a wildcard", mount, secret)
		}
	})
}

// FuzzCoversMeansExempt: whoever is said to be covered by a pattern without a path is exempt from the bucket policy's denials.
func FuzzCoversMeansExempt(f *testing.F) {
	f.Add("deployer", "deployer")
	f.Add("dep*", "deployer")
	f.Add("d?p*r", "deployer")
	f.Fuzz(func(t *testing.T, pattern, role string) {
		if role == "" || strings.ContainsAny(role, "/:") || strings.ContainsAny(pattern, "/:") {
			t.Skip("not a role's name")
		}
		administrator := "arn:aws:iam::123456789012:role/" + pattern
		store := production()
		store.Administrators = []string{administrator}
		covered := Covers(store.Administrators, "arn:aws:sts::123456789012:assumed-role/"+role+"/s")
		decision := store.BucketPolicy(keyARN).decide(t, request{"s3:PutBucketPolicy", store.ARN(), map[string]string{
			"aws:PrincipalArn": "arn:aws:iam::123456789012:role/" + role,
		}})
		if covered == isDeny(decision) {
			t.Errorf("Covers says %v of %q by %q, the policy says %q", covered, role, pattern, decision)
		}
	})
}
