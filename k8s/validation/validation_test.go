package validation

import (
	"slices"
	"strings"
	"testing"
)

// table judges a number: one rule with its own texts, one whose findings bring theirs.
var table = []Rule[int]{
	{
		ID: "too-small", Severity: Refuse, Looks: "size", Reason: "it is too small", Fix: "3 or more", Source: "test",
		Check: func(n int) []Finding {
			if n >= 3 {
				return nil
			}
			return []Finding{{Path: "size", Value: "small"}}
		},
	},
	{
		ID: "odd", Severity: Warn, Looks: "shape | size", Reason: "it is odd", Fix: "an even one", Source: "test\nand <more>",
		Check: func(n int) []Finding {
			if n%2 == 0 {
				return nil
			}
			return []Finding{{Path: "shape", Reason: "so it is", Fix: "another"}, {Path: "[0]"}}
		},
	},
}

func TestAFindingFallsBackOnTheTextsOfItsRule(t *testing.T) {
	want := Violations{
		{Rule: "too-small", Severity: Refuse, Path: "size", Value: "small", Reason: "it is too small", Fix: "3 or more"},
		{Rule: "odd", Severity: Warn, Path: "shape", Reason: "so it is", Fix: "another"},
		{Rule: "odd", Severity: Warn, Path: "[0]", Reason: "it is odd", Fix: "an even one"},
	}
	if got := Judge(table, 1); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := Judge(table, 4); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestErrorsListEveryRefusalSortedByPathAndNoWarning(t *testing.T) {
	vs := Violations{
		{Rule: "b", Severity: Refuse, Path: "z", Value: "1", Reason: "because", Fix: "2"},
		{Rule: "warned", Severity: Warn, Path: "c", Reason: "maybe", Fix: "3"},
		{Rule: "b", Severity: Refuse, Path: "a", Reason: "because", Fix: "2"},
		{Rule: "a", Severity: Refuse, Path: "a", Reason: "because", Fix: "2"},
	}
	err := vs.Err()
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	if !strings.HasPrefix(text, "3 settings are wrong; nothing was touched:") || strings.Contains(text, "warned") {
		t.Error(text)
	}
	var order []int
	for _, mark := range []string{"rule:  a", "rule:  b", "z: 1"} {
		order = append(order, strings.Index(text, mark))
	}
	if !slices.IsSorted(order) || order[0] < 0 {
		t.Errorf("%v in\n%s", order, text)
	}
	if one := vs[:1].Err().Error(); !strings.HasPrefix(one, "1 setting is wrong") {
		t.Error(one)
	}
	if vs.Of(Warn).Err() != nil || Violations(nil).Err() != nil {
		t.Error("a warning stops nothing")
	}
}

func TestAViolationReadsAsPathValueReasonFixAndRule(t *testing.T) {
	v := Violation{Rule: "r", Path: "a.b", Value: "1", Reason: "no", Fix: "2"}
	if got, want := v.String(), "a.b: 1\n    why:   no\n    write: 2\n    rule:  r"; got != want {
		t.Errorf("%q", got)
	}
	v.Value = ""
	if got := v.String(); !strings.HasPrefix(got, "a.b: (not set)\n") {
		t.Errorf("%q", got)
	}
}

func TestSortingAndPrefixingLeaveTheOriginalsAlone(t *testing.T) {
	vs := Violations{{Rule: "b", Path: "b"}, {Rule: "a", Path: "a"}}
	under := vs.Under("jobs[0]").Sorted()
	if under[0].Path != "jobs[0].a" || under[1].Path != "jobs[0].b" || vs[0].Path != "b" {
		t.Errorf("%v from %v", under, vs)
	}
}

func TestPathsAreJoinedWithADotExceptBeforeAnIndex(t *testing.T) {
	for _, c := range [][3]string{{"", "a", "a"}, {"a", "", "a"}, {"a", "b", "a.b"}, {"a", "[0]", "a[0]"}, {"", "", ""}} {
		if got := Join(c[0], c[1]); got != c[2] {
			t.Errorf("Join(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestTheTableOfRulesIsOneRowEachWhateverTheTextsHold(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(Markdown(table), "\n"), "\n")
	if len(lines) != 2+len(table) {
		t.Fatalf("%q", lines)
	}
	for _, line := range lines {
		if cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); cells != 7 {
			t.Errorf("%d separators in %q", cells, line)
		}
	}
	if !strings.Contains(lines[3], `shape \| size`) || !strings.Contains(lines[3], "test and &lt;more>") {
		t.Error(lines[3])
	}
}
