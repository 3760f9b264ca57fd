package provider

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// diff compares inputs leaf by leaf. A list that grew or shrank is compared
// element by element too.
func diff(old, news map[string]any, replaces func(path string) bool) *pulumirpc.DiffResponse {
	d := &differ{replaces: replaces, found: map[string]*pulumirpc.PropertyDiff{}}
	d.maps("", old, news)
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, DetailedDiff: d.found, HasDetailedDiff: true}
	for _, path := range slices.Sorted(maps.Keys(d.found)) {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		root := path
		if end := strings.IndexAny(path, ".["); end > 0 {
			root = path[:end]
		}
		if !slices.Contains(response.Diffs, root) {
			response.Diffs = append(response.Diffs, root)
		}
		if replaces(path) {
			response.Replaces = append(response.Replaces, path)
		}
	}
	return response
}

type differ struct {
	replaces func(string) bool
	found    map[string]*pulumirpc.PropertyDiff
}

func (d *differ) note(path string, add, update, remove pulumirpc.PropertyDiff_Kind, old, news bool) {
	kind, replaced := update, pulumirpc.PropertyDiff_UPDATE_REPLACE
	switch {
	case !old:
		kind, replaced = add, pulumirpc.PropertyDiff_ADD_REPLACE
	case !news:
		kind, replaced = remove, pulumirpc.PropertyDiff_DELETE_REPLACE
	}
	if d.replaces(path) {
		kind = replaced
	}
	d.found[path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
}

func (d *differ) value(path string, old, news any, hadOld, hasNew bool) {
	switch {
	case hadOld && hasNew && reflect.DeepEqual(old, news):
		return
	case hadOld && hasNew:
		if o, ok := old.(map[string]any); ok {
			if n, ok := news.(map[string]any); ok {
				d.maps(path, o, n)
				return
			}
		}
		if o, ok := old.([]any); ok {
			if n, ok := news.([]any); ok {
				d.lists(path, o, n)
				return
			}
		}
	}
	d.note(path, pulumirpc.PropertyDiff_ADD, pulumirpc.PropertyDiff_UPDATE, pulumirpc.PropertyDiff_DELETE, hadOld, hasNew)
}

func (d *differ) maps(path string, old, news map[string]any) {
	keys := map[string]bool{}
	for k := range old {
		keys[k] = true
	}
	for k := range news {
		keys[k] = true
	}
	for k := range keys {
		// The engine's own keys, such as __defaults, are no inputs.
		if strings.HasPrefix(k, "__") {
			continue
		}
		o, hadOld := old[k]
		n, hasNew := news[k]
		d.value(join(path, k), o, n, hadOld, hasNew)
	}
}

func (d *differ) lists(path string, old, news []any) {
	for i := range max(len(old), len(news)) {
		var o, n any
		if i < len(old) {
			o = old[i]
		}
		if i < len(news) {
			n = news[i]
		}
		d.value(fmt.Sprintf("%s[%d]", path, i), o, n, i < len(old), i < len(news))
	}
}

// join is a property path: keys that are no plain words are quoted.
func join(path, key string) string {
	if strings.ContainsAny(key, `.[]"/ `) {
		return fmt.Sprintf("%s[%q]", path, key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
