// Package datadog is the stand-in of Datadog: monitors, objectives and
// dashboards. No metric comes in, and no monitor fires.
package datadog

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

const (
	monitorType   = "datadog:index/monitor:Monitor"
	objectiveType = "datadog:index/serviceLevelObjective:ServiceLevelObjective"
	dashboardType = "datadog:index/dashboardJson:DashboardJson"
)

// New is Datadog around a world.
func New(w *world.World) provider.Service { return &organization{w} }

type organization struct{ world *world.World }

func (d *organization) Configure(map[string]any) error { return nil }

func (d *organization) Check(r *provider.Request) []*pulumirpc.CheckFailure {
	var failures []*pulumirpc.CheckFailure
	for _, key := range map[string][]string{
		monitorType:   {"type", "name", "query", "message"},
		objectiveType: {"type", "name", "thresholds"},
		dashboardType: {"dashboard"},
	}[r.Type] {
		if r.Inputs[key] == nil {
			failures = append(failures, provider.Fail(key, "Missing required property '%s'", key))
		}
	}
	missing := plain.Text(r.Inputs, "onMissingData")
	if missing != "" && (r.Inputs["notifyNoData"] != nil || r.Inputs["noDataTimeframe"] != nil) {
		failures = append(failures, provider.Fail("onMissingData", "conflicts with notifyNoData and noDataTimeframe"))
	}
	if missing != "" && !plain.Unknown(missing) && !slices.Contains([]string{"default", "show_no_data", "show_and_notify_no_data", "resolve"}, missing) {
		failures = append(failures, provider.Fail("onMissingData", "expected one of default, show_no_data, show_and_notify_no_data, resolve; got %s", missing))
	}
	return failures
}

func (d *organization) Replaces(r *provider.Request, path string) bool {
	return path == "type" && (r.Type == monitorType || r.Type == objectiveType)
}

var comparison = regexp.MustCompile(`(?:>=|<=|>|<|==)\s*(-?[0-9.]+(?:e[+-]?\d+)?)\s*$`)

func (d *organization) refuse(r *provider.Request) error {
	switch r.Type {
	case monitorType:
		query := plain.Text(r.Inputs, "query")
		end := comparison.FindStringSubmatch(query)
		if end == nil {
			return fmt.Errorf("error creating monitor from https://api.datadoghq.com/api/v1/monitor: 400 Bad Request: {\"errors\":[\"The value provided for parameter 'query' is invalid: %s\"]}", query)
		}
		if critical := plain.Text(r.Inputs, "monitorThresholds", "critical"); critical != "" {
			asked, err := strconv.ParseFloat(critical, 64)
			written, _ := strconv.ParseFloat(end[1], 64)
			if err != nil || asked != written {
				return fmt.Errorf("400 Bad Request: {\"errors\":[\"Alert threshold (%s) does not match that used in the query (%s).\"]}", critical, end[1])
			}
		}
		if priority := plain.Text(r.Inputs, "priority"); priority != "" {
			if n, err := strconv.Atoi(priority); err != nil || n < 1 || n > 5 {
				return fmt.Errorf("priority %q is not between 1 and 5", priority)
			}
		}
	case objectiveType:
		ids, _ := r.Inputs["monitorIds"].([]any)
		if r.Inputs["type"] == "monitor" && len(ids) == 0 {
			return errors.New("400 Bad Request: {\"errors\":[\"monitor_ids: at least one is required\"]}")
		}
		for _, id := range ids {
			number, _ := id.(float64)
			if _, there := d.world.Get("datadog", monitorType, strconv.Itoa(int(number))); !there {
				return fmt.Errorf("400 Bad Request: {\"errors\":[\"monitor %v does not exist\"]}", id)
			}
		}
	case dashboardType:
		var board map[string]any
		if err := json.Unmarshal([]byte(plain.Text(r.Inputs, "dashboard")), &board); err != nil {
			return fmt.Errorf("dashboard is no JSON: %w", err)
		}
		for _, key := range []string{"title", "layout_type", "widgets"} {
			if board[key] == nil {
				return fmt.Errorf("400 Bad Request: {\"errors\":[\"%s is a required property\"]}", key)
			}
		}
	}
	return nil
}

func (d *organization) Create(r *provider.Request) (string, map[string]any, error) {
	if err := d.refuse(r); err != nil {
		return "", nil, err
	}
	number, err := d.world.Next("datadog")
	if err != nil {
		return "", nil, err
	}
	id := strconv.FormatInt(90000000+number, 10)
	switch r.Type {
	case objectiveType:
		id = fmt.Sprintf("%032x", number)
	case dashboardType:
		id = fmt.Sprintf("%03x-abc-def", number)
	}
	state := d.outputs(r, id)
	return id, state, d.world.Put(world.Object{Package: "datadog", Type: r.Type, ID: id, Inputs: r.Inputs, State: state})
}

func (d *organization) outputs(r *provider.Request, id string) map[string]any {
	state := plain.Overlay(nil, r.Inputs)
	if r.Type == dashboardType {
		state["url"] = "/dashboard/" + id + "/flink"
	}
	return state
}

// Preview asks Datadog's validation, unless validate is false.
func (d *organization) Preview(r *provider.Request) (map[string]any, error) {
	query := r.Inputs["query"]
	if r.Type == monitorType && r.Inputs["validate"] != false && query != nil && !plain.Unknown(query) {
		if err := d.refuse(r); err != nil {
			return nil, err
		}
	}
	return plain.Overlay(r.State, r.Inputs), nil
}

func (d *organization) Read(r *provider.Request) (string, map[string]any, map[string]any, error) {
	return provider.Read(d.world, "datadog", r)
}

func (d *organization) Update(r *provider.Request) (map[string]any, error) {
	if err := d.refuse(r); err != nil {
		return nil, err
	}
	state := d.outputs(r, r.ID)
	return state, d.world.Edit("datadog", r.Type, r.ID, func(o *world.Object) error {
		o.Inputs, o.State = r.Inputs, state
		return nil
	})
}

// Delete refuses a monitor that an objective stands on.
func (d *organization) Delete(r *provider.Request) error {
	if r.Type == monitorType {
		for _, objective := range d.world.List("datadog", objectiveType) {
			ids, _ := objective.State["monitorIds"].([]any)
			for _, id := range ids {
				if number, _ := id.(float64); strconv.Itoa(int(number)) == r.ID {
					return fmt.Errorf("error deleting monitor: 400 Bad Request: {\"errors\":[\"monitor [%s] is referenced in slos: [%s]\"]}", r.ID, objective.ID)
				}
			}
		}
	}
	return d.world.Delete("datadog", r.Type, r.ID)
}

func (d *organization) Invoke(r *provider.Request) (map[string]any, error) {
	return nil, fmt.Errorf("the stand-in of Datadog has no function %s", r.Type)
}
