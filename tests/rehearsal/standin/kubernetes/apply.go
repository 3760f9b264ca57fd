package kubernetes

import (
	"fmt"

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

// apply is server-side apply by the resource's own manager.
func (k *cluster) apply(r *provider.Request, id string, force bool) error {
	return k.world.Edit("kubernetes", r.Type, id, func(o *world.Object) error {
		before := plain.Copy(map[string]any{"": o.State["spec"]})[""]
		if err := applied(o, manager(r), r.Inputs, force); err != nil {
			return fmt.Errorf("Server-Side Apply field conflict detected. See https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources for troubleshooting help\n: %w", err)
		}
		if r.Type == world.NamespaceType {
			k.defaults(r.Type, o.State)
		}
		raised(o, before)
		o.Inputs = r.Inputs
		return nil
	})
}

// forced says whether an update takes fields from their owners.
func forced(r *provider.Request) bool {
	return flag(r.Config, "enablePatchForce") || plain.Text(r.Inputs, "metadata", "annotations", "pulumi.com/patchForce") == "true"
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
