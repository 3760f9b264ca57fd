package settings

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"flink-payments/k8s/validation"
)

func unknownKey(path, key string, known []string) validation.Violation {
	fix := "one of " + strings.Join(known, ", ")
	if near := nearest(key, known); near != "" {
		fix = near
	}
	return validation.Violation{
		Rule: settingUnknown.ID, Severity: settingUnknown.Severity, Path: validation.Join(path, key), Value: key,
		Reason: settingUnknown.Reason, Fix: fix,
	}
}

// nearest returns the known key most like a mistyped one, or "" when none is near.
func nearest(key string, known []string) string {
	best, distance := "", max(2, len(key)/3)+1
	for _, candidate := range known {
		d := levenshtein.Distance(strings.ToLower(key), strings.ToLower(candidate), nil)
		if d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// unknownKeys returns a violation for each key of raw that no field of t has, at any depth.
func unknownKeys(path string, raw any, t reflect.Type) validation.Violations {
	var found validation.Violations
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch at := raw.(type) {
	case []any:
		if t.Kind() == reflect.Slice {
			for i, element := range at {
				found = append(found, unknownKeys(fmt.Sprintf("%s[%d]", path, i), element, t.Elem())...)
			}
		}
	case map[string]any:
		for key, value := range at {
			below := validation.Join(path, key)
			switch t.Kind() {
			case reflect.Map:
				found = append(found, unknownKeys(below, value, t.Elem())...)
			case reflect.Struct:
				fields := fieldTypes(t)
				if field, known := fields[key]; known {
					found = append(found, unknownKeys(below, value, field)...)
				} else {
					found = append(found, unknownKey(path, key, slices.Sorted(maps.Keys(fields))))
				}
			}
		}
	}
	return found
}
