package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"flink-payments/k8s/manifest"
	"flink-payments/k8s/validation"
)

var (
	// deploymentName is DefaultValidator's: at most 45 characters.
	deploymentName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,43}[a-z0-9])?$`)
	dnsLabel       = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	bucketName     = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	ipAddress      = regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+$`)
	// accountKeys win over spec.serviceAccount, or name another one beside it.
	accountKeys = []string{"kubernetes.jobmanager.service-account", "kubernetes.taskmanager.service-account", "kubernetes.service-account"}

	reservedBucketPrefixes = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	reservedBucketSuffixes = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}
)

var nameRules = []validation.Rule[Input]{
	{
		ID: "job-name", Severity: validation.Refuse, Looks: "name",
		Reason: "the operator refuses the name, and with it the job",
		Fix:    "at most 45 lower-case letters, digits and -, a letter first, no - last: fraud-scoring",
		Source: "operator: DefaultValidator, deployment name",
		Check: func(s Input) []validation.Finding {
			return when(!deploymentName.MatchString(s.Job.Name), "name", s.Job.Name)
		},
	},
	{
		ID: "dns-label", Severity: validation.Refuse, Looks: "namespace, serviceAccount",
		Reason: "Kubernetes takes a DNS label only, and the role's trust policy names both",
		Fix:    "at most 63 lower-case letters, digits and -, no - first or last: payments",
		Source: "Kubernetes: object names (RFC 1123 label)",
		Check: func(s Input) []validation.Finding {
			found := when(!dnsLabel.MatchString(s.Job.Namespace), "namespace", s.Job.Namespace)
			// An empty account is service-account-default's.
			broken := s.Job.ServiceAccount != "" && !dnsLabel.MatchString(s.Job.ServiceAccount)
			return append(found, when(broken, "serviceAccount", s.Job.ServiceAccount)...)
		},
	},
	{
		ID: "service-account-default", Severity: validation.Refuse, Looks: "serviceAccount",
		Reason: "every pod without an account of its own runs as default: the bucket would be open to all of them",
		Fix:    "an account of the job's own, such as flink: the program makes it and binds the role to it",
		Source: "guide: common pitfalls (IRSA not bound); operator: DefaultValidator, serviceAccount",
		Check: func(s Input) []validation.Finding {
			return when(s.Job.ServiceAccount == "" || s.Job.ServiceAccount == "default", "serviceAccount", s.Job.ServiceAccount)
		},
	},
	{
		ID: "service-account-override", Severity: validation.Refuse, Looks: "flinkConfiguration, podTemplate",
		Reason: "the role trusts the account of serviceAccount only: pods of another one get no access to the bucket, and the high-availability directory cannot be written",
		Fix:    "the account under serviceAccount, and nothing here",
		Source: "guide: common pitfalls (HA directory not writable); Flink docs: kubernetes.*.service-account",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range s.added() {
				if slices.Contains(accountKeys, k) {
					found = append(found, validation.Finding{Path: key(k), Value: s.text(k)})
				}
			}
			for _, field := range []string{"serviceAccountName", "serviceAccount"} {
				if value, set := manifest.SpecOf(s.Job.PodTemplate)[field]; set {
					found = append(found, validation.Finding{Path: "podTemplate.spec." + field, Value: fmt.Sprint(value)})
				}
			}
			return found
		},
	},
	{
		ID: "namespace-not-watched", Severity: validation.Refuse, Looks: "namespace, the operator's watched namespaces",
		Reason: "the API server takes the FlinkDeployment, and then nothing ever happens: the operator does not look there",
		Fix:    "a namespace that the operator watches, or this one added to platform.operator.watchedNamespaces",
		Source: "guide: common pitfalls (operator watching the wrong namespace)",
		Check: func(s Input) []validation.Finding {
			watched := s.Stack.WatchedNamespaces
			return when(len(watched) > 0 && !slices.Contains(watched, s.Job.Namespace), "namespace", s.Job.Namespace)
		},
	},
	{
		ID: "bucket-name", Severity: validation.Refuse, Looks: "state.bucket",
		Fix:    "3 to 63 lower-case letters, digits and -, a letter or digit at both ends: kv-flink-state-payments-prod",
		Reason: "AWS refuses the name",
		Source: "AWS: general purpose bucket naming rules",
		Check: func(s Input) []validation.Finding {
			name := s.Job.State.Bucket
			reason := bucketFault(name)
			if reason == "" {
				return nil
			}
			return []validation.Finding{{Path: "state.bucket", Value: name, Reason: reason}}
		},
	},
	{
		ID: "bucket-name-dots", Severity: validation.Warn, Looks: "state.bucket",
		Reason: "AWS' certificate does not cover a name with dots as a host: clients fall back to path-style requests, which AWS is giving up",
		Fix:    "the name with - in place of each dot",
		Source: "AWS: bucket naming rules (dots), virtual hosting of buckets",
		Check: func(s Input) []validation.Finding {
			name := s.Job.State.Bucket
			return when(bucketFault(name) == "" && strings.Contains(name, "."), "state.bucket", name)
		},
	},
	{
		ID: "vault-path", Severity: validation.Refuse, Looks: "kafka.secret, metrics.secret, vault.mount",
		Reason: "the program puts the mount and data/ before the path", Fix: "the path below the mount: payments/kafka",
		Source: "Vault docs: KV version 2, paths",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, secret := range []struct{ setting, path string }{
				{"kafka.secret", s.Job.Kafka.Secret}, {"metrics.secret", s.Job.Metrics.Secret},
			} {
				if reason := vaultPathFault(secret.path, s.Stack.VaultMount); reason != "" {
					found = append(found, validation.Finding{Path: secret.setting, Value: secret.path, Reason: reason})
				}
			}
			return found
		},
	},
}

// vaultPathFault says why a path below a mount is not one secret's; "" where it is, or is missing.
func vaultPathFault(path, mount string) string {
	switch mount := strings.Trim(mount, "/"); {
	case path == "":
		return ""
	case strings.HasPrefix(path, "data/") || strings.HasPrefix(path, mount+"/data/"):
		return "the path already holds data/: the program adds it, and the agent would ask for data/data"
	case mount != "" && strings.HasPrefix(path, mount+"/"):
		return "the path begins with the mount: the program adds it, and the agent would ask for " + mount + "/data/" + mount
	case strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.Contains(path, "//"):
		return "Vault takes no slash first, last or twice in a path"
	case strings.ContainsAny(path, " \t\r\n\"'`{}*+\\") || slices.Contains(strings.Split(path, "/"), ".."):
		return "a policy or a template would read it as something other than one secret's path"
	}
	return ""
}

// bucketFault says why AWS refuses a bucket's name; "" where it does not.
func bucketFault(name string) string {
	starts := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	ends := func(suffix string) bool { return strings.HasSuffix(name, suffix) }
	switch {
	case name == "":
		return "the job has no bucket: its state would live nowhere"
	case len(name) < 3 || len(name) > 63:
		return fmt.Sprintf("AWS takes 3 to 63 characters, not %d", len(name))
	case !bucketName.MatchString(name):
		return "AWS takes lower-case letters, digits, - and . only, with a letter or digit at both ends"
	case strings.Contains(name, ".."):
		return "AWS takes no two dots in a row"
	case ipAddress.MatchString(name):
		return "AWS takes no name in the form of an IP address"
	case slices.ContainsFunc(reservedBucketPrefixes, starts):
		return "AWS keeps the prefixes " + strings.Join(reservedBucketPrefixes, ", ") + " for itself"
	case slices.ContainsFunc(reservedBucketSuffixes, ends):
		return "AWS keeps the suffixes " + strings.Join(reservedBucketSuffixes, ", ") + " for itself"
	}
	return ""
}
