package kubernetes

import (
	"fmt"
	"reflect"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

// defaults that the API server fills in.
func (k *cluster) defaults(typ string, state map[string]any) {
	switch typ {
	case world.NamespaceType:
		meta := state["metadata"].(map[string]any)
		labels, _ := meta["labels"].(map[string]any)
		meta["labels"] = plain.Overlay(labels, map[string]any{"kubernetes.io/metadata.name": meta["name"]})
		state["status"] = map[string]any{"phase": "Active"}
	case world.CRDType:
		state["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Established", "status": "True"}}}
	}
}

// apply is server-side apply: what the caller said before and says no more goes.
func (k *cluster) apply(r *provider.Request, id string) error {
	return k.world.Edit("kubernetes", r.Type, id, func(o *world.Object) error {
		if plain.At(o.State, "metadata", "deletionTimestamp") != nil {
			return fmt.Errorf("object %s is being deleted", id)
		}
		spec := plain.Copy(map[string]any{"": o.State["spec"]})[""]
		o.State, _ = merged(o.State, o.Inputs, plain.Copy(r.Inputs)).(map[string]any)
		if r.Type == world.NamespaceType {
			k.defaults(r.Type, o.State)
		}
		if !reflect.DeepEqual(spec, o.State["spec"]) {
			meta := o.State["metadata"].(map[string]any)
			generation, _ := meta["generation"].(float64)
			meta["generation"] = generation + 1
		}
		o.Inputs = r.Inputs
		return nil
	})
}

// merged lays news over live, and takes away what was in old only.
func merged(live, old, news any) any {
	n, ok := news.(map[string]any)
	if !ok {
		return news
	}
	l, ok := live.(map[string]any)
	if !ok {
		return news
	}
	o, _ := old.(map[string]any)
	for key := range o {
		if _, kept := n[key]; !kept && key != "status" {
			delete(l, key)
		}
	}
	for key, value := range n {
		l[key] = merged(l[key], o[key], value)
	}
	return l
}
