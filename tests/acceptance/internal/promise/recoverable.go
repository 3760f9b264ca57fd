package promise

import (
	"fmt"
	"strings"
	"time"

	"flink-payments/tests/acceptance/internal/expected"
)

const irsaAdvice = "most often the pods have no role: see the promise identity; else the bucket policy, the key or the lifecycle rules"

// Checkpointing judges that checkpoints complete, by their growth within the
// window: no clock has to agree with another.
func Checkpointing(samples []Sample, window time.Duration) Check {
	var first, last Checkpoints
	if len(samples) > 0 {
		first, last = samples[0].Checkpoints, samples[len(samples)-1].Checkpoints
	}
	done, failed := last.Completed-first.Completed, last.Failed-first.Failed
	return judged(Recoverable, "checkpoints-complete", done > 0,
		fmt.Sprintf("%d completed and %d failed within %s", max(done, 0), max(failed, 0), window),
		"at least one completed", "the newest failed checkpoint in the console says why; "+irsaAdvice)
}

// Retained judges that the last checkpoint outlives the job.
func Retained(c CheckpointConfig) Check {
	return judged(Recoverable, "retained", c.Externalized && !c.DeletedOnCancel,
		fmt.Sprintf("externalized %t, deleted on cancellation %t, interval %s", c.Externalized, c.DeletedOnCancel, c.Interval),
		"RETAIN_ON_CANCELLATION", "set execution.checkpointing.externalized-checkpoint-retention")
}

// InS3 judges that S3 holds what Flink says: newest is the newest complete
// checkpoint found in S3, looked at between two looks at Flink. One more may
// be written in S3 before Flink reports it.
func InS3(want expected.Job, before, after Completed, newest int64) Check {
	found := fmt.Sprintf("Flink reports %s, S3 holds up to chk-%d", before.Path, newest)
	return judged(Recoverable, "checkpoint-in-s3",
		expected.Under(before.Path, want.CheckpointsURI) && newest >= before.ID && newest <= after.ID+1,
		found, fmt.Sprintf("chk-%d or newer under %s, the same in both", before.ID, want.CheckpointsURI), irsaAdvice)
}

// Readable judges that a checkpoint's _metadata can be read back and is its own.
func Readable(of Completed, s Stored) Check {
	id, err := metadataID(s.Head)
	found := fmt.Sprintf("%s, %d bytes, of checkpoint %d", s.URI, s.Size, id)
	if err != nil {
		found = fmt.Sprintf("%s, %d bytes: %s", s.URI, s.Size, err)
	}
	return judged(Recoverable, "checkpoint-readable", err == nil && id == of.ID, found,
		fmt.Sprintf("Flink's metadata of checkpoint %d", of.ID), "do not restart the job; see the runbook on restoring from S3's versions")
}

// Encrypted judges that the object is under the stack's own key.
func Encrypted(want expected.Job, s Stored) Check {
	if want.KeyARN == "" {
		return Skip(Recoverable, "encrypted", "no key given to compare with")
	}
	return judged(Recoverable, "encrypted", s.KeyARN == want.KeyARN, "encrypted with "+or(s.KeyARN), want.KeyARN,
		"the bucket's default encryption was changed: pulumi refresh --preview-only shows the drift")
}

// Pointed judges that a new leader would find the newest checkpoint: it reads
// the ConfigMap, not S3's listing.
func Pointed(h HA, before, after Completed) Check {
	return judged(Recoverable, "ha-pointer", h.Checkpoint >= before.ID && h.Checkpoint <= after.ID+1,
		fmt.Sprintf("the HA ConfigMap points at checkpoint %d", h.Checkpoint),
		fmt.Sprintf("checkpoint %d or newer", before.ID),
		"without it a JobManager loss replays from the earliest offset: is high-availability.type kubernetes, and its storageDir writable?")
}

// HAInS3 judges that the job's HA data is there: what the ConfigMap points at.
func HAInS3(prefix string, objects int) Check {
	return judged(Recoverable, "ha-in-s3", objects > 0, fmt.Sprintf("%d objects under %s", objects, prefix),
		"the job graph and the checkpoint pointers", "high-availability.storageDir is elsewhere, or cannot be written")
}

// StandingBy judges that one JobManager leads and another is ready to.
func StandingBy(d Deployment, h HA, pods []Pod) Check {
	leader, standbys := Roles(h, pods)
	found := fmt.Sprintf("%s leads, %d more ready: %s", or(leader.Name), len(standbys), strings.Join(names(standbys), ", "))
	if leader.Name == "" && h.LeaderHost != "" {
		found = fmt.Sprintf("the leader's address %s belongs to none of the job's ready pods", h.LeaderHost)
	}
	return judged(Recoverable, "standby", leader.Name != "" && len(standbys) > 0 && len(standbys)+1 >= d.JobManagers, found,
		fmt.Sprintf("%d JobManagers ready, one of them leading", max(2, d.JobManagers)),
		"set jobManager.replicas to 2 and see why a JobManager is not ready")
}

// Roles parts the ready JobManagers into the one that leads and those that stand by.
func Roles(h HA, pods []Pod) (leader Pod, standbys []Pod) {
	for _, p := range pods {
		switch {
		case p.Component != "jobmanager" || !p.Ready:
		case p.IP == h.LeaderHost && h.LeaderHost != "":
			leader = p
		default:
			standbys = append(standbys, p)
		}
	}
	return leader, standbys
}

func names(pods []Pod) []string {
	var all []string
	for _, p := range pods {
		all = append(all, p.Name)
	}
	return all
}
