package main

import (
	"context"

	"flink-payments/components"
	"flink-payments/tests/rehearsal/world"
)

// reader is what the program sees of the stand-in's cluster: the stand-in has
// no API server.
type reader struct{ *world.World }

func (r reader) Get(_ context.Context, apiVersion, plural, namespace, name string) (map[string]any, error) {
	kind := map[string]string{"flinkdeployments": "FlinkDeployment", "flinkstatesnapshots": "FlinkStateSnapshot"}[plural]
	o, there := r.World.Get("kubernetes", "kubernetes:"+apiVersion+":"+kind, namespace+"/"+name)
	if !there {
		return nil, nil
	}
	return o.State, nil
}

// Events are none: the model of the operator writes status only.
func (reader) Events(context.Context, string, string, string) ([]string, error) { return nil, nil }

// watching is the program, with the stand-in's cluster where that is the one.
func (r *rehearsal) watching() components.Program {
	if r.server != nil {
		return components.Program{}
	}
	for _, pkg := range r.real {
		if pkg == "kubernetes" {
			return components.Program{}
		}
	}
	return components.Program{Reader: reader{r.world}}
}
