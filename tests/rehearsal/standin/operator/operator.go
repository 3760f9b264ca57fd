package operator

import (
	"context"
	"slices"
	"time"

	"flink-payments/tests/rehearsal/world"
)

const (
	deploymentFinalizer = "flinkdeployments.flink.apache.org/finalizer"
	snapshotFinalizer   = "flinkstatesnapshots.flink.apache.org/finalizer"
)

// How long things take, on the model's clock: estimates of the right order.
const (
	reconcileEvery = 5 * time.Second
	savepointTakes = 10 * time.Second
	startTakes     = 30 * time.Second
	cancelTakes    = 5 * time.Second
	rollbackTakes  = 60 * time.Second
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
}

// OwnFinalizer says whether a finalizer is the operator's.
func OwnFinalizer(finalizer any) bool {
	return finalizer == deploymentFinalizer || finalizer == snapshotFinalizer
}

// InWorld is the store where the world is the cluster.
type InWorld struct{ *world.World }

// List implements Store.
func (w InWorld) List(typ string) []world.Object { return w.World.List("kubernetes", typ) }

// Get implements Store.
func (w InWorld) Get(typ, id string) (world.Object, bool) { return w.World.Get("kubernetes", typ, id) }

// Write implements Store.
func (w InWorld) Write(now world.Object) error {
	return w.Edit("kubernetes", now.Type, now.ID, func(o *world.Object) error {
		if now.State["status"] != nil {
			o.State["status"] = now.State["status"]
		}
		child(o.State, "metadata")["finalizers"] = child(now.State, "metadata")["finalizers"]
		o.Private = now.Private
		return nil
	})
}

// Release implements Store: the world's objects have no other finalizers.
func (w InWorld) Release(o world.Object) error { return w.Delete("kubernetes", o.Type, o.ID) }

// Run reconciles until the context ends.
func Run(ctx context.Context, store Store, w *world.World, clock Clock, version Version) {
	for clock.Sleep(ctx, reconcileEvery) {
		Reconcile(store, w, clock.Now(), version)
	}
}

type object = map[string]any

// Reconcile is one pass over all FlinkDeployments and FlinkStateSnapshots. As
// the operator does, it writes status and finalizers only. What Flink writes to
// S3 goes to the world.
func Reconcile(store Store, w *world.World, now time.Time, version Version) {
	for _, typ := range []string{world.DeploymentType, world.SnapshotType} {
		for _, seen := range store.List(typ) {
			s := &step{store: store, w: w, now: now, o: seen, meta: child(seen.State, "metadata"), spec: child(seen.State, "spec")}
			var runs bool
			if s.version, runs = version(s.namespace()); !runs {
				continue
			}
			if s.o.Private == nil {
				s.o.Private = object{}
			}
			s.status = child(seen.State, "status")
			gone := false
			if typ == world.DeploymentType {
				gone = s.deployment()
			} else {
				gone = s.snapshot()
			}
			// What could not be written is tried again at the next pass.
			if gone {
				_ = store.Release(s.o)
				continue
			}
			if len(s.status) > 0 {
				s.o.State["status"] = s.status
			}
			_ = store.Write(s.o)
		}
	}
}

// A step is one look at one object.
type step struct {
	store              Store
	w                  *world.World
	now                time.Time
	o                  world.Object
	meta, spec, status object
	version            string
}

func (s *step) name() string      { return text(s.meta, "name") }
func (s *step) namespace() string { return text(s.meta, "namespace") }

// hold keeps an object from going before the operator has let go.
func (s *step) hold(finalizer string) {
	all, _ := s.meta["finalizers"].([]any)
	if !slices.Contains(all, any(finalizer)) {
		s.meta["finalizers"] = append(all, finalizer)
	}
}

// enter begins a phase that takes a time.
func (s *step) enter(phase string, takes time.Duration) {
	s.o.Private["phase"], s.o.Private["until"] = phase, float64(s.now.Add(takes).UnixMilli())
}

// over says whether the phase has taken its time. The clock of an earlier
// process may have been far ahead, so nothing waits longer than any phase lasts.
func (s *step) over() bool {
	until, _ := s.o.Private["until"].(float64)
	left := time.UnixMilli(int64(until)).Sub(s.now)
	return left <= 0 || left > 10*rollbackTakes
}
