package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"flink-payments/components"
	"flink-payments/components/settings"
	"flink-payments/infra/audit"
	"flink-payments/infra/observe"
)

const outputsSchema = "../docs/outputs.schema.json"

// outputNames is the contract. A name that is here stays: dashboards and
// auditors read it. A new one is added here and in docs/outputs.schema.json.
var outputNames = strings.Fields(`
	jobs.*.name jobs.*.namespace jobs.*.serviceAccount
	jobs.*.bucket jobs.*.region jobs.*.account jobs.*.checkpointsUri jobs.*.savepointsUri jobs.*.haUri
	jobs.*.keyArn jobs.*.logBucket jobs.*.recoveryWindowDays
	jobs.*.roleArn jobs.*.trustSubject jobs.*.vaultRole
	jobs.*.image jobs.*.version jobs.*.flinkVersion jobs.*.upgradeMode jobs.*.state jobs.*.parallelism
	jobs.*.restService jobs.*.restPort jobs.*.consoleUrl
	jobs.*.dashboardUrl jobs.*.sloId jobs.*.monitorIds
	jobs.*.savepoint.request jobs.*.savepoint.location
	jobs.*.restore.request jobs.*.restore.from
	platform.cluster platform.region platform.account platform.environment platform.oidcIssuer
	platform.operatorVersion platform.operatorNamespace platform.watchedNamespaces platform.certManagerVersion
	audit.*.job audit.*.namespace audit.*.environment audit.*.cluster
	audit.*.state.bucket audit.*.state.bucketArn audit.*.state.region audit.*.state.account audit.*.state.keyArn
	audit.*.state.roots.*.uri audit.*.state.roots.*.holds audit.*.state.recoveryWindowDays
	audit.*.access.roleArn audit.*.access.subjects audit.*.access.issuers audit.*.access.administrators audit.*.access.erasers
	audit.*.removal.*.rule audit.*.removal.*.words audit.*.removal.*.bucket
	audit.*.logs.accessLogs audit.*.logs.trailArn
	audit.*.documents.*.name audit.*.documents.*.on audit.*.documents.*.sha256
	readme`)

// unknownInTheFirstPreview are the outputs that services make up. All others a
// reviewer reads before anything exists.
var unknownInTheFirstPreview = strings.Fields(`
	jobs.*.keyArn jobs.*.dashboardUrl jobs.*.sloId jobs.*.monitorIds jobs.*.savepoint.location
	audit.* readme`)

// services answer as the real ones: ARNs in their form, and in a preview
// nothing that only they know.
type services struct {
	*graph
	preview bool

	lock    sync.Mutex
	outputs map[string]any
}

const outputsType = "tests:index:Outputs"

func (s *services) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == outputsType {
		s.lock.Lock()
		defer s.lock.Unlock()
		s.outputs = args.RegisterRPC.GetObject().AsMap()
		return "", nil, nil
	}
	id, state, err := s.graph.NewResource(args)
	if err != nil {
		return "", nil, err
	}
	arn := func(service, region, name string) {
		state["arn"] = resource.NewProperty(fmt.Sprintf("arn:%s:%s:%s:%s:%s", s.partition(), service, region, account, name))
	}
	switch args.TypeToken {
	case "aws:kms/key:Key":
		arn("kms", s.region, "key/5f1c7a3e-0000-4000-8000-000000000000")
	case "aws:iam/policy:Policy":
		arn("iam", "", "policy/"+args.Inputs["name"].StringValue())
	case "aws:iam/role:Role":
		arn("iam", "", "role/"+args.Inputs["name"].StringValue())
	case "kubernetes:flink.apache.org/v1beta1:FlinkStateSnapshot":
		state["status"] = resource.NewProperty(properties(map[string]any{
			"state": "COMPLETED", "path": "s3://kv-flink-state-payments-prod/savepoints/savepoint-1f2e3d-5c6b7a8d9e0f",
		}))
	}
	if s.preview && args.Custom && !strings.HasPrefix(args.TypeToken, "pulumi:providers:") {
		for key := range state {
			if _, given := args.Inputs[key]; !given {
				delete(state, key)
			}
		}
		id = ""
	}
	return id, state, nil
}

// outputs runs the program and returns what it exports, as JSON has it; an
// unknown value is Pulumi's sentinel.
func outputs(t *testing.T, preview bool, changes ...change) map[string]any {
	t.Helper()
	config := production(t, changes...)
	s := &services{graph: &graph{region: config["aws:region"]}, preview: preview}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := (components.Program{CRDs: someCRDs, Reader: emptyCluster{}}).Run(ctx); err != nil {
			return err
		}
		// A component's inputs cross the wire as a stack's outputs do.
		return ctx.RegisterComponentResourceV2(outputsType, "outputs", pulumi.Map(ctx.GetCurrentExportMap()), &pulumi.ResourceState{})
	}, pulumi.WithMocks(settings.Project, "prod", s), func(info *pulumi.RunInfo) {
		info.DryRun = preview
		info.Config = config
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.outputs == nil {
		t.Fatal("nothing was exported")
	}
	return s.outputs
}

// unknowns are the places of values that are not known yet, with * for what
// names a job, an alert or a list's entry.
func unknowns(at []string, value any) [][]string {
	var found [][]string
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			found = append(found, unknowns(append(slices.Clone(at), key), inner)...)
		}
	case []any:
		for i, inner := range value {
			found = append(found, unknowns(append(slices.Clone(at), fmt.Sprint(i)), inner)...)
		}
	case string:
		if slices.Contains([]string{plugin.UnknownStringValue, plugin.UnknownBoolValue, plugin.UnknownNumberValue,
			plugin.UnknownArrayValue, plugin.UnknownObjectValue, plugin.UnknownAssetValue, plugin.UnknownArchiveValue}, value) {
			found = append(found, at)
		}
	}
	return found
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open(outputsSchema)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	compiler.LoadURL = nil
	if err := compiler.AddResource("outputs.schema.json", file); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("outputs.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// breaches are the places where outputs break the schema. What is unknown in a
// preview stands for whatever the schema asks for there: dashboards are fed by
// `pulumi stack output`, which shows completed updates only.
func breaches(schema *jsonschema.Schema, outputs map[string]any) []string {
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(outputs); !errors.As(err, &invalid) {
		if err != nil {
			return []string{err.Error()}
		}
		return nil
	}
	unknown := map[string]bool{}
	for _, at := range unknowns(nil, outputs) {
		unknown["/"+strings.Join(at, "/")] = true
	}
	var found []string
	var visit func(*jsonschema.ValidationError)
	visit = func(e *jsonschema.ValidationError) {
		if unknown[e.InstanceLocation] {
			return
		}
		if len(e.Causes) == 0 {
			found = append(found, fmt.Sprintf("%s: %s", e.InstanceLocation, e.Message))
		}
		for _, cause := range e.Causes {
			visit(cause)
		}
	}
	visit(invalid)
	slices.Sort(found)
	return found
}

// shapes are the stacks whose outputs differ in kind.
var shapes = map[string][]change{
	"production":            nil,
	"a savepoint":           {job(set(map[string]any{"request": 3}, "savepoint"))},
	"a restore":             {job(set(map[string]any{"request": 2, "from": "s3://kv-flink-state-payments-prod/savepoints/savepoint-1f2e3d-5c6b7a8d9e0f"}, "restore"))},
	"two jobs":              {addJob(another("velocity", "payments"))},
	"suspended":             {job(set(true, "suspended"))},
	"without Datadog":       {set(false, "flink-payments:datadog", "enabled")},
	"without alerts":        {job(set(false, "alerts", "enabled"))},
	"data events":           {set(true, "flink-payments:aws", "dataEvents")},
	"a cluster that has it": {set(true, "flink-payments:platform", "certManager", "existing"), set(true, "flink-payments:platform", "operator", "existing")},
	"China": {
		set("cn-north-1", "aws:region"),
		set([]any{"arn:aws-cn:iam::111122223333:role/payments-platform-deployer"}, "flink-payments:aws", "administrators"),
	},
}

func TestTheOutputsOfAnUpdateSatisfyTheirSchema(t *testing.T) {
	schema := compile(t)
	for name, changes := range shapes {
		t.Run(name, func(t *testing.T) {
			all := outputs(t, false, changes...)
			for _, at := range unknowns(nil, all) {
				t.Errorf("%v is not known after an update", at)
			}
			for _, breach := range breaches(schema, all) {
				t.Error(breach)
			}
		})
	}
}

func TestTheOutputsOfAPreviewSatisfyTheirSchemaAndLackOnlyWhatServicesMakeUp(t *testing.T) {
	schema, seen := compile(t), map[string]bool{}
	for name, changes := range shapes {
		t.Run(name, func(t *testing.T) {
			all := outputs(t, true, changes...)
			for _, breach := range breaches(schema, all) {
				t.Error(breach)
			}
			for _, at := range unknowns(nil, all) {
				place := starred(at)
				if seen[place] = true; !slices.Contains(unknownInTheFirstPreview, place) {
					t.Errorf("%s is not known in a first preview", place)
				}
			}
		})
	}
	for _, place := range unknownInTheFirstPreview {
		if !seen[place] {
			t.Errorf("%s is known in a first preview: take it off the list", place)
		}
	}
}

// starred writes a place as outputNames does. Monitors become known one by one.
func starred(at []string) string {
	at = slices.Clone(at)
	if len(at) > 1 && (at[0] == "jobs" || at[0] == "audit") {
		at[1] = "*"
	}
	if len(at) > 2 && at[2] == "monitorIds" {
		at = at[:3]
	}
	return strings.Join(at, ".")
}

func TestNoOutputIsRenamed(t *testing.T) {
	var document map[string]any
	text, err := os.ReadFile(outputsSchema)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	agree(t, "docs/outputs.schema.json", propertyNames(t, document, document, ""))

	code := []string{"readme"}
	code = append(code, tagNames(reflect.TypeFor[components.JobOutput](), "jobs.*")...)
	code = append(code, tagNames(reflect.TypeFor[components.PlatformOutput](), "platform")...)
	code = append(code, tagNames(reflect.TypeFor[audit.Statement](), "audit.*")...)
	agree(t, "the code", code)
}

func agree(t *testing.T, who string, names []string) {
	t.Helper()
	for _, name := range outputNames {
		if !slices.Contains(names, name) {
			t.Errorf("%s has no %s any more: somebody reads it", who, name)
		}
	}
	for _, name := range names {
		if !slices.Contains(outputNames, name) {
			t.Errorf("%s has %s, which the contract does not", who, name)
		}
	}
}

// propertyNames are the places of all leaves that a schema describes. Each property is closed, required and described.
func propertyNames(t *testing.T, document, schema map[string]any, at string) []string {
	t.Helper()
	described := schema["description"] != nil
	for schema["$ref"] != nil {
		name := strings.TrimPrefix(schema["$ref"].(string), "#/$defs/")
		schema = document["$defs"].(map[string]any)[name].(map[string]any)
		described = described || schema["description"] != nil
	}
	below := func(name string) string { return strings.TrimPrefix(at+"."+name, ".") }
	properties, _ := schema["properties"].(map[string]any)
	items, isList := schema["items"].(map[string]any)
	values, isMap := schema["additionalProperties"].(map[string]any)
	switch {
	case properties != nil:
		if schema["additionalProperties"] != false {
			t.Errorf("%s is open", at)
		}
		var names []string
		for name, property := range properties {
			names = append(names, propertyNames(t, document, property.(map[string]any), below(name))...)
		}
		return names
	case isList || isMap:
		inner := items
		if isMap {
			inner = values
		}
		name, _ := inner["$ref"].(string)
		of, _ := document["$defs"].(map[string]any)[strings.TrimPrefix(name, "#/$defs/")].(map[string]any)
		if of["properties"] != nil {
			return propertyNames(t, document, inner, below("*"))
		}
	}
	if !described {
		t.Errorf("%s is not described", at)
	}
	return []string{at}
}

// tagNames are the places of all leaves of a Go type, by its json tags.
func tagNames(t reflect.Type, at string) []string {
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		place, of := at+"."+tag, field.Type
		if of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct {
			place, of = place+".*", of.Elem()
		}
		if of.Kind() == reflect.Struct && !of.Implements(reflect.TypeFor[pulumi.Output]()) {
			names = append(names, tagNames(of, place)...)
		} else {
			names = append(names, place)
		}
	}
	return names
}

// The schema is worth something only if it refuses.
func TestTheSchemaRefusesWhatWouldBreakADashboard(t *testing.T) {
	schema := compile(t)
	optional := []string{"audit.*.environment", "audit.*.cluster", "audit.*.access.issuers", "audit.*.logs.trailArn"}
	good := outputs(t, false, shapes["a savepoint"]...)
	var walk func(at []string, node map[string]any)
	walk = func(at []string, node map[string]any) {
		for _, key := range slices.Sorted(maps.Keys(node)) {
			place, value := append(slices.Clone(at), key), node[key]
			inner, isMap := value.(map[string]any)
			if len(at) == 1 && (at[0] == "jobs" || at[0] == "audit") || len(at) > 2 && at[2] == "monitorIds" {
				// Jobs come and go, and so do alerts; their names are no contract.
			} else {
				delete(node, key)
				if breaches(schema, good) == nil && !slices.Contains(optional, starred(place)) {
					t.Errorf("outputs without %s pass", starred(place))
				}
				node[key+"Renamed"] = value
				if breaches(schema, good) == nil {
					t.Errorf("%sRenamed passes", starred(place))
				}
				delete(node, key+"Renamed")
			}
			node[key] = 1.5
			if breaches(schema, good) == nil {
				t.Errorf("a number that is no value of %s passes", starred(place))
			}
			node[key] = value
			if isMap {
				walk(place, inner)
			}
		}
	}
	walk(nil, good)

	first := good["jobs"].(map[string]any)["fraud-scoring"].(map[string]any)
	for key, wrong := range map[string]any{
		"bucket": "Kv", "account": "1111", "region": "mumbai", "checkpointsUri": "s3://b/checkpoints/", "keyArn": "arn:aws:kms:r:111122223333:alias/a",
		"roleArn": "arn:aws:iam::111122223333:policy/p", "trustSubject": "system:serviceaccount:payments", "flinkVersion": "1.18", "upgradeMode": "stateless",
		"state": "RUNNING", "parallelism": 0.0, "recoveryWindowDays": 0.0, "restPort": 0.0, "dashboardUrl": "/dashboard/abc", "monitorIds": map[string]any{"cpu": "a"},
		"savepoint": map[string]any{"request": -1.0, "location": ""},
	} {
		was := first[key]
		first[key] = wrong
		if breaches(schema, good) == nil {
			t.Errorf("%s: %v passes", key, wrong)
		}
		first[key] = was
	}
	if found := breaches(schema, good); found != nil {
		t.Fatal(found)
	}
}

func TestTheMonitorsOfTheOutputsAreCalledByTheirAlert(t *testing.T) {
	ids := outputs(t, false)["jobs"].(map[string]any)["fraud-scoring"].(map[string]any)["monitorIds"].(map[string]any)
	if got, want := slices.Sorted(maps.Keys(ids)), slices.Sorted(slices.Values(observe.IDs())); !slices.Equal(got, want) {
		t.Errorf("monitors %v, alerts %v", got, want)
	}
}

var updateExamples = flag.Bool("update-examples", false, "write docs/examples")

func TestTheExampleFeedsADashboardFromTheOutputs(t *testing.T) {
	const folder = "../docs/examples"
	hold := func(name string, got []byte) {
		file := filepath.Join(folder, name)
		if *updateExamples {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/examples/%s is out of date: go test ./tests -run TestTheExample -update-examples", name)
		}
	}
	sample, err := json.MarshalIndent(outputs(t, false, shapes["a savepoint"]...), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	hold("outputs.json", append(sample, '\n'))

	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Skip("jq is not here: the filters are not run")
	}
	for filter, made := range map[string]string{"grafana.jq": "grafana.json", "datadog.jq": "datadog.json"} {
		command := exec.Command(jq, "--from-file", filter, "outputs.json")
		command.Dir = folder
		got, err := command.Output()
		if err != nil {
			t.Fatalf("%s: %v", filter, err)
		}
		hold(made, got)
	}
}
