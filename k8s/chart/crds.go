// Package chart reads the CRDs out of the very chart that is installed. It is
// plain Go: an address in, documents out.
//
// The form of a CRD is left to the API server's own types: 3 packages and 2.3 CPU
// seconds of the program's build. Helm's packages (v3.22.0) were weighed for the
// rest, each beyond what the program compiles anyway:
//   - pkg/repo, 438 packages and more than a minute: it would replace an index's
//     nine lines of fields, and the checks of its URL and digest would stay.
//   - pkg/registry, 47 packages and 5 s: nothing here reads from a registry.
//   - pkg/chart/loader, 5 packages and 0.6 s: it would replace reading an archive,
//     but takes an absolute path and a link for files of the chart, which are
//     refused or passed over here, and keeps its size limits in global variables.
package chart

import (
	"context"
	"strings"
)

// A CRD is one CustomResourceDefinition as the API server keeps it.
type CRD struct {
	// Name is PLURAL.GROUP.
	Name string
	// Manifest is the object without apiVersion and kind.
	Manifest map[string]any
}

// Plural is the name without the group.
func (c CRD) Plural() string {
	plural, _, _ := strings.Cut(c.Name, ".")
	return plural
}

// A Source says where a chart, and so its CRDs, come from.
type Source struct {
	// Repository is the URL of a Helm repository. Empty: Chart is a local
	// directory or archive.
	Repository string
	// Chart is its name in the repository, or a path.
	Chart string
	// Version of the chart, exactly. Needed with a repository.
	Version string
	// CRDs is a directory of CRD YAML, and wins over the chart.
	CRDs string
	// Setting is the path of the setting that an error is about, such as platform.operator.
	Setting string
}

// CRDs reads the CRDs of a chart, by name, with the default Loader.
func CRDs(ctx context.Context, source Source) ([]CRD, error) {
	return (&Loader{}).CRDs(ctx, source)
}
