package datadog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flink-payments/infra/observe"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// recorder answers as Datadog would, and keeps what was registered.
type recorder struct {
	mu      sync.Mutex
	made    []pulumi.MockResourceArgs
	numbers bool
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made = append(r.made, args)
	outputs := args.Inputs.Copy()
	switch args.TypeToken {
	case monitorType:
		if r.numbers {
			return fmt.Sprint(1000 + len(r.made)), outputs, nil
		}
	case dashboardType:
		outputs["url"] = resource.NewStringProperty("/dashboard/abc-def-ghi/flink-job")
	}
	return args.Name + "-id", outputs, nil
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, errors.New("no function is called: " + args.Token)
}

func (r *recorder) of(token string) []pulumi.MockResourceArgs {
	var found []pulumi.MockResourceArgs
	for _, made := range r.made {
		if made.TypeToken == token {
			found = append(found, made)
		}
	}
	return found
}

func fraudScoring() MonitorsArgs {
	return MonitorsArgs{
		Job: observe.Job{
			Name: "fraud-scoring", Namespace: "payments", Environment: "prod", Team: "payments",
			CheckpointInterval: 30 * time.Second, CheckpointTimeout: 10 * time.Minute,
			TolerableFailures: 3, TaskManagers: 3,
		},
		Alerts: observe.Alerts{Notify: "@pagerduty-payments"},
		Site:   "datadoghq.com",
	}
}

// run registers the monitors, and returns what was made and the outputs that were known.
func run(args MonitorsArgs, options ...pulumi.RunOption) (*recorder, map[string]any, error) {
	made, outputs := &recorder{numbers: true}, map[string]any{}
	var mu sync.Mutex
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		provider, err := NewProvider(ctx, "datadog", ProviderArgs{Site: args.Site, Validate: args.Validate})
		if err != nil {
			return err
		}
		monitors, err := NewMonitors(ctx, "fraud-scoring-monitors", args, pulumi.Provider(provider))
		if err != nil {
			return err
		}
		pulumi.All(monitors.MonitorIDs, monitors.ObjectiveID, monitors.DashboardURL).ApplyT(func(all []any) any {
			mu.Lock()
			defer mu.Unlock()
			outputs["monitorIds"], outputs["objectiveId"], outputs["dashboardUrl"] = all[0], all[1], all[2]
			return nil
		})
		return nil
	}, append([]pulumi.RunOption{pulumi.WithMocks("flink-payments", "test", made)}, options...)...)
	return made, outputs, err
}

func dryRun(info *pulumi.RunInfo) { info.DryRun = true }

func TestEveryAlertOfTheTableBecomesAMonitor(t *testing.T) {
	made, outputs, err := run(fraudScoring())
	if err != nil {
		t.Fatal(err)
	}
	table := observe.Monitors(fraudScoring().Job, fraudScoring().Alerts)
	monitors := made.of(monitorType)
	if len(monitors) != len(table) {
		t.Fatalf("%d monitors, the table has %d", len(monitors), len(table))
	}
	ids := outputs["monitorIds"].(map[string]string)
	for _, row := range table {
		at := slices.IndexFunc(monitors, func(m pulumi.MockResourceArgs) bool { return m.Name == "fraud-scoring-monitors-"+row.ID })
		if at < 0 {
			t.Errorf("no monitor %s", row.ID)
			continue
		}
		in := monitors[at].Inputs
		thresholds := in["monitorThresholds"].ObjectValue()
		if in["query"].StringValue() != row.Query || in["message"].StringValue() != row.Message || in["name"].StringValue() != row.Name {
			t.Errorf("%s: %v", row.ID, in)
		}
		// Strings: the SDK's own fields are, and a number would be refused by the plugin.
		if got := thresholds["critical"].StringValue(); got != row.CriticalText() || !strings.HasSuffix(row.Query, " "+got) {
			t.Errorf("%s: critical %s, query %s", row.ID, got, row.Query)
		}
		if warning, ok := thresholds["warning"]; ok != (row.Warning != nil) || ok && warning.StringValue() != row.WarningText() {
			t.Errorf("%s: warning %v, want %q", row.ID, thresholds["warning"], row.WarningText())
		}
		if in["priority"].StringValue() != fmt.Sprint(row.Priority) || in["onMissingData"].StringValue() != row.OnMissingData {
			t.Errorf("%s: priority %v, onMissingData %v", row.ID, in["priority"], in["onMissingData"])
		}
		for _, excluded := range []resource.PropertyKey{"notifyNoData", "noDataTimeframe"} {
			if _, ok := in[excluded]; ok {
				t.Errorf("%s: %s and onMissingData exclude each other", row.ID, excluded)
			}
		}
		if ids[row.ID] == "" {
			t.Errorf("%s has no id among the outputs %v", row.ID, ids)
		}
	}
}

func TestTheObjectiveStandsOnTheMonitorsThatWereMade(t *testing.T) {
	made, outputs, err := run(fraudScoring())
	if err != nil {
		t.Fatal(err)
	}
	objectives := made.of(objectiveType)
	if len(objectives) != 1 {
		t.Fatalf("%d objectives", len(objectives))
	}
	ids := outputs["monitorIds"].(map[string]string)
	var got []string
	for _, id := range objectives[0].Inputs["monitorIds"].ArrayValue() {
		got = append(got, fmt.Sprint(id.NumberValue()))
	}
	if want := []string{ids["not-running"], ids["no-checkpoint"]}; !slices.Equal(got, want) {
		t.Errorf("stands on %v, want %v", got, want)
	}
	if kind := objectives[0].Inputs["type"].StringValue(); kind != "monitor" {
		t.Errorf("type %s: a time-slice objective counts missing data as up", kind)
	}
}

func TestTheDashboardsAddressIsOneThatPeopleCanOpen(t *testing.T) {
	for site, want := range map[string]string{
		"datadoghq.com":     "https://app.datadoghq.com/dashboard/abc-def-ghi/flink-job",
		"datadoghq.eu":      "https://app.datadoghq.eu/dashboard/abc-def-ghi/flink-job",
		"us3.datadoghq.com": "https://us3.datadoghq.com/dashboard/abc-def-ghi/flink-job",
		"ap1.datadoghq.com": "https://ap1.datadoghq.com/dashboard/abc-def-ghi/flink-job",
		"ddog-gov.com":      "https://app.ddog-gov.com/dashboard/abc-def-ghi/flink-job",
	} {
		args := fraudScoring()
		args.Site = site
		made, outputs, err := run(args)
		if err != nil {
			t.Fatal(err)
		}
		if outputs["dashboardUrl"] != want {
			t.Errorf("%s: %v, want %s", site, outputs["dashboardUrl"], want)
		}
		if api := made.of(providerType)[0].Inputs["apiUrl"].StringValue(); api != "https://api."+site+"/" {
			t.Errorf("%s: api %s", site, api)
		}
	}
}

func TestNoKeyIsAnInput(t *testing.T) {
	t.Setenv("DD_API_KEY", "0123456789abcdef")
	t.Setenv("DD_APP_KEY", "fedcba9876543210")
	made, _, err := run(fraudScoring())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range made.made {
		for key := range m.Inputs {
			if regexp.MustCompile(`(?i)(api|app)_?key|token|secret`).MatchString(string(key)) {
				t.Errorf("%s has the input %s", m.Name, key)
			}
		}
		if text := fmt.Sprint(m.Inputs); strings.Contains(text, "0123456789abcdef") || strings.Contains(text, "fedcba9876543210") {
			t.Errorf("%s holds a key", m.Name)
		}
	}
}

func TestAPreviewAsksDatadogNothingUnlessItIsTold(t *testing.T) {
	for _, validate := range []bool{false, true} {
		args := fraudScoring()
		args.Validate = validate
		made, _, err := run(args, dryRun)
		if err != nil {
			t.Fatal(err)
		}
		if got := made.of(providerType)[0].Inputs["validate"].StringValue(); got != fmt.Sprint(validate) {
			t.Errorf("provider: validate %q, want %v as a word", got, validate)
		}
		asked := append(made.of(monitorType), made.of(objectiveType)...)
		if len(asked) != len(observe.IDs())+1 {
			t.Errorf("%d resources in the preview", len(asked))
		}
		for _, m := range asked {
			if m.Inputs["validate"].BoolValue() != validate {
				t.Errorf("%s: validate %v", m.Name, m.Inputs["validate"])
			}
		}
	}
}

func TestEverythingIsTheComponentsChildWithThePluginsVersion(t *testing.T) {
	made, _, err := run(fraudScoring())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range made.made {
		if m.TypeToken == "flink-payments:infra:Monitors" {
			continue
		}
		if m.RegisterRPC.GetVersion() != Version {
			t.Errorf("%s: version %q", m.Name, m.RegisterRPC.GetVersion())
		}
		if m.TypeToken != providerType && !strings.Contains(m.RegisterRPC.GetParent(), "flink-payments:infra:Monitors::fraud-scoring-monitors") {
			t.Errorf("%s: parent %q", m.Name, m.RegisterRPC.GetParent())
		}
	}
}

func TestWhatCannotWorkIsRefusedBeforeAnythingIsMade(t *testing.T) {
	off := false
	for name, c := range map[string]struct {
		change func(*MonitorsArgs)
		says   string
	}{
		"no name":         {func(a *MonitorsArgs) { a.Job.Name = "" }, "name or namespace"},
		"no namespace":    {func(a *MonitorsArgs) { a.Job.Namespace = "" }, "name or namespace"},
		"no timeout":      {func(a *MonitorsArgs) { a.Job.CheckpointTimeout = 0 }, "checkpoints.timeout"},
		"no interval":     {func(a *MonitorsArgs) { a.Job.CheckpointInterval = 0 }, "checkpoints.interval"},
		"no TaskManagers": {func(a *MonitorsArgs) { a.Job.TaskManagers = 0 }, "parallelism"},
		"no site":         {func(a *MonitorsArgs) { a.Site = "" }, "datadog.site"},
		"off":             {func(a *MonitorsArgs) { a.Alerts.Enabled = &off }, "alerts.enabled"},
		"a wrong handle":  {func(a *MonitorsArgs) { a.Alerts.Notify = "payments" }, "alerts.notify"},
	} {
		args := fraudScoring()
		c.change(&args)
		made, _, err := run(args)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v", name, err)
		}
		if len(made.of(monitorType)) > 0 || len(made.of("flink-payments:infra:Monitors")) > 0 {
			t.Errorf("%s: %d resources were made all the same", name, len(made.made))
		}
	}
}

func TestAMonitorWithoutANumberFailsTheObjectiveByName(t *testing.T) {
	made := &recorder{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewMonitors(ctx, "m", fraudScoring())
		return err
	}, pulumi.WithMocks("flink-payments", "test", made))
	if err == nil || !strings.Contains(err.Error(), "not-running") {
		t.Errorf("error %v", err)
	}
}
