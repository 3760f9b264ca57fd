package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// tried are the values that options of each type are asked with, right and wrong.
var tried = map[string][]string{
	"Boolean": {"true", "FALSE", "True", "yes", "no", "on", "1", "0", "", " true", "true ", "falſe", "t"},
	"Integer": {"0", "3", "-1", "+7", "007", "2147483647", "2147483648", "-2147483648", "-2147483649", "3.0", "1e3", "1_000", "0x10", "3 s", "10m", "", " 3", "3 ", "three", "١"},
	"Long":    {"0", "-1", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "3 s", "10000", "10 s", "1.5", "64mb", "", " 1", "1L"},
	"Float":   {"0.5", "1", "-1", ".5", "5.", "1e3", "1e400", "NaN", "nan", "Infinity", "inf", "0.5f", "0.5d", "50%", "0,5", "", " 0.5 ", "0x1p3", "0x1", "1_0", ".", "e3"},
	"Double":  {"0.5", "1", "-1", ".5", "5.", "1e3", "1e400", "NaN", "-Infinity", "inf", "0.5f", "0.5D", "50%", "0,5", "", " 0.5 ", "0x1.8p-3", "0x.p1", "1__0", "+-1"},
	"String":  {"", " ", "text", "a:b,c;d", "'", "{{TEMPLATE}}"},
	"Duration": {
		"30 s", "30s", "30", "0", "0 ms", "1 d", "2 days", "10 min", "10 minutes", "10 MIN", "5 secs", "1 µs", "1 us", "1 ns", "3 H", "1 hr", "1 week", "1.5 s",
		"-1", "-1 s", "+1 s", "", " ", " 30 s ", "30\ts", "30 s 5 ms", "s", "PT30S", "pt30s", "P1D", "P1DT2H", "P1DT", "P", "PT", "PT1.5S", "PT1,5S", "PT-5S", "-PT5S", "-PT-5S", "PT1H-5S",
		"P1W", "PT1H1D", "PT9223372036854775808S", "PT0.0000000001S", "PT5.S", "-P0D",
		"9223372036854775807", "9223372036854775808", "9223372036854775807 s", "9223372036854775808 s", "9223372036854775807 d", "99999999999999999999 ns", "106751991167300 d", "106751991167301 d",
	},
	"MemorySize": {
		"64mb", "64 mb", "64m", "64M", "64 MB", "1g", "1 GiB", "1gb", "1 gibibytes", "1t", "1tb", "1 tebibytes", "512", "512b", "512 bytes", "4k", "4kb", "1p", "1.5g", "-1", "-1b", "", " ", " 1 g ",
		"1024mi", "1Gi", "g", "9223372036854775807", "9223372036854775808", "8388607t", "8388608t", "16777216t", "9007199254740991k", "9007199254740992k",
	},
	"Map": {
		"", "a:b", "a:b,c:d", "a:b;c:d", "a", "a:", ":b", "a:b,", ",a:b", "a:b,,c:d", "a:b:c", "a:'b:c'", "'a':b", "'a,b':c", "'a:b,c:d'", "a:b,a:c", "'a", "a:'b", "{a: b}", "{a: b, c: d}",
		"{}", "{a: 1}", "{a: }", "{a: b", "[a]", "a: b", "{a: {b: c}}", "{'a:b': c}", "{a: b, a: c}", "\"a\":\"b\"", "a:\"b", "{a: true}", "{a: null, b: c:d}",
	},
	"String[]": {
		"", "a", "a;b", "a;;b", ";", "'a;b'", "'a", "a'", "'a'b", "'a' ;b", "\"a;b\";c", "[a, b]", "['a;b', c]", "['a', 'b'", "[\"a\", 'b']", "'a', 'b'", "- 'a'\n- b", "['a'b]", "'a''b'", "{a: 'b'}", "[null, 'a']", "'a': b", "[]",
	},
	"Enum[]":    {"", "[]", "x", "x;y", "[x]"},
	"Integer[]": {"", "1", "1;2", "1;x", "[1, 2]", "[1, x]", "[1.5]", "[]", "1,2"},
	"Map[]":     {"", "a:b", "a:b;c:d", "a;b", "[{a: b}, {c: d}]", "[{a: b}, c]", "[a:b]"},
}

// of returns the values to try with an option: those of its type, and an enum's
// own in other spellings.
func (r row) tried() []string {
	values := slices.Clone(tried[r.kind])
	if values == nil {
		values = slices.Clone(tried[strings.TrimSuffix(r.kind, "[]")])
	}
	swap := strings.NewReplacer("-", "_", "_", "-")
	for _, of := range strings.FieldsFunc(r.values, func(c rune) bool { return c == '|' }) {
		values = append(values, of, strings.ToLower(of), strings.ToUpper(of), swap.Replace(of), " "+of, of+";"+of, "["+of+"]")
	}
	if r.kind == "Enum" {
		values = append(values, "", "true", "ENUM")
	}
	return append(values, r.missing)
}

// ask has each version of Flink read the values with some options of each type,
// and says which versions took each and which refused it.
func (t table) ask(java string, versions []string, paths map[string][]string) ([]byte, error) {
	type question struct{ key, kind, value string }
	var order []question
	took, refused := map[question][]string{}, map[question][]string{}
	for _, version := range versions {
		var questions []question
		used := map[string]int{}
		for _, r := range t.rows {
			if r.of != "flink" || !slices.Contains(r.versions, version) || strings.HasSuffix(r.key, ">") || strings.HasPrefix(r.key, "s3.") {
				continue
			}
			// Some of each type with all values, and each other with its default.
			values := []string{r.missing}
			if few := used[r.kind] < 2; few || r.kind == "Enum" {
				values = r.tried()
			}
			used[r.kind]++
			for _, value := range values {
				if q := (question{r.key, r.kind, value}); !slices.Contains(questions, q) {
					questions = append(questions, q)
				}
			}
		}
		var input bytes.Buffer
		for _, q := range questions {
			fmt.Fprintf(&input, "%s\t%s\t%s\n", q.key, q.kind, base64.StdEncoding.EncodeToString([]byte(q.value)))
		}
		lines, told, err := options(java, "read", paths[version], input.Bytes())
		if err != nil || len(lines) != len(questions) {
			return nil, fmt.Errorf("version %s of Flink: %d answers to %d questions: %w\n%s", version, len(lines), len(questions), err, told)
		}
		for i, q := range questions {
			if took[q] == nil && refused[q] == nil {
				order = append(order, q)
			}
			if lines[i] == "yes" {
				took[q] = append(took[q], version)
			} else {
				refused[q] = append(refused[q], version)
			}
		}
	}
	slices.SortFunc(order, func(a, b question) int { return strings.Compare(fmt.Sprintf("%q", a), fmt.Sprintf("%q", b)) })
	var out bytes.Buffer
	out.WriteString("# Made by generate; do not edit. What Flink's Configuration.get(option) took: key, value, versions that took it, versions that refused it.\n")
	for _, q := range order {
		fmt.Fprintf(&out, "%s\t%s\t%s\t%s\n", q.key, strconv.Quote(q.value), strings.Join(took[q], ","), strings.Join(refused[q], ","))
	}
	return out.Bytes(), nil
}
