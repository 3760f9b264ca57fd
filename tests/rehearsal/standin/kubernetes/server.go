package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

// On a real API server: all but Helm releases, which stay a model. The world
// keeps a record of what was made, so that it can be listed and compared; the
// API server alone says what is.

// onServer says whether a request is the API server's to answer.
func (k *cluster) onServer(r *provider.Request) bool {
	return k.server != nil && r.Type != world.ReleaseType
}

// manager is one for each resource, as the plugin's: two resources that write
// one object conflict.
func manager(r *provider.Request) string { return "pulumi-kubernetes-" + plain.Digest(r.URN)[:8] }

// manifest is what the API server gets of a resource's inputs.
func manifest(inputs map[string]any) map[string]any {
	object := plain.Copy(inputs)
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

func adopts(r *provider.Request) bool { return flag(r.Config, "upsertExistingObjects") }

func (k *cluster) createOnServer(r *provider.Request) (string, map[string]any, error) {
	id, object := objectID(r.Inputs), manifest(r.Inputs)
	err := k.patiently(r.Context, func() error {
		if !adopts(r) {
			if err := k.server.MayCreate(r.Context, r.Type, plain.Text(object, "metadata", "namespace"), object, manager(r)); err != nil {
				return err
			}
		}
		_, err := k.server.Apply(r.Context, r.Type, id, object, apiserver.Application{Manager: manager(r), Force: flag(r.Config, "enablePatchForce")})
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %w", id, err)
	}
	live, err := k.await(r, id)
	return id, live, errors.Join(err, k.recordMade(r, id))
}

func (k *cluster) updateOnServer(r *provider.Request) (map[string]any, error) {
	err := k.patiently(r.Context, func() error {
		_, err := k.server.Apply(r.Context, r.Type, r.ID, manifest(r.Inputs), apiserver.Application{Manager: manager(r), Force: forced(r)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("update of resource %q was refused by the Kubernetes API server: %w", r.ID, err)
	}
	live, err := k.await(r, r.ID)
	return live, errors.Join(err, k.recordMade(r, r.ID))
}

// patiently tries again what needs a namespace or a CRD that is on its way.
func (k *cluster) patiently(ctx context.Context, do func() error) error {
	pause := lookEvery
	for try := 0; ; try++ {
		err := do()
		missing := errors.Is(err, apiserver.ErrNoMatch) || apiserver.Refused(err, http.StatusNotFound)
		if !missing || try == 5 || !k.clock.Sleep(ctx, pause) {
			return err
		}
		pause *= 2
	}
}

// previewOnServer is a dry run, where nothing is unknown and what the object
// needs is there.
func (k *cluster) previewOnServer(r *provider.Request) (map[string]any, error) {
	if plain.AnyUnknown(r.Inputs) {
		return plain.Overlay(r.State, r.Inputs), nil
	}
	object := manifest(r.Inputs)
	var planned map[string]any
	var err error
	if r.ID == "" && !adopts(r) {
		err = k.server.MayCreate(r.Context, r.Type, plain.Text(object, "metadata", "namespace"), object, manager(r))
	} else {
		planned, err = k.server.Apply(r.Context, r.Type, objectID(r.Inputs), object, apiserver.Application{Manager: manager(r), Force: true, DryRun: true})
	}
	if errors.Is(err, apiserver.ErrNoMatch) || apiserver.Refused(err, http.StatusNotFound) {
		err = nil
	}
	if r.ID == "" || planned == nil {
		// A dry run makes a uid up.
		planned = plain.Overlay(r.State, r.Inputs)
	}
	return planned, err
}

// readOnServer takes what the program asked for, with the values of now.
func (k *cluster) readOnServer(r *provider.Request) (string, map[string]any, map[string]any, error) {
	live, err := k.server.Get(r.Context, r.Type, r.ID)
	if err != nil || live == nil {
		return "", nil, nil, err
	}
	inputs, _ := plain.Project(r.Old, live).(map[string]any)
	if len(r.Old) == 0 {
		inputs = plain.Copy(live)
		delete(inputs, "status")
		meta := inputs["metadata"].(map[string]any)
		for _, key := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "finalizers"} {
			delete(meta, key)
		}
	}
	return r.ID, inputs, live, record(k.world, r.Type, r.ID, nil, live)
}

// deleteOnServer is awaited: its finalizers are others' to remove.
func (k *cluster) deleteOnServer(r *provider.Request) error {
	timeout := r.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	deadline := k.clock.Now().Add(timeout)
	uid := plain.Text(r.State, "metadata", "uid")
	if err := k.server.Delete(r.Context, r.Type, r.ID, background(r)); err != nil {
		return err
	}
	for {
		live, err := k.server.Get(r.Context, r.Type, r.ID)
		if err != nil {
			return err
		}
		if live == nil || uid != "" && plain.Text(live, "metadata", "uid") != uid {
			return k.world.Delete("kubernetes", r.Type, r.ID)
		}
		if k.clock.Now().After(deadline) || !k.clock.Sleep(r.Context, lookEvery) {
			return fmt.Errorf("deletion of %s %q timed out: finalizers might be preventing deletion (%v)", r.Type, r.ID, plain.At(live, "metadata", "finalizers"))
		}
	}
}

// look is what the cluster says of an object; nil: there is none.
func (k *cluster) look(r *provider.Request, id string) (map[string]any, error) {
	if k.server != nil {
		return k.server.Get(r.Context, r.Type, id)
	}
	o, _ := k.world.Get("kubernetes", r.Type, id)
	return o.State, nil
}

func (k *cluster) recordMade(r *provider.Request, id string) error {
	live, err := k.server.Get(r.Context, r.Type, id)
	if err != nil || live == nil {
		return err
	}
	return record(k.world, r.Type, id, r.Inputs, live)
}

// record notes an object of the API server in the world. Inputs nil: they stay.
func record(w *world.World, typ, id string, inputs, live map[string]any) error {
	err := w.Edit("kubernetes", typ, id, func(o *world.Object) error {
		if plain.Text(o.State, "metadata", "uid") != plain.Text(live, "metadata", "uid") {
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
func Observe(ctx context.Context, a *apiserver.Server, w *world.World) error {
	for _, o := range w.List("kubernetes", "") {
		if o.Type == world.ReleaseType {
			continue
		}
		live, err := a.Get(ctx, o.Type, o.ID)
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
