package flink

import (
	"strings"
	"testing"
)

func TestThePlanIsThreeLines(t *testing.T) {
	manyJobs(t, func(t *testing.T, j Job, s Stack) {
		lines := j.Plan(s)
		if len(lines) != 3 {
			t.Errorf("%d lines", len(lines))
		}
		for i, about := range []string{"checkpoints: ", "recovery: ", "upgrade: "} {
			if !strings.HasPrefix(lines[i], about) || strings.Contains(lines[i], "\n") || strings.Contains(lines[i], "%!") || strings.Contains(lines[i], "NaN") || strings.Contains(lines[i], "Inf") {
				t.Errorf("line %d: %q", i, lines[i])
			}
		}
	})
}

// 200 GiB, every 30 s, within 10 min, kept 14 days: the guide's job.
func TestThePlansFiguresAreThoseOfTheSettings(t *testing.T) {
	lines := guideJob().Plan(guideStack())
	for _, want := range []string{
		"at most 2880 a day", // 86400 s / 30 s
		"all 200Gi",          //
		"341 MiB/s",          // 200 GiB / 600 s
		"2.0 GiB each",       // 1 % of 200 GiB
		"5.6 TiB a day",      // 2 GiB * 2880
		"an estimate",
	} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("%q is not in: %s", want, lines[0])
		}
	}
	for _, want := range []string{"at most 30s", "for 14 days", "about 79 TiB"} { // 5.625 TiB * 14
		if !strings.Contains(lines[1], want) {
			t.Errorf("%q is not in: %s", want, lines[1])
		}
	}
}

func TestThePauseBoundsTheNumberOfCheckpoints(t *testing.T) {
	j := guideJob()
	j.Checkpoints.MinPause = Hour
	if line := j.Plan(guideStack())[0]; !strings.Contains(line, "at most 24 a day, one each 1h") {
		t.Error(line)
	}
}

func TestNoVolumeIsInventedForAnUndeclaredSize(t *testing.T) {
	j := guideJob()
	j.State.ExpectedSize = 0
	for _, line := range j.Plan(guideStack())[:2] {
		if strings.Contains(line, "iB") {
			t.Error(line)
		}
	}
}

func TestThePlanSaysWhatAnUpgradeDoes(t *testing.T) {
	for want, change := range map[string]func(*Job, *Stack){
		"stops the job with a NATIVE savepoint below s3://kv-flink-state-payments-prod/savepoints": func(*Job, *Stack) {},
		"resumes from the last checkpoint": func(j *Job, _ *Stack) { j.UpgradeMode = "last-state" },
		"EMPTY":                            func(j *Job, _ *Stack) { j.UpgradeMode = "stateless" },
		"stops with a savepoint and stays stopped":         func(j *Job, _ *Stack) { j.Suspended = true },
		"stops with its last checkpoint and stays stopped": func(j *Job, _ *Stack) { j.Suspended, j.UpgradeMode = true, "last-state" },
		"a first start begins at s3://b/savepoints/savepoint-1": func(j *Job, _ *Stack) {
			j.Restore.From = "s3://b/savepoints/savepoint-1"
		},
		"restore.request 2, where it is new, cancels the running job and goes back there": func(j *Job, _ *Stack) {
			j.Restore = Restore{From: "s3://b/savepoints/savepoint-1", Request: 2}
		},
		"begins at s3://b/checkpoints/00/chk-9": func(j *Job, s *Stack) {
			j.Restore.From, s.RestorePath = "latest", "s3://b/checkpoints/00/chk-9"
		},
	} {
		j, s := guideJob(), guideStack()
		change(&j, &s)
		if line := j.Plan(s)[2]; !strings.Contains(line, want) {
			t.Errorf("%q is not in: %s", want, line)
		}
	}
	if line := guideJob().Plan(guideStack())[2]; strings.Contains(line, "restore") || strings.Contains(line, "first start") {
		t.Errorf("no restore was asked for: %s", line)
	}
}
