package flink

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// fingerprintAnnotation of the pod template holds the fingerprint of the
// fields that operators before 1.11 ignore.
const fingerprintAnnotation = "flink-payments/ignored-fields"

// observesEveryField is the first operator that raises observedGeneration for a
// change of any field (FLINK-36890). The step to it takes the fingerprint away,
// which redeploys each job once, from a savepoint.
var observesEveryField = Version{1, 11, 0}

// ignoredPrefixes of flinkConfiguration, as AbstractFlinkSpec marks them.
var ignoredPrefixes = []string{"job.autoscaler", "parallelism.default", "kubernetes.operator"}

// ignoredFieldsFingerprint changes exactly when a field changes that the
// operator's comparison of specs ignores (JobSpec, AbstractFlinkSpec). In the
// pod template it makes such a change an upgrade like any other, with the
// savepoint of one. A raised savepointRedeployNonce outranks an upgrade in
// that comparison and so is not disturbed. Its removal is ignored: hence its
// presence counts, and its number does not.
func ignoredFieldsFingerprint(spec FlinkDeploymentSpec) string {
	ignored := map[string]any{
		"upgradeMode":            spec.Job.UpgradeMode,
		"initialSavepointPath":   nil,
		"allowNonRestoredState":  spec.Job.AllowNonRestoredState,
		"savepointRedeployNonce": spec.Job.SavepointRedeployNonce != 0,
	}
	if path := spec.Job.InitialSavepointPath; path != "" {
		ignored["initialSavepointPath"] = path
	}
	for key, value := range spec.FlinkConfiguration {
		if slices.ContainsFunc(ignoredPrefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			ignored[key] = value
		}
	}
	text, _ := json.Marshal(ignored) // strings and booleans, keys in order
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
