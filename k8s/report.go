package k8s

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/flink/status"
)

// lastEvents are as many of an object's as fit into an error.
const lastEvents = 5

// diagnoseEvery is the pause between two looks at what keeps a job that is
// waited for: at most 15 calls each.
const diagnoseEvery = time.Minute

// watched is an object of the operator whose end is waited for.
type watched struct {
	kind, plural, namespace, name string
	// judge says what the API server's answer means, after what earlier answers were seen to be.
	judge func(object map[string]any, seen status.Seen, now time.Time) (status.Verdict, status.Seen)
}

func (s watched) String() string { return s.kind + " " + s.namespace + "/" + s.name }

func watchedDeployment(namespace, name string, suspended bool) watched {
	return watched{"FlinkDeployment", "flinkdeployments", namespace, name,
		func(object map[string]any, seen status.Seen, now time.Time) (status.Verdict, status.Seen) {
			return status.Judge(object, suspended, seen, now)
		}}
}

func watchedSnapshot(namespace, name string) watched {
	return watched{"FlinkStateSnapshot", "flinkstatesnapshots", namespace, name,
		func(object map[string]any, seen status.Seen, _ time.Time) (status.Verdict, status.Seen) {
			return status.JudgeSnapshot(object), seen
		}}
}

// A watch waits for an object's end.
type watch struct {
	reader Reader
	limit  time.Duration
	// every is the pause between two looks.
	every time.Duration
	// say is told each time that the words change.
	say func(string)
}

// until returns nil when the object is done. A failure ends it too, and so does
// the time limit; the error has the verdict's words, the last events and the way
// out. An API server that does not answer is asked again.
func (w watch) until(ctx context.Context, s watched) error {
	ctx, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	var verdict status.Verdict
	var seen status.Seen
	var reason error
	last, refused, looked := "", false, time.Now()
	for {
		object, err := w.reader.Get(ctx, flink.APIVersion, s.plural, s.namespace, s.name)
		switch {
		case err != nil && ctx.Err() == nil:
			reason = err
		case err == nil && object == nil:
			reason = errors.New("there is no such object in the cluster")
		case err == nil:
			reason = nil
			verdict, seen = s.judge(object, seen, time.Now())
			if verdict.Done {
				return nil
			}
			// Twice: a status is written in more than one step.
			if verdict.Failed && refused {
				return w.report(s, "it failed", verdict, nil)
			}
			refused = verdict.Failed
		}
		if now := strings.Join(verdict.Words, "; "); now != last {
			last = now
			w.say(s.String() + ": " + now)
		}
		if inspector, can := w.reader.(Inspector); can && s.kind == "FlinkDeployment" && time.Since(looked) > diagnoseEvery {
			looked = time.Now()
			if findings := Diagnose(ctx, inspector, s.namespace, s.name); len(findings) > 0 {
				w.say(s.String() + ": " + findings[0].Cause)
			}
		}
		select {
		case <-time.After(w.every):
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return w.report(s, fmt.Sprintf("it is not as asked for after %s", w.limit), verdict, reason)
			}
			return fmt.Errorf("%s: the wait was ended", s)
		}
	}
}

// report is the error of a wait.
func (w watch) report(s watched, what string, verdict status.Verdict, reason error) error {
	lines := append([]string{s.String() + ": " + what}, verdict.Words...)
	if reason != nil {
		lines = append(lines, "it cannot be read: "+reason.Error())
	}
	// The wait's own time may be over.
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if inspector, can := w.reader.(Inspector); can && s.kind == "FlinkDeployment" {
		for _, finding := range Diagnose(context.Background(), inspector, s.namespace, s.name) {
			lines = append(lines, strings.ReplaceAll(finding.String(), "\n", "\n  "))
		}
	}
	if events, err := w.reader.Events(ctx, s.kind, s.namespace, s.name); err != nil {
		lines = append(lines, "its events cannot be read: "+err.Error())
	} else if len(events) > 0 {
		lines = append(lines, "last events:")
		for _, event := range events[max(0, len(events)-lastEvents):] {
			lines = append(lines, "  "+event)
		}
	}
	return errors.New(strings.Join(append(lines, wayOut(verdict)...), "\n  "))
}

// wayOut is what to do about a failure.
func wayOut(verdict status.Verdict) []string {
	var lines []string
	if len(verdict.Edit) > 0 {
		lines = append(lines, "the way out, in the job's settings, and pulumi up:")
		for _, line := range verdict.Edit {
			lines = append(lines, "  "+line)
		}
	}
	if verdict.Section != "" {
		lines = append(lines, "docs/runbook.md: "+verdict.Section)
	}
	return lines
}
