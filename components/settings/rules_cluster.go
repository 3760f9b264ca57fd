package settings

import (
	"slices"
	"strings"

	"flink-payments/k8s/validation"
)

var clusterRules = []validation.Rule[Settings]{
	{
		ID: "cluster-name", Severity: validation.Refuse, Looks: "cluster.name",
		Reason: "without the cluster's name, whatever a kubeconfig points at would get production", Fix: "the EKS cluster's name, such as kv-prod",
		Source: "AWS: CreateCluster",
		Check: func(s Settings) []validation.Finding {
			return unless(clusterPattern.MatchString(s.Cluster.Name), "cluster.name", s.Cluster.Name)
		},
	},
	{
		ID: "cluster-kubeconfig", Severity: validation.Refuse, Looks: "cluster.kubeconfig, cluster.context",
		Reason: "a kubeconfig's current context changes under one's feet", Fix: "cluster.context: the context's name beside it",
		Source: "design: providers are explicit",
		Check: func(s Settings) []validation.Finding {
			return unless(s.Cluster.Kubeconfig == "" || s.Cluster.Context != "", "cluster.kubeconfig", s.Cluster.Kubeconfig)
		},
	},
	{
		ID: "cluster-role", Severity: validation.Refuse, Looks: "cluster.roleArn, cluster.context",
		Reason: "the cluster's token is asked for as a role, and not at all with a kubeconfig, which says itself who asks",
		Fix:    "arn:aws:iam::123456789012:role/NAME without cluster.context, or nothing: the caller's own identity",
		Source: "AWS: aws eks get-token --role-arn",
		Check: func(s Settings) []validation.Finding {
			c := s.Cluster
			return unless(c.RoleARN == "" || rolePattern.MatchString(c.RoleARN) && c.Context == "", "cluster.roleArn", c.RoleARN)
		},
	},
	{
		ID: "oidc-issuer", Severity: validation.Refuse, Looks: "cluster.oidcIssuer",
		Reason: "the trust policy names the issuer without https://; anything but an https URL is not one",
		Fix:    "https://oidc.eks.REGION.amazonaws.com/id/ID, or nothing: it is looked up", Source: "AWS: IRSA",
		Check: func(s Settings) []validation.Finding {
			return unless(s.Cluster.OIDCIssuer == "" || isURL(s.Cluster.OIDCIssuer, "https"), "cluster.oidcIssuer", s.Cluster.OIDCIssuer)
		},
	},
	{
		ID: "default-providers", Severity: validation.Refuse, Looks: disableDefaultProviders,
		Reason: "a default provider takes its account, region or cluster from the environment of whoever runs the program",
		Fix:    `["aws", "kubernetes", "vault", "datadog"]`, Source: "Pulumi: disabling default providers",
		Check: func(s Settings) []validation.Finding {
			var missing []string
			for _, name := range []string{"aws", "kubernetes", "vault", "datadog"} {
				if !slices.Contains(s.DisabledDefaultProviders, name) && !slices.Contains(s.DisabledDefaultProviders, "*") {
					missing = append(missing, name)
				}
			}
			if missing == nil {
				return nil
			}
			return []validation.Finding{{
				Path: disableDefaultProviders, Value: strings.Join(s.DisabledDefaultProviders, ", "),
			}}
		},
	},
}
