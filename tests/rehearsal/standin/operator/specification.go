package operator

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// ignoredPrefixes and the fields deleted below are marked IGNORE in the
// operator's AbstractFlinkSpec and JobSpec.
var ignoredPrefixes = []string{"job.autoscaler", "parallelism.default", "kubernetes.operator"}

// significant is a specification without what the operator's comparison ignores.
func significant(spec object) object {
	s := clone(spec)
	job := child(s, "job")
	if job["state"] == nil {
		job["state"] = "running"
	}
	for _, key := range []string{"upgradeMode", "initialSavepointPath", "allowNonRestoredState", "savepointRedeployNonce"} {
		delete(job, key)
	}
	maps.DeleteFunc(child(s, "flinkConfiguration"), func(key string, _ any) bool {
		return slices.ContainsFunc(ignoredPrefixes, func(p string) bool { return strings.HasPrefix(key, p) })
	})
	return s
}

var namePattern = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,43}[a-z0-9])?$`)

// Validate is the operator's DefaultValidator, as far as the program could meet it.
func Validate(name string, spec, last map[string]any) string {
	conf, job := child(spec, "flinkConfiguration"), child(spec, "job")
	if !namePattern.MatchString(name) {
		return fmt.Sprintf("The FlinkDeployment name: %s is invalid, must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character", name)
	}
	if text(spec, "flinkVersion") == "" {
		return "Flink Version must be defined."
	}
	for _, key := range []string{"kubernetes.namespace", "kubernetes.cluster-id", "high-availability.cluster-id"} {
		if conf[key] != nil {
			return "Forbidden Flink config key: " + key
		}
	}
	ha := text(conf, "high-availability.type") != "" && text(conf, "high-availability.type") != "NONE"
	replicas, _ := child(spec, "jobManager")["replicas"].(float64)
	parallelism, _ := job["parallelism"].(float64)
	switch {
	case text(spec, "serviceAccount") == "":
		return "spec.serviceAccount must be defined. If you use helm, its value should be the same with the name of jobServiceAccount."
	case replicas > 1 && !ha:
		return "High availability should be enabled when starting standby JobManagers."
	case conf["kubernetes.operator.deployment.rollback.enabled"] == "true" && !ha:
		return "HA must be enabled for rollback support."
	case parallelism < 1:
		return "Job parallelism must be larger than 0"
	case text(job, "upgradeMode") != "stateless" && text(conf, "state.checkpoints.dir") == "":
		return "Checkpoint directory[state.checkpoints.dir] must be defined for last-state and savepoint upgrade modes"
	case text(job, "upgradeMode") == "savepoint" && text(conf, "state.savepoints.dir") == "":
		return "Job could not be upgraded with savepoint while config key[state.savepoints.dir] is not set"
	}
	for _, component := range []string{"jobManager", "taskManager"} {
		if memory := text(child(child(spec, component), "resource"), "memory"); !memoryPattern.MatchString(memory) {
			return fmt.Sprintf("%s resource memory parse error: %q", component, memory)
		}
	}
	if last != nil && job["savepointRedeployNonce"] != nil && text(job, "initialSavepointPath") == "" &&
		!reflect.DeepEqual(job["savepointRedeployNonce"], child(last, "job")["savepointRedeployNonce"]) {
		return "InitialSavepointPath must not be empty for savepoint redeployment"
	}
	return ""
}

var memoryPattern = regexp.MustCompile(`^\d+(\.\d+)? ?([kmgtKMGT]([ib]|i?bytes)?|)$`)
