// Package memory is how Flink splits a process' memory. It knows sizes and
// flinkConfiguration, and neither jobs nor rules.
package memory

import (
	"flink-payments/k8s/flink"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Flink's process memory model, as of 1.17 to 1.20: which part of a process'
// memory is whose. The operator always sets the total process size from
// jobManager.memory and taskManager.memory; flinkConfiguration may pin parts of it.
// Sources: Flink docs "Set up Flink's process memory"; ProcessMemoryUtils,
// JobManagerFlinkMemoryUtils and TaskExecutorFlinkMemoryUtils. Defaults: the
// documentation's table of common memory options.

// JobManagerMemory is how Flink splits a JobManager's process.
type JobManager struct {
	Process, Heap, OffHeap, Metaspace, Overhead flink.Bytes
}

// TaskManagerMemory is how Flink splits a TaskManager's process.
type TaskManager struct {
	Process                         flink.Bytes
	FrameworkHeap, FrameworkOffHeap flink.Bytes
	TaskHeap, TaskOffHeap           flink.Bytes
	Network, Managed                flink.Bytes
	Metaspace, Overhead             flink.Bytes
}

// A MemoryError is a size that Flink cannot split, or a key it cannot read.
type Error struct {
	// Key of flinkConfiguration that is wrong; empty: the process size itself.
	Key    string
	Reason string
	// Fix is what to write instead.
	Fix string
}

func (e *Error) Error() string { return e.Reason + "; write " + e.Fix }

// SplitJobManager divides a JobManager's process size, in bytes, as Flink does
// with this flinkConfiguration. The error is a *MemoryError. Fractions are
// floats: a part may differ from Flink's by a byte.
func SplitJobManager(process flink.Bytes, conf map[string]string) (JobManager, error) {
	r := reader{conf: conf, prefix: "jobmanager.memory."}
	m := JobManager{
		Process:   process,
		OffHeap:   r.size("off-heap.size", 128*flink.MiB),
		Metaspace: r.size("jvm-metaspace.size", 256*flink.MiB),
	}
	overhead := r.portion("jvm-overhead", 0.1, 192*flink.MiB, flink.GiB)
	heap, total := r.size("heap.size", 0), r.size("flink.size", 0)
	switch {
	case r.err != nil:
	case r.has("heap.size"):
		m.Heap = heap
		if sum := add(heap, m.OffHeap); r.has("flink.size") && sum != total {
			r.fail("flink.size", fmt.Sprintf("heap (%s) and off-heap (%s) do not add up to jobmanager.memory.flink.size (%s)", heap, m.OffHeap, total),
				"only one of jobmanager.memory.heap.size and jobmanager.memory.flink.size")
		}
		m.Overhead = r.rest(overhead, process, add(m.Heap, m.OffHeap), m.Metaspace)
	case r.has("flink.size"):
		m.Heap = r.positive(total, m.OffHeap, "flink.size")
		m.Overhead = r.rest(overhead, process, total, m.Metaspace)
	default:
		m.Overhead = overhead.of(process)
		m.Heap = r.positive(process, add(m.OffHeap, m.Metaspace, m.Overhead), "")
	}
	if r.err != nil {
		return JobManager{}, r.err
	}
	return m, nil
}

// SplitTaskManager divides a TaskManager's process size, in bytes, as Flink
// does with this flinkConfiguration. The error is a *MemoryError. Fractions are
// floats: a part may differ from Flink's by a byte.
func SplitTaskManager(process flink.Bytes, conf map[string]string) (TaskManager, error) {
	r := reader{conf: conf, prefix: "taskmanager.memory."}
	m := TaskManager{
		Process:          process,
		FrameworkHeap:    r.size("framework.heap.size", 128*flink.MiB),
		FrameworkOffHeap: r.size("framework.off-heap.size", 128*flink.MiB),
		TaskHeap:         r.size("task.heap.size", 0),
		TaskOffHeap:      r.size("task.off-heap.size", 0),
		Managed:          r.size("managed.size", 0),
		Metaspace:        r.size("jvm-metaspace.size", 256*flink.MiB),
	}
	total := r.size("flink.size", 0)
	overhead := r.portion("jvm-overhead", 0.1, 192*flink.MiB, flink.GiB)
	network := r.portion("network", 0.1, 64*flink.MiB, math.MaxInt64)
	managed := portion{fraction: r.fraction("managed.fraction", 0.4), max: math.MaxInt64}
	pinned := r.has("task.heap.size") && r.has("managed.size")
	if r.err == nil && !pinned && !r.has("flink.size") {
		m.Overhead = overhead.of(process)
		total = r.positive(process, add(m.Metaspace, m.Overhead), "")
	}
	if r.err == nil && !r.has("managed.size") {
		m.Managed = managed.of(total)
	}
	fixed := add(m.FrameworkHeap, m.FrameworkOffHeap, m.TaskOffHeap, m.Managed)
	switch {
	case r.err != nil:
	case pinned && !r.has("flink.size"):
		// Nothing says how large Flink's part is: the network adds its share on top.
		fixed = add(fixed, m.TaskHeap)
		m.Network = network.clamp(fixed.Times(network.fraction / (1 - network.fraction)))
		total = add(fixed, m.Network)
	case r.has("task.heap.size"):
		// The network takes what the others leave, and must like it.
		fixed = add(fixed, m.TaskHeap)
		m.Network = total - fixed
		if fixed > total || m.Network < network.min || m.Network > network.max {
			r.fail("task.heap.size", fmt.Sprintf("of %s for Flink, heap, off-heap and managed memory take %s; the network needs %s to %s of the rest", total, fixed, network.min, upTo(network.max)),
				"a smaller taskmanager.memory.task.heap.size, or none: Flink derives it")
		}
	default:
		m.Network = network.of(total)
		fixed = add(fixed, m.Network)
		m.TaskHeap = total - fixed
		if fixed > total {
			r.short("", process, add(fixed, m.Metaspace, m.Overhead))
		}
	}
	if r.err == nil && (pinned || r.has("flink.size")) {
		m.Overhead = r.rest(overhead, process, total, m.Metaspace)
	}
	if r.err != nil {
		return TaskManager{}, r.err
	}
	return m, nil
}

// A portion is a fraction of something, between two bounds.
type portion struct {
	fraction float64
	min, max flink.Bytes
}

func (p portion) of(base flink.Bytes) flink.Bytes { return p.clamp(base.Times(p.fraction)) }

func (p portion) clamp(size flink.Bytes) flink.Bytes { return max(p.min, min(p.max, size)) }

// memoryReader reads keys below prefix and keeps the first thing that is wrong.
type reader struct {
	conf   map[string]string
	prefix string
	err    error
}

func (r *reader) has(key string) bool {
	_, set := r.conf[r.prefix+key]
	return set
}

func (r *reader) fail(key, reason, fix string) {
	if r.err == nil {
		if key != "" {
			key = r.prefix + key
		}
		r.err = &Error{Key: key, Reason: reason, Fix: fix}
	}
}

func (r *reader) size(key string, missing flink.Bytes) flink.Bytes {
	text, set := r.conf[r.prefix+key]
	if !set {
		return missing
	}
	size, err := parseMemorySize(text)
	if err != nil {
		r.fail(key, "Flink cannot read it as a size", "a whole number and one of b, k, m, g, t, such as 256m")
	}
	return size
}

func (r *reader) fraction(key string, missing float64) float64 {
	text, set := r.conf[r.prefix+key]
	if !set {
		return missing
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 32)
	// Written so that NaN fails too.
	if err != nil || !(f >= 0 && f < 1) {
		r.fail(key, "Flink takes a fraction from 0 to below 1", "a number such as 0.1")
		return missing
	}
	return f
}

func (r *reader) portion(name string, fraction float64, lowest, highest flink.Bytes) portion {
	p := portion{
		fraction: r.fraction(name+".fraction", fraction),
		min:      r.size(name+".min", lowest),
		max:      r.size(name+".max", highest),
	}
	if p.min > p.max {
		r.fail(name+".min", fmt.Sprintf("the minimum (%s) is above the maximum (%s)", p.min, p.max),
			fmt.Sprintf("a minimum of at most %s, or a higher %s%s.max", p.max, r.prefix, name))
	}
	return p
}

// positive is size less used, which must leave something.
func (r *reader) positive(size, used flink.Bytes, key string) flink.Bytes {
	if used >= size {
		r.short(key, size, used)
		return 0
	}
	return size - used
}

func (r *reader) short(key string, size, used flink.Bytes) {
	r.fail(key, fmt.Sprintf("%s is too small: the parts that come first in Flink's memory model take %s", size, used),
		"more than "+roundUp(used))
}

// rest is the JVM overhead that remains when Flink's own total is fixed; it
// must lie within the overhead's bounds.
func (r *reader) rest(overhead portion, process, total, metaspace flink.Bytes) flink.Bytes {
	used := add(total, metaspace)
	left := process - used
	if r.err == nil && (left < overhead.min || left > overhead.max) {
		least := add(used, overhead.min)
		r.fail("", fmt.Sprintf("of %s, Flink's own memory (%s) and metaspace (%s) leave no JVM overhead between %s and %s", process, total, metaspace, overhead.min, overhead.max),
			fmt.Sprintf("a size from %s to %s, or no total of Flink's own in flinkConfiguration", roundUp(least), roundUp(add(used, overhead.max))))
	}
	return left
}

// flinkSize is what Flink's MemorySize reads: no Ki, Mi, Gi, no decimals.
var flinkSize = regexp.MustCompile(`^(?i)\s*\d+\s*(b|bytes|k|kb|kibibytes|m|mb|mebibytes|g|gb|gibibytes|t|tb|tebibytes)?\s*$`)

// parseMemorySize reads a size of flinkConfiguration, as Flink does.
func parseMemorySize(text string) (flink.Bytes, error) {
	if !flinkSize.MatchString(text) {
		return 0, fmt.Errorf("%q is not a size of Flink's: write 256m", text)
	}
	return flink.ParseBytes(text)
}

// add stops at the largest size instead of running over.
func add(sizes ...flink.Bytes) flink.Bytes {
	var sum flink.Bytes
	for _, size := range sizes {
		if size > math.MaxInt64-sum {
			return math.MaxInt64
		}
		sum += size
	}
	return sum
}

// roundUp is the next full MiB: what a person writes.
func roundUp(size flink.Bytes) string {
	whole := size / flink.MiB
	if size%flink.MiB != 0 {
		whole++
	}
	return strconv.FormatInt(int64(whole), 10) + "m"
}

func upTo(size flink.Bytes) string {
	if size == math.MaxInt64 {
		return "any amount"
	}
	return size.String()
}
