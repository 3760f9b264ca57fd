package operator

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Where the status sequences of real operators are, one line a change.
var traces = filepath.Join("..", "..", "..", "..", "..", "shared", "data", "traces")

// A shown is what a status says, by the words that a program may act on.
type shown struct{ lifecycle, reconciliation, jobManager, job, failure string }

// recorded reads a trace: what was said, and whether the object was still there
// at its end. Polled ones may lack a state that did not last.
func recorded(t *testing.T, name string) (sequence []shown, there, polled bool) {
	t.Helper()
	file, err := os.Open(filepath.Join(traces, name+".jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no traces of a real operator at %s", traces)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	polled = true
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Exists                               bool
			Deleting                             *bool
			LifecycleState, ReconciliationState  string
			JobManagerDeploymentStatus, JobState string
			Error                                *struct{ Type, Message string }
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Deleting != nil {
			polled = false
		}
		there = line.Exists
		if line.LifecycleState == "" {
			continue
		}
		now := shown{line.LifecycleState, line.ReconciliationState, line.JobManagerDeploymentStatus, line.JobState, ""}
		if line.Error != nil {
			if now.failure = line.Error.Type; now.failure == "" {
				now.failure = line.Error.Message
			}
		}
		if len(sequence) == 0 || sequence[len(sequence)-1] != now {
			sequence = append(sequence, now)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return sequence, there, polled
}

// The model is told what the cluster showed, and must say what the operator
// said of it. What the cluster showed is read from the traces too: pods, REST.
func TestTheModelSaysWhatARealOperatorSaid(t *testing.T) {
	good := func(l *life) { l.image("1") }
	for _, c := range []struct {
		trace  string
		before func(*life)
		ask    func(*life)
		shows  []picture
	}{
		{"1.10.0-first-deploy", nil, nil, []picture{gone, starting, up, jobIs("CREATED"), running}},
		{"1.15.0-first-deploy", nil, nil, []picture{gone, starting, up, jobIs("INITIALIZING"), jobIs("CREATED"), running}},
		{"1.15.0-first-deploy-failed-mount-race", nil, nil, []picture{gone, mounting, starting, up, jobIs("CREATED"), running}},
		{"1.10.0-upgrade", (*life).runs, func(l *life) { l.image("2") }, append(stopsAndStarts, starting, up, jobIs("CREATED"), running)},
		{"1.15.0-upgrade", (*life).runs, func(l *life) { l.image("2") }, append(stopsAndStarts, starting, up, jobIs("INITIALIZING"), jobIs("CREATED"), running)},
		{"1.10.0-bad-image", (*life).runs, func(l *life) { l.image("bad") }, append(stopsAndStarts, pulling, pulling)},
		{"1.15.0-bad-image", (*life).runs, func(l *life) { l.image("bad") }, append(stopsAndStarts, pulling, pulling)},
		{"1.10.0-bad-image-mended", (*life).pullsNothing, good, []picture{pulling, pulling}},
		{"1.15.0-bad-image-mended", (*life).pullsNothing, good, []picture{pulling, mounting, starting, up, jobIs("INITIALIZING"), jobIs("CREATED")}},
		{"1.10.0-main-throws", (*life).runs, func(l *life) { l.image("throws") }, append(stopsAndStarts, starting, up, thrown, thrown)},
		{"1.15.0-main-throws", (*life).runs, func(l *life) { l.image("throws") }, append(stopsAndStarts, starting, up, thrown, thrown)},
		{"1.10.0-main-throws-mended", (*life).mainThrows, func(l *life) {
			l.asks(func(spec, job object) {
				spec["image"], job["initialSavepointPath"], job["savepointRedeployNonce"] = "fraud:1", "s3://state/savepoints/savepoint-1", 1.0
			})
		}, []picture{thrown, thrown, gone, starting, up, jobIs("INITIALIZING"), jobIs("CREATED"), running}},
		{"1.15.0-main-throws-mended", (*life).mainThrows, good, []picture{thrown, starting, up, jobIs("CREATED"), running}},
		{"1.15.0-crash-loop", (*life).runs, func(l *life) {
			l.asks(func(spec, _ object) { child(spec, "flinkConfiguration")["heartbeat.interval"] = "3 s" })
		}, append(stopsAndStarts, starting, up, jobIs(noJob), down, up, down, up, down, backOff, up, backOff, up, backOff, up, down, backOff, up, backOff)},
		{"1.15.0-crash-loop-mended", (*life).crashes, func(l *life) {
			l.asks(func(spec, _ object) { delete(child(spec, "flinkConfiguration"), "heartbeat.interval") })
		}, []picture{backOff, up, backOff, backOff, up, backOff, backOff}},
		{"1.15.0-restore-nonce-after-crash-loop", (*life).crashesMended, func(l *life) {
			l.asks(func(_, job object) {
				job["initialSavepointPath"], job["savepointRedeployNonce"] = "s3://state/savepoints/savepoint-1", 1.0
			})
		}, []picture{backOff, starting, up, jobIs("INITIALIZING"), running}},
		{"1.15.0-delete-foreground", (*life).runs, (*life).removed, []picture{gone, gone, gone}},
		{"1.15.0-delete-background", (*life).runs, (*life).removed, []picture{running, running}},
		{"1.15.0-delete-kubectl", (*life).runs, (*life).removed, []picture{running, running}},
		{"1.15.0-delete-background-bad-image", (*life).pullsNothing, func(l *life) {
			l.removed()
			l.sees(pulling, pulling)
			l.asks(renounce)
		}, []picture{pulling}},
		{"1.15.0-create-with-restore", nil, nil, []picture{gone, starting, up, jobIs(noJob), running}},
		{"1.15.0-upgrade-second", (*life).runs, func(l *life) { l.image("2") }, append(stopsAndStarts, starting, up, jobIs("INITIALIZING"), jobIs("CREATED"), running)},
		{"1.10.0-bad-image-mended-last-state", (*life).pullsNothing, func(l *life) {
			l.asks(func(spec, job object) { spec["image"], job["upgradeMode"] = "fraud:1", "last-state" })
		}, []picture{pulling, starting, up, jobIs("INITIALIZING"), jobIs("CREATED"), running}},
		{"1.10.0-jobmanager-loss", (*life).runs, nil, []picture{down, up, jobIs("CREATED"), running}},
		{"1.15.0-jobmanager-loss", (*life).runs, nil, []picture{up, jobIs("INITIALIZING"), jobIs("CREATED"), running}},
		{"1.15.0-jobmanager-evicted", (*life).runs, nil, []picture{up}},
		{"1.15.0-taskmanager-frozen", (*life).runs, nil, []picture{jobIs("CREATED")}},
		{"1.15.0-suspend", (*life).runs, func(l *life) { l.asks(func(_, job object) { job["state"] = "suspended" }) }, []picture{running, running, jobIs("FINISHED")}},
		{"1.15.0-resume", (*life).suspended, func(l *life) { l.asks(func(_, job object) { job["state"] = "running" }) },
			[]picture{jobIs("FINISHED"), starting, up, jobIs("INITIALIZING"), running}},
	} {
		t.Run(c.trace, func(t *testing.T) {
			want, there, polled := recorded(t, c.trace)
			version, _, _ := strings.Cut(c.trace, "-")
			l := newLife(t, version)
			if c.before != nil {
				c.before(l)
				l.written = l.written[len(l.written)-1:]
			}
			if c.ask != nil {
				c.ask(l)
			}
			l.sees(c.shows...)
			said := l.written
			if l.there != there {
				t.Errorf("at the end the object is there: %v, recorded %v", l.there, there)
			}
			if polled && within(want, said) || slices.Equal(want, said) {
				return
			}
			t.Errorf("the operator said\n%s\nthe model says\n%s", table(want), table(said))
		})
	}
}

// within says whether all of the one comes in the other, in its order.
func within(some, all []shown) bool {
	for _, one := range all {
		if len(some) > 0 && some[0] == one {
			some = some[1:]
		}
	}
	return len(some) == 0
}

func table(all []shown) string {
	var lines []string
	for _, s := range all {
		lines = append(lines, fmt.Sprintf("  %-10s %-10s %-18s %-12s %s", s.lifecycle, s.reconciliation, s.jobManager, s.job, s.failure))
	}
	return strings.Join(lines, "\n")
}

func TestWhatTheCollectorTookFirstKeepsTheObjectUntilTheSavepointIsRenounced(t *testing.T) {
	l := newLife(t, "1.15.0")
	l.runs()
	l.removed()
	l.sees(gone, gone)
	if !l.there {
		t.Fatal("the object went without its last savepoint")
	}
	l.asks(renounce)
	l.sees(gone)
	if l.there {
		t.Error("the object is still there")
	}
}
