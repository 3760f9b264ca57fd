package oauth2proxy

import (
	"encoding/json"
	"reflect"
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

func TestTheConsoleLetsInOneGroupOfOneTenant(t *testing.T) {
	values := Values(job(), console(), options())
	want := map[string]any{
		"id": "entra", "provider": "entra-id", "clientID": "2b0b6f6a-7c1d-4f0e-8e55-3a9d4c1b2e10",
		"scope": "openid profile", "allowedGroups": []any{"c0ffee00-1234-4abc-8def-001122334455"}, "code_challenge_method": "S256",
		"oidcConfig": map[string]any{
			"issuerURL":  "https://login.microsoftonline.com/8f1c2c2e-5d3a-4b57-9a51-0c6c1d2f7a44/v2.0",
			"emailClaim": "preferred_username", "insecureSkipNonce": false,
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
		"real-client-ip-header": "X-Forwarded-For",
		"reverse-proxy":         true, "trusted-proxy-ip": "10.0.0.0/16,10.1.0.0/16",
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
			if !there {
				if template != nil {
					t.Errorf("there is a template of %s", name)
				}
			} else if text := template.(string); !strings.HasPrefix(text, `{{- with secret "secret/data/payments/console" -}}`) || !strings.Contains(text, ".Data.data."+name+"_secret | trimSpace") {
				t.Errorf("the template of %s is %s", name, text)
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

// The levels of Pod Security want a profile of every container: the injected one has the pod's.
func TestTheConsolesPodsAreAdmittedUnderRestrictedPodSecurity(t *testing.T) {
	values := Values(job(), console(), options())
	profile := map[string]any{"type": "RuntimeDefault"}
	if got := valueAt(t, values, "podSecurityContext"); !reflect.DeepEqual(got, map[string]any{"seccompProfile": profile}) {
		t.Errorf("the pod has %v", got)
	}
	want := map[string]any{
		"enabled": true, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
		"runAsUser": 2000.0, "runAsGroup": 2000.0, "capabilities": map[string]any{"drop": []any{"ALL"}}, "seccompProfile": profile,
	}
	if got := valueAt(t, values, "securityContext"); !reflect.DeepEqual(got, want) {
		t.Errorf("the container has %v", got)
	}
}

func TestFlinkGetsNothingThatProvesAPersonAndNoPOSTThatItCanRead(t *testing.T) {
	headers := map[string]any{}
	for _, h := range requestHeaders() {
		header := h.(map[string]any)
		headers[header["name"].(string)] = header["values"]
	}
	for _, name := range []string{"Authorization", "Cookie", "Upgrade", "X-Forwarded-User", "X-Forwarded-Access-Token", "X-Auth-Request-User"} {
		if values, there := headers[name]; !there || values != nil {
			t.Errorf("%s is %v", name, values)
		}
	}
	if got, want := headers["Content-Type"], []any{map[string]any{"secretSource": map[string]any{"value": brokenContentType}}}; !reflect.DeepEqual(got, want) {
		t.Errorf("the content type is %v", got)
	}
}

func TestTheImageIsTheTriedOneFromAnyRegistry(t *testing.T) {
	o := options()
	if got := valueAt(t, Values(job(), console(), o), "image"); !reflect.DeepEqual(got, map[string]any{"tag": "v7.15.6"}) {
		t.Errorf("%v", got)
	}
	o.ImageRegistry = "mirror.example/quay/"
	if got := valueAt(t, Values(job(), console(), o), "image"); !reflect.DeepEqual(got, map[string]any{"tag": "v7.15.6", "registry": "mirror.example/quay"}) {
		t.Errorf("%v", got)
	}
}
