// Package standin holds an API server, a Flink, an S3 and an STS that behave,
// and misbehave where a test tells them to. Tests use it; the program does not.
package standin

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// What the stand-ins are about.
const (
	Namespace = "payments"
	Name      = "fraud-scoring"
	Bucket    = "kv-flink-state"
	JobID     = "0123456789abcdef0123456789abcdef"
	Account   = "111122223333"
	Role      = "arn:aws:iam::111122223333:role/payments/fraud-scoring-flink"
	Key       = "arn:aws:kms:ap-south-1:111122223333:key/k"
	Image     = "registry/payments/fraud-scoring:1.4.0@sha256:aa"
	Savepoint = "s3://kv-flink-state/savepoints/savepoint-012345-aa"
	TokenFile = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
)

// Object of a JSON API.
type Object = map[string]any

// A Pod of the job.
type Pod struct {
	Name, UID, IP, Component, Image, ServiceAccount, Role, Audience string
	Ready                                                           bool
	Env                                                             []string
}

// Restored is what the job began from.
type Restored struct {
	ID, At    int64
	Savepoint bool
	Path      string
}

// Stored is an object in S3.
type Stored struct {
	Body []byte
	Key  string
}

// A World is all that the program looks at. A test changes it before the
// program runs, or by Script while it does. Every stand-in holds Mutex while it answers.
type World struct {
	sync.Mutex

	Spec, Status Object
	Generation   int64
	Pods         []*Pod
	Snapshots    []Object
	// RoleAnnotation of the ServiceAccount flink; empty: none.
	RoleAnnotation string

	// Flink.
	State             string
	Parallelism       int
	Running           int
	Restarts          int64
	NoMetric          bool
	Interval          int64
	Externalized      bool
	DeletedOnCancel   bool
	Completed, Failed int64
	Latest            int64
	Root              string
	Restored          *Restored
	// Stuck: no checkpoint completes any more. Else every look sees one more.
	Stuck bool
	// EachLook is done each time that the checkpoints are looked at; nil: nothing.
	EachLook func(*World)

	// HA.
	Leader  *Pod
	Session int
	// PointerLag is by how much the ConfigMap is behind.
	PointerLag int64

	S3 map[string]Stored

	// Token in the TaskManager; Caller is who STS says; Refusal is STS' error code.
	Token, Caller, Refusal string

	// Hang is how many of the next requests of Flink's REST API get no answer.
	Hang int

	// Refuse answers with this HTTP status where a request's path holds the key.
	Refuse map[string]int

	// OnDelete says what a pod's deletion sets off: steps that are taken one by
	// one, each time the HA ConfigMaps are read. A nil step only passes time.
	OnDelete func(*World, *Pod) []func(*World)
	script   []func(*World)
	// Deleted pods, by name.
	Deleted []string
	// Writes are requests that could change something.
	Writes []string
}

// New is a world in which every promise holds.
func New() *World {
	w := &World{
		Generation: 3,
		Spec: Object{
			"image": Image, "serviceAccount": "flink", "jobManager": Object{"replicas": 2},
			"flinkConfiguration": Object{"high-availability.type": "kubernetes"},
			"job":                Object{"state": "running", "parallelism": 6, "upgradeMode": "savepoint"},
		},
		Status: Object{
			"observedGeneration": 3, "lifecycleState": "STABLE", "jobManagerDeploymentStatus": "READY",
			"reconciliationStatus": Object{"state": "DEPLOYED"},
			"jobStatus":            Object{"jobId": JobID, "state": "RUNNING", "upgradeSavepointPath": Savepoint},
		},
		RoleAnnotation: Role,
		State:          "RUNNING", Parallelism: 6, Running: 6,
		Interval: 10, Externalized: true, Root: "s3://" + Bucket + "/checkpoints/" + JobID,
		Restored: &Restored{ID: 40, At: 1000, Savepoint: true, Path: Savepoint},
		S3:       map[string]Stored{},
		Token:    Token("system:serviceaccount:payments:flink", "sts.amazonaws.com"),
		Caller:   "arn:aws:sts::111122223333:assumed-role/fraud-scoring-flink/flink-payments-acceptance",
		Refuse:   map[string]int{},
		OnDelete: TakeOver,
	}
	for i, component := range []string{"jobmanager", "jobmanager", "taskmanager", "taskmanager", "taskmanager"} {
		w.Pods = append(w.Pods, newPod(i+1, component))
	}
	w.Leader, w.Session = w.Pods[0], 1
	w.Snapshots = []Object{NewSnapshot("fraud-scoring-savepoint-1", Savepoint, false)}
	w.S3["savepoints/savepoint-012345-aa/_metadata"] = Stored{Metadata(40), Key}
	w.S3["ha/"+Name+"/submittedJobGraph-a"] = Stored{[]byte("graph"), Key}
	w.Latest = 40
	w.complete()
	return w
}

func newPod(n int, component string) *Pod {
	return &Pod{
		Name: fmt.Sprintf("%s-%s-%d", Name, component, n), UID: fmt.Sprintf("uid-%d", n), IP: fmt.Sprintf("10.0.0.%d", n),
		Component: component, Image: Image, ServiceAccount: "flink", Role: Role, Audience: "sts.amazonaws.com", Ready: true,
	}
}

// Of the job's pods, those of one component.
func (w *World) Of(component string) []*Pod {
	var of []*Pod
	for _, p := range w.Pods {
		if p.Component == component {
			of = append(of, p)
		}
	}
	return of
}

// complete finishes one checkpoint and, as Flink does, drops the fourth last.
func (w *World) complete() {
	w.Latest++
	w.Completed++
	w.S3[w.key(w.Latest)] = Stored{Metadata(w.Latest), Key}
	delete(w.S3, w.key(w.Latest-3))
}

func (w *World) key(id int64) string {
	return fmt.Sprintf("%s/chk-%d/_metadata", strings.TrimPrefix(w.Root, "s3://"+Bucket+"/"), id)
}

// look passes time for the checkpoints.
func (w *World) look() {
	if !w.Stuck && w.State == "RUNNING" {
		w.complete()
	}
	if w.EachLook != nil {
		w.EachLook(w)
	}
}

// Lose deletes a checkpoint from S3.
func (w *World) Lose(id int64) { delete(w.S3, w.key(id)) }

// Overwrite replaces what a checkpoint's _metadata holds.
func (w *World) Overwrite(id int64, body []byte) { w.S3[w.key(id)] = Stored{body, Key} }

// Rewrite puts the latest checkpoint to where Root says, after it was changed.
func (w *World) Rewrite() { w.Overwrite(w.Latest, Metadata(w.Latest)) }

// step passes time for the script.
func (w *World) step() {
	if len(w.script) > 0 {
		next := w.script[0]
		w.script = w.script[1:]
		if next != nil {
			next(w)
		}
	}
}

// TakeOver is what should happen when the leader is lost: the standby leads and
// restores the newest checkpoint.
func TakeOver(w *World, _ *Pod) []func(*World) {
	return []func(*World){nil, nil, func(w *World) {
		w.Lead(w.Of("jobmanager")[0])
	}, func(w *World) {
		w.Resume(&Restored{ID: w.Latest, At: 2000, Path: fmt.Sprintf("%s/chk-%d", w.Root, w.Latest)})
	}}
}

// Lead hands the leadership to a pod: the job starts anew there, and counts from 0.
func (w *World) Lead(p *Pod) {
	w.Leader, w.Session = p, w.Session+1
	w.State, w.Running, w.Restored, w.Completed, w.Failed = "RESTARTING", 0, nil, 0, 0
}

// Resume lets the job run, from what it is given; nil: from nothing.
func (w *World) Resume(from *Restored) {
	w.State, w.Running, w.Restored = "RUNNING", w.Parallelism, from
}

// Replace adds a JobManager, as the Deployment does for one that was lost.
func (w *World) Replace() *Pod {
	p := newPod(len(w.Pods)+10, "jobmanager")
	w.Pods = append(w.Pods, p)
	return p
}

func (w *World) remove(p *Pod) {
	w.Pods = slices.DeleteFunc(w.Pods, func(o *Pod) bool { return o == p })
	w.Deleted = append(w.Deleted, p.Name)
	w.script = w.OnDelete(w, p)
}

// Metadata is how the _metadata object of a checkpoint begins.
func Metadata(id int64) []byte {
	head := binary.BigEndian.AppendUint32(nil, 0x4960672d)
	head = binary.BigEndian.AppendUint32(head, 4)
	head = binary.BigEndian.AppendUint64(head, uint64(id))
	return append(head, "and the operators' states"...)
}

// NewSnapshot is a completed FlinkStateSnapshot.
func NewSnapshot(name, path string, disposes bool) Object {
	return Object{
		"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkStateSnapshot",
		"metadata": Object{"name": name, "namespace": Namespace},
		"spec": Object{"jobReference": Object{"kind": "FlinkDeployment", "name": Name},
			"savepoint": Object{"disposeOnDelete": disposes}},
		"status": Object{"state": "COMPLETED", "path": path, "resultTimestamp": "2026-11-20T10:00:00.123456Z"},
	}
}

// Token is an unsigned web identity token.
func Token(sub, aud string) string {
	part := func(o Object) string {
		text, err := json.Marshal(o)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	return part(Object{"alg": "RS256"}) + "." + part(Object{"iss": "https://oidc.eks", "sub": sub, "aud": []string{aud}}) + ".c2lnbmF0dXJl"
}
