package world

import "testing"

func TestTheWorldIsThereAgain(t *testing.T) {
	file := t.TempDir() + "/world.json"
	w, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Put(Object{Package: "aws", Type: BucketType, ID: "b", State: map[string]any{"x": 1.0}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Instruct("fraud", FailNextUpgrade); err != nil {
		t.Fatal(err)
	}
	again, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if o, there := again.Get("aws", BucketType, "b"); !there || o.State["x"] != 1.0 || !again.Obey("fraud", FailNextUpgrade) || again.Obey("fraud", FailNextUpgrade) {
		t.Error("the world was not kept")
	}
}
