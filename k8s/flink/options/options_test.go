package options

import (
	"slices"
	"strings"
	"testing"
)

func tables() []Table {
	var all []Table
	for _, s := range sources()["flink"] {
		all = append(all, For(s.version, "1.10.0"), For(s.version, "1.15.0"))
	}
	return all
}

func TestEveryKeyAndOldNameIsFound(t *testing.T) {
	for _, table := range tables() {
		for _, s := range table.sources {
			for _, o := range s.options {
				if strings.Contains(o.Key, "<") {
					continue
				}
				got, ok := table.Lookup(o.Key)
				replaced := o.Deprecated && slices.ContainsFunc(got.Fallbacks, func(f Fallback) bool { return f.Key == o.Key })
				if !ok || got.Key != o.Key && !replaced {
					t.Errorf("%v: %s is found as %q", table.Flink, o.Key, got.Key)
				}
				for _, old := range o.Fallbacks {
					if _, ok := table.Lookup(old.Key); !ok && old.Deprecated {
						t.Errorf("%v: %s, an old name of %s, is not known", table.Flink, old.Key, o.Key)
					}
				}
			}
		}
	}
}

// TestDefaultsAreTakenByTheirOwnType keeps types and defaults together.
func TestDefaultsAreTakenByTheirOwnType(t *testing.T) {
	for _, table := range tables() {
		for _, o := range table.Options() {
			// A negative time is a default of the code that nobody can write.
			if o.Default == "" || o.Type == "String" || o.Type == "Duration" && o.Default[0] == '-' {
				continue
			}
			if err := o.Check(o.Default); err != nil {
				t.Errorf("%s %s: its default %q: %v", o.Version, o.Key, o.Default, err)
			}
		}
	}
}

func TestAKeyIsFoundByEachOfItsNames(t *testing.T) {
	for _, c := range []struct{ flink, key, present, kind string }{
		{"1.18", "state.checkpoints.dir", "state.checkpoints.dir", "String"},
		{"1.20", "state.checkpoints.dir", "execution.checkpointing.dir", "String"},
		{"2.3", "state.checkpoints.dir", "execution.checkpointing.dir", "String"},
		{"1.18", "execution.checkpointing.interval", "execution.checkpointing.interval", "Duration"},
		{"1.18", "high-availability", "high-availability.type", "String"},
		{"1.18", "restart-strategy", "restart-strategy.type", "String"},
		{"1.18", "state.backend", "state.backend.type", "String"},
		{"1.18", "kubernetes.jobmanager.labels.team", "kubernetes.jobmanager.labels.<key>", "String"},
		{"1.18", "kubernetes.jobmanager.labels.example.com/team", "kubernetes.jobmanager.labels.<key>", "String"},
		{"2.0", "metrics.reporter.prom.factory.class", "metrics.reporter.<name>.factory.class", "String"},
		{"2.0", "metrics.reporter.prom.interval", "metrics.reporter.<name>.interval", "Duration"},
		{"2.0", "metrics.reporter.dghttp.apikey", "metrics.reporter.<name>.<parameter>", "String"},
		{"1.18", "containerized.master.env.DD_ENV", "containerized.master.env.<key>", "String"},
		{"1.18", "flink.hadoop.dfs.namenode.x", "flink.hadoop.<key>", "String"},
		{"1.18", "s3.access-key", "s3.access-key", "String"},
		{"1.18", "presto.s3.sse.enabled", "presto.s3.sse.enabled", "String"},
		{"1.18", "fs.s3a.connection.maximum", "fs.s3a.connection.maximum", "String"},
		{"1.18", "state.backend.rocksdb.memory.managed", "state.backend.rocksdb.memory.managed", "Boolean"},
		{"1.18", "kubernetes.operator.job.autoscaler.enabled", "job.autoscaler.enabled", "Boolean"},
		{"1.18", "kubernetes.operator.reconcile.interval", "kubernetes.operator.reconcile.interval", "Duration"},
		{"1.18", "env.java.opts.all", "env.java.opts.all", "String"},
		{"1.18", "python.executable", "python.executable", "String"},
		{"1.18", "table.exec.state.ttl", "table.exec.state.ttl", "Duration"},
		{"1.18", "pipeline.global-job-parameters", "pipeline.global-job-parameters", "Map"},
		{"1.18", "pipeline.global-job-parameters.threshold", "pipeline.global-job-parameters.<key>", "String"},
		{"1.18", "security.kerberos.login.principal", "security.kerberos.login.principal", "String"},
		{"1.18", "high-availability.zookeeper.client.session-timeout", "high-availability.zookeeper.client.session-timeout", "Integer"},
	} {
		got, ok := For(c.flink, "1.10.0").Lookup(c.key)
		if !ok || got.Key != c.present || got.Type != c.kind {
			t.Errorf("Flink %s, %s: %q of type %q, known: %t; want %q of type %q", c.flink, c.key, got.Key, got.Type, ok, c.present, c.kind)
		}
	}
	for _, c := range [][2]string{
		{"1.18", "execution.checkpointing.dir"}, {"1.18", "my.own.key"}, {"1.18", "kubernetes.jobmanager.labels."},
		{"1.18", "metrics.reporter..interval"}, {"2.0", "state.backend.async"}, {"1.18", ""}, {"1.18", "."},
	} {
		if got, ok := For(c[0], "1.10.0").Lookup(c[1]); ok {
			t.Errorf("Flink %s knows %q as %s", c[0], c[1], got.Key)
		}
	}
}

func TestOnlyFlinksOwnNamespacesAreOwned(t *testing.T) {
	table := For("1.18", "1.10.0")
	for key, owned := range map[string]bool{
		"taskmanager.memory.process.sise": true, "execution.checkpointing.intervall": true, "kubernetes.operator.reconcil": true,
		"job.autoscaler.enable": true, "job.name": false, "my.team.threshold": false, "fraud": false, "": false, "task.name": false,
		"s3.something": false, "fs.gs.key": false, "state": false, "state.backend.rocksdb.memry": true, "security.ssl.foo": true,
		"$internal.x": false, "pipeline.max-paralelism": true,
	} {
		if got := table.Owned(key); got != owned {
			t.Errorf("%q owned: %t", key, got)
		}
	}
}

func TestAMisspelledKeyIsSuggestedAgain(t *testing.T) {
	table := For("1.18", "1.10.0")
	for wrong, right := range map[string]string{
		"execution.checkpointing.intervall": "execution.checkpointing.interval",
		"taskmanager.numberOftaskSlots":     "taskmanager.numberOfTaskSlots",
		"taskmanager.memory.proces.size":    "taskmanager.memory.process.size",
		"job.autoscaler.enable":             "job.autoscaler.enabled",
		"my.team.threshold":                 "", "": "", "a": "", "fraud.model.path": "",
	} {
		if got := table.Suggest(wrong); got != right {
			t.Errorf("%q: %q, want %q", wrong, got, right)
		}
	}
	for _, o := range table.Options() {
		if o.Deprecated || strings.Contains(o.Key, "<") || len(o.Key) < 10 {
			continue
		}
		half := len(o.Key) / 2
		wrong := o.Key[:half] + "~" + o.Key[half+1:]
		if got := table.Suggest(wrong); len(got) != len(o.Key) || strings.Replace(got, got[half:half+1], "~", 1) == "" {
			t.Errorf("%q: %q, want %q", wrong, got, o.Key)
		}
	}
}

func TestAVersionWithoutDataHasItsNeighbours(t *testing.T) {
	for _, c := range []struct {
		flink, operator string
		want            []string
		exact           bool
	}{
		{"1.18", "1.10.0", []string{"1.18", "1.10.0"}, true},
		{"v1_20", "1.15", []string{"1.20", "1.15.0"}, true},
		{"1.18.1", "1.10.3", []string{"1.18", "1.10.0"}, true},
		{"2.1", "1.10.0", []string{"2.0?", "2.3?", "1.10.0"}, false},
		{"1.17", "1.12.1", []string{"1.18?", "1.10.0?", "1.15.0?"}, false},
		{"9.9", "", []string{"2.3?", "1.15.0?"}, false},
	} {
		table := For(c.flink, c.operator)
		if got := append(slices.Clone(table.Flink), table.Operator...); !slices.Equal(got, c.want) || table.Exact() != c.exact {
			t.Errorf("%s and %s: %v, exact: %t", c.flink, c.operator, got, table.Exact())
		}
	}
}

func TestTheDataIsSmallAndSorted(t *testing.T) {
	if len(data) > 600_000 {
		t.Errorf("options.tsv has %d bytes", len(data))
	}
	for of, all := range sources() {
		for _, s := range all {
			if !slices.IsSortedFunc(s.options, func(a, b Option) int { return strings.Compare(a.Key, b.Key) }) {
				t.Errorf("%s %s is not sorted: Owned searches by halves", of, s.version)
			}
			if len(s.options) < 80 {
				t.Errorf("%s %s has %d options", of, s.version, len(s.options))
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		parse(data)
	}
}

func BenchmarkSuggest(b *testing.B) {
	table := For("1.18", "1.10.0")
	for b.Loop() {
		table.Suggest("execution.checkpointing.intervall")
	}
}
