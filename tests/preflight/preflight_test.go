package preflight_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flink-payments/k8s/preflight"
)

// exitCodes as the jar's Kind.java has them.
var exitCodes = map[preflight.Kind]int{
	preflight.Passed: 0, preflight.Internal: 1, preflight.Configuration: 10, preflight.Secret: 11, preflight.Storage: 12,
	preflight.Program: 13, preflight.Timeout: 14, preflight.SnapshotMissing: 15, preflight.SnapshotUnreadable: 16,
	preflight.StateLost: 17, preflight.StateIncompatible: 18, preflight.MaxParallelism: 19,
}

// secretValue stands under keys that Flink takes for secret by their names.
const secretValue = "hunter2"

type question struct {
	name string
	// change the question about the running job.
	change func(*testing.T, *world, *preflight.Input)
	want   preflight.Kind
	// cause that the person is told, in part.
	cause string
	// verdicts of operators by name, those that the case is about.
	verdicts map[string]string
}

func args(a ...string) func(*testing.T, *world, *preflight.Input) {
	return func(_ *testing.T, _ *world, in *preflight.Input) { in.Args = a }
}

var questions = []question{
	{name: "the same job continues from its newest incremental checkpoint", want: preflight.Passed,
		change:   args(),
		verdicts: map[string]string{"sum": "continues", "slowly": "continues", "Source: numbers": "continues"}},
	{name: "the same job continues from a canonical savepoint", want: preflight.Passed,
		change:   func(_ *testing.T, w *world, in *preflight.Input) { in.Restore = w.canonical },
		verdicts: map[string]string{"sum": "continues"}},
	{name: "the same job continues from a native savepoint", want: preflight.Passed,
		change:   func(_ *testing.T, w *world, in *preflight.Input) { in.Restore = w.native },
		verdicts: map[string]string{"sum": "continues"}},
	{name: "a renamed uid loses its state", want: preflight.StateLost,
		change: args("renamed"), cause: "(account, last, offsets, timers) would be lost"},
	{name: "lost state passes where the settings allow it, and is listed", want: preflight.Passed,
		change: func(_ *testing.T, _ *world, in *preflight.Input) {
			in.Args, in.AllowNonRestoredState = []string{"renamed"}, true
		},
		verdicts: map[string]string{"sum": "new", "": "dropped"}},
	{name: "an added operator starts without state", want: preflight.Passed,
		change: args("added"), verdicts: map[string]string{"added": "new", "sum": "continues"}},
	{name: "a removed stateless operator is no loss", want: preflight.Passed,
		change: args("without-stateless"), verdicts: map[string]string{"sum": "continues"}},
	{name: "a removed operator loses its state", want: preflight.StateLost,
		change: args("without-sum"), cause: "would be lost"},
	{name: "a state class whose field changed its type cannot be read", want: preflight.StateIncompatible,
		change: func(_ *testing.T, w *world, in *preflight.Input) { in.JarURI = "local://" + w.changed },
		cause:  "state account changed its type: Account.total was stored by LongSerializer, its type is now String"},
	{name: "a state descriptor with another type cannot be restored", want: preflight.StateIncompatible,
		change: args("state-type"), cause: "state last changed its type: stored by LongSerializer, now StringSerializer"},
	{name: "another key type cannot be restored", want: preflight.StateIncompatible,
		change: args("key-type"), cause: "the key's type changed: stored by LongSerializer, now StringSerializer"},
	{name: "a lowered max parallelism cannot be restored", want: preflight.MaxParallelism,
		change: args("max-parallelism=64"), cause: "max parallelism is 64, the state was written with 128"},
	{name: "a parallelism above the state's max parallelism cannot be restored", want: preflight.MaxParallelism,
		change: args("parallelism=129"), cause: "parallelism 129 is above the state's max parallelism 128"},
	{name: "a main that throws is told with its place", want: preflight.Program,
		change: args("throw"), cause: "IllegalStateException: the rules file is missing, at jobs.Job.build(Job.java:"},
	{name: "a wrong argument is told", want: preflight.Program,
		change: args("parallelism=six"), cause: `NumberFormatException: For input string: "six"`},
	{name: "a main that ends the JVM is told", want: preflight.Program,
		change: args("exit"), cause: "main() called System.exit before execute(), at jobs.Job.build(Job.java:"},
	{name: "a main that does not return is told where it stands", want: preflight.Timeout,
		change: func(_ *testing.T, _ *world, in *preflight.Input) {
			in.Args, in.Timeout = []string{"hang"}, 30e9
		},
		cause: "main() did not end within 15 s, at jobs.Job.build(Job.java:"},
	{name: "a missing class is told", want: preflight.Program,
		change: func(_ *testing.T, _ *world, in *preflight.Input) { in.EntryClass = "jobs.Jobs" }, cause: "jobs.Jobs"},
	{name: "a missing jar is told", want: preflight.Program,
		change: func(_ *testing.T, _ *world, in *preflight.Input) { in.JarURI = "local:///opt/flink/usrlib/other.jar" },
		cause:  "the image has no file /opt/flink/usrlib/other.jar"},
	{name: "every value of a wrong type is told, with the type", want: preflight.Configuration,
		change: func(_ *testing.T, _ *world, in *preflight.Input) {
			in.Configuration["taskmanager.numberOfTaskSlots"] = "two"
			in.Configuration["execution.checkpointing.mode"] = "ONCE"
		},
		cause: `execution.checkpointing.mode is "ONCE", which Flink`},
	{name: "a secret value of a wrong type is not shown", want: preflight.Configuration,
		change: func(_ *testing.T, _ *world, in *preflight.Input) {
			in.Configuration["security.delegation.tokens.renewal.retry.backoff"] = secretValue
		},
		cause: "security.delegation.tokens.renewal.retry.backoff has a value that Flink"},
	{name: "a secret file that is not there is told", want: preflight.Secret,
		change: func(_ *testing.T, _ *world, in *preflight.Input) {
			in.SecretFiles = []string{"/vault/secrets/none.properties"}
		},
		cause: "/vault/secrets/none.properties cannot be read"},
	{name: "a savepoint that is not there is told", want: preflight.SnapshotMissing,
		change: func(_ *testing.T, w *world, in *preflight.Input) {
			in.Restore = "file://" + w.root + "/savepoints/none"
		},
		cause: "there is no savepoint or checkpoint at"},
	{name: "a first start has no state and passes", want: preflight.Passed,
		change: func(t *testing.T, _ *world, in *preflight.Input) {
			empty := "file://" + t.TempDir()
			in.Configuration["state.checkpoints.dir"], in.Configuration["state.savepoints.dir"] = empty+"/c", empty+"/s"
		},
		verdicts: map[string]string{"sum": "new"}},
	{name: "a damaged _metadata is told", want: preflight.SnapshotUnreadable,
		change: func(t *testing.T, w *world, in *preflight.Input) {
			metadata, err := os.ReadFile(filepath.Join(strings.TrimPrefix(w.canonical, "file:"), "_metadata"))
			if err != nil {
				t.Fatal(err)
			}
			directory := t.TempDir()
			if err := os.WriteFile(filepath.Join(directory, "_metadata"), metadata[:len(metadata)/2], 0o644); err != nil {
				t.Fatal(err)
			}
			in.Restore = "file://" + directory
		},
		cause: "is damaged: "},
	{name: "a missing state file is told", want: preflight.SnapshotUnreadable,
		change: func(t *testing.T, w *world, in *preflight.Input) {
			metadata, err := os.ReadFile(filepath.Join(strings.TrimPrefix(w.canonical, "file:"), "_metadata"))
			if err != nil {
				t.Fatal(err)
			}
			directory := t.TempDir() // a savepoint's files are beside its _metadata
			if err := os.WriteFile(filepath.Join(directory, "_metadata"), metadata, 0o644); err != nil {
				t.Fatal(err)
			}
			in.Restore = "file://" + directory
		},
		cause: "a state file is missing: "},
	{name: "a directory without the right to write is told", want: preflight.Storage,
		change: func(_ *testing.T, _ *world, in *preflight.Input) {
			in.Configuration["high-availability.storageDir"] = "file:///proc/ha"
		},
		cause: "cannot write file:/proc/ha/preflight-"},
}

func TestEachQuestionHasItsAnswer(t *testing.T) {
	for _, version := range versions() {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, version)
			for _, q := range questions {
				t.Run(q.name, func(t *testing.T) {
					t.Parallel()
					q.put(t, w)
				})
			}
		})
	}
}

func (q question) put(t *testing.T, w *world) {
	in := w.input()
	q.change(t, w, &in)
	v, code, log := w.ask(t, in, "")
	if v.Kind != q.want || !strings.Contains(v.Cause, q.cause) {
		t.Fatalf("answered %q: %q, want %q: ...%s...\n%s", v.Kind, v.Cause, q.want, q.cause, log)
	}
	if code != exitCodes[q.want] {
		t.Errorf("exit code %d, want %d", code, exitCodes[q.want])
	}
	if v.FlinkVersion != w.version {
		t.Errorf("says Flink %s", v.FlinkVersion)
	}
	if strings.Contains(log, secretValue) {
		t.Errorf("the log shows a secret value:\n%s", log)
	}
	for name, verdict := range q.verdicts {
		if !slices.ContainsFunc(v.Operators, func(o preflight.Operator) bool {
			return (name == "" || o.Name == name) && o.Verdict == verdict
		}) {
			t.Errorf("operator %q does not have the verdict %q:\n%s", name, verdict, v.Table())
		}
	}
}
