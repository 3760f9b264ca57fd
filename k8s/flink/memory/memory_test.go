package memory

import (
	"errors"
	"flink-payments/k8s/flink"
	"math"
	"strings"
	"testing"
)

// The figures are Flink's own: its documentation's examples and what its
// start-up log prints for these sizes.
func TestMemoryIsSplitAsFlinkSplitsIt(t *testing.T) {
	jm, err := SplitJobManager(2048*flink.MiB, nil)
	if err != nil {
		t.Fatal(err)
	}
	// 10 % of 2048 MiB is 204.8 MiB of overhead; 256 metaspace; 128 off-heap; the heap has the rest.
	if want := (JobManager{Process: 2048 * flink.MiB, Heap: 1530082100, OffHeap: 128 * flink.MiB, Metaspace: 256 * flink.MiB, Overhead: 214748364}); jm != want {
		t.Errorf("%+v, want %+v", jm, want)
	}
	tm, err := SplitTaskManager(4096*flink.MiB, nil)
	if err != nil {
		t.Fatal(err)
	}
	if tm.Overhead != 429496729 || tm.Managed/flink.MiB != 1372 || tm.Network/flink.MiB != 343 || tm.TaskHeap/flink.MiB != 1459 {
		t.Errorf("%+v", tm)
	}
	// Above 10 GiB the overhead stops at 1 GiB; the network has no such bound since 1.17.
	if tm, err = SplitTaskManager(32*flink.GiB, nil); err != nil || tm.Overhead != flink.GiB || tm.Network < 3*flink.GiB {
		t.Errorf("%+v, %v", tm, err)
	}
}

func TestPinnedPartsOfMemoryAreKept(t *testing.T) {
	jm, err := SplitJobManager(2048*flink.MiB, map[string]string{"jobmanager.memory.heap.size": "1400m"})
	if err != nil || jm.Heap != 1400*flink.MiB || jm.Overhead != 264*flink.MiB {
		t.Errorf("%+v, %v", jm, err)
	}
	jm, err = SplitJobManager(2048*flink.MiB, map[string]string{"jobmanager.memory.flink.size": "1536m"})
	if err != nil || jm.Heap != 1408*flink.MiB || jm.Overhead != 256*flink.MiB {
		t.Errorf("%+v, %v", jm, err)
	}
	tm, err := SplitTaskManager(4096*flink.MiB, map[string]string{"taskmanager.memory.managed.size": "2g", "taskmanager.memory.network.max": "128m"})
	if err != nil || tm.Managed != 2*flink.GiB || tm.Network != 128*flink.MiB {
		t.Errorf("%+v, %v", tm, err)
	}
	tm, err = SplitTaskManager(4096*flink.MiB, map[string]string{"taskmanager.memory.flink.size": "3328m", "taskmanager.memory.task.heap.size": "1g"})
	if err != nil || tm.TaskHeap != flink.GiB || tm.Overhead != 512*flink.MiB {
		t.Errorf("%+v, %v", tm, err)
	}
	tm, err = SplitTaskManager(3072*flink.MiB, map[string]string{"taskmanager.memory.task.heap.size": "1g", "taskmanager.memory.managed.size": "1g"})
	if err != nil || tm.TaskHeap != flink.GiB || tm.Managed != flink.GiB || tm.Network < 255*flink.MiB || tm.Network > 257*flink.MiB {
		t.Errorf("%+v, %v", tm, err)
	}
}

func TestMemoryThatCannotBeSplitSaysWhatToWrite(t *testing.T) {
	jobManager := func(b flink.Bytes, conf map[string]string) error { _, err := SplitJobManager(b, conf); return err }
	taskManager := func(b flink.Bytes, conf map[string]string) error { _, err := SplitTaskManager(b, conf); return err }
	for _, c := range []struct {
		split    func(flink.Bytes, map[string]string) error
		size     flink.Bytes
		key, val string
		fix      string
	}{
		{jobManager, 576 * flink.MiB, "", "", "more than 576m"},
		{jobManager, 0, "", "", "more than 576m"},
		{taskManager, 768 * flink.MiB, "", "", "more than"},
		{jobManager, 2 * flink.GiB, "jobmanager.memory.off-heap.size", "64Gi", "whole number"},
		{jobManager, 2 * flink.GiB, "jobmanager.memory.off-heap.size", "4g", "more than"},
		{jobManager, 2 * flink.GiB, "jobmanager.memory.heap.size", "600m", "a size from"},
		{jobManager, 2 * flink.GiB, "jobmanager.memory.jvm-overhead.min", "2g", "at most 1Gi"},
		{jobManager, 2 * flink.GiB, "jobmanager.memory.jvm-overhead.fraction", "NaN", "0.1"},
		{taskManager, 4 * flink.GiB, "taskmanager.memory.flink.size", "4g", "a size from"},
		{taskManager, 4 * flink.GiB, "taskmanager.memory.managed.fraction", "0.95", "more than"},
		{taskManager, 4 * flink.GiB, "taskmanager.memory.managed.fraction", "-0.1", "0.1"},
		{taskManager, 4 * flink.GiB, "taskmanager.memory.task.heap.size", "3g", "a smaller"},
		{taskManager, 4 * flink.GiB, "taskmanager.memory.network.min", "9223372036854775807", "more than"},
	} {
		conf := map[string]string{}
		if c.key != "" {
			conf[c.key] = c.val
		}
		err := c.split(c.size, conf)
		var wrong *Error
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Fix, c.fix) || wrong.Reason == "" {
			t.Errorf("%s %s=%s: %v, want a fix with %q", c.size, c.key, c.val, err, c.fix)
		}
	}
}

// What the error asks for must do.
func TestTheSizeThatTheErrorAsksForCanBeSplit(t *testing.T) {
	for size := flink.MiB; size < 2*flink.GiB; size += 37 * flink.MiB {
		_, err := SplitJobManager(size, nil)
		var wrong *Error
		if errors.As(err, &wrong) {
			least, e := flink.ParseBytes(strings.TrimPrefix(wrong.Fix, "more than "))
			if e != nil {
				t.Fatal(wrong.Fix)
			}
			if _, err := SplitJobManager(least+flink.MiB, nil); err != nil {
				t.Errorf("%s: asked for more than %s: %v", size, least, err)
			}
		}
	}
}

func TestWhatFlinkCannotReadAsASizeIsNotRead(t *testing.T) {
	for _, good := range []string{"128m", "128 mb", "1G", "134217728", "2 gibibytes", "0"} {
		if _, err := parseMemorySize(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "128Mi", "1.5g", "-1", "m", "128 mi", "99999999999999999999", "9223372036854775807t"} {
		if size, err := parseMemorySize(bad); err == nil {
			t.Errorf("%q reads as %d", bad, size)
		}
	}
}

// FuzzSplit: the parts are never negative and always add up to the whole.
func FuzzSplit(f *testing.F) {
	f.Add(int64(4*flink.GiB), "managed.size", "2g", "network.fraction", "0.2")
	f.Add(int64(2*flink.GiB), "heap.size", "1g", "flink.size", "1536m")
	f.Add(int64(math.MaxInt64), "task.heap.size", "8388607t", "managed.size", "8388607t")
	f.Add(int64(4*flink.GiB), "jvm-overhead.max", "9223372036854775807", "jvm-overhead.fraction", "0.999")
	f.Add(int64(-1), "framework.heap.size", "0", "jvm-metaspace.size", "0")
	f.Fuzz(func(t *testing.T, process int64, k1, v1, k2, v2 string) {
		size := flink.Bytes(process)
		if jm, err := SplitJobManager(size, map[string]string{"jobmanager.memory." + k1: v1, "jobmanager.memory." + k2: v2}); err == nil {
			parts(t, size, jm.Heap, jm.OffHeap, jm.Metaspace, jm.Overhead)
		}
		if tm, err := SplitTaskManager(size, map[string]string{"taskmanager.memory." + k1: v1, "taskmanager.memory." + k2: v2}); err == nil {
			parts(t, size, tm.FrameworkHeap, tm.FrameworkOffHeap, tm.TaskHeap, tm.TaskOffHeap, tm.Network, tm.Managed, tm.Metaspace, tm.Overhead)
		}
	})
}

func parts(t *testing.T, whole flink.Bytes, of ...flink.Bytes) {
	t.Helper()
	for _, part := range of {
		if part < 0 {
			t.Errorf("a part of %d is negative: %v", whole, of)
		}
	}
	if sum := add(of...); sum != whole {
		t.Errorf("the parts %v add up to %d, not %d", of, sum, whole)
	}
}
