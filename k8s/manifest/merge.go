package manifest

import (
	"maps"
	"slices"
)

// SpecOf a pod template, nil where it has none.
func SpecOf(template map[string]any) map[string]any {
	spec, _ := template["spec"].(map[string]any)
	return spec
}

// Merge lays extra over base, as the operator does with
// merge-arrays-by-name: maps key by key, arrays of named things name by name.
// Any other array of extra replaces base's. Neither argument is changed.
func Merge(base, extra map[string]any) map[string]any {
	merged := maps.Clone(base)
	for key, value := range extra {
		merged[key] = mergeValue(merged[key], value)
	}
	return merged
}

func mergeValue(base, extra any) any {
	switch extra := extra.(type) {
	case map[string]any:
		base, _ := base.(map[string]any)
		if base == nil {
			base = map[string]any{}
		}
		return Merge(base, extra)
	case []any:
		base, _ := base.([]any)
		if !named(base) || !named(extra) {
			base = nil
		}
		merged := slices.Clone(base)
		for _, element := range extra {
			at := slices.IndexFunc(base, func(b any) bool { return NameOf(b) == NameOf(element) })
			if at < 0 {
				merged = append(merged, mergeValue(nil, element))
			} else {
				merged[at] = mergeValue(merged[at], element)
			}
		}
		return merged
	}
	return extra
}

func named(elements []any) bool {
	return !slices.ContainsFunc(elements, func(e any) bool { return NameOf(e) == "" })
}

// NameOf an element of a list; empty where it has none.
func NameOf(element any) string {
	m, _ := element.(map[string]any)
	name, _ := m["name"].(string)
	return name
}
