package expected

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Read picks a job from a stack's outputs, as `pulumi stack output --json`
// prints them, and lets flags win over it. outputs may be nil: the flags say
// all. An error is the caller's mistake.
func Read(outputs io.Reader, flags Job) (Job, error) {
	if outputs == nil {
		return flags.complete()
	}
	var stack struct {
		Jobs map[string]json.RawMessage `json:"jobs"`
	}
	if err := json.NewDecoder(outputs).Decode(&stack); err != nil {
		return flags, fmt.Errorf("the outputs are not what `pulumi stack output --json` prints: %w", err)
	}
	name, err := choose(slices.Sorted(maps.Keys(stack.Jobs)), flags.Name)
	if err != nil {
		return flags, err
	}
	var job Job
	if err := json.Unmarshal(stack.Jobs[name], &job); err != nil {
		return flags, fmt.Errorf("the output jobs[%q] is not a job's description: %w", name, err)
	}
	flags.Name = name
	return job.over(flags).complete()
}

func choose(names []string, wanted string) (string, error) {
	switch {
	case len(names) == 0:
		return "", fmt.Errorf("the outputs hold no map `jobs`: is this the right stack?")
	case wanted != "" && !slices.Contains(names, wanted):
		return "", fmt.Errorf("the outputs hold no job %q, only %s", wanted, strings.Join(names, ", "))
	case wanted != "":
		return wanted, nil
	case len(names) > 1:
		return "", fmt.Errorf("the outputs hold %d jobs: name one by --name, of %s", len(names), strings.Join(names, ", "))
	}
	return names[0], nil
}
