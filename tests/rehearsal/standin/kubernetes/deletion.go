package kubernetes

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

// background says how the plugin deletes: in the foreground, unless the
// annotation of the inputs that it knows says otherwise.
func background(r *provider.Request) bool {
	inputs := r.Old
	if len(inputs) == 0 {
		inputs = r.State
	}
	return strings.EqualFold(plain.Text(inputs, "metadata", "annotations", "pulumi.com/deletionPropagationPolicy"), "background")
}

// Delete is awaited until the object is gone: its finalizers are others' to remove.
func (k *cluster) Delete(r *provider.Request) error {
	if r.Type == world.ReleaseType {
		return k.releases.Uninstall(r)
	}
	if k.onServer(r) {
		return k.deleteOnServer(r)
	}
	within := k.within(r)
	deadline := k.clock.Now().Add(cmp.Or(r.Timeout, defaultTimeout))
	if err := k.begin(r, within); err != nil {
		return err
	}
	for {
		o, there := k.world.Get("kubernetes", r.Type, r.ID)
		if !there {
			return nil
		}
		if k.clock.Now().After(deadline) || !k.clock.Sleep(r.Context, lookEvery) {
			return fmt.Errorf("deletion of %s %q timed out: finalizers might be preventing deletion (%v)", r.Type, r.ID, plain.At(o.State, "metadata", "finalizers"))
		}
		left := slices.ContainsFunc(within, func(o world.Object) bool {
			_, there := k.world.Get("kubernetes", o.Type, o.ID)
			return there
		})
		if left {
			continue
		}
		if err := k.collectNow(r.Type, r.ID); err != nil {
			return err
		}
	}
}

// begin marks what is to go, and lets the garbage collector have its first look
// before any finalizer's owner has his: so fast is the real one.
func (k *cluster) begin(r *provider.Request, within []world.Object) error {
	k.lock.Lock()
	defer k.lock.Unlock()
	for _, o := range within {
		if err := errors.Join(k.mark(o.Type, o.ID, false), k.collect(o.Type, o.ID)); err != nil {
			return err
		}
	}
	if err := k.mark(r.Type, r.ID, !background(r)); err != nil || len(within) > 0 {
		return err
	}
	return k.collect(r.Type, r.ID)
}

// within are the objects that go before a namespace or a CRD does.
func (k *cluster) within(r *provider.Request) []world.Object {
	switch r.Type {
	case world.NamespaceType:
		return k.world.Where(func(p, t, id string) bool {
			return p == "kubernetes" && t != world.ReleaseType && strings.HasPrefix(id, r.ID+"/")
		})
	case world.CRDType:
		crd, _ := k.world.Get("kubernetes", world.CRDType, r.ID)
		return k.world.Where(func(p, t, _ string) bool {
			return p == "kubernetes" && strings.HasPrefix(t, "kubernetes:"+plain.Text(crd.State, "spec", "group")+"/") &&
				strings.HasSuffix(t, ":"+plain.Text(crd.State, "spec", "names", "kind"))
		})
	}
	return nil
}

// inForeground is the garbage collector's own finalizer.
const inForeground = "foregroundDeletion"

// mark begins a deletion.
func (k *cluster) mark(typ, id string, foreground bool) error {
	err := k.world.Edit("kubernetes", typ, id, func(o *world.Object) error {
		meta, ok := o.State["metadata"].(map[string]any)
		if !ok || meta["deletionTimestamp"] != nil {
			return nil
		}
		meta["deletionTimestamp"] = "2024-01-01T00:00:00Z"
		if foreground {
			finalizers, _ := meta["finalizers"].([]any)
			meta["finalizers"] = append(finalizers, inForeground)
		}
		return nil
	})
	if errors.Is(err, world.ErrNotFound) {
		return nil
	}
	return err
}
