// Package diagnosis says why a job does not come up, from what Kubernetes and
// Flink say of it. It reads nothing itself and decides nothing: its functions
// turn answers and logs into a few findings for a person.
package diagnosis

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// What is told at most, so that an error stays readable.
const (
	// maxFindings of one diagnosis.
	maxFindings = 6
	// maxSeen is in characters, of what one finding repeats of others' words.
	maxSeen = 500
	// maxMessage is in characters, of one exception's message.
	maxMessage = 400
)

// Section of docs/runbook.md that lists the findings.
const Section = "job-does-not-start"

// A Finding is one thing that keeps a job from running.
type Finding struct {
	// Cause in one line.
	Cause string
	// Seen is where it was seen and the words there, at most 500 characters.
	// Control characters and what looks like a secret are taken out.
	Seen string
	// Do is what to do next; edits are of the job's entry in the stack's file.
	Do string
	// Runbook is the section of docs/runbook.md.
	Runbook string

	rank rank
}

// A rank orders findings, the most telling first: what keeps a pod from
// starting, then Flink's own words, then what only follows from either.
type rank int

const (
	beforeStart rank = iota
	known
	weaklyKnown
	unknown
	consequence
	mayPass
	unread
)

// finding with the runbook's section for all of them.
func finding(rank rank, cause, seen, do string) Finding {
	return Finding{Cause: line(cause, maxSeen), Seen: line(mask(seen), maxSeen), Do: line(do, maxSeen), Runbook: Section, rank: rank}
}

// String is two lines, the second indented by two spaces.
func (f Finding) String() string {
	first := f.Cause
	if f.Seen != "" {
		first += ": " + f.Seen
	}
	return first + "\n  do: " + f.Do + " (docs/runbook.md#" + f.Runbook + ")"
}

// Readings are what was read of a job. Whatever could not be read is left out,
// and its error is in Unread.
type Readings struct {
	// Exceptions are Flink's answers to /jobs/ID/exceptions.
	Exceptions [][]byte
	// Logs as Wanted names them, with their text.
	Logs []Log
	// Pods with the label app=JOB, as the API server holds them.
	Pods []map[string]any
	// Events of each Deployment, ReplicaSet and pod: lines "TIME TYPE REASON:
	// MESSAGE" of one object in each list, the oldest first.
	Events [][]string
	// Unread are the errors of reads.
	Unread []error
}

// Find returns at most six findings, the most telling first. The same cause is
// told once.
func Find(r Readings) []Finding {
	pods := decode(r.Pods)
	var all []Finding
	all = append(all, podFindings(pods)...)
	all = append(all, eventFindings(r.Events)...)
	for _, answer := range r.Exceptions {
		all = append(all, exceptionFindings(answer)...)
	}
	for _, log := range r.Logs {
		all = append(all, logFindings(log)...)
	}
	all = append(all, unreadFindings(r.Unread)...)
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(a.rank, b.rank) })

	var told []Finding
	causes := map[string]bool{}
	for _, f := range all {
		if !causes[f.Cause] && len(told) < maxFindings {
			causes[f.Cause] = true
			told = append(told, f)
		}
	}
	return told
}

// line makes text one line of at most limit characters: a log may hold escape
// sequences, and a message line ends.
func line(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if cut := []rune(text); len(cut) > limit {
		return string(cut[:limit-3]) + "..."
	}
	return text
}
