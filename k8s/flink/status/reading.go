package status

import (
	"encoding/json"
	"fmt"
)

// A reading is what a FlinkDeployment says of its job.
type reading struct {
	name, namespace                            string
	generation, observed                       int64
	deleting                                   bool
	lifecycle, reconciliation, job, jobManager string
	problem                                    problem
	// spec is what is asked for, reconciled what the operator took up last, and
	// stable what ran last; nil: none.
	spec, reconciled, stable map[string]any
	// ran tells whether the job ran since the operator took up its specification.
	ran bool
	// upgradeSavepoint is where the operator started the job from, or would.
	upgradeSavepoint string
}

func read(deployment map[string]any) reading {
	metadata, status := object(deployment, "metadata"), object(deployment, "status")
	reconciliation, job := object(status, "reconciliationStatus"), object(status, "jobStatus")
	reconciled, stable := text(reconciliation, "lastReconciledSpec"), text(reconciliation, "lastStableSpec")
	return reading{
		name: text(metadata, "name"), namespace: text(metadata, "namespace"),
		generation: number(metadata, "generation"), observed: number(status, "observedGeneration"),
		deleting:  text(metadata, "deletionTimestamp") != "",
		lifecycle: text(status, "lifecycleState"), reconciliation: text(reconciliation, "state"),
		job: text(job, "state"), jobManager: text(status, "jobManagerDeploymentStatus"),
		problem: readProblem(text(status, "error")),
		spec:    object(deployment, "spec"), reconciled: specOf(reconciled), stable: specOf(stable),
		ran:              reconciled != "" && reconciled == stable,
		upgradeSavepoint: text(job, "upgradeSavepointPath"),
	}
}

// old tells whether the status is of an earlier generation.
func (r reading) old() bool { return r.observed == 0 || r.observed < r.generation }

// neverDeployed tells whether the operator never took up a specification.
func (r reading) neverDeployed() bool { return r.reconciled == nil }

// specOf reads a specification as the operator records it: as text, beside its metadata.
func specOf(recorded string) map[string]any {
	if recorded == "" {
		return nil
	}
	var wrapper map[string]any
	if json.Unmarshal([]byte(recorded), &wrapper) != nil {
		return map[string]any{}
	}
	if spec := object(wrapper, "spec"); spec != nil {
		return spec
	}
	return map[string]any{}
}

// words say where the job stands; before: the error may be of an earlier generation.
func (r reading) words(before bool) []string {
	var words []string
	switch {
	case r.old() && r.neverDeployed():
		words = append(words, fmt.Sprintf("the operator has not taken up generation %d", r.generation))
	case r.old():
		words = append(words, fmt.Sprintf("the operator has not taken up generation %d (it is at %d): it waits for %s", r.generation, r.observed, r.waitsFor()))
	default:
		words = append(words, fmt.Sprintf("the operator has taken up generation %d", r.generation))
	}
	if r.problem.raw != "" {
		said := "error: "
		if before && r.observed > 0 {
			said = fmt.Sprintf("error, perhaps of generation %d: ", r.observed)
		}
		words = append(words, said+r.problem.words)
	}
	return append(words,
		"lifecycleState "+orNone(r.lifecycle)+", reconciliationStatus.state "+orNone(r.reconciliation),
		"jobStatus.state "+orNone(r.job)+", jobManagerDeploymentStatus "+orNone(r.jobManager))
}

// waitsFor is what keeps the operator from a new generation.
func (r reading) waitsFor() string {
	switch kind := r.fault(); {
	case kind == Deleting:
		return "nothing: it is being deleted"
	case kind == Invalid:
		return "a valid specification"
	case kind == RestoreRequired:
		return "a restore (Manual restore required)"
	case kind == ObserverBlocked:
		return "an observation that fails at each pass (FLINK-37370)"
	case r.job == "RUNNING" && text(object(r.spec, "job"), "upgradeMode") == "savepoint":
		return "the savepoint before the upgrade"
	case r.job == "RUNNING":
		return "the job to stop"
	case r.waitsForRunning():
		return "a RUNNING job, which alone can take a savepoint (Last-state fallback is disabled, waiting for upgradable state)"
	}
	return "a job whose state it can take over"
}

// waitsForRunning tells whether a job that does not run keeps the operator from
// a new generation: in mode savepoint, where it may not fall back to a checkpoint.
func (r reading) waitsForRunning() bool {
	fallback := object(r.spec, "flinkConfiguration")["kubernetes.operator.job.upgrade.last-state-fallback.enabled"]
	return !r.neverDeployed() && r.job != "RUNNING" && (fallback == "false" || fallback == false) &&
		text(object(r.spec, "job"), "upgradeMode") == "savepoint"
}

func object(of map[string]any, key string) map[string]any {
	inner, _ := of[key].(map[string]any)
	return inner
}

func text(of map[string]any, key string) string {
	value, _ := of[key].(string)
	return value
}

func number(of map[string]any, key string) int64 {
	switch value := of[key].(type) {
	case float64:
		return int64(value)
	case int:
		return int64(value)
	case int64:
		return value
	}
	return 0
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}
