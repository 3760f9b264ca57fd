// Package options knows the configuration options of Flink and of its
// Kubernetes operator: their keys, types, enum values, defaults and old names.
//
// The table is read from Flink's own classes (see generate) and is parsed when
// it is first asked for. All functions are pure.
package options

import (
	"slices"
	"strings"
)

// A Table has the options of one version of Flink together with those of one
// release of the operator: both are set in a FlinkDeployment's flinkConfiguration.
type Table struct {
	// Flink and Operator are the versions that the data was read from, the wanted
	// one alone, or the next older and the next newer one beside it.
	Flink, Operator []string
	sources         []*source
}

// Exact tells whether the data is of the very versions that were asked for.
// Where it is not, an option counts as known if one of the neighbours has it.
func (t Table) Exact() bool { return t.exact(t.Flink) && t.exact(t.Operator) }

func (t Table) exact(of []string) bool { return len(of) == 1 && !strings.HasSuffix(of[0], "?") }

// A Fallback is an older name that Flink still reads where the present one is not set.
type Fallback struct {
	Key string
	// Deprecated: Flink warns about the name. Where it does not, the name is mostly
	// that of another option, whose value stands in.
	Deprecated bool
}

// An Option is one option of one version.
type Option struct {
	// Key is the present name. Parts in angle brackets stand for a name of one's
	// own: metrics.reporter.<name>.interval. One at the end stands for any rest.
	Key string
	// Type is Boolean, Integer, Long, Float, Double, String, Duration, MemorySize, Enum or Map.
	Type string
	// List: the value is a list of Type.
	List bool
	// Values are those of an Enum, as Flink spells them. Case does not matter.
	Values []string
	// Default is Flink's, as text; empty where there is none.
	Default string
	// Fallbacks are read in this order where Key is not set.
	Fallbacks []Fallback
	// Deprecated: Flink calls the option itself deprecated.
	Deprecated bool
	// Version is the one that the option was read from.
	Version string
	// Operator: an option of the operator and not of Flink.
	Operator bool
}

// Lookup finds the option that reads a key. For an old name it is the present
// option, whose Key is then another than key. A key below an option of type Map
// (kubernetes.jobmanager.labels.team) is a String with the Key
// kubernetes.jobmanager.labels.<key>.
func (t Table) Lookup(key string) (Option, bool) {
	for _, find := range []func(*source, string) (Option, bool){(*source).named, (*source).below} {
		for _, s := range t.sources {
			if option, ok := find(s, key); ok {
				return option, true
			}
		}
	}
	return Option{}, false
}

// Options are all options in the order of their keys, those of Flink first.
func (t Table) Options() []Option {
	var all []Option
	for _, s := range t.sources {
		all = append(all, s.options...)
	}
	return all
}

// named finds an option by its present or an old name. A deprecated option that
// has become the old name of another one is that other one.
func (s *source) named(key string) (Option, bool) {
	i, present := s.byKey[key]
	j, old := s.byOldName[key]
	if old && (!present || s.options[i].Deprecated) {
		return s.options[j], true
	}
	if present {
		return s.options[i], true
	}
	return s.fileSystem(key)
}

// fileSystems are the prefixes that Flink's S3 plugins take for one another.
var fileSystems = []string{"s3a.", "fs.s3a.", "presto.s3."}

func (s *source) fileSystem(key string) (Option, bool) {
	for _, prefix := range fileSystems {
		if rest, is := strings.CutPrefix(key, prefix); is {
			i, ok := s.byKey["s3."+rest]
			if ok {
				option := s.options[i]
				option.Key = key
				return option, true
			}
		}
	}
	return Option{}, false
}

// below finds an option with a part of one's own in its key.
func (s *source) below(key string) (Option, bool) {
	parts := strings.Split(key, ".")
	if slices.Contains(parts, "") {
		return Option{}, false
	}
	for _, i := range s.patterns {
		if matches(strings.Split(s.options[i].Key, "."), parts) {
			return s.options[i], true
		}
	}
	for n := len(parts) - 1; n > 0; n-- {
		if option, ok := s.named(strings.Join(parts[:n], ".")); ok && option.Type == "Map" && !option.List {
			return Option{Key: option.Key + ".<key>", Type: "String", Version: option.Version, Operator: option.Operator}, true
		}
	}
	return Option{}, false
}

// matches compares a pattern with a key. The last part in angle brackets takes
// all that is left.
func matches(pattern, key []string) bool {
	if len(key) < len(pattern) {
		return false
	}
	for i, part := range pattern {
		own := strings.HasPrefix(part, "<")
		if !own && part != key[i] {
			return false
		}
		if own && i == len(pattern)-1 {
			return true
		}
	}
	return len(key) == len(pattern)
}
