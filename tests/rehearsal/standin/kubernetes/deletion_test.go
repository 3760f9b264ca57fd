package kubernetes

import (
	"slices"
	"strings"
	"testing"

	"flink-payments/tests/rehearsal/standin/operator/operatortest"
	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
	"flink-payments/tests/rehearsal/world"
)

// savesAtTheEnd is a job with a last savepoint, and annotations beside its own.
func savesAtTheEnd(annotations m) m {
	inputs := operatortest.Job(func(spec m) {
		spec["flinkConfiguration"].(m)["kubernetes.operator.job.savepoint-on-deletion"] = "true"
	})
	for key, value := range annotations {
		inputs["metadata"].(m)["annotations"].(m)[key] = value
	}
	return inputs
}

func (s *site) savepoints() int {
	return len(s.world.Where(func(_, typ, id string) bool {
		return typ == world.S3ObjectType && strings.Contains(id, "/savepoints/")
	}))
}

// As on the real one: the garbage collector is faster than the finalizer.
func TestADeletionInTheForegroundTakesNoSavepointAndHangsUntilItIsRenounced(t *testing.T) {
	s := newSite(t)
	k := payments(s)
	runOperator(s, "1.15.0")
	id, state := k.Must(world.DeploymentType, savesAtTheEnd(nil))
	providertest.Refused(t, k.Removed(world.DeploymentType, id, state, 900), "finalizers")
	if s.savepoints() != 0 {
		t.Error("a savepoint was taken of a job without JobManager")
	}
	if _, there := s.world.Get("kubernetes", "kubernetes:apps/v1:Deployment", id); there {
		t.Error("the JobManager is still there")
	}
	// The way out is an edit of the object that is on its way out.
	err := ApplyAs(s.world, world.DeploymentType, id, "kubectl-edit", m{"spec": m{"flinkConfiguration": m{"kubernetes.operator.job.savepoint-on-deletion": "false"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Removed(world.DeploymentType, id, state, 900); err != nil {
		t.Error(err)
	}
}

func TestADeletionInTheBackgroundTakesTheLastSavepoint(t *testing.T) {
	s := newSite(t)
	k := payments(s)
	runOperator(s, "1.15.0")
	id, state := k.Must(world.DeploymentType, savesAtTheEnd(m{"pulumi.com/deletionPropagationPolicy": "background"}))
	if err := k.Removed(world.DeploymentType, id, state, 900); err != nil {
		t.Fatal(err)
	}
	if s.savepoints() != 1 {
		t.Errorf("%d savepoints", s.savepoints())
	}
	if left := s.world.List("kubernetes", "kubernetes:apps/v1:Deployment"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestAFieldOfAnotherManagerIsAConflictUnlessItIsForced(t *testing.T) {
	s := newSite(t)
	k := payments(s)
	runOperator(s, "1.15.0")
	id, _ := k.Must(world.DeploymentType, operatortest.Job(nil))
	edit := func(parallelism float64) {
		t.Helper()
		if err := ApplyAs(s.world, world.DeploymentType, id, "kubectl-edit", m{"spec": m{"job": m{"parallelism": parallelism}}}); err != nil {
			t.Fatal(err)
		}
	}
	edit(4)
	asked := func(force bool) m {
		inputs := operatortest.Job(func(spec m) { spec["job"].(m)["parallelism"] = 3.0 })
		if force {
			inputs["metadata"].(m)["annotations"].(m)["pulumi.com/patchForce"] = "true"
		}
		return inputs
	}
	providertest.Refused(t, k.Updated(world.DeploymentType, id, asked(false), 900),
		`Apply failed with 1 conflict: conflict with "kubectl-edit" using flink.apache.org/v1beta1: .spec.job.parallelism`)
	if err := k.Updated(world.DeploymentType, id, asked(true), 900); err != nil {
		t.Fatal(err)
	}
	// What is taken back is no conflict again, and what is said alike never was one.
	if err := k.Updated(world.DeploymentType, id, asked(false), 900); err != nil {
		t.Error(err)
	}
	edit(3)
	if err := k.Updated(world.DeploymentType, id, asked(false), 900); err != nil {
		t.Error(err)
	}
	// A stranger's object is not taken over, forced or not.
	_, _, err := k.Made(world.DeploymentType, asked(true))
	providertest.Refused(t, err, "already exists")
}

func TestWhatAManagerSaysNoMoreGoesUnlessItIsAnothersToo(t *testing.T) {
	o := world.Object{State: m{"metadata": m{"labels": m{"a": "1", "b": "2"}}}}
	say := func(manager string, labels m) {
		t.Helper()
		if err := applied(&o, manager, m{"metadata": m{"labels": labels}}, false); err != nil {
			t.Fatal(err)
		}
	}
	say("one", m{"a": "1", "b": "2"})
	say("two", m{"b": "2"})
	say("one", m{"c": "3"})
	labels := o.State["metadata"].(m)["labels"].(m)
	var left []string
	for key := range labels {
		left = append(left, key)
	}
	slices.Sort(left)
	if !slices.Equal(left, []string{"b", "c"}) {
		t.Errorf("left: %v", left)
	}
}

// Nothing of the cluster stands in the way of it: what refuses is the program.
func TestAJobThatIsMadeAgainBeginsEmptyBesideItsOwnCheckpoints(t *testing.T) {
	s := newSite(t)
	k := payments(s)
	runOperator(s, "1.15.0")
	for range 2 {
		id, state := k.Must(world.DeploymentType, operatortest.Job(nil))
		if from := plain.Text(state, "status", "jobStatus", "upgradeSavepointPath"); from != "" {
			t.Errorf("it went on from %s", from)
		}
		if err := k.Removed(world.DeploymentType, id, state, 900); err != nil {
			t.Fatal(err)
		}
	}
	checkpoints := s.world.Where(func(_, typ, id string) bool {
		return typ == world.S3ObjectType && strings.HasSuffix(id, "/chk-1/_metadata")
	})
	if len(checkpoints) != 2 {
		t.Errorf("%d checkpoints, want those of both lives", len(checkpoints))
	}
}
