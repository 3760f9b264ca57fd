package rules

import (
	"encoding/json"
	"maps"
	"os"
	"sync"

	"sigs.k8s.io/yaml"

	"flink-payments/k8s/flink"
)

// guide is the job of the guide that the program replaces, without defaults,
// and the stack that it is in.
var guide = sync.OnceValue(func() (guide struct {
	Job   flink.Job
	Stack flink.Stack
}) {
	text, err := os.ReadFile("../testdata/guide.yaml")
	if err != nil {
		panic(err)
	}
	if err := yaml.UnmarshalStrict(text, &guide); err != nil {
		panic(err)
	}
	return guide
})

func guideJob() flink.Job { return guide().Job.WithDefaults() }

func guideStack() flink.Stack {
	stack := guide().Stack
	stack.Labels = maps.Clone(stack.Labels)
	return stack
}

// plain reads JSON as settings are read.
func plain(text string) map[string]any {
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	return value
}
