package policy

import (
	"crypto/sha256"
	"encoding/hex"
)

// Roots are the three folders of a state bucket, without slashes.
type Roots struct {
	Checkpoints string
	Savepoints  string
	HA          string
}

// List returns the roots in the order in which documents name them.
func (r Roots) List() []string { return []string{r.Checkpoints, r.Savepoints, r.HA} }

// A Store is a state bucket with its key, as policies speak of it.
type Store struct {
	Partition Partition
	Region    string
	// Account that owns the bucket, twelve digits.
	Account string
	Bucket  string
	Roots   Roots
	// Administrators are ARNs, wildcards allowed, of those who may change the
	// bucket's protection and the key: the deployer, break-glass, backup. See Covers.
	Administrators []string
	// Erasers are ARNs, wildcards allowed, of those who may delete object
	// versions for ever. Empty: nobody, and an administrator must change the
	// policy first, so that it is seen.
	Erasers []string
}

// ARN of the bucket.
func (s Store) ARN() string { return s.Partition.BucketARN(s.Bucket) }

// LogBucket is the name of the bucket that holds the access logs of another:
// NAME-logs, shortened with a hash of the full name where S3's 63 characters would be exceeded.
func LogBucket(bucket string) string {
	const suffix, limit = "-logs", 63
	if len(bucket)+len(suffix) <= limit {
		return bucket + suffix
	}
	sum := sha256.Sum256([]byte(bucket))
	hash := "-" + hex.EncodeToString(sum[:4])
	return bucket[:limit-len(suffix)-len(hash)] + hash + suffix
}

// ReadWrite is the job's policy: its three roots and its key, nothing else.
//
// GetObject on the bare root is for the S3 client's HEAD: 404 makes it list,
// 403 is fatal. DeleteObject stays, or Flink's own clean-up fails and state leaks; on a
// versioned bucket it only makes a version noncurrent. With a bucket key the
// encryption context is the bucket's ARN, never an object's.
func (s Store) ReadWrite(keyARN string) Document {
	var prefixes, readable, below []string
	for _, root := range s.Roots.List() {
		prefixes = append(prefixes, root, root+"/*")
		readable = append(readable, s.ARN()+"/"+root, s.ARN()+"/"+root+"/*")
		below = append(below, s.ARN()+"/"+root+"/*")
	}
	return document(
		Statement{
			Sid: "ListRoots", Effect: Allow,
			Action:    []string{"s3:ListBucket"},
			Resource:  []string{s.ARN()},
			Condition: Condition{"StringLike": {"s3:prefix": prefixes}},
		},
		Statement{
			Sid: "ReadState", Effect: Allow,
			Action:   []string{"s3:GetObject"},
			Resource: readable,
		},
		Statement{
			Sid: "WriteState", Effect: Allow,
			Action:   []string{"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
			Resource: below,
		},
		Statement{
			Sid: "UseKeyThroughBucket", Effect: Allow,
			Action:    []string{"kms:Decrypt", "kms:GenerateDataKey"},
			Resource:  []string{keyARN},
			Condition: s.throughBucket(),
		},
		Statement{
			Sid: "NeverEraseOrWeaken", Effect: Deny,
			Action:   []string{"s3:BypassGovernanceRetention", "s3:DeleteObjectVersion", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"},
			Resource: []string{s.ARN(), s.ARN() + "/*"},
		},
	)
}

func (s Store) throughBucket() Condition {
	return Condition{"StringEquals": {
		"kms:EncryptionContext:aws:s3:arn": {s.ARN()},
		"kms:ViaService":                   {s.Partition.ServiceHost("s3", s.Region)},
	}}
}

// BucketPolicy protects the bucket against everyone: plain HTTP and old TLS,
// other keys than its own, erased versions, and weakened protection.
//
// A negated operator holds when its key is absent, and the presto client sends no
// encryption header: without Null beside StringNotEquals every write of Flink would be denied.
func (s Store) BucketPolicy(keyARN string) Document {
	const (
		algorithm = "s3:x-amz-server-side-encryption"
		key       = "s3:x-amz-server-side-encryption-aws-kms-key-id"
		customer  = "s3:x-amz-server-side-encryption-customer-algorithm"
	)
	objects := []string{s.ARN() + "/*"}
	put := func(sid string, condition Condition) Statement {
		return Statement{Sid: sid, Effect: Deny, Principal: &Principal{}, Action: []string{"s3:PutObject"}, Resource: objects, Condition: condition}
	}
	return document(append(append(denyWeakTransport(s.ARN()),
		put("DenyOtherEncryption", Condition{"Null": {algorithm: {"false"}}, "StringNotEquals": {algorithm: {"aws:kms"}}}),
		put("DenyOtherKey", Condition{"Null": {key: {"false"}}, "StringNotEquals": {key: {keyARN}}}),
		put("DenyCustomerKey", Condition{"Null": {customer: {"false"}}}),
	), s.protection(s.ARN())...)...)
}

// KeyPolicy lets the account's IAM policies give out the use of the key, but
// only through S3 and for this bucket, and its administration; only
// administrators may disable it, delete it or rewrite this policy. The state is lost with its key.
func (s Store) KeyPolicy() Document {
	account := &Principal{AWS: []string{s.Partition.RootARN(s.Account)}}
	return document(
		Statement{
			Sid: "AdministerByIAM", Effect: Allow, Principal: account,
			Action: []string{
				"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey",
				"kms:DisableKey", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
				"kms:ListAliases", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags",
				"kms:PutKeyPolicy", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion",
				"kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
			},
			Resource: []string{"*"},
		},
		Statement{
			Sid: "UseByIAMThroughBucket", Effect: Allow, Principal: account,
			Action:    []string{"kms:Decrypt", "kms:GenerateDataKey"},
			Resource:  []string{"*"},
			Condition: s.throughBucket(),
		},
		s.unless(s.Administrators, Statement{
			Sid:      "OnlyAdministratorsEndKey",
			Action:   []string{"kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"},
			Resource: []string{"*"},
		}),
	)
}

// LogBucketPolicy lets S3 deliver the state bucket's access logs below prefix, and
// the store's trail its events where there is one; the rest is as for the state bucket.
func (s Store) LogBucketPolicy(prefix string, dataEvents bool) Document {
	logs := s.Partition.BucketARN(LogBucket(s.Bucket))
	statements := append(denyWeakTransport(logs), s.protection(logs)...)
	statements = append(statements, Statement{
		Sid: "DeliverAccessLogs", Effect: Allow,
		Principal: &Principal{Service: []string{"logging.s3.amazonaws.com"}},
		Action:    []string{"s3:PutObject"},
		Resource:  []string{logs + "/" + prefix + "*"},
		Condition: Condition{
			"ArnLike":      {"aws:SourceArn": {s.ARN()}},
			"StringEquals": {"aws:SourceAccount": {s.Account}},
		},
	})
	if dataEvents {
		cloudtrail := &Principal{Service: []string{"cloudtrail.amazonaws.com"}}
		source := map[string][]string{"aws:SourceArn": {s.TrailARN()}}
		statements = append(statements,
			Statement{
				Sid: "TrailReadsOwner", Effect: Allow, Principal: cloudtrail,
				Action: []string{"s3:GetBucketAcl"}, Resource: []string{logs},
				Condition: Condition{"StringEquals": source},
			},
			Statement{
				Sid: "DeliverTrail", Effect: Allow, Principal: cloudtrail,
				Action:    []string{"s3:PutObject"},
				Resource:  []string{logs + "/AWSLogs/" + s.Account + "/*"},
				Condition: Condition{"StringEquals": source},
			})
	}
	return document(statements...)
}

// TrailName of the CloudTrail trail that records the requests for the bucket's objects.
func (s Store) TrailName() string { return s.Bucket + "-data-events" }

// TrailARN of that trail.
func (s Store) TrailARN() string {
	return s.Partition.ARN("cloudtrail", s.Region, s.Account, "trail/"+s.TrailName())
}

func denyWeakTransport(bucketARN string) []Statement {
	deny := func(sid string, condition Condition) Statement {
		return Statement{Sid: sid, Effect: Deny, Principal: &Principal{}, Action: []string{"s3:*"}, Resource: []string{bucketARN, bucketARN + "/*"}, Condition: condition}
	}
	return []Statement{
		deny("DenyPlainHTTP", Condition{"Bool": {"aws:SecureTransport": {"false"}}}),
		deny("DenyOldTLS", Condition{"NumericLessThan": {"s3:TlsVersion": {"1.2"}}}),
	}
}

// protection of a bucket: what only erasers may do, and what only administrators may.
func (s Store) protection(bucketARN string) []Statement {
	return []Statement{
		s.unless(s.Erasers, Statement{
			Sid:      "OnlyErasersDeleteVersions",
			Action:   []string{"s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"},
			Resource: []string{bucketARN + "/*"},
		}),
		s.unless(s.Administrators, Statement{
			Sid: "OnlyAdministratorsChangeProtection",
			Action: []string{
				"s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketLogging", "s3:PutBucketObjectLockConfiguration",
				"s3:PutBucketOwnershipControls", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning",
				"s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
			},
			Resource: []string{bucketARN},
		}),
	}
}

// unless denies a statement to everyone but those whose ARN is like one of
// exempt. NotPrincipal would have to name each session of a role.
func (s Store) unless(exempt []string, statement Statement) Statement {
	statement.Effect = Deny
	statement.Principal = &Principal{}
	if len(exempt) > 0 {
		statement.Condition = Condition{"ArnNotLike": {"aws:PrincipalArn": exempt}}
	}
	return statement
}
