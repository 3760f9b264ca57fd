package infra

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// recorder stands in for the engine and every provider, and keeps what was registered.
type recorder struct {
	mu     sync.Mutex
	inputs map[string]resource.PropertyMap
	rpcs   map[string]*pulumirpc.RegisterResourceRequest
	calls  []pulumi.MockCallArgs
	// answers to an invoke by its token.
	answers map[string]resource.PropertyMap
	// preview leaves out what only a provider knows.
	preview bool
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inputs[args.Name], r.rpcs[args.Name] = args.Inputs, args.RegisterRPC
	state := args.Inputs.Copy()
	if r.preview {
		return "", state, nil
	}
	switch args.TypeToken {
	case "aws:kms/key:Key":
		state["arn"] = resource.NewProperty("arn:aws:kms:ap-south-1:123456789012:key/0a1b")
		state["keyId"] = resource.NewProperty("0a1b")
	case "aws:iam/policy:Policy":
		state["arn"] = resource.NewProperty("arn:aws:iam::123456789012:policy/" + args.Inputs["name"].StringValue())
	}
	return args.Name + "-id", state, nil
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, args)
	return r.answers[args.Token], nil
}

// run registers what program makes; an error of it is returned, not fatal.
func run(r *recorder, program pulumi.RunFunc) error {
	r.inputs, r.rpcs = map[string]resource.PropertyMap{}, map[string]*pulumirpc.RegisterResourceRequest{}
	return pulumi.RunErr(program, pulumi.WithMocks("flink-payments", "test", r), func(info *pulumi.RunInfo) { info.DryRun = r.preview })
}

func mustRun(t *testing.T, program pulumi.RunFunc) *recorder {
	t.Helper()
	r := &recorder{}
	if err := run(r, program); err != nil {
		t.Fatal(err)
	}
	return r
}

// name of the resource that a URN ends with.
func nameOf(urn string) string { return urn[strings.LastIndex(urn, "::")+2:] }

// waitsFor says whether one resource cannot start before another, over any number of steps.
func (r *recorder) waitsFor(name, before string) bool {
	rpc := r.rpcs[name]
	if rpc == nil {
		return false
	}
	return slices.ContainsFunc(rpc.Dependencies, func(urn string) bool {
		return nameOf(urn) == before || r.waitsFor(nameOf(urn), before)
	})
}

// await hands an output's value to a test.
func await[T any](t *testing.T, output pulumi.Output) T {
	t.Helper()
	got := make(chan T, 1)
	output.ApplyT(func(v any) error {
		got <- v.(T)
		return nil
	})
	return <-got
}

// children of a component, itself not included, by name.
func (r *recorder) children(of string) []string {
	var names []string
	for name, rpc := range r.rpcs {
		if nameOf(rpc.Parent) == of {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
