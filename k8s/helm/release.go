// Package helm binds the Kubernetes provider's Helm release by hand. The SDK's
// own package imports every API group: 69 packages and two thirds of the
// program's build. A test behind the build tag sdk holds this binding against it.
package helm

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/utilities"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const releaseToken = "kubernetes:helm.sh/v3:Release"

// A Release is an installed chart. Its Status and ResourceNames are not bound:
// they are unknown in every preview, and the program names what it installs.
type Release struct {
	pulumi.CustomResourceState

	Name      pulumi.StringPtrOutput `pulumi:"name"`
	Namespace pulumi.StringPtrOutput `pulumi:"namespace"`
	Version   pulumi.StringPtrOutput `pulumi:"version"`
}

// ReleaseArgs are the inputs that the program uses, in the SDK's names and types.
type ReleaseArgs struct {
	// Atomic undoes a failed install or upgrade.
	Atomic pulumi.BoolPtrInput
	// Chart is its name in the repository, an oci:// URL, or the path of a
	// local directory or archive; the latter two come without RepositoryOpts.
	Chart pulumi.StringInput
	// CleanupOnFail deletes what a failed upgrade created.
	CleanupOnFail pulumi.BoolPtrInput
	// Compat is set by NewRelease, as the SDK does.
	Compat pulumi.StringPtrInput
	// DisableOpenapiValidation of the rendered manifests.
	DisableOpenapiValidation pulumi.BoolPtrInput
	// MaxHistory is how many revisions are kept; 0 keeps all.
	MaxHistory pulumi.IntPtrInput
	// Name of the release.
	Name pulumi.StringPtrInput
	// Namespace must exist.
	Namespace pulumi.StringPtrInput
	// RepositoryOpts say where the chart is.
	RepositoryOpts *RepositoryOptsArgs
	// SkipAwait does not wait for what is installed to be ready.
	SkipAwait pulumi.BoolPtrInput
	// SkipCrds leaves the chart's crds/ out.
	SkipCrds pulumi.BoolPtrInput
	// Timeout of one Kubernetes operation, in seconds. CustomTimeouts are not
	// read by the provider, and its own default is 300.
	Timeout pulumi.IntPtrInput
	// Values of the chart.
	Values pulumi.MapInput
	// Version of the chart, exactly.
	Version pulumi.StringPtrInput
	// WaitForJobs to complete.
	WaitForJobs pulumi.BoolPtrInput
}

type releaseArgs struct {
	Atomic                   *bool                  `pulumi:"atomic"`
	Chart                    string                 `pulumi:"chart"`
	CleanupOnFail            *bool                  `pulumi:"cleanupOnFail"`
	Compat                   *string                `pulumi:"compat"`
	DisableOpenapiValidation *bool                  `pulumi:"disableOpenapiValidation"`
	MaxHistory               *int                   `pulumi:"maxHistory"`
	Name                     *string                `pulumi:"name"`
	Namespace                *string                `pulumi:"namespace"`
	RepositoryOpts           *repositoryOpts        `pulumi:"repositoryOpts"`
	SkipAwait                *bool                  `pulumi:"skipAwait"`
	SkipCrds                 *bool                  `pulumi:"skipCrds"`
	Timeout                  *int                   `pulumi:"timeout"`
	Values                   map[string]interface{} `pulumi:"values"`
	Version                  *string                `pulumi:"version"`
	WaitForJobs              *bool                  `pulumi:"waitForJobs"`
}

// ElementType is the resolved shape.
func (ReleaseArgs) ElementType() reflect.Type {
	return reflect.TypeOf((*releaseArgs)(nil)).Elem()
}

// RepositoryOptsArgs say where a chart is.
type RepositoryOptsArgs struct {
	// Repo is the repository's URL.
	Repo pulumi.StringPtrInput `pulumi:"repo"`
}

type repositoryOpts struct {
	Repo *string `pulumi:"repo"`
}

// ElementType is the resolved shape.
func (RepositoryOptsArgs) ElementType() reflect.Type {
	return reflect.TypeOf((*repositoryOpts)(nil)).Elem()
}

// NewRelease installs a chart.
func NewRelease(ctx *pulumi.Context, name string, args *ReleaseArgs, opts ...pulumi.ResourceOption) (*Release, error) {
	if args == nil || args.Chart == nil {
		return nil, errors.New("release " + name + ": no chart is given")
	}
	inputs := *args
	inputs.Compat = pulumi.StringPtr("true")
	release := &Release{}
	if err := ctx.RegisterResource(releaseToken, name, &inputs, release, utilities.PkgResourceDefaultOpts(opts)...); err != nil {
		return nil, fmt.Errorf("release %s: %w", name, err)
	}
	return release, nil
}
