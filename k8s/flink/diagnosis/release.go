package diagnosis

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// PendingRelease tells whether a Helm release was left in the middle: its
// newest revision is pending, and Helm then refuses each upgrade with "another
// operation (install/upgrade/rollback) is in progress" (helm 3, pkg/action,
// Upgrade.prepareUpgrade: the last revision's status alone decides).
//
// The secrets are those of one release, in any order: selector
// owner=helm,name=NAME. Only their names and labels are read, never what they
// hold. A release that another program works on right now looks the same.
func PendingRelease(secrets []map[string]any) (Finding, bool) {
	type revision struct {
		Metadata struct {
			Name, Namespace string
			Labels          map[string]string
		}
	}
	var last revision
	newest, deployed := 0, 0
	for _, secret := range secrets {
		var of revision
		text, err := json.Marshal(map[string]any{"metadata": secret["metadata"]})
		if err != nil || json.Unmarshal(text, &of) != nil || of.Metadata.Labels["owner"] != "helm" {
			continue
		}
		version, err := strconv.Atoi(of.Metadata.Labels["version"])
		if err != nil {
			continue
		}
		if version > newest {
			newest, last = version, of
		}
		if of.Metadata.Labels["status"] == "deployed" {
			deployed = max(deployed, version)
		}
	}
	m := last.Metadata
	release, status := m.Labels["name"], m.Labels["status"]
	var do string
	switch {
	case status == "pending-install":
		// Nothing ran before it, so nothing that works is taken away. Without the
		// secret, Helm's next install takes over what carries the release's name.
		do = fmt.Sprintf("`helm uninstall %s --namespace %s` (with FlinkDeployments in the cluster instead: `kubectl --namespace %[2]s delete secret %[3]s`)", release, m.Namespace, m.Name)
	case (status == "pending-upgrade" || status == "pending-rollback") && deployed > 0:
		do = fmt.Sprintf("`helm rollback %s %d --namespace %s`", release, deployed, m.Namespace)
	case status == "pending-upgrade" || status == "pending-rollback":
		// No revision ever worked: without this one the last is failed, which
		// an upgrade takes.
		do = fmt.Sprintf("`kubectl --namespace %s delete secret %s`", m.Namespace, m.Name)
	default:
		return Finding{}, false
	}
	since := ""
	for _, label := range []string{"createdAt", "modifiedAt"} {
		if seconds, err := strconv.ParseInt(m.Labels[label], 10, 64); err == nil {
			since = " since " + time.Unix(seconds, 0).UTC().Format(time.RFC3339)
		}
	}
	f := finding(beforeStart, fmt.Sprintf("Helm release %s/%s was left in %s and takes no change", m.Namespace, release, status),
		fmt.Sprintf("secret %s has status %s%s", m.Name, status, since),
		"when nobody else works on it now: "+do+", then `pulumi up`")
	f.Runbook = "helm-release-pending"
	return f, true
}
