package components

import (
	"slices"
	"time"

	"flink-payments/infra/observe"
	"flink-payments/infra/policy"
	"flink-payments/k8s/flink"
)

// site is where a job runs, as far as the settings say.
func (s Settings) site(j JobSettings) flink.Site {
	partition := policy.PartitionOf(s.Region)
	return flink.Site{
		Region:            s.Region,
		DNSSuffix:         partition.DNSSuffix,
		OperatorVersion:   s.Platform.Operator.Version,
		WatchedNamespaces: s.watchedNamespaces(),
		Environment:       s.Environment,
		Team:              s.Team,
		VaultAuthPath:     s.Vault.AuthPath,
		VaultMount:        s.Vault.Mount,
		DatadogSite:       s.Datadog.Site,
		Labels:            s.labels(j.Name),
	}
}

// observed is what the monitors need to know of a job.
func (s Settings) observed(j JobSettings) observe.Job {
	return observe.Job{
		Name: j.Name, Namespace: j.Namespace, Environment: s.Environment, Team: s.Team,
		CheckpointInterval: time.Duration(j.Checkpoints.Interval), CheckpointTimeout: time.Duration(j.Checkpoints.Timeout),
		CheckpointMinPause: time.Duration(j.Checkpoints.MinPause), TolerableFailures: j.Checkpoints.TolerableFailures, TaskManagers: j.TaskManagers(), Suspended: j.Suspended,
	}
}

// watchedNamespaces are the jobs', sorted, or those of an existing operator; nil: all.
func (s Settings) watchedNamespaces() []string {
	if s.Platform.Operator.Existing {
		return s.Platform.Operator.WatchedNamespaces
	}
	return s.jobNamespaces()
}

func (s Settings) jobNamespaces() []string {
	var namespaces []string
	for _, job := range s.Jobs {
		namespaces = append(namespaces, job.Namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces)
}

const regionKey = "aws:region"
