// Package report writes what was proved, for a person, a program and a test runner.
package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"flink-payments/tests/acceptance/internal/promise"
)

// A Report is the outcome of one proof.
type Report struct {
	Job       string          `json:"job"`
	Namespace string          `json:"namespace"`
	Started   time.Time       `json:"started"`
	Finished  time.Time       `json:"finished"`
	Outcome   promise.Outcome `json:"outcome"`
	Checks    []promise.Check `json:"checks"`
}

// Line is one check on one line, for progress.
func Line(c promise.Check) string {
	return fmt.Sprintf("%-8s %s/%s: %s", c.Outcome, c.Promise, c.Name, oneLine(c.Found))
}

// Text writes the report for a person: each promise, its checks, and for what
// is broken what should have been and where to look.
func (r Report) Text(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s/%s\n", r.Namespace, r.Job)
	for _, group := range r.byPromise() {
		fmt.Fprintf(&text, "\n%s: %s\n", group[0].Promise, promise.Overall(group))
		for _, c := range group {
			fmt.Fprintf(&text, "  %-8s %-24s %s\n", c.Outcome, c.Name, oneLine(c.Found))
			if c.Wanted != "" {
				fmt.Fprintf(&text, "  %-8s %-24s wanted: %s\n", "", "", c.Wanted)
			}
			if c.Advice != "" {
				fmt.Fprintf(&text, "  %-8s %-24s next: %s\n", "", "", c.Advice)
			}
		}
	}
	fmt.Fprintf(&text, "\n%s\n", map[promise.Outcome]string{
		promise.Held:   "every promise that was looked at holds",
		promise.Broken: "a promise is broken",
		promise.Unseen: "not everything could be looked at: nothing is known of the rest",
	}[r.Outcome])
	_, err := io.WriteString(w, text.String())
	return err
}

// JSON writes the report for a program.
func (r Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []suite  `xml:"testsuite"`
}

type suite struct {
	Name      string     `xml:"name,attr"`
	Tests     int        `xml:"tests,attr"`
	Failures  int        `xml:"failures,attr"`
	Errors    int        `xml:"errors,attr"`
	Skipped   int        `xml:"skipped,attr"`
	Timestamp string     `xml:"timestamp,attr"`
	Cases     []testcase `xml:"testcase"`
}

type testcase struct {
	Class   string `xml:"classname,attr"`
	Name    string `xml:"name,attr"`
	Failure *said  `xml:"failure"`
	Error   *said  `xml:"error"`
	Skipped *said  `xml:"skipped"`
	Out     string `xml:"system-out,omitempty"`
}

type said struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a suite for each promise: broken is a failure, unseen an error.
func (r Report) JUnit(w io.Writer) error {
	var all suites
	for _, group := range r.byPromise() {
		s := suite{Name: group[0].Promise, Tests: len(group), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05")}
		for _, c := range group {
			test := testcase{Class: r.Namespace + "." + r.Job + "." + c.Promise, Name: c.Name}
			message := &said{Message: c.Found, Text: strings.TrimSpace(prefixed("wanted: ", c.Wanted) + prefixed("next: ", c.Advice))}
			switch c.Outcome {
			case promise.Broken:
				test.Failure, s.Failures = message, s.Failures+1
			case promise.Unseen:
				test.Error, s.Errors = message, s.Errors+1
			case promise.Skipped:
				test.Skipped, s.Skipped = message, s.Skipped+1
			default:
				test.Out = c.Found
			}
			s.Cases = append(s.Cases, test)
		}
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// byPromise groups the checks, which come in the promises' order.
func (r Report) byPromise() [][]promise.Check {
	var groups [][]promise.Check
	for i, c := range r.Checks {
		if i == 0 || c.Promise != r.Checks[i-1].Promise {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], c)
	}
	return groups
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text + "\n"
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
