package main

import (
	"strings"
	"testing"

	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

func TestWhateverProtectedThingIsLostIsNamed(t *testing.T) {
	for _, c := range []struct {
		typ, id string
		lose    func(*world.World) error
	}{
		{bucketType, "state", func(w *world.World) error { return w.Delete("aws", bucketType, "state") }},
		{keyType, "key-1", func(w *world.World) error { return w.Delete("aws", keyType, "key-1") }},
		{keyType, "key-1", func(w *world.World) error {
			return w.Edit("aws", keyType, "key-1", func(o *world.Object) error {
				o.State = map[string]any{"deletionDate": "2024-01-31T00:00:00Z"}
				return nil
			})
		}},
		{operator.S3ObjectType, "state/savepoints/savepoint-1/_metadata", func(w *world.World) error {
			return w.Delete("aws", operator.S3ObjectType, "state/savepoints/savepoint-1/_metadata")
		}},
	} {
		w, err := world.Open("")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []world.Object{
			{Package: "aws", Type: bucketType, ID: "state"},
			{Package: "aws", Type: keyType, ID: "key-1"},
			{Package: "aws", Type: operator.S3ObjectType, ID: "state/savepoints/savepoint-1/_metadata"},
		} {
			if err := w.Put(o); err != nil {
				t.Fatal(err)
			}
		}
		before := protected(w)
		if err := lost(before, w); err != nil || len(before) != 3 {
			t.Fatalf("of %v, nothing was lost: %v", before, err)
		}
		if err := c.lose(w); err != nil {
			t.Fatal(err)
		}
		if err := lost(before, w); err == nil || !strings.Contains(err.Error(), c.typ+" "+c.id) {
			t.Errorf("%s %s is gone: %v", c.typ, c.id, err)
		}
	}
}
