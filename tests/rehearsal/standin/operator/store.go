package operator

import (
	"errors"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/world"
)

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
		if o.Private == nil {
			o.Private = object{}
		}
		o.Private[notesKey] = now.Private[notesKey]
		return nil
	})
}

// Release implements Store: the world's collector removes an object with its last finalizer.
func (w InWorld) Release(now world.Object) error {
	return w.Edit("kubernetes", now.Type, now.ID, func(o *world.Object) error {
		meta := child(o.State, "metadata")
		var others []any
		all, _ := meta["finalizers"].([]any)
		for _, finalizer := range all {
			if !OwnFinalizer(finalizer) {
				others = append(others, finalizer)
			}
		}
		meta["finalizers"] = others
		return nil
	})
}

// Own implements Store. The owner's deletion in the foreground waits for it.
func (w InWorld) Own(o world.Object) error {
	meta := child(o.State, "metadata")
	return w.Put(world.Object{Package: "kubernetes", Type: jobManagerType, ID: o.ID, State: object{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": object{"name": meta["name"], "namespace": meta["namespace"], "ownerReferences": []any{object{
			"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "name": meta["name"], "uid": meta["uid"],
			"controller": true, "blockOwnerDeletion": true,
		}}},
	}})
}

// Disown implements Store.
func (w InWorld) Disown(o world.Object) error { return w.Delete("kubernetes", jobManagerType, o.ID) }

// Owns implements Store.
func (w InWorld) Owns(o world.Object) bool {
	_, there := w.World.Get("kubernetes", jobManagerType, o.ID)
	return there
}

// Show implements Store.
func (w InWorld) Show(o world.Object, pods []world.Object, rest map[string]string) error {
	name := text(child(o.State, "metadata"), "name")
	var failed error
	for _, old := range w.Where(func(_, typ, id string) bool { return typ == PodType && strings.HasPrefix(id, o.ID+"-") }) {
		ours := text(child(child(old.State, "metadata"), "labels"), "app") == name
		if ours && !slices.ContainsFunc(pods, func(pod world.Object) bool { return pod.ID == old.ID }) {
			failed = errors.Join(failed, w.Delete("kubernetes", PodType, old.ID))
		}
	}
	for _, pod := range pods {
		failed = errors.Join(failed, w.Put(pod))
	}
	if !w.Owns(o) {
		return failed
	}
	return errors.Join(failed, w.Edit("kubernetes", jobManagerType, o.ID, func(manager *world.Object) error {
		answers := object{}
		for path, answer := range rest {
			answers[path] = answer
		}
		manager.Private = object{RESTAnswers: answers}
		return nil
	}))
}
