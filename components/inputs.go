package components

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// inputs turns a struct of an output contract into a map by its json names.
func inputs(contract any) pulumi.Map {
	value := reflect.ValueOf(contract)
	fields := pulumi.Map{}
	for i := range value.NumField() {
		name, field := value.Type().Field(i).Tag.Get("json"), value.Field(i)
		switch v := field.Interface().(type) {
		case pulumi.Input:
			fields[name] = v
		default:
			if field.Kind() == reflect.Struct {
				fields[name] = inputs(v)
			} else {
				fields[name] = pulumi.Any(v)
			}
		}
	}
	return fields
}
