package flink

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTheAgentIsToldWhereToScrapeAndWhatItWouldDrop(t *testing.T) {
	annotation := guideJob().metricsAnnotations()["ad.datadoghq.com/flink-main-container.checks"]
	var checks map[string]struct {
		Instances []struct {
			Endpoint string              `json:"openmetrics_endpoint"`
			Extra    []map[string]string `json:"extra_metrics"`
		}
	}
	if err := json.Unmarshal([]byte(annotation), &checks); err != nil {
		t.Fatalf("%v: %s", err, annotation)
	}
	instance := checks["flink"].Instances[0]
	port := guideJob().Configuration(guideSite())["metrics.reporter.prom.port"]
	if instance.Endpoint != "http://%%host%%:"+port+"/metrics" {
		t.Errorf("scrapes %s, the reporter listens on %s", instance.Endpoint, port)
	}
	wanted := []string{
		"operator.pendingRecords", "operator.KafkaSourceReader.KafkaConsumer.records_lag_max", "operator.currentEmitEventTimeLag",
		"task.backPressuredTimeMsPerSecond", "jobmanager.taskSlotsAvailable", "jobmanager.job.runningTime",
	}
	got := map[string]string{}
	for raw, name := range instance.Extra[0] {
		got[name] = raw
	}
	for _, name := range wanted {
		// The reporter writes the scope and the name with underscores.
		if raw := got[name]; !strings.HasPrefix(raw, "flink_") || !strings.HasSuffix(raw, name[strings.LastIndex(name, ".")+1:]) {
			t.Errorf("%s comes from %q", name, raw)
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("%d extra metrics, want %d", len(got), len(wanted))
	}
}

func TestOnlyAgentModeIsScraped(t *testing.T) {
	for _, mode := range []string{"http", "none"} {
		j := guideJob()
		j.Metrics.Mode = mode
		if got := j.metricsAnnotations(); len(got) > 0 {
			t.Errorf("%s: %v", mode, got)
		}
	}
	j := guideJob()
	j.Metrics.Mode = "none"
	for key := range j.Configuration(guideSite()) {
		if strings.HasPrefix(key, "metrics.reporter.") {
			t.Errorf("none: %s", key)
		}
	}
}
