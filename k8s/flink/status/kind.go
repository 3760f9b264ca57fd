package status

import (
	"regexp"
	"strings"
	"time"
)

// A Kind is what stands in the way of a job, in words that head a message.
type Kind string

// What cannot pass, or has repeated.
const (
	Deleting         Kind = "somebody deletes the FlinkDeployment"
	Invalid          Kind = "the operator refuses the specification"
	JobFailed        Kind = "the job is FAILED"
	JobEnded         Kind = "the job ended"
	RolledBack       Kind = "the operator rolled the job back to its last stable specification"
	RestoreRequired  Kind = "the job stopped, and the operator does not know which state to start it from"
	ObserverBlocked  Kind = "main() ended before the job was made, after which operator 1.10 takes up nothing more (FLINK-37370)"
	CrashLoop        Kind = "the JobManager ends each time that it starts"
	ImageRefused     Kind = "the registry refuses the image"
	PodForbidden     Kind = "the JobManager's pod is forbidden"
	NotTakenUp       Kind = "the operator does not take up the change"
	NotDeployed      Kind = "the operator cannot deploy the job"
	Crash            Kind = "the JobManager ended twice"
	ImagePull        Kind = "the image is not pulled"
	Mount            Kind = "a volume of the JobManager is not mounted"
	ContainerConfig  Kind = "the JobManager's container cannot be made"
	PodCreate        Kind = "the JobManager's pod is not created"
	JobManagerFailed Kind = "the JobManager does not start"
)

// A rule is how long a kind is waited for, why so long, and where the runbook
// speaks of it.
type rule struct {
	patience time.Duration
	why      string
	section  string
}

// rules has every kind. From operator 1.12 on (FLINK-37470), and for an image
// on every version, the first look at a passing fault writes ERROR, and the
// next, 15 s later (reconcile interval), takes it back: so no patience is below
// that where the fault may pass. The longest ERROR seen to pass lasted 19.2 s.
// A patience of 0 says: by the operator's or Kubernetes' source nothing tries
// again, or what is tried again has failed three times.
var rules = map[Kind]rule{
	"":              {0, "", "Upgrade"}, // it is on its way, until the caller's own time is over
	Deleting:        {0, "", "Rebuild from the bucket"},
	Invalid:         {0, "", "Failed or interrupted up"}, // DefaultValidator: only another specification is looked at
	JobFailed:       {0, "", "Rollback"},                 // Flink: globally terminal; kubernetes.operator.job.restart.failed is false by default
	JobEnded:        {0, "", "Region of doubt"},          // Flink: FINISHED and CANCELED are globally terminal
	RolledBack:      {0, "", "Rollback"},
	RestoreRequired: {0, "", "Rollback"},           // UpgradeFailureException "Manual restore required."
	ObserverBlocked: {0, "", "Rollback"},           // the observer throws at each pass, before the reconciler
	CrashLoop:       {0, "", "Rollback"},           // kubelet: back-off 10 s after the second end, 20 s after the third
	ImageRefused:    {0, "", "job-does-not-start"}, // the registry answered: not found, or denied
	PodForbidden:    {0, "", "job-does-not-start"}, // Pod Security answers each copy of a pod alike

	NotTakenUp: {time.Minute, "the error may be of the generation before, and the operator's replicas may change their leader", "Rollback"},
	// Operator: 5 s, then each time 1.5 times as long: 6 tries.
	NotDeployed: {2 * time.Minute, "the operator tries again by itself", "Failed or interrupted up"},
	// Kubelet: the third start comes 10 s after the second end. A JobManager is ready 30 to 45 s later.
	Crash: {2 * time.Minute, "the next start may succeed", "Rollback"},
	// Kubelet: tries after 10, 20, 40 and 80 s, and it shows the fault until a pull that succeeds has ended.
	ImagePull: {3 * time.Minute, "the node's network or credentials, or a busy registry, may come round", "job-does-not-start"},
	// Kubelet: tries after 0.5, 1, 2 ... 32 s, and waits 2 min 3 s for a volume before it says so.
	Mount: {2 * time.Minute, "what is mounted may be made a moment later", "job-does-not-start"},
	// Kubelet: tries with each look at the pod, 10 to 15 s apart.
	ContainerConfig: {2 * time.Minute, "what the container refers to may be made a moment later", "job-does-not-start"},
	// ReplicaSet controller: tries after 5 ms, doubled each time: 14 tries in 82 s.
	PodCreate: {2 * time.Minute, "a quota may become free, and a webhook may answer again", "job-does-not-start"},
	// The longest of those that it may be.
	JobManagerFailed: {3 * time.Minute, "its cause is not known to be final", "job-does-not-start"},
}

// kind is what stands in the way of a job, by one look.
func (r reading) kind() Kind {
	kind := r.fault()
	if r.old() && !r.neverDeployed() && kind != "" {
		switch kind {
		case Deleting, Invalid, RestoreRequired, ObserverBlocked:
		default:
			return NotTakenUp
		}
	}
	return kind
}

// fault is the kind of what the status shows, of whichever generation.
func (r reading) fault() Kind {
	words := r.problem.words
	switch {
	case r.deleting:
		return Deleting
	case r.problem.invalid:
		return Invalid
	case r.lifecycle == "ROLLED_BACK" && !r.old():
		return RolledBack
	case r.lifecycle == "UPGRADING" || r.lifecycle == "ROLLING_BACK" || r.job == "RUNNING":
		return "" // what else it shows is of before
	case strings.Contains(words, "Manual restore required"):
		return RestoreRequired
	case strings.Contains(words, "Checkpointing has not been enabled"):
		return ObserverBlocked
	case r.job == "FAILED":
		return JobFailed
	case (r.job == "FINISHED" || r.job == "CANCELED") && r.lifecycle != "SUSPENDED":
		return JobEnded
	case r.neverDeployed() && r.lifecycle == "FAILED":
		return NotDeployed
	case r.jobManager == "READY":
		return ""
	}
	kind := r.problem.podFault()
	switch {
	case kind == Crash || kind == CrashLoop:
		return kind // between two ends the JobManager looks as if it came up
	case r.jobManager != "ERROR" && r.lifecycle != "FAILED":
		return ""
	case kind == "":
		return JobManagerFailed
	}
	return kind
}

var (
	backOff = regexp.MustCompile(`back-off (\S+) restarting failed container`)
	// What registries answer, as containerd says it. "no such host" is not an answer.
	refused = regexp.MustCompile(`(?i): not found|manifest unknown|name unknown|403 Forbidden|pull access denied|no match for platform|invalid reference format|InvalidImageName`)
	pull    = regexp.MustCompile(`(?i)failed to pull|back-off pulling|ErrImagePull|ImagePullBackOff`)
	mount   = regexp.MustCompile(`MountVolume|Unable to (attach or )?mount volumes|AttachVolume`)
	create  = regexp.MustCompile(`(?i)pods? "[^"]*" is forbidden|failed calling webhook|error looking up service account`)
	config  = regexp.MustCompile(`(?i)(secret|configmap) "[^"]*" not found|couldn't find key|failed to create containerd task`)
)

// podFault is the kind of a DeploymentFailedException: by the reason in its
// additionalMetadata, which operators from 1.10 on write, or else by its text.
func (p problem) podFault() Kind {
	is := func(text *regexp.Regexp, reasons ...string) bool {
		for _, reason := range reasons {
			if p.reason == reason {
				return true
			}
		}
		return p.reason == "" && text.MatchString(p.words)
	}
	crash := backOff.FindStringSubmatch(p.words)
	switch {
	case crash != nil || strings.Contains(p.words, "CrashLoop - ") || p.reason == "CrashLoopBackOff" || p.reason == "OOMKilled":
		if crash != nil {
			if wait, err := time.ParseDuration(crash[1]); err == nil && wait >= 20*time.Second {
				return CrashLoop
			}
		}
		return Crash
	case is(pull, "ErrImagePull", "ImagePullBackOff"):
		if refused.MatchString(p.words) {
			return ImageRefused
		}
		return ImagePull
	case is(mount, "FailedMount"):
		return Mount
	case is(config, "CreateContainerConfigError", "RunContainerError"):
		return ContainerConfig
	case is(create, "FailedCreate"):
		if strings.Contains(p.words, "violates PodSecurity") {
			return PodForbidden
		}
		return PodCreate
	}
	return ""
}
