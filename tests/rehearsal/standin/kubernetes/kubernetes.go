// Package kubernetes is the stand-in of a cluster and of the plugin before it:
// objects in a world, or in a real API server, and beside them the model of the
// Flink operator. It runs no pod; Helm releases are in a package of their own.
package kubernetes

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
	"flink-payments/tests/rehearsal/standin/kubernetes/helm"
	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

const (
	// defaultTimeout is the provider's, where no customTimeouts say.
	defaultTimeout = 10 * time.Minute
	lookEvery      = time.Second
)

// New is a cluster, with the operator's model in it. Server is a real one that
// it works on; nil: the world is the cluster.
func New(w *world.World, clock operator.Clock, server *apiserver.Server) provider.Service {
	k := &cluster{world: w, clock: clock, server: server}
	k.releases = helm.Releases{World: w, Cluster: k}
	return k
}

// A cluster is what is behind the provider.
type cluster struct {
	world    *world.World
	clock    operator.Clock
	server   *apiserver.Server
	releases helm.Releases

	// lock is held by the operator and the garbage collector, one after the other.
	lock sync.Mutex
}

// Work lets the operator reconcile, and the garbage collector after it.
func (k *cluster) Work(ctx context.Context) {
	store := k.store(ctx)
	for k.clock.Sleep(ctx, operator.ReconcileEvery) {
		k.lock.Lock()
		operator.Reconcile(store, k.world, k.clock.Now(), k.releases.OperatorVersion)
		if k.server == nil {
			k.collectAll()
		}
		k.lock.Unlock()
	}
}

// Compared is, as for the plugin, what was asked for with the values that the server gave back.
func (k *cluster) Compared(r *provider.Request) map[string]any {
	if !k.onServer(r) {
		return r.Old
	}
	live, _ := plain.Project(r.Old, r.State).(map[string]any)
	return live
}

func (k *cluster) Configure(map[string]any) error { return nil }

// flag of the configuration, which carries booleans as JSON or as text.
func flag(config map[string]any, key string) bool {
	return config[key] == true || config[key] == "true"
}

func (k *cluster) Check(r *provider.Request) []*pulumirpc.CheckFailure {
	if r.Type == world.ReleaseType {
		return helm.Check(r)
	}
	groupVersion, kind := apiserver.GroupKind(r.Type)
	apiVersion := strings.TrimPrefix(groupVersion, "core/")
	if r.Inputs["apiVersion"] == nil {
		r.Inputs["apiVersion"] = apiVersion
	}
	if r.Inputs["kind"] == nil {
		r.Inputs["kind"] = kind
	}
	var failures []*pulumirpc.CheckFailure
	if r.Inputs["apiVersion"] != apiVersion || r.Inputs["kind"] != kind {
		failures = append(failures, provider.Fail("kind", "%v %v is not the type %s", r.Inputs["apiVersion"], r.Inputs["kind"], r.Type))
	}
	meta, _ := r.Inputs["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		r.Inputs["metadata"] = meta
	}
	if meta["name"] == nil {
		if meta["name"] = plain.At(r.Old, "metadata", "name"); meta["name"] == nil {
			meta["name"] = r.Name + "-" + plain.Digest(r.URN)[:8]
		}
	}
	if meta["namespace"] == nil && !slices.Contains(clusterScoped, kind) {
		meta["namespace"] = "default"
	}
	return failures
}

func (k *cluster) Replaces(r *provider.Request, path string) bool {
	if r.Type == world.ReleaseType {
		return helm.Replaces(path)
	}
	_, kind := apiserver.GroupKind(r.Type)
	if path == "metadata.name" || path == "metadata.namespace" || path == "kind" {
		return true
	}
	for _, prefix := range immutable[kind] {
		if path == prefix || strings.HasPrefix(path, prefix+".") || strings.HasPrefix(path, prefix+"[") {
			return true
		}
	}
	return false
}

func (k *cluster) Create(r *provider.Request) (string, map[string]any, error) {
	if r.Type == world.ReleaseType {
		return k.releases.Install(r)
	}
	if k.onServer(r) {
		return k.createOnServer(r)
	}
	if err := k.admit(r); err != nil {
		return "", nil, err
	}
	id := objectID(r.Inputs)
	state := plain.Copy(r.Inputs)
	meta := state["metadata"].(map[string]any)
	number, err := k.world.Next("kubernetes")
	if err != nil {
		return "", nil, err
	}
	meta["generation"], meta["creationTimestamp"] = 1.0, "2024-01-01T00:00:00Z"
	d := plain.Digest(fmt.Sprint(r.Type, id, number))
	meta["uid"] = strings.Join([]string{d[:8], d[8:12], d[12:16], d[16:20], d[20:32]}, "-")
	k.defaults(r.Type, state)
	made := world.Object{Package: "kubernetes", Type: r.Type, ID: id, Inputs: r.Inputs, State: state}
	keep(&made, map[string][]string{manager(r): slices.Sorted(maps.Keys(fields(r.Inputs)))})
	added, err := k.world.Add(made)
	if err != nil {
		return "", nil, err
	}
	if !added {
		if !flag(r.Config, "upsertExistingObjects") {
			groupVersion, kind := apiserver.GroupKind(r.Type)
			name, _, _ := strings.Cut(groupVersion, "/")
			plural := strings.ToLower(kind) + "s"
			if name != "core" {
				plural += "." + name
			}
			return "", nil, fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %s %q already exists", id, plural, plain.Text(r.Inputs, "metadata", "name"))
		}
		if err := k.apply(r, id, flag(r.Config, "enablePatchForce")); err != nil {
			return "", nil, err
		}
	}
	live, err := k.await(r, id)
	return id, live, err
}

func (k *cluster) Preview(r *provider.Request) (map[string]any, error) {
	if r.Type == world.ReleaseType {
		return k.releases.Preview(r)
	}
	if k.onServer(r) {
		return k.previewOnServer(r)
	}
	return plain.Overlay(r.State, r.Inputs), nil
}

func (k *cluster) Read(r *provider.Request) (string, map[string]any, map[string]any, error) {
	if k.onServer(r) {
		return k.readOnServer(r)
	}
	return provider.Read(k.world, "kubernetes", r)
}

func (k *cluster) Update(r *provider.Request) (map[string]any, error) {
	if r.Type == world.ReleaseType {
		_, state, err := k.releases.Install(r)
		return state, err
	}
	if k.onServer(r) {
		return k.updateOnServer(r)
	}
	if err := k.admit(r); err != nil {
		return nil, err
	}
	if err := k.apply(r, r.ID, forced(r)); err != nil {
		return nil, err
	}
	return k.await(r, r.ID)
}

func (k *cluster) Invoke(r *provider.Request) (map[string]any, error) {
	return nil, fmt.Errorf("the stand-in of Kubernetes has no function %s", r.Type)
}
