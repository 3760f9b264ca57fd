package kubernetes

import (
	"context"
	"encoding/json"
	"slices"

	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/world"
)

// operatorManager is the field manager of the operator's model.
const operatorManager = "flink-kubernetes-operator"

// clusterStore lets the model of the operator work on an API server. Its own
// notes are in the world.
type clusterStore struct {
	ctx    context.Context
	server *apiserver.Server
	world  *world.World
	// read is what List saw: what has not changed since is not written.
	read map[string]string
}

func (c *clusterStore) List(typ string) []world.Object {
	live, err := c.server.List(c.ctx, typ)
	if err != nil {
		return nil // the next pass asks again
	}
	var objects []world.Object
	for _, state := range live {
		o := world.Object{Package: "kubernetes", Type: typ, ID: objectID(state), State: state}
		// A list leaves out what its items are.
		groupVersion, kind := apiserver.GroupKind(typ)
		state["apiVersion"], state["kind"] = groupVersion, kind
		noted, _ := c.world.Get("kubernetes", typ, o.ID)
		if plain.Text(noted.State, "metadata", "uid") == plain.Text(state, "metadata", "uid") {
			o.Private = noted.Private
		}
		c.read[typ+o.ID+"status"] = encoded(state["status"])
		c.read[typ+o.ID+"finalizers"] = encoded(plain.At(state, "metadata", "finalizers"))
		objects = append(objects, o)
	}
	return objects
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(text)
}

func (c *clusterStore) Get(typ, id string) (world.Object, bool) {
	live, err := c.server.Get(c.ctx, typ, id)
	return world.Object{Package: "kubernetes", Type: typ, ID: id, State: live}, err == nil && live != nil
}

// Write notes first: a pass that could not write must not do its work twice.
func (c *clusterStore) Write(o world.Object) error {
	if err := record(c.world, o.Type, o.ID, nil, o.State); err != nil {
		return err
	}
	err := c.world.Edit("kubernetes", o.Type, o.ID, func(noted *world.Object) error {
		noted.Private = o.Private
		return nil
	})
	if err != nil {
		return err
	}
	if status := o.State["status"]; status != nil && encoded(status) != c.read[o.Type+o.ID+"status"] {
		err = c.server.ApplyStatus(c.ctx, o.Type, o.ID, map[string]any{
			"apiVersion": o.State["apiVersion"], "kind": o.State["kind"], "status": status,
			"metadata": map[string]any{"name": plain.At(o.State, "metadata", "name"), "namespace": plain.At(o.State, "metadata", "namespace")},
		}, operatorManager)
		if err != nil {
			return err
		}
	}
	finalizers, _ := plain.At(o.State, "metadata", "finalizers").([]any)
	if encoded(finalizers) == c.read[o.Type+o.ID+"finalizers"] {
		return nil
	}
	live, err := c.server.Get(c.ctx, o.Type, o.ID)
	if err != nil || live == nil {
		return err
	}
	return c.server.Finalize(c.ctx, o.Type, o.ID, live, finalizers, operatorManager)
}

// Release takes off the operator's own finalizer; the API server removes the
// object with the last one.
func (c *clusterStore) Release(o world.Object) error {
	live, err := c.server.Get(c.ctx, o.Type, o.ID)
	if err != nil || live == nil {
		return err
	}
	finalizers, _ := plain.At(live, "metadata", "finalizers").([]any)
	others := slices.DeleteFunc(slices.Clone(finalizers), operator.OwnFinalizer)
	if len(others) == len(finalizers) {
		return nil
	}
	return c.server.Finalize(c.ctx, o.Type, o.ID, live, append([]any{}, others...), operatorManager)
}

// Own implements operator.Store: no pod is to run there, so no JobManager is made.
func (c *clusterStore) Own(world.Object) error { return nil }

// Disown implements operator.Store.
func (c *clusterStore) Disown(world.Object) error { return nil }

// Owns implements operator.Store.
func (c *clusterStore) Owns(world.Object) bool { return true }

// Show implements operator.Store.
func (c *clusterStore) Show(world.Object, []world.Object, map[string]string) error { return nil }

// store is where the operator of this cluster finds its objects.
func (k *cluster) store(ctx context.Context) operator.Store {
	if k.server == nil {
		return operator.InWorld{World: k.world}
	}
	return &clusterStore{ctx: ctx, server: k.server, world: k.world, read: map[string]string{}}
}
