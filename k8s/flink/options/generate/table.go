package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// notConfiguration are classes of options that are no keys of Flink's
// configuration: properties of tables, catalogs, hints and connectors, and keys
// below a prefix that their class does not tell.
var notConfiguration = []string{
	"org.apache.flink.connector.", "org.apache.flink.table.factories.", "org.apache.flink.table.connector.",
	"org.apache.flink.table.module.", "org.apache.flink.table.planner.hint.", "org.apache.flink.table.utils.",
	"org.apache.flink.table.catalog.GenericInMemory", "org.apache.flink.table.gateway.rest.",
	"org.apache.flink.streaming.api.graph.StreamConfig",
}

// namespaces are prefixes of known keys, below which there are no free ones.
var namespaces = []string{"kubernetes.operator.", "job.autoscaler.", "kubernetes.operator.job.autoscaler."}

// A row is an option, or a prefix of free keys, as some versions have it.
type row struct {
	of, key, kind, values, missing, old, deprecated string
	versions                                        []string
}

type table struct {
	rows     []row
	versions map[string][]string
	// index finds a row by all but its versions.
	index map[[7]string]int
}

func (r row) cells() [7]string {
	return [7]string{r.of, r.key, r.kind, r.values, r.missing, r.old, r.deprecated}
}

// ofOperator leaves Flink's own options out, which are in the same classpath.
func ofOperator(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool {
		class := line[strings.LastIndexByte(line, '\t')+1:]
		return !strings.HasPrefix(class, "org.apache.flink.kubernetes.operator.") && !strings.HasPrefix(class, "org.apache.flink.autoscaler.")
	})
}

func (t *table) add(of, version string, lines []string) {
	if t.versions == nil {
		t.versions, t.index = map[string][]string{}, map[[7]string]int{}
	}
	t.versions[of] = append(t.versions[of], version)
	byKey := map[string]row{}
	for _, line := range lines {
		part := strings.Split(line, "\t")
		if len(part) != 8 || slices.ContainsFunc(notConfiguration, func(c string) bool { return strings.HasPrefix(part[7], c) }) {
			continue
		}
		r := row{of: of, key: part[1], kind: part[2], values: part[3], missing: part[4], old: part[5], deprecated: part[6]}
		if part[0] == "prefix" {
			// A constant such as param. is a part of a key only, and some are whole namespaces.
			if strings.Count(r.key, ".") < 2 || slices.Contains(namespaces, r.key) {
				continue
			}
			r.key, r.kind = r.key+"<key>", "String"
		}
		before, twice := byKey[r.key]
		// The same key twice is an old constant beside the present one, or a
		// less exact type: the one that is not deprecated and says most is kept.
		if !twice || before.weight() < r.weight() {
			byKey[r.key] = r
		}
	}
	for _, r := range byKey {
		i, known := t.index[r.cells()]
		if !known {
			i = len(t.rows)
			t.rows, t.index[r.cells()] = append(t.rows, r), i
		}
		t.rows[i].versions = append(t.rows[i].versions, version)
	}
}

func (r row) weight() string {
	// Compared as text: not deprecated, then a type other than String, then old names.
	weight := []byte("000")
	if r.deprecated == "" {
		weight[0] = '1'
	}
	if r.kind != "String" {
		weight[1] = '1'
	}
	if r.old != "" {
		weight[2] = '1'
	}
	return string(weight) + r.old + r.missing
}

func (t *table) data() []byte {
	slices.SortFunc(t.rows, func(a, b row) int {
		return cmp.Or(strings.Compare(a.of, b.of), strings.Compare(a.key, b.key), slices.Index(t.versions[a.of], a.versions[0])-slices.Index(t.versions[b.of], b.versions[0]))
	})
	var out bytes.Buffer
	out.WriteString("# Made by generate; do not edit. Columns: versions, key, type, values, default, old names (? where Flink does not call them deprecated), deprecated.\n")
	for _, of := range []string{"flink", "operator"} {
		fmt.Fprintf(&out, "## %s %s\n", of, strings.Join(t.versions[of], " "))
		for _, r := range t.rows {
			if r.of == of {
				line := strings.Join([]string{strings.Join(r.versions, ","), r.key, r.kind, r.values, r.missing, r.old, r.deprecated}, "\t")
				out.WriteString(strings.TrimRight(line, "\t") + "\n")
			}
		}
	}
	return out.Bytes()
}
