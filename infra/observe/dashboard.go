package observe

import (
	"encoding/json"
	"fmt"
)

// The part of Datadog's dashboard document that is written here. Nothing is
// set that the API would add or take away, so that a refresh finds no change.
type (
	dashboard struct {
		Title       string   `json:"title"`
		Description string   `json:"description"`
		LayoutType  string   `json:"layout_type"`
		ReflowType  string   `json:"reflow_type"`
		Tags        []string `json:"tags,omitempty"`
		Widgets     []widget `json:"widgets"`
	}
	widget struct {
		Definition definition `json:"definition"`
	}
	definition struct {
		Type  string `json:"type"`
		Title string `json:"title,omitempty"`
		// Of a group.
		LayoutType string   `json:"layout_type,omitempty"`
		Widgets    []widget `json:"widgets,omitempty"`
		// Of a note.
		Content string `json:"content,omitempty"`
		// Of a list of monitors.
		Query         string `json:"query,omitempty"`
		SummaryType   string `json:"summary_type,omitempty"`
		Sort          string `json:"sort,omitempty"`
		DisplayFormat string `json:"display_format,omitempty"`
		ColorPref     string `json:"color_preference,omitempty"`
		// Of a graph.
		ShowLegend bool      `json:"show_legend,omitempty"`
		Requests   []request `json:"requests,omitempty"`
		Markers    []marker  `json:"markers,omitempty"`
	}
	request struct {
		ResponseFormat string         `json:"response_format"`
		DisplayType    string         `json:"display_type"`
		Formulas       []formula      `json:"formulas"`
		Queries        []metricsQuery `json:"queries"`
	}
	formula struct {
		Formula string `json:"formula"`
		Alias   string `json:"alias,omitempty"`
	}
	metricsQuery struct {
		DataSource string `json:"data_source"`
		Name       string `json:"name"`
		Query      string `json:"query"`
	}
	marker struct {
		Value       string `json:"value"`
		DisplayType string `json:"display_type"`
		Label       string `json:"label"`
	}
)

// A graph is one row of the dashboard's table. With an alert it draws the
// alert's own expression and thresholds; the fields left empty are the alert's.
type graph struct {
	alert   string
	title   string
	shows   expression
	by      string
	display string
}

type section struct {
	title  string
	graphs []graph
}

// sections is the dashboard: every alert is in it once, and beside it what
// one looks at next.
var sections = []section{
	{"Freshness", []graph{
		{alert: "event-time-lag", title: "Age of events at the source (ms)"},
		{alert: "consumer-lag", title: "Records waiting in the topic"},
		{title: "Largest lag of a partition (records)", shows: single("max", kafkaLagMax)},
	}},
	{"Checkpoints", []graph{
		{alert: "no-checkpoint", title: "Completed checkpoints", display: "bars"},
		{alert: "failed-checkpoints", title: "Failed checkpoints", display: "bars"},
		{alert: "checkpoint-duration", title: "Duration of the last checkpoint (ms)"},
		{title: "Size of the last checkpoint (bytes)", shows: single("max", checkpointSize)},
	}},
	{"Running and restarts", []graph{
		// A deploy is where one version's series ends and the next one's begins.
		{title: "Deploys: running job by version", shows: single("max", runningJobs), by: "version", display: "area"},
		{alert: "not-running", title: "Jobs held by the JobManager"},
		{alert: "restarts", title: "Restarts", display: "bars"},
		{title: "Time since the last restart (ms)", shows: single("max", runningTime)},
	}},
	{"Backpressure", []graph{
		{alert: "backpressure", title: "Backpressured time by task (ms per second)", by: "task_name"},
		{title: "Records in per second by task", shows: single("sum", recordsInRate), by: "task_name"},
	}},
	{"Resources", []graph{
		{alert: "taskmanagers-missing", title: "Registered TaskManagers"},
		{title: "Free task slots", shows: single("max", slotsAvailable)},
		{alert: "cpu", title: "CPU of the TaskManagers (share)"},
		{alert: "heap", title: "Heap of the TaskManagers (share)"},
		{title: "Heap of the JobManager (bytes)", shows: single("max", jobManagerHeapUsed)},
	}},
}

// Dashboard is the job's dashboard as Datadog's JSON. Every graph that has an
// alert shows that alert's own query and thresholds.
func Dashboard(j Job, settings Alerts) (string, error) {
	settings = settings.WithDefaults()
	watched := map[string]Monitor{}
	for _, m := range Monitors(j, settings) {
		watched[m.ID] = m
	}

	board := dashboard{
		Title:       "Flink job " + j.title(),
		Description: fmt.Sprintf("%s in namespace %s. Made by the program that deploys the job; a change made here is lost.", j.Name, j.Namespace),
		LayoutType:  "ordered",
		ReflowType:  "auto",
		Widgets: []widget{
			{definition{Type: "note", Content: fmt.Sprintf("**%s** in namespace `%s`. Runbook: %s", j.Name, j.Namespace, settings.Runbook)}},
			{definition{Type: "manage_status", Title: "Alerts of this job", Query: "tag:\"job:" + j.Namespace + "/" + j.Name + "\"" + inEnvironment(j),
				SummaryType: "monitors", Sort: "status,asc", DisplayFormat: "countsAndList", ColorPref: "text"}},
		},
	}
	if j.Team != "" {
		board.Tags = []string{"team:" + j.Team}
	}
	for _, s := range sections {
		group := definition{Type: "group", Title: s.title, LayoutType: "ordered"}
		for _, g := range s.graphs {
			group.Widgets = append(group.Widgets, widget{g.definition(j, watched)})
		}
		board.Widgets = append(board.Widgets, widget{group})
	}
	text, err := json.MarshalIndent(board, "", "  ")
	if err != nil {
		return "", fmt.Errorf("dashboard of %s: %w", j.Name, err)
	}
	return string(text), nil
}

func inEnvironment(j Job) string {
	if j.Environment == "" {
		return ""
	}
	return " tag:\"env:" + j.Environment + "\""
}

func (g graph) definition(j Job, watched map[string]Monitor) definition {
	shows := g.shows
	var markers []marker
	if g.alert != "" {
		shows = expressionOf(g.alert)
		if m, on := watched[g.alert]; on {
			line := func(kind, style, text string) {
				markers = append(markers, marker{"y = " + text, style, kind + " " + sides[m.Comparator] + " " + text + m.summed()})
			}
			line("alert", "error dashed", m.CriticalText())
			if m.Warning != nil {
				line("warning", "warning dashed", m.WarningText())
			}
		}
	}
	display := g.display
	if display == "" {
		display = "line"
	}
	drawn := request{ResponseFormat: "timeseries", DisplayType: display, Formulas: []formula{{Formula: shows.formula}}}
	for i, q := range shows.queries {
		text := q.text(j.scope())
		if g.by != "" {
			text += " by {" + g.by + "}"
		}
		drawn.Queries = append(drawn.Queries, metricsQuery{"metrics", string(rune('a' + i)), text})
	}
	return definition{Type: "timeseries", Title: g.title, ShowLegend: g.by != "", Requests: []request{drawn}, Markers: markers}
}

// sides say in words on which side of its threshold an alert is.
var sides = map[string]string{"<": "below", ">": "above", ">=": "from"}

func expressionOf(id string) expression {
	for _, a := range alerts {
		if a.id == id {
			return a.graph
		}
	}
	return expression{}
}
