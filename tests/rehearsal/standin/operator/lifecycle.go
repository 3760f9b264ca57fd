package operator

import "strings"

// What the operator says when only a person can go on.
const (
	haMissing     = "HA metadata is not available"
	jobEnded      = "It is possible that the job has finished or terminally failed, or the configmaps have been deleted."
	manualRestore = "Manual restore required."
)

// lifecycle is CommonStatus.getLifecycleState of the operator.
func (s *step) lifecycle() string {
	problem := text(s.status, "error")
	if s.last() == nil {
		if problem == "" {
			return "CREATED"
		}
		return "FAILED"
	}
	state := text(s.reconciliation(), "state")
	manager := text(s.status, "jobManagerDeploymentStatus")
	switch {
	case state == "UPGRADING", state == "ROLLING_BACK":
		return state
	case text(child(s.last(), "job"), "state") == "suspended":
		return "SUSPENDED"
	case text(s.job(), "state") == "FAILED":
		return "FAILED"
	case s.release.failsUnrecoverable() && (manager == "MISSING" || manager == "ERROR") &&
		(strings.Contains(problem, manualRestore) || strings.Contains(problem, jobEnded) || strings.Contains(problem, haMissing)):
		return "FAILED"
	case state == "ROLLED_BACK":
		return state
	case s.stable():
		return "STABLE"
	}
	return "DEPLOYED"
}
