package rules

import (
	"fmt"
	"strconv"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

// utilization are the autoscaler's numbers that DefaultValidator (1.10) and
// AutoscalerValidator (1.15) judge, with the narrower of their bounds.
var utilization = []struct {
	name         string
	lowest, most float64
	missing      float64
}{
	{"scale-down.max-factor", 0, 1e308, 0.6},
	{"scale-up.max-factor", 0, 1e308, 100000},
	{"target.utilization", 0, 1, 0.7},
	{"target.utilization.boundary", 0, 1e308, 0.3},
	{"utilization.target", 0, 1, 0.7},
	{"utilization.max", 0, 1, 1},
	{"utilization.min", 0, 1, 0},
	{"observed-scalability.coefficient-min", 0.01, 1, 0.5},
}

// on is a rule about one key of the operator that must not have one value.
func on(k, value string) func(Input) []validation.Finding {
	return func(s Input) []validation.Finding { return when(s.is(k, value), key(k), s.text(k)) }
}

var operatorKeyRules = []validation.Rule[Input]{
	{
		ID: "savepoint-cleanup", Severity: validation.Refuse, Looks: "flinkConfiguration: kubernetes.operator.savepoint.cleanup.enabled",
		Reason: "the operator would delete savepoints in S3 after 10 of them or 24 hours: they are kept until a person decides",
		Fix:    `"false", or leave the key out`,
		Source: "guide: savepoints are kept deliberately; operator docs: savepoint history (FLINK-38552)",
		Check:  on("kubernetes.operator.savepoint.cleanup.enabled", "true"),
	},
	{
		ID: "savepoint-dispose", Severity: validation.Refuse, Looks: "flinkConfiguration: kubernetes.operator.savepoint.dispose-on-delete",
		Reason: "with the FlinkStateSnapshot object its savepoint in S3 would go too",
		Fix:    `"false", or leave the key out`,
		Source: "guide: never let teardown delete savepoints; operator docs: snapshots, dispose-on-delete",
		Check:  on("kubernetes.operator.savepoint.dispose-on-delete", "true"),
	},
	{
		ID: "savepoint-drain", Severity: validation.Refuse, Looks: "flinkConfiguration: kubernetes.operator.job.drain-on-savepoint-deletion",
		Reason: "every upgrade would drain the job: all windows fire at once, half full, and the fraud scores are wrong",
		Fix:    `"false", or leave the key out`,
		Source: "operator docs: drain-on-savepoint-deletion; operator: a stop with savepoint drains on upgrades too",
		Check:  on("kubernetes.operator.job.drain-on-savepoint-deletion", "true"),
	},
	{
		ID: "savepoint-on-deletion", Severity: validation.Warn, Looks: "savepoint.skipOnDelete, flinkConfiguration: kubernetes.operator.job.savepoint-on-deletion",
		Reason: "a destroy would take the job without a last savepoint: only its last checkpoint would be left",
		Fix:    "leave it out; skip it only for a job that restarts for ever, whose deletion would wait for RUNNING",
		Source: "operator docs: savepoint-on-deletion; FLINK-40388",
		Check: func(s Input) []validation.Finding {
			const k = "kubernetes.operator.job.savepoint-on-deletion"
			if s.Job.Savepoint.SkipOnDelete {
				return when(s.is(k, "false"), "savepoint.skipOnDelete", "true")
			}
			return when(s.is(k, "false"), key(k), s.text(k))
		},
	},
	{
		ID: "snapshot-resource", Severity: validation.Refuse, Looks: "flinkConfiguration: kubernetes.operator.snapshot.resource.enabled",
		Reason: "upgrades would record their savepoints in the job's status only, in the old way that loses its history",
		Fix:    `"true", or leave the key out`,
		Source: "operator docs: snapshots; FLINK-38552",
		Check:  on("kubernetes.operator.snapshot.resource.enabled", "false"),
	},
	{
		ID: "pod-template-merge", Severity: validation.Refuse, Looks: "flinkConfiguration: kubernetes.operator.pod-template.merge-arrays-by-name",
		Reason: "merged by index, the first container of a template is laid over Flink's own, whatever its name",
		Fix:    `"true", or leave the key out`,
		Source: "operator docs: pod template, array merging",
		Check:  on("kubernetes.operator.pod-template.merge-arrays-by-name", "false"),
	},
	{
		ID: "health-check-recovery", Severity: validation.Refuse, Looks: "flinkConfiguration: kubernetes.operator.cluster.health-check.enabled, kubernetes.operator.jm-deployment-recovery.enabled",
		Reason: "the health check restarts an unhealthy job by recovering its Deployment, and that is off: the operator refuses the job",
		Fix:    `"true", or leave the key out`,
		Source: "operator: DefaultValidator, health check",
		Check: func(s Input) []validation.Finding {
			const check, recovery = "kubernetes.operator.cluster.health-check.enabled", "kubernetes.operator.jm-deployment-recovery.enabled"
			return when(s.is(check, "true") && s.is(recovery, "false"), key(recovery), s.text(recovery))
		},
	},
	{
		ID: "autoscaler-range", Severity: validation.Refuse, Looks: "flinkConfiguration: job.autoscaler.*",
		Reason: "the operator refuses the job", Fix: "a number in the range",
		Source: "operator: DefaultValidator 1.10, AutoscalerValidator 1.15",
		Check: func(s Input) []validation.Finding {
			if !s.is("job.autoscaler.enabled", "true") {
				return nil
			}
			value := map[string]float64{}
			var found []validation.Finding
			for _, u := range utilization {
				k := "job.autoscaler." + u.name
				text, set := s.Configuration[k]
				value[u.name] = u.missing
				if !set {
					continue
				}
				n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
				if err != nil || !(n >= u.lowest && n <= u.most) {
					found = append(found, validation.Finding{Path: key(k), Value: s.text(k),
						Reason: fmt.Sprintf("the operator takes a number from %g to %g and refuses the job otherwise", u.lowest, u.most)})
					continue
				}
				value[u.name] = n
			}
			target := value["utilization.target"]
			if _, set := s.Configuration["job.autoscaler.utilization.target"]; !set {
				// Operators from 1.11 on read the old name where the new one is missing.
				target = value["target.utilization"]
			}
			for _, k := range []string{"utilization.min", "utilization.max"} {
				if of := value[k]; len(found) == 0 && (k == "utilization.min" && of > target || k == "utilization.max" && of < target) {
					found = append(found, validation.Finding{Path: key("job.autoscaler." + k), Value: fmt.Sprint(of),
						Reason: fmt.Sprintf("it is on the wrong side of the target, %g", target), Fix: "utilization.min <= utilization.target <= utilization.max"})
				}
			}
			return found
		},
	},
}

// operatorFaults can lose state, or the way to it. Read from the operator's
// history: the release is the first whose tag holds the repair.
var operatorFaults = []struct {
	id, harm     string
	since, until flink.Version
}{
	{"FLINK-39270", "an upgrade by savepoint or last-state can lose state when the JobManager is slow to answer", flink.Version{}, flink.Version{1, 15, 0}},
	{"FLINK-38552", "with watched namespaces that leave the operator's own out, savepoints fall back to the old way, in which the operator's clean-up can delete them", flink.Version{}, flink.Version{1, 14, 0}},
	{"FLINK-38033", "the savepoint of an upgrade can be deleted as soon as it was taken", flink.Version{1, 12, 0}, flink.Version{1, 12, 1}},
	{"FLINK-37370", "after a main() that throws it takes up neither a mended image nor a restore nor a suspension; the way out is `kubectl delete deployment JOB`", flink.Version{}, flink.Version{1, 11, 0}},
	{"FLINK-37372", "an error of a savepoint can put the operator into an endless loop", flink.Version{}, flink.Version{1, 11, 0}},
}

// OperatorRules judge an operator's version, such as 1.10.0. Paths are relative
// to the operator's settings. They stand apart from Rules so that two hundred
// jobs are not told the same.
var OperatorRules = []validation.Rule[string]{
	{
		ID: "operator-fault", Severity: validation.Warn, Looks: "the operator's version",
		Reason: "this release has a known fault that touches state", Fix: "the release that mends it, or a newer one",
		Source: "operator's git history: FLINK-39270, FLINK-38552, FLINK-38033, FLINK-37370, FLINK-37372",
		Check: func(operator string) []validation.Finding {
			v, ok := flink.ParseRelease(operator)
			var found []validation.Finding
			for _, fault := range operatorFaults {
				if ok && !v.Before(fault.since) && v.Before(fault.until) {
					found = append(found, validation.Finding{
						Path: "version", Value: operator,
						Reason: fault.id + ": " + fault.harm,
						Fix:    fault.until.String() + " or newer, which mends it",
					})
				}
			}
			return found
		},
	},
	{
		ID: "operator-unverified", Severity: validation.Warn, Looks: "the operator's version",
		Reason: "the rules were read from the sources of 1.10.0 to 1.15.0: what a newer operator refuses or loses is not known here",
		Fix:    "a release up to 1.15, or compare its DefaultValidator and FlinkVersion with the rules",
		Source: "operator: release tags 1.10.0 to 1.15.0",
		Check: func(operator string) []validation.Finding {
			v, ok := flink.ParseRelease(operator)
			return when(ok && !v.Before(flink.Version{1, 16, 0}), "version", operator)
		},
	},
}
