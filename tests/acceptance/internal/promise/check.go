// Package promise judges what was observed of a job: facts in, checks out. It
// speaks to nothing, so that every way of breaking a promise can be shown to it.
package promise

// The promises, in the order in which they are proved.
const (
	Running     = "running"
	Recoverable = "recoverable"
	UpgradeSafe = "upgrade-safe"
	Identity    = "identity"
)

// An Outcome is what became of one check.
type Outcome string

const (
	// Held: it was seen to be so.
	Held Outcome = "held"
	// Broken: it was seen not to be so.
	Broken Outcome = "broken"
	// Unseen: it could not be looked at, so nothing is known.
	Unseen Outcome = "unseen"
	// Skipped: it was not asked for, or there is nothing to judge yet.
	Skipped Outcome = "skipped"
)

// A Check is one thing that a promise consists of.
type Check struct {
	Promise string  `json:"promise"`
	Name    string  `json:"check"`
	Outcome Outcome `json:"outcome"`
	// Found is what was seen, Wanted what should have been; Advice says where to look next.
	Found  string `json:"found"`
	Wanted string `json:"wanted,omitempty"`
	Advice string `json:"advice,omitempty"`
}

// judged is a check that holds or is broken. Wanted and advice are for the reader of a broken one.
func judged(promise, name string, holds bool, found, wanted, advice string) Check {
	if holds {
		return Check{Promise: promise, Name: name, Outcome: Held, Found: found}
	}
	return Check{Promise: promise, Name: name, Outcome: Broken, Found: found, Wanted: wanted, Advice: advice}
}

// NotSeen is a check that could not be looked at.
func NotSeen(promise, name, why string) Check {
	return Check{Promise: promise, Name: name, Outcome: Unseen, Found: why}
}

// NotThere is a check of what does not exist.
func NotThere(promise, name, what, advice string) Check {
	return Check{Promise: promise, Name: name, Outcome: Broken, Found: what, Advice: advice}
}

// Skip is a check that was passed over: not asked for, or nothing to judge yet.
func Skip(promise, name, why string) Check {
	return Check{Promise: promise, Name: name, Outcome: Skipped, Found: why}
}

// Overall is the outcome of many: what is known to be broken first, then what
// could not be seen. Where nothing was proved at all, nothing is known.
func Overall(checks []Check) Outcome {
	seen := map[Outcome]bool{}
	for _, c := range checks {
		seen[c.Outcome] = true
	}
	switch {
	case seen[Broken]:
		return Broken
	case seen[Unseen] || !seen[Held]:
		return Unseen
	}
	return Held
}
