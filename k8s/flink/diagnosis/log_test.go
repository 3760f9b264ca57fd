package diagnosis

import (
	"os"
	"strings"
	"testing"
)

func sample(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// found by Find in one log of a JobManager.
func found(text string) []Finding {
	return Find(Readings{Logs: []Log{{Pod: "fraud-scoring-1", Container: mainContainer, Text: text}}})
}

// first finding of a log; empty where there is none.
func first(text string) Finding {
	if all := found(text); len(all) > 0 {
		return all[0]
	}
	return Finding{}
}

// The samples are of real Flink; each begins with a line that says how it came about.
func TestALogOfFlinkTellsItsCauseFirst(t *testing.T) {
	for _, c := range []struct{ sample, cause, seen, do string }{
		{"throw.log", "the job's main() throws", "in com.example.fraud.Broken.load(Broken.java:14): java.lang.IllegalStateException: the fraud model /opt/models/v7 cannot be read; caused by: java.io.FileNotFoundException: /opt/models/v7 (No such file or directory)", "`image`"},
		{"interval.log", "flinkConfiguration: heartbeat.interval has a value of the wrong type", "Could not parse value '3 s' for key 'heartbeat.interval'.", `flinkConfiguration: {heartbeat.interval: "3000"}`},
		{"missing.log", "class com.example.fraud.Gone is in no jar of the image", "java.lang.ClassNotFoundException", "fat jar"},
		{"entryclass.log", "the jar has no class com.example.fraud.Other", "com.example.fraud.Other", "`entryClass`"},
		{"scheme.log", "no plugin for s3:// is enabled in the image", "UnsupportedFileSystemSchemeException", "plugins: {builtIn: flink-s3-fs-presto-"},
		{"heap.log", "the JVM is out of heap", "Java heap space", "`jobManager.memory`"},
		{"direct.log", "the JVM is out of direct memory", "irect", "jobmanager.memory.off-heap.size"},
		{"metaspace.log", "the JVM is out of metaspace", "OutOfMemoryError: Metaspace", "jobmanager.memory.jvm-metaspace.size"},
		{"nopath.log", "there is no savepoint at the path to start from", "Cannot find checkpoint or savepoint file/directory 'file:///opt/flink/savepoints/none'", "restore: {from: PATH, request: N}"},
		{"port.log", "port 18081 of the pod is in use", "BindException", "`podTemplate`"},
		{"s3denied.log", "S3 denies access", "(path s3://kv-flink-state/savepoints/savepoint-1)", "`restore.from`"},
		{"mismatch.log", "the image has no operator ", "Cannot map checkpoint/savepoint state for operator", "`allowNonRestoredState: true`"},
		{"native.log", "the image lacks the native library libpthread.so.0", "UnsatisfiedLinkError", "Debian"},
	} {
		f := first(sample(t, c.sample))
		if !strings.HasPrefix(f.Cause, c.cause) || !strings.Contains(f.Seen, c.seen) || !strings.Contains(f.Do, c.do) {
			t.Errorf("%s:\n%s\nwant %s: ...%s\n  do: %s", c.sample, f, c.cause, c.seen, c.do)
		}
		if !strings.HasPrefix(f.Seen, "log of fraud-scoring-1: ") || f.Runbook != Section {
			t.Errorf("%s: %+v", c.sample, f)
		}
	}
}
