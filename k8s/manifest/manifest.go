// Package manifest turns objects of Kubernetes' own Go types into the plain
// values that the API server gets, and merges such values. It knows no Pulumi
// and no kind in particular.
package manifest

import (
	"encoding/json"
	"fmt"
)

// PatchForce is the annotation by which the Kubernetes plugin takes a field back
// that somebody else's kubectl or controller has come to own; without it their
// one edit fails every later update with a conflict. It is not looked at when an
// object is created: what exists already is refused then.
const PatchForce = "pulumi.com/patchForce"

// Of returns an object as JSON has it: maps, slices, strings, numbers (float64)
// and booleans. What Kubernetes' types write though nobody set it is left out:
// nulls, the status, and an empty spec, metadata or resources. It panics on what JSON cannot carry, a mistake of this program.
func Of(object any) map[string]any {
	text, err := json.Marshal(object)
	var plain map[string]any
	if err == nil {
		err = json.Unmarshal(text, &plain)
	}
	if err != nil {
		panic(fmt.Sprintf("%T is not an object: %v", object, err))
	}
	delete(plain, "status")
	strip(plain)
	return plain
}

func strip(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			empty, isMap := inner.(map[string]any)
			unset := isMap && len(empty) == 0 && (key == "spec" || key == "metadata" || key == "resources")
			if inner == nil || unset {
				delete(value, key)
				continue
			}
			strip(inner)
		}
	case []any:
		for _, inner := range value {
			strip(inner)
		}
	}
}
