// Package operator is a model of the Flink Kubernetes operator 1.10 to 1.15: it
// observes a FlinkDeployment, reconciles it and says what came of it, step by step
// as the operator's source does, named at each step. Of Flink it knows what its
// pods and its REST show; FlinkStateSnapshots become savepoints. It runs nothing.
package operator

import (
	"time"

	"flink-payments/tests/rehearsal/world"
)

const (
	deploymentFinalizer = "flinkdeployments.flink.apache.org/finalizer"
	snapshotFinalizer   = "flinkstatesnapshots.flink.apache.org/finalizer"
	// jobManagerType is what a FlinkDeployment owns.
	jobManagerType = "kubernetes:apps/v1:Deployment"
)

// Version says which operator watches a namespace; false: none does.
type Version func(namespace string) (version string, runs bool)

// A Store is where the model finds what it works on.
type Store interface {
	List(typ string) []world.Object
	Get(typ, id string) (world.Object, bool)
	// Write puts the status and the finalizers of an object that List gave, and
	// keeps what is private. Nothing else of the object may change.
	Write(world.Object) error
	// Release takes the operator's finalizer off an object that is to go.
	Release(world.Object) error
	// Own makes the JobManager's Deployment of a FlinkDeployment, Disown removes it.
	Own(world.Object) error
	Disown(world.Object) error
	// Owns says whether it is still there: others may delete it.
	Owns(world.Object) bool
	// Show puts the pods of a FlinkDeployment in the place of those that were
	// there, and what Flink's REST answers.
	Show(o world.Object, pods []world.Object, rest map[string]string) error
}

// OwnFinalizer says whether a finalizer is the operator's.
func OwnFinalizer(finalizer any) bool {
	return finalizer == deploymentFinalizer || finalizer == snapshotFinalizer
}

// ReconcileEvery is how often the operator looks while a job starts (chart 1.10.0).
const ReconcileEvery = 5 * time.Second

type object = map[string]any

// Reconcile is one pass over all FlinkDeployments and FlinkStateSnapshots. As
// the operator does, it writes status and finalizers only, and makes JobManagers.
// What Flink writes to S3 goes to the world.
func Reconcile(store Store, w *world.World, now time.Time, version Version) {
	reconcile(store, w, now, version, func(s *step) cluster { return modelled{s} })
}

func reconcile(store Store, w *world.World, now time.Time, version Version, clusterOf func(*step) cluster) {
	for _, typ := range []string{world.DeploymentType, world.SnapshotType} {
		for _, seen := range store.List(typ) {
			s := &step{store: store, w: w, now: now, o: seen, meta: child(seen.State, "metadata"), spec: child(seen.State, "spec")}
			release, runs := version(s.namespace())
			if !runs {
				continue
			}
			s.release = releaseOf(release)
			if s.o.Private == nil {
				s.o.Private = object{}
			}
			s.status = clone(child(seen.State, "status"))
			gone := false
			if typ == world.DeploymentType {
				s.cluster = clusterOf(s)
				if gone = s.deployment(); gone {
					_ = store.Show(s.o, nil, nil)
				} else {
					_ = store.Show(s.o, s.cluster.pods(), s.cluster.rest())
				}
			} else {
				gone = s.snapshot()
			}
			// What could not be written is tried again at the next pass.
			if gone {
				_ = store.Release(s.o)
				continue
			}
			s.write()
		}
	}
}
