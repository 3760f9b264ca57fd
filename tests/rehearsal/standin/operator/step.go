package operator

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"flink-payments/tests/rehearsal/world"
)

// notesKey is where the model keeps its notes in an object's private part.
const notesKey = "operator"

// A step is one look at one object.
type step struct {
	store              Store
	cluster            cluster
	w                  *world.World
	now                time.Time
	o                  world.Object
	meta, spec, status object
	release            release
}

func (s *step) name() string      { return text(s.meta, "name") }
func (s *step) namespace() string { return text(s.meta, "namespace") }

// notes of the model on the object.
func (s *step) notes() object {
	notes := child(s.o.Private, notesKey)
	s.o.Private[notesKey] = notes
	return notes
}

// hold keeps an object from going before the operator has let go.
func (s *step) hold(finalizer string) {
	all, _ := s.meta["finalizers"].([]any)
	if !slices.Contains(all, any(finalizer)) {
		s.meta["finalizers"] = append(slices.Clone(all), finalizer)
	}
}

// write puts what is known now, and may be called in the middle of a pass, as
// the operator writes its status before and after a deployment.
func (s *step) write() {
	if len(s.status) > 0 {
		s.o.State["status"] = clone(s.status)
	}
	_ = s.store.Write(s.o)
}

// enter begins a phase that takes a time.
func (s *step) enter(phase string, takes time.Duration) {
	notes := s.notes()
	notes["phase"], notes["until"] = phase, float64(s.now.Add(takes).UnixMilli())
}

// over says whether the phase has taken its time. The clock of an earlier
// process may have been far ahead, so nothing waits longer than any phase lasts.
func (s *step) over() bool {
	until, _ := s.notes()["until"].(float64)
	left := time.UnixMilli(int64(until)).Sub(s.now)
	return left <= 0 || left > 10*rollbackTakes
}

// fail puts an exception into the status, by its class.
func (s *step) fail(class, message string) {
	s.status["error"] = fmt.Sprintf(`{"type":%q,"message":%q}`, class, message)
}

// job is the status of the job.
func (s *step) job() object {
	job := child(s.status, "jobStatus")
	s.status["jobStatus"] = job
	return job
}

func (s *step) reconciliation() object {
	r := child(s.status, "reconciliationStatus")
	s.status["reconciliationStatus"] = r
	return r
}

// last is the specification that was last reconciled; nil: none was.
func (s *step) last() object {
	last, _ := s.notes()["spec"].(object)
	return last
}

// stable says whether that one has run.
func (s *step) stable() bool {
	return s.last() != nil && reflect.DeepEqual(s.last(), s.notes()["stable"])
}

// markStable says so.
func (s *step) markStable() {
	s.notes()["stable"] = clone(s.last())
	s.reconciliation()["lastStableSpec"] = s.reconciliation()["lastReconciledSpec"]
}

// ended says whether the job is in one of Flink's globally terminal states.
func (s *step) ended() bool {
	return slices.Contains([]string{"FINISHED", "FAILED", "CANCELED"}, text(s.job(), "state"))
}
