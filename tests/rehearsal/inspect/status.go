package inspect

import (
	"fmt"
	"path/filepath"
	"strings"

	"flink-payments/tests/rehearsal/world"
)

// A Status is what a FlinkDeployment says of its job.
type Status struct {
	Lifecycle, Job, Image string
	// Started is when the job was started last, Restored from where.
	Started, Restored    string
	Observed, Generation int64
}

// StatusOf reads a FlinkDeployment; what is not there is empty.
func StatusOf(o world.Object) Status {
	at := func(path ...string) any {
		var value any = o.State
		for _, key := range path {
			m, _ := value.(map[string]any)
			value = m[key]
		}
		return value
	}
	text := func(path ...string) string {
		switch value := at(path...).(type) {
		case nil:
			return ""
		case string:
			return value
		default:
			return fmt.Sprint(value)
		}
	}
	number := func(path ...string) int64 {
		n, _ := at(path...).(float64)
		return int64(n)
	}
	return Status{
		Lifecycle: text("status", "lifecycleState"), Job: text("status", "jobStatus", "state"), Image: text("spec", "image"),
		Started: text("status", "jobStatus", "startTime"), Restored: text("status", "jobStatus", "upgradeSavepointPath"),
		Observed: number("status", "observedGeneration"), Generation: number("metadata", "generation"),
	}
}

// Tag is an image's tag.
func Tag(image string) string {
	_, tag, _ := strings.Cut(strings.SplitN(filepath.Base(image), "@", 2)[0], ":")
	return tag
}
