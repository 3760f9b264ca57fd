package options

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// general are first words of keys that a job's own configuration can have as
// well, or that Flink hands on to another library: nobody can say that an
// unknown key there is a mistake.
var general = []string{
	"$internal", "client", "collect-sink", "compiler", "flink", "fs", "hidden", "internal", "io", "job", "local",
	"plugin", "process", "s3", "s3a", "presto", "slot", "source", "sink", "task", "zookeeper",
}

// Owned tells whether a key is in a namespace of Flink's or the operator's own,
// so that an unknown one there is a mistake. The namespace is the first word of a known key, such as
// taskmanager, and job.autoscaler.
func (t Table) Owned(key string) bool {
	first, rest, below := strings.Cut(key, ".")
	if first == "job" && (rest == "autoscaler" || strings.HasPrefix(rest, "autoscaler.")) {
		return true
	}
	if !below || slices.Contains(general, first) {
		return false
	}
	return slices.ContainsFunc(t.sources, func(s *source) bool {
		i, _ := slices.BinarySearchFunc(s.options, first+".", func(o Option, start string) int { return cmp.Compare(o.Key, start) })
		return i < len(s.options) && strings.HasPrefix(s.options[i].Key, first+".")
	})
}

// Suggest returns the present key that a misspelled one most likely stands for,
// or "" where none is near: at most one letter in five differs, and four at most.
func (t Table) Suggest(key string) string {
	best, distance := "", min(4, len(key)/5)+1
	params := levenshtein.NewParams()
	for _, s := range t.sources {
		for _, option := range s.options {
			if option.Deprecated || strings.Contains(option.Key, "<") || abs(len(option.Key)-len(key)) >= distance {
				continue
			}
			if d := levenshtein.Distance(strings.ToLower(key), strings.ToLower(option.Key), params); d < distance {
				best, distance = option.Key, d
			}
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }
