package preflight

// edits by kind: what gets out of it.
var edits = map[Kind]string{
	Configuration:      "Mend the key in flinkConfiguration: the text says which type this image's Flink reads it with.",
	Secret:             "Write the secret in Vault, or mend kafka.secret or kafka.vaultRole.",
	Storage:            "Compare the job's IAM policy and the bucket's with `pulumi refresh --preview-only`; `pulumi up` puts them back.",
	Program:            "Mend the job's code, args, entryClass or jarURI, and give the new image.",
	Timeout:            "main() must reach execute(): move what waits for a service into an operator's open(), or raise preflight.timeout.",
	SnapshotMissing:    "Mend restore.from: the output savepoints has the paths that exist.",
	SnapshotUnreadable: "Set restore.from to an older savepoint or checkpoint and raise restore.request.",
	StateLost:          "Give the operator its old uid again; or, to let its state go, set allowNonRestoredState: true for this one update.",
	StateIncompatible:  "Put the old type back, or give the state or the operator a new name and carry the data over in code.",
	MaxParallelism:     "Set maxParallelism to what the state was written with and keep parallelism at or below it.",
	Internal:           "The check itself failed. Read the pod's log; preflight.skip: <reason> deploys without it.",
	Image:              "Mend image, or the node's right to pull it.",
	Unscheduled:        "Make room for one more JobManager, or mend the podTemplate's node selector, tolerations or volumes.",
	Crashed:            "Read the pod's log. Ended by signal 9 (exit code 137): raise jobManager.memory.",
}

// Edit is the edit that gets out, in one line; empty for Passed.
func (k Kind) Edit() string { return edits[k] }
