package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/world"
)

const (
	monitorType   = "datadog:index/monitor:Monitor"
	objectiveType = "datadog:index/serviceLevelObjective:ServiceLevelObjective"
	dashboardType = "datadog:index/dashboardJson:DashboardJson"
)

type datadog struct{ world *world.World }

func (d *datadog) configure(map[string]any) error { return nil }

func (d *datadog) check(r *request) []*pulumirpc.CheckFailure {
	var failures []*pulumirpc.CheckFailure
	for _, key := range map[string][]string{
		monitorType:   {"type", "name", "query", "message"},
		objectiveType: {"type", "name", "thresholds"},
		dashboardType: {"dashboard"},
	}[r.typ] {
		if r.inputs[key] == nil {
			failures = append(failures, fail(key, "Missing required property '%s'", key))
		}
	}
	missing := text(r.inputs, "onMissingData")
	if missing != "" && (r.inputs["notifyNoData"] != nil || r.inputs["noDataTimeframe"] != nil) {
		failures = append(failures, fail("onMissingData", "conflicts with notifyNoData and noDataTimeframe"))
	}
	if missing != "" && !unknown(missing) && !slices.Contains([]string{"default", "show_no_data", "show_and_notify_no_data", "resolve"}, missing) {
		failures = append(failures, fail("onMissingData", "expected one of default, show_no_data, show_and_notify_no_data, resolve; got %s", missing))
	}
	return failures
}

func (d *datadog) replaces(r *request, path string) bool {
	return path == "type" && (r.typ == monitorType || r.typ == objectiveType)
}

var comparison = regexp.MustCompile(`(?:>=|<=|>|<|==)\s*(-?[0-9.]+(?:e[+-]?\d+)?)\s*$`)

func (d *datadog) refuse(r *request) error {
	switch r.typ {
	case monitorType:
		query := text(r.inputs, "query")
		end := comparison.FindStringSubmatch(query)
		if end == nil {
			return fmt.Errorf("error creating monitor from https://api.datadoghq.com/api/v1/monitor: 400 Bad Request: {\"errors\":[\"The value provided for parameter 'query' is invalid: %s\"]}", query)
		}
		if critical := text(r.inputs, "monitorThresholds", "critical"); critical != "" {
			asked, err := strconv.ParseFloat(critical, 64)
			written, _ := strconv.ParseFloat(end[1], 64)
			if err != nil || asked != written {
				return fmt.Errorf("400 Bad Request: {\"errors\":[\"Alert threshold (%s) does not match that used in the query (%s).\"]}", critical, end[1])
			}
		}
		if priority := text(r.inputs, "priority"); priority != "" {
			if n, err := strconv.Atoi(priority); err != nil || n < 1 || n > 5 {
				return fmt.Errorf("priority %q is not between 1 and 5", priority)
			}
		}
	case objectiveType:
		ids, _ := r.inputs["monitorIds"].([]any)
		if r.inputs["type"] == "monitor" && len(ids) == 0 {
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
		if err := json.Unmarshal([]byte(text(r.inputs, "dashboard")), &board); err != nil {
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

func (d *datadog) create(r *request) (string, map[string]any, error) {
	if err := d.refuse(r); err != nil {
		return "", nil, err
	}
	number, err := d.world.Next("datadog")
	if err != nil {
		return "", nil, err
	}
	id := strconv.FormatInt(90000000+number, 10)
	switch r.typ {
	case objectiveType:
		id = fmt.Sprintf("%032x", number)
	case dashboardType:
		id = fmt.Sprintf("%03x-abc-def", number)
	}
	state := d.outputs(r, id)
	return id, state, d.world.Put(world.Object{Package: "datadog", Type: r.typ, ID: id, Inputs: r.inputs, State: state})
}

func (d *datadog) outputs(r *request, id string) map[string]any {
	state := overlay(nil, r.inputs)
	if r.typ == dashboardType {
		state["url"] = "/dashboard/" + id + "/flink"
	}
	return state
}

// preview asks Datadog's validation, unless validate is false.
func (d *datadog) preview(r *request) (map[string]any, error) {
	query := r.inputs["query"]
	if r.typ == monitorType && r.inputs["validate"] != false && query != nil && !unknown(query) {
		if err := d.refuse(r); err != nil {
			return nil, err
		}
	}
	return overlay(r.state, r.inputs), nil
}

func (d *datadog) read(r *request) (string, map[string]any, map[string]any, error) {
	return readPlain(d.world, "datadog", r)
}

func (d *datadog) update(r *request) (map[string]any, error) {
	if err := d.refuse(r); err != nil {
		return nil, err
	}
	state := d.outputs(r, r.id)
	return state, d.world.Edit("datadog", r.typ, r.id, func(o *world.Object) error {
		o.Inputs, o.State = r.inputs, state
		return nil
	})
}

// delete refuses a monitor that an objective stands on.
func (d *datadog) delete(r *request) error {
	if r.typ == monitorType {
		for _, objective := range d.world.List("datadog", objectiveType) {
			ids, _ := objective.State["monitorIds"].([]any)
			for _, id := range ids {
				if number, _ := id.(float64); strconv.Itoa(int(number)) == r.id {
					return fmt.Errorf("error deleting monitor: 400 Bad Request: {\"errors\":[\"monitor [%s] is referenced in slos: [%s]\"]}", r.id, objective.ID)
				}
			}
		}
	}
	return d.world.Delete("datadog", r.typ, r.id)
}

func (d *datadog) invoke(r *request) (map[string]any, error) {
	return nil, fmt.Errorf("the stand-in of Datadog has no function %s", r.typ)
}
