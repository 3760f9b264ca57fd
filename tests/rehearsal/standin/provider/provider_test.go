package provider_test

import (
	"context"
	"testing"
	"time"

	"flink-payments/tests/rehearsal/standin/aws"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
	"flink-payments/tests/rehearsal/world"
)

type m = map[string]any

func TestACallThatIsToFailReachesNoService(t *testing.T) {
	w, err := world.Open("")
	if err != nil {
		t.Fatal(err)
	}
	var hooks provider.Hooks
	hooks.Before = func(c provider.Call) error {
		if c.Method == "Create" && c.Type == world.BucketType && c.Name == "it" {
			return context.DeadlineExceeded
		}
		return nil
	}
	began := time.Now()
	hooks.Latency = func(string, string) time.Duration { return 20 * time.Millisecond }
	client := providertest.Connect(t, aws.New(w), hooks, m{"region": "ap-south-1"})
	_, _, err = client.Made(world.BucketType, m{"bucket": "kv-state"})
	providertest.Refused(t, err, "deadline")
	if len(w.List("", "")) != 0 {
		t.Error("the service was reached")
	}
	client.Must(world.KeyType, m{})
	if time.Since(began) < 20*time.Millisecond {
		t.Error("no time was taken")
	}
}
