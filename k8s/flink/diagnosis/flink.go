package diagnosis

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Jobs returns the ids of Flink's answer to /jobs/overview, none where it is no
// such answer.
func Jobs(overview []byte) []string {
	var answer struct {
		Jobs []struct {
			ID string `json:"jid"`
		}
	}
	if json.Unmarshal(overview, &answer) != nil {
		return nil
	}
	var ids []string
	for _, job := range answer.Jobs {
		// It becomes part of a path.
		if strings.Trim(job.ID, "0123456789abcdef") == "" && job.ID != "" {
			ids = append(ids, job.ID)
		}
	}
	return ids
}

// exceptionFindings of an answer to /jobs/ID/exceptions: each known kind of its
// history, or else the newest exception. Flink before 1.18 and a job that
// failed at its start have only the root exception.
func exceptionFindings(answer []byte) []Finding {
	type entry struct {
		Stacktrace string
		Timestamp  int64
		TaskName   string
	}
	var exceptions struct {
		Root             string `json:"root-exception"`
		Timestamp        int64
		ExceptionHistory struct{ Entries []entry }
	}
	if json.Unmarshal(answer, &exceptions) != nil {
		return nil
	}
	history := exceptions.ExceptionHistory.Entries
	slices.SortStableFunc(history, func(a, b entry) int { return int(max(-1, min(1, b.Timestamp-a.Timestamp))) })
	if len(history) == 0 && exceptions.Root != "" {
		history = []entry{{Stacktrace: exceptions.Root, Timestamp: exceptions.Timestamp}}
	}
	var found, other []Finding
	for _, e := range history {
		where := "Flink at " + time.UnixMilli(e.Timestamp).UTC().Format(time.RFC3339)
		if e.TaskName != "" {
			where += ", task " + line(e.TaskName, 60)
		}
		for _, s := range stacks(e.Stacktrace) {
			f, certain := stackFinding(s, where)
			if certain {
				found = append(found, f)
			} else if other == nil {
				other = append(other, f)
			}
		}
	}
	return append(found, other...)
}

// stackFinding of one chain; certain where its kind is known.
func stackFinding(s stack, where string) (f Finding, certain bool) {
	cause, do, from, rank := judge(s)
	return finding(rank, cause, where+": "+s.words(from), do), rank == known
}
