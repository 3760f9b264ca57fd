package operator

import "slices"

// observe looks at the cluster, as AbstractFlinkDeploymentObserver and
// JobStatusObserver do, and says whether the pass goes on.
func (s *step) observe() (goes bool) {
	state := text(s.reconciliation(), "state")
	if s.last() == nil || state == "UPGRADING" || state == "ROLLING_BACK" {
		return true
	}
	if s.status["jobManagerDeploymentStatus"] != "READY" && !s.observeJobManager() {
		return false
	}
	if s.status["jobManagerDeploymentStatus"] == "READY" && !s.observeJob() {
		return false
	}
	if s.status["jobManagerDeploymentStatus"] != "ERROR" && text(s.job(), "state") != "FAILED" && s.stable() {
		delete(s.status, "error")
	}
	return true
}

// observeJobManager looks at the Deployment and its pods. False: the deployment
// failed, which ends the pass.
func (s *step) observeJobManager() bool {
	before := text(s.status, "jobManagerDeploymentStatus")
	suspended := text(child(s.spec, "job"), "state") == "suspended" && text(child(s.last(), "job"), "state") == "suspended"
	if before == "MISSING" && suspended {
		return true
	}
	if before == "DEPLOYED_NOT_READY" {
		s.status["jobManagerDeploymentStatus"] = "READY"
		return true
	}
	seen := s.cluster.look()
	switch {
	case !seen.exists:
		s.status["jobManagerDeploymentStatus"] = "MISSING"
		if !s.ended() {
			s.job()["state"] = "RECONCILING"
		}
		if before != "MISSING" && before != "ERROR" {
			s.fail(missingClass, "Missing JobManager deployment")
		}
	case seen.available:
		s.status["jobManagerDeploymentStatus"] = "DEPLOYED_NOT_READY"
	case seen.problem != "" || seen.mount != "" && s.release.readsMounts():
		s.job()["state"] = "RECONCILING"
		// An error that is known lets a new specification through.
		if before == "ERROR" {
			return true
		}
		s.status["jobManagerDeploymentStatus"] = "ERROR"
		s.fail(deploymentClass, seen.problem+seen.mount)
		return false
	default:
		s.status["jobManagerDeploymentStatus"] = "DEPLOYING"
	}
	return true
}

// observeJob asks Flink's REST. False: it threw, which ends the pass.
func (s *step) observeJob() bool {
	if text(child(s.last(), "job"), "state") == "suspended" {
		return true
	}
	job := s.job()
	before, seen := text(job, "state"), s.cluster.look()
	switch {
	case !seen.exists || seen.job == noAnswer:
		if before == "RUNNING" {
			job["state"] = "RECONCILING"
		}
		return s.observeJobManager()
	case seen.job == noJob:
		s.reconciliation()["state"], job["state"] = "DEPLOYED", "RECONCILING"
		s.status["error"] = "Job Not Found"
		return true
	case seen.mainThrew && s.release.losesMain():
		// What was observed is lost with the exception; only the error is written.
		s.status = clone(child(s.o.State, "status"))
		s.fail(reconciliationClass, reconciliationClass+": Could not observe latest savepoint information. "+
			"Caused by: Checkpointing has not been enabled.")
		return false
	}
	job["state"], job["jobName"] = seen.job, s.name()
	if seen.since != "" {
		job["startTime"] = seen.since
	}
	if seen.job == "RUNNING" && before != "RUNNING" {
		s.cluster.ran()
	}
	if seen.job == "RUNNING" && text(s.reconciliation(), "state") == "DEPLOYED" {
		s.markStable()
	}
	if seen.job == "FAILED" && !slices.Contains([]string{"FAILED", ""}, before) {
		s.fail(throwableClass, seen.failure)
	}
	return true
}

// Classes of exceptions, as they stand in status.error.
const (
	missingClass        = "org.apache.flink.kubernetes.operator.exception.MissingJobManagerException"
	deploymentClass     = "org.apache.flink.kubernetes.operator.exception.DeploymentFailedException"
	reconciliationClass = "org.apache.flink.kubernetes.operator.exception.ReconciliationException"
	upgradeClass        = "org.apache.flink.kubernetes.operator.exception.UpgradeFailureException"
	throwableClass      = "org.apache.flink.util.SerializedThrowable"
)
