package observe

import (
	"fmt"
	"math"
	"math/rand"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fraudScoring is the job of the documents.
func fraudScoring() Job {
	return Job{
		Name: "fraud-scoring", Namespace: "payments", Environment: "prod", Team: "payments",
		CheckpointInterval: 30 * time.Second, CheckpointTimeout: 10 * time.Minute,
		TolerableFailures: 3, TaskManagers: 3,
	}
}

func paging() Alerts {
	return Alerts{Notify: "@pagerduty-payments", NotifyWarning: "@slack-payments"}
}

func number1(n float64) *float64 { return &n }

func find(t *testing.T, monitors []Monitor, id string) Monitor {
	t.Helper()
	at := slices.IndexFunc(monitors, func(m Monitor) bool { return m.ID == id })
	if at < 0 {
		t.Fatalf("there is no monitor %s", id)
	}
	return monitors[at]
}

// randomJob is any job that the rules of a job let through, and more.
func randomJob(r *rand.Rand) Job {
	return Job{
		Name: "j" + strconv.Itoa(r.Intn(1000)), Namespace: "n" + strconv.Itoa(r.Intn(9)),
		Environment:        []string{"", "dev", "prod"}[r.Intn(3)],
		CheckpointInterval: time.Duration(1+r.Intn(7200)) * time.Second,
		CheckpointTimeout:  time.Duration(1+r.Intn(7200000)) * time.Millisecond,
		TolerableFailures:  r.Intn(12), TaskManagers: r.Intn(200), Suspended: r.Intn(8) == 0,
	}
}

var queryShape = regexp.MustCompile(`^(sum|min|max|avg)\(last_(\d+)m\):(.+) (<|>|>=) (\S+)$`)

func TestDatadogAcceptsEveryMonitorOfEveryJob(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 2000 {
		j := randomJob(r)
		settings := paging()
		// Any threshold at all: what Check lets through must be accepted.
		settings.Thresholds = map[string]Threshold{}
		for _, id := range IDs() {
			var change Threshold
			if r.Intn(4) == 0 {
				change.Critical = number1(float64(r.Intn(2000)-10) / 10)
			}
			if r.Intn(4) == 0 {
				change.Warning = number1(float64(r.Intn(2000)-10) / 10)
			}
			if change != (Threshold{}) {
				settings.Thresholds[id] = change
			}
		}
		for _, f := range Check(j, settings) {
			if id := strings.Split(f.Path, "."); id[0] == "thresholds" {
				delete(settings.Thresholds, id[1])
			}
		}
		if left := Check(j, settings); len(left) > 0 {
			t.Fatalf("%+v: %+v", j, left)
		}

		monitors := Monitors(j, settings)
		if len(monitors) != len(IDs()) {
			t.Fatalf("%d monitors of %d", len(monitors), len(IDs()))
		}
		names := map[string]bool{}
		for _, m := range monitors {
			parts := queryShape.FindStringSubmatch(m.Query)
			if parts == nil {
				t.Fatalf("%s: %q is not a query of a metric monitor", m.ID, m.Query)
			}
			if parts[4] != m.Comparator {
				t.Errorf("%s: %s is not the comparator of %s", m.ID, m.Comparator, m.Query)
			}
			if parts[5] != m.CriticalText() {
				t.Errorf("%s: Datadog refuses a threshold %s that is not the query's %s", m.ID, m.CriticalText(), parts[5])
			}
			if strings.ContainsAny(m.CriticalText()+m.WarningText(), "eE") {
				t.Errorf("%s: %s or %s has an exponent", m.ID, m.CriticalText(), m.WarningText())
			}
			if window, _ := strconv.Atoi(parts[2]); window < 1 || window > 2*24*60 {
				t.Errorf("%s: a window of %d minutes", m.ID, window)
			}
			if m.Warning != nil {
				warnsFirst := *m.Warning < m.Critical
				if parts[4] == "<" {
					warnsFirst = *m.Warning > m.Critical
				}
				if !warnsFirst {
					t.Errorf("%s: warning %v does not come before critical %v in %s", m.ID, *m.Warning, m.Critical, m.Query)
				}
			}
			if names[m.Name] {
				t.Errorf("two monitors are called %q", m.Name)
			}
			names[m.Name] = true
			if m.Priority < 1 || m.Priority > 5 {
				t.Errorf("%s: priority %d", m.ID, m.Priority)
			}
			if !slices.Contains([]string{"show_and_notify_no_data", "show_no_data", "resolve", "default"}, m.OnMissingData) {
				t.Errorf("%s: OnMissingData %q is not Datadog's snake_case", m.ID, m.OnMissingData)
			}
		}
	}
}

func TestEveryQueryIsAboutThisJobOnly(t *testing.T) {
	for _, m := range Monitors(fraudScoring(), paging()) {
		scopes := regexp.MustCompile(`\{[^}]*\}`).FindAllString(m.Query, -1)
		if len(scopes) == 0 {
			t.Errorf("%s: no scope in %s", m.ID, m.Query)
		}
		for _, scope := range scopes {
			if scope != "{service:fraud-scoring,env:prod}" {
				t.Errorf("%s: scope %s in %s", m.ID, scope, m.Query)
			}
		}
		for _, tag := range []string{"service:fraud-scoring", "env:prod", "job:payments/fraud-scoring", "team:payments", "alert:" + m.ID} {
			if !slices.Contains(m.Tags, tag) {
				t.Errorf("%s: no tag %s in %v", m.ID, tag, m.Tags)
			}
		}
	}
}

func TestThresholdsComeFromTheJobsSettings(t *testing.T) {
	slow := fraudScoring()
	slow.CheckpointInterval, slow.CheckpointTimeout = 20*time.Minute, 45*time.Minute
	slow.TolerableFailures, slow.TaskManagers = 0, 12

	paused := fraudScoring()
	paused.CheckpointMinPause = 5 * time.Minute

	for _, c := range []struct {
		job      Job
		id       string
		begins   string
		critical string
		warning  string
	}{
		{fraudScoring(), "checkpoint-duration", "max(last_10m):", "480000", "300000"},
		{slow, "checkpoint-duration", "max(last_10m):", "2160000", "1350000"},
		{fraudScoring(), "no-checkpoint", "sum(last_11m):monotonic_diff(", "1", ""},
		{slow, "no-checkpoint", "sum(last_65m):monotonic_diff(", "1", ""},
		{paused, "no-checkpoint", "sum(last_15m):monotonic_diff(", "1", ""},
		{fraudScoring(), "failed-checkpoints", "sum(last_33m):", "3", "1"},
		{slow, "failed-checkpoints", "sum(last_65m):", "1", ""},
		{fraudScoring(), "taskmanagers-missing", "max(last_10m):", "3", ""},
		{slow, "taskmanagers-missing", "max(last_10m):", "12", ""},
		{fraudScoring(), "restarts", "sum(last_10m):", "3", "0"},
		{fraudScoring(), "backpressure", "avg(last_10m):", "500", "250"},
		{fraudScoring(), "cpu", "min(last_15m):", "0.8", "0.7"},
	} {
		m := find(t, Monitors(c.job, paging()), c.id)
		if !strings.HasPrefix(m.Query, c.begins) || m.CriticalText() != c.critical || m.WarningText() != c.warning {
			t.Errorf("%s: %s, critical %s, warning %q; want %s..., %s, %q", c.id, m.Query, m.CriticalText(), m.WarningText(), c.begins, c.critical, c.warning)
		}
	}
}

func TestASettingMovesAThresholdAndItsQuery(t *testing.T) {
	settings := paging()
	off := false
	settings.Thresholds = map[string]Threshold{
		"consumer-lag":   {Critical: number1(5000)},
		"event-time-lag": {Critical: number1(90_000), Warning: number1(30_000)},
		"heap":           {Enabled: &off},
	}
	if found := Check(fraudScoring(), settings); len(found) > 0 {
		t.Fatal(found)
	}
	monitors := Monitors(fraudScoring(), settings)
	lag := find(t, monitors, "consumer-lag")
	if !strings.HasSuffix(lag.Query, "> 5000") || lag.Warning != nil {
		t.Errorf("%s, warning %s: the table's warning of 100000 would come after the alert", lag.Query, lag.WarningText())
	}
	late := find(t, monitors, "event-time-lag")
	if !strings.HasSuffix(late.Query, "> 90000") || late.WarningText() != "30000" {
		t.Errorf("%s, warning %s", late.Query, late.WarningText())
	}
	if slices.ContainsFunc(monitors, func(m Monitor) bool { return m.ID == "heap" }) {
		t.Error("an alert that is off is there")
	}
}

// A scenario is what a job's metrics show minute by minute; nil: no data.
type scenario func(metric string, minute int) *float64

func value(n float64) *float64 { return &n }

// state is what Datadog makes of a monitor at a minute: OK, WARN, ALERT, NO DATA, or SKIPPED for
// a window that is not full.
func state(t *testing.T, m Monitor, s scenario, now int) string {
	t.Helper()
	parts := queryShape.FindStringSubmatch(m.Query)
	window, _ := strconv.Atoi(parts[2])
	critical, _ := strconv.ParseFloat(parts[5], 64)

	point := func(minute int) *float64 {
		var operands []float64
		for _, q := range m.graph.queries {
			v := s(q.metric.Name, minute)
			if strings.HasPrefix(parts[3], "monotonic_diff(") {
				before := s(q.metric.Name, minute-1)
				if v == nil || before == nil {
					return nil
				}
				v = value(math.Max(0, *v-*before))
			}
			if v == nil {
				return nil
			}
			operands = append(operands, *v)
		}
		if len(operands) == 2 {
			return value(operands[0] / operands[1])
		}
		return value(operands[0])
	}
	var points []float64
	for minute := now - window + 1; minute <= now; minute++ {
		if p := point(minute); p != nil {
			points = append(points, *p)
		}
	}
	switch {
	case len(points) == 0:
		return "NO DATA"
	case m.RequireFullWindow && len(points) < window:
		return "SKIPPED"
	}
	result := points[0]
	if parts[1] == "sum" || parts[1] == "avg" {
		result = 0
	}
	for _, p := range points {
		switch parts[1] {
		case "min":
			result = math.Min(result, p)
		case "max":
			result = math.Max(result, p)
		case "sum":
			result += p
		case "avg":
			result += p / float64(len(points))
		}
	}
	passes := func(limit float64) bool {
		switch parts[4] {
		case "<":
			return result < limit
		case ">":
			return result > limit
		}
		return result >= limit
	}
	switch {
	case passes(critical):
		return "ALERT"
	case m.Warning != nil && passes(*m.Warning):
		return "WARN"
	}
	return "OK"
}

// up is how a monitor objective counts a state: Datadog's documents on missing data.
func up(m Monitor, state string) bool {
	return state == "OK" || state == "WARN" || state == "SKIPPED" || state == "NO DATA" && m.OnMissingData != "show_and_notify_no_data"
}

func healthy(metric string, minute int) *float64 {
	switch metric {
	case runningJobs.Name:
		return value(1)
	case registeredTMs.Name:
		return value(3)
	case completedCheckpoints.Name:
		return value(float64(2 * minute))
	case checkpointDuration.Name:
		return value(20_000)
	case heapUsed.Name:
		return value(600)
	case heapMax.Name:
		return value(1000)
	case cpuLoad.Name:
		return value(0.4)
	}
	return value(0)
}

// but is a scenario in which some metrics of a healthy job differ.
func but(differs map[string]func(minute int) *float64) scenario {
	return func(metric string, minute int) *float64 {
		if d, ok := differs[metric]; ok {
			return d(minute)
		}
		return healthy(metric, minute)
	}
}

func steady(n float64) func(int) *float64 { return func(int) *float64 { return value(n) } }

func TestAlertsSayWhatHappens(t *testing.T) {
	gone := func(string, int) *float64 { return nil }
	for name, c := range map[string]struct {
		shows scenario
		want  map[string]string
	}{
		"healthy": {healthy, map[string]string{}},
		"gone":    {gone, map[string]string{"not-running": "NO DATA", "no-checkpoint": "NO DATA"}},
		"no job on the JobManager": {but(map[string]func(int) *float64{
			runningJobs.Name: steady(0), completedCheckpoints.Name: func(int) *float64 { return nil },
		}), map[string]string{"not-running": "ALERT", "no-checkpoint": "NO DATA"}},
		// The dispatcher counts a job that restarts for ever as running.
		"restarts for ever": {but(map[string]func(int) *float64{
			restarts.Name: func(m int) *float64 { return value(float64(m)) }, completedCheckpoints.Name: steady(17),
		}), map[string]string{"restarts": "ALERT", "no-checkpoint": "ALERT"}},
		// The duration of the last checkpoint stays at its last value.
		"checkpoints stop": {but(map[string]func(int) *float64{completedCheckpoints.Name: steady(400)}),
			map[string]string{"no-checkpoint": "ALERT"}},
		"a new JobManager counts from 0": {but(map[string]func(int) *float64{
			completedCheckpoints.Name: func(m int) *float64 { return value(float64(2 * (m % 95))) },
			restarts.Name:             func(m int) *float64 { return value(float64(5 * (1 - m/95))) },
		}), map[string]string{}},
		"checkpoints fail": {but(map[string]func(int) *float64{failedCheckpoints.Name: func(m int) *float64 { return value(float64(m / 10)) }}),
			map[string]string{"failed-checkpoints": "ALERT"}},
		"one restart": {but(map[string]func(int) *float64{restarts.Name: func(m int) *float64 { return value(float64(m / 96)) }}),
			map[string]string{"restarts": "WARN"}},
		"checkpoints are slow": {but(map[string]func(int) *float64{checkpointDuration.Name: steady(500_000)}),
			map[string]string{"checkpoint-duration": "ALERT"}},
		"checkpoints slow down": {but(map[string]func(int) *float64{checkpointDuration.Name: steady(310_000)}),
			map[string]string{"checkpoint-duration": "WARN"}},
		"a TaskManager is missing": {but(map[string]func(int) *float64{registeredTMs.Name: steady(2)}),
			map[string]string{"taskmanagers-missing": "ALERT"}},
		"the topic grows": {but(map[string]func(int) *float64{pendingRecords.Name: steady(2_000_000), eventTimeLag.Name: steady(400_000)}),
			map[string]string{"consumer-lag": "ALERT", "event-time-lag": "ALERT"}},
		"busy": {but(map[string]func(int) *float64{cpuLoad.Name: steady(0.95), backPressuredTime.Name: steady(900), heapUsed.Name: steady(950)}),
			map[string]string{"cpu": "ALERT", "backpressure": "ALERT", "heap": "ALERT"}},
		// Used heap falls at each collection: a sawtooth is no finding.
		"heap is collected": {but(map[string]func(int) *float64{heapUsed.Name: func(m int) *float64 { return value(float64(300 + 68*(m%10))) }}),
			map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, m := range Monitors(fraudScoring(), paging()) {
				got, want := state(t, m, c.shows, 100), c.want[m.ID]
				if want == "" && (got == "OK" || got == "NO DATA" && m.OnMissingData != notifyMissing) {
					continue
				}
				if got == "NO DATA" && m.OnMissingData != notifyMissing {
					t.Errorf("%s has no data and tells nobody", m.ID)
				}
				if got != want {
					t.Errorf("%s is %s, want %q: %s", m.ID, got, want, m.Query)
				}
			}
		})
	}
}

func TestAJobThatStartsIsNotAlertedOnBeforeItCouldRun(t *testing.T) {
	// Three minutes old: no checkpoint yet, and the TaskManagers have just come.
	starting := func(metric string, minute int) *float64 {
		switch {
		case minute < 98:
			return nil
		case metric == completedCheckpoints.Name:
			return value(0)
		case metric == registeredTMs.Name:
			return value(float64(minute - 98))
		}
		return healthy(metric, minute)
	}
	for _, m := range Monitors(fraudScoring(), paging()) {
		if got := state(t, m, starting, 100); got != "OK" && got != "SKIPPED" {
			t.Errorf("%s is %s", m.ID, got)
		}
	}
}

func TestADeadJobCannotPassTheObjective(t *testing.T) {
	goal := SLO(fraudScoring(), paging())
	monitors := Monitors(fraudScoring(), paging())
	isUp := func(s scenario) bool {
		for _, id := range goal.Monitors {
			if m := find(t, monitors, id); !up(m, state(t, m, s, 100)) {
				return false
			}
		}
		return true
	}
	if !isUp(healthy) {
		t.Error("a healthy job counts as down")
	}
	for name, dead := range map[string]scenario{
		"no data at all":           func(string, int) *float64 { return nil },
		"no job on the JobManager": but(map[string]func(int) *float64{runningJobs.Name: steady(0)}),
		"restarts for ever":        but(map[string]func(int) *float64{completedCheckpoints.Name: steady(3)}),
		"never completed any":      but(map[string]func(int) *float64{completedCheckpoints.Name: steady(0)}),
		"only TaskManagers are left": func(metric string, minute int) *float64 {
			if strings.HasPrefix(metric, "flink.jobmanager.") {
				return nil
			}
			return healthy(metric, minute)
		},
	} {
		if isUp(dead) {
			t.Errorf("%s counts as up", name)
		}
	}
	if goal.Target != 99.9 || goal.Timeframe != "30d" {
		t.Errorf("target %v in %s", goal.Target, goal.Timeframe)
	}
}

func TestOnlyAnAlertWakesSomebody(t *testing.T) {
	for _, m := range Monitors(fraudScoring(), paging()) {
		for _, handle := range []string{"@pagerduty-payments", "@slack-payments"} {
			bare := regexp.MustCompile(`\{\{#(\w+)\}\}[^{]*\{\{/(\w+)\}\}`).ReplaceAllString(m.Message, "")
			if strings.Contains(bare, handle) {
				t.Errorf("%s: %s is told of everything:\n%s", m.ID, handle, m.Message)
			}
		}
		if !strings.Contains(m.Message, "{{#is_alert}}@pagerduty-payments{{/is_alert}}") ||
			!strings.Contains(m.Message, "{{#is_recovery}}@pagerduty-payments{{/is_recovery}}") {
			t.Errorf("%s: nobody is told of the alert or its end:\n%s", m.ID, m.Message)
		}
		if strings.Contains(m.Message, "{{#is_no_data}}@pagerduty-payments") != (m.OnMissingData == notifyMissing) {
			t.Errorf("%s: OnMissingData %s and the message disagree:\n%s", m.ID, m.OnMissingData, m.Message)
		}
		if strings.Contains(m.Message, "{{#is_warning}}@slack-payments") != (m.Warning != nil) {
			t.Errorf("%s: warning %v and the message disagree:\n%s", m.ID, m.Warning, m.Message)
		}
		if !strings.Contains(m.Message, "Runbook: docs/runbook.md#"+m.ID) {
			t.Errorf("%s: no runbook section in:\n%s", m.ID, m.Message)
		}
	}
}

func TestASuspendedJobCallsNobodyAndKeepsItsHistory(t *testing.T) {
	j := fraudScoring()
	j.Suspended = true
	monitors := Monitors(j, paging())
	if len(monitors) != len(IDs()) {
		t.Fatalf("%d monitors are left of %d: the objective's history goes with them", len(monitors), len(IDs()))
	}
	for _, m := range monitors {
		if strings.Contains(m.Message, "@") || m.OnMissingData == notifyMissing {
			t.Errorf("%s would call somebody: %s\n%s", m.ID, m.OnMissingData, m.Message)
		}
	}
}

func TestAlertsThatAreOffMakeNoMonitors(t *testing.T) {
	settings := paging()
	off := false
	settings.Enabled = &off
	if got := Monitors(fraudScoring(), settings); len(got) > 0 {
		t.Errorf("%d monitors", len(got))
	}
}

func TestWrongAlertSettingsAreRefusedWithPathReasonAndFix(t *testing.T) {
	off, yes := false, true
	prod, dev := fraudScoring(), fraudScoring()
	dev.Environment = "dev"
	with := func(id string, change Threshold) Alerts {
		a := paging()
		a.Thresholds = map[string]Threshold{id: change}
		return a
	}
	for name, c := range map[string]struct {
		job      Job
		settings Alerts
		want     []string // rule path, with ~ before a warning
	}{
		"right":                  {prod, paging(), nil},
		"two handles":            {prod, Alerts{Notify: "@pagerduty-payments @slack-payments"}, nil},
		"nobody":                 {prod, Alerts{}, []string{"alerts-notify notify"}},
		"spaces":                 {dev, Alerts{Notify: "  "}, []string{"alerts-notify notify"}},
		"no handle":              {prod, Alerts{Notify: "payments"}, []string{"alerts-notify notify"}},
		"one of two":             {prod, Alerts{Notify: "@a payments b"}, []string{"alerts-notify notify"}},
		"a template":             {prod, Alerts{Notify: "@a{{/is_alert}}"}, []string{"alerts-notify notify"}},
		"a bare @":               {prod, Alerts{Notify: "@"}, []string{"alerts-notify notify"}},
		"warning's handle":       {prod, Alerts{Notify: "@a", NotifyWarning: "b"}, []string{"alerts-notify notifyWarning"}},
		"off in production":      {prod, Alerts{Enabled: &off}, []string{"~alerts-enabled enabled"}},
		"off elsewhere":          {dev, Alerts{Enabled: &off}, nil},
		"on":                     {dev, Alerts{Enabled: &yes, Notify: "@a"}, nil},
		"target 100":             {prod, Alerts{Notify: "@a", Target: 100}, []string{"alerts-target target"}},
		"target below 0":         {prod, Alerts{Notify: "@a", Target: -1}, []string{"alerts-target target"}},
		"target not a number":    {prod, Alerts{Notify: "@a", Target: math.NaN()}, []string{"alerts-target target"}},
		"unknown alert":          {prod, with("lag", Threshold{}), []string{"alerts-known thresholds.lag"}},
		"objective's alert off":  {prod, with("no-checkpoint", Threshold{Enabled: &off}), []string{"alerts-enabled thresholds.no-checkpoint.enabled"}},
		"another alert off":      {prod, with("cpu", Threshold{Enabled: &off}), nil},
		"fixed":                  {prod, with("not-running", Threshold{Critical: number1(2)}), []string{"alerts-fixed thresholds.not-running.critical"}},
		"fixed, warning":         {prod, with("taskmanagers-missing", Threshold{Warning: number1(4)}), []string{"alerts-fixed thresholds.taskmanagers-missing.warning"}},
		"cpu in per cent":        {prod, with("cpu", Threshold{Critical: number1(80)}), []string{"alerts-threshold thresholds.cpu.critical"}},
		"all of the time":        {prod, with("backpressure", Threshold{Critical: number1(1000)}), []string{"alerts-threshold thresholds.backpressure.critical"}},
		"past the timeout":       {prod, with("checkpoint-duration", Threshold{Critical: number1(600_000)}), []string{"alerts-threshold thresholds.checkpoint-duration.critical"}},
		"below zero":             {prod, with("consumer-lag", Threshold{Critical: number1(-1)}), []string{"alerts-threshold thresholds.consumer-lag.critical"}},
		"always":                 {prod, with("failed-checkpoints", Threshold{Critical: number1(0)}), []string{"alerts-threshold thresholds.failed-checkpoints.critical"}},
		"infinite":               {prod, with("consumer-lag", Threshold{Critical: number1(math.Inf(1))}), []string{"alerts-threshold thresholds.consumer-lag.critical"}},
		"not a number":           {prod, with("consumer-lag", Threshold{Warning: number1(math.NaN())}), []string{"alerts-threshold thresholds.consumer-lag.warning"}},
		"warning after alert":    {prod, with("consumer-lag", Threshold{Critical: number1(10), Warning: number1(20)}), []string{"alerts-threshold thresholds.consumer-lag.warning"}},
		"warning with the alert": {prod, with("cpu", Threshold{Warning: number1(0.8)}), []string{"alerts-threshold thresholds.cpu.warning"}},
		"all at once": {prod, Alerts{Target: 200, Thresholds: map[string]Threshold{"x": {}, "cpu": {Critical: number1(3)}}},
			[]string{"alerts-notify notify", "alerts-target target", "alerts-threshold thresholds.cpu.critical", "alerts-known thresholds.x"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range Check(c.job, c.settings) {
				mark := ""
				if f.Warn {
					mark = "~"
				}
				got = append(got, mark+f.Rule+" "+f.Path)
				if f.Reason == "" || f.Fix == "" {
					t.Errorf("%s says no reason or no fix", f.Rule)
				}
				if Rules[f.Rule] == "" {
					t.Errorf("%s is not among the rules", f.Rule)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// The names of check 3.3.0's own map that are read here. A metric outside
// it is dropped unless it is asked for.
var mappedByCheck = []string{
	"flink_jobmanager_numRunningJobs", "flink_jobmanager_numRegisteredTaskManagers",
	"flink_jobmanager_job_numRestarts", "flink_jobmanager_job_numberOfCompletedCheckpoints",
	"flink_jobmanager_job_numberOfFailedCheckpoints", "flink_jobmanager_job_lastCheckpointDuration",
	"flink_jobmanager_job_lastCheckpointSize", "flink_taskmanager_job_task_numRecordsInPerSecond",
	"flink_taskmanager_Status_JVM_CPU_Load", "flink_taskmanager_Status_JVM_Memory_Heap_Used",
	"flink_taskmanager_Status_JVM_Memory_Heap_Max", "flink_jobmanager_Status_JVM_Memory_Heap_Used",
}

func TestAMetricHasOneNameInBothModes(t *testing.T) {
	scopes := map[string]string{
		"metrics.scope.jm": "flink.jobmanager", "metrics.scope.jm-job": "flink.jobmanager.job",
		"metrics.scope.tm": "flink.taskmanager", "metrics.scope.tm-job": "flink.taskmanager.job",
		"metrics.scope.task": "flink.task", "metrics.scope.operator": "flink.operator",
	}
	for _, m := range Metrics() {
		if got := m.HTTP(scopes); got != m.Name {
			t.Errorf("by HTTP %s is called %q", m.Name, got)
		}
		if got := m.HTTP(nil); got != "" {
			t.Errorf("without scopes %s would be called %s, with a host in it", m.Name, got)
		}
		if m.Mapped != slices.Contains(mappedByCheck, m.Prometheus()) {
			t.Errorf("%s: Mapped is %v", m.Prometheus(), m.Mapped)
		}
		if "flink."+m.Extra() != m.Name {
			t.Errorf("%s is asked for as %s", m.Name, m.Extra())
		}
	}
	if got, want := kafkaLagMax.Prometheus(), "flink_taskmanager_job_task_operator_KafkaSourceReader_KafkaConsumer_records_lag_max"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestEveryMetricThatIsReadIsListed(t *testing.T) {
	listed := map[Metric]bool{}
	for _, m := range Metrics() {
		listed[m] = true
	}
	read := map[Metric]bool{}
	for _, a := range alerts {
		for _, m := range a.graph.metrics() {
			read[m] = true
		}
	}
	for _, s := range sections {
		for _, g := range s.graphs {
			for _, m := range g.shows.metrics() {
				read[m] = true
			}
		}
	}
	for m := range read {
		if !listed[m] {
			t.Errorf("%s is read and not listed", m.Name)
		}
	}
	for m := range listed {
		if !read[m] {
			t.Errorf("%s is listed and nothing reads it", m.Name)
		}
	}
}

func ExampleMonitors() {
	for _, m := range Monitors(fraudScoring(), paging()) {
		fmt.Printf("P%d %s\n   %s\n", m.Priority, m.ID, m.Query)
	}
	// Output:
	// P1 not-running
	//    max(last_5m):max:flink.jobmanager.numRunningJobs{service:fraud-scoring,env:prod} < 1
	// P2 restarts
	//    sum(last_10m):monotonic_diff(max:flink.jobmanager.job.numRestarts{service:fraud-scoring,env:prod}) > 3
	// P1 no-checkpoint
	//    sum(last_11m):monotonic_diff(max:flink.jobmanager.job.numberOfCompletedCheckpoints{service:fraud-scoring,env:prod}) < 1
	// P2 failed-checkpoints
	//    sum(last_33m):monotonic_diff(max:flink.jobmanager.job.numberOfFailedCheckpoints{service:fraud-scoring,env:prod}) >= 3
	// P3 checkpoint-duration
	//    max(last_10m):max:flink.jobmanager.job.lastCheckpointDuration{service:fraud-scoring,env:prod} > 480000
	// P2 consumer-lag
	//    min(last_15m):sum:flink.operator.pendingRecords{service:fraud-scoring,env:prod} > 1000000
	// P2 event-time-lag
	//    min(last_10m):max:flink.operator.currentEmitEventTimeLag{service:fraud-scoring,env:prod} > 300000
	// P3 backpressure
	//    avg(last_10m):max:flink.task.backPressuredTimeMsPerSecond{service:fraud-scoring,env:prod} > 500
	// P2 taskmanagers-missing
	//    max(last_10m):max:flink.jobmanager.numRegisteredTaskManagers{service:fraud-scoring,env:prod} < 3
	// P3 cpu
	//    min(last_15m):avg:flink.taskmanager.Status.JVM.CPU.Load{service:fraud-scoring,env:prod} > 0.8
	// P3 heap
	//    min(last_15m):max:flink.taskmanager.Status.JVM.Memory.Heap.Used{service:fraud-scoring,env:prod} / max:flink.taskmanager.Status.JVM.Memory.Heap.Max{service:fraud-scoring,env:prod} > 0.9
}
