package operator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"flink-payments/tests/rehearsal/world"
)

// Types of the world that the model reads and writes.
const (
	Package            = "kubernetes"
	DeploymentType     = "kubernetes:flink.apache.org/v1beta1:FlinkDeployment"
	SnapshotType       = "kubernetes:flink.apache.org/v1beta1:FlinkStateSnapshot"
	ServiceAccountType = "kubernetes:core/v1:ServiceAccount"
	BucketType         = "aws:s3/bucketV2:BucketV2"
	S3ObjectType       = "aws:s3/bucketObjectv2:BucketObjectv2"

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
func (w InWorld) List(typ string) []world.Object { return w.World.List(Package, typ) }

// Get implements Store.
func (w InWorld) Get(typ, id string) (world.Object, bool) { return w.World.Get(Package, typ, id) }

// Write implements Store.
func (w InWorld) Write(now world.Object) error {
	return w.Edit(Package, now.Type, now.ID, func(o *world.Object) error {
		if now.State["status"] != nil {
			o.State["status"] = now.State["status"]
		}
		child(o.State, "metadata")["finalizers"] = child(now.State, "metadata")["finalizers"]
		o.Private = now.Private
		return nil
	})
}

// Release implements Store: the world's objects have no other finalizers.
func (w InWorld) Release(o world.Object) error { return w.Delete(Package, o.Type, o.ID) }

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
	for _, typ := range []string{DeploymentType, SnapshotType} {
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
			if typ == DeploymentType {
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

// cannotStart says why the pods would not come up.
func (s *step) cannotStart() string {
	image, _, _ := strings.Cut(text(s.spec, "image"), "@")
	if strings.HasSuffix(image, "-bad") {
		return fmt.Sprintf("Back-off pulling image %q", text(s.spec, "image"))
	}
	account := text(s.spec, "serviceAccount")
	if _, there := s.store.Get(ServiceAccountType, s.namespace()+"/"+account); !there {
		return fmt.Sprintf(`pods is forbidden: error looking up service account %s/%s: serviceaccount %q not found`, s.namespace(), account, account)
	}
	return ""
}

// cannotRestore says why Flink would not start from the path. It looks where
// the world has the bucket.
func (s *step) cannotRestore() string {
	path, _ := s.o.Private["restore"].(string)
	bucket, key, ok := s3Path(path)
	if path == "" {
		return ""
	}
	if ok {
		if _, there := s.w.Get("aws", S3ObjectType, bucket+"/"+key+"/_metadata"); there {
			return ""
		}
		if len(s.w.List("aws", BucketType)) == 0 {
			return ""
		}
	}
	return fmt.Sprintf("Could not find checkpoint or savepoint at %s.", path)
}

func (s *step) taskManagers() float64 {
	slots, err := strconv.ParseFloat(text(child(s.spec, "flinkConfiguration"), "taskmanager.numberOfTaskSlots"), 64)
	if err != nil || slots < 1 {
		slots = 1
	}
	parallelism, _ := child(s.spec, "job")["parallelism"].(float64)
	return float64(int((parallelism + slots - 1) / slots))
}

// savepoint writes one to S3, where a specification says.
func (s *step) savepoint(spec object) string {
	number, _ := s.w.Next("savepoint")
	sum := sha256.Sum256([]byte(fmt.Sprint("savepoint", number)))
	id := hex.EncodeToString(sum[:9])
	return s.write(text(child(spec, "flinkConfiguration"), "state.savepoints.dir"), "savepoint-"+id[:6]+"-"+id[6:])
}

func (s *step) checkpoint(job string) string {
	return s.write(text(child(s.spec, "flinkConfiguration"), "state.checkpoints.dir"), job+"/chk-1")
}

// write puts the _metadata that makes a folder a savepoint or checkpoint.
func (s *step) write(dir, name string) string {
	path := strings.TrimSuffix(dir, "/") + "/" + name
	bucket, key, ok := s3Path(path)
	if !ok {
		return path
	}
	if _, there := s.w.Get("aws", BucketType, bucket); there {
		key += "/_metadata"
		// A count, not a clock: that of the next process begins again.
		number, _ := s.w.Next("written")
		at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(number) * time.Minute)
		_ = s.w.Put(world.Object{Package: "aws", Type: S3ObjectType, ID: bucket + "/" + key,
			State: object{"bucket": bucket, "key": key, "lastModified": at.Format(time.RFC1123)}})
	}
	return path
}

func (s *step) snapshot() (gone bool) {
	if s.meta["deletionTimestamp"] != nil {
		savepoint := child(s.spec, "savepoint")
		if dispose, set := savepoint["disposeOnDelete"]; len(savepoint) > 0 && (!set || dispose == true) {
			if bucket, key, ok := s3Path(text(s.status, "path")); ok {
				_ = s.w.Delete("aws", S3ObjectType, bucket+"/"+key+"/_metadata")
			}
		}
		return true
	}
	s.hold(snapshotFinalizer)
	switch s.status["state"] {
	case nil:
		s.status["state"], s.status["failures"] = "TRIGGER_PENDING", 0.0
	case "TRIGGER_PENDING":
		job, there := s.job()
		if !there || text(child(child(job.State, "status"), "jobStatus"), "state") != "RUNNING" {
			s.status["state"], s.status["error"] = "ABANDONED", "the job is not running"
			return false
		}
		s.status["state"], s.status["triggerTimestamp"] = "IN_PROGRESS", s.now.UTC().Format(time.RFC3339)
		s.enter("savepointing", savepointTakes)
	case "IN_PROGRESS":
		if !s.over() {
			return false
		}
		job, there := s.job()
		if !there || s.w.Obey(text(child(s.spec, "jobReference"), "name"), world.FailNextSnapshot) {
			s.status["state"], s.status["failures"], s.status["error"] = "FAILED", 1.0, "the savepoint failed"
			return false
		}
		s.status["path"] = s.savepoint(child(job.State, "spec"))
		s.status["state"], s.status["resultTimestamp"] = "COMPLETED", s.now.UTC().Format(time.RFC3339)
	}
	return false
}

func (s *step) job() (world.Object, bool) {
	return s.store.Get(DeploymentType, s.namespace()+"/"+text(child(s.spec, "jobReference"), "name"))
}

// ignoredPrefixes and the fields deleted below are marked IGNORE in the
// operator's AbstractFlinkSpec and JobSpec.
var ignoredPrefixes = []string{"job.autoscaler", "parallelism.default", "kubernetes.operator"}

// significant is a specification without what the operator's comparison ignores.
func significant(spec object) object {
	s := clone(spec)
	job := child(s, "job")
	for _, key := range []string{"upgradeMode", "initialSavepointPath", "allowNonRestoredState", "savepointRedeployNonce"} {
		delete(job, key)
	}
	maps.DeleteFunc(child(s, "flinkConfiguration"), func(key string, _ any) bool {
		return slices.ContainsFunc(ignoredPrefixes, func(p string) bool { return strings.HasPrefix(key, p) })
	})
	return s
}

func observesIgnored(version string) bool {
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return false
	}
	minor, err := strconv.Atoi(parts[1])
	return err == nil && (parts[0] != "1" || minor >= 11)
}

var namePattern = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,43}[a-z0-9])?$`)

// Validate is the operator's DefaultValidator, as far as the program could meet it.
func Validate(name string, spec, last map[string]any) string {
	conf, job := child(spec, "flinkConfiguration"), child(spec, "job")
	if !namePattern.MatchString(name) {
		return fmt.Sprintf("The FlinkDeployment name: %s is invalid, must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character", name)
	}
	if text(spec, "flinkVersion") == "" {
		return "Flink Version must be defined."
	}
	for _, key := range []string{"kubernetes.namespace", "kubernetes.cluster-id", "high-availability.cluster-id"} {
		if conf[key] != nil {
			return "Forbidden Flink config key: " + key
		}
	}
	ha := text(conf, "high-availability.type") != "" && text(conf, "high-availability.type") != "NONE"
	replicas, _ := child(spec, "jobManager")["replicas"].(float64)
	parallelism, _ := job["parallelism"].(float64)
	switch {
	case text(spec, "serviceAccount") == "":
		return "spec.serviceAccount must be defined. If you use helm, its value should be the same with the name of jobServiceAccount."
	case replicas > 1 && !ha:
		return "High availability should be enabled when starting standby JobManagers."
	case conf["kubernetes.operator.deployment.rollback.enabled"] == "true" && !ha:
		return "HA must be enabled for rollback support."
	case parallelism < 1:
		return "Job parallelism must be larger than 0"
	case text(job, "upgradeMode") != "stateless" && text(conf, "state.checkpoints.dir") == "":
		return "Checkpoint directory[state.checkpoints.dir] must be defined for last-state and savepoint upgrade modes"
	case text(job, "upgradeMode") == "savepoint" && text(conf, "state.savepoints.dir") == "":
		return "Job could not be upgraded with savepoint while config key[state.savepoints.dir] is not set"
	}
	for _, component := range []string{"jobManager", "taskManager"} {
		if memory := text(child(child(spec, component), "resource"), "memory"); !memoryPattern.MatchString(memory) {
			return fmt.Sprintf("%s resource memory parse error: %q", component, memory)
		}
	}
	if last != nil && job["savepointRedeployNonce"] != nil && text(job, "initialSavepointPath") == "" &&
		!reflect.DeepEqual(job["savepointRedeployNonce"], child(last, "job")["savepointRedeployNonce"]) {
		return "InitialSavepointPath must not be empty for savepoint redeployment"
	}
	return ""
}

var memoryPattern = regexp.MustCompile(`^\d+(\.\d+)? ?([kmgtKMGT]([ib]|i?bytes)?|)$`)

func s3Path(path string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(path, "s3://")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}

// child is a map in a map; an absent one is a new one that is not in it.
func child(m object, key string) object {
	inner, _ := m[key].(object)
	if inner == nil {
		inner = object{}
	}
	return inner
}

func text(m object, key string) string {
	t, _ := m[key].(string)
	return t
}

func clone(m object) object {
	encoded, err := json.Marshal(m)
	if err != nil {
		panic(err) // it came from JSON
	}
	var c object
	_ = json.Unmarshal(encoded, &c)
	return c
}
