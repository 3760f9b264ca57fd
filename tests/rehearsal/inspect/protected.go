package inspect

import (
	"fmt"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/world"
)

// Protected are the things of a world that nothing may lose: the buckets, the
// keys that are not on their way out, and what Flink wrote.
func Protected(w *world.World) []string {
	var all []string
	for _, typ := range []string{world.BucketType, world.KeyType, world.S3ObjectType} {
		for _, o := range w.List("aws", typ) {
			if _, scheduled := o.State["deletionDate"]; !scheduled {
				all = append(all, typ+" "+o.ID)
			}
		}
	}
	return all
}

// Lost says which of the protected things are not in a world any more.
func Lost(before []string, w *world.World) error {
	now := Protected(w)
	gone := slices.DeleteFunc(slices.Clone(before), func(thing string) bool { return slices.Contains(now, thing) })
	if len(gone) > 0 {
		return fmt.Errorf("lost: %s", strings.Join(gone, ", "))
	}
	return nil
}
