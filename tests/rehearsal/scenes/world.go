package scenes

import (
	"slices"
	"strings"
	"time"

	"flink-payments/tests/rehearsal/inspect"
	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/standin/kubernetes"
	"flink-payments/tests/rehearsal/world"
)

// What the scenes look at.

// contents of the tour's world, its API server among it.
func (t *tour) contents() string {
	if err := t.observe(); err != nil {
		return err.Error() // which is what nobody wants to see there
	}
	return inspect.Contents(t.World)
}

// observe lets the world know what is in the API server now.
func (t *tour) observe() error {
	if t.Server == nil {
		return nil
	}
	return kubernetes.Observe(t.ctx, t.Server, t.World)
}

func (t *tour) flinkStatus() inspect.Status {
	if err := t.observe(); err != nil {
		return inspect.Status{Lifecycle: err.Error()}
	}
	o, _ := t.World.Get("kubernetes", world.DeploymentType, t.setting(settings.Job("namespace"))+"/"+t.setting(settings.Job("name")))
	return inspect.StatusOf(o)
}

// stateObjects are the keys in the job's bucket: checkpoints, savepoints, HA.
func (t *tour) stateObjects() []string {
	var keys []string
	for _, o := range t.World.List("aws", world.S3ObjectType) {
		if key, ours := strings.CutPrefix(o.ID, t.setting(settings.Job("state.bucket"))+"/"); ours {
			keys = append(keys, key)
		}
	}
	return keys
}

// savepoints are those of stateObjects that are savepoints.
func (t *tour) savepoints() []string {
	return slices.DeleteFunc(t.stateObjects(), func(key string) bool { return !strings.HasPrefix(key, "savepoints/savepoint-") })
}

// newestState is the savepoint or checkpoint that was completed last.
func (t *tour) newestState() string {
	var newest string
	var at time.Time
	for _, o := range t.World.List("aws", world.S3ObjectType) {
		written, _ := o.State["lastModified"].(string)
		folder, complete := strings.CutSuffix(o.ID, "/_metadata")
		if when, err := time.Parse(time.RFC1123, written); err == nil && complete && when.After(at) {
			newest, at = "s3://"+folder, when
		}
	}
	return newest
}
