package preflight

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
)

// Kind of a verdict. Those of the jar's Kind.java come from the check itself,
// the others from the pod that could not run it.
type Kind string

const (
	Passed             Kind = "passed"
	Configuration      Kind = "configuration"
	Secret             Kind = "secret"
	Storage            Kind = "storage"
	Program            Kind = "program"
	Timeout            Kind = "timeout"
	SnapshotMissing    Kind = "snapshot-missing"
	SnapshotUnreadable Kind = "snapshot-unreadable"
	StateLost          Kind = "state-lost"
	StateIncompatible  Kind = "state-incompatible"
	MaxParallelism     Kind = "max-parallelism"
	Internal           Kind = "internal"

	// Image cannot be pulled.
	Image Kind = "image"
	// Unscheduled: no node takes the pod, or a volume does not come.
	Unscheduled Kind = "unscheduled"
	// Crashed: the container ended without a result, such as for want of memory.
	Crashed Kind = "crashed"
)

// Operator of the snapshot or of the new job graph.
type Operator struct {
	Name string `json:"name"`
	// ID in hexadecimal: Flink's hash of the uid.
	ID string `json:"id"`
	// Verdict is continues, new (it starts without state), lost, dropped (lost
	// and allowed to be), incompatible or max-parallelism.
	Verdict string `json:"verdict"`
	// Bytes of its state in the snapshot.
	Bytes int64 `json:"bytes"`
	// States by name, timers as "timers"; empty where none were stored.
	States []string `json:"states,omitempty"`
	// Note says what is wrong with it.
	Note string `json:"note,omitempty"`
}

// Verdict is the check's answer.
type Verdict struct {
	Kind Kind `json:"kind"`
	// Cause in one line; empty when passed.
	Cause string `json:"cause"`
	// Details are all findings where there are more than one; the first is the cause.
	Details []string `json:"details"`
	// FlinkVersion of the image: 1.18.1.
	FlinkVersion string `json:"flinkVersion"`
	// Snapshot is the path of the savepoint or checkpoint that was compared;
	// empty: the job has none yet.
	Snapshot  string     `json:"snapshot"`
	Operators []Operator `json:"operators"`
	// Omitted operators found no room in a termination message's 4096 bytes;
	// the pod's log has them. Those that are not well come first.
	Omitted int `json:"omitted"`
}

// Parse a termination message. The error says that it holds no verdict.
func Parse(message string) (Verdict, error) {
	var v Verdict
	lines := strings.Split(strings.TrimSpace(message), "\n")
	last := strings.TrimSpace(lines[len(lines)-1]) // from a log, the result is its last line
	if err := json.Unmarshal([]byte(last), &v); err != nil {
		return Verdict{}, fmt.Errorf("not a preflight's result: %w", err)
	}
	if v.Kind == "" {
		return Verdict{}, errors.New("not a preflight's result: it has no kind")
	}
	return v, nil
}

// OK says that the new generation may be deployed.
func (v Verdict) OK() bool { return v.Kind == Passed }

// Line is the verdict in one line.
func (v Verdict) Line() string {
	switch {
	case !v.OK():
		return fmt.Sprintf("preflight %s: %s", v.Kind, v.Cause)
	case v.Snapshot == "":
		return "preflight passed; there is no checkpoint or savepoint yet"
	}
	return "preflight passed: the state of " + v.Snapshot + " continues"
}

// Table of the operators for people, then the details and what to edit.
func (v Verdict) Table() string {
	var text strings.Builder
	if len(v.Operators) > 0 {
		w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "OPERATOR\tSTATE\tVERDICT\tSTATES")
		for _, o := range v.Operators {
			states := strings.Join(o.States, ", ")
			if o.Note != "" {
				states = strings.TrimSpace(states + " (" + o.Note + ")")
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Name, size(o.Bytes), o.Verdict, states)
		}
		_ = w.Flush() // into memory
	}
	if v.Omitted > 0 {
		fmt.Fprintf(&text, "and %d more in the pod's log\n", v.Omitted)
	}
	if len(v.Details) > 1 {
		fmt.Fprintln(&text, strings.Join(v.Details, "\n"))
	}
	text.WriteString(v.Line())
	if edit := v.Kind.Edit(); edit != "" {
		text.WriteString("\n" + edit)
	}
	return text.String()
}

// size in binary units.
func size(bytes int64) string {
	amount, unit := float64(bytes), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for amount >= 1024 && unit < len(units)-1 {
		amount, unit = amount/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", amount, units[unit])
}
