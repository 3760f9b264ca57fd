package settings

import (
	"slices"
	"strings"

	"flink-payments/k8s/validation"
)

var stackRules = []validation.Rule[Settings]{
	{
		ID: "environment", Severity: validation.Refuse, Looks: "environment, team",
		Reason: "it becomes a label, a tag and a metric's tag: Kubernetes takes no spaces, and Datadog makes capitals small",
		Fix:    "at most 63 lower-case letters, digits, -, _ and ., a letter or digit at both ends, such as prod or payments",
		Source: "Kubernetes: label values; Datadog: tags",
		Check: func(s Settings) []validation.Finding {
			return slices.Concat(
				unless(labelValuePattern.MatchString(s.Environment), "environment", s.Environment),
				unless(labelValuePattern.MatchString(s.Team), "team", s.Team),
			)
		},
	},
	{
		ID: "datadog-site", Severity: validation.Refuse, Looks: "datadog.site",
		Reason: "Datadog has no such site", Fix: "one of " + strings.Join(datadogSites, ", "), Source: "Datadog: sites",
		Check: func(s Settings) []validation.Finding {
			return unless(slices.Contains(datadogSites, s.Datadog.Site), "datadog.site", s.Datadog.Site)
		},
	},
}
