package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

// The kubernetes stand-in on a real API server: all but Helm releases, which
// stay a model. The world keeps a record of what was made, so that it can be
// listed and compared; the API server alone says what is.

// onServer says whether a request is the API server's to answer.
func (k *kubernetes) onServer(r *request) bool { return k.server != nil && r.typ != releaseType }

// manager is one for each resource, as the plugin's: two resources that write
// one object conflict.
func manager(r *request) string { return "pulumi-kubernetes-" + digest(r.urn)[:8] }

// manifest is what the API server gets of a resource's inputs.
func manifest(inputs map[string]any) map[string]any {
	object := copied(inputs)
	dropMarks(object)
	return object
}

// dropMarks removes the engine's own keys.
func dropMarks(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if strings.HasPrefix(key, "__") {
				delete(value, key)
			}
			dropMarks(inner)
		}
	case []any:
		for _, inner := range value {
			dropMarks(inner)
		}
	}
}

func adopts(r *request) bool { return flag(r.session.config, "upsertExistingObjects") }

func (k *kubernetes) createOnServer(r *request) (string, map[string]any, error) {
	id, object := objectID(r.inputs), manifest(r.inputs)
	err := k.patiently(r.ctx, func() error {
		if !adopts(r) {
			if err := k.server.mayCreate(r.ctx, r.typ, text(object, "metadata", "namespace"), object, manager(r)); err != nil {
				return err
			}
		}
		_, err := k.server.apply(r.ctx, r.typ, id, object, application{manager: manager(r), force: flag(r.session.config, "enablePatchForce")})
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %w", id, err)
	}
	live, err := k.await(r, id)
	return id, live, errors.Join(err, k.recordMade(r, id))
}

func (k *kubernetes) updateOnServer(r *request) (map[string]any, error) {
	err := k.patiently(r.ctx, func() error {
		_, err := k.server.apply(r.ctx, r.typ, r.id, manifest(r.inputs), application{manager: manager(r), force: flag(r.session.config, "enablePatchForce")})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("update of resource %q was refused by the Kubernetes API server: %w", r.id, err)
	}
	live, err := k.await(r, r.id)
	return live, errors.Join(err, k.recordMade(r, r.id))
}

// patiently tries again what needs a namespace or a CRD that is on its way.
func (k *kubernetes) patiently(ctx context.Context, do func() error) error {
	pause := lookEvery
	for try := 0; ; try++ {
		err := do()
		missing := errors.Is(err, errNoMatch) || refusedWith(err, http.StatusNotFound)
		if !missing || try == 5 || !k.clock.Sleep(ctx, pause) {
			return err
		}
		pause *= 2
	}
}

// previewOnServer is a dry run, where nothing is unknown and what the object
// needs is there.
func (k *kubernetes) previewOnServer(r *request) (map[string]any, error) {
	if anyUnknown(r.inputs) {
		return overlay(r.state, r.inputs), nil
	}
	object := manifest(r.inputs)
	var planned map[string]any
	var err error
	if r.id == "" && !adopts(r) {
		err = k.server.mayCreate(r.ctx, r.typ, text(object, "metadata", "namespace"), object, manager(r))
	} else {
		planned, err = k.server.apply(r.ctx, r.typ, objectID(r.inputs), object, application{manager: manager(r), force: true, dryRun: true})
	}
	if errors.Is(err, errNoMatch) || refusedWith(err, http.StatusNotFound) {
		err = nil
	}
	if r.id == "" || planned == nil {
		// A dry run makes a uid up.
		planned = overlay(r.state, r.inputs)
	}
	return planned, err
}

// readOnServer takes what the program asked for, with the values of now.
func (k *kubernetes) readOnServer(r *request) (string, map[string]any, map[string]any, error) {
	live, err := k.server.get(r.ctx, r.typ, r.id)
	if err != nil || live == nil {
		return "", nil, nil, err
	}
	inputs, _ := project(r.old, live).(map[string]any)
	if len(r.old) == 0 {
		inputs = copied(live)
		delete(inputs, "status")
		meta := inputs["metadata"].(map[string]any)
		for _, key := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "finalizers"} {
			delete(meta, key)
		}
	}
	return r.id, inputs, live, record(k.world, r.typ, r.id, nil, live)
}

// deleteOnServer is awaited: its finalizers are others' to remove.
func (k *kubernetes) deleteOnServer(r *request) error {
	timeout := r.timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	deadline := k.clock.Now().Add(timeout)
	uid := text(r.state, "metadata", "uid")
	if err := k.server.remove(r.ctx, r.typ, r.id); err != nil {
		return err
	}
	for {
		live, err := k.server.get(r.ctx, r.typ, r.id)
		if err != nil {
			return err
		}
		if live == nil || uid != "" && text(live, "metadata", "uid") != uid {
			return k.world.Delete("kubernetes", r.typ, r.id)
		}
		if k.clock.Now().After(deadline) || !k.clock.Sleep(r.ctx, lookEvery) {
			return fmt.Errorf("deletion of %s %q timed out: finalizers might be preventing deletion (%v)", r.typ, r.id, at(live, "metadata", "finalizers"))
		}
	}
}

// look is what the cluster says of an object; nil: there is none.
func (k *kubernetes) look(r *request, id string) (map[string]any, error) {
	if k.server != nil {
		return k.server.get(r.ctx, r.typ, id)
	}
	o, _ := k.world.Get("kubernetes", r.typ, id)
	return o.State, nil
}

func (k *kubernetes) recordMade(r *request, id string) error {
	live, err := k.server.get(r.ctx, r.typ, id)
	if err != nil || live == nil {
		return err
	}
	return record(k.world, r.typ, id, r.inputs, live)
}

// record notes an object of the API server in the world. Inputs nil: they stay.
func record(w *world.World, typ, id string, inputs, live map[string]any) error {
	err := w.Edit("kubernetes", typ, id, func(o *world.Object) error {
		if text(o.State, "metadata", "uid") != text(live, "metadata", "uid") {
			o.Private = nil
		}
		if o.State = live; inputs != nil {
			o.Inputs = inputs
		}
		return nil
	})
	if errors.Is(err, world.ErrNotFound) {
		err = w.Put(world.Object{Package: "kubernetes", Type: typ, ID: id, Inputs: inputs, State: live})
	}
	return err
}

// Observe brings the world's record of the API server's objects up to date.
func (a *APIServer) Observe(ctx context.Context, w *world.World) error {
	for _, o := range w.List("kubernetes", "") {
		if o.Type == releaseType {
			continue
		}
		live, err := a.get(ctx, o.Type, o.ID)
		if err == nil && live == nil {
			err = w.Delete("kubernetes", o.Type, o.ID)
		} else if err == nil {
			err = record(w, o.Type, o.ID, nil, live)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", o.Type, o.ID, err)
		}
	}
	return nil
}

// Remove deletes an object behind everybody's back, and waits until it is gone.
func (a *APIServer) Remove(ctx context.Context, typ, id string) error {
	if err := a.remove(ctx, typ, id); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		live, err := a.get(ctx, typ, id)
		if err != nil || live == nil {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// serves asks the API server for its kinds anew.
func (a *APIServer) serves(ctx context.Context, typ string) bool {
	a.forget(typ)
	_, err := a.collection(ctx, typ, "")
	return err == nil
}

// operatorManager is the field manager of the operator's model.
const operatorManager = "flink-kubernetes-operator"

// clusterStore lets the model of the operator work on an API server. Its own
// notes are in the world.
type clusterStore struct {
	ctx    context.Context
	server *APIServer
	world  *world.World
	// read is what List saw: what has not changed since is not written.
	read map[string]string
}

func (c *clusterStore) List(typ string) []world.Object {
	live, err := c.server.list(c.ctx, typ)
	if err != nil {
		return nil // the next pass asks again
	}
	var objects []world.Object
	for _, state := range live {
		o := world.Object{Package: "kubernetes", Type: typ, ID: objectID(state), State: state}
		// A list leaves out what its items are.
		groupVersion, kind := group(typ)
		state["apiVersion"], state["kind"] = groupVersion, kind
		noted, _ := c.world.Get("kubernetes", typ, o.ID)
		if text(noted.State, "metadata", "uid") == text(state, "metadata", "uid") {
			o.Private = noted.Private
		}
		c.read[typ+o.ID+"status"] = encoded(state["status"])
		c.read[typ+o.ID+"finalizers"] = encoded(at(state, "metadata", "finalizers"))
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
	live, err := c.server.get(c.ctx, typ, id)
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
		err = c.server.applyStatus(c.ctx, o.Type, o.ID, map[string]any{
			"apiVersion": o.State["apiVersion"], "kind": o.State["kind"], "status": status,
			"metadata": map[string]any{"name": at(o.State, "metadata", "name"), "namespace": at(o.State, "metadata", "namespace")},
		}, operatorManager)
		if err != nil {
			return err
		}
	}
	finalizers, _ := at(o.State, "metadata", "finalizers").([]any)
	if encoded(finalizers) == c.read[o.Type+o.ID+"finalizers"] {
		return nil
	}
	live, err := c.server.get(c.ctx, o.Type, o.ID)
	if err != nil || live == nil {
		return err
	}
	return c.server.finalize(c.ctx, o.Type, o.ID, live, finalizers, operatorManager)
}

// Release takes off the operator's own finalizer; the API server removes the
// object with the last one.
func (c *clusterStore) Release(o world.Object) error {
	live, err := c.server.get(c.ctx, o.Type, o.ID)
	if err != nil || live == nil {
		return err
	}
	finalizers, _ := at(live, "metadata", "finalizers").([]any)
	others := slices.DeleteFunc(slices.Clone(finalizers), operator.OwnFinalizer)
	if len(others) == len(finalizers) {
		return nil
	}
	return c.server.finalize(c.ctx, o.Type, o.ID, live, append([]any{}, others...), operatorManager)
}

// store is where the operator of this cluster finds its objects.
func (k *kubernetes) store(ctx context.Context) operator.Store {
	if k.server == nil {
		return operator.InWorld{World: k.world}
	}
	return &clusterStore{ctx: ctx, server: k.server, world: k.world, read: map[string]string{}}
}
