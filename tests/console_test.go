package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/oauth2proxy"
)

// withConsole gives the first job a console, and the platform what consoles need.
func withConsole(changes ...change) change {
	return func(config map[string]any) {
		set(map[string]any{"ingressClass": "nginx", "ingressNamespace": "ingress-nginx", "trustedProxies": []any{"10.0.0.0/16"}},
			"flink-payments:platform", "console")(config)
		job(set(map[string]any{
			"host": "fraud-scoring.flink.example.com", "tenant": "8f1c2c2e-5d3a-4b57-9a51-0c6c1d2f7a44",
			"clientId": "2b0b6f6a-7c1d-4f0e-8e55-3a9d4c1b2e10", "group": "c0ffee00-1234-4abc-8def-001122334455",
			"secret": "payments/fraud-scoring-console",
		}, "console"))(config)
		for _, change := range changes {
			change(config)
		}
	}
}

func withoutConsole(config map[string]any) {
	job(func(j map[string]any) { delete(j, "console") })(config)
}

const consoleType = "flink-payments:k8s:Console"

func TestThereIsNoConsoleUnlessAJobAsksForOne(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		for _, n := range g.nodes {
			if strings.Contains(n.Name, "console") {
				t.Errorf("%s (%s)", n.Name, n.Type)
			}
		}
		if url := outputOf(t, g, "consoleUrl"); url != "" {
			t.Errorf("consoleUrl is %q", url)
		}
		for _, peer := range restPeers(t, g) {
			if _, named := peer["podSelector"].(map[string]any)["matchLabels"].(map[string]any)["app.kubernetes.io/name"]; named {
				t.Errorf("the REST API is open to %v", peer)
			}
		}
	}, withoutConsole)
}

// outputOf is a plain output of the first job.
func outputOf(t *testing.T, g *graph, name string) any {
	t.Helper()
	value, there := g.outputs.Mappable()["jobs"].(map[string]any)["fraud-scoring"].(map[string]any)[name]
	if !there {
		t.Fatalf("the job has no output %s", name)
	}
	return value
}

// restPeers are the pods of the job's namespace that may reach port 8081.
func restPeers(t *testing.T, g *graph) []map[string]any {
	t.Helper()
	var peers []map[string]any
	policy := g.one(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "fraud-scoring-workload-network-policy").Inputs.Mappable()
	for _, rule := range policy["spec"].(map[string]any)["ingress"].([]any) {
		rule := rule.(map[string]any)
		if fmt.Sprint(rule["ports"].([]any)[0].(map[string]any)["port"]) != "8081" {
			continue
		}
		for _, peer := range rule["from"].([]any) {
			if peer := peer.(map[string]any); peer["podSelector"] != nil {
				peers = append(peers, peer)
			}
		}
	}
	if len(peers) == 0 {
		t.Fatal("nobody reaches port 8081")
	}
	return peers
}

func TestTheConsoleIsTheChartOfTheSettingsWithTheValuesOfThePurePackage(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		release := g.one(t, "kubernetes:helm.sh/v3:Release", "fraud-scoring-console-release")
		inputs := release.Inputs.Mappable()
		for key, want := range map[string]any{
			"name": "fraud-scoring-console", "namespace": "payments", "chart": "oauth2-proxy", "version": "10.7.0",
			"repositoryOpts": map[string]any{"repo": "https://oauth2-proxy.github.io/manifests"}, "atomic": true,
		} {
			if fmt.Sprint(inputs[key]) != fmt.Sprint(want) {
				t.Errorf("%s is %v, not %v", key, inputs[key], want)
			}
		}
		want := oauth2proxy.Values(flink.Job{Name: "fraud-scoring", Namespace: "payments"}, oauth2proxy.Console{
			Host: "fraud-scoring.flink.example.com", Tenant: "8f1c2c2e-5d3a-4b57-9a51-0c6c1d2f7a44",
			ClientID: "2b0b6f6a-7c1d-4f0e-8e55-3a9d4c1b2e10", Group: "c0ffee00-1234-4abc-8def-001122334455",
			Secret: "payments/fraud-scoring-console", VaultRole: "payments-fraud-scoring-console", SessionLength: 8 * flink.Hour,
		}, oauth2proxy.Options{
			VaultAuthPath: "kubernetes", VaultMount: "secret", Labels: map[string]string{
				"service": "fraud-scoring", "environment": "prod", "team": "payments", "managed-by": "pulumi"},
			IngressClass: "nginx", IngressNamespace: "ingress-nginx", TrustedProxies: []string{"10.0.0.0/16"},
		})
		if got, want := fmt.Sprint(plain(inputs["values"])), fmt.Sprint(plain(want)); got != want {
			t.Errorf("the values are\n%s, not\n%s", got, want)
		}
		if url := outputOf(t, g, "consoleUrl"); url != "https://fraud-scoring.flink.example.com" {
			t.Errorf("consoleUrl is %q", url)
		}
	}, withConsole())
}

func TestTheConsoleWaitsForItsNamespaceAndItsVaultRoleAndForNoJob(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		release := g.one(t, "kubernetes:helm.sh/v3:Release", "fraud-scoring-console-release")
		before := g.before(release)
		for _, needed := range []*node{
			g.one(t, "kubernetes:core/v1:Namespace", "-payments"),
			g.one(t, "vault:kubernetes/authBackendRole:AuthBackendRole", "console-credential-role"),
			g.one(t, "vault:index/policy:Policy", "console-credential-policy"),
		} {
			if before[needed.URN] == nil {
				t.Errorf("not for %s", needed.Name)
			}
		}
		for _, n := range before {
			if n.Type == deploymentType || isAWS(n) || isRelease(n) {
				t.Errorf("for %s", n.Name)
			}
		}
		for _, n := range g.before(g.one(t, deploymentType, "")) {
			if strings.Contains(n.Name, "console") {
				t.Errorf("the job waits for %s", n.Name)
			}
		}
		if parent := g.byURN(release.Registered.GetParent()); parent == nil || parent.Type != consoleType {
			t.Errorf("its parent is %v", parent)
		}
	}, withConsole())
}

func TestTheJobAndItsConsoleReadNoSecretOfTheOther(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		for _, who := range []struct{ credential, serviceAccount, reads string }{
			{"fraud-scoring-credential", "flink", "secret/data/payments/kafka"},
			{"fraud-scoring-console-credential", "fraud-scoring-console", "secret/data/payments/fraud-scoring-console"},
		} {
			role := g.one(t, "vault:kubernetes/authBackendRole:AuthBackendRole", who.credential+"-role").Inputs.Mappable()
			if fmt.Sprint(role["boundServiceAccountNames"], role["boundServiceAccountNamespaces"]) != fmt.Sprintf("[%s] [payments]", who.serviceAccount) {
				t.Errorf("%s is for %v", who.credential, role)
			}
			policy := g.one(t, "vault:index/policy:Policy", who.credential+"-policy").Inputs.Mappable()["policy"]
			if policy != "path \""+who.reads+"\" {\n  capabilities = [\"read\"]\n}\n" {
				t.Errorf("%s reads %v", who.credential, policy)
			}
		}
	}, withConsole())
}

func TestTheConsolesPodsReachTheJobAndNothingElseDoes(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		var labels []string
		for _, peer := range restPeers(t, g) {
			labels = append(labels, fmt.Sprint(peer["podSelector"].(map[string]any)["matchLabels"]))
		}
		want := []string{"map[app:fraud-scoring]", "map[app.kubernetes.io/instance:fraud-scoring-console app.kubernetes.io/name:oauth2-proxy]"}
		if !slices.Equal(labels, want) {
			t.Errorf("they are %v", labels)
		}
	}, withConsole())
}

func TestAMirrorsChartAndImagesAreTaken(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		inputs := g.one(t, "kubernetes:helm.sh/v3:Release", "fraud-scoring-console-release").Inputs.Mappable()
		values := inputs["values"].(map[string]any)
		if inputs["chart"] != "oci://mirror.example/oauth2-proxy" || inputs["version"] != "10.4.3" || inputs["repositoryOpts"] != nil || inputs["timeout"] != 120.0 {
			t.Errorf("%v", inputs)
		}
		if registry := values["image"].(map[string]any)["registry"]; registry != "mirror.example/quay" {
			t.Errorf("the registry is %v", registry)
		}
		// An override takes away nothing beside it.
		annotations := values["podAnnotations"].(map[string]any)
		if annotations["a"] != "b" || annotations["vault.hashicorp.com/role"] != "payments-fraud-scoring-console" {
			t.Errorf("the annotations are %v", annotations)
		}
	}, withConsole(
		set("oci://mirror.example/oauth2-proxy", "flink-payments:platform", "console", "chart"),
		set("10.4.3", "flink-payments:platform", "console", "version"),
		set("mirror.example/quay/", "flink-payments:platform", "console", "imageRegistry"),
		set("2m", "flink-payments:platform", "console", "timeout"),
		set(map[string]any{"podAnnotations": map[string]any{"a": "b"}}, "flink-payments:platform", "console", "values"),
	))
}
