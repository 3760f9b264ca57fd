package settings

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"flink-payments/k8s/validation"
)

// zeroKeys are the settings whose zero Flink itself gives a meaning, with the key to write it by.
var zeroKeys = map[string]string{
	"checkpoints.minPause":          "execution.checkpointing.min-pause",
	"checkpoints.tolerableFailures": "execution.checkpointing.tolerable-failed-checkpoints",
}

// zeros returns a violation for each number that a person wrote as zero and
// that the defaults would silently replace. written and defaulted are of the
// same type, and raw is what written was read from.
func zeros(path string, raw any, written, defaulted reflect.Value) validation.Violations {
	var found validation.Violations
	switch at := raw.(type) {
	case []any:
		if written.Kind() == reflect.Slice {
			for i := range min(len(at), written.Len(), defaulted.Len()) {
				found = append(found, zeros(fmt.Sprintf("%s[%d]", path, i), at[i], written.Index(i), defaulted.Index(i))...)
			}
		}
	case map[string]any:
		if written.Kind() == reflect.Struct {
			for _, field := range reflect.VisibleFields(written.Type()) {
				if value, set := at[field.Tag.Get("json")]; set {
					found = append(found, zeros(validation.Join(path, field.Tag.Get("json")), value,
						written.FieldByIndex(field.Index), defaulted.FieldByIndex(field.Index))...)
				}
			}
		}
	case string, json.Number:
		if isZero(written) && !isZero(defaulted) {
			v := validation.Violation{
				Rule: settingZero.ID, Severity: settingZero.Severity, Path: path, Value: excerpt(raw),
				Reason: fmt.Sprintf("%s, %v", settingZero.Reason, defaulted.Interface()), Fix: settingZero.Fix,
			}
			for setting, key := range zeroKeys {
				if strings.HasSuffix(path, "."+setting) {
					v.Fix = fmt.Sprintf("a value above zero; or, where zero is meant, leave it out and write flinkConfiguration[%q]: \"0\"", key)
				}
			}
			found = append(found, v)
		}
	}
	return found
}

// isZero tells numbers only: an empty text is no number that a person wrote.
func isZero(v reflect.Value) bool {
	return v.CanInt() && v.Int() == 0 || v.CanFloat() && v.Float() == 0
}
