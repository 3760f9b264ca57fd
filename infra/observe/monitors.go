package observe

import (
	"fmt"
	"regexp"
	"strings"
)

// A Monitor is one Datadog metric monitor.
type Monitor struct {
	// ID is stable: settings, resource names and the runbook's sections are called by it.
	ID string
	// Name in Datadog's list.
	Name string
	// Query with its window, comparator and critical threshold.
	Query string
	// Comparator of the query: <, > or >=.
	Comparator string
	// Message of the notification.
	Message string
	// Critical and Warning in the metric's unit. Warning nil: it does not warn.
	Critical float64
	Warning  *float64
	// Priority from 1 (wakes somebody) to 5.
	Priority int
	// OnMissingData is Datadog's option, in its snake_case spelling.
	OnMissingData string
	// RequireFullWindow: nothing is concluded before the window is full of data.
	// It is for what takes time to appear when a job starts; Datadog wants it off for the rest.
	RequireFullWindow bool
	// RenotifyMinutes after which an unresolved alert is sent again; 0: never.
	RenotifyMinutes int
	Tags            []string
	// Metrics that the query reads.
	Metrics []Metric

	graph expression
	// over and window, in minutes, of the query.
	over   string
	window int
}

// summed says over which time the threshold adds up, as a graph of single points does not show it.
func (m Monitor) summed() string {
	if m.over != "sum" {
		return ""
	}
	return fmt.Sprintf(" in %d min", m.window)
}

// Datadog's option on_missing_data. A monitor objective counts the time of
// notifyMissing as down, and the time of any other as up.
const (
	notifyMissing = "show_and_notify_no_data"
	showMissing   = "show_no_data"
)

// MonitorType of all of them: what Datadog calls a metric monitor with a query.
const MonitorType = "query alert"

// CriticalText and WarningText are the thresholds as the query writes them. WarningText may be empty.
func (m Monitor) CriticalText() string { return number(m.Critical) }

// WarningText is the warning threshold, empty when the monitor does not warn.
func (m Monitor) WarningText() string {
	if m.Warning == nil {
		return ""
	}
	return number(*m.Warning)
}

// A query is one series: how the sources are put together, and of what.
type query struct {
	aggregator string
	metric     Metric
}

func (q query) text(scope string) string {
	return q.aggregator + ":" + q.metric.Name + "{" + scope + "}"
}

// An expression is a formula over queries, which it calls a, b, ...
type expression struct {
	formula string
	queries []query
}

var operand = regexp.MustCompile(`\b[a-z]\b`)

// text puts the queries into the formula, as a monitor writes it.
func (e expression) text(scope string) string {
	return operand.ReplaceAllStringFunc(e.formula, func(name string) string {
		return e.queries[name[0]-'a'].text(scope)
	})
}

func (e expression) metrics() []Metric {
	var metrics []Metric
	for _, q := range e.queries {
		metrics = append(metrics, q.metric)
	}
	return metrics
}

func single(aggregator string, m Metric) expression {
	return expression{"a", []query{{aggregator, m}}}
}

// increase is how much a gauge that only grows has grown: summed over a
// window, how often. A drop, when a new JobManager counts from 0, is not an
// increase; change() would take it for one.
func increase(m Metric) expression {
	return expression{"monotonic_diff(a)", []query{{"max", m}}}
}

// An alert is a row of the table: what is watched, and what a job makes of it.
type alert struct {
	id       string
	name     string
	priority int
	// over, window and comparator: min(last_10m):... > critical.
	over       string
	window     func(Job) int // minutes
	graph      expression
	comparator string
	critical   func(Job) float64
	warning    func(Job) (float64, bool)
	// fixed: the threshold is the job's own shape; a setting cannot move it.
	fixed bool
	// full: see Monitor.RequireFullWindow.
	full bool
	// max is the largest threshold that the metric can pass; 0: none.
	max      func(Job) float64
	missing  string
	renotify int
	// means is what has happened, and look what to look at first.
	means string
	look  string
}

func (a alert) absence() bool { return strings.HasPrefix(a.comparator, "<") }

func always(n int) func(Job) int        { return func(Job) int { return n } }
func level(n float64) func(Job) float64 { return func(Job) float64 { return n } }
func warns(n float64) func(Job) (float64, bool) {
	return func(Job) (float64, bool) { return n, true }
}
func silent(Job) (float64, bool) { return 0, false }

// alerts is the table.
var alerts = []alert{
	{
		// numRunningJobs is the number of jobs that the dispatcher holds, so one
		// that restarts for ever counts as running: no-checkpoint finds that one.
		id: "not-running", name: "is not running", priority: 1,
		over: "max", window: always(5), graph: single("max", runningJobs), comparator: "<",
		critical: level(1), warning: silent, fixed: true, missing: notifyMissing, renotify: 30,
		means: "No JobManager has had a running job for 5 minutes, or none reports at all.",
		look:  "The FlinkDeployment's status.error and lifecycleState, then the JobManager's log.",
	},
	{
		id: "restarts", name: "restarts", priority: 2,
		over: "sum", window: always(10), graph: increase(restarts), comparator: ">",
		critical: level(3), warning: warns(0), missing: showMissing,
		means: "The job has restarted from its last checkpoint. Each restart replays what came after it.",
		look:  "The exception history of the job, and the pods that ended.",
	},
	{
		// lastCheckpointDuration stays at its last value when checkpoints stop,
		// so what is asked is whether the number of completed ones grows.
		id: "no-checkpoint", name: "completes no checkpoint", priority: 1,
		over: "sum", window: func(j Job) int { return max(10, minutes(j.checkpointPeriod())) },
		graph: increase(completedCheckpoints), comparator: "<",
		critical: level(1), warning: silent, fixed: true, full: true, missing: notifyMissing, renotify: 60,
		means: "No checkpoint has completed within an interval and a whole timeout. A failure now replays everything since the last one.",
		look:  "The checkpoints page of the console, backpressure, and the JobManager's access to S3.",
	},
	{
		id: "failed-checkpoints", name: "fails checkpoints", priority: 2,
		over:   "sum",
		window: func(j Job) int { return max(15, minutes(j.checkpointPeriod())*max(1, j.TolerableFailures)) },
		graph:  increase(failedCheckpoints), comparator: ">=",
		critical: func(j Job) float64 { return float64(max(1, j.TolerableFailures)) },
		warning:  func(j Job) (float64, bool) { return 1, j.TolerableFailures > 1 },
		missing:  showMissing,
		means:    "As many checkpoints have failed as the job tolerates in a row. One more restarts it.",
		look:     "The failure's message on the checkpoints page of the console.",
	},
	{
		id: "checkpoint-duration", name: "checkpoints slowly", priority: 3,
		over: "max", window: always(10), graph: single("max", checkpointDuration), comparator: ">",
		critical: func(j Job) float64 { return 0.8 * float64(j.CheckpointTimeout.Milliseconds()) },
		warning:  func(j Job) (float64, bool) { return 0.5 * float64(j.CheckpointTimeout.Milliseconds()), true },
		max:      func(j Job) float64 { return float64(j.CheckpointTimeout.Milliseconds()) },
		missing:  showMissing,
		means:    "The last checkpoint took most of the timeout. Past the timeout it is given up.",
		look:     "Backpressure first, because barriers wait behind data; then the size of the state and S3's latency.",
	},
	{
		id: "consumer-lag", name: "lags behind its topic", priority: 2,
		over: "min", window: always(15), graph: single("sum", pendingRecords), comparator: ">",
		critical: level(1_000_000), warning: warns(100_000), missing: showMissing,
		means: "The records that wait in the topic have stayed above the threshold for 15 minutes.",
		look:  "Backpressure and CPU: is the job too slow, or does a partition not move?",
	},
	{
		id: "event-time-lag", name: "sees events late", priority: 2,
		over: "min", window: always(10), graph: single("max", eventTimeLag), comparator: ">",
		critical: level(300_000), warning: warns(60_000), missing: showMissing,
		means: "Events are that old when the source emits them: what the job decides is late by as much.",
		look:  "Consumer lag. Without lag the producer is late, not the job.",
	},
	{
		id: "backpressure", name: "is backpressured", priority: 3,
		over: "avg", window: always(10), graph: single("max", backPressuredTime), comparator: ">",
		critical: level(500), warning: warns(250), max: level(1000), missing: showMissing,
		means: "A task has waited for the next one for more than half of the time.",
		look:  "The first task after the last backpressured one is the slow one: the dashboard splits by task.",
	},
	{
		id: "taskmanagers-missing", name: "lacks TaskManagers", priority: 2,
		over: "max", window: always(10), graph: single("max", registeredTMs), comparator: "<",
		critical: func(j Job) float64 { return float64(max(1, j.TaskManagers)) }, warning: silent, fixed: true, full: true, missing: showMissing,
		means: "Fewer TaskManagers are registered than the parallelism needs: the job cannot be scheduled as a whole.",
		look:  "Pending pods of the namespace, and whether the nodes have room.",
	},
	{
		id: "cpu", name: "uses its CPU up", priority: 3,
		over: "min", window: always(15), graph: single("avg", cpuLoad), comparator: ">",
		critical: level(0.8), warning: warns(0.7), max: level(1), missing: showMissing,
		means: "The TaskManagers have been above the threshold for 15 minutes: nothing is left to catch up with.",
		look:  "Parallelism, and the CPU of a TaskManager.",
	},
	{
		// The minimum, because used heap falls at each collection: what stays is live.
		id: "heap", name: "fills its heap", priority: 3,
		over: "min", window: always(15), graph: expression{"a / b", []query{{"max", heapUsed}, {"max", heapMax}}}, comparator: ">",
		critical: level(0.9), warning: warns(0.8), max: level(1), missing: showMissing,
		means: "The heap of a TaskManager stays full after collections. The state of RocksDB is not in it.",
		look:  "What the user code keeps in memory, then the memory of a TaskManager.",
	},
}

// IDs of all alerts, in the table's order.
func IDs() []string {
	var ids []string
	for _, a := range alerts {
		ids = append(ids, a.id)
	}
	return ids
}

// objectiveOn are the alerts that the objective stands on, so none of them can be left out.
var objectiveOn = []string{"not-running", "no-checkpoint"}

// Monitors of a job, in the table's order; none when alerts are off. The settings must have passed Check.
//
// A suspended job keeps its monitors, and with them the objective's history,
// but they call nobody and take missing data for what it is.
func Monitors(j Job, settings Alerts) []Monitor {
	settings = settings.WithDefaults()
	if !settings.On() {
		return nil
	}
	if j.Suspended {
		settings.Notify, settings.NotifyWarning = "", ""
	}
	var monitors []Monitor
	for _, a := range alerts {
		change := settings.Thresholds[a.id]
		if change.Enabled != nil && !*change.Enabled {
			continue
		}
		monitors = append(monitors, a.monitor(j, settings, change))
	}
	return monitors
}

func (a alert) monitor(j Job, settings Alerts, change Threshold) Monitor {
	critical, warning := a.thresholds(j, change)
	missing := a.missing
	if j.Suspended {
		missing = showMissing
	}
	return Monitor{
		ID:   a.id,
		Name: fmt.Sprintf("Flink job %s %s", j.title(), a.name),
		Query: fmt.Sprintf("%s(last_%dm):%s %s %s",
			a.over, a.window(j), a.graph.text(j.scope()), a.comparator, number(critical)),
		Comparator:        a.comparator,
		Message:           a.message(j, settings, warning != nil),
		Critical:          critical,
		Warning:           warning,
		Priority:          a.priority,
		OnMissingData:     missing,
		RequireFullWindow: a.full,
		RenotifyMinutes:   a.renotify,
		Tags:              append(j.Tags(), "alert:"+a.id),
		Metrics:           a.graph.metrics(),
		graph:             a.graph,
		over:              a.over,
		window:            a.window(j),
	}
}

// thresholds are the table's, changed by the setting. A warning of the table's
// goes where a changed critical threshold leaves it no room.
func (a alert) thresholds(j Job, change Threshold) (float64, *float64) {
	critical := a.critical(j)
	if change.Critical != nil {
		critical = *change.Critical
	}
	if change.Warning != nil {
		return critical, change.Warning
	}
	if warning, ok := a.warning(j); ok && a.near(warning, critical) {
		return critical, &warning
	}
	return critical, nil
}

// near reports whether a warning comes before the alert does.
func (a alert) near(warning, critical float64) bool {
	if a.absence() {
		return warning > critical
	}
	return warning < critical
}

// message says what happened, what to look at and where the runbook is. The
// handles stand inside Datadog's conditions, so that a warning does not page.
func (a alert) message(j Job, settings Alerts, warning bool) string {
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	line("%s", a.means)
	line("")
	line("Look first at: %s", a.look)
	line("Runbook: %s#%s", settings.Runbook, a.id)
	line("Job: %s in namespace %s", j.Name, j.Namespace)
	if j.Suspended {
		line("The job is suspended on purpose.")
	}
	if settings.Notify != "" {
		line("{{#is_alert}}%s{{/is_alert}}", settings.Notify)
		if a.missing == notifyMissing {
			line("{{#is_no_data}}%s{{/is_no_data}}", settings.Notify)
		}
		line("{{#is_recovery}}%s{{/is_recovery}}", settings.Notify)
	}
	if settings.NotifyWarning != "" && warning {
		line("{{#is_warning}}%s{{/is_warning}}", settings.NotifyWarning)
	}
	return strings.TrimSuffix(text.String(), "\n")
}
