package tests

import (
	"fmt"
	"strings"
	"testing"
)

func TestAWrongSettingIsRefusedBeforeAnythingIsRegistered(t *testing.T) {
	for _, preview := range []bool{true, false} {
		g := run(t, preview,
			set("KV-prod!", "flink-payments:cluster", "name"),
			job(set("stateless", "upgradeMode"), set(1, "jobManager", "replicas"), set("fraud", "imagee")))
		if g.err == nil {
			t.Fatal("the program went on")
		}
		// A key that nobody knows is judged first: what it was meant for is not known.
		if text := g.err.Error(); !strings.Contains(text, "flink-payments:jobs[0].imagee") || !strings.Contains(text, "image") {
			t.Error(text)
		}
		if len(g.nodes) != 0 || len(g.lookups) != 0 {
			t.Errorf("%d resources and %d lookups", len(g.nodes), len(g.lookups))
		}
	}
}

func TestEveryWrongSettingIsNamedInOneError(t *testing.T) {
	g := run(t, true,
		set("KV-prod!", "flink-payments:cluster", "name"),
		set("http://vault", "flink-payments:vault", "address"),
		job(set("stateless", "upgradeMode"), set("secret/data/payments/kafka", "kafka", "secret")),
		addJob(another("velocity", "payments"), set("kv-flink-state-payments-prod", "state", "bucket")))
	if g.err == nil {
		t.Fatal("the program went on")
	}
	text := g.err.Error()
	for _, path := range []string{
		"flink-payments:cluster.name", "flink-payments:vault.address", "flink-payments:jobs[0].upgradeMode",
		"flink-payments:jobs[0].kafka.secret", "flink-payments:jobs[1].state.bucket",
	} {
		if !strings.Contains(text, path+":") {
			t.Errorf("%s is not named in:\n%s", path, text)
		}
	}
	if len(g.nodes) != 0 || len(g.lookups) != 0 {
		t.Errorf("%d resources and %d lookups", len(g.nodes), len(g.lookups))
	}
}

func TestADeployerWhomThePoliciesWouldLockOutIsRefusedButMayPreview(t *testing.T) {
	others := set([]any{"arn:aws:iam::111122223333:role/somebody-else"}, "flink-payments:aws", "administrators")
	if g := run(t, true, others); g.err != nil {
		t.Errorf("preview: %v", g.err)
	}
	g := run(t, false, others)
	if g.err == nil || !strings.Contains(g.err.Error(), "flink-payments:aws.administrators") {
		t.Fatalf("update: %v", g.err)
	}
	for _, n := range g.nodes {
		if !strings.HasPrefix(n.Type, "pulumi:providers:") {
			t.Errorf("%s was registered", n.Name)
		}
	}
}

func TestPartsThatTheClusterHasAreLeftToTheirOwner(t *testing.T) {
	platform := func(key string) []string { return []string{"flink-payments:platform", key} }
	inBoth(t, func(t *testing.T, g *graph) {
		for _, n := range g.nodes {
			if isRelease(n) || n.Type == crdType || n.Type == "kubernetes:core/v1:Namespace" {
				t.Errorf("%s (%s) is made all the same", n.Name, n.Type)
			}
		}
		g.one(t, deploymentType, "")
	},
		set(map[string]any{"existing": true}, platform("certManager")...),
		set(map[string]any{"existing": true, "version": "1.10.0", "watchedNamespaces": []any{"payments"}}, platform("operator")...),
		set([]any{"payments"}, platform("existingNamespaces")...))
}

func TestEachPartIsSkippedAlone(t *testing.T) {
	for name, c := range map[string]struct {
		change change
		typ    string
		left   int
	}{
		"cert-manager": {set(true, "flink-payments:platform", "certManager", "existing"), "kubernetes:helm.sh/v3:Release", 1},
		"CRDs":         {set(true, "flink-payments:platform", "operator", "crds", "existing"), crdType, 0},
		"a namespace":  {set([]any{"payments"}, "flink-payments:platform", "existingNamespaces"), "kubernetes:core/v1:Namespace", 2},
		"monitors":     {set(false, "flink-payments:datadog", "enabled"), "datadog:index/monitor:Monitor", 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := run(t, false, c.change)
			if g.err != nil {
				t.Fatal(g.err)
			}
			if found := g.all(func(n *node) bool { return n.Type == c.typ }); len(found) != c.left {
				t.Errorf("%d of %s, want %d", len(found), c.typ, c.left)
			}
		})
	}
}

func TestTheCredentialIsNamedAndNeverHeld(t *testing.T) {
	g := run(t, false)
	if g.err != nil {
		t.Fatal(g.err)
	}
	for _, n := range g.nodes {
		if strings.Contains(n.Type, "Secret") || strings.Contains(n.Type, "kv/") || strings.Contains(n.Type, "ConfigMap") {
			t.Errorf("%s (%s) holds values", n.Name, n.Type)
		}
	}
	text := jsonOf(t, g.one(t, deploymentType, "").Registered.GetObject())
	for _, part := range []string{"secret/data/payments/kafka", "agent-pre-populate-only", "ScramLoginModule"} {
		if !strings.Contains(text, part) {
			t.Errorf("the annotations lack %s", part)
		}
	}
}

func TestTwoHundredJobsAreOneStack(t *testing.T) {
	var more []change
	for i := range 199 {
		more = append(more, addJob(another(fmt.Sprintf("job-%d", i), fmt.Sprintf("team-%d", i%10))))
	}
	g := run(t, true, more...)
	if g.err != nil {
		t.Fatal(g.err)
	}
	if found := g.all(func(n *node) bool { return n.Type == deploymentType }); len(found) != 200 {
		t.Errorf("%d jobs", len(found))
	}
	release := jsonOf(t, g.one(t, "kubernetes:helm.sh/v3:Release", "operator-release").Registered.GetObject())
	for i := range 10 {
		if !strings.Contains(release, fmt.Sprintf(`"team-%d"`, i)) {
			t.Errorf("the operator does not watch team-%d", i)
		}
	}
}
