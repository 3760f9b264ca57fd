package tests

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"flink-payments/infra/observe"
	"flink-payments/k8s/flink"
)

func TestTheReportersKeyReachesThePodsThroughVaultAndNothingElse(t *testing.T) {
	g := run(t, true, broken{Patch: map[string]any{"flink-payments:jobs": map[string]any{
		"0": map[string]any{"metrics": map[string]any{"mode": "http", "secret": "payments/datadog"}},
	}}}.change)
	if g.err != nil {
		t.Fatal(g.err)
	}
	policy := g.one(t, "vault:index/policy:Policy", "fraud-scoring-credential-policy").Inputs.Mappable()["policy"].(string)
	for _, secret := range []string{"payments/kafka", "payments/datadog"} {
		if !strings.Contains(policy, `path "secret/data/`+secret+`" {`) {
			t.Errorf("the pods' role does not read %s: %s", secret, policy)
		}
	}
	if strings.Count(policy, "path ") != 2 {
		t.Errorf("the pods' role reads more: %s", policy)
	}
	for _, n := range g.nodes {
		text := jsonOf(t, n.Registered.GetObject())
		if n.Type == deploymentType {
			if !strings.Contains(text, "agent-inject-template-datadog-api-key") || !strings.Contains(text, `"kubernetes.entry.path":"`+flink.MetricsEntryPoint) {
				t.Error("the FlinkDeployment asks for no key, or starts what does not use it")
			}
		}
		if strings.Contains(strings.ToLower(text), "dghttp.apikey") {
			t.Errorf("%s holds the reporter's key", n.Name)
		}
	}
}

// A monitor over a name that nobody sends is silent for ever, or alerts for ever.
func TestTheMonitorsReadWhatTheJobSendsInBothModes(t *testing.T) {
	site := flink.Stack{Region: "ap-south-1", DNSSuffix: "amazonaws.com", OperatorVersion: "1.10.0", Environment: "prod", Team: "payments"}
	job := flink.Job{Name: "fraud-scoring", Namespace: "payments", ServiceAccount: "flink", FlinkVersion: "v1_18",
		Image: "registry/payments/fraud-scoring:1.4.0", Parallelism: 6, State: flink.State{Bucket: "b"}}

	job.Metrics.Mode = "http"
	configuration := job.WithDefaults().Configuration(site)
	tags := strings.Split(configuration["metrics.reporter.dghttp.tags"], ",")
	for _, tag := range []string{"service:fraud-scoring", "env:prod", "version:1.4.0"} {
		if !slices.Contains(tags, tag) {
			t.Errorf("queries filter or split by %s, and the reporter sends %v", tag, tags)
		}
	}
	for _, m := range observe.Metrics() {
		if got := m.HTTP(configuration); got != m.Name {
			t.Errorf("by HTTP %s is called %q", m.Name, got)
		}
	}

	job.Metrics.Mode = "agent"
	document, err := json.Marshal(flink.Deployment(job.WithDefaults(), site))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range observe.Metrics() {
		// The annotation is JSON inside the document's JSON.
		asked := strings.Contains(string(document), `\"`+m.Prometheus()+`\":\"`+m.Extra()+`\"`)
		if asked == m.Mapped {
			t.Errorf("%s: the Agent's check maps it: %v; the annotation asks for it: %v", m.Prometheus(), m.Mapped, asked)
		}
	}
	for _, label := range []string{`"tags.datadoghq.com/service":"fraud-scoring"`, `"tags.datadoghq.com/env":"prod"`, `"tags.datadoghq.com/version":"1.4.0"`} {
		if !strings.Contains(string(document), label) {
			t.Errorf("the pods have no label %s", label)
		}
	}
}
