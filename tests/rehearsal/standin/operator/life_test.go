package operator

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"flink-payments/tests/rehearsal/world"
)

// A life is one FlinkDeployment under the model: a store of one object, and a
// cluster that shows what it is told to.
type life struct {
	t       *testing.T
	w       *world.World
	version string
	now     time.Time
	o       world.Object
	there   bool
	seen    picture
	kept    bool
	written []shown
}

func newLife(t *testing.T, version string) *life {
	t.Helper()
	w, err := world.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return &life{t: t, w: w, version: version, now: time.UnixMilli(0), there: true,
		o: world.Object{Type: world.DeploymentType, ID: "payments/fraud", State: object{
			"metadata": object{"name": "fraud", "namespace": "payments", "generation": 1.0},
			"spec": object{"image": "fraud:1", "flinkVersion": "v1_18", "serviceAccount": "flink",
				"flinkConfiguration": object{"state.checkpoints.dir": "s3://state/checkpoints", "state.savepoints.dir": "s3://state/savepoints",
					"high-availability.type": "kubernetes", "kubernetes.operator.job.upgrade.last-state-fallback.enabled": "false",
					"kubernetes.operator.job.savepoint-on-deletion": "true"},
				"jobManager":  object{"replicas": 2.0, "resource": object{"memory": "2048m"}},
				"taskManager": object{"resource": object{"memory": "4096m"}},
				"job":         object{"parallelism": 2.0, "upgradeMode": "savepoint", "state": "running"}}}}}
}

// Store.

func (l *life) List(typ string) []world.Object {
	if typ != world.DeploymentType || !l.there {
		return nil
	}
	return []world.Object{{Type: l.o.Type, ID: l.o.ID, State: clone(l.o.State), Private: clone(l.o.Private)}}
}
func (l *life) Get(string, string) (world.Object, bool) { return world.Object{}, false }
func (l *life) Write(o world.Object) error {
	l.o.Private = clone(o.Private)
	status := child(o.State, "status")
	if len(status) == 0 {
		return nil
	}
	l.o.State["status"] = clone(status)
	now := shown{text(status, "lifecycleState"), text(child(status, "reconciliationStatus"), "state"),
		text(status, "jobManagerDeploymentStatus"), text(child(status, "jobStatus"), "state"), text(status, "error")}
	var exception struct{ Type string }
	if json.Unmarshal([]byte(now.failure), &exception) == nil {
		now.failure = exception.Type[strings.LastIndex(exception.Type, ".")+1:]
	}
	if len(l.written) == 0 || l.written[len(l.written)-1] != now {
		l.written = append(l.written, now)
	}
	return nil
}
func (l *life) Release(world.Object) error                                 { l.there = false; return nil }
func (l *life) Own(world.Object) error                                     { return nil }
func (l *life) Disown(world.Object) error                                  { return nil }
func (l *life) Owns(world.Object) bool                                     { return true }
func (l *life) Show(world.Object, []world.Object, map[string]string) error { return nil }

// The cluster.

func (l *life) look() picture           { return l.seen }
func (l *life) metadata() bool          { return l.kept }
func (l *life) start(string)            { l.kept = false }
func (l *life) stop()                   {}
func (l *life) finish()                 { l.kept = false }
func (l *life) ran()                    { l.kept = true }
func (l *life) pods() []world.Object    { return nil }
func (l *life) rest() map[string]string { return nil }

// sees lets the operator look at each of the pictures, a reconcile interval apart.
func (l *life) sees(pictures ...picture) {
	for _, p := range pictures {
		l.seen, l.now = p, l.now.Add(15*time.Second)
		reconcile(l, l.w, l.now, func(string) (string, bool) { return l.version, true }, func(*step) cluster { return l })
	}
}

// asks is another specification.
func (l *life) asks(change func(spec, job object)) {
	spec, meta := child(l.o.State, "spec"), child(l.o.State, "metadata")
	change(spec, child(spec, "job"))
	generation, _ := meta["generation"].(float64)
	meta["generation"] = generation + 1
}

// renounce is the edit that lets an object go without a last savepoint.
func renounce(spec, _ object) {
	child(spec, "flinkConfiguration")["kubernetes.operator.job.savepoint-on-deletion"] = "false"
}

// removed is a request of deletion.
func (l *life) removed() { child(l.o.State, "metadata")["deletionTimestamp"] = "now" }

func jobIs(state string) picture { return picture{exists: true, available: true, job: state} }

var (
	gone     = picture{}
	starting = picture{exists: true, neverStarted: true}
	up       = jobIs(noAnswer)
	down     = picture{exists: true}
	running  = jobIs("RUNNING")
	pulling  = picture{exists: true, neverStarted: true, problem: "failed to pull and unpack image"}
	mounting = picture{exists: true, neverStarted: true, mount: "MountVolume.SetUp failed"}
	backOff  = picture{exists: true, problem: "back-off 20s restarting failed container"}
	thrown   = picture{exists: true, available: true, job: "FAILED", failure: "The main method caused an error", mainThrew: true}
)

// image is a request for another one, stopsAndStarts what the cluster then shows
// until the new JobManager is made.
func (l *life) image(tag string) {
	l.asks(func(spec, _ object) { spec["image"] = "fraud:" + tag })
}

var stopsAndStarts = []picture{running, running, jobIs("FINISHED")}

// What has happened before a trace begins.

func (l *life) runs() { l.sees(gone, up, running, running) }

func (l *life) pullsNothing() {
	l.runs()
	l.image("bad")
	l.sees(append(stopsAndStarts, pulling)...)
}

func (l *life) mainThrows() {
	l.runs()
	l.image("throws")
	l.sees(append(stopsAndStarts, starting, up, thrown)...)
}

func (l *life) crashes() {
	l.runs()
	l.asks(func(spec, _ object) { child(spec, "flinkConfiguration")["heartbeat.interval"] = "3 s" })
	l.sees(append(stopsAndStarts, starting, up, down, backOff)...)
}

func (l *life) crashesMended() {
	l.crashes()
	l.asks(func(spec, _ object) { delete(child(spec, "flinkConfiguration"), "heartbeat.interval") })
	l.sees(backOff)
}

func (l *life) suspended() {
	l.runs()
	l.asks(func(_, job object) { job["state"] = "suspended" })
	l.sees(running, running)
}
