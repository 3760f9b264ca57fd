package faults

import (
	"context"
	"testing"
	"time"

	"flink-payments/tests/rehearsal/setup/setuptest"
)

// In short mode every eighth fault is played.
func TestEveryFaultConvergesToTheSameWorld(t *testing.T) {
	for name, kill := range map[string]bool{"a call fails": false, "the engine is killed": true} {
		t.Run(name, func(t *testing.T) {
			c, err := newCampaign(t.Context(), setuptest.Production(t), kill)
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
