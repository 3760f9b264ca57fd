package options

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed options.tsv
var data string

// A source has the options of one version of Flink or of the operator.
type source struct {
	version   string
	operator  bool
	options   []Option
	byKey     map[string]int
	byOldName map[string]int
	// patterns are options with a part of one's own, the most exact first.
	patterns []int
}

// sources are all versions, the oldest first.
var sources = sync.OnceValue(func() map[string][]*source { return parse(data) })

// For returns the options of a version of Flink (1.18, 1.18.1 or v1_18) and of a
// release of the operator (1.10 or 1.10.0). Between two known versions it has
// both; beyond them the nearest. A version that is none, such as "", is taken
// for the newest.
func For(flink, operator string) Table {
	var t Table
	add := func(of, version string) (names []string) {
		found, exact := around(sources()[of], version)
		for _, s := range found {
			name := s.version
			if !exact {
				name += "?"
			}
			names = append(names, name)
		}
		t.sources = append(t.sources, found...)
		return names
	}
	t.Flink, t.Operator = add("flink", flink), add("operator", operator)
	return t
}

// around finds a version, or its neighbours.
func around(known []*source, version string) (found []*source, exact bool) {
	wanted, ok := number(version)
	if !ok {
		return known[len(known)-1:], false
	}
	i, exact := slices.BinarySearchFunc(known, wanted, func(s *source, wanted [2]int) int {
		of, _ := number(s.version)
		return cmp.Or(of[0]-wanted[0], of[1]-wanted[1])
	})
	if exact {
		return known[i : i+1], true
	}
	return known[max(i-1, 0):min(i+1, len(known))], false
}

// number reads major and minor.
func number(version string) ([2]int, bool) {
	parts := strings.FieldsFunc(strings.TrimPrefix(version, "v"), func(r rune) bool { return r == '.' || r == '_' })
	if len(parts) < 2 {
		return [2]int{}, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return [2]int{major, minor}, err1 == nil && err2 == nil
}

// parse reads options.tsv. The data is a part of the program: a line that it
// cannot read is a programming error.
func parse(data string) map[string][]*source {
	all := map[string][]*source{}
	var section []*source
	for line := range strings.Lines(data) {
		line = strings.TrimSuffix(line, "\n")
		if names, is := strings.CutPrefix(line, "## "); is {
			words := strings.Fields(names)
			section = nil
			for _, version := range words[1:] {
				section = append(section, &source{version: version, operator: words[0] == "operator",
					byKey: map[string]int{}, byOldName: map[string]int{}})
			}
			all[words[0]] = section
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		versions, option := row(line)
		for _, version := range strings.Split(versions, ",") {
			i := slices.IndexFunc(section, func(s *source) bool { return s.version == version })
			section[i].add(option)
		}
	}
	for _, section := range all {
		for _, s := range section {
			s.index()
		}
	}
	return all
}

var unescape = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r")

// row reads one line: versions, key, type, values, default, old names, deprecated.
func row(line string) (versions string, option Option) {
	cells := strings.Split(line, "\t")
	if len(cells) < 3 || len(cells) > 7 {
		panic(fmt.Sprintf("options.tsv: %q", line))
	}
	cells = append(cells, "", "", "", "")
	option = Option{Key: cells[1], Default: unescape.Replace(cells[4]), Deprecated: cells[6] != ""}
	option.Type, option.List = strings.CutSuffix(cells[2], "[]")
	if cells[3] != "" {
		option.Values = strings.Split(cells[3], "|")
	}
	if cells[5] != "" {
		for _, key := range strings.Split(cells[5], "|") {
			name, silent := strings.CutSuffix(key, "?")
			option.Fallbacks = append(option.Fallbacks, Fallback{Key: name, Deprecated: !silent})
		}
	}
	return cells[0], option
}

func (s *source) add(option Option) {
	option.Version, option.Operator = s.version, s.operator
	s.options = append(s.options, option)
}

func (s *source) index() {
	for i, option := range s.options {
		s.byKey[option.Key] = i
		if strings.Contains(option.Key, "<") {
			s.patterns = append(s.patterns, i)
		}
	}
	for i, option := range s.options {
		for _, old := range option.Fallbacks {
			// A name that Flink does not call deprecated is old only if no option has it.
			_, present := s.byKey[old.Key]
			if _, taken := s.byOldName[old.Key]; !taken && (old.Deprecated || !present) {
				s.byOldName[old.Key] = i
			}
		}
	}
	// Fewer parts of one's own are more exact, then more parts.
	slices.SortStableFunc(s.patterns, func(i, j int) int {
		a, b := s.options[i].Key, s.options[j].Key
		return cmp.Or(strings.Count(a, "<")-strings.Count(b, "<"), strings.Count(b, ".")-strings.Count(a, "."))
	})
}
