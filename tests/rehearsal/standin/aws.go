package standin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

const (
	bucketType     = operator.BucketType
	s3ObjectType   = operator.S3ObjectType
	lifecycleType  = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	policyOfBucket = "aws:s3/bucketPolicy:BucketPolicy"
	loggingType    = "aws:s3/bucketLoggingV2:BucketLoggingV2"
	encryptionType = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	keyType        = "aws:kms/key:Key"
	aliasType      = "aws:kms/alias:Alias"
	iamPolicyType  = "aws:iam/policy:Policy"
	roleType       = "aws:iam/role:Role"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	exclusiveType  = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
	inlineType     = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
	trailType      = "aws:cloudtrail/trail:Trail"
)

// awsRequired are the inputs that the provider's schema requires. A type that is
// not here does not exist in the stand-in.
var awsRequired = map[string][]string{
	bucketType: nil, s3ObjectType: {"bucket", "key"}, lifecycleType: {"bucket"}, policyOfBucket: {"bucket", "policy"},
	loggingType: {"bucket", "targetBucket", "targetPrefix"}, encryptionType: {"bucket", "rules"},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":           {"bucket", "versioningConfiguration"},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"bucket"},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"bucket", "rule"},
	"aws:s3/bucketNotification:BucketNotification":           {"bucket"},
	keyType: nil, aliasType: {"targetKeyId"}, iamPolicyType: {"policy"}, roleType: {"assumeRolePolicy"},
	attachmentType: {"role", "policyArn"}, exclusiveType: {"roleName", "policyArns"}, inlineType: {"roleName", "policyNames"},
	trailType: {"s3BucketName"},
}

// amazon is AWS: one account, every region.
type amazon struct {
	world   *world.World
	account string

	lock sync.Mutex
	// busy buckets have a write of a setting under way.
	busy map[string]bool
}

func newAWS(w *world.World, o Options) *amazon {
	return &amazon{world: w, account: o.Account, busy: map[string]bool{}}
}

func (a *amazon) configure(config map[string]any) error {
	if text(config, "region") == "" {
		return fmt.Errorf("missing required configuration key \"aws:region\"")
	}
	if allowed := list(config, "allowedAccountIds"); len(allowed) > 0 && !slices.Contains(allowed, any(a.account)) {
		return fmt.Errorf("AWS account ID not allowed: %s", a.account)
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

func (a *amazon) region(r *request) string {
	if region := text(r.session.config, "region"); region != "" {
		return region
	}
	return "us-east-1"
}

func (a *amazon) partition(r *request) (id, suffix string) {
	switch region := a.region(r); {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn", "amazonaws.com.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov", "amazonaws.com"
	}
	return "aws", "amazonaws.com"
}

// arn of the account; a service without region, such as IAM, has an empty one.
func (a *amazon) arn(r *request, service, region, resource string) string {
	id, _ := a.partition(r)
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", id, service, region, a.account, resource)
}

func (a *amazon) check(r *request) []*pulumirpc.CheckFailure {
	required, known := awsRequired[r.typ]
	if !known {
		return []*pulumirpc.CheckFailure{fail("", "the stand-in of AWS has no resource type %s", r.typ)}
	}
	var failures []*pulumirpc.CheckFailure
	for _, key := range required {
		if r.inputs[key] == nil {
			failures = append(failures, fail(key, "Missing required property '%s'", key))
		}
	}
	named := map[string]string{bucketType: "bucket", iamPolicyType: "name", roleType: "name", aliasType: "name", trailType: "name"}
	if key := named[r.typ]; key != "" && r.inputs[key] == nil {
		name := text(r.old, key)
		if name == "" {
			name = r.name + "-" + digest(r.urn)[:7]
		}
		r.inputs[key] = name
	}
	for _, key := range []string{"policy", "assumeRolePolicy"} {
		if document := text(r.inputs, key); document != "" && !unknown(document) && !json.Valid([]byte(document)) {
			failures = append(failures, fail(key, "%q contains an invalid JSON policy", key))
		}
	}
	return failures
}

// awsReplaces are the inputs that cannot be changed.
var awsReplaces = map[string][]string{
	bucketType: {"bucket", "objectLockEnabled"}, s3ObjectType: {"bucket", "key"},
	keyType: {"customerMasterKeySpec", "keyUsage", "multiRegion"}, aliasType: {"name"},
	iamPolicyType: {"name", "path", "description"}, roleType: {"name", "path"},
	attachmentType: {"role", "policyArn"}, exclusiveType: {"roleName"}, inlineType: {"roleName"}, trailType: {"name"},
}

func (a *amazon) replaces(r *request, path string) bool {
	keys, listed := awsReplaces[r.typ]
	return slices.Contains(keys, path) || !listed && path == "bucket"
}

func (a *amazon) preview(r *request) (map[string]any, error) { return overlay(r.state, r.inputs), nil }

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ofBucket says whether a type is a setting of a bucket.
func ofBucket(typ string) bool {
	return strings.HasPrefix(typ, "aws:s3/") && typ != bucketType && typ != s3ObjectType
}

// id is what a new resource is called.
func (a *amazon) id(r *request) (string, error) {
	in := r.inputs
	switch r.typ {
	case bucketType:
		return text(in, "bucket"), nil
	case s3ObjectType:
		return text(in, "key"), nil
	case keyType:
		n, err := a.world.Next("key")
		d := digest(fmt.Sprint(a.account, n))
		return strings.Join([]string{d[:8], d[8:12], d[12:16], d[16:20], d[20:32]}, "-"), err
	case aliasType, roleType:
		return text(in, "name"), nil
	case iamPolicyType:
		return a.arn(r, "iam", "", "policy"+iamPath(in)+text(in, "name")), nil
	case attachmentType:
		return text(in, "role") + "-" + digest(text(in, "policyArn"))[:12], nil
	case exclusiveType, inlineType:
		return text(in, "roleName"), nil
	case trailType:
		return a.arn(r, "cloudtrail", a.region(r), "trail/"+text(in, "name")), nil
	}
	return text(in, "bucket"), nil
}

func iamPath(in map[string]any) string {
	if path := text(in, "path"); path != "" {
		return path
	}
	return "/"
}

// worldID is the ID in the world: only objects of S3 have another one than Pulumi's.
func worldID(typ, id string, values map[string]any) string {
	if typ == s3ObjectType && text(values, "bucket") != "" && !strings.HasPrefix(id, text(values, "bucket")+"/") {
		return text(values, "bucket") + "/" + id
	}
	return id
}

func (a *amazon) create(r *request) (string, map[string]any, error) {
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
	added, err := a.world.Add(world.Object{Package: "aws", Type: r.typ, ID: worldID(r.typ, id, r.inputs), Inputs: r.inputs, State: state})
	if err != nil || added {
		return id, state, err
	}
	switch r.typ {
	case bucketType:
		there, _ := a.world.Get("aws", bucketType, id)
		if owner := text(there.State, "owner"); owner != "" && owner != a.account {
			return "", nil, fmt.Errorf("creating S3 Bucket (%s): BucketAlreadyExists: The requested bucket name is not available. The bucket namespace is shared by all users of the system.", id)
		}
		return "", nil, fmt.Errorf("creating S3 Bucket (%s): BucketAlreadyOwnedByYou: Your previous request to create the named bucket succeeded and you already own it.", id)
	case roleType, iamPolicyType:
		return "", nil, fmt.Errorf("creating IAM %s: EntityAlreadyExists: %s with name %s already exists.", r.typ, r.typ, text(r.inputs, "name"))
	case aliasType:
		return "", nil, fmt.Errorf("creating KMS Alias (%s): AlreadyExistsException: An alias with the name %s already exists", id, a.arn(r, "kms", a.region(r), id))
	case trailType:
		return "", nil, fmt.Errorf("creating CloudTrail Trail: TrailAlreadyExistsException: Trail %s already exists", text(r.inputs, "name"))
	}
	// Settings are put, attachments are idempotent.
	return id, state, a.world.Put(world.Object{Package: "aws", Type: r.typ, ID: worldID(r.typ, id, r.inputs), Inputs: r.inputs, State: state})
}

func (a *amazon) outputs(r *request, id string) map[string]any {
	state, region := overlay(nil, r.inputs), a.region(r)
	partition, suffix := a.partition(r)
	defaults, _ := at(r.session.config, "defaultTags").(map[string]any)
	if encoded := text(r.session.config, "defaultTags"); encoded != "" {
		_ = json.Unmarshal([]byte(encoded), &defaults)
	}
	inherited, _ := defaults["tags"].(map[string]any)
	own, _ := r.inputs["tags"].(map[string]any)
	tags := overlay(inherited, own)
	switch r.typ {
	case bucketType, keyType, roleType, iamPolicyType, trailType, s3ObjectType:
		state["tagsAll"] = tags
	}
	switch r.typ {
	case bucketType:
		state["arn"], state["region"] = fmt.Sprintf("arn:%s:s3:::%s", partition, id), region
		state["bucketDomainName"] = id + ".s3." + suffix
		state["bucketRegionalDomainName"] = id + ".s3." + region + "." + suffix
	case s3ObjectType:
		state["etag"], state["versionId"] = digest(text(r.inputs, "content"))[:32], digest(id)[:32]
	case keyType:
		state["keyId"], state["arn"], state["isEnabled"] = id, a.arn(r, "kms", region, "key/"+id), true
	case aliasType:
		state["arn"], state["targetKeyArn"] = a.arn(r, "kms", region, id), a.arn(r, "kms", region, "key/"+text(r.inputs, "targetKeyId"))
	case iamPolicyType:
		state["arn"], state["policyId"] = id, "ANPA"+strings.ToUpper(digest(id)[:17])
	case roleType:
		state["arn"] = a.arn(r, "iam", "", "role"+iamPath(r.inputs)+id)
		state["uniqueId"] = "AROA" + strings.ToUpper(digest(id)[:17])
	case trailType:
		state["arn"], state["homeRegion"] = id, region
	}
	return state
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	iamName    = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	aliasName  = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)
	iamARN     = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):(iam|sts)::\d{12}:(root|(user|role|assumed-role|oidc-provider|saml-provider)/.+)$`)
)

// refuse is what AWS would refuse. Otherwise it returns what ends the call.
func (a *amazon) refuse(r *request) (func(), error) {
	free := func() {}
	in := r.inputs
	bucket := text(in, "bucket")
	switch {
	case r.typ == bucketType:
		if !bucketName.MatchString(bucket) || strings.Contains(bucket, "..") || net.ParseIP(bucket) != nil ||
			strings.HasPrefix(bucket, "xn--") || strings.HasSuffix(bucket, "-s3alias") {
			return nil, fmt.Errorf("validating S3 Bucket (%s) name: InvalidBucketName: The specified bucket is not valid.", bucket)
		}
	case ofBucket(r.typ):
		if _, there := a.world.Get("aws", bucketType, bucket); !there {
			return nil, noSuchBucket(r.typ, bucket)
		}
		var err error
		if free, err = a.occupy(bucket); err != nil {
			return nil, err
		}
	case r.typ == s3ObjectType:
		if _, there := a.world.Get("aws", bucketType, bucket); !there {
			return nil, noSuchBucket(r.typ, bucket)
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
func (a *amazon) occupy(bucket string) (func(), error) {
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

func (a *amazon) judge(r *request) error {
	in := r.inputs
	switch r.typ {
	case policyOfBucket:
		return a.document(text(in, "policy"), bucketDocument, text(in, "bucket"))
	case iamPolicyType:
		if !iamName.MatchString(text(in, "name")) {
			return fmt.Errorf("creating IAM Policy (%s): ValidationError: The specified value for policyName is invalid", text(in, "name"))
		}
		return a.document(text(in, "policy"), identityDocument, "")
	case roleType:
		if name := text(in, "name"); !iamName.MatchString(name) || len(name) > 64 {
			return fmt.Errorf("creating IAM Role (%s): ValidationError: The specified value for roleName is invalid", name)
		}
		return a.document(text(in, "assumeRolePolicy"), trustDocument, "")
	case keyType:
		if document := text(in, "policy"); document != "" {
			return a.document(document, keyDocument, "")
		}
	case aliasType:
		if name := text(in, "name"); !aliasName.MatchString(name) || strings.HasPrefix(name, "alias/aws/") {
			return fmt.Errorf("creating KMS Alias (%s): ValidationException: Alias must start with the prefix \"alias/\"", name)
		}
		key, there := a.world.Get("aws", keyType, text(in, "targetKeyId"))
		if !there || key.State["keyState"] == "PendingDeletion" {
			return fmt.Errorf("creating KMS Alias: NotFoundException: Key '%s' does not exist", text(in, "targetKeyId"))
		}
	case lifecycleType:
		return lifecycle(in)
	case loggingType:
		if _, there := a.world.Get("aws", bucketType, text(in, "targetBucket")); !there {
			return fmt.Errorf("creating S3 Bucket Logging: InvalidTargetBucketForLogging: The target bucket for logging does not exist")
		}
	case encryptionType:
		rules, _ := in["rules"].([]any)
		for _, rule := range rules {
			rule, _ := rule.(map[string]any)
			switch algorithm := text(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm"); algorithm {
			case "AES256", "aws:kms", "aws:kms:dsse":
				if algorithm == "AES256" && text(rule, "applyServerSideEncryptionByDefault", "kmsMasterKeyId") != "" {
					return fmt.Errorf("InvalidArgument: a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms")
				}
			default:
				return fmt.Errorf("MalformedXML: SSEAlgorithm %q", algorithm)
			}
		}
	case attachmentType:
		if _, there := a.world.Get("aws", roleType, text(in, "role")); !there {
			return fmt.Errorf("attaching IAM Policy: NoSuchEntity: The role with name %s cannot be found.", text(in, "role"))
		}
		arn := text(in, "policyArn")
		if _, there := a.world.Get("aws", iamPolicyType, arn); !there && !strings.Contains(arn, ":iam::aws:policy/") {
			return fmt.Errorf("attaching IAM Policy: NoSuchEntity: Policy %s does not exist or is not attachable.", arn)
		}
	case exclusiveType, inlineType:
		if _, there := a.world.Get("aws", roleType, text(in, "roleName")); !there {
			return fmt.Errorf("NoSuchEntity: The role with name %s cannot be found.", text(in, "roleName"))
		}
	case trailType:
		if _, there := a.world.Get("aws", bucketType, text(in, "s3BucketName")); !there {
			return fmt.Errorf("creating CloudTrail Trail: S3BucketDoesNotExistException: S3 bucket %s does not exist!", text(in, "s3BucketName"))
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
		id := text(rule, "id")
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
		case at(rule, "filter", "and", "tags") != nil && rule["abortIncompleteMultipartUpload"] != nil:
			return malformed(id, "AbortIncompleteMultipartUpload cannot be specified with Tags.")
		case at(rule, "filter", "and", "tags") != nil && expiration["expiredObjectDeleteMarker"] == true:
			return malformed(id, "ExpiredObjectDeleteMarker cannot be specified with Tags.")
		}
		for _, days := range []any{expiration["days"], at(rule, "noncurrentVersionExpiration", "noncurrentDays"), at(rule, "abortIncompleteMultipartUpload", "daysAfterInitiation")} {
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

// kinds of policy documents
const (
	identityDocument = iota
	bucketDocument
	keyDocument
	trustDocument
)

type strs []string

// UnmarshalJSON takes one string or several.
func (s *strs) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*s = strs{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(s))
}

type policyStatement struct {
	Sid, Effect                              string
	Action, NotAction, Resource, NotResource strs
	Principal, NotPrincipal                  json.RawMessage
	Condition                                map[string]map[string]json.RawMessage
}

// document refuses a policy that AWS calls malformed.
func (a *amazon) document(text string, kind int, bucket string) error {
	malformed := func(why string, args ...any) error {
		return fmt.Errorf("MalformedPolicyDocument: "+why, args...)
	}
	var policy struct {
		Version   string
		Statement []policyStatement
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return malformed("JSON strings must not have leading spaces or be invalid: %v", err)
	}
	if policy.Version != "2012-10-17" && policy.Version != "2008-10-17" || len(policy.Statement) == 0 {
		return malformed("Syntax errors in policy: version %q, %d statements", policy.Version, len(policy.Statement))
	}
	limit := map[int]int{identityDocument: 6144, bucketDocument: 20480, keyDocument: 32768, trustDocument: 2048}[kind]
	if len(text) > limit {
		return fmt.Errorf("LimitExceeded: Cannot exceed quota for PolicySize: %d", limit)
	}
	for _, s := range policy.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return malformed("Sid %q: Effect %q", s.Sid, s.Effect)
		}
		if (len(s.Action) == 0) == (len(s.NotAction) == 0) {
			return malformed("Sid %q: Policy statement must contain actions.", s.Sid)
		}
		for _, action := range append(slices.Clone(s.Action), s.NotAction...) {
			if action != "*" && !strings.Contains(action, ":") {
				return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: %s", action)
			}
		}
		hasPrincipal := len(s.Principal) > 0 || len(s.NotPrincipal) > 0
		switch {
		case kind == identityDocument && hasPrincipal:
			return malformed("Policy document should not specify a principal.")
		case kind != identityDocument && !hasPrincipal:
			return malformed("Sid %q: Missing required field Principal", s.Sid)
		case kind == trustDocument && len(s.Resource) > 0:
			return malformed("Has prohibited field Resource")
		case kind != trustDocument && len(s.Resource) == 0 && len(s.NotResource) == 0:
			return malformed("Policy statement must contain resources.")
		}
		for _, resource := range s.Resource {
			if resource != "*" && !strings.HasPrefix(resource, "arn:") {
				return malformed("Resource %s must be in ARN format or \"*\".", resource)
			}
			if kind == bucketDocument {
				if _, name, found := strings.Cut(resource, ":s3:::"); !found || name != bucket && !strings.HasPrefix(name, bucket+"/") {
					return malformed("Policy has invalid resource: %s", resource)
				}
			}
		}
		if err := principals(s.Principal); err != nil {
			return malformed("%v", err)
		}
	}
	return nil
}

func principals(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == `"*"` {
		return nil
	}
	var by map[string]strs
	if err := json.Unmarshal(raw, &by); err != nil {
		return fmt.Errorf("Invalid principal in policy: %s", raw)
	}
	for kind, names := range by {
		for _, name := range names {
			ok := name == "*"
			switch kind {
			case "AWS", "Federated":
				ok = ok || iamARN.MatchString(name) || regexp.MustCompile(`^\d{12}$`).MatchString(name)
			case "Service":
				ok = strings.HasSuffix(name, ".amazonaws.com") || strings.HasSuffix(name, ".amazonaws.com.cn")
			}
			if !ok {
				return fmt.Errorf("Invalid principal in policy: %q:%q", kind, name)
			}
		}
	}
	return nil
}

func (a *amazon) read(r *request) (string, map[string]any, map[string]any, error) {
	values := r.state
	if len(values) == 0 {
		values = r.old
	}
	id := strings.TrimPrefix(r.id, "s3://")
	o, there := a.world.Get("aws", r.typ, worldID(r.typ, id, values))
	if !there || o.State["keyState"] == "PendingDeletion" {
		return "", nil, nil, nil
	}
	inputs := o.Inputs
	if len(r.old) > 0 {
		inputs, _ = project(r.old, o.State).(map[string]any)
	}
	if r.typ == s3ObjectType {
		id = text(o.State, "key")
	}
	return id, inputs, o.State, nil
}

func (a *amazon) update(r *request) (map[string]any, error) {
	free, err := a.refuse(r)
	if err != nil {
		return nil, err
	}
	defer free()
	state := a.outputs(r, r.id)
	err = a.world.Edit("aws", r.typ, worldID(r.typ, r.id, r.inputs), func(o *world.Object) error {
		o.Inputs, o.State = r.inputs, state
		return nil
	})
	return state, err
}

func (a *amazon) delete(r *request) error {
	id := worldID(r.typ, r.id, r.state)
	if _, there := a.world.Get("aws", r.typ, id); !there {
		return nil
	}
	switch {
	case r.typ == bucketType:
		objects := a.world.Where(func(_, t, o string) bool { return t == s3ObjectType && strings.HasPrefix(o, id+"/") })
		if len(objects) > 0 && r.state["forceDestroy"] != true {
			return fmt.Errorf("deleting S3 Bucket (%s): BucketNotEmpty: The bucket you tried to delete is not empty. You must delete all versions in the bucket.", id)
		}
		for _, o := range objects {
			if err := a.world.Delete("aws", s3ObjectType, o.ID); err != nil {
				return err
			}
		}
	case r.typ == keyType:
		return a.world.Edit("aws", keyType, id, func(o *world.Object) error {
			o.State["keyState"], o.State["isEnabled"] = "PendingDeletion", false
			o.State["deletionDate"] = "2024-01-31T00:00:00Z"
			return nil
		})
	case r.typ == roleType:
		for _, attached := range a.world.List("aws", attachmentType) {
			if attached.State["role"] == id {
				return fmt.Errorf("deleting IAM Role (%s): DeleteConflict: Cannot delete entity, must detach all policies first.", id)
			}
		}
	case r.typ == iamPolicyType:
		for _, attached := range a.world.List("aws", attachmentType) {
			if attached.State["policyArn"] == id {
				return fmt.Errorf("deleting IAM Policy (%s): DeleteConflict: Cannot delete a policy attached to entities.", id)
			}
		}
	case ofBucket(r.typ):
		free, err := a.occupy(id)
		if err != nil {
			return err
		}
		defer free()
	}
	return a.world.Delete("aws", r.typ, id)
}

func (a *amazon) invoke(r *request) (map[string]any, error) {
	partition, suffix := a.partition(r)
	region := a.region(r)
	oidc := "oidc.eks." + region + "." + suffix + "/id/" + strings.ToUpper(digest("cluster")[:32])
	switch r.typ {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return map[string]any{"id": a.account, "accountId": a.account, "userId": "AROAREHEARSAL:rehearsal",
			"arn": fmt.Sprintf("arn:%s:sts::%s:assumed-role/payments-platform-deployer/rehearsal", partition, a.account)}, nil
	case "aws:index/getPartition:getPartition":
		return map[string]any{"id": partition, "partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": "com.amazonaws"}, nil
	case "aws:index/getRegion:getRegion":
		return map[string]any{"id": region, "name": region, "description": region, "endpoint": "ec2." + region + "." + suffix}, nil
	case "aws:eks/getCluster:getCluster":
		name := text(r.inputs, "name")
		if name == "" {
			return nil, fmt.Errorf("reading EKS Cluster: InvalidParameterException: name")
		}
		return map[string]any{"id": name, "name": name, "status": "ACTIVE", "version": "1.32",
			"arn":                    a.arn(r, "eks", region, "cluster/"+name),
			"endpoint":               "https://" + strings.ToUpper(digest(name)[:32]) + ".gr7." + region + ".eks." + suffix,
			"certificateAuthorities": []any{map[string]any{"data": "UkVIRUFSU0FM"}},
			"identities":             []any{map[string]any{"oidcs": []any{map[string]any{"issuer": "https://" + oidc}}}},
		}, nil
	case "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider":
		return map[string]any{"id": a.arn(r, "iam", "", "oidc-provider/"+oidc), "arn": a.arn(r, "iam", "", "oidc-provider/"+oidc),
			"url": oidc, "clientIdLists": []any{"sts.amazonaws.com"}, "thumbprintLists": []any{}, "tags": map[string]any{}}, nil
	case "aws:s3/getObjects:getObjects", "aws:s3/getBucketObjects:getBucketObjects":
		bucket, prefix := text(r.inputs, "bucket"), text(r.inputs, "prefix")
		if _, there := a.world.Get("aws", bucketType, bucket); !there {
			return nil, noSuchBucket(r.typ, bucket)
		}
		delimiter := text(r.inputs, "delimiter")
		keys, folders := []any{}, []any{}
		for _, o := range a.world.List("aws", s3ObjectType) {
			key, in := strings.CutPrefix(o.ID, bucket+"/")
			below, beneath := strings.CutPrefix(key, prefix)
			if !in || !beneath {
				continue
			}
			folder, _, deeper := strings.Cut(below, delimiter)
			switch folder = prefix + folder + delimiter; {
			case delimiter == "" || !deeper:
				keys = append(keys, key)
			case !slices.Contains(folders, any(folder)):
				folders = append(folders, folder)
			}
		}
		return map[string]any{"id": bucket, "bucket": bucket, "prefix": prefix, "keys": keys, "commonPrefixes": folders, "owners": []any{}}, nil
	case "aws:s3/getObject:getObject":
		bucket, key := text(r.inputs, "bucket"), text(r.inputs, "key")
		o, there := a.world.Get("aws", s3ObjectType, bucket+"/"+key)
		if !there {
			return nil, fmt.Errorf("reading S3 Bucket (%s) Object (%s): couldn't find resource", bucket, key)
		}
		return map[string]any{"id": bucket + "/" + key, "bucket": bucket, "key": key, "lastModified": o.State["lastModified"]}, nil
	}
	return nil, fmt.Errorf("the stand-in of AWS has no function %s", r.typ)
}
