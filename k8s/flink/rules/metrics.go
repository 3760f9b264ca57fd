package rules

import (
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

// datadogReporter begins the class names of Flink's Datadog reporter.
const datadogReporter = "org.apache.flink.metrics.datadog."

var metricsRules = []validation.Rule[Input]{
	{
		ID: "metrics-secret", Severity: validation.Refuse, Looks: "metrics.mode, metrics.secret",
		Reason: "the HTTP reporter sends nothing without Datadog's key, and the key reaches Flink through Vault only",
		Fix:    "the path of the secret with the field api_key, such as payments/datadog; or metrics.mode agent, which needs none",
		Source: "Flink: DatadogHttpReporterFactory; guide: no key on disk, no Secret in git",
		Check: func(s Input) []validation.Finding {
			secret := s.Job.Metrics.Secret
			if s.Job.Metrics.Mode == "http" {
				return when(secret == "", "metrics.secret", "")
			}
			if secret == "" {
				return nil
			}
			return []validation.Finding{{
				Path: "metrics.secret", Value: secret,
				Reason: "nothing in this metrics.mode reads Datadog's key, and every pod would hold it", Fix: "nothing; or metrics.mode http",
			}}
		},
	},
	{
		ID: "metrics-reporter", Severity: validation.Refuse, Looks: "flinkConfiguration: metrics.reporter.*",
		Reason: "a reporter to Datadog that is written by hand gets no key from Vault, or another key than the one that is judged",
		Fix:    "nothing here; metrics.mode http and metrics.secret",
		Source: "Flink: DatadogHttpReporterFactory; guide: metrics.reporter.dghttp",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, k := range s.added() {
				reporter := strings.HasPrefix(k, "metrics.reporter.") && strings.HasPrefix(s.text(k), datadogReporter)
				found = append(found, when(reporter, key(k), s.text(k))...)
			}
			return found
		},
	},
	{
		ID: "metrics-entry-point", Severity: validation.Refuse, Looks: "metrics.mode, flinkConfiguration: kubernetes.entry.path",
		Reason: "the entry point that hands the reporter its key would not be started",
		Fix:    "nothing: leave the key out, and put what else must start first into " + flink.MetricsEntryPoint + " of the image",
		Source: "Flink: kubernetes.entry.path, CmdJobManagerDecorator and CmdTaskManagerDecorator",
		Check: func(s Input) []validation.Finding {
			const k = "kubernetes.entry.path"
			return when(s.Job.Metrics.Mode == "http" && s.text(k) != flink.MetricsEntryPoint, key(k), s.text(k))
		},
	},
	{
		ID: "metrics-site", Severity: validation.Refuse, Looks: "metrics.mode, datadog.site",
		Reason: "the HTTP reporter of Flink 1.18 knows two of Datadog's sites, and this stack's is neither: no metric would arrive",
		Fix:    "agent; or datadog.site datadoghq.com or datadoghq.eu", Source: "Flink: DataCenter of the Datadog reporter",
		Check: func(s Input) []validation.Finding {
			_, known := flink.DataCenters[s.Stack.DatadogSite]
			return when(s.Job.Metrics.Mode == "http" && !known, "metrics.mode", "http, with datadog.site "+s.Stack.DatadogSite)
		},
	},
}
