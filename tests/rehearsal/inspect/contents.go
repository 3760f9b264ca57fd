// Package inspect tells what a person looks for in a world: what is in it, how
// the job does, what may not be lost. It changes nothing.
package inspect

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/world"
)

// volatile are the keys that a service fills in anew each time.
var volatile = []string{
	"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "deletionTimestamp", "status",
	"createDate", "updateDate", "uniqueId", "versionId", "etag", "creationDate", "created", "modified", "lastModified", "keyId", "url",
}

// numbered are IDs that a service makes up.
var numbered = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9]{1,9}\b`)

// Contents is the world as text, without what differs from one time to the
// next: made-up IDs, times, and what Flink itself writes to its bucket.
func Contents(w *world.World) string {
	var blocks []string
	for _, o := range w.List("", "") {
		if o.Inputs == nil {
			continue
		}
		id := o.ID
		if o.Package == "datadog" || o.Type == world.KeyType {
			id = "(made up)"
		}
		body, err := json.MarshalIndent(steady(o.State), "  ", "  ")
		if err != nil {
			panic(err) // it came from JSON
		}
		if o.Package == "datadog" || o.Package == "aws" {
			body = numbered.ReplaceAll(body, []byte("N"))
		}
		block := fmt.Sprintf("%s %s\n  %s\n", o.Type, id, body)
		if o.Type == world.DeploymentType {
			s := StatusOf(o)
			block += fmt.Sprintf("  is %s and %s\n", s.Lifecycle, s.Job)
		}
		blocks = append(blocks, block)
	}
	// Made-up IDs give no order.
	slices.Sort(blocks)
	return strings.Join(blocks, "")
}

func steady(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range value {
			if !slices.Contains(volatile, key) {
				kept[key] = steady(inner)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, inner := range value {
			kept[i] = steady(inner)
		}
		return kept
	}
	return value
}
