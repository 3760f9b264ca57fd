// Package status judges what the operator writes into the status of its
// objects. It is pure: documents, an earlier answer and a time in, verdicts out.
package status

import (
	"fmt"
	"time"
)

// A Verdict is what a status means for whoever waits for the object.
type Verdict struct {
	// Done: the object is as asked for. Failed: it will not become so by itself.
	// Neither: it is on its way. Never both.
	Done, Failed bool
	// Kind of what stands in the way, which may still pass; empty: nothing known.
	Kind Kind
	// Words are lines for a person, the operator's own where it says something.
	Words []string
	// Edit is the way out for one who does not wait longer, a line each: keys of
	// the job's settings, and commands. Empty: none that is known to keep the
	// newest state.
	Edit []string
	// Section of the runbook about what stands in the way.
	Section string
}

// Seen is what earlier looks at a FlinkDeployment found. The zero value stands
// for none; each look returns the one that the next look takes.
type Seen struct {
	generation int64
	// since is the first look at the generation, and problem the status.error of that look.
	since   time.Time
	problem string
	// kind stands in the way since first, at each look without a break.
	kind  Kind
	first time.Time
}

// Judge judges a FlinkDeployment as the API server holds it. suspended says
// whether the job is asked to be so. What stands in the way is given up on when
// it has stood for the patience of its kind, counted by now between looks.
func Judge(deployment map[string]any, suspended bool, seen Seen, now time.Time) (Verdict, Seen) {
	return judge(rules, deployment, suspended, seen, now)
}

func judge(rules map[Kind]rule, deployment map[string]any, suspended bool, seen Seen, now time.Time) (Verdict, Seen) {
	r := read(deployment)
	if seen.since.IsZero() || seen.generation != r.generation {
		seen = Seen{generation: r.generation, since: now, problem: r.problem.raw}
	}
	done, kind := r.done(suspended), r.kind()
	if done {
		kind = ""
	}
	if kind != seen.kind {
		seen.kind, seen.first = kind, now
	}
	// An error that was there at the first look at a generation which is not
	// taken up may be the last one's, and the edit its cure.
	before := r.old() && r.problem.raw == seen.problem
	verdict := Verdict{Done: done, Kind: kind, Words: r.words(before)}
	if done {
		return verdict, seen
	}
	rule, settle := rules[kind], time.Duration(0)
	verdict.Edit, verdict.Section = r.edit(kind), rule.section
	if kind == "" {
		return verdict, seen
	}
	if before && kind != Deleting {
		settle = rules[NotTakenUp].patience
	}
	if now.Sub(seen.first) < rule.patience || now.Sub(seen.since) < settle {
		why := rule.why
		if rule.patience < settle {
			why = rules[NotTakenUp].why
		}
		verdict.Words = append([]string{fmt.Sprintf("%s: waited for up to %s, because %s", kind, max(rule.patience, settle), why)}, verdict.Words...)
		return verdict, seen
	}
	verdict.Failed = true
	verdict.Words = append(append([]string{string(kind)}, verdict.Words...), r.savepointWords()...)
	return verdict, seen
}

// done tells whether the job is as asked for.
func (r reading) done(suspended bool) bool {
	switch {
	case r.deleting:
		return false
	case !suspended:
		return !r.old() && r.lifecycle == "STABLE" && r.reconciliation == "DEPLOYED" &&
			r.job == "RUNNING" && r.jobManager == "READY" && r.problem.raw == ""
	case r.problem.raw != "":
		return false
	}
	// Edits of a suspended job never raise observedGeneration. One that was
	// created suspended has nothing to stop, and gets no observedGeneration.
	return r.lifecycle == "SUSPENDED" || r.neverDeployed() && (r.lifecycle == "" || r.lifecycle == "CREATED")
}

// JudgeSnapshot judges a FlinkStateSnapshot likewise, by one look.
func JudgeSnapshot(snapshot map[string]any) Verdict {
	status := object(snapshot, "status")
	state := text(status, "state")
	words := []string{"state " + orNone(state)}
	if problem := readProblem(text(status, "error")); problem.raw != "" {
		words = append([]string{"error: " + problem.words}, words...)
	}
	return Verdict{Done: state == "COMPLETED", Failed: state == "FAILED" || state == "ABANDONED", Words: words, Section: "Savepoint"}
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
