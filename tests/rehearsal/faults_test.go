package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"flink-payments/tests/rehearsal/engine"
)

// prod are the options of a rehearsal of production in a folder of its own.
func prod(t *testing.T) options {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := cacheFolder()
	if err != nil {
		t.Fatal(err)
	}
	cli, err := engine.FindCLI(t.Context(), cache, "cli", os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return options{project: root, stackFile: filepath.Join(root, "Pulumi.prod.yaml"), dir: t.TempDir(), cli: cli, out: io.Discard}
}

func TestTheTourHoldsForProduction(t *testing.T) {
	o := prod(t)
	var said bytes.Buffer
	o.out = &said
	if err := takeTour(t.Context(), o); err != nil {
		t.Errorf("%v\n%s", err, said.String())
	}
}

// In short mode every eighth fault is played.
func TestEveryFaultConvergesToTheSameWorld(t *testing.T) {
	for name, kill := range map[string]bool{"a call fails": false, "the engine is killed": true} {
		t.Run(name, func(t *testing.T) {
			c, err := newCampaign(t.Context(), prod(t), kill)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			all := c.scenarios("")
			if len(all) < 50 {
				t.Fatalf("only %d faults: the calls were not seen", len(all))
			}
			if testing.Short() {
				var some []scenario
				for i := 0; i < len(all); i += 8 {
					some = append(some, all[i])
				}
				all = some
			}
			began := time.Now()
			c.playAll(context.WithoutCancel(t.Context()), all, func(_ int, s scenario, err error) {
				if err != nil {
					t.Errorf("%s: %v", s, err)
				}
			})
			t.Logf("%d faults in %s", len(all), time.Since(began).Round(time.Second))
		})
	}
}
