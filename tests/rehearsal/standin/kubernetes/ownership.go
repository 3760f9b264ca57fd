package kubernetes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/world"
)

// Server-side apply: each field belongs to whoever said it last, and who says
// another value conflicts with its owners unless it is forced. A list is one field
// here. What the plugin does before, taking over from managers whose name begins
// with "kubectl" while its own entry is still of operation Update, is left out.

// managersKey is where an object's private part keeps the fields of each manager.
const managersKey = "managers"

// between parts of a field's path: keys hold dots.
const between = "\x1f"

// applied lays a configuration over an object, and gives its fields to the
// manager. What the manager said before and says no more goes, unless it is
// somebody else's too.
func applied(o *world.Object, manager string, config map[string]any, force bool) error {
	managers, said, live := managersOf(*o), fields(config), fields(o.State)
	var conflicts []string
	for _, other := range slices.Sorted(maps.Keys(managers)) {
		if other == manager {
			continue
		}
		managers[other] = slices.DeleteFunc(managers[other], func(path string) bool {
			value, says := said[path]
			if !says || reflect.DeepEqual(value, live[path]) {
				return false
			}
			conflicts = append(conflicts, fmt.Sprintf("conflict with %q using %v: .%s", other, o.State["apiVersion"], strings.ReplaceAll(path, between, ".")))
			return true
		})
	}
	if len(conflicts) > 0 && !force {
		return fmt.Errorf("Apply failed with %d %s: %s", len(conflicts), map[bool]string{true: "conflict", false: "conflicts"}[len(conflicts) == 1], strings.Join(conflicts, ", "))
	}
	before := map[string]any{}
	for _, path := range managers[manager] {
		shared := false
		for other, paths := range managers {
			shared = shared || other != manager && slices.Contains(paths, path)
		}
		if !shared {
			put(before, strings.Split(path, between))
		}
	}
	o.State, _ = merged(o.State, before, plain.Copy(config)).(map[string]any)
	managers[manager] = slices.Sorted(maps.Keys(said))
	keep(o, managers)
	return nil
}

// fields of a configuration by path: what is no map, or an empty one.
func fields(config map[string]any) map[string]any {
	all := map[string]any{}
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for key, value := range m {
			inner, nested := value.(map[string]any)
			switch {
			case strings.HasPrefix(key, "__"), prefix == "" && slices.Contains([]string{"apiVersion", "kind", "status"}, key):
			case nested && len(inner) > 0:
				walk(prefix+key+between, inner)
			default:
				all[prefix+key] = value
			}
		}
	}
	walk("", config)
	return all
}

func put(m map[string]any, path []string) {
	for _, key := range path[:len(path)-1] {
		inner, there := m[key].(map[string]any)
		if !there {
			inner = map[string]any{}
			m[key] = inner
		}
		m = inner
	}
	m[path[len(path)-1]] = true
}

func managersOf(o world.Object) map[string][]string {
	all := map[string][]string{}
	noted, _ := o.Private[managersKey].(map[string]any)
	for manager, list := range noted {
		paths, _ := list.([]any)
		for _, path := range paths {
			text, _ := path.(string)
			all[manager] = append(all[manager], text)
		}
	}
	return all
}

func keep(o *world.Object, managers map[string][]string) {
	noted := map[string]any{}
	for manager, paths := range managers {
		list := make([]any, len(paths))
		for i, path := range paths {
			list[i] = path
		}
		noted[manager] = list
	}
	if o.Private == nil {
		o.Private = map[string]any{}
	}
	o.Private[managersKey] = noted
}

// raised counts a generation where the specification is another one.
func raised(o *world.Object, before any) {
	if reflect.DeepEqual(before, o.State["spec"]) {
		return
	}
	meta := o.State["metadata"].(map[string]any)
	generation, _ := meta["generation"].(float64)
	meta["generation"] = generation + 1
}

// ApplyAs is what another manager does to an object of the world behind Pulumi's
// back: `kubectl edit`, or `kubectl apply --server-side --force-conflicts`.
func ApplyAs(w *world.World, typ, id, manager string, config map[string]any) error {
	return w.Edit("kubernetes", typ, id, func(o *world.Object) error {
		before := plain.Copy(map[string]any{"": o.State["spec"]})[""]
		err := applied(o, manager, config, true)
		raised(o, before)
		return err
	})
}
