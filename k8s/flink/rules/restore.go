package rules

import (
	"fmt"
	"regexp"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

var (
	savepointName  = regexp.MustCompile(`^savepoint-[0-9A-Za-z][0-9A-Za-z-]*$`)
	checkpointName = regexp.MustCompile(`^[0-9a-f]{32}/chk-\d+$`)
)

const claimKey = "execution.savepoint-restore-mode"

var upgradeRules = []validation.Rule[Input]{
	{
		ID: "upgrade-mode-stateless", Severity: validation.Refuse, Looks: "upgradeMode",
		Reason: "every redeploy would silently drop the state and start from nothing",
		Fix:    "savepoint, or last-state to resume from the last checkpoint",
		Source: "guide: common pitfalls (stateless left on by accident)",
		Check: func(s Input) []validation.Finding {
			return when(strings.EqualFold(s.Job.UpgradeMode, "stateless"), "upgradeMode", s.Job.UpgradeMode)
		},
	},
	{
		ID: "last-state-without-ha", Severity: validation.Refuse, Looks: "upgradeMode, flinkConfiguration: high-availability.type",
		Reason: "last-state finds the last checkpoint in the metadata of high availability, and that is off: an upgrade would find nothing",
		Fix:    "kubernetes, or leave the key out; or upgradeMode savepoint",
		Source: "operator docs: job management, last-state",
		Check: func(s Input) []validation.Finding {
			return when(s.Job.UpgradeMode == "last-state" && s.haIsOff(), s.at("high-availability.type", ""), s.text("high-availability.type"))
		},
	},
	{
		ID: "last-state-fallback", Severity: validation.Warn, Looks: "upgradeMode, flinkConfiguration: kubernetes.operator.job.upgrade.last-state-fallback.enabled",
		Reason: "an upgrade of a job that is not running would silently take the last checkpoint, not the savepoint that upgradeMode promises",
		Fix:    `"false", or leave the key out; or upgradeMode last-state`,
		Source: "operator docs: last-state-fallback.enabled (true by default)",
		Check: func(s Input) []validation.Finding {
			const fallback = "kubernetes.operator.job.upgrade.last-state-fallback.enabled"
			return when(s.Job.UpgradeMode == "savepoint" && !s.is(fallback, "false"), key(fallback), s.text(fallback))
		},
	},
	{
		ID: "allow-non-restored-state", Severity: validation.Warn, Looks: "allowNonRestoredState",
		Reason: "state that no operator of the new job graph claims is dropped without an error, at every upgrade",
		Fix:    "false, once the one upgrade that needs it is done",
		Source: "Flink docs: savepoints, allowing non-restored state",
		Check: func(s Input) []validation.Finding {
			return when(s.Job.AllowNonRestoredState, "allowNonRestoredState", "true")
		},
	},
	{
		ID: "restore-mode-claim", Severity: validation.Warn, Looks: "flinkConfiguration: execution.savepoint-restore-mode",
		Reason: "Flink then owns the savepoint it started from and deletes it when it needs it no longer: the way back and the auditor's artifact are gone",
		Fix:    "NO_CLAIM, or leave the key out",
		Source: "Flink docs: savepoints, restore mode",
		Check: func(s Input) []validation.Finding {
			mode := s.text(claimKey)
			return when(mode != "" && !strings.EqualFold(mode, "NO_CLAIM"), key(claimKey), mode)
		},
	},
	{
		ID: "ready-timeout", Severity: validation.Warn, Looks: "readyTimeout, checkpoints.timeout",
		Reason: "an upgrade takes a savepoint first, which alone may take as long as checkpoints.timeout: the update would be called failed while it goes well",
		Fix:    "a readyTimeout above checkpoints.timeout, such as 30m for 10m",
		Source: "Flink docs: checkpoint timeout; pulumi: custom timeouts",
		Check: func(s Input) []validation.Finding {
			timeout, ok := s.duration(timeoutKey)
			return when(ok && s.Job.ReadyTimeout >= 0 && s.Job.ReadyTimeout <= timeout, "readyTimeout", fmt.Sprintf("%s, with a checkpoint timeout of %s", s.Job.ReadyTimeout, timeout))
		},
	},
}

var restoreRules = []validation.Rule[Input]{
	{
		ID: "restore-outside-bucket", Severity: validation.Refuse, Looks: "restore.from, state.bucket",
		Reason: "the role cannot read there, and a bucket that Flink does not own may lose the files at any time",
		Fix:    "the savepoint's path in the job's own bucket; copy a savepoint of another one there first",
		Source: "the job's IAM policy names three roots of one bucket",
		Check: func(s Input) []validation.Finding {
			from := s.Job.Restore.From
			_, in := s.inBucket(from)
			return when(from != "" && from != flink.Latest && !in, "restore.from", from)
		},
	},
	{
		ID: "restore-path", Severity: validation.Refuse, Looks: "restore.from",
		Reason: "this is neither a savepoint nor a checkpoint of the bucket",
		Fix:    "s3://BUCKET/savepoints/savepoint-ID, s3://BUCKET/checkpoints/JOBID/chk-NUMBER, or latest",
		Source: "Flink docs: savepoints and retained checkpoints, directory structure",
		Check: func(s Input) []validation.Finding {
			from := s.Job.Restore.From
			below, in := s.inBucket(from)
			if from == "" || from == flink.Latest || !in {
				return nil
			}
			root, rest, _ := strings.Cut(strings.TrimSuffix(below, "/_metadata"), "/")
			good := root == flink.SavepointsRoot && savepointName.MatchString(rest[strings.LastIndex(rest, "/")+1:]) ||
				root == flink.CheckpointsRoot && checkpointName.MatchString(rest)
			if good {
				return nil
			}
			return []validation.Finding{{Path: "restore.from", Value: from, Fix: fmt.Sprintf("%s/savepoint-ID, %s/JOBID/chk-NUMBER, or latest",
				s.Job.State.URI(flink.SavepointsRoot), s.Job.State.URI(flink.CheckpointsRoot))}}
		},
	},
	{
		ID: "restore-without-request", Severity: validation.Refuse, Looks: "restore.from, restore.request",
		Reason: "the path alone takes a running job nowhere: the operator goes there only when the request's number changes",
		Fix:    "restore.request: 1, or one more than the last time",
		Source: "operator docs: savepointRedeployNonce",
		Check: func(s Input) []validation.Finding {
			return when(s.Job.Restore.From != "" && s.Job.Restore.Request == 0, "restore.request", "")
		},
	},
	{
		ID: "request-without-restore", Severity: validation.Refuse, Looks: "restore.from, restore.request",
		Reason: "a request needs to know where to go: the operator refuses it",
		Fix:    "restore.from: the savepoint's s3:// path, or latest; keep both afterwards",
		Source: "operator: DefaultValidator, savepoint redeployment",
		Check: func(s Input) []validation.Finding {
			return when(s.Job.Restore.From == "" && s.Job.Restore.Request > 0, "restore.from", "")
		},
	},
	{
		// Requests stay in the file once they were met, so two numbers alone
		// prove no conflict, and nothing here knows which was raised last. Only
		// `latest` means something else according to the order: an explicit path does not.
		ID: "savepoint-with-restore", Severity: validation.Warn, Looks: "savepoint.request, restore.from, restore.request",
		Reason: "asked together, the job goes back first: latest is the savepoint before, and the new one holds the state that was gone back to",
		Fix:    "the savepoint's own path under restore.from, and one request raised at a time",
		Source: "operator: a redeploy cancels at once; the savepoint is taken of a running job",
		Check: func(s Input) []validation.Finding {
			j := s.Job
			return when(j.Restore.From == flink.Latest && j.Restore.Request > 0 && j.Savepoint.Request > 0, "restore.from",
				fmt.Sprintf("latest, with restore.request %d and savepoint.request %d", j.Restore.Request, j.Savepoint.Request))
		},
	},
	{
		ID: "skip-savepoint", Severity: validation.Warn, Looks: "restore.skipSavepoint",
		Reason: "going back then throws away what is running now: nobody can return to it",
		Fix:    "false, unless the running job cannot take a savepoint any more",
		Source: "operator: a redeploy from a savepoint cancels without one and cannot be rolled back",
		Check: func(s Input) []validation.Finding {
			return when(s.Job.Restore.SkipSavepoint, "restore.skipSavepoint", "true")
		},
	},
}
