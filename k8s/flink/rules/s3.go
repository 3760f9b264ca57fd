package rules

import (
	"regexp"
	"slices"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

var (
	s3Plugin = regexp.MustCompile(`^flink-s3-fs-(presto|hadoop)-(\d+\.\d+)\.\d+\.jar$`)
	// s3Prefixes are handed on to the plugins' clients.
	s3Prefixes = regexp.MustCompile(`^(fs\.|presto\.|hive\.)?s3[ap]?\.`)
)

// builtInPlugins are the jars that the image's entry point enables: what the
// pod template says wins over plugins.builtIn.
func (s Input) builtInPlugins() (jars []string, path string) {
	list, path := s.Job.Plugins.BuiltIn, "plugins.builtIn"
	for _, c := range s.containers() {
		if c.name != flink.MainContainer {
			continue
		}
		for _, e := range c.env {
			if e.name == "ENABLE_BUILT_IN_PLUGINS" {
				list, path = e.value, e.path
			}
		}
	}
	for _, jar := range strings.Split(list, ";") {
		if jar = strings.TrimSpace(jar); jar != "" {
			jars = append(jars, jar)
		}
	}
	return jars, path
}

var s3Rules = []validation.Rule[Input]{
	{
		ID: "s3-plugin", Severity: validation.Refuse, Looks: "plugins.s3, plugins.builtIn, podTemplate: ENABLE_BUILT_IN_PLUGINS",
		Reason: "Flink needs one S3 plugin and gets none or two: UnsupportedFileSystemException, or either of them by chance",
		Fix:    "presto (for checkpoints), and at most that one jar under builtIn",
		Source: "guide: common pitfalls (wrong S3 filesystem plugin)",
		Check: func(s Input) []validation.Finding {
			kind := s.Job.Plugins.S3
			if kind != "presto" && kind != "hadoop" {
				return []validation.Finding{{Path: "plugins.s3", Value: kind, Reason: "there are two S3 plugins, and this is neither: s3:// paths would have no file system", Fix: "presto or hadoop"}}
			}
			jars, path := s.builtInPlugins()
			own := 0
			for _, jar := range jars {
				if parts := s3Plugin.FindStringSubmatch(jar); parts != nil {
					if parts[1] != kind {
						return []validation.Finding{{Path: path, Value: jar, Reason: "plugins.s3 is " + kind + ", and this enables the other one: with both, or the wrong one, s3:// paths fail", Fix: "flink-s3-fs-" + kind + "-VERSION.jar, or leave it out"}}
					}
					own++
				}
			}
			if len(jars) > 0 && own != 1 {
				return []validation.Finding{{Path: path, Value: strings.Join(jars, ";"), Reason: "this does not name the one jar of the S3 plugin, so that s3:// paths would have no file system", Fix: "flink-s3-fs-" + kind + "-VERSION.jar, with the image's Flink version, or leave it out when the image has it under plugins/"}}
			}
			return nil
		},
	},
	{
		ID: "s3-plugin-version", Severity: validation.Refuse, Looks: "plugins.builtIn, flinkVersion",
		Reason: "the image of this Flink version holds no such jar: the pods would end as soon as they start",
		Fix:    "the jar of the image's own Flink version, such as flink-s3-fs-presto-1.18.1.jar",
		Source: "flink-docker: ENABLE_BUILT_IN_PLUGINS",
		Check: func(s Input) []validation.Finding {
			jars, path := s.builtInPlugins()
			var found []validation.Finding
			for _, jar := range jars {
				parts := s3Plugin.FindStringSubmatch(jar)
				if parts != nil && strings.HasPrefix(s.Job.FlinkVersion, "v") && "v"+strings.ReplaceAll(parts[2], ".", "_") != s.Job.FlinkVersion {
					found = append(found, validation.Finding{Path: path, Value: jar})
				}
			}
			return found
		},
	},
	{
		ID: "s3-credentials-provider", Severity: validation.Refuse, Looks: "flinkConfiguration: s3.*credentials*",
		Reason: "the client finds the role's web identity by itself, and only while no provider is named: this key breaks IRSA",
		Fix:    "nothing: leave the key out",
		Source: "Flink 1.18: flink-s3-fs-presto (web identity needs no provider key)",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range s.added() {
				lower := strings.ToLower(k)
				if s3Prefixes.MatchString(lower) && (strings.Contains(lower, "credentials") || strings.HasSuffix(lower, "iam-role")) && !secretName(k) {
					found = append(found, validation.Finding{Path: key(k), Value: s.text(k)})
				}
			}
			return found
		},
	},
	{
		ID: "s3-entropy", Severity: validation.Refuse, Looks: "flinkConfiguration: s3.entropy.*",
		Reason: "entropy puts random text before the root, where the role may not write: every checkpoint would fail",
		Fix:    "nothing: leave the key out",
		Source: "the job's IAM policy goes by prefix; Flink docs: S3 entropy injection",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range s.added() {
				found = append(found, when(s3Prefixes.MatchString(k) && strings.Contains(k, "entropy"), key(k), s.text(k))...)
			}
			return found
		},
	},
	{
		ID: "s3-plaintext", Severity: validation.Refuse, Looks: "flinkConfiguration: s3.endpoint, s3.*ssl.enabled",
		Reason: "the bucket's policy denies requests without TLS, and state would cross the network in the clear",
		Fix:    "an https:// endpoint, or leave the key out",
		Source: "the bucket's policy: aws:SecureTransport",
		Check: func(s Input) []validation.Finding {
			endpoint := strings.ToLower(s.text("s3.endpoint"))
			found := when(!strings.HasPrefix(endpoint, "https://"), s.at("s3.endpoint", ""), s.text("s3.endpoint"))
			for _, k := range s.added() {
				ssl := s3Prefixes.MatchString(k) && strings.HasSuffix(k, "ssl.enabled")
				found = append(found, when(ssl && s.is(k, "false"), key(k), s.text(k))...)
			}
			return found
		},
	},
}

// secretParts are the words by which Flink hides a value in its logs and its
// UI (GlobalConfiguration), and the S3 clients' own.
var secretParts = []string{
	"password", "passwd", "secret", "apikey", "api-key", "token", "jaas.config", "auth-params", "service-key", "basic-auth", "http-headers",
	"fs.azure.account.key", "access-key", "access.key", "accesskey", "private-key", "privatekey",
}

// notSecret are keys with such a word that hold a name or a switch.
var notSecret = []*regexp.Regexp{
	regexp.MustCompile(`^kubernetes\.(secrets|env\.secretkeyref)$`),
	regexp.MustCompile(`^security\.delegation\.token`),
	regexp.MustCompile(`[._-](file|path|dir|location|enabled)$`),
}

// secretName tells whether a key, a variable or an argument of this name holds a secret.
func secretName(name string) bool {
	name = strings.ToLower(name)
	if slices.ContainsFunc(notSecret, func(p *regexp.Regexp) bool { return p.MatchString(name) }) {
		return false
	}
	// Environment variables write _ where keys write - or a dot.
	dashed := strings.ReplaceAll(name, "_", "-")
	return slices.ContainsFunc(secretParts, func(part string) bool {
		return strings.Contains(name, part) || strings.Contains(dashed, part)
	})
}

// secretValue is what only a secret looks like, under whatever name: an AWS
// access key, a private key, a password given in the middle of an option.
var secretValue = regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|(?i)(password|passwd|secret|token|api-?key|access-?key)\s*=\s*["']?[^\s"';/]`)

const hidden = "(not shown: it may be a secret)"

var secretRules = []validation.Rule[Input]{
	{
		ID: "secret-in-configuration", Severity: validation.Refuse, Looks: "flinkConfiguration",
		Reason: "flinkConfiguration becomes a ConfigMap, in clear, and is in this program's state and in git",
		Fix:    "leave it out: S3 by the job's role, Kafka by kafka.secret and Datadog by metrics.secret in Vault",
		Source: "guide: no key on disk, no Secret in git; Flink: GlobalConfiguration, sensitive keys",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range s.added() {
				value := s.Job.FlinkConfiguration[k]
				found = append(found, when(secretName(k) || secretValue.MatchString(value), key(k), hidden)...)
			}
			return found
		},
	},
	{
		ID: "secret-in-arguments", Severity: validation.Refuse, Looks: "args",
		Reason: "arguments stand in clear in the FlinkDeployment and in every pod's specification",
		Fix:    "the path of the file that Vault renders: " + flink.CredentialFile,
		Source: "Flink native Kubernetes: entry point arguments end up in every TaskManager's pod",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for i, arg := range s.Job.Args {
				name, value, assigned := strings.Cut(arg, "=")
				broken := secretValue.MatchString(arg)
				if flag := strings.TrimLeft(name, "-"); secretName(flag) && flag != "" {
					next := i+1 < len(s.Job.Args) && !strings.HasPrefix(s.Job.Args[i+1], "-")
					option := strings.HasPrefix(arg, "-")
					broken = broken || assigned && value != "" && !strings.HasPrefix(value, "/") ||
						!assigned && option && next && !strings.HasPrefix(s.Job.Args[i+1], "/")
				}
				found = append(found, when(broken, indexed("args", i), hidden)...)
			}
			return found
		},
	},
	{
		ID: "secret-in-environment", Severity: validation.Refuse, Looks: "podTemplate: containers[].env",
		Reason: "a literal value stands in clear in the FlinkDeployment, in every pod and in this program's state",
		Fix:    "valueFrom, or the file that Vault renders: " + flink.CredentialFile,
		Source: "guide: no Secrets in git; Kubernetes docs: environment variables",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, c := range s.containers() {
				for _, e := range c.env {
					literal := e.value != "" && !strings.HasPrefix(e.value, "/")
					found = append(found, when(literal && (secretName(e.name) || secretValue.MatchString(e.value)), e.path, hidden)...)
				}
			}
			return found
		},
	},
}
