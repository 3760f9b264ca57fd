package settings

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-viper/mapstructure/v2"

	"flink-payments/k8s/validation"
)

// decode reads one configuration value into target, a pointer to the setting's
// struct, and returns a violation for each key nobody knows and each value of
// the wrong type. Paths begin with key. What could be read is in target.
func decode(key, text string, target any) validation.Violations {
	raw, err := parse(text)
	if err != nil {
		return validation.Violations{wrongType(key, "text", "this is not "+kindWords(reflect.TypeOf(target).Elem()), "")}
	}
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result:     target,
		TagName:    "json",
		Squash:     true,
		MatchName:  func(key, field string) bool { return key == field },
		DecodeHook: mapstructure.ComposeDecodeHookFunc(refuseBareNumbers, plainNumbers, mapstructure.TextUnmarshallerHookFunc()),
	})
	if err != nil {
		panic(err) // the target is not a pointer: a mistake in this program
	}
	found := unknownKeys(key, raw, reflect.TypeOf(target).Elem())
	for _, e := range leaves(decoder.Decode(raw)) {
		path, cause := key, e
		var named *mapstructure.DecodeError
		if errors.As(e, &named) {
			path, cause = validation.Join(key, named.Name()), named.Unwrap()
		}
		below := strings.TrimPrefix(path, key)
		value, expected := valueAt(raw, below), typeAt(reflect.TypeOf(target).Elem(), below)
		if composite(reflect.TypeOf(value)) || composite(expected) {
			// It may hold anything, a secret too: only its kind is shown.
			got, want := kindWords(reflect.TypeOf(value)), kindWords(expected)
			found = append(found, wrongType(path, got, want+" is expected, not "+got, want))
			continue
		}
		reason, fix := describe(cause)
		found = append(found, wrongType(path, excerpt(value), reason, fix))
	}
	return found
}

// parse reads JSON, as Pulumi hands objects over, and keeps numbers as written.
// A bare word is a string: Pulumi hands strings over without quotes.
func parse(text string) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var raw any
	if err := decoder.Decode(&raw); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("more than one value")
	}
	return raw, nil
}

var (
	errNoUnit   = errors.New("a number without a unit")
	errNoQuotes = errors.New("a number where text is expected: YAML has dropped what a number does not need, such as the 0 of 1.10")
)

// refuseBareNumbers keeps 1.10 from becoming the version 1.1, and 30 from becoming 30 of some unit.
func refuseBareNumbers(from, to reflect.Type, value any) (any, error) {
	if from != reflect.TypeFor[json.Number]() {
		return value, nil
	}
	_, isText := reflect.New(to).Interface().(encoding.TextUnmarshaler)
	switch {
	case isText:
		return nil, errNoUnit
	case to.Kind() == reflect.String:
		return nil, errNoQuotes
	}
	return value, nil
}

// plainNumbers turns the numbers of free-form maps into ints and floats.
func plainNumbers(_, to reflect.Type, value any) (any, error) {
	if to.Kind() != reflect.Interface {
		return value, nil
	}
	return plain(value), nil
}

func plain(value any) any {
	switch v := value.(type) {
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return int(whole)
		}
		float, _ := v.Float64() // a JSON number always is one, or infinite
		return float
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	}
	return value
}

// leaves flattens joined errors.
func leaves(err error) []error {
	switch e := err.(type) {
	case nil:
		return nil
	case *mapstructure.DecodeError:
		return []error{e}
	case interface{ Unwrap() []error }:
		var all []error
		for _, joined := range e.Unwrap() {
			all = append(all, leaves(joined)...)
		}
		return all
	}
	if inner := errors.Unwrap(err); inner != nil {
		return leaves(inner)
	}
	return []error{err}
}

// describe says a decoder's error in the words of a settings file, and what to write where that is known.
func describe(err error) (reason, fix string) {
	if wrong := (*mapstructure.UnconvertibleTypeError)(nil); errors.As(err, &wrong) {
		expected := kindWords(wrong.Expected.Type())
		return fmt.Sprintf("%s is expected, not %s", expected, kindWords(reflect.TypeOf(wrong.Value))), expected
	}
	if wrong := (*mapstructure.ParseError)(nil); errors.As(err, &wrong) {
		expected := kindWords(wrong.Expected.Type())
		return expected + " is expected", expected
	}
	switch {
	case errors.Is(err, errNoUnit):
		return errNoUnit.Error(), "the number and its unit, such as 30s, 10m or 1h; a size such as 200Gi"
	case errors.Is(err, errNoQuotes):
		return errNoQuotes.Error(), `it in quotes, in full: "1.10.0"`
	}
	return err.Error(), ""
}

func kindWords(t reflect.Type) string {
	if t == nil {
		return "nothing"
	}
	if t == reflect.TypeFor[json.Number]() {
		return "a number"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a map of keys"
	}
	return "text"
}

// The rules of the settings file itself. They are broken while it is read, so
// that the tables of rules judge only what was read as it was meant.
var (
	settingType = validation.Rule[any]{
		ID: "setting-type", Severity: validation.Refuse, Looks: "every setting",
		Reason: "the value is not of the setting's type, or has no unit: it would be read as another one",
		Fix:    "the type that docs/settings.md gives for this key",
		Source: "design: settings are decoded strictly",
	}
	settingUnknown = validation.Rule[any]{
		ID: "setting-unknown", Severity: validation.Refuse, Looks: "every key",
		Reason: "no such setting: it would be ignored",
		Fix:    "the nearest known key, which the violation names",
		Source: "design: settings are decoded strictly",
	}
	settingZero = validation.Rule[any]{
		ID: "setting-zero", Severity: validation.Refuse, Looks: "every number, duration and size that has a default",
		Reason: "zero would be read as not set and become the default",
		Fix:    "a value above zero, or leave it out for the default",
		Source: "design: what a person writes is what they get",
	}
	// FileRules are the three, for their document.
	FileRules = []validation.Rule[any]{settingType, settingUnknown, settingZero}
)

func wrongType(path, value, reason, fix string) validation.Violation {
	return validation.Violation{
		Rule: settingType.ID, Severity: settingType.Severity, Path: path, Value: value, Reason: reason, Fix: cmp.Or(fix, settingType.Fix),
	}
}

// excerpt shows a value in one short line.
func excerpt(value any) string {
	if value == nil {
		return ""
	}
	text := fmt.Sprint(value)
	if encoded, err := json.Marshal(value); err == nil {
		text = string(encoded)
	}
	if len(text) > 60 {
		text = text[:57] + "..."
	}
	return text
}
