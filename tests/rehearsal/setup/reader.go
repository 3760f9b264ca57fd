package setup

import (
	"context"
	"time"

	"flink-payments/components"
	"flink-payments/tests/rehearsal/world"
)

// reader is what the program sees of the stand-in's cluster: the stand-in has
// no API server.
type reader struct{ *world.World }

// The program looks each three seconds, in which the model of the operator goes
// through ten minutes. So an answer waits a little for the model to have one.
const (
	answerWithin = time.Second
	answerEvery  = 10 * time.Millisecond
)

func (r reader) Get(ctx context.Context, apiVersion, plural, namespace, name string) (map[string]any, error) {
	kind := map[string]string{"flinkdeployments": "FlinkDeployment", "flinkstatesnapshots": "FlinkStateSnapshot"}[plural]
	for end := time.Now().Add(answerWithin); ; time.Sleep(answerEvery) {
		o, there := r.World.Get("kubernetes", "kubernetes:"+apiVersion+":"+kind, namespace+"/"+name)
		if !there {
			return nil, nil
		}
		if settled(o) || time.Now().After(end) || ctx.Err() != nil {
			return o.State, nil
		}
	}
}

// settled says that the model has nothing more to do with an object.
func settled(o world.Object) bool {
	status, _ := o.State["status"].(map[string]any)
	metadata, _ := o.State["metadata"].(map[string]any)
	switch {
	case status["error"] != nil:
		return true
	case status["observedGeneration"] != nil && status["observedGeneration"] != metadata["generation"]:
		return false
	}
	switch status["lifecycleState"] {
	case "STABLE", "FAILED", "ROLLED_BACK", "SUSPENDED":
		job, _ := status["jobStatus"].(map[string]any)
		return job["state"] != "RECONCILING"
	}
	switch status["state"] {
	case "COMPLETED", "FAILED", "ABANDONED":
		return true
	}
	return false
}

// Events are none: the model of the operator writes status only.
func (reader) Events(context.Context, string, string, string) ([]string, error) { return nil, nil }

// watching is the program, with the stand-in's cluster where that is the one.
func (r *Rehearsal) watching() components.Program {
	if r.Server != nil {
		return components.Program{}
	}
	for _, pkg := range r.Real {
		if pkg == "kubernetes" {
			return components.Program{}
		}
	}
	return components.Program{Reader: reader{r.World}}
}
