package vault

import (
	"testing"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
	"flink-payments/tests/rehearsal/world"
)

type m = map[string]any

func TestVaultRefusesWhatVaultRefuses(t *testing.T) {
	w, err := world.Open("")
	if err != nil {
		t.Fatal(err)
	}
	v := providertest.Connect(t, New(w), provider.Hooks{}, m{})
	v.Must(policyType, m{"name": "read", "policy": "path \"secret/data/x\" {\n  capabilities = [\"read\"]\n}\n"})
	role := m{"roleName": "r", "boundServiceAccountNames": []any{"flink"}, "boundServiceAccountNamespaces": []any{"payments"}}
	v.Must(roleType, role)
	for _, c := range []struct {
		typ    string
		inputs m
		want   string
	}{
		{policyType, m{"name": "x", "policy": "path"}, "failed to parse policy"},
		{policyType, m{"name": "x", "policy": `path "a" { capabilities = ["own"] }`}, "invalid capability"},
		{roleType, plain.Overlay(role, m{"backend": "eks"}), "no handler for route"},
		{roleType, plain.Overlay(role, m{"tokenTtl": 2.0, "tokenMaxTtl": 1.0}), "token_max_ttl"},
	} {
		_, _, err := v.Made(c.typ, c.inputs)
		providertest.Refused(t, err, c.want)
	}
}
