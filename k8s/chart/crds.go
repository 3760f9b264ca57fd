// Package chart reads the CRDs out of the very chart that is installed. It is
// plain Go: an address in, documents out.
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
