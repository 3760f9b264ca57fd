package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"flink-payments/components/settings"
	"flink-payments/infra/observe"
	"flink-payments/k8s/flink/rules"
	"flink-payments/k8s/validation"
)

// A broken file of testdata/rules is named RULE.yaml, RULE.2.yaml and so on. It
// changes production so that this rule is broken, and says what is then reported.
type broken struct {
	// Patch is merged over the configuration of Pulumi.prod.yaml as RFC 7396
	// says: maps key by key, null takes a key away, everything else replaces. A
	// map of indices over a list changes these elements; the index after the
	// last one begins as a copy of the first.
	Patch map[string]any `json:"patch"`
	// Violations are what the rule reports: by path, the value that it shows
	// ("" where it shows none).
	Violations map[string]string `json:"violations"`
	// With are other rules that always go with it, by name, reported in the same way.
	With map[string]map[string]string `json:"with"`
}

func brokenFile(t testing.TB, path string) broken {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file broken
	if err := yaml.UnmarshalStrict(content, &file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return file
}

// ruleOf is the rule that a file is named by.
func ruleOf(path string) string {
	rule, _, _ := strings.Cut(filepath.Base(path), ".")
	return rule
}

// merge applies a patch to a value.
func merge(to, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	if list, ok := to.([]any); ok {
		list = slices.Clone(list)
		for _, key := range slices.Sorted(maps.Keys(changes)) {
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i > len(list) || len(list) == 0 {
				return patch
			}
			if i == len(list) {
				list = append(list, plain(list[0]))
			}
			list[i] = merge(list[i], changes[key])
		}
		return list
	}
	merged := map[string]any{}
	if at, ok := to.(map[string]any); ok {
		merged = maps.Clone(at)
	}
	for key, change := range changes {
		if change == nil {
			delete(merged, key)
		} else {
			merged[key] = merge(merged[key], change)
		}
	}
	return merged
}

func (b broken) change(config map[string]any) {
	merged := merge(config, b.Patch).(map[string]any)
	clear(config)
	maps.Copy(config, merged)
}

// judged are the violations of production, changed.
func judged(t testing.TB, changes ...change) validation.Violations {
	t.Helper()
	_, found := loaded(t, changes...)
	return found
}

func loaded(t testing.TB, changes ...change) (settings.Settings, validation.Violations) {
	t.Helper()
	config := production(t, changes...)
	var read settings.Settings
	var found validation.Violations
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		read, found = settings.Load(ctx)
		return nil
	}, pulumi.WithMocks(settings.Project, "prod", &graph{}), func(info *pulumi.RunInfo) { info.Config = config })
	if err != nil {
		t.Fatal(err)
	}
	return read, found.Sorted()
}

// known are the ids of every rule, the tables together.
func known() []string {
	ids := slices.Collect(maps.Keys(observe.Rules))
	for _, r := range settings.FileRules {
		ids = append(ids, r.ID)
	}
	for _, r := range settings.Rules {
		ids = append(ids, r.ID)
	}
	for _, r := range rules.Rules {
		ids = append(ids, r.ID)
	}
	for _, r := range rules.OperatorRules {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestEveryRuleHasASettingsFileThatOnlyItRefuses(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ids := known()
	for _, id := range ids {
		if !slices.Contains(files, filepath.Join("testdata", "rules", id+".yaml")) {
			t.Errorf("no settings file breaks the rule %s", id)
		}
	}
	usual := judged(t)
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			rule, file := ruleOf(path), brokenFile(t, path)
			if !slices.Contains(ids, rule) {
				t.Fatalf("no rule is called %s", rule)
			}
			want := map[string]map[string]string{rule: file.Violations}
			maps.Copy(want, file.With)
			// What production itself is warned of is no news.
			found := slices.DeleteFunc(judged(t, file.change), func(v validation.Violation) bool {
				v.Path = strings.Replace(v.Path, "jobs[1]", "jobs[0]", 1) // another job is production's, with another name
				return slices.Contains(usual, v)
			})
			got := map[string]map[string]string{}
			for _, v := range found {
				if got[v.Rule] == nil {
					got[v.Rule] = map[string]string{}
				}
				got[v.Rule][v.Path] = v.Value
				if v.Reason == "" || v.Fix == "" || v.Fix == v.Value {
					t.Errorf("this says too little:\n%s", v)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("violations are\n%v\nexpected are\n%v\n%v", got, want, found)
			}
			refusals := found.Of(validation.Refuse)
			g := run(t, true, file.change)
			if len(refusals) == 0 {
				if g.err != nil || len(g.nodes) == 0 {
					t.Errorf("a warning stops the program: %v", g.err)
				}
				return
			}
			if g.err == nil {
				t.Fatal("the program went on")
			}
			if len(g.nodes) != 0 || len(g.lookups) != 0 {
				t.Errorf("%d resources were registered, %d lookups made", len(g.nodes), len(g.lookups))
			}
			text := g.err.Error()
			for _, v := range refusals {
				for _, part := range []string{v.Path + ": ", v.Value, v.Reason, v.Fix, v.Rule} {
					if !strings.Contains(text, part) {
						t.Errorf("the error does not say %q:\n%s", part, text)
					}
				}
			}
			if named := len(ruleLine.FindAllString(text, -1)); named != len(refusals) {
				t.Errorf("the error names %d violations, there are %d:\n%s", named, len(refusals), text)
			}
			if strings.Contains(text, "canary") {
				t.Errorf("a secret is shown:\n%s", text)
			}
		})
	}
}

var ruleLine = regexp.MustCompile(`(?m)^ +rule: `)

func TestProductionIsRefusedByNoRuleAndWarnedOfItsFlinkVersionOnly(t *testing.T) {
	for _, v := range judged(t) {
		if v.Severity != validation.Warn || v.Rule != "flink-version-deprecated" {
			t.Errorf("production breaks a rule:\n%s", v)
		}
	}
}

// Whatever changes production: either a rule says so, or the whole program runs.
func FuzzSettingsThatPassRunTheWholeProgram(f *testing.F) {
	files, err := filepath.Glob("testdata/rules/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		patch, err := json.Marshal(brokenFile(f, path).Patch)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(patch)
	}
	for _, patch := range []string{
		`{"flink-payments:jobs":{"0":{"parallelism":2,"taskManager":{"cpu":0.5,"slots":1},"state":{"expectedSize":"1Gi"}}}}`,
		`{"flink-payments:jobs":{"0":{"suspended":true,"savepoint":{"request":2,"interval":"6h"},"restart":{"request":1}}}}`,
		`{"flink-payments:jobs":{"0":{"podTemplate":{"spec":{"tolerations":[{"key":"a","operator":"Exists"}],"priority":7}}}}}`,
		`{"flink-payments:jobs":{"0":{"args":["--a","b"],"entryClass":"a.B","metrics":{"mode":"none"},"alerts":{"enabled":false}}}}`,
		`{"aws:region":"cn-north-1","flink-payments:aws":{"accountId":null},"flink-payments:datadog":{"enabled":false}}`,
		`{"flink-payments:platform":{"operator":{"existing":true,"crds":{"existing":true}},"certManager":{"existing":true},"existingNamespaces":["payments"]}}`,
	} {
		f.Add([]byte(patch))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var patch map[string]any
		if json.Unmarshal(data, &patch) != nil || patch == nil {
			t.Skip("no patch")
		}
		change := broken{Patch: patch}.change
		read, found := loaded(t, change)
		if read.Cluster.Context != "" {
			t.Skip("this is read from a kubeconfig, not from the settings")
		}
		g := run(t, true, change)
		switch refused := found.Err(); {
		case refused == nil && (g.err != nil || len(g.nodes) == 0):
			t.Errorf("no rule refuses %s, and the program fails: %v", data, g.err)
		case refused != nil && (g.err == nil || len(g.nodes) != 0):
			t.Errorf("%s is refused, and %d resources are registered: %v", data, len(g.nodes), refused)
		}
	})
}
