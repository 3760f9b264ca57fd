package status

import (
	"fmt"
	"slices"
	"strings"
)

// edit is what gets the job out of a failure, without an older state than the
// newest that is known. Which edit helps was seen on operators 1.10.0 and
// 1.15.0 with last-state-fallback off:
//
//   - an image that was mended is taken up from 1.14 on, and resumes from the
//     upgrade's savepoint, where the JobManager never started or the job FAILED;
//   - after a crash loop it ends in "Manual restore required", which restore to
//     the upgrade's savepoint gets out of; so both are given at once;
//   - after a main() that throws, 1.10.0 takes up nothing before the JobManager's
//     Deployment is gone (FLINK-37370).
func (r reading) edit(kind Kind) []string {
	var lines []string
	image, restore := r.imageBack(), r.restoreUpgradeSavepoint()
	change := "# with it, take back the change that it fails on" + r.changedConfiguration()
	switch kind {
	case "":
		if r.old() && r.waitsForRunning() {
			lines = append(lines, "upgradeMode: last-state    # for this one update: the job resumes from its last checkpoint")
		}
	case Crash, CrashLoop:
		lines = append(lines, image, restore, change)
	case RestoreRequired, NotTakenUp:
		if !r.old() {
			lines = append(lines, image)
		}
		lines = append(lines, restore)
	case ObserverBlocked:
		lines = append(lines, image, restore)
		lines = append(lines, fmt.Sprintf("kubectl -n %s delete deployment %s    # while pulumi up waits: FLINK-37370", r.namespace, r.name))
	case JobFailed, RolledBack, ImageRefused, ImagePull, Mount, ContainerConfig, PodForbidden, PodCreate, JobManagerFailed:
		lines = append(lines, image)
	}
	var known []string
	for _, line := range lines {
		if line != "" {
			known = append(known, line)
		}
	}
	return known
}

// imageBack puts back the image that ran last, if it is another one.
func (r reading) imageBack() string {
	before := text(r.stable, "image")
	if before == "" || before == text(r.spec, "image") {
		return ""
	}
	return "image: " + before
}

// changedConfiguration names what differs from the flinkConfiguration that ran
// last, where it is little enough to be the change.
func (r reading) changedConfiguration() string {
	before, now := object(r.stable, "flinkConfiguration"), object(r.spec, "flinkConfiguration")
	var changed []string
	for key, value := range now {
		if fmt.Sprint(value) != fmt.Sprint(before[key]) {
			changed = append(changed, key)
		}
	}
	for key := range before {
		if _, kept := now[key]; !kept {
			changed = append(changed, key)
		}
	}
	if len(before) == 0 || len(changed) == 0 || len(changed) > 5 {
		return ""
	}
	slices.Sort(changed)
	return ": flinkConfiguration " + strings.Join(changed, ", ")
}

// restoreUpgradeSavepoint goes to the savepoint that the failed upgrade took.
// There is none to go to where the job ran since, as it is behind then, and
// where the operator has such a request already. The operator writes
// KUBERNETES_OPERATOR_LAST_STATE in a path's place after a last-state upgrade.
func (r reading) restoreUpgradeSavepoint() string {
	request := number(object(r.spec, "job"), "savepointRedeployNonce")
	if r.ran || !strings.HasPrefix(r.upgradeSavepoint, "s3://") ||
		r.old() && request != number(object(r.reconciled, "job"), "savepointRedeployNonce") {
		return ""
	}
	// Without skipSavepoint a job that does not run would be asked for one first.
	return fmt.Sprintf("restore: {from: %s, request: %d, skipSavepoint: true}", r.upgradeSavepoint, request+1)
}

// savepointWords tell of the state that waits.
func (r reading) savepointWords() []string {
	if r.ran || !strings.HasPrefix(r.upgradeSavepoint, "s3://") {
		return nil
	}
	return []string{"the job has not run since " + r.upgradeSavepoint + ", which the operator recorded to start it from"}
}
