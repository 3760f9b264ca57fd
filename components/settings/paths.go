package settings

import (
	"fmt"
	"reflect"
	"regexp"
)

var step = regexp.MustCompile(`\[([^\]]*)\]|([^.\[\]]+)`)

// steps splits a path such as [0].flinkConfiguration[a.b] into 0, flinkConfiguration, a.b.
func steps(path string) []string {
	var parts []string
	for _, found := range step.FindAllStringSubmatch(path, -1) {
		parts = append(parts, found[1]+found[2])
	}
	return parts
}

// valueAt finds what a person wrote at a path; nil when it is not there.
func valueAt(raw any, path string) any {
	for _, part := range steps(path) {
		switch at := raw.(type) {
		case map[string]any:
			raw = at[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(at) {
				return nil
			}
			raw = at[i]
		default:
			return nil
		}
	}
	return raw
}

// typeAt finds the type of the setting at a path; nil when there is none.
func typeAt(t reflect.Type, path string) reflect.Type {
	for _, part := range steps(path) {
		switch {
		case t == nil:
		case t.Kind() == reflect.Struct:
			t = fieldTypes(t)[part]
		case t.Kind() == reflect.Slice || t.Kind() == reflect.Map:
			t = t.Elem()
		default:
			t = nil
		}
	}
	return t
}

func composite(t reflect.Type) bool {
	return t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Struct)
}

// fieldTypes are a struct's fields by their setting's key, embedded ones included.
func fieldTypes(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("json"); name != "" && name != "-" {
			fields[name] = f.Type
		}
	}
	return fields
}
