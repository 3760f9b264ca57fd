package preflight

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// As Flink 1.18.1 answered about a renamed uid.
const lost = `{"kind":"state-lost","cause":"63.6 KiB of state of operator 239c (account, last) would be lost: no operator of the new job has this id; operators without stored state: sum","details":["63.6 KiB of state of operator 239c (account, last) would be lost"],"flinkVersion":"1.18.1","snapshot":"s3://bucket/checkpoints/663d/chk-8","operators":[{"name":"operator 239c","id":"239c","verdict":"lost","bytes":65162,"states":["account","last"]},{"name":"sum","id":"41ef","verdict":"new","bytes":0}],"omitted":3}`

func TestAResultIsReadFromTheMessageAndFromTheEndOfALog(t *testing.T) {
	for _, text := range []string{lost, "preflight: main()\n\nOPERATOR\n" + lost + "\n"} {
		v, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if v.Kind != StateLost || v.OK() || v.Operators[0].Bytes != 65162 || v.Omitted != 3 || v.Snapshot == "" {
			t.Errorf("read as %+v", v)
		}
	}
}

func TestTheTableShowsEveryOperatorAndTheEdit(t *testing.T) {
	v, err := Parse(lost)
	if err != nil {
		t.Fatal(err)
	}
	table := v.Table()
	for _, want := range []string{"operator 239c  63.6 KiB  lost     account, last", "sum            0 B       new", "and 3 more", "preflight state-lost: ", "allowNonRestoredState: true"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
}

func TestWhatIsNoResultIsAnError(t *testing.T) {
	for _, text := range []string{"", "Error: could not open /preflight", "{}", "[]", `{"kind":1}`, lost[:100]} {
		if v, err := Parse(text); err == nil {
			t.Errorf("%q is read as %+v", text, v)
		}
	}
}

func TestEveryFailureHasAnEdit(t *testing.T) {
	for _, kind := range []Kind{Configuration, Secret, Storage, Program, Timeout, SnapshotMissing, SnapshotUnreadable, StateLost,
		StateIncompatible, MaxParallelism, Internal, Image, Unscheduled, Crashed} {
		if kind.Edit() == "" {
			t.Errorf("%s has no edit", kind)
		}
	}
	if Passed.Edit() != "" {
		t.Error("a passed check asks for an edit")
	}
}

func FuzzAParsedResultIsWrittenAndReadTheSame(f *testing.F) {
	f.Add(lost)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		_ = v.Table()
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		w, err := Parse(string(again))
		if err != nil || !reflect.DeepEqual(v.Line(), w.Line()) || len(v.Operators) != len(w.Operators) {
			t.Errorf("%s is read as %+v (%v)", again, w, err)
		}
	})
}
