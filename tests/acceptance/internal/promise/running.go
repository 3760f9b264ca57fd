package promise

import (
	"fmt"
	"slices"
	"time"

	"flink-payments/tests/acceptance/internal/expected"
)

// Reconciled judges what the operator says, all on one read of the object:
// STABLE alone is kept when a job falls into RESTARTING, and the old
// generation goes on showing it while an upgrade takes its savepoint.
func Reconciled(d Deployment) []Check {
	status := fmt.Sprintf("lifecycleState %s, reconciliation %s, JobManager %s, job %s",
		or(d.Lifecycle), or(d.Reconciliation), or(d.JobManagerStatus), or(d.JobState))
	checks := []Check{
		judged(Running, "generation", d.Generation == d.ObservedGeneration,
			fmt.Sprintf("the operator has taken up generation %d of %d", d.ObservedGeneration, d.Generation),
			"observedGeneration equal to metadata.generation",
			"an upgrade is under way, or the operator does not watch this namespace: read its logs and status.error"),
	}
	if d.Desired == "suspended" {
		return append(checks, judged(Running, "operator", false, "suspended by its specification; "+status,
			"a job that is meant to run", "resume it: suspended: false"))
	}
	return append(checks,
		judged(Running, "operator",
			d.Lifecycle == "STABLE" && d.Reconciliation == "DEPLOYED" && d.JobManagerStatus == "READY" && d.JobState == "RUNNING",
			status, "STABLE, DEPLOYED, READY and RUNNING together",
			"read status.error, the events of the FlinkDeployment and the JobManager's log"),
		judged(Running, "no-error", d.Error == "",
			either(d.Error == "", "status.error is empty", "status.error: "+shortened(d.Error)), "no error",
			"the operator's own words say why; an error of validation leaves the old job running"),
	)
}

// Executing judges what Flink itself says. An autoscaler may have changed the
// parallelism of single vertices: then every subtask has to run, however many.
func Executing(want expected.Job, d Deployment, j Job) []Check {
	wanted := want.Parallelism
	if wanted == 0 {
		wanted = d.Parallelism
	}
	highest, planned, running := 0, 0, 0
	for _, v := range j.Vertices {
		highest, planned, running = max(highest, v.Parallelism), planned+v.Parallelism, running+v.Running
	}
	scaled := d.Configuration["job.autoscaler.enabled"] == "true" && d.Configuration["job.autoscaler.scaling.enabled"] != "false"
	found := fmt.Sprintf("parallelism %d, %d of %d subtasks running", highest, running, planned)
	promised := fmt.Sprintf("parallelism %d and all of its subtasks running", wanted)
	if scaled {
		promised = "all subtasks running, at the autoscaler's parallelism"
	}
	return []Check{
		judged(Running, "job", j.State == "RUNNING" && (d.JobID == "" || d.JobID == j.ID),
			fmt.Sprintf("Flink says %s of job %s", or(j.State), j.ID),
			"RUNNING, of job "+or(d.JobID)+" that the operator knows",
			"read the job's exceptions in the console"),
		judged(Running, "parallelism", j.Executing() && (scaled || highest == wanted), found, promised,
			"too few TaskManagers came up (nodes, quotas, image), or a change of parallelism is not deployed"),
	}
}

// SameImage judges that every pod of the job runs the image of the stack.
func SameImage(want expected.Job, d Deployment, pods []Pod) Check {
	image := want.Image
	if image == "" {
		image = d.Image
	}
	var others []string
	managers := 0
	for _, p := range pods {
		if p.Component == "taskmanager" {
			managers++
		}
		if p.Image != image {
			others = append(others, p.Name+" runs "+or(p.Image))
		}
	}
	slices.Sort(others)
	found := fmt.Sprintf("%d pods, %d of them TaskManagers, run %s", len(pods), managers, image)
	if len(others) > 0 {
		found = fmt.Sprint(others)
	}
	return judged(Running, "image", len(others) == 0 && managers > 0, found, "JobManagers and TaskManagers that run "+image,
		"pods of another generation are left, or the deployed image is not the reviewed one")
}

// Steady judges the restarts over the window in which the samples were taken.
func Steady(samples []Sample, window time.Duration) Check {
	var counts []int64
	interrupted := ""
	for _, s := range samples {
		if s.Restarts != nil {
			counts = append(counts, *s.Restarts)
		}
		if s.State != "RUNNING" {
			interrupted = s.State
		}
	}
	if len(counts) < 2 {
		return NotSeen(Running, "restarts", "Flink showed its metric numRestarts less than twice; a longer --window may")
	}
	// A new leader counts from 0 again: less is a restart, too.
	lowest, highest := slices.Min(counts), slices.Max(counts)
	found := fmt.Sprintf("numRestarts %d and RUNNING throughout %s", highest, window)
	switch {
	case lowest != highest:
		found = fmt.Sprintf("numRestarts was between %d and %d within %s", lowest, highest, window)
	case interrupted != "":
		found = fmt.Sprintf("the job was %s within %s", interrupted, window)
	}
	return judged(Running, "restarts", lowest == highest && interrupted == "", found,
		"no restart and RUNNING all the time", "read the job's exceptions: the newest is why it restarts")
}

func or(text string) string { return either(text != "", text, "(none)") }

func either[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// shortened keeps a stack trace from filling the report.
func shortened(text string) string {
	const most = 600
	if len(text) <= most {
		return text
	}
	return text[:most] + " …"
}
