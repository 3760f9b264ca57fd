package prove

import (
	"context"
	"time"

	"flink-payments/tests/acceptance/internal/promise"
)

// settling is how many looks a job that runs under a new leader, and reports
// no restore, is given to report one.
const settling = 15

// glance is the longest that one look may take. The API server's proxy still
// asks the lost pod's address for a while, where nobody even refuses.
const glance = 2 * time.Second

// failover deletes the leading JobManager, where that was asked for and
// nothing speaks against it, and watches what comes of it.
func (p *Proof) failover(ctx context.Context) {
	const name = "failover"
	switch {
	case !p.settings.Disrupt:
		p.judged(promise.Skip(promise.Recoverable, name, "the leading JobManager was left alone; --disrupt deletes its pod"))
		return
	case !p.held(promise.Running) || !p.held(promise.Recoverable):
		p.judged(promise.Skip(promise.Recoverable, name, "nothing was deleted: a job that is not running and recoverable may not come back"))
		return
	}
	checkpoints, err := p.eyes.Flink.Checkpoints(ctx, p.job.ID)
	if err != nil {
		p.failed(promise.Recoverable, name, err, "")
		return
	}
	ha, err := p.eyes.Cluster.HA(ctx, p.want.Name, p.job.ID)
	if err != nil {
		p.failed(promise.Recoverable, name, err, "")
		return
	}
	pods, err := p.eyes.Cluster.Pods(ctx, p.want.Name)
	if err != nil {
		p.failed(promise.Recoverable, name, err, "")
		return
	}
	leader, standbys := promise.Roles(ha, pods)
	if checkpoints.Latest == nil || leader.Name == "" || len(standbys) == 0 {
		p.judged(promise.Skip(promise.Recoverable, name, "nothing was deleted: the leader changed while it was looked at; run this again"))
		return
	}
	f := promise.Failover{Deleted: leader.Name, JobID: p.job.ID, Before: *checkpoints.Latest, RestoredBefore: checkpoints.Restored}
	for _, s := range standbys {
		f.Standbys = append(f.Standbys, s.Name)
	}
	p.say("deleting the leading JobManager %s; the last completed checkpoint is %d", leader.Name, f.Before.ID)
	seen := time.Now()
	if err := p.eyes.Cluster.DeletePod(ctx, leader); err != nil {
		p.failed(promise.Recoverable, name, err, "")
		return
	}
	p.wait(ctx, &f, ha, leader, seen)
	if f.Back {
		p.goOn(ctx, &f)
	}
	p.judged(promise.Survived(f, p.settings.MaxOutage)...)
}

// wait looks until the job runs under a new leader. seen is when it was last
// seen to run under the old one.
func (p *Proof) wait(ctx context.Context, f *promise.Failover, old promise.HA, deleted promise.Pod, seen time.Time) {
	var unrestored time.Time
	looks, shown := 0, ""
	for end := seen.Add(p.settings.Patience); ; {
		look, done := context.WithTimeout(ctx, glance)
		ha, haErr := p.eyes.Cluster.HA(look, p.want.Name, p.job.ID)
		job, jobErr := p.eyes.Flink.Job(look, p.job.ID)
		checkpoints, err := p.eyes.Flink.Checkpoints(look, p.job.ID)
		done()
		now := time.Now()
		changed := haErr == nil && ha.LeaderHost != "" && (ha.Session != old.Session || ha.LeaderHost != deleted.IP)
		executing := jobErr == nil && err == nil && job.Executing()
		if jobErr == nil {
			f.Job = job
		}
		restored := err == nil && checkpoints.Restored != nil &&
			(f.RestoredBefore == nil || *checkpoints.Restored != *f.RestoredBefore)
		switch {
		case executing && changed && restored:
			f.Back, f.Restored, f.Outage = true, checkpoints.Restored, now.Sub(seen)
		case executing && changed:
			if looks++; looks == 1 {
				unrestored = now
			}
			if looks == settling {
				f.Back, f.Restored, f.Outage = true, checkpoints.Restored, unrestored.Sub(seen)
			}
		case executing && !changed && !restored:
			seen = now
		}
		if state := p.describe(changed, jobErr, job, restored); state != shown {
			p.say("%5.1fs after the last look at the old leader: %s", now.Sub(seen).Seconds(), state)
			shown = state
		}
		if f.Back || now.After(end) || !p.pause(ctx) {
			break
		}
	}
	if !f.Back {
		f.Outage = time.Since(seen)
	}
	f.Leader = p.leading(ctx)
}

func (p *Proof) describe(changed bool, jobErr error, job promise.Job, restored bool) string {
	state := "the old leader's record stands"
	if changed {
		state = "another JobManager leads"
	}
	if jobErr != nil {
		return state + ", REST does not answer"
	}
	state += ", Flink says " + job.State
	if !job.Executing() {
		state += " (not all subtasks)"
	}
	if restored {
		state += ", restored"
	}
	return state
}

// leading is the name of the pod that the HA record points at.
func (p *Proof) leading(ctx context.Context) string {
	ha, err := p.eyes.Cluster.HA(ctx, p.want.Name, p.job.ID)
	if err != nil {
		return ""
	}
	pods, err := p.eyes.Cluster.Pods(ctx, p.want.Name)
	if err != nil {
		return ""
	}
	for _, pod := range pods {
		if pod.Component == "jobmanager" && pod.IP == ha.LeaderHost && pod.IP != "" {
			return pod.Name
		}
	}
	return ""
}

// goOn waits for the first checkpoint under the new leader.
func (p *Proof) goOn(ctx context.Context, f *promise.Failover) {
	window := max(p.settings.Window, 2*p.interval)
	p.say("waiting up to %s for a checkpoint under the new leader", window)
	first := int64(-1)
	for end := time.Now().Add(window); time.Now().Before(end); {
		look, done := context.WithTimeout(ctx, glance)
		c, err := p.eyes.Flink.Checkpoints(look, p.job.ID)
		done()
		if err == nil {
			if first < 0 {
				first = c.Completed
			}
			if f.Completed = c.Completed - first; f.Completed > 0 {
				return
			}
		}
		if !p.pause(ctx) {
			return
		}
	}
}
