package operator

// deleted is the operator's clean-up: a last savepoint where it is told to take
// one, which only a RUNNING job with a JobManager can and only an ended one need
// not. Until then each try throws, nothing of the status is written, and the
// finalizer stays (FLINK-40388).
func (s *step) deleted() (gone bool) {
	if text(s.notes(), "phase") == "last savepoint" {
		if s.over() {
			s.savepoint(s.last())
			s.cluster.stop()
			return true
		}
		return false
	}
	// The operator's own options are read from the specification of now.
	takes := child(s.spec, "flinkConfiguration")["kubernetes.operator.job.savepoint-on-deletion"] == "true"
	switch {
	case s.last() == nil || s.ended() || !takes:
		s.cluster.stop()
		return true
	case text(s.job(), "state") == "RUNNING" && s.cluster.look().exists:
		s.enter("last savepoint", savepointTakes)
	}
	return false
}

// rollBack plays what the operator does that was told to take a deployment back.
func (s *step) rollBack() {
	if !s.over() {
		return
	}
	if text(s.reconciliation(), "state") != "ROLLING_BACK" {
		s.reconciliation()["state"] = "ROLLING_BACK"
		s.settle()
		s.enter("rolling back", jobTakes)
		return
	}
	s.notes()["rolledBack"] = clone(s.spec)
	s.reconciliation()["state"], s.status["lifecycleState"] = "ROLLED_BACK", "ROLLED_BACK"
	s.job()["state"], s.status["jobManagerDeploymentStatus"] = "RUNNING", "READY"
	s.enter("rolled back", 0)
}
