package operator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"flink-payments/tests/rehearsal/world"
)

func (s *step) deployment() (gone bool) {
	if s.meta["deletionTimestamp"] != nil {
		return s.deleted()
	}
	s.hold(deploymentFinalizer)
	if problem := Validate(s.name(), s.spec, s.last()); problem != "" {
		s.status["error"] = fmt.Sprintf(`{"type":"org.apache.flink.kubernetes.operator.exception.ReconciliationException","message":%q}`, problem)
		if s.last() == nil {
			s.status["lifecycleState"] = "FAILED"
		}
		s.advance()
		return false
	}
	phase, _ := s.o.Private["phase"].(string)
	switch phase {
	case "savepointing":
		if s.over() {
			s.stopped()
		}
		return false
	case "upgrading":
		s.deploy()
		return false
	}
	if !s.changed() {
		s.advance()
	}
	return false
}

// deleted is the operator's clean-up: a last savepoint where it is told to take
// one, which only a RUNNING job can and only an ended one need not; until then
// the finalizer stays (FLINK-40388).
func (s *step) deleted() (gone bool) {
	switch s.o.Private["phase"] {
	case "cancelling":
		return s.over()
	case "last savepoint":
		if s.over() {
			s.savepoint(s.last())
			s.enter("cancelling", cancelTakes)
		}
		return false
	}
	state := text(child(s.status, "jobStatus"), "state")
	ended := s.last() == nil || slices.Contains([]string{"FINISHED", "FAILED", "CANCELED"}, state)
	switch {
	case ended || child(s.last(), "flinkConfiguration")["kubernetes.operator.job.savepoint-on-deletion"] != "true":
		s.enter("cancelling", cancelTakes)
	case state == "RUNNING":
		s.enter("last savepoint", savepointTakes)
	default:
		s.advance()
		s.status["error"] = `{"type":"org.apache.flink.kubernetes.operator.exception.ReconciliationException","message":"Cannot take the last savepoint: the job is not running"}`
	}
	return false
}

// last is the spec that was last reconciled; nil: none was.
func (s *step) last() object {
	last, _ := s.o.Private["spec"].(object)
	return last
}

// changed acts upon a new specification, and says whether there is one.
func (s *step) changed() bool {
	last, job := s.last(), child(s.spec, "job")
	switch {
	case last == nil:
		if job["state"] == "suspended" {
			s.status["lifecycleState"] = "CREATED"
			return true
		}
		s.o.Private["restore"] = text(job, "initialSavepointPath")
		s.deploy()
		return true
	case reflect.DeepEqual(last, s.spec):
		return false
	}
	lastJob := child(last, "job")
	if job["savepointRedeployNonce"] != nil && !reflect.DeepEqual(job["savepointRedeployNonce"], lastJob["savepointRedeployNonce"]) {
		// It cancels without a savepoint and calls the result stable at once.
		s.o.Private["restore"], s.o.Private["redeploy"] = text(job, "initialSavepointPath"), true
		s.deploy()
		return true
	}
	if reflect.DeepEqual(significant(last), significant(s.spec)) {
		if !observesIgnored(s.version) {
			return false // FLINK-36890
		}
		s.observe()
		return false
	}
	if reflect.DeepEqual(s.o.Private["rolledBack"], s.spec) {
		return false
	}
	s.upgrade(job, lastJob)
	return true
}

func (s *step) upgrade(job, lastJob object) {
	if lastJob["state"] == "suspended" {
		if job["state"] == "suspended" {
			return // as the operator: no generation is observed for edits of a suspended job
		}
		s.deploy()
		return
	}
	mode := text(job, "upgradeMode")
	running := text(child(s.status, "jobStatus"), "state") == "RUNNING"
	conf := child(s.spec, "flinkConfiguration")
	switch {
	case mode == "savepoint" && running:
		// The status goes on showing the old generation, STABLE and RUNNING.
		s.enter("savepointing", savepointTakes)
	case mode == "last-state", mode == "savepoint" && conf["kubernetes.operator.job.upgrade.last-state-fallback.enabled"] != "false":
		s.o.Private["restore"] = s.o.Private["checkpoint"]
		s.deploy()
	case mode == "stateless":
		s.o.Private["restore"] = ""
		s.deploy()
	default:
		s.status["error"] = `{"type":"org.apache.flink.kubernetes.operator.exception.ReconciliationException","message":"Cannot take a savepoint: the job is not running, and last-state fallback is off"}`
	}
}

// stopped is after the savepoint of an upgrade or a suspension.
func (s *step) stopped() {
	path := s.savepoint(s.last())
	job := child(s.status, "jobStatus")
	job["state"], job["upgradeSavepointPath"] = "FINISHED", path
	s.status["jobStatus"] = job
	s.o.Private["restore"], s.o.Private["phase"] = path, "upgrading"
	s.observe()
	s.reconciliation()["state"] = "UPGRADING"
	s.status["lifecycleState"], s.status["jobManagerDeploymentStatus"] = "UPGRADING", "MISSING"
	if text(child(s.spec, "job"), "state") == "suspended" {
		s.o.Private["phase"] = "suspended"
		s.reconciliation()["state"] = "DEPLOYED"
		s.status["lifecycleState"] = "SUSPENDED"
	}
}

func (s *step) reconciliation() object {
	r := child(s.status, "reconciliationStatus")
	s.status["reconciliationStatus"] = r
	return r
}

// observe records the specification as reconciled.
func (s *step) observe() {
	s.o.Private["spec"] = clone(s.spec)
	s.status["observedGeneration"] = s.meta["generation"]
	delete(s.status, "error")
	encoded, _ := json.Marshal(object{"spec": s.spec, "resource_metadata": object{"apiVersion": "flink.apache.org/v1beta1"}})
	s.reconciliation()["lastReconciledSpec"] = string(encoded)
	s.reconciliation()["reconciliationTimestamp"] = float64(s.now.UnixMilli())
}

// deploy starts the JobManager with the specification.
func (s *step) deploy() {
	if s.status["lifecycleState"] == "STABLE" {
		s.o.Private["stable"] = clone(s.last())
	}
	s.observe()
	s.reconciliation()["state"] = "DEPLOYED"
	number, _ := s.w.Next("job")
	id := sha256.Sum256([]byte(fmt.Sprint(s.namespace(), "/", s.name(), number)))
	s.status["jobStatus"] = object{
		"jobName": s.name(), "jobId": hex.EncodeToString(id[:16]), "state": "RECONCILING",
		"startTime": strconv.FormatInt(s.now.UnixMilli(), 10),
	}
	restore, _ := s.o.Private["restore"].(string)
	if restore != "" {
		child(s.status, "jobStatus")["upgradeSavepointPath"] = restore
	}
	s.status["jobManagerDeploymentStatus"], s.status["lifecycleState"] = "DEPLOYING", "DEPLOYED"
	if s.o.Private["redeploy"] == true {
		delete(s.o.Private, "redeploy")
		s.reconciliation()["lastStableSpec"], s.status["lifecycleState"] = s.reconciliation()["lastReconciledSpec"], "STABLE"
	}
	s.enter("starting", startTakes)
	switch {
	case s.w.Obey(s.name(), world.FailNextUpgrade):
		s.o.Private["phase"] = "failing"
	case s.w.Obey(s.name(), world.RollBackNextUpgrade):
		s.enter("rolling back", rollbackTakes)
	}
}

// advance goes on with what was begun.
func (s *step) advance() {
	if !s.over() {
		return
	}
	job := child(s.status, "jobStatus")
	switch s.o.Private["phase"] {
	case "starting":
		if problem := s.cannotStart(); problem != "" {
			s.status["jobManagerDeploymentStatus"] = "ERROR"
			s.status["error"] = fmt.Sprintf(`{"type":"org.apache.flink.kubernetes.operator.exception.DeploymentFailedException","message":%q}`, problem)
			s.enter("broken", 0)
			return
		}
		if problem := s.cannotRestore(); problem != "" {
			s.failed(problem)
			return
		}
		job["state"], s.status["jobManagerDeploymentStatus"], s.status["lifecycleState"] = "RUNNING", "READY", "STABLE"
		s.status["jobStatus"] = job
		delete(s.status, "error")
		s.status["taskManager"] = object{"labelSelector": "component=taskmanager,app=" + s.name(), "replicas": s.taskManagers()}
		s.reconciliation()["lastStableSpec"] = s.reconciliation()["lastReconciledSpec"]
		s.o.Private["checkpoint"] = s.checkpoint(text(job, "jobId"))
		s.o.Private["restored"] = s.o.Private["restore"]
		s.enter("running", 0)
	case "failing":
		s.failed("the job was told to fail")
	case "rolling back":
		if s.status["lifecycleState"] != "ROLLING_BACK" {
			s.status["lifecycleState"] = "ROLLING_BACK"
			s.reconciliation()["state"] = "ROLLING_BACK"
			s.enter("rolling back", startTakes)
			return
		}
		s.o.Private["rolledBack"] = clone(s.spec)
		s.reconciliation()["state"], s.status["lifecycleState"] = "ROLLED_BACK", "ROLLED_BACK"
		job["state"], s.status["jobManagerDeploymentStatus"] = "RUNNING", "READY"
		s.status["jobStatus"] = job
		s.enter("running", 0)
	}
}

func (s *step) failed(why string) {
	job := child(s.status, "jobStatus")
	job["state"] = "FAILED"
	s.status["jobStatus"], s.status["jobManagerDeploymentStatus"], s.status["lifecycleState"] = job, "READY", "FAILED"
	s.status["error"] = fmt.Sprintf(`{"type":"org.apache.flink.runtime.JobException","message":%q}`, why)
	s.enter("broken", 0)
}
