package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/flink/memory"
	"flink-payments/k8s/validation"
)

// directories are the roots of a bucket, with the key and the words for the directory that belongs below each.
var directories = []struct{ key, root, holds string }{
	{"state.checkpoints.dir", flink.CheckpointsRoot, "checkpoints"},
	{"state.savepoints.dir", flink.SavepointsRoot, "savepoints"},
	{"high-availability.storageDir", flink.HARoot, "the metadata of high availability"},
}

// haIsOff as HighAvailabilityMode reads it: missing, or NONE.
func (s Input) haIsOff() bool {
	return s.text("high-availability.type") == "" || s.is("high-availability.type", "none")
}

// inBucket is the clean path of a URI below the job's bucket: "" for the
// bucket itself. False: it is not in the bucket, or not an s3 URI.
func (s Input) inBucket(uri string) (string, bool) {
	rest, ok := strings.CutPrefix(uri, "s3://"+s.Job.State.Bucket)
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	return strings.Trim(path.Clean("/"+rest), "/"), true
}

// rootOf is the first part of a path below the bucket.
func rootOf(below string) string {
	root, _, _ := strings.Cut(below, "/")
	return root
}

// taskHeap is the heap that tasks have on all TaskManagers together.
func (s Input) taskHeap() flink.Bytes {
	size, err := flink.ParseBytes(s.Job.TaskManager.Memory)
	if err != nil {
		return 0
	}
	split, err := memory.SplitTaskManager(size, s.Configuration)
	if err != nil {
		return 0
	}
	return split.TaskHeap.Times(float64(s.taskManagers()))
}

// taskManagers is how many Flink starts: ceil(parallelism / slots).
func (s Input) taskManagers() int64 {
	slots, ok := s.number("taskmanager.numberOfTaskSlots")
	if !ok || slots < 1 {
		slots = 1
	}
	return max(1, (int64(s.Job.Parallelism)+slots-1)/slots)
}

func (s Input) usesRocksDB() bool {
	backend := strings.ToLower(s.text("state.backend.type"))
	return backend == "rocksdb" || strings.HasSuffix(backend, "embeddedrocksdbstatebackendfactory")
}

var stateRules = []validation.Rule[Input]{
	{
		ID: "rocksdb-not-incremental", Severity: validation.Refuse, Looks: "flinkConfiguration: state.backend.type, state.backend.incremental",
		Reason: "every checkpoint would upload the whole state: at scale that fills the network and runs into the timeout",
		Fix:    `"true", or leave the key out`,
		Source: "guide: common pitfalls (RocksDB without incremental); Flink docs: state backends, incremental checkpoints",
		Check: func(s Input) []validation.Finding {
			return when(s.usesRocksDB() && !s.is("state.backend.incremental", "true"),
				s.at("state.backend.incremental", ""), s.text("state.backend.incremental"))
		},
	},
	{
		ID: "state-backend-size", Severity: validation.Refuse, Looks: "state.expectedSize, taskManager, flinkConfiguration: state.backend.type",
		Reason: "a backend on the heap cannot hold the declared state", Fix: "rocksdb, or leave the key out",
		Source: "Flink docs: state backends, HashMapStateBackend",
		Check: func(s Input) []validation.Finding {
			heap := s.taskHeap()
			if s.usesRocksDB() || s.Job.State.ExpectedSize <= heap {
				return nil
			}
			return []validation.Finding{{
				Path: s.at("state.backend.type", ""), Value: s.text("state.backend.type"),
				Reason: fmt.Sprintf("this backend keeps the state on the heap: %s are declared, and the tasks of all TaskManagers have %d MiB together", s.Job.State.ExpectedSize, heap/flink.MiB),
			}}
		},
	},
	{
		ID: "state-backend", Severity: validation.Warn, Looks: "flinkConfiguration: state.backend.type",
		Reason: "the state lives on the heap, is uploaded whole with each checkpoint, and must fit into memory for ever",
		Fix:    "rocksdb, or leave the key out",
		Source: "guide: large keyed state spills to disk; Flink docs: state backends",
		Check: func(s Input) []validation.Finding {
			return when(!s.usesRocksDB() && s.Job.State.ExpectedSize <= s.taskHeap(), s.at("state.backend.type", ""), s.text("state.backend.type"))
		},
	},
	{
		ID: "recovery-window", Severity: validation.Refuse, Looks: "state.recoveryWindowDays",
		Reason: "what Flink deletes or replaces would be gone at once: no way back to a point in time",
		Fix:    "a number of days, 1 or more, such as 14",
		Source: "guide: point-in-time recovery; AWS: NoncurrentVersionExpiration takes 1 day or more",
		Check: func(s Input) []validation.Finding {
			return when(s.Job.State.RecoveryWindowDays < 1, "state.recoveryWindowDays", fmt.Sprint(s.Job.State.RecoveryWindowDays))
		},
	},
}

var directoryRules = []validation.Rule[Input]{
	{
		ID: "directory-missing", Severity: validation.Refuse, Looks: "flinkConfiguration: state.checkpoints.dir, state.savepoints.dir, high-availability.storageDir",
		Reason: "the directory is empty: Flink would have no place in the bucket for it, and the operator refuses the job or its upgrades",
		Fix:    "nothing: leave the key out, and the program names the bucket's own root",
		Source: "operator: DefaultValidator, checkpoint and savepoint directories; Flink docs: Kubernetes HA",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, d := range directories {
				found = append(found, when(s.text(d.key) == "", s.at(d.key, "state.bucket"), "")...)
			}
			return found
		},
	},
	{
		ID: "directory-outside-bucket", Severity: validation.Refuse, Looks: "state.bucket, flinkConfiguration: state.checkpoints.dir, state.savepoints.dir, high-availability.storageDir",
		Reason: "the directory is not in the job's bucket: the role may not write there, and neither versioning nor the recovery window covers it",
		Fix:    "a directory below the job's bucket, by s3://, or leave the key out",
		Source: "guide: one bucket, three roots; the job's IAM policy names them",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, d := range directories {
				dir := s.text(d.key)
				_, in := s.inBucket(dir)
				if dir == "" || in {
					continue
				}
				found = append(found, validation.Finding{
					Path: s.at(d.key, "state.bucket"), Value: dir,
					Fix: fmt.Sprintf("%s, or leave the key out", s.Job.State.URI(d.root)),
				})
			}
			return found
		},
	},
	{
		ID: "directory-nested", Severity: validation.Refuse, Looks: "flinkConfiguration: state.checkpoints.dir, state.savepoints.dir, high-availability.storageDir",
		Reason: "the directory lies in another's root, or holds them all: a clean-up of one would take the other with it",
		Fix:    "its own root, or leave the key out",
		Source: "lifecycle rules go by prefix; awslabs/data-on-eks nests HA below the checkpoints",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, d := range directories {
				dir := s.text(d.key)
				below, in := s.inBucket(dir)
				if !in || rootOf(below) == d.root || below != "" && !isRoot(rootOf(below)) {
					continue
				}
				where := "it holds the roots of everything else"
				if below != "" {
					where = "it lies in the root " + rootOf(below) + "/"
				}
				found = append(found, validation.Finding{
					Path: s.at(d.key, "state.bucket"), Value: dir,
					Reason: fmt.Sprintf("%s, but is for %s: a clean-up of one would take the other with it", where, d.holds),
					Fix:    fmt.Sprintf("%s, or leave the key out", s.Job.State.URI(d.root)),
				})
			}
			return found
		},
	},
	{
		ID: "directory-outside-root", Severity: validation.Refuse, Looks: "flinkConfiguration: state.checkpoints.dir, state.savepoints.dir, high-availability.storageDir",
		Reason: "the role may write below checkpoints/, savepoints/ and ha/ only: S3 answers 403, and the job does not start",
		Fix:    "a directory below its own root, or leave the key out",
		Source: "the job's IAM policy names three roots of one bucket",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, d := range directories {
				below, in := s.inBucket(s.text(d.key))
				if in && below != "" && !isRoot(rootOf(below)) {
					found = append(found, validation.Finding{
						Path: s.at(d.key, "state.bucket"), Value: s.text(d.key),
						Fix: fmt.Sprintf("%s, or leave the key out", s.Job.State.URI(d.root)),
					})
				}
			}
			return found
		},
	},
}

func isRoot(name string) bool {
	return slices.Contains([]string{flink.CheckpointsRoot, flink.SavepointsRoot, flink.HARoot}, name)
}
