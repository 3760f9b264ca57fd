package bench

import (
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"flink-payments/tests/rehearsal/latency"
)

// A stop is a resource on a path, what it takes, and when it is done at best.
type stop struct {
	urn        resource.URN
	cost, done time.Duration
	after      *stop
}

// cost is the time of creating a resource; components and providers cost nothing.
func cost(r apitype.ResourceV3) time.Duration {
	if !r.Custom || r.External || strings.HasPrefix(string(r.Type), "pulumi:") {
		return 0
	}
	return latency.Wild(string(r.Type), "Create")
}

// criticalPath is the longest path through the graph of a state, first to last.
// A state lists each resource after those that it depends on.
func criticalPath(resources []apitype.ResourceV3) []*stop {
	at := map[resource.URN]*stop{}
	last := &stop{}
	for _, r := range resources {
		// A provider's reference is its URN, two colons and its ID.
		provider := r.Provider[:max(0, strings.LastIndex(r.Provider, "::"))]
		waits := append([]resource.URN{r.Parent, resource.URN(provider)}, r.Dependencies...)
		for _, on := range r.PropertyDependencies {
			waits = append(waits, on...)
		}
		here := &stop{urn: r.URN, cost: cost(r)}
		for _, urn := range waits {
			if before := at[urn]; before != nil && (here.after == nil || before.done > here.after.done) {
				here.after = before
			}
		}
		here.done = here.cost
		if here.after != nil {
			here.done += here.after.done
		}
		at[r.URN] = here
		if here.done >= last.done {
			last = here
		}
	}
	var path []*stop
	for s := last; s != nil; s = s.after {
		path = append(path, s)
	}
	slices.Reverse(path)
	return path
}

// short is a resource's type and name.
func short(urn resource.URN) string { return string(urn.Type()) + " " + urn.Name() }
