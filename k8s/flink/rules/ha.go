package rules

import (
	"fmt"
	"strings"

	"flink-payments/k8s/validation"
)

var haRules = []validation.Rule[Input]{
	{
		ID: "ha-type", Severity: validation.Refuse, Looks: "flinkConfiguration: high-availability.type",
		Reason: "without Kubernetes high availability a new JobManager knows of no checkpoint: the job starts again from nothing",
		Fix:    "kubernetes, or leave the key out",
		Source: "guide: HA JobManager; operator: DefaultValidator, standby JobManagers; Flink docs: Kubernetes HA",
		Check: func(s Input) []validation.Finding {
			kind := s.text("high-availability.type")
			kubernetes := strings.EqualFold(kind, "kubernetes") || strings.HasSuffix(kind, ".KubernetesHaServicesFactory")
			// Off with last-state has a worse name: last-state-without-ha.
			lastState := s.haIsOff() && s.Job.UpgradeMode == "last-state"
			return when(!kubernetes && !lastState, s.at("high-availability.type", ""), kind)
		},
	},
	{
		ID: "jobmanager-replicas", Severity: validation.Refuse, Looks: "jobManager.replicas",
		Reason: "a job needs a JobManager", Fix: "2: a leader and a standby",
		Source: "operator: DefaultValidator, JobManager replicas",
		Check: func(s Input) []validation.Finding {
			return when(s.Job.JobManager.Replicas < 1, "jobManager.replicas", fmt.Sprint(s.Job.JobManager.Replicas))
		},
	},
	{
		ID: "standby-in-production", Severity: validation.Refuse, Looks: "jobManager.replicas, environment",
		Reason: "with no standby the loss of the JobManager's node stops the job until a new pod was scheduled, pulled and started",
		Fix:    "2: a leader and a standby",
		Source: "guide: JobManager failure must be a non-event",
		Check: func(s Input) []validation.Finding {
			return when(production(s) && s.Job.JobManager.Replicas == 1, "jobManager.replicas", "1")
		},
	},
	{
		ID: "standby", Severity: validation.Warn, Looks: "jobManager.replicas",
		Reason: "with no standby the loss of the JobManager's node stops the job until a new pod was scheduled, pulled and started",
		Fix:    "2: a leader and a standby",
		Source: "guide: JobManager failure must be a non-event",
		Check: func(s Input) []validation.Finding {
			return when(!production(s) && s.Job.JobManager.Replicas == 1, "jobManager.replicas", "1")
		},
	},
	{
		ID: "restart-strategy", Severity: validation.Refuse, Looks: "flinkConfiguration: restart-strategy.type",
		Reason: "the first failure of any task would end the job for good",
		Fix:    "exponential-delay, or leave the key out",
		Source: "guide: transient blips self-heal; Flink docs: task failure recovery",
		Check: func(s Input) []validation.Finding {
			kind := strings.ToLower(s.text("restart-strategy.type"))
			return when(kind == "none" || kind == "off" || kind == "disable", s.at("restart-strategy.type", ""), s.text("restart-strategy.type"))
		},
	},
	{
		ID: "restart-backoff", Severity: validation.Refuse, Looks: "restartStrategy.initialBackoff, restartStrategy.maxBackoff",
		Reason: "the longest wait is shorter than the first: Flink refuses to start the job",
		Fix:    "a maxBackoff above initialBackoff, such as 1s and 5m",
		Source: "Flink: ExponentialDelayRestartBackoffTimeStrategy",
		Check: func(s Input) []validation.Finding {
			const first, longest = "restart-strategy.exponential-delay.initial-backoff", "restart-strategy.exponential-delay.max-backoff"
			a, okA := s.duration(first)
			b, okB := s.duration(longest)
			return when(okA && okB && b < a, s.at(longest, "restartStrategy.maxBackoff"), fmt.Sprintf("%s, with a first wait of %s", b, a))
		},
	},
}
