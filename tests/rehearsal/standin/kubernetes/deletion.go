package kubernetes

import (
	"errors"
	"fmt"
	"strings"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

// Delete is awaited until the object is gone: its finalizers are others' to remove.
func (k *cluster) Delete(r *provider.Request) error {
	if r.Type == world.ReleaseType {
		return k.releases.Uninstall(r)
	}
	if k.onServer(r) {
		return k.deleteOnServer(r)
	}
	if _, there := k.world.Get("kubernetes", r.Type, r.ID); !there {
		return nil
	}
	targets := []world.Object{{Type: r.Type, ID: r.ID}}
	switch r.Type {
	case world.NamespaceType:
		targets = append(targets, k.world.Where(func(p, _, id string) bool { return p == "kubernetes" && strings.HasPrefix(id, r.ID+"/") })...)
	case world.CRDType:
		crd, _ := k.world.Get("kubernetes", world.CRDType, r.ID)
		targets = append(targets, k.world.Where(func(p, t, _ string) bool {
			return p == "kubernetes" && strings.HasPrefix(t, "kubernetes:"+plain.Text(crd.State, "spec", "group")+"/") &&
				strings.HasSuffix(t, ":"+plain.Text(crd.State, "spec", "names", "kind"))
		})...)
	}
	for i := len(targets) - 1; i > 0; i-- {
		if err := k.terminate(targets[i].Type, targets[i].ID); err != nil {
			return err
		}
	}
	timeout := r.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	deadline := k.clock.Now().Add(timeout)
	if err := k.mark(r.Type, r.ID); err != nil {
		return err
	}
	for {
		left := 0
		for _, t := range targets[1:] {
			if _, there := k.world.Get("kubernetes", t.Type, t.ID); there {
				left++
			}
		}
		if left == 0 {
			if err := k.terminate(r.Type, r.ID); err != nil {
				return err
			}
		}
		o, there := k.world.Get("kubernetes", r.Type, r.ID)
		if !there {
			return nil
		}
		if k.clock.Now().After(deadline) || !k.clock.Sleep(r.Context, lookEvery) {
			return fmt.Errorf("deletion of %s %q timed out: finalizers might be preventing deletion (%v)", r.Type, r.ID, plain.At(o.State, "metadata", "finalizers"))
		}
	}
}

func (k *cluster) mark(typ, id string) error {
	err := k.world.Edit("kubernetes", typ, id, func(o *world.Object) error {
		if meta, ok := o.State["metadata"].(map[string]any); ok && meta["deletionTimestamp"] == nil {
			meta["deletionTimestamp"] = "2024-01-01T00:00:00Z"
		}
		return nil
	})
	if errors.Is(err, world.ErrNotFound) {
		return nil
	}
	return err
}

// terminate marks an object, and removes it where it has no finalizers.
func (k *cluster) terminate(typ, id string) error {
	if err := k.mark(typ, id); err != nil {
		return err
	}
	o, there := k.world.Get("kubernetes", typ, id)
	if finalizers, _ := plain.At(o.State, "metadata", "finalizers").([]any); !there || len(finalizers) > 0 {
		return nil
	}
	return k.world.Delete("kubernetes", typ, id)
}
