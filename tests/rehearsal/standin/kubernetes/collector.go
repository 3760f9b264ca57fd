package kubernetes

import (
	"slices"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/world"
)

// The garbage collector: what an object owns goes before it where it is deleted
// in the foreground, else after it.

// collectAll looks at all that finalizers may hold.
func (k *cluster) collectAll() {
	for _, typ := range []string{world.DeploymentType, world.SnapshotType} {
		for _, o := range k.world.List("kubernetes", typ) {
			// What could not be done is tried again at the next pass.
			_ = k.collect(o.Type, o.ID)
		}
	}
}

func (k *cluster) collectNow(typ, id string) error {
	k.lock.Lock()
	defer k.lock.Unlock()
	return k.collect(typ, id)
}

// collect looks at one object. The lock is held.
func (k *cluster) collect(typ, id string) error {
	o, there := k.world.Get("kubernetes", typ, id)
	if !there || plain.At(o.State, "metadata", "deletionTimestamp") == nil {
		return nil
	}
	finalizers, _ := plain.At(o.State, "metadata", "finalizers").([]any)
	if slices.Contains(finalizers, any(inForeground)) {
		if err := k.collectOwned(o); err != nil {
			return err
		}
		finalizers = slices.DeleteFunc(finalizers, func(f any) bool { return f == inForeground })
		err := k.world.Edit("kubernetes", typ, id, func(o *world.Object) error {
			o.State["metadata"].(map[string]any)["finalizers"] = finalizers
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(finalizers) > 0 {
		return nil
	}
	if err := k.world.Delete("kubernetes", typ, id); err != nil {
		return err
	}
	return k.collectOwned(o)
}

// collectOwned removes what an object owns: JobManagers, which nothing holds.
func (k *cluster) collectOwned(owner world.Object) error {
	uid := plain.Text(owner.State, "metadata", "uid")
	owned := k.world.Where(func(p, t, _ string) bool { return p == "kubernetes" && t == "kubernetes:apps/v1:Deployment" })
	for _, o := range owned {
		owners, _ := plain.At(o.State, "metadata", "ownerReferences").([]any)
		ours := slices.ContainsFunc(owners, func(reference any) bool {
			one, _ := reference.(map[string]any)
			return one["uid"] == uid
		})
		if !ours {
			continue
		}
		if err := k.world.Delete("kubernetes", o.Type, o.ID); err != nil {
			return err
		}
	}
	return nil
}
