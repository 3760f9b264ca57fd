package components

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/rules"
)

// numbers calls visit with the path of each numeric setting below a struct or list, and its value.
func numbers(path string, v reflect.Value, visit func(string, reflect.Value)) {
	switch {
	case v.CanInt() || v.CanFloat():
		visit(path, v)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			numbers(fmt.Sprintf("%s[%d]", path, i), v.Index(i), visit)
		}
	case v.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			if name := f.Tag.Get("json"); name != "" && name != "-" {
				numbers(rules.Join(path, name), v.FieldByIndex(f.Index), visit)
			}
		}
	}
}

// nested writes one value at a path such as jobs[0].checkpoints.interval, below the top-level key.
func nested(path string, value any) (key string, text string) {
	parts := steps(path)
	for _, part := range slices.Backward(parts[1:]) {
		if part == "0" {
			value = []any{value}
		} else {
			value = map[string]any{part: value}
		}
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return Project + ":" + parts[0], string(encoded)
}

func TestAZeroThatADefaultWouldReplaceIsRefused(t *testing.T) {
	defaulted := Settings{Jobs: []JobSettings{{}}}.withDefaults("")
	checked := 0
	for top, target := range defaulted.objects() {
		numbers(top, reflect.ValueOf(target).Elem(), func(path string, v reflect.Value) {
			zeros := []any{0, 0.0, json.Number("-0")}
			if v.CanFloat() {
				zeros = append(zeros, json.Number("-0.0"), json.Number("0e7"))
			}
			if strings.HasPrefix(v.Type().String(), "flink.") {
				zeros = []any{"0s", "0 ms", "-0s"}
				if v.Type() == reflect.TypeFor[flink.Bytes]() {
					zeros = []any{"0", "0Gi"}
				}
			}
			for _, zero := range zeros {
				key, text := nested(path, zero)
				var s Settings
				found := s.read(config{key: text})
				if isZero(v) {
					if len(found) != 0 {
						t.Errorf("%s has no default, and a zero is refused: %v", path, found)
					}
					continue
				}
				checked++
				if len(found) != 1 || found[0].Rule != "setting-zero" || found[0].Path != Project+":"+path ||
					found[0].Value == "" || !strings.Contains(found[0].Reason, fmt.Sprint(v.Interface())) || found[0].Fix == "" {
					t.Errorf("%s: %v is not refused as zero:\n%v", path, zero, found)
				}
			}
		})
	}
	if checked < 40 {
		t.Errorf("only %d zeros were tried", checked)
	}
}

func TestAZeroSaysTheDefaultOfItsOwnJob(t *testing.T) {
	var s Settings
	found := s.read(config{"flink-payments:jobs": `[{"name":"a"},{"taskManager":{"cpu":8,"slots":0}}]`})
	if len(found) != 1 || found[0].Path != "flink-payments:jobs[1].taskManager.slots" || !strings.HasSuffix(found[0].Reason, "default, 8") {
		t.Error(found)
	}
}

func TestWhatIsNotWrittenIsNoZero(t *testing.T) {
	var s Settings
	found := s.read(config{"flink-payments:jobs": `[{"checkpoints":{"interval":null},"jobManager":{},"taskManager":{"slots":null},"state":null},null]`})
	if len(found) != 0 {
		t.Error(found)
	}
}

func TestAWrongNumberIsOneMistakeAndNotAZeroAsWell(t *testing.T) {
	var s Settings
	found := s.read(config{"flink-payments:jobs": `[{"checkpoints":{"interval":0,"timeout":"soon","retained":"three"}}]`})
	if len(found) != 3 {
		t.Error(found)
	}
	for _, v := range found {
		if v.Rule != "setting-type" {
			t.Error(v)
		}
	}
}

// What setting-zero tells to write for a zero that Flink knows must pass.
func TestAMeantZeroPassesByItsFlinkKey(t *testing.T) {
	for setting, key := range zeroKeys {
		var s Settings
		path := "jobs[0]." + setting
		for _, zero := range []any{0, "0s"} {
			top, text := nested(path, zero)
			if found := s.read(config{top: text}); len(found) == 1 && found[0].Rule == "setting-zero" && !strings.Contains(found[0].Fix, key) {
				t.Errorf("%s: %s", setting, found[0].Fix)
			}
		}
		s = prod(t)
		before := Judge(s)
		s.Jobs[0].FlinkConfiguration = map[string]string{key: "0"}
		if found := Judge(s); !slices.Equal(found, before) {
			t.Errorf("%s: %v", key, found)
		}
		if _, known := s.Jobs[0].Configuration(s.site(s.Jobs[0]))[key]; !known {
			t.Errorf("%s is no key that the program writes", key)
		}
	}
}
