package status

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A look is the picture at a time of a trace, in milliseconds.
type look struct {
	at   int64
	line traceLine
}

// looks at a trace each step ms from start on, and, with a step of 0, at each
// line and each second. The last picture stays for four minutes more, which is
// longer than any patience.
func looks(lines []traceLine, start, step int64) []look {
	var all []look
	var times []int64
	if step == 0 {
		step = 1000
		for _, line := range lines {
			if line.T >= start {
				times = append(times, line.T)
			}
		}
	}
	for at := start; at <= lines[len(lines)-1].T+4*60*1000; at += step {
		times = append(times, at)
	}
	slices.Sort(times)
	next := 0
	for _, at := range times {
		for next < len(lines) && lines[next].T <= at {
			next++
		}
		if next > 0 {
			all = append(all, look{at, lines[next-1]})
		}
	}
	return all
}

// A change of what must be said, from a time in milliseconds on.
type change struct {
	at   int64
	done bool
}

// What must be said of each trace: on its way from 0 on, but for the changes;
// failed, where it is, at its time at the earliest and latest.
var scenarios = map[string]struct {
	suspended        bool
	changes          []change
	earliest, latest time.Duration // of the first look that says failed; 0: none does
	kind             Kind
}{
	"1.10.0-first-deploy":                    {changes: []change{{597392, true}}},
	"1.10.0-upgrade":                         {changes: []change{{66585, true}}},
	"1.10.0-bad-image-mended-last-state":     {changes: []change{{56590, true}}},
	"1.15.0-first-deploy":                    {changes: []change{{65418, true}}},
	"1.15.0-first-deploy-failed-mount-race":  {changes: []change{{72209, true}}},
	"1.15.0-upgrade":                         {changes: []change{{82125, true}}},
	"1.15.0-upgrade-second":                  {changes: []change{{64533, true}}},
	"1.15.0-resume":                          {changes: []change{{39828, true}}},
	"1.15.0-suspend":                         {suspended: true, changes: []change{{2057, true}}},
	"1.15.0-create-with-restore":             {changes: []change{{38407, true}}},
	"1.15.0-restore-nonce-after-crash-loop":  {changes: []change{{36199, true}}},
	"1.15.0-main-throws-mended":              {changes: []change{{65541, true}}},
	"1.15.0-bad-image-mended":                {}, // it ends before the job runs, with FailedMount on its way
	"1.10.0-savepoint-on-request":            {changes: []change{{0, true}}},
	"1.10.0-to-1.15.0-operator-upgrade":      {changes: []change{{0, true}, {37002, false}, {52525, true}}},
	"1.10.0-jobmanager-loss":                 {changes: []change{{0, true}, {13784, false}, {62192, true}}},
	"1.15.0-jobmanager-loss":                 {changes: []change{{0, true}, {14665, false}, {41102, true}}},
	"1.15.0-jobmanager-loss-lease-8s":        {changes: []change{{0, true}, {15140, false}}},
	"1.15.0-jobmanager-loss-one-taskmanager": {changes: []change{{0, true}, {14450, false}, {19264, true}}},
	"1.15.0-jobmanager-evicted":              {changes: []change{{0, true}, {18128, false}}},
	"1.15.0-taskmanager-loss":                {changes: []change{{201, true}}},
	"1.15.0-taskmanager-loss-redundant":      {changes: []change{{0, true}}},
	"1.15.0-taskmanager-frozen":              {changes: []change{{0, true}, {53061, false}}},
	"1.15.0-apiserver-pause-25s":             {changes: []change{{0, true}}},
	"1.15.0-delete-foreground":               {}, // the trace does not say that it is being deleted
	"1.15.0-delete-kubectl":                  {},

	"1.10.0-bad-image":          {earliest: 194 * time.Second, latest: 198 * time.Second, kind: ImagePull},
	"1.15.0-bad-image":          {earliest: 197 * time.Second, latest: 201 * time.Second, kind: ImagePull},
	"1.15.0-crash-loop":         {earliest: 137 * time.Second, latest: 141 * time.Second, kind: CrashLoop},
	"1.10.0-main-throws":        {earliest: 42 * time.Second, latest: 46 * time.Second, kind: ObserverBlocked},
	"1.15.0-main-throws":        {earliest: 34 * time.Second, latest: 38 * time.Second, kind: JobFailed},
	"1.10.0-bad-image-mended":   {earliest: 60 * time.Second, latest: 64 * time.Second, kind: NotTakenUp},
	"1.10.0-main-throws-mended": {earliest: 60 * time.Second, latest: 64 * time.Second, kind: ObserverBlocked},
	// At once where the first look came before the operator's, or else when the error is known not to be the old one's.
	"1.15.0-crash-loop-mended":           {earliest: 0, latest: 64 * time.Second, kind: RestoreRequired},
	"1.15.0-delete-background":           {earliest: 0, latest: 3 * time.Second, kind: Deleting},
	"1.15.0-delete-background-bad-image": {earliest: 0, latest: 3 * time.Second, kind: Deleting},
}

func TestEveryRecordedTraceIsJudgedRightLineByLine(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(traces, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Skip("the recorded traces are not beside the repository, in ../shared/data/traces")
	}
	began := time.Now()
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		want, known := scenarios[name]
		if !known {
			t.Errorf("%s: what must be said of it is not written here", name)
			continue
		}
		lines := readTrace(t, name)
		starts := []int64{0, 1000, 2000}
		if want.kind == "" { // a person may look at it from any time on
			for _, line := range lines {
				starts = append(starts, max(line.T, 0))
			}
		}
		for _, reasons := range []bool{false, true} {
			objects := map[int64]map[string]any{}
			for _, line := range lines {
				objects[line.T] = line.deployment(reasons)
			}
			for i, start := range append([]int64{0}, starts...) {
				step := int64(3000)
				if i == 0 {
					step = 0
				}
				var seen Seen
				var verdict Verdict
				for _, look := range looks(lines, start, step) {
					if !look.line.Exists {
						continue
					}
					at := time.Duration(look.at) * time.Millisecond
					verdict, seen = Judge(objects[look.line.T], want.suspended, seen, began.Add(at))
					done := false
					for _, change := range want.changes {
						if look.at >= change.at {
							done = change.done
						}
					}
					if verdict.Done != done {
						t.Fatalf("%s from %d, at %s: done %v, %q", name, start, at, verdict.Done, verdict.Words)
					}
					if verdict.Failed {
						if want.kind == "" || at < want.earliest || at > want.latest || verdict.Kind != want.kind {
							t.Fatalf("%s from %d: failed at %s: %q", name, start, at, verdict.Words)
						}
						if i == 0 && reasons {
							t.Logf("%s: failed at %s: %s", name, at, verdict.Kind)
						}
						break
					}
				}
				if want.kind != "" && !verdict.Failed && len(verdict.Words) > 0 {
					t.Fatalf("%s from %d: never failed: %q", name, start, verdict.Words)
				}
			}
		}
	}
}

func TestWithoutPatienceAHealthyDeployWouldBeGivenUp(t *testing.T) {
	if _, err := os.Stat(traces); err != nil {
		t.Skip("the recorded traces are not beside the repository, in ../shared/data/traces")
	}
	for _, name := range []string{"1.15.0-first-deploy-failed-mount-race", "1.15.0-bad-image-mended"} {
		failed := false
		var seen Seen
		var verdict Verdict
		for _, look := range looks(readTrace(t, name), 0, 0) {
			if look.line.Exists {
				verdict, seen = judge(map[Kind]rule{}, look.line.deployment(true), false, seen, time.UnixMilli(look.at))
				failed = failed || verdict.Failed
			}
		}
		if !failed {
			t.Errorf("%s proves nothing of patience", name)
		}
	}
}

// After the JobManager's Deployment was deleted by hand, the way out that is
// printed leads on, under eyes that open at that moment.
func TestOperator110TakesUpTheMendOnceTheJobManagerIsDeleted(t *testing.T) {
	if _, err := os.Stat(traces); err != nil {
		t.Skip("the recorded traces are not beside the repository, in ../shared/data/traces")
	}
	var seen Seen
	var verdict Verdict
	for _, look := range looks(readTrace(t, "1.10.0-main-throws-mended"), 262189, 3000) {
		verdict, seen = Judge(look.line.deployment(true), false, seen, time.UnixMilli(look.at))
		if verdict.Failed || verdict.Done != (look.at >= 329474) {
			t.Fatalf("at %d: %+v", look.at, verdict)
		}
	}
}
