package scenes

import (
	"fmt"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/standin/provider"
)

// What the engine asked the providers for.

// inOrder says that the calls came, in their order: of each, the first that
// begins with the method and holds the text.
func (t *tour) inOrder(method string, texts ...string) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	last := -1
	for i, text := range texts {
		at := slices.IndexFunc(t.calls, func(c provider.Call) bool {
			return c.Method == method && strings.Contains(c.String(), text)
		})
		switch {
		case at < 0:
			return fmt.Errorf("there was no %s of %s", method, text)
		case at < last:
			return fmt.Errorf("%s of %s came before that of %s", method, text, texts[i-1])
		}
		last = at
	}
	return nil
}

// forget the calls so far.
func (t *tour) forget() {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.calls = nil
}

// called lists the calls that hold all the texts.
func (t *tour) called(texts ...string) []string {
	t.lock.Lock()
	defer t.lock.Unlock()
	var found []string
	for _, c := range t.calls {
		line := c.String()
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			found = append(found, line)
		}
	}
	return found
}
