// Package rules refuses or warns about one job, by its specification, its
// effective flinkConfiguration and the stack that it is in. What several jobs
// share is judged in components/settings.
package rules

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

// An Input is what the rules of a job judge.
type Input struct {
	// Job has its defaults.
	Job   flink.Job
	Stack flink.Stack
	// Configuration is the effective flinkConfiguration: Job.Configuration.
	Configuration map[string]string
}

// Judge returns every rule that a job breaks where it runs. It fills in the
// defaults itself: the job may come as a person wrote it. Paths are relative to
// the job; a key of flinkConfiguration reads flinkConfiguration["KEY"], as
// `pulumi config set --path` takes it.
func Judge(j flink.Job, s flink.Stack) validation.Violations {
	j = j.WithDefaults()
	return validation.Judge(Rules, Input{Job: j, Stack: s, Configuration: j.Configuration(s)})
}

// Rules judge one job. Rules about several jobs, or about what they share, stand in components.
var Rules = slices.Concat(
	nameRules, imageRules, versionRules, stateRules, directoryRules, haRules, checkpointRules,
	upgradeRules, restoreRules, resourceRules, memoryRules, secretRules, metricsRules, s3Rules,
	configurationRules, operatorKeyRules, podRules, valueRules,
)

// key is the path of a key of flinkConfiguration.
func key(k string) string { return fmt.Sprintf("flinkConfiguration[%q]", k) }

// at is the path of an effective key: its own where a person added it, else the
// setting that produced it.
func (s Input) at(k, setting string) string {
	if _, added := s.Job.FlinkConfiguration[k]; added || setting == "" {
		return key(k)
	}
	return setting
}

// added are the keys of flinkConfiguration that a person wrote, in order.
func (s Input) added() []string { return slices.Sorted(maps.Keys(s.Job.FlinkConfiguration)) }

// text is an effective value without the space around it.
func (s Input) text(k string) string { return strings.TrimSpace(s.Configuration[k]) }

// is compares an effective value as Flink compares enums and booleans.
func (s Input) is(k, value string) bool { return strings.EqualFold(s.text(k), value) }

// duration reads an effective value; false where it is missing or unreadable,
// which is configuration-value-type's to tell.
func (s Input) duration(k string) (flink.Duration, bool) {
	d, err := flink.ParseFlinkDuration(s.Configuration[k])
	return d, err == nil
}

// number reads an effective whole number, as duration does.
func (s Input) number(k string) (int64, bool) {
	n, err := strconv.ParseInt(s.text(k), 10, 32)
	return n, err == nil
}

// when is one finding with the rule's own texts, or none.
func when(broken bool, path, value string) []validation.Finding {
	if !broken {
		return nil
	}
	return []validation.Finding{{Path: path, Value: value}}
}

func production(s Input) bool { return s.Stack.Environment == "prod" }
