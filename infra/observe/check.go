package observe

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// A Finding is one setting that is wrong. Its fields are those of a rule's
// violation, so that whoever judges settings can put it beside the others.
type Finding struct {
	// Rule is stable: documents and tests refer to it.
	Rule string
	// Warn: the finding is shown and stops nothing.
	Warn bool
	// Path below `alerts`, such as thresholds.cpu.critical.
	Path   string
	Value  string
	Reason string
	Fix    string
}

// Rules that Check applies, each with what it promises.
var Rules = map[string]string{
	"alerts-notify":    "An alert reaches somebody, and only by Datadog's handles.",
	"alerts-enabled":   "Production is watched, and what the objective stands on is never left out.",
	"alerts-known":     "A changed threshold belongs to an alert that exists.",
	"alerts-fixed":     "A threshold that is the job's own shape is not moved.",
	"alerts-threshold": "A threshold can be passed, and a warning comes before its alert.",
	"alerts-target":    "The objective's target lies between 0 and 100 per cent.",
}

// Check judges the alerts of a job, in an order that does not change.
func Check(j Job, settings Alerts) []Finding {
	settings = settings.WithDefaults()
	var found []Finding
	add := func(f Finding) { found = append(found, f) }

	if !settings.On() && j.Environment == "prod" {
		add(Finding{Rule: "alerts-enabled", Warn: true, Path: "enabled", Value: "false",
			Reason: "a job of production would stop without anybody being told", Fix: "true, or leave it out"})
	}
	if settings.On() && strings.TrimSpace(settings.Notify) == "" {
		add(Finding{Rule: "alerts-notify", Path: "notify",
			Reason: "an alert that is sent to nobody wakes nobody", Fix: `a Datadog handle, such as "@pagerduty-payments"`})
	}
	for _, handles := range []struct{ path, value string }{{"notify", settings.Notify}, {"notifyWarning", settings.NotifyWarning}} {
		for _, word := range strings.Fields(handles.value) {
			if !strings.HasPrefix(word, "@") || len(word) < 2 || strings.ContainsAny(word, "{}") {
				add(Finding{Rule: "alerts-notify", Path: handles.path, Value: handles.value,
					Reason: fmt.Sprintf("%q is no Datadog handle: it starts with @ and holds no braces", word),
					Fix:    `handles with spaces between them, such as "@pagerduty-payments @slack-payments"`})
				break
			}
		}
	}
	if t := settings.Target; !(t > 0 && t < 100) {
		add(Finding{Rule: "alerts-target", Path: "target", Value: number(t),
			Reason: "a target is a share of time in per cent: 100 can never be kept", Fix: "99.9, or another number above 0 and below 100"})
	}

	ids := make([]string, 0, len(settings.Thresholds))
	for id := range settings.Thresholds {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		path := "thresholds." + id
		at := slices.IndexFunc(alerts, func(a alert) bool { return a.id == id })
		if at < 0 {
			add(Finding{Rule: "alerts-known", Path: path, Value: id,
				Reason: "there is no alert of this name", Fix: "one of " + strings.Join(IDs(), ", ")})
			continue
		}
		found = append(found, alerts[at].check(j, path, settings.Thresholds[id])...)
	}
	return found
}

func (a alert) check(j Job, path string, change Threshold) []Finding {
	var found []Finding
	if change.Enabled != nil && !*change.Enabled && slices.Contains(objectiveOn, a.id) {
		found = append(found, Finding{Rule: "alerts-enabled", Path: path + ".enabled", Value: "false",
			Reason: "the service level objective stands on this alert", Fix: "true, or leave it out; to watch nothing at all, alerts.enabled: false"})
	}
	limits := []struct {
		path  string
		value *float64
	}{{path + ".critical", change.Critical}, {path + ".warning", change.Warning}}
	passable := true
	for _, limit := range limits {
		if limit.value == nil {
			continue
		}
		if a.fixed {
			found = append(found, Finding{Rule: "alerts-fixed", Path: limit.path, Value: number(*limit.value),
				Reason: "the threshold comes from the job's own settings", Fix: "leave it out"})
			passable = false
			continue
		}
		if reason := a.impassable(j, *limit.value); reason != "" {
			found = append(found, Finding{Rule: "alerts-threshold", Path: limit.path, Value: number(*limit.value),
				Reason: reason, Fix: "a number that the metric can pass, such as " + number(a.critical(j))})
			passable = false
		}
	}
	critical, warning := a.thresholds(j, change)
	if passable && warning != nil && !a.near(*warning, critical) {
		found = append(found, Finding{Rule: "alerts-threshold", Path: path + ".warning", Value: number(*warning),
			Reason: "the warning would come no earlier than the alert, at " + number(critical), Fix: "a number below " + number(critical)})
	}
	return found
}

// impassable says why no value of the metric passes a threshold; empty: one does.
func (a alert) impassable(j Job, n float64) string {
	switch {
	case math.IsNaN(n) || math.IsInf(n, 0):
		return "it is not a number that Datadog can compare with"
	case n < 0 || n == 0 && a.comparator == ">=":
		return "the alert would never end: the metric is never below 0"
	case a.max != nil && n >= a.max(j):
		return fmt.Sprintf("the metric does not go above %s", number(a.max(j)))
	}
	return ""
}
