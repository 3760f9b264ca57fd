//go:build sdk

// Held against the SDK's own package, which costs minutes to compile:
// go test -tags sdk ./k8s/...

package helm

import (
	"reflect"
	"sync"
	"testing"

	sdk "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestTheBindingHasTheSDKsNamesAndTypes(t *testing.T) {
	pairs := []struct {
		what     string
		ours, of reflect.Type
	}{
		{"ReleaseArgs", reflect.TypeFor[ReleaseArgs](), reflect.TypeFor[sdk.ReleaseArgs]()},
		{"releaseArgs", ReleaseArgs{}.ElementType(), sdk.ReleaseArgs{}.ElementType()},
		{"RepositoryOptsArgs", reflect.TypeFor[RepositoryOptsArgs](), reflect.TypeFor[sdk.RepositoryOptsArgs]()},
		{"repositoryOpts", RepositoryOptsArgs{}.ElementType(), sdk.RepositoryOptsArgs{}.ElementType()},
		{"Release", reflect.TypeFor[Release](), reflect.TypeFor[sdk.Release]()},
	}
	for _, pair := range pairs {
		for i := range pair.ours.NumField() {
			ours := pair.ours.Field(i)
			theirs, there := pair.of.FieldByName(ours.Name)
			switch {
			case !there:
				t.Errorf("%s.%s is not in the SDK", pair.what, ours.Name)
			case ours.Tag.Get("pulumi") != theirs.Tag.Get("pulumi"):
				t.Errorf("%s.%s is tagged %q, in the SDK %q", pair.what, ours.Name, ours.Tag, theirs.Tag)
			case ours.Name != "RepositoryOpts" && ours.Type != theirs.Type:
				// RepositoryOpts is a pair of its own above.
				t.Errorf("%s.%s is a %s, in the SDK a %s", pair.what, ours.Name, ours.Type, theirs.Type)
			}
		}
	}
}

// TestTheBindingRegistersWhatTheSDKRegisters gives every argument a value: one
// that is forgotten in either half of the binding shows.
func TestTheBindingRegistersWhatTheSDKRegisters(t *testing.T) {
	ours := registered(t, func(ctx *pulumi.Context) error {
		_, err := NewRelease(ctx, "release", &ReleaseArgs{
			Atomic: pulumi.Bool(true), Chart: pulumi.String("chart"), CleanupOnFail: pulumi.Bool(true),
			DisableOpenapiValidation: pulumi.Bool(true), MaxHistory: pulumi.Int(3), Name: pulumi.String("name"),
			Namespace: pulumi.String("namespace"), RepositoryOpts: &RepositoryOptsArgs{Repo: pulumi.String("https://repo")},
			SkipAwait: pulumi.Bool(true), SkipCrds: pulumi.Bool(true), Timeout: pulumi.Int(60),
			Values: pulumi.Map{"a": pulumi.Map{"b": pulumi.Int(1)}}, Version: pulumi.String("1.0.0"), WaitForJobs: pulumi.Bool(true),
		})
		return err
	})
	theirs := registered(t, func(ctx *pulumi.Context) error {
		_, err := sdk.NewRelease(ctx, "release", &sdk.ReleaseArgs{
			Atomic: pulumi.Bool(true), Chart: pulumi.String("chart"), CleanupOnFail: pulumi.Bool(true),
			DisableOpenapiValidation: pulumi.Bool(true), MaxHistory: pulumi.Int(3), Name: pulumi.String("name"),
			Namespace: pulumi.String("namespace"), RepositoryOpts: &sdk.RepositoryOptsArgs{Repo: pulumi.String("https://repo")},
			SkipAwait: pulumi.Bool(true), SkipCrds: pulumi.Bool(true), Timeout: pulumi.Int(60),
			Values: pulumi.Map{"a": pulumi.Map{"b": pulumi.Int(1)}}, Version: pulumi.String("1.0.0"), WaitForJobs: pulumi.Bool(true),
		})
		return err
	})
	if ours.TypeToken != theirs.TypeToken {
		t.Errorf("the token is %s, in the SDK %s", ours.TypeToken, theirs.TypeToken)
	}
	if !ours.Inputs.DeepEquals(theirs.Inputs) {
		t.Errorf("the inputs are\n%v, in the SDK\n%v", ours.Inputs, theirs.Inputs)
	}
	if got, want := ours.RegisterRPC.GetVersion(), theirs.RegisterRPC.GetVersion(); got != want {
		t.Errorf("the plugin's version is %s, in the SDK %s", got, want)
	}
	if fields := reflect.TypeFor[ReleaseArgs]().NumField(); len(ours.Inputs) != fields {
		t.Errorf("%d of %d arguments are registered", len(ours.Inputs), fields)
	}
}

type recorder struct {
	sync.Mutex
	last pulumi.MockResourceArgs
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.Lock()
	defer r.Unlock()
	r.last = args
	return args.Name, args.Inputs, nil
}

func (r *recorder) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func registered(t *testing.T, program pulumi.RunFunc) pulumi.MockResourceArgs {
	t.Helper()
	r := &recorder{}
	if err := pulumi.RunErr(program, pulumi.WithMocks("project", "stack", r)); err != nil {
		t.Fatal(err)
	}
	return r.last
}
