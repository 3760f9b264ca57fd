package settings

import (
	"fmt"
	"slices"

	"flink-payments/k8s/validation"
)

// MovedServiceAccount judges a job's serviceAccount by the FlinkDeployment that is in the cluster, nil where there is
// none. Its pods run as another ServiceAccount until the operator has redeployed them: when that one loses role,
// Vault role and rights at once, the last savepoint and any pod that starts in between fail. path is the job's,
// such as jobs[0]. No finding: nothing changes, nothing runs, or the old one is still trusted.
func MovedServiceAccount(path string, job Job, running map[string]any) []validation.Finding {
	spec, _ := running["spec"].(map[string]any)
	old, _ := spec["serviceAccount"].(string)
	state, _ := spec["job"].(map[string]any)
	if old == "" || old == job.ServiceAccount || state["state"] == "suspended" || slices.Contains(job.Identity.AlsoTrust, old) {
		return nil
	}
	return []validation.Finding{{
		Path: validation.Join(path, "serviceAccount"), Value: job.ServiceAccount,
		Reason: fmt.Sprintf("the job's pods run as %s, which would lose its rights before they end", old),
		Fix: fmt.Sprintf("1. %s beside it: identity.alsoTrust: [%s], and `pulumi up`;"+
			" 2. when the job runs, take identity.alsoTrust out, and `pulumi up`", job.ServiceAccount, old),
	}}
}
