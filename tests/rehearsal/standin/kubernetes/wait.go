package kubernetes

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

// A condition is one of pulumi.com/waitFor.
type condition struct {
	path  []string
	value string
	any   bool
}

var jsonPath = regexp.MustCompile(`^jsonpath=\{?\.?([^}=]+)\}?(?:=(.*))?$`)

// conditions reads the annotation: one condition, or a JSON array of them.
func conditions(annotation string) ([]condition, error) {
	texts := []string{annotation}
	if strings.HasPrefix(annotation, "[") {
		if err := json.Unmarshal([]byte(annotation), &texts); err != nil {
			return nil, fmt.Errorf("pulumi.com/waitFor: %w", err)
		}
	}
	var all []condition
	for _, t := range texts {
		parts := jsonPath.FindStringSubmatch(t)
		if parts == nil {
			return nil, fmt.Errorf("pulumi.com/waitFor: expected a \"jsonpath=\" or \"condition=\" prefix, got %q", t)
		}
		all = append(all, condition{strings.Split(parts[1], "."), parts[2], !strings.Contains(t, "}=")})
	}
	return all, nil
}

// await holds until all conditions do together, on a status of this generation.
func (k *cluster) await(r *provider.Request, id string) (map[string]any, error) {
	annotation := plain.Text(r.Inputs, "metadata", "annotations", "pulumi.com/waitFor")
	var all []condition
	if annotation != "" && plain.Text(r.Inputs, "metadata", "annotations", "pulumi.com/skipAwait") != "true" {
		var err error
		if all, err = conditions(annotation); err != nil {
			return nil, err
		}
	}
	timeout := r.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	deadline := k.clock.Now().Add(timeout)
	for {
		state, err := k.look(r, id)
		if err != nil {
			return nil, err
		}
		if state == nil {
			return nil, fmt.Errorf("%s %s was deleted while it was waited for", r.Type, id)
		}
		if established(r.Type, state) && holds(state, all) {
			return state, nil
		}
		if k.clock.Now().After(deadline) || !k.clock.Sleep(r.Context, lookEvery) {
			return nil, &provider.InitError{ID: id, Inputs: r.Inputs, State: state,
				Reason: fmt.Sprintf("the Kubernetes API server reported that %q failed to fully initialize or become live: timed out waiting for the condition", id)}
		}
	}
}

// established CRDs are served; the plugin waits for that too.
func established(typ string, state map[string]any) bool {
	if typ != world.CRDType {
		return true
	}
	all, _ := plain.At(state, "status", "conditions").([]any)
	return slices.ContainsFunc(all, func(c any) bool {
		one, _ := c.(map[string]any)
		return one["type"] == "Established" && one["status"] == "True"
	})
}

func holds(state map[string]any, all []condition) bool {
	if len(all) == 0 {
		return true
	}
	observed, set := plain.At(state, "status", "observedGeneration").(float64)
	generation, _ := plain.At(state, "metadata", "generation").(float64)
	if set && observed < generation {
		return false
	}
	for _, c := range all {
		value := plain.At(state, c.path...)
		if value == nil || !c.any && fmt.Sprint(value) != c.value {
			return false
		}
	}
	return true
}
