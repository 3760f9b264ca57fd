package flink

import (
	"fmt"
	"time"
)

// assumedChange is the part of the state that is new between two checkpoints,
// for the estimate only. Flink documents no figure, it depends on
// the job; lastCheckpointSize tells the true one once the job runs.
const AssumedChange = 0.01

// Plan says in three lines what a reviewer of a preview wants to know: the
// checkpoint traffic to expect, how far back recovery reaches, and what an
// upgrade does. Volumes are estimates in binary units.
func (j Job) Plan(s Stack) []string {
	return []string{j.planCheckpoints(), j.planRecovery(), j.planUpgrade(s)}
}

// perDay is the largest number of checkpoints that fit in a day: the next one
// starts no sooner than the interval after the start, and the pause after the end, of the last.
func (c Checkpoints) perDay() float64 {
	spacing := time.Duration(max(c.Interval, c.MinPause, Duration(time.Millisecond)))
	return float64(24*time.Hour) / float64(spacing)
}

// dailyTraffic in bytes by assumedChange, without what compactions rewrite.
func (j Job) dailyTraffic() float64 {
	return float64(j.State.ExpectedSize) * AssumedChange * j.Checkpoints.perDay()
}

func (j Job) planCheckpoints() string {
	line := fmt.Sprintf("checkpoints: at most %.0f a day, one each %s", j.Checkpoints.perDay(), max(j.Checkpoints.Interval, j.Checkpoints.MinPause))
	if j.State.ExpectedSize <= 0 {
		return line + "; state.expectedSize is not set, so no volume is estimated"
	}
	size := float64(j.State.ExpectedSize)
	// The first is full because a savepoint is restored in NO_CLAIM mode: no
	// later checkpoint may lean on its files (Flink, "Restore mode").
	return line + fmt.Sprintf("; the first after a start from a savepoint uploads all %s and needs %s/s to end within %s; later ones upload what is new: %s each, %s a day, if %.0f %% of the state is new between two, with RocksDB's compactions on top (an estimate; the metric lastCheckpointSize tells)",
		j.State.ExpectedSize, volume(size/time.Duration(max(j.Checkpoints.Timeout, Second)).Seconds()), j.Checkpoints.Timeout,
		volume(size*AssumedChange), volume(j.dailyTraffic()), 100*AssumedChange)
}

func (j Job) planRecovery() string {
	line := fmt.Sprintf("recovery: a failure falls back on the last completed checkpoint and reads again what came since, at most %s and the time a checkpoint takes; %d checkpoints are kept; what Flink deletes or replaces can be brought back for %d days",
		max(j.Checkpoints.Interval, j.Checkpoints.MinPause), j.Checkpoints.Retained, j.State.RecoveryWindowDays)
	if j.State.ExpectedSize > 0 {
		// In a steady state every byte written replaces one, which S3 then keeps for the window.
		line += fmt.Sprintf(", for which S3 holds about %s by the same estimate", volume(j.dailyTraffic()*float64(j.State.RecoveryWindowDays)))
	}
	return line + "; savepoints stay until a person removes them"
}

func (j Job) planUpgrade(s Stack) string {
	line := "upgrade: "
	switch {
	case j.Suspended:
		line += "the job stops with " + j.stopState() + " and stays stopped; a job that never ran is left as it is"
	case j.UpgradeMode == "savepoint":
		line += fmt.Sprintf("a change stops the job with a %s savepoint below %s and starts it from there; of a job that is not running it waits, and takes no older checkpoint instead", j.Savepoint.Format, j.State.URI(SavepointsRoot))
	case j.UpgradeMode == "last-state":
		line += "a change takes the pods away and resumes from the last checkpoint; a change of flinkVersion takes a savepoint"
	default:
		line += "a change starts the job EMPTY (upgradeMode " + j.UpgradeMode + ")"
	}
	if path := j.restorePath(s); path != "" && !j.Suspended {
		if path == Latest {
			path = "the newest savepoint or checkpoint of the bucket"
		}
		line += fmt.Sprintf("; a first start begins at %s", path)
		if j.Restore.Request > 0 {
			line += fmt.Sprintf(", and restore.request %d, where it is new, cancels the running job and goes back there", j.Restore.Request)
		}
	}
	return line
}

func (j Job) stopState() string {
	if j.UpgradeMode == "savepoint" {
		return "a savepoint"
	}
	return "its last checkpoint"
}

// volume writes bytes in the largest binary unit, with two significant digits or more.
func volume(bytes float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	at := 0
	for bytes >= 1024 && at < len(units)-1 {
		bytes /= 1024
		at++
	}
	if bytes < 10 {
		return fmt.Sprintf("%.1f %s", bytes, units[at])
	}
	return fmt.Sprintf("%.0f %s", bytes, units[at])
}
