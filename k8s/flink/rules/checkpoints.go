package rules

import (
	"fmt"
	"math"
	"strings"
	"time"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

const (
	intervalKey   = "execution.checkpointing.interval"
	timeoutKey    = "execution.checkpointing.timeout"
	minPauseKey   = "execution.checkpointing.min-pause"
	concurrentKey = "execution.checkpointing.max-concurrent-checkpoints"
	modeKey       = "execution.checkpointing.mode"
	retentionKey  = "execution.checkpointing.externalized-checkpoint-retention"
	transferKey   = "state.backend.rocksdb.checkpoint.transfer.thread.num"
	// streamRate in bytes a second of one upload to S3, the upper end of what
	// AWS plans with (S3 performance design patterns: 85 to 90 MB/s a request).
	streamRate = 90e6
	// transferThreads is Flink's default of transferKey: uploads at once on a TaskManager.
	transferThreads = 4
	// largeState is where checkpoints that overlap start to cost: a single
	// stream needs two minutes for a full one.
	largeState = 10 * flink.GiB
)

// upload is how long a share of the declared state takes to reach S3 in the
// best case: every TaskManager with all its streams at full rate. It refuses
// only what cannot work even then.
func (s Input) upload(share float64) time.Duration {
	threads, ok := s.number(transferKey)
	if !ok || threads < 1 {
		threads = transferThreads
	}
	seconds := float64(s.Job.State.ExpectedSize) * share / (float64(s.taskManagers()) * float64(threads) * streamRate)
	if seconds > math.MaxInt64/float64(time.Second)/2 {
		return math.MaxInt64 / 2
	}
	return time.Duration(seconds * float64(time.Second))
}

// seconds rounds up to what a person writes.
func seconds(d time.Duration) flink.Duration {
	return flink.Duration((d + time.Second - 1) / time.Second * time.Second)
}

var checkpointRules = []validation.Rule[Input]{
	{
		ID: "checkpoint-interval-size", Severity: validation.Refuse, Looks: "checkpoints.interval, checkpoints.minPause, state.expectedSize, parallelism, taskManager.slots",
		Reason: "checkpoints of a state this large cannot end within the interval: they back up, and the job falls behind",
		Fix:    "a longer interval, or more TaskManagers",
		Source: "guide: common pitfalls (10 s on 200 GB is too short, 30 s is a start); bound: 1 % of the state uploaded at 4 streams of 90 MB/s (AWS: S3 performance design patterns) on each TaskManager, then the pause",
		Check: func(s Input) []validation.Finding {
			interval, ok := s.duration(intervalKey)
			pause, _ := s.duration(minPauseKey)
			if !ok || interval < 10*flink.Duration(time.Millisecond) || s.Job.State.ExpectedSize <= 0 {
				return nil
			}
			changed := s.upload(flink.AssumedChange)
			least := seconds(changed + min(time.Duration(pause), math.MaxInt64/4))
			// A pause above the interval is checkpoint-interval-pause's.
			if interval >= least || interval < pause {
				return nil
			}
			return []validation.Finding{{
				Path: s.at(intervalKey, "checkpoints.interval"), Value: interval.String(),
				Reason: fmt.Sprintf("of %s about 1 %% changes between two checkpoints: on %d TaskManagers that takes %s to upload at best, and the pause of %s follows: checkpoints back up", s.Job.State.ExpectedSize, s.taskManagers(), changed.Round(100*time.Millisecond), pause),
				Fix:    fmt.Sprintf("%s or more (start at %s), or more TaskManagers; lower it when lastCheckpointDuration allows", least, max(least, 30*flink.Second)),
			}}
		},
	},
	{
		ID: "checkpoint-interval-pause", Severity: validation.Refuse, Looks: "checkpoints.interval, checkpoints.minPause",
		Reason: "Flink silently waits for the pause instead: the interval that is written never happens",
		Fix:    "an interval of at least checkpoints.minPause, such as 30s and 10s",
		Source: "Flink: CheckpointCoordinator raises the interval to the pause; Flink docs: min-pause",
		Check: func(s Input) []validation.Finding {
			interval, ok := s.duration(intervalKey)
			pause, okPause := s.duration(minPauseKey)
			return when(ok && okPause && interval >= 10*flink.Duration(time.Millisecond) && interval < pause,
				s.at(intervalKey, "checkpoints.interval"), fmt.Sprintf("%s, with a pause of %s", interval, pause))
		},
	},
	{
		ID: "checkpoint-interval-minimum", Severity: validation.Refuse, Looks: "checkpoints.interval",
		Reason: "Flink takes no interval below 10 ms, and 0 turns checkpoints off: a failure would then lose all state",
		Fix:    "30s",
		Source: "Flink: CheckpointConfig, minimal checkpoint time",
		Check: func(s Input) []validation.Finding {
			interval, ok := s.duration(intervalKey)
			missing := s.text(intervalKey) == ""
			return when(missing || ok && interval >= 0 && interval < 10*flink.Duration(time.Millisecond), s.at(intervalKey, "checkpoints.interval"), s.text(intervalKey))
		},
	},
	{
		ID: "checkpoint-timeout", Severity: validation.Refuse, Looks: "checkpoints.timeout, checkpoints.interval",
		Reason: "a checkpoint is given up before the next one is due: slow ones never get to use the time they have",
		Fix:    "a timeout well above the interval, such as 10m for 30s",
		Source: "Flink docs: tuning checkpoints",
		Check: func(s Input) []validation.Finding {
			timeout, ok := s.duration(timeoutKey)
			interval, okInterval := s.duration(intervalKey)
			return when(ok && okInterval && timeout < interval, s.at(timeoutKey, "checkpoints.timeout"), fmt.Sprintf("%s, with an interval of %s", timeout, interval))
		},
	},
	{
		ID: "checkpoint-timeout-size", Severity: validation.Refuse, Looks: "checkpoints.timeout, state.expectedSize, parallelism, taskManager.slots",
		Reason: "the first checkpoint after a start from a savepoint uploads the whole state and cannot end in time: it is given up and begun again, for ever",
		Fix:    "a longer timeout, or more TaskManagers",
		Source: "Flink docs: restore mode NO_CLAIM (first checkpoint is full); AWS: S3 performance design patterns",
		Check: func(s Input) []validation.Finding {
			timeout, ok := s.duration(timeoutKey)
			interval, okInterval := s.duration(intervalKey)
			full := s.upload(1)
			// A timeout below the interval is checkpoint-timeout's.
			if !ok || s.Job.State.ExpectedSize <= 0 || time.Duration(timeout) >= full || okInterval && timeout < interval {
				return nil
			}
			return []validation.Finding{{
				Path: s.at(timeoutKey, "checkpoints.timeout"), Value: timeout.String(),
				Reason: fmt.Sprintf("the first checkpoint after a start from a savepoint uploads all %s: on %d TaskManagers that takes %s at best, so it is given up and begun again, for ever", s.Job.State.ExpectedSize, s.taskManagers(), seconds(full)),
				Fix:    fmt.Sprintf("%s or more, or more TaskManagers", seconds(full)),
			}}
		},
	},
	{
		ID: "checkpoint-concurrency", Severity: validation.Refuse, Looks: "checkpoints.maxConcurrent, checkpoints.mode, state.expectedSize",
		Reason: "checkpoints of a large state at the same time slow each other down, and all of them hold back the stream's barriers", Fix: "1",
		Source: "guide: max-concurrent-checkpoints 1; Flink docs: tuning checkpoints",
		Check: func(s Input) []validation.Finding {
			n, ok := s.number(concurrentKey)
			f := validation.Finding{Path: s.at(concurrentKey, "checkpoints.maxConcurrent"), Value: fmt.Sprint(n)}
			switch {
			case ok && n < 1:
				f.Reason = "Flink refuses to start: at least one checkpoint must be allowed"
			case ok && n > 1 && s.is(modeKey, "EXACTLY_ONCE") && s.Job.State.ExpectedSize >= largeState:
			default:
				return nil
			}
			return []validation.Finding{f}
		},
	},
	{
		ID: "checkpoint-at-least-once", Severity: validation.Warn, Looks: "checkpoints.mode",
		Reason: "after a failure some events count twice: a velocity feature would see more authorizations than there were",
		Fix:    "EXACTLY_ONCE",
		Source: "Flink docs: checkpointing, exactly-once vs. at-least-once",
		Check: func(s Input) []validation.Finding {
			return when(s.is(modeKey, "AT_LEAST_ONCE"), s.at(modeKey, "checkpoints.mode"), s.text(modeKey))
		},
	},
	{
		ID: "checkpoint-retention", Severity: validation.Refuse, Looks: "checkpoints.retention",
		Reason: "the last checkpoint goes when the job is cancelled: there is nothing left to come back to",
		Fix:    "RETAIN_ON_CANCELLATION",
		Source: "guide: externalized-checkpoint-retention; Flink docs: retained checkpoints",
		Check: func(s Input) []validation.Finding {
			value := strings.ToUpper(s.text(retentionKey))
			return when(value == "DELETE_ON_CANCELLATION" || value == "NO_EXTERNALIZED_CHECKPOINTS", s.at(retentionKey, "checkpoints.retention"), value)
		},
	},
	{
		ID: "checkpoints-retained", Severity: validation.Refuse, Looks: "checkpoints.retained",
		Reason: "Flink keeps at least one completed checkpoint", Fix: "3",
		Source: "Flink docs: state.checkpoints.num-retained",
		Check: func(s Input) []validation.Finding {
			const retained = "state.checkpoints.num-retained"
			n, ok := s.number(retained)
			return when(ok && n < 1, s.at(retained, "checkpoints.retained"), fmt.Sprint(n))
		},
	},
}
