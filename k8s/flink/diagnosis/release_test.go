package diagnosis

import (
	"fmt"
	"strings"
	"testing"
)

// revision is a release's secret as Helm labels it (helm 3.22, storage driver
// secrets). What it holds is no text, so reading it would fail.
func revision(version int, status string) map[string]any {
	return map[string]any{"type": "helm.sh/release.v1", "data": func() {}, "metadata": map[string]any{
		"name": fmt.Sprintf("sh.helm.release.v1.flink-kubernetes-operator.v%d", version), "namespace": "flink-operator",
		"labels": map[string]any{"owner": "helm", "name": "flink-kubernetes-operator", "status": status, "version": fmt.Sprint(version), "createdAt": "1795637685"},
	}}
}

func TestAReleaseThatIsPendingHasAWayOut(t *testing.T) {
	for want, secrets := range map[string][]map[string]any{
		"`helm uninstall flink-kubernetes-operator --namespace flink-operator`":                              {revision(1, "pending-install")},
		"`helm rollback flink-kubernetes-operator 10 --namespace flink-operator`":                            {revision(11, "pending-upgrade"), revision(10, "deployed"), revision(9, "superseded")},
		"`helm rollback flink-kubernetes-operator 2 --namespace flink-operator`":                             {revision(4, "pending-rollback"), revision(3, "failed"), revision(2, "deployed")},
		"`kubectl --namespace flink-operator delete secret sh.helm.release.v1.flink-kubernetes-operator.v2`": {revision(2, "pending-upgrade"), revision(1, "failed")},
	} {
		f, pending := PendingRelease(secrets)
		if !pending || !strings.Contains(f.Do, want) || !strings.Contains(f.Seen, "since 2026-11-25T20:14:45Z") || f.Runbook != "helm-release-pending" {
			t.Errorf("%v %s", pending, f)
		}
	}
}

func TestAReleaseWhoseNewestRevisionIsDoneIsNotPending(t *testing.T) {
	stranger := revision(7, "pending-upgrade")
	stranger["metadata"].(map[string]any)["labels"].(map[string]any)["owner"] = "another"
	for _, secrets := range [][]map[string]any{
		nil, {{}}, {revision(1, "deployed")}, {revision(2, "pending-upgrade"), revision(3, "deployed")},
		{revision(2, "failed"), revision(1, "pending-install")}, {stranger, revision(1, "deployed")},
	} {
		if f, pending := PendingRelease(secrets); pending {
			t.Errorf("%v: %s", secrets, f)
		}
	}
}
