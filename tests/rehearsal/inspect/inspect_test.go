package inspect

import (
	"strings"
	"testing"

	"flink-payments/tests/rehearsal/world"
)

func TestWhateverProtectedThingIsLostIsNamed(t *testing.T) {
	for _, c := range []struct {
		typ, id string
		lose    func(*world.World) error
	}{
		{world.BucketType, "state", func(w *world.World) error { return w.Delete("aws", world.BucketType, "state") }},
		{world.KeyType, "key-1", func(w *world.World) error { return w.Delete("aws", world.KeyType, "key-1") }},
		{world.KeyType, "key-1", func(w *world.World) error {
			return w.Edit("aws", world.KeyType, "key-1", func(o *world.Object) error {
				o.State = map[string]any{"deletionDate": "2024-01-31T00:00:00Z"}
				return nil
			})
		}},
		{world.S3ObjectType, "state/savepoints/savepoint-1/_metadata", func(w *world.World) error {
			return w.Delete("aws", world.S3ObjectType, "state/savepoints/savepoint-1/_metadata")
		}},
	} {
		w, err := world.Open("")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []world.Object{
			{Package: "aws", Type: world.BucketType, ID: "state"},
			{Package: "aws", Type: world.KeyType, ID: "key-1"},
			{Package: "aws", Type: world.S3ObjectType, ID: "state/savepoints/savepoint-1/_metadata"},
		} {
			if err := w.Put(o); err != nil {
				t.Fatal(err)
			}
		}
		before := Protected(w)
		if err := Lost(before, w); err != nil || len(before) != 3 {
			t.Fatalf("of %v, nothing was lost: %v", before, err)
		}
		if err := c.lose(w); err != nil {
			t.Fatal(err)
		}
		if err := Lost(before, w); err == nil || !strings.Contains(err.Error(), c.typ+" "+c.id) {
			t.Errorf("%s %s is gone: %v", c.typ, c.id, err)
		}
	}
}
