package aws

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	iamName    = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	aliasName  = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)
	iamARN     = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):(iam|sts)::\d{12}:(root|(user|role|assumed-role|oidc-provider|saml-provider)/.+)$`)
)

// refuse is what AWS would refuse. Otherwise it returns what ends the call.
func (a *account) refuse(r *provider.Request) (func(), error) {
	free := func() {}
	in := r.Inputs
	bucket := plain.Text(in, "bucket")
	switch {
	case r.Type == world.BucketType:
		if !bucketName.MatchString(bucket) || strings.Contains(bucket, "..") || net.ParseIP(bucket) != nil ||
			strings.HasPrefix(bucket, "xn--") || strings.HasSuffix(bucket, "-s3alias") {
			return nil, fmt.Errorf("validating S3 Bucket (%s) name: InvalidBucketName: The specified bucket is not valid.", bucket)
		}
	case ofBucket(r.Type):
		if _, there := a.world.Get("aws", world.BucketType, bucket); !there {
			return nil, noSuchBucket(r.Type, bucket)
		}
		var err error
		if free, err = a.occupy(bucket); err != nil {
			return nil, err
		}
	case r.Type == world.S3ObjectType:
		if _, there := a.world.Get("aws", world.BucketType, bucket); !there {
			return nil, noSuchBucket(r.Type, bucket)
		}
	}
	err := a.judge(r)
	if err != nil {
		free()
		return nil, err
	}
	return free, nil
}

func noSuchBucket(typ, bucket string) error {
	return fmt.Errorf("%s (%s): NoSuchBucket: The specified bucket does not exist", typ, bucket)
}

// occupy lets one write of a setting of a bucket at a time through, as S3 does.
func (a *account) occupy(bucket string) (func(), error) {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.busy[bucket] {
		return nil, fmt.Errorf("S3 Bucket (%s): OperationAborted: A conflicting conditional operation is currently in progress against this resource. Please try again. (409)", bucket)
	}
	a.busy[bucket] = true
	return func() {
		time.Sleep(2 * time.Millisecond) // long enough for a second one to meet it
		a.lock.Lock()
		defer a.lock.Unlock()
		delete(a.busy, bucket)
	}, nil
}

func (a *account) judge(r *provider.Request) error {
	in := r.Inputs
	switch r.Type {
	case policyOfBucket:
		return a.document(plain.Text(in, "policy"), bucketDocument, plain.Text(in, "bucket"))
	case iamPolicyType:
		if !iamName.MatchString(plain.Text(in, "name")) {
			return fmt.Errorf("creating IAM Policy (%s): ValidationError: The specified value for policyName is invalid", plain.Text(in, "name"))
		}
		return a.document(plain.Text(in, "policy"), identityDocument, "")
	case roleType:
		if name := plain.Text(in, "name"); !iamName.MatchString(name) || len(name) > 64 {
			return fmt.Errorf("creating IAM Role (%s): ValidationError: The specified value for roleName is invalid", name)
		}
		return a.document(plain.Text(in, "assumeRolePolicy"), trustDocument, "")
	case world.KeyType:
		if document := plain.Text(in, "policy"); document != "" {
			return a.document(document, keyDocument, "")
		}
	case aliasType:
		if name := plain.Text(in, "name"); !aliasName.MatchString(name) || strings.HasPrefix(name, "alias/aws/") {
			return fmt.Errorf("creating KMS Alias (%s): ValidationException: Alias must start with the prefix \"alias/\"", name)
		}
		key, there := a.world.Get("aws", world.KeyType, plain.Text(in, "targetKeyId"))
		if !there || key.State["keyState"] == "PendingDeletion" {
			return fmt.Errorf("creating KMS Alias: NotFoundException: Key '%s' does not exist", plain.Text(in, "targetKeyId"))
		}
	case lifecycleType:
		return lifecycle(in)
	case loggingType:
		if _, there := a.world.Get("aws", world.BucketType, plain.Text(in, "targetBucket")); !there {
			return fmt.Errorf("creating S3 Bucket Logging: InvalidTargetBucketForLogging: The target bucket for logging does not exist")
		}
	case encryptionType:
		rules, _ := in["rules"].([]any)
		for _, rule := range rules {
			rule, _ := rule.(map[string]any)
			switch algorithm := plain.Text(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm"); algorithm {
			case "AES256", "aws:kms", "aws:kms:dsse":
				if algorithm == "AES256" && plain.Text(rule, "applyServerSideEncryptionByDefault", "kmsMasterKeyId") != "" {
					return fmt.Errorf("InvalidArgument: a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms")
				}
			default:
				return fmt.Errorf("MalformedXML: SSEAlgorithm %q", algorithm)
			}
		}
	case attachmentType:
		if _, there := a.world.Get("aws", roleType, plain.Text(in, "role")); !there {
			return fmt.Errorf("attaching IAM Policy: NoSuchEntity: The role with name %s cannot be found.", plain.Text(in, "role"))
		}
		arn := plain.Text(in, "policyArn")
		if _, there := a.world.Get("aws", iamPolicyType, arn); !there && !strings.Contains(arn, ":iam::aws:policy/") {
			return fmt.Errorf("attaching IAM Policy: NoSuchEntity: Policy %s does not exist or is not attachable.", arn)
		}
	case exclusiveType, inlineType:
		if _, there := a.world.Get("aws", roleType, plain.Text(in, "roleName")); !there {
			return fmt.Errorf("NoSuchEntity: The role with name %s cannot be found.", plain.Text(in, "roleName"))
		}
	case trailType:
		if _, there := a.world.Get("aws", world.BucketType, plain.Text(in, "s3BucketName")); !there {
			return fmt.Errorf("creating CloudTrail Trail: S3BucketDoesNotExistException: S3 bucket %s does not exist!", plain.Text(in, "s3BucketName"))
		}
	}
	return nil
}

// lifecycle is what S3 refuses in PutBucketLifecycleConfiguration.
func lifecycle(in map[string]any) error {
	malformed := func(id, why string) error {
		return fmt.Errorf("creating S3 Bucket Lifecycle Configuration: InvalidRequest: rule %q: %s", id, why)
	}
	rules, _ := in["rules"].([]any)
	seen := map[string]bool{}
	for _, rule := range rules {
		rule, _ := rule.(map[string]any)
		id := plain.Text(rule, "id")
		expiration, _ := rule["expiration"].(map[string]any)
		switch {
		case seen[id]:
			return malformed(id, "RuleId must be unique. Found same ID for more than one rule.")
		case rule["status"] != "Enabled" && rule["status"] != "Disabled":
			return malformed(id, "MalformedXML: Status")
		case rule["expiration"] == nil && rule["noncurrentVersionExpiration"] == nil && rule["abortIncompleteMultipartUpload"] == nil &&
			rule["transitions"] == nil && rule["noncurrentVersionTransitions"] == nil:
			return malformed(id, "At least one action needs to be specified in a rule.")
		case expiration["days"] != nil && expiration["expiredObjectDeleteMarker"] == true:
			return malformed(id, "MalformedXML: Days and ExpiredObjectDeleteMarker exclude each other")
		case plain.At(rule, "filter", "and", "tags") != nil && rule["abortIncompleteMultipartUpload"] != nil:
			return malformed(id, "AbortIncompleteMultipartUpload cannot be specified with Tags.")
		case plain.At(rule, "filter", "and", "tags") != nil && expiration["expiredObjectDeleteMarker"] == true:
			return malformed(id, "ExpiredObjectDeleteMarker cannot be specified with Tags.")
		}
		for _, days := range []any{expiration["days"], plain.At(rule, "noncurrentVersionExpiration", "noncurrentDays"), plain.At(rule, "abortIncompleteMultipartUpload", "daysAfterInitiation")} {
			if n, set := days.(float64); set && n < 1 {
				return malformed(id, "'Days' must be a positive integer")
			}
		}
		seen[id] = true
	}
	if len(rules) == 0 {
		return malformed("", "MalformedXML: no rule")
	}
	return nil
}
