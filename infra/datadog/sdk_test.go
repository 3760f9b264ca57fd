//go:build sdk

// With the tag the SDK's own package is compiled, which takes minutes and 9 GB:
//
//	go test -tags sdk ./infra/datadog
package datadog

import (
	"reflect"
	"strings"
	"testing"

	"flink-payments/infra/observe"

	sdk "github.com/pulumi/pulumi-datadog/sdk/v4/go/datadog"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// holds reports where inputs do not fit the SDK's plain struct of the same arguments.
func holds(t *testing.T, path string, input pulumi.Input, want reflect.Type) {
	t.Helper()
	if want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	switch input := input.(type) {
	case pulumi.Map:
		if want.Kind() != reflect.Struct {
			t.Errorf("%s: the SDK has a %s there", path, want)
			return
		}
		fields := map[string]reflect.Type{}
		for i := range want.NumField() {
			name, _, _ := strings.Cut(want.Field(i).Tag.Get("pulumi"), ",")
			fields[name] = want.Field(i).Type
		}
		for key, value := range input {
			field, known := fields[key]
			if !known {
				t.Errorf("%s.%s: the SDK has no such input", path, key)
				continue
			}
			holds(t, path+"."+key, value, field)
		}
	case pulumi.Array:
		if want.Kind() != reflect.Slice {
			t.Errorf("%s: the SDK has a %s there", path, want)
			return
		}
		for _, value := range input {
			holds(t, path+"[]", value, want.Elem())
		}
	default:
		if got := input.ElementType(); got != want {
			t.Errorf("%s: %s, and the SDK has a %s", path, got, want)
		}
	}
}

// plain is what the SDK's arguments have, though they are no inputs.
type plain interface{ ElementType() reflect.Type }

func TestTheBindingsInputsAreTheSDKs(t *testing.T) {
	args := fraudScoring()
	of := func(p plain) reflect.Type { return p.ElementType() }
	holds(t, "provider", providerInputs(ProviderArgs{Site: "datadoghq.com"}), of(sdk.ProviderArgs{}))
	for _, m := range observe.Monitors(args.Job, args.Alerts) {
		holds(t, "monitor", monitorInputs(m, false), of(sdk.MonitorArgs{}))
	}
	goal := objectiveInputs(observe.SLO(args.Job, args.Alerts), nil, false)
	goal["monitorIds"] = pulumi.IntArray{pulumi.Int(1)}
	holds(t, "objective", goal, of(sdk.ServiceLevelObjectiveArgs{}))
	holds(t, "dashboard", dashboardInputs("{}"), of(sdk.DashboardJsonArgs{}))
}

func TestTheBindingsTypesAndVersionAreTheSDKs(t *testing.T) {
	made := &recorder{numbers: true}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		if _, err := sdk.NewProvider(ctx, "p", nil); err != nil {
			return err
		}
		if _, err := sdk.NewMonitor(ctx, "m", &sdk.MonitorArgs{Message: pulumi.String(""), Name: pulumi.String(""), Query: pulumi.String(""), Type: pulumi.String("")}); err != nil {
			return err
		}
		if _, err := sdk.NewServiceLevelObjective(ctx, "s", &sdk.ServiceLevelObjectiveArgs{Name: pulumi.String(""), Type: pulumi.String(""), Thresholds: sdk.ServiceLevelObjectiveThresholdArray{}}); err != nil {
			return err
		}
		_, err := sdk.NewDashboardJson(ctx, "d", &sdk.DashboardJsonArgs{Dashboard: pulumi.String("{}")})
		return err
	}, pulumi.WithMocks("flink-payments", "test", made))
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"p": providerType, "m": monitorType, "s": objectiveType, "d": dashboardType} {
		for _, m := range made.made {
			if m.Name != name {
				continue
			}
			if m.TypeToken != token || m.RegisterRPC.GetVersion() != Version {
				t.Errorf("the SDK registers %s of version %s, the binding %s of %s", m.TypeToken, m.RegisterRPC.GetVersion(), token, Version)
			}
		}
	}
	if len(made.made) != 4 {
		t.Fatalf("%d resources", len(made.made))
	}
	field, ok := reflect.TypeOf(sdk.DashboardJson{}).FieldByName("Url")
	if !ok || field.Tag.Get("pulumi") != "url" || field.Type != reflect.TypeOf(pulumi.StringOutput{}) {
		t.Errorf("the dashboard's output url is not there: %v", field)
	}
}
