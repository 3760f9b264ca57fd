package status

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// settle is how long an operator may take to look at a new generation. Until
// then a failure that the status shows may be the one that the change cures.
const settle = time.Minute

// Verdict judges a FlinkDeployment as the API server holds it: done when the
// job is as asked for, failed when the operator will not get it there by
// itself. Neither: it is on its way. age is how long the caller has been
// looking. The words are the operator's own, one to a line, for a person.
func Verdict(deployment map[string]any, suspended bool, age time.Duration) (done, failed bool, words []string) {
	status := object(deployment, "status")
	lifecycle, reconciliation := text(status, "lifecycleState"), text(object(status, "reconciliationStatus"), "state")
	job, jobManager := text(object(status, "jobStatus"), "state"), text(status, "jobManagerDeploymentStatus")
	problem, invalid := operatorError(text(status, "error"))
	observed, generation := number(status, "observedGeneration"), number(object(deployment, "metadata"), "generation")

	words = []string{
		fmt.Sprintf("generation %d, of which the operator took up %d", generation, observed),
		"lifecycleState " + orNone(lifecycle) + ", reconciliationStatus.state " + orNone(reconciliation),
		"jobStatus.state " + orNone(job) + ", jobManagerDeploymentStatus " + orNone(jobManager),
	}
	if problem != "" {
		words = append([]string{"error: " + problem}, words...)
	}

	current := observed == generation && observed > 0
	switch {
	case suspended && lifecycle == "SUSPENDED" && problem == "":
		// Edits of a suspended job never raise observedGeneration.
		return true, false, words
	case suspended && text(object(status, "reconciliationStatus"), "lastReconciledSpec") == "" && !invalid && problem == "" && (lifecycle == "" || lifecycle == "CREATED"):
		// It was created suspended: there is nothing to stop, and the operator
		// gives it no observedGeneration.
		return true, false, words
	case !suspended && current && lifecycle == "STABLE" && reconciliation == "DEPLOYED" && job == "RUNNING" && jobManager == "READY" && problem == "":
		return true, false, words
	}

	// The operator starts neither of these again by itself. An ERROR that is
	// seen while it upgrades is the last generation's.
	final := lifecycle == "FAILED" || lifecycle == "ROLLED_BACK" || invalid ||
		jobManager == "ERROR" && lifecycle != "UPGRADING" && lifecycle != "ROLLING_BACK"
	return false, final && (current && !invalid || age >= settle), words
}

// SnapshotVerdict judges a FlinkStateSnapshot likewise.
func SnapshotVerdict(snapshot map[string]any) (done, failed bool, words []string) {
	status := object(snapshot, "status")
	state := text(status, "state")
	words = []string{"state " + orNone(state)}
	if problem, _ := operatorError(text(status, "error")); problem != "" {
		words = append([]string{"error: " + problem}, words...)
	}
	return state == "COMPLETED", state == "FAILED" || state == "ABANDONED", words
}

// Running tells whether the job of a FlinkDeployment can take a savepoint now.
func Running(deployment map[string]any) bool {
	return text(object(object(deployment, "status"), "jobStatus"), "state") == "RUNNING"
}

// Stopped tells whether a FlinkDeployment was suspended, or never started.
func Stopped(deployment map[string]any) bool {
	lifecycle := text(object(deployment, "status"), "lifecycleState")
	return lifecycle == "SUSPENDED" || lifecycle == "CREATED"
}

// JobState is Flink's own word for how the job is, for a message.
func JobState(deployment map[string]any) string {
	return orNone(text(object(object(deployment, "status"), "jobStatus"), "state"))
}

// operatorError reads status.error: JSON with the exception's type, message
// and causes (FlinkResourceException), or plain text. A validation error is one
// that only another specification cures.
func operatorError(raw string) (problem string, invalid bool) {
	var exception struct {
		Type, Message string
		ThrowableList []struct{ Type, Message string }
	}
	if json.Unmarshal([]byte(raw), &exception) != nil || exception.Message == "" && len(exception.ThrowableList) == 0 {
		return raw, false
	}
	messages := []string{exception.Message}
	invalid = strings.HasSuffix(exception.Type, ".ValidationException")
	for _, cause := range exception.ThrowableList {
		invalid = invalid || strings.HasSuffix(cause.Type, ".ValidationException")
		// An exception made from its cause repeats the cause's message.
		if cause.Message != "" && !strings.Contains(strings.Join(messages, "\n"), cause.Message) {
			messages = append(messages, cause.Message)
		}
	}
	return strings.TrimPrefix(strings.Join(messages, "; caused by: "), "; caused by: "), invalid
}

func object(of map[string]any, key string) map[string]any {
	inner, _ := of[key].(map[string]any)
	return inner
}

func text(of map[string]any, key string) string {
	value, _ := of[key].(string)
	return value
}

func number(of map[string]any, key string) int64 {
	switch value := of[key].(type) {
	case float64:
		return int64(value)
	case int:
		return int64(value)
	}
	return 0
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}
