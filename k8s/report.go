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

// watched is an object of the operator whose end is waited for.
type watched struct {
	kind, plural, namespace, name string
	// verdict judges what the API server says of it.
	verdict func(object map[string]any, age time.Duration) (done, failed bool, words []string)
}

func (s watched) String() string { return s.kind + " " + s.namespace + "/" + s.name }

func watchedDeployment(namespace, name string, suspended bool) watched {
	return watched{"FlinkDeployment", "flinkdeployments", namespace, name,
		func(object map[string]any, age time.Duration) (bool, bool, []string) {
			return status.Verdict(object, suspended, age)
		}}
}

func watchedSnapshot(namespace, name string) watched {
	return watched{"FlinkStateSnapshot", "flinkstatesnapshots", namespace, name,
		func(object map[string]any, _ time.Duration) (bool, bool, []string) {
			return status.SnapshotVerdict(object)
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

// until returns nil when the object is done. A failure is an error at once,
// the time limit is one too; both say what the operator says, and the last
// events. An API server that does not answer is asked again.
func (w watch) until(ctx context.Context, s watched) error {
	start, last, refused := time.Now(), "", false
	ctx, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	words, reason := []string(nil), error(nil)
	for {
		object, err := w.reader.Get(ctx, flink.APIVersion, s.plural, s.namespace, s.name)
		switch {
		case err != nil && ctx.Err() == nil:
			reason = err
		case err == nil && object == nil:
			reason = errors.New("there is no such object in the cluster")
		case err == nil:
			var done, failed bool
			reason = nil
			done, failed, words = s.verdict(object, time.Since(start))
			if done {
				return nil
			}
			// Twice: a status is written in more than one step.
			if failed && refused {
				return w.report(s, "the operator gave up on it", words, reason)
			}
			refused = failed
		}
		if now := strings.Join(words, "; "); now != last {
			last = now
			w.say(s.String() + ": " + now)
		}
		select {
		case <-time.After(w.every):
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return w.report(s, fmt.Sprintf("it is not as asked for after %s", w.limit), words, reason)
			}
			return fmt.Errorf("%s: the wait was ended", s)
		}
	}
}

// report is the error of a wait.
func (w watch) report(s watched, what string, words []string, reason error) error {
	lines := append([]string{s.String() + ": " + what}, words...)
	if reason != nil {
		lines = append(lines, "it cannot be read: "+reason.Error())
	}
	// The wait's own time may be over.
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if events, err := w.reader.Events(ctx, s.kind, s.namespace, s.name); err != nil {
		lines = append(lines, "its events cannot be read: "+err.Error())
	} else if len(events) > 0 {
		lines = append(lines, "last events:")
		for _, event := range events[max(0, len(events)-lastEvents):] {
			lines = append(lines, "  "+event)
		}
	}
	return errors.New(strings.Join(lines, "\n  "))
}
