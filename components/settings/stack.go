package settings

import (
	"slices"
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
		CheckpointMinPause: time.Duration(j.Checkpoints.MinPause), TolerableFailures: j.Checkpoints.TolerableFailures, TaskManagers: j.TaskManagers(), Suspended: j.Suspended,
	}
}

// WatchedNamespaces are the jobs', sorted, or those of an existing operator; nil: all.
func (s Settings) WatchedNamespaces() []string {
	if s.Platform.Operator.Existing {
		return s.Platform.Operator.WatchedNamespaces
	}
	return s.JobNamespaces()
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
