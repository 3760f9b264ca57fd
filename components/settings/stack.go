package settings

import (
	"slices"
	"strings"
	"time"

	"flink-payments/infra/observe"
	"flink-payments/infra/policy"
	"flink-payments/k8s/flink"
)

// Stack is what a job takes from the stack, as far as the settings say.
func (s Settings) Stack(j Job) flink.Stack {
	partition := policy.PartitionOf(s.Region)
	return flink.Stack{
		Region:            s.Region,
		DNSSuffix:         partition.DNSSuffix,
		OperatorVersion:   s.Platform.Operator.Version,
		WatchedNamespaces: s.WatchedNamespaces(),
		Environment:       s.Environment,
		Team:              s.Team,
		VaultNamespace:    s.Vault.Namespace,
		VaultAuthPath:     s.Vault.AuthPath,
		VaultMount:        s.Vault.Mount,
		DatadogSite:       s.Datadog.Site,
		Labels:            s.Labels(j.Name),
	}
}

// Observed is what the monitors need to know of a job.
func (s Settings) Observed(j Job) observe.Job {
	return observe.Job{
		Name: j.Name, Namespace: j.Namespace, Environment: s.Environment, Team: s.Team,
		CheckpointInterval: time.Duration(j.Checkpoints.Interval), CheckpointTimeout: time.Duration(j.Checkpoints.Timeout),
		CheckpointMinPause: time.Duration(j.Checkpoints.MinPause), TolerableFailures: j.Checkpoints.TolerableFailures, TaskManagers: fewestTaskManagers(j), Suspended: j.Suspended,
	}
}

// fewestTaskManagers that a healthy job has. The operator's autoscaler moves their number, down to one
// (job.autoscaler.vertex.min-parallelism is 1): that is no alert.
func fewestTaskManagers(j Job) int {
	for _, key := range []string{"job.autoscaler.enabled", "kubernetes.operator.job.autoscaler.enabled"} {
		if strings.EqualFold(strings.TrimSpace(j.FlinkConfiguration[key]), "true") {
			return 1
		}
	}
	return j.TaskManagers()
}

// WatchedNamespaces are the jobs' and those that are named besides, sorted, or those of an existing operator; nil: all.
func (s Settings) WatchedNamespaces() []string {
	if s.Platform.Operator.Existing {
		return s.Platform.Operator.WatchedNamespaces
	}
	watched := append(s.JobNamespaces(), s.Platform.Operator.WatchedNamespaces...)
	slices.Sort(watched)
	return slices.Compact(watched)
}

// JobNamespaces are the jobs', sorted, each once.
func (s Settings) JobNamespaces() []string {
	var namespaces []string
	for _, job := range s.Jobs {
		namespaces = append(namespaces, job.Namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces)
}

const regionKey = "aws:region"
