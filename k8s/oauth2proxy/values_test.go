package oauth2proxy

import (
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"flink-payments/k8s/flink"
)

func job() flink.Job { return flink.Job{Name: "fraud-scoring", Namespace: "payments"} }

func console() Console {
	return Console{
		Host: "fraud-scoring.flink.example.com", Tenant: "8f1c2c2e-5d3a-4b57-9a51-0c6c1d2f7a44",
		ClientID: "2b0b6f6a-7c1d-4f0e-8e55-3a9d4c1b2e10", Group: "c0ffee00-1234-4abc-8def-001122334455",
		Secret: "payments/console", VaultRole: "console", VaultPolicy: "console-read",
		Annotations: map[string]string{"cert-manager.io/cluster-issuer": "edge"},
	}.WithDefaults()
}

func options() Options {
	return Options{
		VaultAuthPath: "kubernetes", VaultMount: "secret", Labels: map[string]string{"team": "payments"},
		IngressClass: "nginx", IngressNamespace: "ingress-nginx", TrustedProxies: []string{"10.0.0.0/16", "10.1.0.0/16"},
	}
}

// valueAt reads the values as the chart gets them: as JSON.
func valueAt(t *testing.T, values map[string]any, path ...string) any {
	t.Helper()
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	var at any
	if err := json.Unmarshal(text, &at); err != nil {
		t.Fatal(err)
	}
	for _, key := range path {
		object, ok := at.(map[string]any)
		if !ok || object[key] == nil {
			return nil
		}
		at = object[key]
	}
	return at
}

func TestAConsoleIsMadeOnlyWhereOneIsWritten(t *testing.T) {
	if (Console{}).WithDefaults().On() || (Console{}).URL() != "" {
		t.Error("nothing was written, and there is a console")
	}
	if !(Console{ManyGroups: true}).On() {
		t.Error("a console without its host is silently none")
	}
}

// Everything of Flink 1.18 to 2.x that changes something, with the paths as its REST API documents them.
var changing = map[string]string{
	"GET /jobs/ID/yarn-cancel":              "",
	"GET /jobs/ID/yarn-stop":                "",
	"POST /jobs/ID/stop":                    "",
	"POST /jobs/ID/savepoints":              "",
	"PATCH /jobs/ID/rescaling":              "",
	"PUT /jobs/ID/resource-requirements":    "",
	"POST /jobs/ID/coordinators/OPERATOR":   "",
	"PATCH /jobs/ID/clientHeartbeat":        "",
	"POST /jobs":                            "",
	"POST /jars/upload":                     "",
	"POST /jars/JAR/run":                    "",
	"POST /jars/JAR/plan":                   "",
	"DELETE /jars/JAR":                      "",
	"POST /savepoint-disposal":              "",
	"DELETE /datasets/DATASET":              "",
	"DELETE /cluster":                       "",
	"POST /jobmanager/profiler":             "",
	"POST /taskmanagers/CONTAINER/profiler": "",
	"PATCH /jobs/ID":                        "mode",
	"POST /jobs/ID/checkpoints":             "open",
}

const someJob = "/jobs/0123456789abcdef0123456789abcdef"

func TestWhatChangesAJobIsRefusedByTheConsole(t *testing.T) {
	for route, how := range changing {
		_, path, _ := strings.Cut(route, " ")
		path = strings.Replace(path, "/jobs/ID", someJob, 1)
		for _, as := range []string{path, path + "/", "/v1" + path, "/v1" + path + "/"} {
			id, _ := passes(t, as)
			want := map[string]string{"": "refused", "mode": "job", "open": "flink"}[how]
			if id != want {
				t.Errorf("%s as %s goes to %q, not %q", route, as, id, want)
			}
		}
	}
}

func TestWhatTheUIReadsPassesTheConsole(t *testing.T) {
	for _, path := range []string{
		"/", "/main.0123.js", "/assets/images/flink.svg", "/config", "/overview",
		"/jobs/overview", someJob, someJob + "/plan", someJob + "/config", someJob + "/exceptions", someJob + "/checkpoints",
		someJob + "/checkpoints/config", someJob + "/checkpoints/details/7", someJob + "/vertices/v/backpressure",
		someJob + "/vertices/v/metrics", someJob + "/vertices/v/flamegraph", someJob + "/jobmanager/log-url",
		"/jobmanager/config", "/jobmanager/logs", "/jobmanager/metrics", "/jobmanager/thread-dump",
		"/taskmanagers", "/taskmanagers/payments-taskmanager-1-1", "/taskmanagers/payments-taskmanager-1-1/log",
	} {
		id, forwarded := passes(t, path)
		if id == "refused" {
			t.Errorf("%s is refused", path)
		}
		if u, err := url.Parse(forwarded); err != nil || u.Path != path {
			t.Errorf("%s becomes %s", path, forwarded)
		}
	}
}

func TestAJobIsCancelledByNoSpellingOfItsPath(t *testing.T) {
	for _, path := range []string{someJob, someJob + "/", "/v1" + someJob, "/jobs/+123456789abcdef0123456789abcdef", "/jobs/\n"} {
		id, forwarded := passes(t, path)
		u, err := url.Parse(strings.ReplaceAll(forwarded, "\n", "%0A"))
		if err != nil {
			t.Fatal(err)
		}
		// Flink takes no list of modes in which one is unknown.
		if id != "job" || u.Query().Get("mode") != "refused" {
			t.Errorf("%q goes to %q as %q", path, id, forwarded)
		}
	}
}

// passes says which upstream takes a path, and as what, by the proxy's own order: rewriting ones
// first, the longest first of them; then a prefix.
func passes(t *testing.T, path string) (id, forwarded string) {
	t.Helper()
	upstreams := upstreams(job())
	slices.SortStableFunc(upstreams, func(a, b any) int {
		return len(b.(map[string]any)["path"].(string)) - len(a.(map[string]any)["path"].(string))
	})
	for _, u := range upstreams {
		upstream := u.(map[string]any)
		target, rewrites := upstream["rewriteTarget"].(string)
		if !rewrites {
			continue
		}
		if pattern := regexp.MustCompile(upstream["path"].(string)); pattern.MatchString(path) {
			return upstream["id"].(string), pattern.ReplaceAllString(path, target)
		}
	}
	return "flink", path
}

func TestTheProxyFillsNothingIntoItsConfiguration(t *testing.T) {
	text, err := json.Marshal(Values(job(), console(), options())["alphaConfig"])
	if err != nil {
		t.Fatal(err)
	}
	// What envsubst would replace: ${NAME} and $NAME; $1 it leaves alone.
	if found := regexp.MustCompile(`\$[{A-Za-z_]`).Find(text); found != nil {
		t.Errorf("it would, at %s of %s", found, text)
	}
}

func TestWhatIsRefusedReachesNobody(t *testing.T) {
	for _, u := range upstreams(job()) {
		upstream := u.(map[string]any)
		static := upstream["static"] == true && upstream["staticCode"] == 403 && upstream["uri"] == nil
		if static != (upstream["id"] == "refused") {
			t.Errorf("%v", upstream)
		}
		if !static && (upstream["uri"] != "http://fraud-scoring-rest.payments:8081" || upstream["proxyWebSockets"] != false) {
			t.Errorf("%v", upstream)
		}
	}
}

func TestTheConsoleLetsInOneGroupOfOneTenant(t *testing.T) {
	values := Values(job(), console(), options())
	want := map[string]any{
		"id": "entra", "provider": "entra-id", "clientID": "2b0b6f6a-7c1d-4f0e-8e55-3a9d4c1b2e10",
		"scope": "openid profile", "allowedGroups": []any{"c0ffee00-1234-4abc-8def-001122334455"}, "code_challenge_method": "S256",
		"oidcConfig": map[string]any{
			"issuerURL":  "https://login.microsoftonline.com/8f1c2c2e-5d3a-4b57-9a51-0c6c1d2f7a44/v2.0",
			"emailClaim": "preferred_username",
		},
		"microsoftEntraIDConfig": map[string]any{"federatedTokenAuth": true},
	}
	if got := valueAt(t, values, "alphaConfig", "configData", "providers"); !reflect.DeepEqual(got, []any{want}) {
		t.Errorf("the provider is %v", got)
	}
	many := console()
	many.ManyGroups = true
	got := valueAt(t, Values(job(), many, options()), "alphaConfig", "configData", "providers").([]any)
	if scope := got[0].(map[string]any)["scope"]; scope != "openid profile User.Read" {
		t.Errorf("with many groups the scope is %v", scope)
	}
}

func TestTheConsolesArgumentsAreTheseAndNoMore(t *testing.T) {
	want := map[string]any{
		"skip-provider-button": true, "redirect-url": "https://fraud-scoring.flink.example.com/oauth2/callback",
		"reverse-proxy": true, "trusted-proxy-ip": "10.0.0.0/16,10.1.0.0/16",
		"cookie-secret-file": "/vault/secrets/cookie-secret", "cookie-secure": true, "cookie-samesite": "lax",
		"cookie-expire": "8h", "session-cookie-minimal": true,
	}
	values := Values(job(), console(), options())
	if got := valueAt(t, values, "extraArgs"); !reflect.DeepEqual(got, want) {
		t.Errorf("the arguments are %v", got)
	}
	for _, off := range [][]string{{"proxyVarsAsSecrets"}, {"metrics", "enabled"}} {
		if valueAt(t, values, off...) != false {
			t.Errorf("%v is on", off)
		}
	}
}

func TestTheConsolesSecretsComeFromVaultAsFilesOnly(t *testing.T) {
	for _, byClientSecret := range []bool{false, true} {
		c := console()
		c.ClientSecret = byClientSecret
		values := Values(job(), c, options())
		annotations := valueAt(t, values, "podAnnotations").(map[string]any)
		names := map[string]bool{"cookie": true, "client": byClientSecret}
		for name, there := range names {
			template := annotations["vault.hashicorp.com/agent-inject-template-"+name+"-secret"]
			want := any(nil)
			if there {
				want = `{{- with secret "secret/data/payments/console" -}}{{ .Data.data.` + name + `_secret }}{{- end -}}`
			}
			if template != want {
				t.Errorf("client secret %t: the template of %s is %v", byClientSecret, name, template)
			}
			if perms := annotations["vault.hashicorp.com/agent-inject-perms-"+name+"-secret"]; there && perms != "0400" {
				t.Errorf("%s may be read: %v", name, perms)
			}
		}
		for key, want := range map[string]string{"role": "console", "auth-path": "auth/kubernetes", "agent-run-as-user": "2000", "agent-pre-populate-only": "true"} {
			if annotations["vault.hashicorp.com/"+key] != want {
				t.Errorf("%s is %v", key, annotations["vault.hashicorp.com/"+key])
			}
		}
		provider := valueAt(t, values, "alphaConfig", "configData", "providers").([]any)[0].(map[string]any)
		token := valueAt(t, values, "extraVolumes") != nil && valueAt(t, values, "extraEnv") != nil && valueAt(t, values, "extraVolumeMounts") != nil
		if (provider["clientSecretFile"] == "/vault/secrets/client-secret") != byClientSecret || (provider["microsoftEntraIDConfig"] == nil) != byClientSecret || token == byClientSecret {
			t.Errorf("client secret %t: the provider is %v, token %t", byClientSecret, provider, token)
		}
	}
}

func TestOnlyTheIngressControllerReachesTheProxy(t *testing.T) {
	port := []any{map[string]any{"port": 4180.0, "protocol": "TCP"}}
	for namespace, want := range map[string][]any{
		"ingress-nginx": {map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "ingress-nginx"}}}},
		"":              {map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.0/16"}}, map[string]any{"ipBlock": map[string]any{"cidr": "10.1.0.0/16"}}},
	} {
		o := options()
		o.IngressNamespace = namespace
		got := valueAt(t, Values(job(), console(), o), "networkPolicy")
		if !reflect.DeepEqual(got, map[string]any{"create": true, "ingress": []any{map[string]any{"from": want, "ports": port}}}) {
			t.Errorf("%q: %v", namespace, got)
		}
	}
}

func TestTheIngressIsTheHostsAlone(t *testing.T) {
	c, o := console(), options()
	want := map[string]any{"enabled": true, "pathType": "Prefix", "hosts": []any{c.Host}, "className": "nginx",
		"annotations": map[string]any{"cert-manager.io/cluster-issuer": "edge"}}
	if got := valueAt(t, Values(job(), c, o), "ingress"); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	c.TLSSecret, o.IngressClass = "fraud-tls", ""
	delete(want, "className")
	want["tls"] = []any{map[string]any{"secretName": "fraud-tls", "hosts": []any{c.Host}}}
	if got := valueAt(t, Values(job(), c, o), "ingress"); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}
