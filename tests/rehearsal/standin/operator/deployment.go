package operator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
)

// deployment is one pass over a FlinkDeployment, as FlinkDeploymentController's.
func (s *step) deployment() (gone bool) {
	if s.meta["deletionTimestamp"] != nil {
		return s.deleted()
	}
	s.hold(deploymentFinalizer)
	switch text(s.notes(), "phase") {
	case "savepointing":
		// The status goes on showing the old generation, STABLE and RUNNING.
		if s.over() {
			s.enter("", 0)
			s.stopped()
			s.settle()
		}
		return false
	case "rolling back":
		s.rollBack()
		return false
	case "rolled back":
		if reflect.DeepEqual(s.notes()["rolledBack"], s.spec) {
			return false
		}
		s.enter("", 0)
	}
	if !s.observe() {
		s.settle()
		return false
	}
	if problem := Validate(s.name(), s.spec, s.last()); problem != "" {
		s.fail(reconciliationClass, problem)
	} else if err := s.reconcile(); err != nil {
		s.fail(upgradeClass, err.Error())
	}
	s.settle()
	return false
}

// settle brings the lifecycle up to date with the rest of the status.
func (s *step) settle() { s.status["lifecycleState"] = s.lifecycle() }

// patch writes the status in the middle of a pass.
func (s *step) patch() {
	s.settle()
	s.write()
}

// reconcile is AbstractFlinkResourceReconciler.reconcile.
func (s *step) reconcile() error {
	last, job := s.last(), child(s.spec, "job")
	if last == nil {
		if text(job, "state") == "suspended" {
			return nil
		}
		if path := text(job, "initialSavepointPath"); path != "" {
			s.job()["upgradeSavepointPath"] = path
		}
		s.status["jobManagerDeploymentStatus"] = "MISSING"
		s.reconciled("suspended", "UPGRADING")
		s.patch()
		s.deploy(text(job, "initialSavepointPath"))
		s.reconciled("running", "DEPLOYED")
		return nil
	}
	upgrading := text(s.reconciliation(), "state") == "UPGRADING"
	lastJob := child(last, "job")
	switch nonce := job["savepointRedeployNonce"]; {
	case nonce != nil && !upgrading && !reflect.DeepEqual(nonce, lastJob["savepointRedeployNonce"]):
		s.redeploy()
		return nil
	case upgrading || !reflect.DeepEqual(significant(last), significant(s.spec)):
		return s.change()
	case !reflect.DeepEqual(last, s.spec) && s.release.observesIgnored():
		s.reconciled(text(lastJob, "state"), text(s.reconciliation(), "state"))
	}
	s.recover()
	return nil
}

// redeploy is a raised savepointRedeployNonce: it cancels without a savepoint
// and calls the result stable at once.
func (s *step) redeploy() {
	path := text(child(s.spec, "job"), "initialSavepointPath")
	s.undeploy()
	s.job()["upgradeSavepointPath"] = path
	if text(child(s.spec, "job"), "state") != "suspended" {
		s.patch()
		s.deploy(path)
	}
	s.reconciled(text(child(s.spec, "job"), "state"), "DEPLOYED")
	s.markStable()
}

// recover starts a JobManager that somebody else took away, from the HA metadata.
func (s *step) recover() {
	running := text(child(s.last(), "job"), "state") == "running"
	if s.status["jobManagerDeploymentStatus"] != "MISSING" || !running || s.ended() || !s.cluster.metadata() {
		return
	}
	s.deploy(lastState)
}

// reconciled records the specification with the state that the job is left in.
func (s *step) reconciled(job, state string) {
	spec := clone(s.spec)
	if state == "UPGRADING" {
		job = "suspended"
	}
	child(spec, "job")["state"] = job
	s.notes()["spec"] = spec
	s.status["observedGeneration"] = s.meta["generation"]
	delete(s.status, "error")
	encoded, _ := json.Marshal(object{"spec": spec, "resource_metadata": object{"apiVersion": "flink.apache.org/v1beta1"}})
	r := s.reconciliation()
	r["lastReconciledSpec"], r["reconciliationTimestamp"], r["state"] = string(encoded), float64(s.now.UnixMilli()), state
	s.status["taskManager"] = object{"labelSelector": "component=taskmanager,app=" + s.name(), "replicas": s.taskManagers()}
	if text(child(s.spec, "job"), "state") == "suspended" {
		s.markStable()
	}
}

// lastState is where a job starts from that goes on from its HA metadata.
const lastState = "KUBERNETES_OPERATOR_LAST_STATE"

// deploy starts the JobManager with the specification, from a path.
func (s *step) deploy(from string) {
	if from == lastState {
		s.job()["upgradeSavepointPath"] = lastState
	}
	if s.status["jobManagerDeploymentStatus"] != "MISSING" {
		s.undeploy()
		s.patch()
	}
	if from != lastState || text(s.job(), "jobId") == "" {
		number, _ := s.w.Next("job")
		id := sha256.Sum256([]byte(fmt.Sprint(s.namespace(), "/", s.name(), number)))
		s.job()["jobId"] = hex.EncodeToString(id[:16])
		s.patch()
	}
	s.cluster.start(from)
	s.job()["state"], s.status["jobManagerDeploymentStatus"] = "RECONCILING", "DEPLOYING"
}

// undeploy takes the JobManager away.
func (s *step) undeploy() {
	s.cluster.stop()
	s.status["jobManagerDeploymentStatus"] = "MISSING"
	if !s.ended() {
		s.job()["state"] = "FINISHED"
	}
}
