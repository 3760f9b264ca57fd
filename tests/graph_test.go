// Package tests runs the whole program under mocks: the graph, the options of
// its resources, its outputs, and what must hold of all of them.
package tests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"sigs.k8s.io/yaml"

	"flink-payments/components"
	"flink-payments/components/settings"
	"flink-payments/infra/policy"
	"flink-payments/k8s/chart"
)

// A node is one registered resource.
type node struct {
	Type, Name, URN string
	Inputs          resource.PropertyMap
	Registered      *pulumirpc.RegisterResourceRequest
}

// A graph is what one run of the program registered.
type graph struct {
	mu      sync.Mutex
	nodes   []*node
	lookups []string
	outputs resource.PropertyMap
	err     error
	region  string
}

// partition of the caller, as the region's.
func (g *graph) partition() string { return policy.PartitionOf(g.region).ID }

const (
	account = "111122223333"
	issuer  = "https://oidc.eks.ap-south-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
)

// oidcProviders of the account, by ARN: the cluster's own.
func (g *graph) oidcProviders() []string {
	return []string{"arn:" + g.partition() + ":iam::" + account + ":oidc-provider/" + strings.TrimPrefix(issuer, "https://")}
}

// NewResource answers as the services do: with the inputs, and what they would add.
func (g *graph) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	state := args.Inputs.Copy()
	arn := func(service, resourceName string) {
		state["arn"] = resource.NewProperty("arn:mock:" + service + ":" + resourceName)
	}
	switch args.TypeToken {
	case "aws:kms/key:Key":
		state["keyId"] = resource.NewProperty("mock-key")
		arn("kms", args.Name)
	case "aws:iam/policy:Policy", "aws:iam/role:Role":
		arn("iam", args.Inputs["name"].StringValue())
	case "datadog:index/dashboardJson:DashboardJson":
		state["url"] = resource.NewProperty("/dashboard/abc")
	case "kubernetes:flink.apache.org/v1beta1:FlinkStateSnapshot":
		state["status"] = resource.NewProperty(resource.PropertyMap{"path": resource.NewProperty("s3://mock/savepoints/savepoint-1")})
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.nodes = append(g.nodes, &node{
		Type: args.TypeToken, Name: args.Name, Inputs: args.Inputs, Registered: args.RegisterRPC,
		URN: urn(args),
	})
	if args.TypeToken == "datadog:index/monitor:Monitor" {
		return fmt.Sprint(crc32.ChecksumIEEE([]byte(args.Name))), state, nil // an objective takes monitors by number
	}
	return args.Name + "-id", state, nil
}

// Call answers the lookups.
func (g *graph) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lookups = append(g.lookups, args.Token)
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return properties(map[string]any{
			"accountId": account, "arn": "arn:" + g.partition() + ":sts::" + account + ":assumed-role/payments-platform-deployer/session", "id": account, "userId": "A",
		}), nil
	case "aws:eks/getCluster:getCluster":
		return properties(map[string]any{
			"name": args.Args["name"].StringValue(), "endpoint": "https://EXAMPLE.gr7.ap-south-1.eks.amazonaws.com", "status": "ACTIVE",
			"certificateAuthorities": []any{map[string]any{"data": "Q0E="}},
			"identities":             []any{map[string]any{"oidcs": []any{map[string]any{"issuer": issuer}}}},
		}), nil
	}
	switch args.Token {
	case "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider":
		if !slices.Contains(g.oidcProviders(), args.Args["arn"].StringValue()) {
			return nil, errors.New("reading IAM OIDC Provider: couldn't find resource")
		}
		return properties(map[string]any{"arn": args.Args["arn"].StringValue(), "clientIdLists": []any{"sts.amazonaws.com"}}), nil
	case "aws:s3/getObjects:getObjects":
		// The bucket holds one savepoint.
		prefix := args.Args["prefix"].StringValue()
		found := map[string]any{"bucket": args.Args["bucket"].StringValue(), "prefix": prefix, "keys": []any{prefix}, "commonPrefixes": []any{}}
		if prefix == "savepoints/" {
			found["commonPrefixes"] = []any{"savepoints/savepoint-abc123-0011aabbccdd/"}
		}
		return properties(found), nil
	case "aws:s3/getObject:getObject":
		return properties(map[string]any{"lastModified": "Mon, 02 Nov 2026 10:00:00 UTC"}), nil
	}
	return nil, fmt.Errorf("no such lookup: %s", args.Token)
}

func properties(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

// urn is how the mock monitor names a resource: by its parent's type and its own.
func urn(args pulumi.MockResourceArgs) string {
	typ := args.TypeToken
	if parent := args.RegisterRPC.GetParent(); parent != "" {
		if parentType := strings.Split(parent, "::")[2]; parentType != "pulumi:pulumi:Stack" {
			typ = parentType + "$" + typ
		}
	}
	return "urn:pulumi:prod::" + settings.Project + "::" + typ + "::" + args.Name
}

// A change edits the settings of Pulumi.prod.yaml, decoded, before a run.
type change func(config map[string]any)

// production is the configuration of Pulumi.prod.yaml, changed, as the engine hands it over.
func production(t testing.TB, changes ...change) map[string]string {
	t.Helper()
	content, err := os.ReadFile("../Pulumi.prod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(file.Config)
	}
	config := map[string]string{}
	for key, value := range file.Config {
		if text, ok := value.(string); ok {
			config[key] = text
			continue
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		config[key] = string(encoded)
	}
	return config
}

// run runs the program with the settings of production, changed, in preview or update.
func run(t *testing.T, preview bool, changes ...change) *graph {
	t.Helper()
	config := production(t, changes...)
	g := &graph{region: config["aws:region"]}
	program := components.Program{CRDs: someCRDs, Reader: emptyCluster{}}
	g.err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := program.Run(ctx); err != nil {
			return err
		}
		pulumi.Map(ctx.GetCurrentExportMap()).ToMapOutput().ApplyT(func(all map[string]any) error {
			g.outputs = properties(plain(all).(map[string]any))
			return nil
		})
		return nil
	}, pulumi.WithMocks(settings.Project, "prod", g), func(info *pulumi.RunInfo) {
		info.DryRun = preview
		info.Config = config
	})
	if g.err == nil && g.outputs == nil {
		g.err = errors.New("the outputs never became known")
	}
	return g
}

// plain turns typed slices and maps of exported values into []any and map[string]any.
func plain(value any) any {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		return fmt.Sprint(value)
	}
	return decoded
}

func someCRDs(context.Context, chart.Source) ([]chart.CRD, error) {
	var crds []chart.CRD
	for _, plural := range []string{"flinkdeployments", "flinksessionjobs", "flinkstatesnapshots"} {
		name := plural + ".flink.apache.org"
		crds = append(crds, chart.CRD{Name: name, Manifest: map[string]any{"metadata": map[string]any{"name": name}}})
	}
	return crds, nil
}

// An emptyCluster holds nothing yet.
type emptyCluster struct{}

func (emptyCluster) Get(context.Context, string, string, string, string) (map[string]any, error) {
	return nil, nil
}

func (emptyCluster) Events(context.Context, string, string, string) ([]string, error) {
	return nil, nil
}

// inBoth runs a test on the graph of a preview and on that of an update.
func inBoth(t *testing.T, check func(t *testing.T, g *graph), changes ...change) {
	t.Helper()
	for mode, preview := range map[string]bool{"preview": true, "update": false} {
		t.Run(mode, func(t *testing.T) {
			g := run(t, preview, changes...)
			if g.err != nil {
				t.Fatal(g.err)
			}
			check(t, g)
		})
	}
}

// one returns the only resource of a type, or the one whose name ends in suffix.
func (g *graph) one(t *testing.T, typ, suffix string) *node {
	t.Helper()
	found := g.all(func(n *node) bool { return n.Type == typ && strings.HasSuffix(n.Name, suffix) })
	if len(found) != 1 {
		t.Fatalf("%d resources of type %s named *%s", len(found), typ, suffix)
	}
	return found[0]
}

func (g *graph) all(which func(*node) bool) []*node {
	var found []*node
	for _, n := range g.nodes {
		if which(n) {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b *node) int { return strings.Compare(a.URN, b.URN) })
	return found
}

func (g *graph) byURN(urn string) *node {
	for _, n := range g.nodes {
		if n.URN == urn {
			return n
		}
	}
	return nil
}

// before returns everything that must exist before a resource does, itself excluded.
func (g *graph) before(n *node) map[string]*node {
	reached := map[string]*node{}
	var visit func(*node)
	visit = func(n *node) {
		for _, urn := range slices.Concat(n.Registered.GetDependencies(), propertyDependencies(n)) {
			if next := g.byURN(urn); next != nil && reached[urn] == nil {
				reached[urn] = next
				visit(next)
			}
		}
	}
	visit(n)
	return reached
}

func propertyDependencies(n *node) []string {
	var urns []string
	for _, d := range n.Registered.GetPropertyDependencies() {
		urns = append(urns, d.GetUrns()...)
	}
	return urns
}

func isComponent(n *node) bool { return !n.Registered.GetCustom() }

// set changes a value at a path of maps, made where they are missing.
func set(value any, path ...string) change {
	return func(config map[string]any) {
		at := config
		for _, key := range path[:len(path)-1] {
			below, _ := at[key].(map[string]any)
			if below == nil {
				below = map[string]any{}
				at[key] = below
			}
			at = below
		}
		at[path[len(path)-1]] = value
	}
}

// job changes the first job; addJob adds a copy of it, changed.
func job(changes ...change) change {
	return func(config map[string]any) {
		first := config["flink-payments:jobs"].([]any)[0].(map[string]any)
		for _, change := range changes {
			change(first)
		}
	}
}

func addJob(changes ...change) change {
	return func(config map[string]any) {
		jobs := config["flink-payments:jobs"].([]any)
		copied := plain(jobs[0]).(map[string]any)
		for _, change := range changes {
			change(copied)
		}
		config["flink-payments:jobs"] = append(jobs, copied)
	}
}

// another makes a job's own things its own.
func another(name, namespace string) change {
	return func(j map[string]any) {
		maps.Copy(j, map[string]any{
			"name": name, "namespace": namespace, "serviceAccount": name,
			"identity": map[string]any{},
		})
		j["state"].(map[string]any)["bucket"] = "kv-flink-state-" + name
		if console, there := j["console"].(map[string]any); there {
			console["host"] = name + ".flink.example.com"
		}
		kafka := j["kafka"].(map[string]any)
		delete(kafka, "vaultRole")
		delete(kafka, "vaultPolicy")
	}
}
