package rules

import (
	"fmt"
	"math"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/flink/memory"
	"flink-payments/k8s/validation"
)

const (
	slotsKey = "taskmanager.numberOfTaskSlots"
	maxKey   = "pipeline.max-parallelism"
	// mostParallelism is Flink's UPPER_BOUND_MAX_PARALLELISM: 2^15 key groups.
	mostParallelism = 1 << 15
)

var resourceRules = []validation.Rule[Input]{
	{
		ID: "parallelism", Severity: validation.Refuse, Looks: "parallelism",
		Reason: "a job runs with 1 to 32768 parallel tasks", Fix: "a whole number such as 6",
		Source: "operator: DefaultValidator, job parallelism; Flink: KeyGroupRangeAssignment",
		Check: func(s Input) []validation.Finding {
			p := s.Job.Parallelism
			return when(p < 1 || p > mostParallelism, "parallelism", fmt.Sprint(p))
		},
	},
	{
		ID: "max-parallelism", Severity: validation.Refuse, Looks: "maxParallelism",
		Reason: "Flink takes 1 to 32768 key groups", Fix: "a number such as 128, or leave it out",
		Source: "Flink: KeyGroupRangeAssignment; Flink docs: pipeline.max-parallelism",
		Check: func(s Input) []validation.Finding {
			n, set := int64(s.Job.MaxParallelism), s.Job.MaxParallelism != 0
			if _, added := s.Job.FlinkConfiguration[maxKey]; added {
				n, set = s.number(maxKey)
			}
			return when(set && (n < 1 || n > mostParallelism), s.at(maxKey, "maxParallelism"), fmt.Sprint(n))
		},
	},
	{
		ID: "parallelism-above-maximum", Severity: validation.Refuse, Looks: "parallelism, maxParallelism",
		Reason: "the job has fewer key groups than parallel tasks: Flink refuses to start it",
		Fix:    "a maxParallelism of at least parallelism; it cannot change later while state is kept",
		Source: "Flink docs: pipeline.max-parallelism, setting the maximum parallelism",
		Check: func(s Input) []validation.Finding {
			n, ok := s.number(maxKey)
			return when(ok && n >= 1 && n <= mostParallelism && int64(s.Job.Parallelism) > n, "parallelism",
				fmt.Sprintf("%d, with a maxParallelism of %d", s.Job.Parallelism, n))
		},
	},
	{
		ID: "slots", Severity: validation.Refuse, Looks: "taskManager.slots",
		Reason: "a TaskManager without a slot can run nothing", Fix: "a number such as taskManager.cpu, or leave it out",
		Source: "Flink docs: taskmanager.numberOfTaskSlots",
		Check: func(s Input) []validation.Finding {
			n, ok := s.number(slotsKey)
			return when(ok && n < 1, s.at(slotsKey, "taskManager.slots"), fmt.Sprint(n))
		},
	},
	{
		ID: "slots-unused", Severity: validation.Warn, Looks: "parallelism, taskManager.slots",
		Reason: "slots that no task fills split the TaskManager's managed memory all the same: RocksDB gets less than you pay for",
		Fix:    "slots that divide parallelism, such as 2 for a parallelism of 6",
		Source: "Flink docs: task slots and resources, managed memory per slot",
		Check: func(s Input) []validation.Finding {
			n, ok := s.number(slotsKey)
			p := int64(s.Job.Parallelism)
			return when(ok && n >= 1 && p >= 1 && p%n != 0, s.at(slotsKey, "taskManager.slots"),
				fmt.Sprintf("%d, with a parallelism of %d", n, p))
		},
	},
	{
		ID: "cpu", Severity: validation.Refuse, Looks: "jobManager.cpu, taskManager.cpu",
		Reason: "a container needs a part of a core, and a node has no more than 1024", Fix: "a number of cores above 0, such as 2",
		Source: "Kubernetes docs: resource units",
		Check: func(s Input) []validation.Finding {
			// Written so that NaN fails too. Kubernetes counts in thousandths.
			bad := func(cpu float64) bool { return !(cpu >= 0.001 && cpu <= 1024) }
			return append(
				when(bad(s.Job.JobManager.CPU), "jobManager.cpu", fmt.Sprint(s.Job.JobManager.CPU)),
				when(bad(s.Job.TaskManager.CPU), "taskManager.cpu", fmt.Sprint(s.Job.TaskManager.CPU))...)
		},
	},
	{
		ID: "reactive-mode", Severity: validation.Refuse, Looks: "flinkConfiguration: scheduler-mode",
		Reason: "reactive mode needs a standalone cluster: in native mode, the operator's here, Flink refuses to start",
		Fix:    "job.autoscaler.enabled, the operator's own, and leave this key out",
		Source: "Flink docs: elastic scaling, reactive mode (standalone only)",
		Check: func(s Input) []validation.Finding {
			return when(s.is("scheduler-mode", "reactive"), key("scheduler-mode"), s.text("scheduler-mode"))
		},
	},
}

// memories are the two processes: where their size stands and how Flink splits it.
func (s Input) memories() []struct {
	path, size string
	split      func(flink.Bytes) error
} {
	return []struct {
		path, size string
		split      func(flink.Bytes) error
	}{
		{"jobManager.memory", s.Job.JobManager.Memory, func(b flink.Bytes) error { _, err := memory.SplitJobManager(b, s.Configuration); return err }},
		{"taskManager.memory", s.Job.TaskManager.Memory, func(b flink.Bytes) error { _, err := memory.SplitTaskManager(b, s.Configuration); return err }},
	}
}

var memoryRules = []validation.Rule[Input]{
	{
		ID: "memory", Severity: validation.Refuse, Looks: "jobManager.memory, taskManager.memory",
		Reason: "neither Flink nor the operator reads this as a size", Fix: "a whole number and a unit: 2048m, 4g",
		Source: "operator: DefaultValidator, resources; Flink: MemorySize",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, m := range s.memories() {
				_, err := flink.ParseBytes(m.size)
				found = append(found, when(err != nil, m.path, m.size)...)
			}
			return found
		},
	},
	{
		ID: "memory-split", Severity: validation.Refuse, Looks: "jobManager.memory, taskManager.memory, flinkConfiguration: *.memory.*",
		Reason: "Flink cannot split this memory: the pods would end as soon as they start", Fix: "a larger size",
		Source: "Flink docs: set up Flink's process memory; ProcessMemoryUtils",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, m := range s.memories() {
				size, err := flink.ParseBytes(m.size)
				if err != nil {
					continue
				}
				if wrong, ok := m.split(size).(*memory.Error); ok {
					f := validation.Finding{Path: m.path, Value: m.size, Reason: wrong.Reason, Fix: wrong.Fix}
					if wrong.Key != "" {
						f.Path, f.Value = key(wrong.Key), s.text(wrong.Key)
					}
					found = append(found, f)
				}
			}
			return found
		},
	},
	{
		ID: "memory-jobmanager-heap", Severity: validation.Warn, Looks: "jobManager.memory",
		Reason: "Flink advises 128 MiB of heap at least: below, checkpoints of many tasks end in OutOfMemoryError",
		Fix:    "1024m or more",
		Source: "Flink docs: set up JobManager memory; JobManagerOptions.MIN_JVM_HEAP_SIZE",
		Check: func(s Input) []validation.Finding {
			size, err := flink.ParseBytes(s.Job.JobManager.Memory)
			if err != nil {
				return nil
			}
			split, err := memory.SplitJobManager(size, s.Configuration)
			return when(err == nil && split.Heap < 128*flink.MiB, "jobManager.memory", s.Job.JobManager.Memory)
		},
	},
	{
		ID: "memory-rocksdb", Severity: validation.Warn, Looks: "taskManager.memory, taskManager.slots, flinkConfiguration: taskmanager.memory.managed.*",
		Reason: "RocksDB lives on managed memory, and a slot has next to none: it writes and reads through to the disk",
		Fix:    "taskManager.memory of 2048m or more a slot, or more managed memory",
		Source: "Flink docs: RocksDB memory, managed memory per slot (write buffers of 64 MiB)",
		Check: func(s Input) []validation.Finding {
			size, err := flink.ParseBytes(s.Job.TaskManager.Memory)
			slots, ok := s.number(slotsKey)
			if err != nil || !ok || slots < 1 || !s.usesRocksDB() {
				return nil
			}
			split, err := memory.SplitTaskManager(size, s.Configuration)
			return when(err == nil && split.Managed/flink.Bytes(slots) < 64*flink.MiB, "taskManager.memory", s.Job.TaskManager.Memory)
		},
	},
}

var valueRules = []validation.Rule[Input]{
	{
		ID: "unknown-value", Severity: validation.Refuse, Looks: "upgradeMode, checkpoints.mode, checkpoints.retention, savepoint.format, metrics.mode, kafka.mechanism",
		Reason: "nobody knows this value", Fix: "one of those it can be",
		Source: "operator: UpgradeMode, SavepointFormatType; Flink docs: execution.checkpointing.*; Kafka: SCRAM mechanisms",
		Check: func(s Input) []validation.Finding {
			const formatKey = "kubernetes.operator.savepoint.format.type"
			var found []validation.Finding
			for _, choice := range []struct {
				path, value string
				// folded: Flink reads enums in any case.
				folded  bool
				allowed []string
				// known elsewhere: rules of their own refuse these.
				known []string
			}{
				{"upgradeMode", s.Job.UpgradeMode, false, []string{"savepoint", "last-state"}, []string{"stateless"}},
				{s.at(modeKey, "checkpoints.mode"), s.text(modeKey), true, []string{"EXACTLY_ONCE", "AT_LEAST_ONCE"}, nil},
				{s.at(retentionKey, "checkpoints.retention"), s.text(retentionKey), true, []string{"RETAIN_ON_CANCELLATION"}, []string{"DELETE_ON_CANCELLATION", "NO_EXTERNALIZED_CHECKPOINTS"}},
				{s.at(formatKey, "savepoint.format"), s.text(formatKey), true, []string{"NATIVE", "CANONICAL"}, nil},
				{"metrics.mode", s.Job.Metrics.Mode, false, []string{"agent", "http", "none"}, nil},
				{"kafka.mechanism", s.Job.Kafka.Mechanism, false, []string{"SCRAM-SHA-512", "SCRAM-SHA-256"}, nil},
			} {
				ok := false
				for _, a := range choice.allowed {
					ok = ok || choice.value == a || choice.folded && strings.EqualFold(choice.value, a)
				}
				for _, k := range choice.known {
					ok = ok || strings.EqualFold(choice.value, k)
				}
				if !ok {
					found = append(found, validation.Finding{Path: choice.path, Value: choice.value, Fix: strings.Join(choice.allowed, " or ")})
				}
			}
			return found
		},
	},
	{
		ID: "negative", Severity: validation.Refuse, Looks: "every duration, number and size",
		Reason: "neither time nor a count runs backwards", Fix: "0 or more; most durations more than 0",
		Source: "Flink: TimeUtils and Configuration take no negative values here; operator: nonces only rise",
		Check: func(s Input) []validation.Finding {
			j := s.Job
			var found []validation.Finding
			for _, d := range []struct {
				path  string
				value flink.Duration
			}{
				{"readyTimeout", j.ReadyTimeout},
				{"checkpoints.interval", j.Checkpoints.Interval},
				{"checkpoints.timeout", j.Checkpoints.Timeout},
				{"checkpoints.minPause", j.Checkpoints.MinPause},
				{"restartStrategy.initialBackoff", j.RestartStrategy.InitialBackoff},
				{"restartStrategy.maxBackoff", j.RestartStrategy.MaxBackoff},
				{"kafka.tokenTTL", j.Kafka.TokenTTL},
				{"savepoint.interval", j.Savepoint.Interval},
			} {
				found = append(found, when(d.value < 0, d.path, d.value.String())...)
			}
			for _, n := range []struct {
				path  string
				value int64
			}{
				{"restart.request", j.Restart.Request},
				{"savepoint.request", j.Savepoint.Request},
				{"restore.request", j.Restore.Request},
				{"checkpoints.tolerableFailures", int64(j.Checkpoints.TolerableFailures)},
				{"state.expectedSize", int64(j.State.ExpectedSize)},
				{"state.retiredDays", int64(j.State.RetiredDays)},
			} {
				found = append(found, when(n.value < 0, n.path, fmt.Sprint(n.value))...)
			}
			return found
		},
	},
	{
		ID: "too-large", Severity: validation.Refuse, Looks: "checkpoints.*, restart, savepoint and restore requests, taskManager.slots, jobManager.replicas, state.*Days",
		Reason: "it is beyond what Flink, JSON or S3 can carry, or beyond any use",
		Fix:    "a smaller number", Source: "Flink: 32-bit options; JSON: safe integers (2^53); AWS: lifecycle days",
		Check: func(s Input) []validation.Finding {
			j := s.Job
			var found []validation.Finding
			for _, n := range []struct {
				path        string
				value, most int64
			}{
				{"restart.request", j.Restart.Request, 1 << 53},
				{"savepoint.request", j.Savepoint.Request, 1 << 53},
				{"restore.request", j.Restore.Request, 1 << 53},
				{"checkpoints.maxConcurrent", int64(j.Checkpoints.MaxConcurrent), math.MaxInt32},
				{"checkpoints.retained", int64(j.Checkpoints.Retained), math.MaxInt32},
				{"checkpoints.tolerableFailures", int64(j.Checkpoints.TolerableFailures), math.MaxInt32},
				{"taskManager.slots", int64(j.TaskManager.Slots), math.MaxInt32},
				{"jobManager.replicas", int64(j.JobManager.Replicas), 10},
				{"state.recoveryWindowDays", int64(j.State.RecoveryWindowDays), 36500},
				{"state.retiredDays", int64(j.State.RetiredDays), 36500},
			} {
				if n.value > n.most {
					found = append(found, validation.Finding{Path: n.path, Value: fmt.Sprint(n.value), Fix: fmt.Sprintf("%d at most", n.most)})
				}
			}
			return found
		},
	},
}
