package tests

import (
	"strings"
	"testing"
)

const oidcType = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"

func TestAClusterWithoutAnOIDCProviderIsRefusedAtPreviewWithTheWayToMakeIt(t *testing.T) {
	// An issuer of which the account has no provider.
	g := run(t, true, set("https://oidc.example.com/id/B", "flink-payments:cluster", "oidcIssuer"))
	if g.err == nil {
		t.Fatal("the program went on")
	}
	for _, part := range []string{
		"flink-payments:cluster", "oidc-provider/oidc.example.com/id/B",
		"eksctl utils associate-iam-oidc-provider --cluster kv-prod --approve",
		"aws iam create-open-id-connect-provider --url https://oidc.example.com/id/B --client-id-list sts.amazonaws.com",
		"cluster.createOidcProvider: true",
	} {
		if !strings.Contains(g.err.Error(), part) {
			t.Errorf("the error lacks %s:\n%v", part, g.err)
		}
	}
}

func TestAnOIDCProviderIsMadeWhereTheSettingsSaySo(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		made := g.one(t, oidcType, "")
		if got := jsonOf(t, made.Registered.GetObject()); !strings.Contains(got, "sts.amazonaws.com") || !strings.Contains(got, issuer) {
			t.Error(got)
		}
		if !made.Registered.GetRetainOnDelete() {
			t.Error("it goes with the stack, and with it every other role of the cluster")
		}
		if g.before(g.one(t, deploymentType, ""))[made.URN] == nil {
			t.Error("the job does not wait for it")
		}
	}, set(true, "flink-payments:cluster", "createOidcProvider"))
}

func TestWhileAServiceAccountChangesTheOldOneKeepsItsRights(t *testing.T) {
	inBoth(t, func(t *testing.T, g *graph) {
		for typ, want := range map[string][]string{
			"aws:iam/role:Role": {"system:serviceaccount:payments:flink-2", `system:serviceaccount:payments:flink\"`},
			"vault:kubernetes/authBackendRole:AuthBackendRole":    {`"flink-2"`, `"flink"`},
			"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": {`"flink-2"`, `"flink"`},
		} {
			suffix := ""
			switch {
			case strings.HasPrefix(typ, "kubernetes:"):
				suffix = "workload-role-binding"
			case strings.HasPrefix(typ, "vault:"):
				suffix = "credential-role"
			}
			got := jsonOf(t, g.one(t, typ, suffix).Registered.GetObject())
			for _, subject := range want {
				if !strings.Contains(got, subject) {
					t.Errorf("%s lacks %s: %s", typ, subject, got)
				}
			}
		}
	}, job(set("flink-2", "serviceAccount"), set([]any{"flink"}, "identity", "alsoTrust")))
}
