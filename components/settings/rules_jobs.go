package settings

import (
	"fmt"
	"strings"

	"flink-payments/k8s/validation"
)

var jobListRules = []validation.Rule[Settings]{
	{
		ID: "jobs", Severity: validation.Refuse, Looks: "jobs",
		Reason: "a stack without jobs would tear down every job it had", Fix: "at least one job; to take everything away use `pulumi destroy`",
		Source: "design: one entry per job",
		Check:  func(s Settings) []validation.Finding { return unless(len(s.Jobs) > 0, "jobs", "") },
	},
	shared("job-name-shared", "name", "stack outputs, monitors and resources are named by the job",
		func(j Job) string { return j.Name }),
	shared("bucket-shared", "state.bucket", "a job's role reads and deletes everything in its bucket: two jobs in one would reach each other's state",
		func(j Job) string { return j.State.Bucket }),
	sharedWithin(func(j Job) string { return j.Namespace },
		"service-account-shared", "serviceAccount", "a ServiceAccount has one IAM role: the jobs would reach each other's state and credential",
		func(j Job) string { return j.ServiceAccount }),
	shared("vault-role-shared", "kafka.vaultRole", "the second role would overwrite the first",
		func(j Job) string { return j.Kafka.VaultRole }),
	shared("vault-policy-shared", "kafka.vaultPolicy", "the second policy would overwrite the first",
		func(j Job) string { return j.Kafka.VaultPolicy }),
	shared("iam-policy-shared", "identity.policyName", "IAM names are unique in an account",
		func(j Job) string { return j.Identity.PolicyName }),
	shared("iam-role-shared", "identity.roleName", "IAM names are unique in an account",
		func(j Job) string { return j.Identity.RoleName }),
	{
		ID: "also-trust", Severity: validation.Refuse, Looks: "jobs[].identity.alsoTrust, jobs[].serviceAccount",
		Reason: "it must be a ServiceAccount that this job leaves: any other would reach the job's state and credential",
		Fix:    "the name that serviceAccount had before, or nothing", Source: "design: one job, one bucket, one identity",
		Check: func(s Settings) []validation.Finding {
			taken := map[[2]string]bool{}
			for _, j := range s.Jobs {
				taken[[2]string{j.Namespace, j.ServiceAccount}] = true
			}
			var found []validation.Finding
			for i, j := range s.Jobs {
				for n, name := range j.Identity.AlsoTrust {
					good := labelPattern.MatchString(name) && name != "default" && !taken[[2]string{j.Namespace, name}]
					found = append(found, unless(good, JobPath(i, fmt.Sprintf("identity.alsoTrust[%d]", n)), name)...)
				}
			}
			return found
		},
	},
	{
		ID: "iam-names", Severity: validation.Refuse, Looks: "jobs[].identity",
		Reason: "the name is too long for IAM, or has a character that IAM refuses", Fix: "letters, digits and +=,.@_-; a role at most 64 characters, a policy 128", Source: "AWS: IAM name limits",
		Check: func(s Settings) []validation.Finding {
			var found []validation.Finding
			for i, j := range s.Jobs {
				// A name that was derived from a wrong cluster name is no second mistake.
				derived := j.Identity.RoleName == roleName(s.Cluster.Name, j) && !clusterPattern.MatchString(s.Cluster.Name)
				found = append(found, unless(derived || iamPattern.MatchString(j.Identity.RoleName) && len(j.Identity.RoleName) <= 64,
					JobPath(i, "identity.roleName"), j.Identity.RoleName)...)
				found = append(found, unless(iamPattern.MatchString(j.Identity.PolicyName) && len(j.Identity.PolicyName) <= 128,
					JobPath(i, "identity.policyName"), j.Identity.PolicyName)...)
			}
			return found
		},
	},
}

// shared refuses two jobs that have the same of something that must be their own.
// IAM and Vault do not tell capitals from small letters; the other names have no capitals.
func shared(id, path, reason string, of func(Job) string) validation.Rule[Settings] {
	return sharedWithin(func(Job) string { return "" }, id, path, reason, of)
}

// sharedWithin is shared for what must be a job's own within something only.
func sharedWithin(within func(Job) string, id, path, reason string, of func(Job) string) validation.Rule[Settings] {
	return validation.Rule[Settings]{
		ID: id, Severity: validation.Refuse, Looks: "jobs[]." + path, Reason: reason,
		Fix: "another " + path + " for this job", Source: "design: one job, one bucket, one identity",
		Check: func(s Settings) []validation.Finding {
			first := map[[2]string]int{}
			var found []validation.Finding
			for i, job := range s.Jobs {
				name := of(job)
				key := [2]string{within(job), strings.ToLower(name)}
				if at, taken := first[key]; taken && name != "" {
					found = append(found, validation.Finding{
						Path: JobPath(i, path), Value: name,
						Reason: fmt.Sprintf("jobs[%d] (%s) has the same: %s", at, s.Jobs[at].Name, reason),
					})
				} else {
					first[key] = i
				}
			}
			return found
		},
	}
}
