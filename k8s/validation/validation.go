// Package validation says what a rule is, how it is broken, and how that reads.
// It knows no setting: the tables stand beside what they judge (k8s/flink for
// a job, components for a stack).
package validation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity is what a broken rule leads to.
type Severity string

const (
	// Refuse stops the program before a resource is registered.
	Refuse Severity = "refuse"
	// Warn is shown and lets the program go on: a person may have a reason.
	Warn Severity = "warn"
)

// A Finding is one place where a subject breaks a rule.
type Finding struct {
	// Path is the setting's path below the subject, such as "checkpoints.interval".
	Path string
	// Value is what is there, as a person wrote it; empty when it is missing.
	// A value that may be a secret is never put here.
	Value string
	// Reason says why it is wrong. Empty: the rule's own Reason.
	Reason string
	// Fix says what to write instead. Empty: the rule's own Fix.
	Fix string
}

// A Rule judges one promise about a subject.
type Rule[T any] struct {
	// ID is stable: documents, tests and people refer to it.
	ID       string
	Severity Severity
	// Looks names the settings it reads, by path.
	Looks string
	// Reason and Fix are the texts of a finding that brings none of its own.
	Reason string
	Fix    string
	// Source is where the rule comes from: a document, a source file, an issue.
	Source string
	// Check returns every place that breaks the rule. It must not panic on any subject.
	Check func(T) []Finding
}

// A Violation is a finding with the rule that it breaks.
type Violation struct {
	Rule     string
	Severity Severity
	Path     string
	Value    string
	Reason   string
	Fix      string
}

// String gives path, what is there, why it is wrong and what to write, in four lines at most.
func (v Violation) String() string {
	value := "(not set)"
	if v.Value != "" {
		value = v.Value
	}
	return fmt.Sprintf("%s: %s\n    why:   %s\n    write: %s\n    rule:  %s", v.Path, value, v.Reason, v.Fix, v.Rule)
}

// Violations are many, in no order until sorted.
type Violations []Violation

// Sorted returns them by path, then by rule.
func (vs Violations) Sorted() Violations {
	sorted := slices.Clone(vs)
	slices.SortStableFunc(sorted, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule))
	})
	return sorted
}

// Of returns those of one severity.
func (vs Violations) Of(s Severity) Violations {
	var of Violations
	for _, v := range vs {
		if v.Severity == s {
			of = append(of, v)
		}
	}
	return of
}

// Under returns them with their paths put below prefix, such as "jobs[0]".
func (vs Violations) Under(prefix string) Violations {
	under := slices.Clone(vs)
	for i := range under {
		under[i].Path = Join(prefix, under[i].Path)
	}
	return under
}

// Err returns one error that lists every refusal, or nil where there is none.
func (vs Violations) Err() error {
	refusals := vs.Of(Refuse).Sorted()
	if len(refusals) == 0 {
		return nil
	}
	noun := "settings are"
	if len(refusals) == 1 {
		noun = "setting is"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d %s wrong; nothing was touched:", len(refusals), noun)
	for _, v := range refusals {
		text.WriteString("\n\n  ")
		text.WriteString(strings.ReplaceAll(v.String(), "\n", "\n  "))
	}
	return fmt.Errorf("%s", text.String())
}

// Join puts a path below another: a dot between, none before an index.
func Join(prefix, path string) string {
	switch {
	case prefix == "":
		return path
	case path == "":
		return prefix
	case strings.HasPrefix(path, "["):
		return prefix + path
	}
	return prefix + "." + path
}

// Judge returns every violation of a table by a subject.
func Judge[T any](table []Rule[T], subject T) Violations {
	var found Violations
	for _, rule := range table {
		for _, f := range rule.Check(subject) {
			found = append(found, Violation{
				Rule:     rule.ID,
				Severity: rule.Severity,
				Path:     f.Path,
				Value:    f.Value,
				Reason:   cmp.Or(f.Reason, rule.Reason),
				Fix:      cmp.Or(f.Fix, rule.Fix),
			})
		}
	}
	return found
}

// Markdown renders a table of rules for a document, a row each, in the order given.
func Markdown[T any](table []Rule[T]) string {
	var text strings.Builder
	text.WriteString("| Rule | Severity | Looks at | Why | Write instead | Source |\n|---|---|---|---|---|---|\n")
	cell := strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", "*", "\\*")
	for _, rule := range table {
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s | %s | %s |\n", rule.ID, rule.Severity,
			cell.Replace(rule.Looks), cell.Replace(rule.Reason), cell.Replace(rule.Fix), cell.Replace(rule.Source))
	}
	return text.String()
}
