package datadog

import (
	"testing"

	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
	"flink-payments/tests/rehearsal/world"
)

type m = map[string]any

func TestDatadogRefusesWhatDatadogRefuses(t *testing.T) {
	w, err := world.Open("")
	if err != nil {
		t.Fatal(err)
	}
	d := providertest.Connect(t, New(w), provider.Hooks{}, m{})
	id, _ := d.Must(monitorType, m{"type": "query alert", "name": "n", "query": "avg(last_5m):avg:x{*} > 5", "message": "x", "monitorThresholds": m{"critical": "5"}})
	if id != "90000001" {
		t.Errorf("id %s", id)
	}
	for _, c := range []struct {
		typ    string
		inputs m
		want   string
	}{
		{monitorType, m{"type": "query alert", "name": "n", "query": "avg(last_5m):avg:x{*} > 5", "message": "x", "monitorThresholds": m{"critical": "6"}}, "does not match"},
		{objectiveType, m{"type": "monitor", "name": "n", "thresholds": []any{}, "monitorIds": []any{7.0}}, "does not exist"},
		{dashboardType, m{"dashboard": `{"title":"t"}`}, "required property"},
	} {
		_, _, err := d.Made(c.typ, c.inputs)
		providertest.Refused(t, err, c.want)
	}
}
