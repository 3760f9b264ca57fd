package operator

import (
	"errors"
	"time"

	"flink-payments/tests/rehearsal/world"
)

// How long things take, on the model's clock: estimates of the right order.
const (
	savepointTakes = 10 * time.Second
	rollbackTakes  = 60 * time.Second
)

// change is AbstractJobReconciler.reconcileSpecChange.
func (s *step) change() error {
	last, wanted := child(s.last(), "job"), child(s.spec, "job")
	suspended := text(last, "state") == "suspended"
	if !suspended {
		how, err := s.howToStop()
		if err != nil {
			return err
		}
		switch how {
		case wait:
			return nil
		case withSavepoint:
			s.enter("savepointing", savepointTakes)
			return nil
		case atOnce:
			s.undeploy()
		case ended:
			s.job()["state"], suspended = "FINISHED", true
		}
		if text(wanted, "state") == "suspended" {
			s.reconciled("suspended", "DEPLOYED")
			return nil
		}
		s.reconciled("suspended", "UPGRADING")
		if !suspended {
			return nil
		}
	}
	if text(wanted, "state") == "suspended" {
		return nil // no generation is observed for edits of a suspended job
	}
	from, _ := s.job()["upgradeSavepointPath"].(string)
	if text(wanted, "upgradeMode") == "stateless" {
		from = ""
	} else if s.notes()["lastState"] == true {
		from = lastState
	}
	delete(s.notes(), "lastState")
	s.reconciled("suspended", "UPGRADING")
	s.patch()
	s.deploy(from)
	s.reconciled("running", "DEPLOYED")
	if s.w.Obey(s.name(), world.RollBackNextUpgrade) {
		s.enter("rolling back", rollbackTakes)
	}
	return nil
}

// How a job is stopped for an upgrade.
type stop int

const (
	// wait: it cannot be stopped yet, and nothing is said.
	wait stop = iota
	withSavepoint
	// atOnce: what it goes on from is there without it.
	atOnce
	// ended: it runs no more, and its savepoint is known.
	ended
)

// howToStop is AbstractJobReconciler.getJobUpgrade and ApplicationReconciler's.
func (s *step) howToStop() (stop, error) {
	mode, manager := text(child(s.spec, "job"), "upgradeMode"), text(s.status, "jobManagerDeploymentStatus")
	running, kept := text(s.job(), "state") == "RUNNING", s.cluster.metadata()
	if mode == "stateless" {
		return atOnce, nil
	}
	if s.ended() && (text(s.job(), "state") == "CANCELED" || !kept || s.release.trustsJobManager() && manager == "READY") {
		if text(s.job(), "upgradeSavepointPath") == "" {
			return wait, errors.New("Job is in terminal state but last checkpoint is unknown, possibly due to an unrecoverable restore error. " + manualRestore)
		}
		return ended, nil
	}
	fallback := child(s.spec, "flinkConfiguration")["kubernetes.operator.job.upgrade.last-state-fallback.enabled"] != "false"
	switch {
	case mode == "savepoint" && running:
		return withSavepoint, nil
	case mode == "savepoint" && !fallback && !s.release.replacesNeverStarted():
		return wait, nil
	case (mode == "last-state" || fallback) && (running || kept):
		s.notes()["lastState"] = true
		return atOnce, nil
	}
	if manager != "MISSING" && text(child(s.last(), "job"), "upgradeMode") != "last-state" && s.cluster.look().neverStarted {
		s.job()["state"] = "FAILED"
		s.undeploy()
		return s.howToStop()
	}
	if (manager == "MISSING" || manager == "ERROR") && !kept {
		return wait, errors.New("JobManager deployment is missing and " + haMissing + " to make stateful upgrades. " + jobEnded + manualRestore)
	}
	return wait, nil
}

// stopped is after the savepoint of an upgrade or a suspension.
func (s *step) stopped() {
	job := s.job()
	job["state"], job["upgradeSavepointPath"] = "FINISHED", s.savepoint(s.last())
	s.cluster.finish()
	if text(child(s.spec, "job"), "state") == "suspended" {
		s.reconciled("suspended", "DEPLOYED")
		return
	}
	s.reconciled("suspended", "UPGRADING")
}
