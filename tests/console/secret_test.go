package console

import (
	"strings"
	"testing"

	"github.com/hashicorp/consul-template/dependency"
	"github.com/hashicorp/consul-template/template"
)

// rendered is the file that Vault's agent makes: by its own template engine, from the annotation
// of the values and a secret of KV version 2.
func rendered(t *testing.T, name string, secret map[string]any) string {
	t.Helper()
	annotation := values(true)["podAnnotations"].(map[string]any)["vault.hashicorp.com/agent-inject-template-"+name+"-secret"]
	file, err := template.NewTemplate(&template.NewTemplateInput{Contents: annotation.(string), ErrMissingKey: true})
	if err != nil {
		t.Fatal(err)
	}
	query, err := dependency.NewVaultReadQuery("secret/data/payments/fraud-scoring-console")
	if err != nil {
		t.Fatal(err)
	}
	brain := template.NewBrain()
	brain.Remember(query, &dependency.Secret{Data: map[string]any{"data": secret}})
	result, err := file.Execute(&template.ExecuteInput{Brain: brain})
	if err != nil {
		t.Fatal(err)
	}
	return string(result.Output)
}

func TestTheProxyStartsWithACookieSecretOfAnyKindButAShortOne(t *testing.T) {
	p := &proxy{network: newNetwork(t)}
	for name, secret := range map[string]string{
		"base64 with + and /, and a line end": "+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/8=\n",
		"hex":                                 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		"text of 20 letters":                  "correct horse batter",
		"16 letters":                          "0123456789abcdef",
	} {
		if err := p.run(t, values(false), rendered(t, "cookie", map[string]any{"cookie_secret": secret})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := p.run(t, values(false), rendered(t, "cookie", map[string]any{"cookie_secret": "too-short\n"}))
	if err == nil || !strings.Contains(err.Error(), "must be 16, 24, or 32 bytes to create an AES cipher, but is 9 bytes") {
		t.Errorf("of a short one it says %v", err)
	}
	if got := rendered(t, "client", map[string]any{"client_secret": "a+/=secret\n"}); got != "a+/=secret" {
		t.Errorf("the client secret is %q", got)
	}
}
