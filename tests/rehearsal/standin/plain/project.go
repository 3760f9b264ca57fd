package plain

import "strings"

// Project returns the inputs as they are now: the shape of old with the values
// of live. What live has beside is another owner's, or a default.
func Project(old, live any) any {
	switch old := old.(type) {
	case map[string]any:
		now, ok := live.(map[string]any)
		if !ok {
			return live
		}
		inputs := map[string]any{}
		for key, value := range old {
			if strings.HasPrefix(key, "__") {
				inputs[key] = value
			} else if there, ok := now[key]; ok {
				inputs[key] = Project(value, there)
			}
		}
		return inputs
	case []any:
		now, ok := live.([]any)
		if !ok || len(now) != len(old) {
			return live
		}
		inputs := make([]any, len(old))
		for i := range old {
			inputs[i] = Project(old[i], now[i])
		}
		return inputs
	}
	return live
}
