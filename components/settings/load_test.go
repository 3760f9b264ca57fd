package settings

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

// config is a source of configuration values as the engine hands them over:
// text as it is, everything else as JSON.
type config map[string]string

func (c config) GetConfig(key string) (string, bool) { v, ok := c[key]; return v, ok }
func (c config) IsConfigSecret(string) bool          { return false }

func stackFile(t testing.TB, path string) config {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Config map[string]any `json:"config"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	values := config{}
	for key, value := range file.Config {
		if text, ok := value.(string); ok {
			values[key] = text
			continue
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		values[key] = string(encoded)
	}
	return values
}

func prod(t testing.TB) Settings {
	t.Helper()
	var s Settings
	if found := s.read(stackFile(t, "../../Pulumi.prod.yaml")); len(found) > 0 {
		t.Fatal(found)
	}
	return s.withDefaults("prod")
}

func TestProductionSettingsBreakNoRule(t *testing.T) {
	if err := Judge(prod(t)).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestProductionSettingsAreReadAsWritten(t *testing.T) {
	s := prod(t)
	job := s.Jobs[0]
	for name, pair := range map[string][2]any{
		"region":           {s.Region, "ap-south-1"},
		"cluster":          {s.Cluster.Name, "kv-prod"},
		"operator":         {s.Platform.Operator.Version, "1.15.0"},
		"repository":       {s.Platform.Operator.Repository, "https://archive.apache.org/dist/flink/flink-kubernetes-operator-1.15.0/"},
		"cert-manager":     {s.Platform.CertManager.Version, "v1.15.3"},
		"interval":         {job.Checkpoints.Interval, 30 * flink.Second},
		"timeout":          {job.Checkpoints.Timeout, 10 * flink.Minute},
		"pause":            {job.Checkpoints.MinPause, 10 * flink.Second},
		"expectedSize":     {job.State.ExpectedSize, 200 * flink.GiB},
		"parallelism":      {job.Parallelism, 6},
		"slots":            {job.TaskManager.Slots, 2},
		"vault role":       {job.Kafka.VaultRole, "flink-payments"},
		"vault policy":     {job.Kafka.VaultPolicy, "payments-kafka-read"},
		"token ttl":        {job.Kafka.TokenTTL, flink.Hour},
		"IAM policy":       {job.Identity.PolicyName, "kv-flink-state-payments"},
		"IAM role":         {job.Identity.RoleName, "kv-prod-payments-fraud-scoring"},
		"default pulled":   {job.Checkpoints.Retained, 3},
		"watched":          {strings.Join(s.WatchedNamespaces(), ","), "payments"},
		"stack's endpoint": {s.Stack(job).DNSSuffix, "amazonaws.com"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestEveryMistakeOfASettingsFileIsReportedAtOnceByItsPath(t *testing.T) {
	values := stackFile(t, "../../Pulumi.prod.yaml")
	values["flink-payments:cluster"] = `{"nmae":"kv-prod"}`
	values["flink-payments:jobs"] = `[{"name":"a","paralelism":6,"checkpoints":{"intervall":"30s","timeout":"soon"},
	  "parallelism":"six","flinkConfiguration":{"a.b":2},"state":{"expectedSize":200},"taskManager":[1],
	  "jobManager":{"replicas":1.5},"podTemplate":{"spec":{"priority":7,"weights":[1,2.5]}}}]`
	values["flink-payments:platform"] = `{"operator":{"version":1.10}}`
	values["flink-payments:vault"] = `not json`
	var s Settings
	found := s.read(values).Sorted()
	got := map[string]validation.Violation{}
	for _, v := range found {
		got[v.Path] = v
	}
	for path, fix := range map[string]string{
		"flink-payments:cluster.nmae":                    "name",
		"flink-payments:jobs[0].paralelism":              "parallelism",
		"flink-payments:jobs[0].checkpoints.intervall":   "interval",
		"flink-payments:jobs[0].checkpoints.timeout":     "",
		"flink-payments:jobs[0].parallelism":             "",
		"flink-payments:jobs[0].flinkConfiguration[a.b]": "",
		"flink-payments:jobs[0].state.expectedSize":      "",
		"flink-payments:jobs[0].taskManager":             "",
		"flink-payments:jobs[0].jobManager.replicas":     "",
		"flink-payments:platform.operator.version":       "",
		"flink-payments:vault":                           "",
	} {
		v, ok := got[path]
		if !ok {
			t.Errorf("no violation at %s", path)
			continue
		}
		if fix != "" && v.Fix != fix {
			t.Errorf("%s: write %q, want %q", path, v.Fix, fix)
		}
		if v.Reason == "" || v.Fix == "" || v.Severity != validation.Refuse {
			t.Errorf("%s: incomplete: %+v", path, v)
		}
		delete(got, path)
	}
	for path, v := range got {
		t.Errorf("unexpected: %s: %+v", path, v)
	}
}

func TestNumbersOfFreeFormSettingsStayNumbers(t *testing.T) {
	var s Settings
	found := s.read(config{"flink-payments:jobs": `[{"podTemplate":{"spec":{"priority":7,"w":[1,2.5],"on":true}}}]`})
	if len(found) > 0 {
		t.Fatal(found)
	}
	want := map[string]any{"spec": map[string]any{"priority": 7, "w": []any{1, 2.5}, "on": true}}
	if !reflect.DeepEqual(s.Jobs[0].PodTemplate, want) {
		t.Errorf("got %#v", s.Jobs[0].PodTemplate)
	}
}

func TestAnUnknownTopLevelKeyIsRefusedWithTheNearestKnownOne(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"flink-payments:job":"[]","flink-payments:team":"x","other:job":"y"}`)
	found := unknownTopLevel()
	if len(found) != 1 || found[0].Path != "flink-payments:job" || found[0].Fix != "jobs" {
		t.Errorf("got %+v", found)
	}
}

// secret is a source whose every value is a secret.
type secret struct{ config }

func (secret) IsConfigSecret(string) bool { return true }

func TestAWrongSecretSettingIsNeverShown(t *testing.T) {
	var s Settings
	found := s.read(secret{config{"flink-payments:vault": `{"address":["hvs.canary"],"mount":"hvs.canary","hvs.canary":1}`}})
	if len(found) == 0 {
		t.Fatal("no violation")
	}
	for _, v := range found {
		if strings.Contains(v.Value, "canary") {
			t.Errorf("shown: %+v", v)
		}
	}
}

func TestEveryTopLevelSettingIsDeclaredInThePulumiProject(t *testing.T) {
	content, err := os.ReadFile("../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var project struct {
		Config map[string]struct {
			Type        string
			Description string
		}
	}
	if err := yaml.Unmarshal(content, &project); err != nil {
		t.Fatal(err)
	}
	delete(project.Config, "aws:region")
	var s Settings
	for _, key := range topLevelKeys() {
		declared, ok := project.Config[key]
		if !ok || declared.Description == "" {
			t.Errorf("Pulumi.yaml does not describe %s", key)
		}
		if typ := reflect.TypeOf(s.objects()[key]); typ != nil && typ.Elem().Kind() == reflect.Struct {
			for name := range fieldTypes(typ.Elem()) {
				if !strings.Contains(declared.Description, name) {
					t.Errorf("Pulumi.yaml's description of %s does not name %s", key, name)
				}
			}
		}
		delete(project.Config, key)
	}
	for key := range project.Config {
		t.Errorf("Pulumi.yaml declares %s, which nobody reads", key)
	}
}

func FuzzReadNeverPanics(f *testing.F) {
	for key, value := range stackFile(f, "../../Pulumi.prod.yaml") {
		f.Add(key, value)
	}
	f.Add("flink-payments:jobs", `[{"checkpoints":{"interval":{"a":[]}},"kafka":null,"":{"":1}},null,7]`)
	f.Fuzz(func(t *testing.T, key, value string) {
		var s Settings
		if len(s.read(config{key: value})) == 0 {
			Judge(s.withDefaults("fuzz"))
		}
	})
}

func TestSortedViolationsAreTheSameInEveryRun(t *testing.T) {
	s := Settings{}.withDefaults("dev")
	first := Judge(s)
	for range 20 {
		if !slices.Equal(first, Judge(s)) {
			t.Fatal("the order changes")
		}
	}
}
