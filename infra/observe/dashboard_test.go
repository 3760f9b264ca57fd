package observe

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var updatePicture = flag.Bool("update-picture", false, "draw docs/dashboard.svg again")

func board(t *testing.T, j Job, settings Alerts) (string, dashboard) {
	t.Helper()
	text, err := Dashboard(j, settings)
	if err != nil {
		t.Fatal(err)
	}
	var read dashboard
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatal(err)
	}
	return text, read
}

// graphs of a dashboard, through its groups.
func graphs(widgets []widget) []definition {
	var found []definition
	for _, w := range widgets {
		if w.Definition.Type == "timeseries" {
			found = append(found, w.Definition)
		}
		found = append(found, graphs(w.Definition.Widgets)...)
	}
	return found
}

func TestTheDashboardShowsWhatEveryAlertReads(t *testing.T) {
	settings := paging()
	settings.Thresholds = map[string]Threshold{"consumer-lag": {Critical: number1(5000), Warning: number1(500)}}
	_, read := board(t, fraudScoring(), settings)
	drawn := graphs(read.Widgets)

	split := regexp.MustCompile(` by \{\w+\}`)
	for _, m := range Monitors(fraudScoring(), settings) {
		// The alert's own expression, put together again from the graph's formula and queries.
		expression := queryShape.FindStringSubmatch(m.Query)[3]
		at := slices.IndexFunc(drawn, func(d definition) bool {
			text := d.Requests[0].Formulas[0].Formula
			text = operand.ReplaceAllStringFunc(text, func(name string) string {
				for _, q := range d.Requests[0].Queries {
					if q.Name == name {
						return split.ReplaceAllString(q.Query, "")
					}
				}
				return "?"
			})
			return text == expression && len(d.Markers) > 0
		})
		if at < 0 {
			t.Errorf("%s: no graph shows %s", m.ID, expression)
			continue
		}
		want := []string{"y = " + m.CriticalText()}
		if m.Warning != nil {
			want = append(want, "y = "+m.WarningText())
		}
		var got []string
		for _, line := range drawn[at].Markers {
			got = append(got, line.Value)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: lines at %v, want %v", m.ID, got, want)
		}
	}
}

func TestTheDashboardIsWhatDatadogReads(t *testing.T) {
	text, read := board(t, fraudScoring(), paging())
	again, _ := board(t, fraudScoring(), paging())
	if text != again {
		t.Error("the same job gives two documents")
	}
	var titles []string
	for _, w := range read.Widgets {
		if w.Definition.Type == "group" {
			titles = append(titles, w.Definition.Title)
			if w.Definition.LayoutType != "ordered" {
				t.Errorf("group %s has layout %q", w.Definition.Title, w.Definition.LayoutType)
			}
		}
	}
	if want := []string{"Freshness", "Checkpoints", "Running and restarts", "Backpressure", "Resources"}; !slices.Equal(titles, want) {
		t.Errorf("groups %v, want %v", titles, want)
	}
	for _, d := range graphs(read.Widgets) {
		var names []string
		for _, q := range d.Requests[0].Queries {
			names = append(names, q.Name)
			if !regexp.MustCompile(`^(max|sum|avg):flink\.[\w.]+\{service:fraud-scoring,env:prod\}( by \{\w+\})?$`).MatchString(q.Query) {
				t.Errorf("%s: %s", d.Title, q.Query)
			}
		}
		for _, used := range operand.FindAllString(d.Requests[0].Formulas[0].Formula, -1) {
			if !slices.Contains(names, used) {
				t.Errorf("%s: the formula uses %s, and there are %v", d.Title, used, names)
			}
		}
	}
	if !strings.Contains(text, "by {version}") {
		t.Error("no graph shows where one version ends and the next begins")
	}
	if !strings.Contains(text, `tag:\"job:payments/fraud-scoring\" tag:\"env:prod\"`) {
		t.Error("the list of alerts is not this job's")
	}
	if read.LayoutType != "ordered" || read.ReflowType != "auto" {
		t.Errorf("layout %s, reflow %s: without places the widgets need ordered and auto", read.LayoutType, read.ReflowType)
	}
}

func TestThePictureIsWellFormedWhateverAJobIsCalled(t *testing.T) {
	for _, name := range []string{"fraud-scoring", `<script>"&'`, "", "ä%d%s"} {
		j := fraudScoring()
		j.Name = name
		text, _ := board(t, j, paging())
		drawn, err := Picture(text)
		if err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(strings.NewReader(drawn))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("job %q: %v", name, err)
			}
		}
		if strings.Contains(drawn, "<script") || strings.Contains(drawn, "%!") {
			t.Errorf("job %q comes out unescaped", name)
		}
	}
	if _, err := Picture("[]"); err == nil {
		t.Error("what is no dashboard is drawn")
	}
}

func TestThePictureShowsEveryGraphAndThreshold(t *testing.T) {
	text, read := board(t, fraudScoring(), paging())
	drawn, err := Picture(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range graphs(read.Widgets) {
		if !strings.Contains(drawn, ">"+d.Title+"<") {
			t.Errorf("%s is not drawn", d.Title)
		}
		for _, m := range d.Markers {
			if !strings.Contains(drawn, ">"+m.Label+"<") {
				t.Errorf("%s: %s is not drawn", d.Title, m.Label)
			}
		}
	}
}

// The picture in the README is drawn again with: go test ./infra/observe -run Picture -update-picture
func TestThePictureOfTheDocumentsIsTheCodes(t *testing.T) {
	const file = "../../docs/dashboard.svg"
	text, _ := board(t, fraudScoring(), paging())
	drawn, err := Picture(text)
	if err != nil {
		t.Fatal(err)
	}
	if *updatePicture {
		if err := os.WriteFile(file, []byte(drawn), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != drawn {
		t.Error("docs/dashboard.svg is not what the code draws: go test ./infra/observe -run Picture -update-picture")
	}
}

func TestTheRunbookHasASectionForEveryAlert(t *testing.T) {
	text, err := os.ReadFile("../../docs/runbook.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("docs/runbook.md is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(text), -1) {
		anchor := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(heading[1])), " ", "-")
		anchors[regexp.MustCompile(`[^\w-]`).ReplaceAllString(anchor, "")] = true
	}
	for _, id := range IDs() {
		if !anchors[id] {
			t.Errorf("docs/runbook.md has no section %q, which the alert's message points to", id)
		}
	}
}
