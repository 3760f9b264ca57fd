package operator

import (
	"strconv"
	"strings"
)

// A release is a minor version of the operator 1.x; what they differ in is read
// from the operator's source, tags release-1.10.0 to release-1.15.0.
type release int

func releaseOf(version string) release {
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return 0
	}
	minor, _ := strconv.Atoi(parts[1])
	return release(minor)
}

// observesIgnored: a change of what the comparison ignores raises
// observedGeneration (FLINK-36890).
func (r release) observesIgnored() bool { return r >= 11 }

// losesMain: after a main() that throws, each pass ends where the checkpoints
// are looked for (FLINK-37370).
func (r release) losesMain() bool { return r < 11 }

// readsMounts: an event of a failed mount is an error of the deployment (FLINK-37470).
func (r release) readsMounts() bool { return r >= 12 }

// failsUnrecoverable: a deployment that only a restore mends is FAILED.
func (r release) failsUnrecoverable() bool { return r >= 13 }

// replacesNeverStarted: a JobManager that never started is replaced without last-state fallback.
func (r release) replacesNeverStarted() bool { return r >= 14 }

// trustsJobManager: the savepoint of a job that ended is used while its
// JobManager answers, whatever the HA metadata (FLINK-39270).
func (r release) trustsJobManager() bool { return r >= 15 }
