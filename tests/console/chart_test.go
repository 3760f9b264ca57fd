package console

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/oauth2proxy"

	"sigs.k8s.io/yaml"
)

const (
	host   = "fraud-scoring.flink.example.com"
	tenant = "8f1c2c2e-5d3a-4b57-9a51-0c6c1d2f7a44"
	client = "2b0b6f6a-7c1d-4f0e-8e55-3a9d4c1b2e10"
	group  = "c0ffee00-1234-4abc-8def-001122334455"
	cookie = "__Host-fraud-scoring-console"
	// ingressAddress is who the proxy trusts; strangers come from another.
	ingressAddress  = "127.0.0.1"
	strangerAddress = "127.0.0.2"
)

// values of a console as the program renders them.
func values(byClientSecret bool) map[string]any {
	settings := oauth2proxy.Console{
		Host: host, Tenant: tenant, ClientID: client, Group: group, ClientSecret: byClientSecret,
		Secret: "payments/fraud-scoring-console", VaultRole: "console", VaultPolicy: "console-read",
	}.WithDefaults()
	return oauth2proxy.Values(flink.Job{Name: "fraud-scoring", Namespace: "payments"}, settings, oauth2proxy.Options{
		VaultAuthPath: "kubernetes", VaultMount: "secret", TrustedProxies: []string{ingressAddress + "/32"},
	})
}

// A container is what the chart makes of the values: the proxy's arguments and files.
type container struct {
	args  []string
	files map[string]string
}

// chart renders the values as the chart's templates do (oauth2-proxy 10.7.0: deployment.yaml,
// configmap.yaml and the helper oauth2-proxy.alpha-config), as far as the values use them.
func chart(t *testing.T, values map[string]any) container {
	t.Helper()
	alpha, err := yaml.Marshal(values["alphaConfig"].(map[string]any)["configData"])
	if err != nil {
		t.Fatal(err)
	}
	c := container{
		args: []string{
			"--alpha-config=/etc/oauth2_proxy/oauth2_proxy.yml",
			"--cookie-name=" + values["config"].(map[string]any)["cookieName"].(string),
		},
		files: map[string]string{
			"/etc/oauth2_proxy/oauth2_proxy.yml": "---\nserver:\n  BindAddress: '0.0.0.0:4180'\n" + string(alpha),
			"/etc/oauth2_proxy/oauth2_proxy.cfg": `email_domains = ["*"]`,
		},
	}
	extra := values["extraArgs"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		c.args = append(c.args, fmt.Sprintf("--%s=%v", name, extra[name]))
	}
	c.args = append(c.args, "--config=/etc/oauth2_proxy/oauth2_proxy.cfg")
	return c
}

// moved puts the container's folders and port where a test has them; nothing else is changed.
func (c container) moved(dir, address string) container {
	replace := strings.NewReplacer("/etc/oauth2_proxy/", dir+"/", "/vault/secrets/", dir+"/", "0.0.0.0:4180", address)
	moved := container{files: map[string]string{}}
	for _, arg := range c.args {
		moved.args = append(moved.args, replace.Replace(arg))
	}
	for name, text := range c.files {
		moved.files[replace.Replace(name)] = replace.Replace(text)
	}
	return moved
}
