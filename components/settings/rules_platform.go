package settings

import (
	"fmt"
	"slices"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

var platformRules = []validation.Rule[Settings]{
	{
		ID: "operator-version", Severity: validation.Refuse, Looks: "platform.operator.version",
		Reason: "the program knows the operator from 1.10.0 (FlinkStateSnapshot) on, by a full version", Fix: `a version such as "1.10.0", in quotes`,
		Source: "operator's releases",
		Check: func(s Settings) []validation.Finding {
			v := operatorPattern.FindStringSubmatch(s.Platform.Operator.Version)
			return unless(v != nil && len(v[1]) >= 2, "platform.operator.version", s.Platform.Operator.Version)
		},
	},
	{
		ID: "cert-manager-version", Severity: validation.Refuse, Looks: "platform.certManager.version",
		Reason: "cert-manager's chart versions begin with a v", Fix: "v1.15.3", Source: "cert-manager's chart repository",
		Check: func(s Settings) []validation.Finding {
			return unless(certManagerPattern.MatchString(s.Platform.CertManager.Version), "platform.certManager.version", s.Platform.CertManager.Version)
		},
	},
	{
		ID: "chart-repository", Severity: validation.Refuse, Looks: "platform.*.chart, platform.*.repository",
		Reason: "a chart's name goes with the http(s) URL of a repository; a directory or an oci:// reference goes without one",
		Fix:    "https://HOST/PATH/ with a name in chart, or nothing with a path in chart", Source: "Helm: chart repositories",
		Check: func(s Settings) []validation.Finding {
			well := func(r Release) bool {
				return r.inRepository() && isURL(r.Repository, "https", "http") || !r.inRepository() && r.Repository == ""
			}
			cm, op := s.Platform.CertManager, s.Platform.Operator
			return slices.Concat(
				unless(well(cm.Release), "platform.certManager.repository", cm.Repository),
				unless(well(op.Release), "platform.operator.repository", op.Repository),
			)
		},
	},
	{
		ID: "operator-crds-path", Severity: validation.Refuse, Looks: "platform.operator.chart, platform.operator.crds",
		Reason: "CRDs cannot be read out of an OCI chart", Fix: "platform.operator.crds.path: a directory of the CRD files, or crds.existing: true",
		Source: "design: CRDs go up before the operator",
		Check: func(s Settings) []validation.Finding {
			op := s.Platform.Operator
			unread := strings.HasPrefix(op.Chart, "oci://") && op.CRDs == CRDs{} && !op.Existing
			return unless(!unread, "platform.operator.chart", op.Chart)
		},
	},
	{
		ID: "operator-replicas", Severity: validation.Refuse, Looks: "platform.operator.replicas",
		Reason: "an operator that is not there upgrades nothing", Fix: "2", Source: "operator's chart",
		Check: func(s Settings) []validation.Finding {
			return unless(s.Platform.Operator.Replicas >= 1, "platform.operator.replicas", fmt.Sprint(s.Platform.Operator.Replicas))
		},
	},
	{
		ID: "platform-namespaces", Severity: validation.Refuse, Looks: "platform.*.namespace, platform.existingNamespaces, datadog.agentNamespace",
		Reason: "a namespace is a DNS label of at most 63 characters", Fix: "lower-case letters, digits and -, such as flink-operator",
		Source: "Kubernetes: RFC 1123 labels",
		Check: func(s Settings) []validation.Finding {
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
		ID: "platform-timeouts", Severity: validation.Refuse, Looks: "platform.*.timeout",
		Reason: "a release that may not take any time always fails", Fix: "10m", Source: "Helm: --timeout",
		Check: func(s Settings) []validation.Finding {
			return slices.Concat(
				unless(s.Platform.CertManager.Timeout >= flink.Second, "platform.certManager.timeout", s.Platform.CertManager.Timeout.String()),
				unless(s.Platform.Operator.Timeout >= flink.Second, "platform.operator.timeout", s.Platform.Operator.Timeout.String()),
			)
		},
	},
	{
		ID: "operator-single-replica", Severity: validation.Warn, Looks: "platform.operator.replicas",
		Reason: "while the only operator restarts, no job recovers its JobManager Deployment or takes a savepoint", Fix: "2",
		Source: "operator: leader election",
		Check: func(s Settings) []validation.Finding {
			return unless(s.Platform.Operator.Replicas != 1 || s.Platform.Operator.Existing, "platform.operator.replicas", "1")
		},
	},
}
