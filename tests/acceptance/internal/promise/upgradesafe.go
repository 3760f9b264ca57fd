package promise

import (
	"fmt"
	"slices"

	"flink-payments/tests/acceptance/internal/expected"
)

// LastState is what the operator notes as savepoint of a last-state deploy.
const LastState = "KUBERNETES_OPERATOR_LAST_STATE"

// NewestSavepoint picks the savepoint to prove: the newest that the operator
// recorded as an object, else what the status, the stack or the specification
// names. Empty: there is none.
func NewestSavepoint(want expected.Job, d Deployment, snapshots []Snapshot) (path, from string) {
	newest := Snapshot{}
	for _, s := range snapshots {
		if s.Path != "" && !s.Taken.Before(newest.Taken) {
			newest = s
		}
	}
	upgrade := d.UpgradeSavepoint
	if upgrade == LastState {
		upgrade = ""
	}
	for _, c := range []struct{ path, from string }{
		{newest.Path, "FlinkStateSnapshot " + newest.Name},
		{upgrade, "status.jobStatus.upgradeSavepointPath"},
		{d.LastSavepoint, "status.jobStatus.savepointInfo.lastSavepoint"},
		{want.Savepoint.Location, "the stack's output savepoint.location"},
		{d.InitialSavepoint, "spec.job.initialSavepointPath"},
	} {
		if c.path != "" {
			return c.path, c.from
		}
	}
	return "", ""
}

// SavepointReadable judges that a savepoint lies where it should and can be read back.
func SavepointReadable(want expected.Job, path, from string, s Stored) Check {
	_, err := metadataID(s.Head)
	found := fmt.Sprintf("%s (%s), %d bytes of metadata", path, from, s.Size)
	if err != nil {
		found = fmt.Sprintf("%s (%s): its metadata is %s", path, from, err)
	}
	return judged(UpgradeSafe, "savepoint-readable", err == nil && expected.Under(path, want.SavepointsURI), found,
		"a savepoint under "+want.SavepointsURI+" whose metadata can be read",
		"take another one, by raising savepoint.request, before anything is upgraded")
}

// Kept judges that no object takes a savepoint with it when it is deleted.
func Kept(snapshots []Snapshot) Check {
	var deleting []string
	for _, s := range snapshots {
		if s.Deletes {
			deleting = append(deleting, s.Name)
		}
	}
	slices.Sort(deleting)
	return judged(UpgradeSafe, "savepoints-kept", len(deleting) == 0,
		either(len(deleting) == 0, fmt.Sprintf("none of %d FlinkStateSnapshots disposes of its data", len(snapshots)),
			fmt.Sprintf("deleting these deletes their data: %v", deleting)),
		"disposeOnDelete: false", "set spec.savepoint.disposeOnDelete to false on each")
}

// Handed is what the operator gave the last deploy to start from; empty: nothing.
func Handed(d Deployment) string {
	return either(d.UpgradeSavepoint != "", d.UpgradeSavepoint, d.InitialSavepoint)
}

// Carried judges that the last deploy began from what the one before it left:
// the operator's word of what it handed over against Flink's of what it
// restored. Flink shows the last restore only, so after a failover it is the
// failover's: checkpoints are numbered on from a savepoint, so the savepoint's
// number, which its metadata tells, has then to be lower.
func Carried(d Deployment, restored *Restored, savepoint Stored, mustHaveUpgraded bool) Check {
	const name, wanted = "restored-on-deploy", "restored from what the last deploy was handed"
	const advice = "the state was lost: suspend the job, then restore.from the last good savepoint (runbook: rollback)"
	handed := Handed(d)
	switch {
	case handed == "" && mustHaveUpgraded:
		return judged(UpgradeSafe, name, false, "the operator handed nothing to the last deploy", wanted, advice)
	case handed == "":
		return Skip(UpgradeSafe, name, "the job was never upgraded; run this again, with --upgraded, after the first upgrade")
	case restored == nil:
		return judged(UpgradeSafe, name, false, "handed "+handed+", but Flink restored nothing", wanted, advice)
	case handed == LastState:
		return judged(UpgradeSafe, name, true, fmt.Sprintf("last-state deploy, restored from checkpoint %d (%s)", restored.ID, restored.Path), "", "")
	case restored.Savepoint:
		return judged(UpgradeSafe, name, expected.Same(restored.Path, handed),
			fmt.Sprintf("handed %s, restored from savepoint %s", handed, restored.Path), wanted, advice)
	}
	id, err := metadataID(savepoint.Head)
	if err != nil {
		return judged(UpgradeSafe, name, expected.Same(restored.Path, handed),
			fmt.Sprintf("handed %s, whose metadata is %s; restored from checkpoint %s", handed, err, restored.Path), wanted, advice)
	}
	return judged(UpgradeSafe, name, restored.ID > id || expected.Same(restored.Path, handed),
		fmt.Sprintf("handed %s (number %d); restored since then from checkpoint %d (%s)", handed, id, restored.ID, restored.Path), wanted, advice)
}
