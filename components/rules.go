package components

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"flink-payments/infra/observe"
	"flink-payments/infra/policy"
	"flink-payments/k8s/flink"
	"flink-payments/k8s/rules"
)

// Judge returns every violation of the stack's rules and, for each job, of the
// job's. The settings are defaulted. Paths are full configuration keys.
func Judge(s Settings) rules.Violations {
	found := rules.Judge(Rules, s)
	found = append(found, rules.Judge(flink.OperatorRules, s.Platform.Operator.Version).Under("platform.operator")...)
	for i, job := range s.Jobs {
		found = append(found, flink.Judge(job.Job, s.site(job)).Under(jobPath(i, ""))...)
		if s.Datadog.Enabled {
			found = append(found, alertViolations(s.observed(job), job.Alerts).Under(jobPath(i, "alerts"))...)
		}
	}
	for i, v := range found {
		if v.Path != regionKey && v.Path != disableDefaultProviders {
			found[i].Path = Project + ":" + v.Path
		}
	}
	return found.Sorted()
}

// alertViolations are observe's findings as violations.
func alertViolations(job observe.Job, alerts observe.Alerts) rules.Violations {
	var found rules.Violations
	for _, f := range observe.Check(job, alerts) {
		severity := rules.Refuse
		if f.Warn {
			severity = rules.Warn
		}
		found = append(found, rules.Violation{Rule: f.Rule, Severity: severity, Path: f.Path, Value: f.Value, Reason: f.Reason, Fix: f.Fix})
	}
	return found
}

func jobPath(i int, below string) string { return rules.Join(fmt.Sprintf("jobs[%d]", i), below) }

// site is where a job runs, as far as the settings say.
func (s Settings) site(j JobSettings) flink.Site {
	partition := policy.PartitionOf(s.Region)
	return flink.Site{
		Region:            s.Region,
		DNSSuffix:         partition.DNSSuffix,
		OperatorVersion:   s.Platform.Operator.Version,
		WatchedNamespaces: s.watchedNamespaces(),
		Environment:       s.Environment,
		Team:              s.Team,
		VaultAuthPath:     s.Vault.AuthPath,
		VaultMount:        s.Vault.Mount,
		DatadogSite:       s.Datadog.Site,
		Labels:            s.labels(j.Name),
	}
}

// observed is what the monitors need to know of a job.
func (s Settings) observed(j JobSettings) observe.Job {
	return observe.Job{
		Name: j.Name, Namespace: j.Namespace, Environment: s.Environment, Team: s.Team,
		CheckpointInterval: time.Duration(j.Checkpoints.Interval), CheckpointTimeout: time.Duration(j.Checkpoints.Timeout),
		CheckpointMinPause: time.Duration(j.Checkpoints.MinPause), TolerableFailures: j.Checkpoints.TolerableFailures, TaskManagers: j.TaskManagers(), Suspended: j.Suspended,
	}
}

// watchedNamespaces are the jobs', sorted, or those of an existing operator; nil: all.
func (s Settings) watchedNamespaces() []string {
	if s.Platform.Operator.Existing {
		return s.Platform.Operator.WatchedNamespaces
	}
	return s.jobNamespaces()
}

func (s Settings) jobNamespaces() []string {
	var namespaces []string
	for _, job := range s.Jobs {
		namespaces = append(namespaces, job.Namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces)
}

const regionKey = "aws:region"

// Rules judge a stack's settings; a job's own rules are flink.Rules.
var Rules = slices.Concat(accountRules, clusterRules, platformRules, vaultRules, stackRules, jobListRules, consoleRules)

var accountRules = []rules.Rule[Settings]{
	{
		ID: "region", Severity: rules.Refuse, Looks: regionKey,
		Reason: "this is no region's name, and the provider, the bucket and Flink's S3 endpoint are bound to one", Fix: "a region such as ap-south-1",
		Source: "AWS: regions and endpoints",
		Check: func(s Settings) []rules.Finding {
			return unless(regionPattern.MatchString(s.Region), regionKey, s.Region)
		},
	},
	{
		ID: "account-id", Severity: rules.Refuse, Looks: "aws.accountId",
		Reason: "an account is twelve digits; it keeps ambient credentials from reaching another account",
		Fix:    `the account's twelve digits, in quotes: "123456789012"`, Source: "AWS: account identifiers",
		Check: func(s Settings) []rules.Finding {
			return unless(s.AWS.AccountID == "" || accountPattern.MatchString(s.AWS.AccountID), "aws.accountId", s.AWS.AccountID)
		},
	},
	{
		ID: "administrators", Severity: rules.Refuse, Looks: "aws.administrators",
		Reason: "the bucket policy denies everybody else changes of protection: with nobody named, nobody can ever change it",
		Fix:    "the ARN of the role that runs `pulumi up`, and of a break-glass role: arn:aws:iam::123456789012:role/deployer",
		Source: "AWS: aws:PrincipalArn with ArnNotLike",
		Check: func(s Settings) []rules.Finding {
			if len(s.AWS.Administrators) == 0 {
				return []rules.Finding{{Path: "aws.administrators"}}
			}
			var found []rules.Finding
			for i, arn := range s.AWS.Administrators {
				if !administratorPattern.MatchString(arn) {
					found = append(found, rules.Finding{
						Path: fmt.Sprintf("aws.administrators[%d]", i), Value: arn,
						Reason: "this is not the ARN of an IAM role, user or account root; a session's ARN (sts) or a bare * never means one person",
					})
				}
			}
			return found
		},
	},
	{
		ID: "administrators-job", Severity: rules.Refuse, Looks: "aws.administrators, aws.erasers",
		Reason: "it exempts a job's own role from the protection of its state",
		Fix:    "the roles of people and pipelines by name: arn:aws:iam::123456789012:role/deployer", Source: "design: the job may not weaken what protects its state",
		Check: func(s Settings) []rules.Finding {
			var found []rules.Finding
			for list, arns := range map[string][]string{"administrators": s.AWS.Administrators, "erasers": s.AWS.Erasers} {
				for i, arn := range arns {
					exempts := func(j JobSettings) bool {
						account := cmp.Or(s.AWS.AccountID, strings.Split(arn+":::::", ":")[4])
						return policy.Covers([]string{arn}, policy.PartitionOf(s.Region).RoleARN(account, s.AWS.RolePath, j.Identity.RoleName))
					}
					found = append(found, unless(!slices.ContainsFunc(s.Jobs, exempts), fmt.Sprintf("aws.%s[%d]", list, i), arn)...)
				}
			}
			return found
		},
	},
	{
		ID: "erasers", Severity: rules.Refuse, Looks: "aws.erasers",
		Reason: "this is not the ARN of an IAM role, user or account root",
		Fix:    "arn:aws:iam::123456789012:role/NAME, or nothing: then nobody can delete a version for ever", Source: "AWS: aws:PrincipalArn with ArnNotLike",
		Check: func(s Settings) []rules.Finding {
			var found []rules.Finding
			for i, arn := range s.AWS.Erasers {
				found = append(found, unless(administratorPattern.MatchString(arn), fmt.Sprintf("aws.erasers[%d]", i), arn)...)
			}
			return found
		},
	},
	{
		ID: "permissions-boundary", Severity: rules.Refuse, Looks: "aws.permissionsBoundary",
		Reason: "a permissions boundary is the ARN of a managed policy", Fix: "arn:aws:iam::123456789012:policy/NAME, or nothing",
		Source: "AWS: CreateRole",
		Check: func(s Settings) []rules.Finding {
			return unless(s.AWS.PermissionsBoundary == "" || policyARNPattern.MatchString(s.AWS.PermissionsBoundary),
				"aws.permissionsBoundary", s.AWS.PermissionsBoundary)
		},
	},
	{
		ID: "role-path", Severity: rules.Refuse, Looks: "aws.rolePath",
		Reason: "IAM paths begin and end with a slash", Fix: "/ or /flink/", Source: "AWS: CreateRole",
		Check: func(s Settings) []rules.Finding {
			return unless(rolePathPattern.MatchString(s.AWS.RolePath), "aws.rolePath", s.AWS.RolePath)
		},
	},
	{
		ID: "log-retention", Severity: rules.Refuse, Looks: "aws.logRetentionDays",
		Reason: "access logs answer who reached the state; a retention below one day keeps none", Fix: "a number of days, such as 365",
		Source: "AWS: PutBucketLifecycleConfiguration",
		Check: func(s Settings) []rules.Finding {
			return unless(s.AWS.LogRetentionDays >= 1, "aws.logRetentionDays", fmt.Sprint(s.AWS.LogRetentionDays))
		},
	},
	{
		ID: "tags", Severity: rules.Refuse, Looks: "tags",
		Reason: "AWS refuses it, or the program sets it itself", Fix: "at most 40 tags of letters, digits, spaces and _.:/=+-@, none that begins with aws: or is service, environment, team, managed-by, in capitals or not",
		Source: "AWS: tag naming limits; IAM: tag keys do not differ by capitals alone",
		Check: func(s Settings) []rules.Finding {
			var found []rules.Finding
			taken := map[string]bool{"service": true}
			for key := range s.baseTags() {
				taken[key] = true
			}
			for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
				folded, value := strings.ToLower(key), s.Tags[key]
				if taken[folded] || strings.HasPrefix(folded, "aws:") || key == "" || !tagPattern.MatchString(key+value) ||
					utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256 {
					found = append(found, rules.Finding{Path: "tags." + key, Value: value})
				}
				taken[folded] = true
			}
			if len(s.Tags) > 40 {
				found = append(found, rules.Finding{Path: "tags", Value: fmt.Sprint(len(s.Tags), " tags")})
			}
			return found
		},
	},
}

var clusterRules = []rules.Rule[Settings]{
	{
		ID: "cluster-name", Severity: rules.Refuse, Looks: "cluster.name",
		Reason: "without the cluster's name, whatever a kubeconfig points at would get production", Fix: "the EKS cluster's name, such as kv-prod",
		Source: "AWS: CreateCluster",
		Check: func(s Settings) []rules.Finding {
			return unless(clusterPattern.MatchString(s.Cluster.Name), "cluster.name", s.Cluster.Name)
		},
	},
	{
		ID: "cluster-kubeconfig", Severity: rules.Refuse, Looks: "cluster.kubeconfig, cluster.context",
		Reason: "a kubeconfig's current context changes under one's feet", Fix: "cluster.context: the context's name beside it",
		Source: "design: providers are explicit",
		Check: func(s Settings) []rules.Finding {
			return unless(s.Cluster.Kubeconfig == "" || s.Cluster.Context != "", "cluster.kubeconfig", s.Cluster.Kubeconfig)
		},
	},
	{
		ID: "oidc-issuer", Severity: rules.Refuse, Looks: "cluster.oidcIssuer",
		Reason: "the trust policy names the issuer without https://; anything but an https URL is not one",
		Fix:    "https://oidc.eks.REGION.amazonaws.com/id/ID, or nothing: it is looked up", Source: "AWS: IRSA",
		Check: func(s Settings) []rules.Finding {
			return unless(s.Cluster.OIDCIssuer == "" || isURL(s.Cluster.OIDCIssuer, "https"), "cluster.oidcIssuer", s.Cluster.OIDCIssuer)
		},
	},
	{
		ID: "default-providers", Severity: rules.Refuse, Looks: disableDefaultProviders,
		Reason: "a default provider takes its account, region or cluster from the environment of whoever runs the program",
		Fix:    `["aws", "kubernetes", "vault", "datadog"]`, Source: "Pulumi: disabling default providers",
		Check: func(s Settings) []rules.Finding {
			var missing []string
			for _, name := range []string{"aws", "kubernetes", "vault", "datadog"} {
				if !slices.Contains(s.DisabledDefaultProviders, name) && !slices.Contains(s.DisabledDefaultProviders, "*") {
					missing = append(missing, name)
				}
			}
			if missing == nil {
				return nil
			}
			return []rules.Finding{{
				Path: disableDefaultProviders, Value: strings.Join(s.DisabledDefaultProviders, ", "),
			}}
		},
	},
}

var platformRules = []rules.Rule[Settings]{
	{
		ID: "operator-version", Severity: rules.Refuse, Looks: "platform.operator.version",
		Reason: "the program knows the operator from 1.10.0 (FlinkStateSnapshot) on, by a full version", Fix: `a version such as "1.10.0", in quotes`,
		Source: "operator's releases",
		Check: func(s Settings) []rules.Finding {
			v := operatorPattern.FindStringSubmatch(s.Platform.Operator.Version)
			return unless(v != nil && len(v[1]) >= 2, "platform.operator.version", s.Platform.Operator.Version)
		},
	},
	{
		ID: "cert-manager-version", Severity: rules.Refuse, Looks: "platform.certManager.version",
		Reason: "cert-manager's chart versions begin with a v", Fix: "v1.15.3", Source: "cert-manager's chart repository",
		Check: func(s Settings) []rules.Finding {
			return unless(certManagerPattern.MatchString(s.Platform.CertManager.Version), "platform.certManager.version", s.Platform.CertManager.Version)
		},
	},
	{
		ID: "chart-repository", Severity: rules.Refuse, Looks: "platform.*.chart, platform.*.repository",
		Reason: "a chart's name goes with the http(s) URL of a repository; a directory or an oci:// reference goes without one",
		Fix:    "https://HOST/PATH/ with a name in chart, or nothing with a path in chart", Source: "Helm: chart repositories",
		Check: func(s Settings) []rules.Finding {
			well := func(chart, repository string) bool {
				return inRepository(chart) && isURL(repository, "https", "http") || !inRepository(chart) && repository == ""
			}
			cm, op := s.Platform.CertManager, s.Platform.Operator
			return slices.Concat(
				unless(well(cm.Chart, cm.Repository), "platform.certManager.repository", cm.Repository),
				unless(well(op.Chart, op.Repository), "platform.operator.repository", op.Repository),
			)
		},
	},
	{
		ID: "operator-crds-path", Severity: rules.Refuse, Looks: "platform.operator.chart, platform.operator.crds",
		Reason: "CRDs cannot be read out of an OCI chart", Fix: "platform.operator.crds.path: a directory of the CRD files, or crds.existing: true",
		Source: "design: CRDs go up before the operator",
		Check: func(s Settings) []rules.Finding {
			op := s.Platform.Operator
			unread := strings.HasPrefix(op.Chart, "oci://") && op.CRDs == CRDsSettings{} && !op.Existing
			return unless(!unread, "platform.operator.chart", op.Chart)
		},
	},
	{
		ID: "operator-replicas", Severity: rules.Refuse, Looks: "platform.operator.replicas",
		Reason: "an operator that is not there upgrades nothing", Fix: "2", Source: "operator's chart",
		Check: func(s Settings) []rules.Finding {
			return unless(s.Platform.Operator.Replicas >= 1, "platform.operator.replicas", fmt.Sprint(s.Platform.Operator.Replicas))
		},
	},
	{
		ID: "platform-namespaces", Severity: rules.Refuse, Looks: "platform.*.namespace, platform.existingNamespaces, datadog.agentNamespace",
		Reason: "a namespace is a DNS label of at most 63 characters", Fix: "lower-case letters, digits and -, such as flink-operator",
		Source: "Kubernetes: RFC 1123 labels",
		Check: func(s Settings) []rules.Finding {
			found := slices.Concat(
				unless(labelPattern.MatchString(s.Platform.CertManager.Namespace), "platform.certManager.namespace", s.Platform.CertManager.Namespace),
				unless(labelPattern.MatchString(s.Platform.Operator.Namespace), "platform.operator.namespace", s.Platform.Operator.Namespace),
				unless(labelPattern.MatchString(s.Datadog.AgentNamespace), "datadog.agentNamespace", s.Datadog.AgentNamespace),
			)
			for i, namespace := range s.Platform.ExistingNamespaces {
				found = append(found, unless(labelPattern.MatchString(namespace), fmt.Sprintf("platform.existingNamespaces[%d]", i), namespace)...)
			}
			return found
		},
	},
	{
		ID: "platform-timeouts", Severity: rules.Refuse, Looks: "platform.*.timeout",
		Reason: "a release that may not take any time always fails", Fix: "10m", Source: "Helm: --timeout",
		Check: func(s Settings) []rules.Finding {
			return slices.Concat(
				unless(s.Platform.CertManager.Timeout >= flink.Second, "platform.certManager.timeout", s.Platform.CertManager.Timeout.String()),
				unless(s.Platform.Operator.Timeout >= flink.Second, "platform.operator.timeout", s.Platform.Operator.Timeout.String()),
			)
		},
	},
	{
		ID: "operator-single-replica", Severity: rules.Warn, Looks: "platform.operator.replicas",
		Reason: "while the only operator restarts, no job recovers its JobManager Deployment or takes a savepoint", Fix: "2",
		Source: "operator: leader election",
		Check: func(s Settings) []rules.Finding {
			return unless(s.Platform.Operator.Replicas != 1 || s.Platform.Operator.Existing, "platform.operator.replicas", "1")
		},
	},
}

var vaultRules = []rules.Rule[Settings]{
	{
		ID: "vault-address", Severity: rules.Refuse, Looks: "vault.address",
		Reason: "no URL stands here, and without one the provider takes whatever VAULT_ADDR says", Fix: "https://HOST:8200", Source: "Vault provider: address",
		Check: func(s Settings) []rules.Finding {
			return unless(isURL(s.Vault.Address, "https", "http"), "vault.address", s.Vault.Address)
		},
	},
	{
		ID: "vault-tls", Severity: rules.Refuse, Looks: "vault.address",
		Reason: "a token crosses the network in clear", Fix: "https://HOST:8200", Source: "Vault: production hardening",
		Check: func(s Settings) []rules.Finding {
			return unless(!isURL(s.Vault.Address, "http") || isLoopback(s.Vault.Address), "vault.address", s.Vault.Address)
		},
	},
	{
		ID: "vault-paths", Severity: rules.Refuse, Looks: "vault.authPath, vault.mount",
		Reason: "a mount's path is written without slashes at its ends, without auth/ and without data/", Fix: "kubernetes and secret, or the paths that `vault auth list` and `vault secrets list` show, without the slash",
		Source: "Vault: mount paths",
		Check: func(s Settings) []rules.Finding {
			return slices.Concat(
				unless(mountPattern.MatchString(s.Vault.AuthPath) && !strings.HasPrefix(s.Vault.AuthPath, "auth/"), "vault.authPath", s.Vault.AuthPath),
				unless(mountPattern.MatchString(s.Vault.Mount) && !strings.HasSuffix(s.Vault.Mount, "/data"), "vault.mount", s.Vault.Mount),
			)
		},
	},
}

var stackRules = []rules.Rule[Settings]{
	{
		ID: "environment", Severity: rules.Refuse, Looks: "environment, team",
		Reason: "it becomes a label, a tag and a metric's tag: Kubernetes takes no spaces, and Datadog makes capitals small",
		Fix:    "at most 63 lower-case letters, digits, -, _ and ., a letter or digit at both ends, such as prod or payments",
		Source: "Kubernetes: label values; Datadog: tags",
		Check: func(s Settings) []rules.Finding {
			return slices.Concat(
				unless(labelValuePattern.MatchString(s.Environment), "environment", s.Environment),
				unless(labelValuePattern.MatchString(s.Team), "team", s.Team),
			)
		},
	},
	{
		ID: "datadog-site", Severity: rules.Refuse, Looks: "datadog.site",
		Reason: "Datadog has no such site", Fix: "one of " + strings.Join(datadogSites, ", "), Source: "Datadog: sites",
		Check: func(s Settings) []rules.Finding {
			return unless(slices.Contains(datadogSites, s.Datadog.Site), "datadog.site", s.Datadog.Site)
		},
	},
}

var jobListRules = []rules.Rule[Settings]{
	{
		ID: "jobs", Severity: rules.Refuse, Looks: "jobs",
		Reason: "a stack without jobs would tear down every job it had", Fix: "at least one job; to take everything away use `pulumi destroy`",
		Source: "design: one entry per job",
		Check:  func(s Settings) []rules.Finding { return unless(len(s.Jobs) > 0, "jobs", "") },
	},
	shared("job-name-shared", "name", "stack outputs, monitors and resources are named by the job",
		func(j JobSettings) string { return j.Name }),
	shared("bucket-shared", "state.bucket", "a job's role reads and deletes everything in its bucket: two jobs in one would reach each other's state",
		func(j JobSettings) string { return j.State.Bucket }),
	sharedWithin(func(j JobSettings) string { return j.Namespace },
		"service-account-shared", "serviceAccount", "a ServiceAccount has one IAM role: the jobs would reach each other's state and credential",
		func(j JobSettings) string { return j.ServiceAccount }),
	shared("vault-role-shared", "kafka.vaultRole", "the second role would overwrite the first",
		func(j JobSettings) string { return j.Kafka.VaultRole }),
	shared("vault-policy-shared", "kafka.vaultPolicy", "the second policy would overwrite the first",
		func(j JobSettings) string { return j.Kafka.VaultPolicy }),
	shared("iam-policy-shared", "identity.policyName", "IAM names are unique in an account",
		func(j JobSettings) string { return j.Identity.PolicyName }),
	shared("iam-role-shared", "identity.roleName", "IAM names are unique in an account",
		func(j JobSettings) string { return j.Identity.RoleName }),
	{
		ID: "iam-names", Severity: rules.Refuse, Looks: "jobs[].identity",
		Reason: "the name is too long for IAM, or has a character that IAM refuses", Fix: "letters, digits and +=,.@_-; a role at most 64 characters, a policy 128", Source: "AWS: IAM name limits",
		Check: func(s Settings) []rules.Finding {
			var found []rules.Finding
			for i, j := range s.Jobs {
				// A name that was derived from a wrong cluster name is no second mistake.
				derived := j.Identity.RoleName == roleName(s.Cluster.Name, j) && !clusterPattern.MatchString(s.Cluster.Name)
				found = append(found, unless(derived || iamPattern.MatchString(j.Identity.RoleName) && len(j.Identity.RoleName) <= 64,
					jobPath(i, "identity.roleName"), j.Identity.RoleName)...)
				found = append(found, unless(iamPattern.MatchString(j.Identity.PolicyName) && len(j.Identity.PolicyName) <= 128,
					jobPath(i, "identity.policyName"), j.Identity.PolicyName)...)
			}
			return found
		},
	},
}

// shared refuses two jobs that have the same of something that must be their own.
// IAM and Vault do not tell capitals from small letters; the other names have no capitals.
func shared(id, path, reason string, of func(JobSettings) string) rules.Rule[Settings] {
	return sharedWithin(func(JobSettings) string { return "" }, id, path, reason, of)
}

// sharedWithin is shared for what must be a job's own within something only.
func sharedWithin(within func(JobSettings) string, id, path, reason string, of func(JobSettings) string) rules.Rule[Settings] {
	return rules.Rule[Settings]{
		ID: id, Severity: rules.Refuse, Looks: "jobs[]." + path, Reason: reason,
		Fix: "another " + path + " for this job", Source: "design: one job, one bucket, one identity",
		Check: func(s Settings) []rules.Finding {
			first := map[[2]string]int{}
			var found []rules.Finding
			for i, job := range s.Jobs {
				name := of(job)
				key := [2]string{within(job), strings.ToLower(name)}
				if at, taken := first[key]; taken && name != "" {
					found = append(found, rules.Finding{
						Path: jobPath(i, path), Value: name,
						Reason: fmt.Sprintf("jobs[%d] (%s) has the same: %s", at, s.Jobs[at].Name, reason),
					})
				} else {
					first[key] = i
				}
			}
			return found
		},
	}
}

func unless(good bool, path, value string) []rules.Finding {
	if good {
		return nil
	}
	return []rules.Finding{{Path: path, Value: value}}
}

func isURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && slices.Contains(schemes, u.Scheme)
}

// isLoopback tells a URL of this very machine, where nothing crosses a network.
func isLoopback(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

var (
	regionPattern        = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d+$`)
	accountPattern       = regexp.MustCompile(`^\d{12}$`)
	administratorPattern = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/\S+)$`)
	policyARNPattern     = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(\d{12}|aws):policy/\S+$`)
	rolePathPattern      = regexp.MustCompile(`^/([!-.0-~]+/)*$`)
	clusterPattern       = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)
	operatorPattern      = regexp.MustCompile(`^1\.(\d+)\.\d+$`)
	certManagerPattern   = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	labelPattern         = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	labelValuePattern    = regexp.MustCompile(`^[a-z0-9]([-_.a-z0-9]{0,61}[a-z0-9])?$`)
	tagPattern           = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	mountPattern         = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*$`)
	iamPattern           = regexp.MustCompile(`^[\w+=,.@-]+$`)
	datadogSites         = []string{"datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "datadoghq.eu", "ap1.datadoghq.com", "ap2.datadoghq.com", "ddog-gov.com", "us2.ddog-gov.com"}
)
