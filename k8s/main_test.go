package k8s

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A recorder stands in for the engine and keeps what is registered, by name.
type recorder struct {
	sync.Mutex
	resources map[string]pulumi.MockResourceArgs
	// status is what objects of a kind come back with.
	status map[string]resource.PropertyMap
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.Lock()
	defer r.Unlock()
	r.resources[args.Name] = args
	outputs := args.Inputs.Copy()
	if status, there := r.status[args.TypeToken]; there {
		outputs["status"] = resource.NewObjectProperty(status)
	}
	return args.Name + "-id", outputs, nil
}

func (r *recorder) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

type registrations map[string]pulumi.MockResourceArgs

func run(t *testing.T, program pulumi.RunFunc, opts ...pulumi.RunOption) registrations {
	t.Helper()
	r := &recorder{resources: map[string]pulumi.MockResourceArgs{}}
	if err := pulumi.RunErr(program, append(opts, pulumi.WithMocks("project", "stack", r))...); err != nil {
		t.Fatal(err)
	}
	return r.resources
}

func preview(i *pulumi.RunInfo) { i.DryRun = true }

// fails runs a program that must be refused, and returns why.
func fails(t *testing.T, program pulumi.RunFunc) string {
	t.Helper()
	r := &recorder{resources: map[string]pulumi.MockResourceArgs{}}
	err := pulumi.RunErr(program, pulumi.WithMocks("project", "stack", r))
	if err == nil {
		t.Fatal("it was not refused")
	}
	return err.Error()
}

func (r registrations) get(t *testing.T, name string) pulumi.MockResourceArgs {
	t.Helper()
	args, there := r[name]
	if !there {
		t.Fatalf("%s is not registered; there are %v", name, slices.Sorted(maps.Keys(r)))
	}
	return args
}

// dependsOn says whether a resource waits for another, by the other's name.
func (r registrations) dependsOn(t *testing.T, name, on string) bool {
	t.Helper()
	return slices.ContainsFunc(r.get(t, name).RegisterRPC.GetDependencies(), func(urn string) bool {
		return strings.HasSuffix(urn, "::"+on)
	})
}

// at reads an input by its path of keys.
func at(t *testing.T, args pulumi.MockResourceArgs, path ...string) any {
	t.Helper()
	var value any = args.Inputs.Mappable()
	for _, key := range path {
		object, ok := value.(map[string]any)
		if !ok {
			t.Fatalf("%s: nothing at %v", args.Name, path)
		}
		value = object[key]
	}
	return value
}

// same compares two values as JSON, where 1 and 1.0 are one number.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	plain := func(value any) (decoded any) {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &decoded); err != nil {
			t.Fatal(err)
		}
		return decoded
	}
	if got, want := plain(got), plain(want); !reflect.DeepEqual(got, want) {
		t.Errorf("%s is\n%v, not\n%v", what, got, want)
	}
}
