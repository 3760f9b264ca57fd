package settings

import (
	"slices"
	"strings"

	"flink-payments/k8s/validation"
)

var vaultRules = []validation.Rule[Settings]{
	{
		ID: "vault-address", Severity: validation.Refuse, Looks: "vault.address",
		Reason: "no URL stands here, and without one the provider takes whatever VAULT_ADDR says", Fix: "https://HOST:8200", Source: "Vault provider: address",
		Check: func(s Settings) []validation.Finding {
			return unless(isURL(s.Vault.Address, "https", "http"), "vault.address", s.Vault.Address)
		},
	},
	{
		ID: "vault-tls", Severity: validation.Refuse, Looks: "vault.address",
		Reason: "a token crosses the network in clear", Fix: "https://HOST:8200", Source: "Vault: production hardening",
		Check: func(s Settings) []validation.Finding {
			return unless(!isURL(s.Vault.Address, "http") || isLoopback(s.Vault.Address), "vault.address", s.Vault.Address)
		},
	},
	{
		ID: "vault-paths", Severity: validation.Refuse, Looks: "vault.authPath, vault.mount, vault.namespace",
		Reason: "a mount's path is written without slashes at its ends, without auth/ and without data/", Fix: "kubernetes and secret, or the paths that `vault auth list` and `vault secrets list` show, without the slash",
		Source: "Vault: mount paths",
		Check: func(s Settings) []validation.Finding {
			return slices.Concat(
				unless(mountPattern.MatchString(s.Vault.AuthPath) && !strings.HasPrefix(s.Vault.AuthPath, "auth/"), "vault.authPath", s.Vault.AuthPath),
				unless(mountPattern.MatchString(s.Vault.Mount) && !strings.HasSuffix(s.Vault.Mount, "/data"), "vault.mount", s.Vault.Mount),
				unless(s.Vault.Namespace == "" || mountPattern.MatchString(s.Vault.Namespace), "vault.namespace", s.Vault.Namespace),
			)
		},
	},
}
