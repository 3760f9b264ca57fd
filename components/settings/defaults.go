package settings

import (
	"cmp"
	"slices"
	"strings"

	"flink-payments/k8s/flink"
)

// DefaultOperator is the operator's version where none is set, since November
// 2026: the newest that was run with this program on a real cluster. 1.10.0, the
// guide's, was too, and has faults that 1.15.0 mends: after a main() that throws
// it never takes up anything again (FLINK-37370), and an upgrade can lose state
// when the JobManager is slow to answer (FLINK-39270).
const DefaultOperator = "1.15.0"

// withDefaults fills in every unset setting that has a default.
func (s Settings) withDefaults(stack string) Settings {
	s.Environment = cmp.Or(s.Environment, stack)
	s.AWS.RolePath = cmp.Or(s.AWS.RolePath, "/")
	s.AWS.LogRetentionDays = cmp.Or(s.AWS.LogRetentionDays, 365)

	cm := &s.Platform.CertManager
	cm.Namespace = cmp.Or(cm.Namespace, "cert-manager")
	cm.Release = cm.Release.withDefaults("v1.15.3", "cert-manager", "https://charts.jetstack.io")

	op := &s.Platform.Operator
	op.Namespace = cmp.Or(op.Namespace, "flink-operator")
	version := cmp.Or(op.Version, DefaultOperator)
	op.Release = op.Release.withDefaults(version, "flink-kubernetes-operator",
		// It holds the version for good; downloads.apache.org drops old ones.
		"https://archive.apache.org/dist/flink/flink-kubernetes-operator-"+version+"/")
	op.Replicas = cmp.Or(op.Replicas, 2) // one leads, one stands by

	console := &s.Platform.Console
	console.Release = console.Release.withDefaults("10.7.0", "oauth2-proxy", "https://oauth2-proxy.github.io/manifests")

	s.Vault.AuthPath = cmp.Or(s.Vault.AuthPath, "kubernetes")
	s.Vault.Mount = cmp.Or(s.Vault.Mount, "secret")
	s.Datadog.Site = cmp.Or(s.Datadog.Site, "datadoghq.com")
	s.Datadog.AgentNamespace = cmp.Or(s.Datadog.AgentNamespace, "datadog")

	s.Jobs = slices.Clone(s.Jobs)
	for i := range s.Jobs {
		s.Jobs[i] = s.Jobs[i].withDefaults(s.Cluster.Name)
	}
	return s
}

// withDefaults fills in what a part of the platform is installed from. A chart's
// repository goes with its name only.
func (r Release) withDefaults(version, chart, repository string) Release {
	r.Version = cmp.Or(r.Version, version)
	r.Chart = cmp.Or(r.Chart, chart)
	if r.inRepository() {
		r.Repository = cmp.Or(r.Repository, repository)
	}
	r.Timeout = cmp.Or(r.Timeout, 10*flink.Minute)
	return r
}

// inRepository tells a chart's name from a path and from an oci:// reference.
func (r Release) inRepository() bool { return !strings.ContainsAny(r.Chart, "/\\") }

func (j Job) withDefaults(cluster string) Job {
	j.Job = j.Job.WithDefaults()
	j.Alerts = j.Alerts.WithDefaults()
	j.Kafka.VaultRole = cmp.Or(j.Kafka.VaultRole, j.Namespace+"-"+j.Name)
	j.Kafka.VaultPolicy = cmp.Or(j.Kafka.VaultPolicy, j.Namespace+"-"+j.Name+"-kafka-read")
	j.Console = consoleDefaults(j)
	j.Identity.PolicyName = cmp.Or(j.Identity.PolicyName, j.State.Bucket)
	j.Identity.RoleName = cmp.Or(j.Identity.RoleName, roleName(cluster, j))
	return j
}

// roleName of a job where none is set. IAM roles are of an account, jobs of a cluster.
func roleName(cluster string, j Job) string {
	return cluster + "-" + j.Namespace + "-" + j.Name
}
