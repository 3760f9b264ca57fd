package operator

import (
	"testing"
	"time"

	"flink-payments/tests/rehearsal/standin/operator/operatortest"
	"flink-payments/tests/rehearsal/world"
)

// The next command begins with a clock of its own, long behind the one before.
func TestAJobGoesOnWhenTheClockBeginsAgain(t *testing.T) {
	w, err := world.Open("")
	if err != nil {
		t.Fatal(err)
	}
	made := operatortest.Job(nil)
	made["metadata"].(object)["generation"], made["metadata"].(object)["uid"] = 1.0, "one"
	for _, o := range []world.Object{
		{Package: "kubernetes", Type: world.DeploymentType, ID: "payments/fraud", State: made},
		{Package: "kubernetes", Type: world.ServiceAccountType, ID: "payments/flink"},
	} {
		if err := w.Put(o); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.UnixMilli(0)
	pass := func(at time.Duration) string {
		Reconcile(InWorld{w}, w, begin.Add(at), func(string) (string, bool) { return "1.15.0", true })
		o, _ := w.Get("kubernetes", world.DeploymentType, "payments/fraud")
		return text(child(child(o.State, "status"), "jobStatus"), "state")
	}
	ahead := 70 * time.Hour
	for state := ""; state != "RUNNING"; ahead += ReconcileEvery {
		if state = pass(ahead); ahead > 71*time.Hour {
			t.Fatalf("the job never ran: %s", state)
		}
	}
	for at := range 3 {
		if state := pass(time.Duration(at) * ReconcileEvery); state != "RUNNING" {
			t.Errorf("with a clock that begins again the job is %s", state)
		}
	}
}
