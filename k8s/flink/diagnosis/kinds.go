package diagnosis

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A kind is a cause that is known by its words. Cause and do may name groups
// of the expression: $1.
type kind struct {
	words     *regexp.Regexp
	cause, do string
	// but: with these words it is something else.
	but *regexp.Regexp
	// weak: true of many causes, so it is told after all others.
	weak bool
	// edit writes what to do from the groups, where a text cannot.
	edit func(groups []string) string
}

func words(expression string) *regexp.Regexp { return regexp.MustCompile(expression) }

// kinds of failures in Flink's chains, the more certain before the less. The
// texts are those of Flink 1.18, Kafka's clients 3.4 and Hadoop's and AWS's own.
var kinds = []kind{
	{words: words(`Could not parse value (?:'([^']*)' )?for key '([^']+)'`),
		cause: "flinkConfiguration: $2 has a value of the wrong type", edit: otherValue},
	{words: words(`entry point class '([^']+)' was not found`),
		cause: "the jar has no class $1", do: "write `entryClass` as the jar has it, or take it out where the jar's manifest names Main-Class"},
	{words: words(`JAR file does not exist '([^']+)'`),
		cause: "the image has no file $1", do: "write `jarURI` as the image has it: local:///opt/flink/usrlib/NAME.jar"},
	{words: words(`UnsupportedClassVersionError: (\S+)`),
		cause: "class $1 is compiled for a newer Java than the image has", do: "compile with the image's Java (--release 11), push, and set `image`"},
	{words: words(`(?:NoClassDefFoundError|ClassNotFoundException): ([\w$./]+)`),
		// Flink has these; it finds them no more while it shuts down.
		but:   words(`: (?:scala|akka|org[./]apache[./]pekko)[./]`),
		cause: "class $1 is in no jar of the image", do: "build the job's jar with the dependency that has it (a fat jar; not `provided`), push, and set `image`"},
	{words: words(`(?:NoSuchMethodError|NoSuchFieldError|AbstractMethodError|IncompatibleClassChangeError)`),
		cause: "the jar was built against another version of a library", do: "build against the Flink and connector versions of the image, push, and set `image`"},
	{words: words(`UnsatisfiedLinkError: .*?([\w.+-]+\.so[\w.]*): cannot open shared object`),
		cause: "the image lacks the native library $1", do: "build `image` from Flink's own image (Debian or Ubuntu with glibc, not Alpine)"},
	{words: words(`Could not find a file system implementation for scheme '([^']+)'`),
		cause: "no plugin for $1:// is enabled in the image", do: "`plugins: {builtIn: flink-s3-fs-presto-VERSION.jar}` with the image's Flink version, or build the jar into /opt/flink/plugins/s3-fs-presto/"},
	{words: words(`NoSuchBucket|The specified bucket does not exist`),
		cause: "the S3 bucket does not exist", do: "compare `state.bucket` with `aws s3 ls`; `pulumi refresh --preview-only`, then `pulumi up` where it is gone"},
	{words: words(`(?i)AssumeRoleWithWebIdentity|WebIdentityToken|InvalidIdentityToken|Unable to load (?:AWS )?credentials|No AWS credentials`),
		cause: "the pods get no AWS role", do: "look at the ServiceAccount's annotation eks.amazonaws.com/role-arn and at the IAM OIDC provider of the cluster (`aws iam list-open-id-connect-providers`); `pulumi refresh`, `pulumi up` put the trust back"},
	{words: words(`(?i)\bkms:\w+|KMS\.\w+Exception|KMSException`),
		cause: "the role may not use the bucket's key", do: "`pulumi refresh --preview-only --expect-no-changes` shows what was changed by hand in the key's policy; `pulumi up` puts it back"},
	{words: words(`(?i)AccessDenied|Access Denied|Status Code: 403`),
		cause: "S3 denies access", do: "the path must lie in the job's own bucket (`restore.from`, flinkConfiguration); `pulumi refresh --preview-only --expect-no-changes` shows a role or bucket policy that was changed by hand, `pulumi up` puts it back"},
	{words: words(`transaction timeout is larger than the maximum`),
		cause: "the Kafka sink's transaction.timeout.ms is above the broker's transaction.max.timeout.ms (15 min by default)", do: "in the job's code set the sink's transaction.timeout.ms to 900000 or what the broker allows, push, and set `image`"},
	{words: words(`InvalidPidMappingException|InvalidPidMapping`),
		cause: "the broker has forgotten the sink's transactional ids: the state is older than transactional.id.expiration.ms (7 days by default)", do: "give the sink a new uid in the code, set `image`, `allowNonRestoredState: true`, and `restore` to the same savepoint with a raised `request`"},
	{words: words(`(?i)JAAS config|Login module control flag|Value not specified for key '[^']*' in JAAS`),
		cause: "the Kafka credential in Vault cannot be carried in a JAAS line", do: "put a password without a line end: `vault kv put MOUNT/SECRET username=... password=@file`, the file made with printf; then raise `restart.request`"},
	{words: words(`SaslAuthenticationException|Authentication failed`),
		cause: "Kafka refuses the credential", do: "compare username, password and `kafka.mechanism` with the broker's user; after `vault kv put` raise `restart.request`, with `upgradeMode: last-state` for that update where the job does not run"},
	{words: words(`SslAuthenticationException|SSL handshake failed|SSLHandshakeException|PKIX path`),
		cause: "TLS to a server fails: its certificate is not trusted", do: "build the certificate authority into the image's truststore, or name the server as its certificate does"},
	{words: words(`(\w+)AuthorizationException|Not authorized to access`),
		cause: "Kafka refuses the job's user (${1}Authorization)", do: "let whoever keeps the brokers give the user the right to the topic, group or transactional id that is named"},
	{words: words(`UnknownTopicOrPartitionException|does not host this topic-partition`),
		cause: "a Kafka topic does not exist", do: "write `kafka.topics` as the broker has it, or make the topic"},
	{words: words(`No resolvable bootstrap urls|Timed out waiting for a node assignment`),
		cause: "no Kafka broker can be reached", do: "compare the bootstrap servers in `args` or `podTemplate` with the brokers', and the network policy's egress"},
	{words: words(`(?i)max(?:imum)? parallelism`),
		cause: "the state was written with another maximum parallelism", do: "set `maxParallelism` (or `parallelism`) back to the number of the savepoint's job: it cannot change while state is kept"},
	{words: words(`Failed to rollback to checkpoint/savepoint (\S+?)\. Cannot map checkpoint/savepoint state for operator (\w+)`),
		cause: "the image has no operator $2 for the state of $1", do: "set the `image` that wrote that state, or give the operator its old uid in the code. Only when the state may be lost: `allowNonRestoredState: true`"},
	{words: words(`StateMigrationException|must not be incompatible`),
		cause: "the image's serializers do not read the state's type", do: "set the `image` that wrote that state, or let the code keep the old type"},
	{words: words(`Cannot find (?:meta ?data file|checkpoint or savepoint)`),
		cause: "there is no savepoint at the path to start from", do: "`aws s3 ls s3://BUCKET/savepoints/`; write `restore: {from: PATH, request: N}` with a folder that holds _metadata, N one more than the last"},
	{words: words(`OutOfMemoryError: Metaspace`),
		cause: "the JVM is out of metaspace", do: "flinkConfiguration: {jobmanager.memory.jvm-metaspace.size: 512m}, or taskmanager.memory.jvm-metaspace.size where a TaskManager says it"},
	{words: words(`OutOfMemoryError: Direct buffer memory|OutOfMemoryError: .*direct buffer memory`),
		cause: "the JVM is out of direct memory", do: "flinkConfiguration: {jobmanager.memory.off-heap.size: 256m}, or taskmanager.memory.task.off-heap.size where a TaskManager says it"},
	{words: words(`OutOfMemoryError: unable to create (?:new )?native thread`),
		cause: "the pod may start no more threads", do: "ask for the node's limit of processes in a pod (kubelet: podPidsLimit)"},
	{words: words(`OutOfMemoryError`),
		cause: "the JVM is out of heap", do: "raise `jobManager.memory`, or `taskManager.memory` where a TaskManager says it; a heap that grows again is held by the job's own code"},
	{words: words(`Could not start rest endpoint on any port in port range (\S+)`),
		cause: "port $1 of the pod is in use", do: "take the other listener out of `podTemplate` (a sidecar, hostNetwork); 8081, 6123, 6124, 6126 and 9249 are Flink's"},
	{words: words(`BindException|Address already in use`),
		cause: "a port of the pod is in use", do: "take the other listener out of `podTemplate` (a sidecar, hostNetwork); 8081, 6123, 6124, 6126 and 9249 are Flink's"},
	quota, podSecurity, webhook,
	{words: words(`is forbidden: User "([^"]+)" cannot (\w+) resource "([^"]+)"`),
		cause: "$1 may not $2 $3", do: "`pulumi refresh`, `pulumi up` put the job's Role and RoleBinding back"},
	{words: words(`UnknownHostException: ([\w.-]+)`),
		cause: "the name $1 does not resolve in the pods", do: "mend the name where it is set, or the network policy's egress to DNS"},
	{words: words(`IllegalConfigurationException`),
		cause: "Flink refuses its configuration", do: "change the setting that is named, under flinkConfiguration or the one that makes it (docs/settings.md)"},
	{weak: true, words: words(`NoResourceAvailableException|Could not acquire the minimum required resources`),
		cause: "the job waits for TaskManagers", do: "look at their pods: `kubectl -n NAMESPACE get pods -l app=JOB,component=taskmanager`; lower `parallelism` where there is no room"},
	{weak: true, words: words(`The main method caused an error`),
		cause: "the job's main() throws", do: "mend the code or `args`, push, and set `image`"},
}

// Refusals of a pod, in events and, for TaskManagers, in JobManager's log.
var (
	quota = kind{words: words(`exceeded quota: ([^,\s]+)`),
		cause: "the ResourceQuota $1 leaves no room", do: "raise that quota, or lower `jobManager`/`taskManager` cpu and memory or `parallelism`; an upgrade needs the old pods' room only after they are gone"}
	podSecurity = kind{words: words(`violates PodSecurity "([^"]+)"`),
		cause: "the namespace's Pod Security Standard $1 refuses the pods", do: "take out of `podTemplate` what the message names, or give its container the securityContext that is asked for"}
	webhook = kind{words: words(`admission webhook "([^"]+)" denied|failed calling webhook "([^"]+)"`),
		cause: "the admission webhook $1$2 refuses the pods", do: "change what its message names in `podTemplate`; where it does not answer, ask who keeps it"}
)

// match of a text, with the kind's texts filled in.
func (k kind) match(text string) (cause, do string, matched bool) {
	at := k.words.FindStringSubmatchIndex(text)
	if at == nil || k.but != nil && k.but.MatchString(text) {
		return "", "", false
	}
	fill := func(template string) string { return string(k.words.ExpandString(nil, template, text, at)) }
	if k.edit != nil {
		return fill(k.cause), k.edit(k.words.FindStringSubmatch(text)), true
	}
	return fill(k.cause), fill(k.do), true
}

// otherValue is the edit for a value of the wrong type. Before 1.19 many of
// Flink's times are plain numbers of milliseconds.
func otherValue(groups []string) string {
	value, key := groups[1], groups[2]
	if d, err := time.ParseDuration(strings.ReplaceAll(value, " ", "")); err == nil && value != "0" {
		return "flinkConfiguration: {" + key + `: "` + strconv.FormatInt(d.Milliseconds(), 10) + `"}, plain milliseconds in this version of Flink`
	}
	return "flinkConfiguration: write " + key + " with the type that this version of Flink documents"
}

// judge finds the most certain kind in a chain, and in it the deepest failure:
// the chain's words from there on tell the rest.
func judge(s stack) (cause, do string, from int, rank rank) {
	for _, k := range kinds {
		for i := len(s.chain) - 1; i >= 0; i-- {
			if cause, do, matched := k.match(s.chain[i].String()); matched {
				if k.weak {
					return cause, do, i, weaklyKnown
				}
				return cause, do, i, known
			}
		}
	}
	cause, do = "Flink stops the job", "read on in the job's log; where it came with the last change, set the `image` before it"
	if slices.ContainsFunc(s.chain, func(f failure) bool { return f.at != "" }) {
		cause, do = "the job's own code throws", "mend the code, push, and set `image`; where it came with the last change, set the `image` before it"
	}
	return cause, do, 0, unknown
}
