package promise

import (
	"fmt"
	"slices"
	"time"
)

// A Failover is what was seen when the leading JobManager was deleted.
type Failover struct {
	// Deleted is the pod that led; Standbys were ready beside it.
	Deleted  string
	Standbys []string
	// JobID, the last completed checkpoint and where the job had been restored from, before.
	JobID          string
	Before         Completed
	RestoredBefore *Restored

	// Leader is who led at the end; empty: nobody.
	Leader string
	// Job and Restored, at the end.
	Job      Job
	Restored *Restored
	// Back says whether the job ran again before the wait was given up.
	Back bool
	// Outage is the time from the last look that saw the job run under the old
	// leader to the first that saw it run under the new one: an upper bound.
	Outage time.Duration
	// Completed counts the checkpoints that completed after it was back.
	Completed int64
}

// Survived judges a failover.
func Survived(f Failover, most time.Duration) []Check {
	return []Check{
		stoodIn(f),
		resumed(f),
		judged(Recoverable, "outage", f.Back && f.Outage <= most,
			either(f.Back, "time without a running job: at most "+f.Outage.Round(100*time.Millisecond).String(),
				"the job was not back after "+f.Outage.Round(time.Second).String()),
			"at most "+most.String(),
			"leader election waits high-availability.kubernetes.leader-election.lease-duration; TaskManagers register anew"),
		judged(Recoverable, "checkpoints-go-on", f.Completed > 0,
			fmt.Sprintf("%d completed after the failover", f.Completed), "at least one", irsaAdvice),
	}
}

func stoodIn(f Failover) Check {
	return judged(Recoverable, "standby-leads", slices.Contains(f.Standbys, f.Leader),
		fmt.Sprintf("%s was deleted, %s leads", f.Deleted, either(f.Leader != "", f.Leader, "nobody")),
		fmt.Sprintf("one of those that stood by: %v", f.Standbys),
		"a replacement that has to start first is a longer outage: is jobManager.replicas 2, and are both ready?")
}

// resumed tells a job that went on from one that began again: Flink reports
// where the state came from, and a start from nothing reports no restore.
func resumed(f Failover) Check {
	anew := f.Restored != nil && (f.RestoredBefore == nil || *f.Restored != *f.RestoredBefore)
	found := "no restore is reported: the job began with empty state, at its earliest offset"
	switch {
	case !f.Back && !anew:
		found = fmt.Sprintf("the job is not back: Flink says %s", or(f.Job.State))
	case f.Restored != nil && !anew:
		found = fmt.Sprintf("no new restore is reported, only the one from %s before", f.Restored.Path)
	case anew:
		found = fmt.Sprintf("job %s restored from checkpoint %d (%s)", f.Job.ID, f.Restored.ID, f.Restored.Path)
	}
	return judged(Recoverable, "resumed-from-checkpoint", anew && f.Restored.ID >= f.Before.ID && f.Job.ID == f.JobID, found,
		fmt.Sprintf("job %s restored from checkpoint %d or newer", f.JobID, f.Before.ID),
		"is high-availability.storageDir reachable for the pods? See the promise identity")
}
