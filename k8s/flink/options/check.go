package options

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Check tells whether the option's version reads the value, as
// Configuration.get(option) does (Flink: ConfigurationUtils, TimeUtils,
// MemorySize, StructuredOptionsSplitter). Up to Flink 1.20 lists and maps are
// read in the old way only, because the operator writes flink-conf.yaml for
// these. The error says what to write, and not the value, which may be secret.
// Ranges are not checked: Flink's parsers know none.
func (o Option) Check(value string) error {
	switch {
	case o.List:
		return o.list(value)
	case o.Type == "Map":
		return o.properties(value)
	}
	return o.single(value)
}

// two tells whether it is an option of Flink 2. The operator's own options are
// read by the Flink in it: 1.19 in operator 1.10 and 1.20 in 1.15.
func (o Option) two() bool {
	v, _ := number(o.Version)
	return !o.Operator && v[0] >= 2
}

// yaml tells whether lists and maps can also be written as YAML. The operator
// does both, depending on the name of its own configuration file.
func (o Option) yaml() bool { return o.Operator || o.two() }

func (o Option) single(value string) error {
	switch o.Type {
	case "Boolean":
		if upper := strings.ToUpper(value); upper != "TRUE" && upper != "FALSE" {
			return errors.New("write: true or false")
		}
	case "Integer":
		if _, err := strconv.ParseInt(value, 10, 32); err != nil {
			return errors.New("write: a whole number from -2147483648 to 2147483647, without a unit or spaces" + o.milliseconds())
		}
	case "Long":
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return errors.New("write: a whole number, without a unit or spaces" + o.milliseconds())
		}
	case "Float", "Double":
		if !javaNumber.MatchString(trim(value)) {
			return errors.New("write: a number, such as 0.5")
		}
	case "Duration":
		return o.duration(value)
	case "MemorySize":
		return memory(value)
	case "Enum":
		for _, of := range o.Values {
			if strings.EqualFold(of, value) {
				return nil
			}
		}
		return fmt.Errorf("write one of: %s", strings.Join(o.Values, ", "))
	}
	return nil
}

// milliseconds explains why a plain number has no unit. Names of many such
// options became Durations in Flink 1.20 and 2.0.
func (o Option) milliseconds() string {
	for _, word := range []string{"interval", "timeout", "delay", "pause", "backoff"} {
		if strings.Contains(o.Key, word) {
			return ": this version of Flink counts it in milliseconds"
		}
	}
	return ""
}

// javaNumber is what Double.parseDouble takes. Too large a number is Infinity.
var javaNumber = regexp.MustCompile(`^[+-]?(NaN|Infinity|(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|0[xX]([0-9a-fA-F]+\.?|[0-9a-fA-F]*\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[fFdD]?)$`)

// trim is Java's String.trim.
func trim(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
}
