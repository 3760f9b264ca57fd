package operator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"flink-payments/tests/rehearsal/world"
)

// How long things take, on the model's clock: estimates of the right order.
const (
	mountTakes      = 10 * time.Second
	jobManagerTakes = 15 * time.Second
	jobTakes        = 25 * time.Second
)

// modelled is a cluster that does what its specification lets it do: an image
// whose tag ends in -bad cannot be pulled, main() of one in -throws throws, and a
// heartbeat.interval that is no number ends the JobManager at its start.
type modelled struct{ *step }

func (c modelled) note() object { return child(c.notes(), "cluster") }

// age of the JobManager.
func (c modelled) age() time.Duration {
	since, _ := c.note()["since"].(float64)
	if age := c.now.Sub(time.UnixMilli(int64(since))); age >= 0 {
		return age
	}
	return time.Hour // the clock of an earlier process was ahead
}

func (c modelled) look() picture {
	note := c.note()
	since, there := note["since"].(float64)
	if !there || !c.store.Owns(c.o) {
		return picture{}
	}
	age := c.age()
	seen := picture{exists: true, neverStarted: age < jobManagerTakes, since: strconv.FormatInt(int64(since), 10)}
	spec := child(note, "spec")
	tag := text(spec, "image")
	tag, _, _ = strings.Cut(tag, "@")
	account := text(spec, "serviceAccount")
	switch _, has := c.store.Get(world.ServiceAccountType, c.namespace()+"/"+account); {
	case strings.HasSuffix(tag, "-bad"):
		seen.neverStarted = true
		seen.problem = fmt.Sprintf("[flink-main-container] failed to pull and unpack image %q: not found", text(spec, "image"))
		return seen
	case !has:
		seen.neverStarted = true
		seen.problem = fmt.Sprintf("pods is forbidden: error looking up service account %s/%s: serviceaccount %q not found", c.namespace(), account, account)
		return seen
	case crashes(spec):
		// Each start but the first two waits twice as long as the one before.
		if age%(jobManagerTakes+mountTakes) >= jobManagerTakes {
			seen.available = true
		} else if age > 3*(jobManagerTakes+mountTakes) {
			seen.problem = "[flink-main-container] back-off 20s restarting failed container=flink-main-container"
		}
		return seen
	case age < mountTakes && note["mount"] == true:
		seen.mount = fmt.Sprintf("MountVolume.SetUp failed for volume %q : configmap %q not found", "flink-config-volume", "flink-config-"+c.name())
		return seen
	case age < jobManagerTakes:
		return seen
	}
	seen.available = true
	if strings.HasSuffix(tag, "-throws") {
		seen.job, seen.mainThrew = "FAILED", true
		seen.failure = "org.apache.flink.client.program.ProgramInvocationException: The main method caused an error"
		return seen
	}
	seen.failure = c.cannotRestore(text(note, "from"))
	if note["fail"] == true {
		seen.failure = "the job was told to fail"
	}
	switch {
	case age < jobTakes:
		seen.job = "INITIALIZING"
	case seen.failure != "":
		seen.job = "FAILED"
	case note["finished"] == true:
		seen.job = "FINISHED"
	default:
		seen.job = "RUNNING"
	}
	return seen
}

var milliseconds = regexp.MustCompile(`^[0-9]+$`)

// crashes: Flink 1.18 reads the interval as a number of milliseconds.
func crashes(spec object) bool {
	interval, set := child(spec, "flinkConfiguration")["heartbeat.interval"].(string)
	return set && !milliseconds.MatchString(interval)
}

func (c modelled) metadata() bool { return c.note()["metadata"] == true }

func (c modelled) start(from string) {
	note := object{"since": float64(c.now.UnixMilli()), "spec": clone(c.spec), "from": from,
		"metadata": from == lastState, "checkpoint": c.note()["checkpoint"],
		"fail": c.w.Obey(c.name(), world.FailNextUpgrade), "mount": c.w.Obey(c.name(), world.MissNextMount)}
	if from == lastState {
		note["from"] = note["checkpoint"]
	}
	c.notes()["cluster"] = note
	_ = c.store.Own(c.o)
}

func (c modelled) stop() {
	delete(c.note(), "since")
	_ = c.store.Disown(c.o)
}

func (c modelled) finish() {
	note := c.note()
	note["finished"], note["metadata"] = true, false
}

func (c modelled) ran() {
	note := c.note()
	if note["metadata"] == true && note["checkpoint"] != nil && note["from"] == note["checkpoint"] {
		return
	}
	note["metadata"], note["checkpoint"] = true, c.checkpoint(text(c.job(), "jobId"))
}

// cannotRestore says why Flink would not start from a path. It looks where the
// world has the bucket.
func (s *step) cannotRestore(path string) string {
	bucket, key, ok := s3Path(path)
	if path == "" {
		return ""
	}
	if ok {
		if _, there := s.w.Get("aws", world.S3ObjectType, bucket+"/"+key+"/_metadata"); there {
			return ""
		}
		if len(s.w.List("aws", world.BucketType)) == 0 {
			return ""
		}
	}
	return fmt.Sprintf("Could not find checkpoint or savepoint at %s.", path)
}

func (s *step) taskManagers() float64 {
	slots, err := strconv.ParseFloat(text(child(s.spec, "flinkConfiguration"), "taskmanager.numberOfTaskSlots"), 64)
	if err != nil || slots < 1 {
		slots = 1
	}
	parallelism, _ := child(s.spec, "job")["parallelism"].(float64)
	return float64(int((parallelism + slots - 1) / slots))
}

// savepoint writes one to S3, where a specification says.
func (s *step) savepoint(spec object) string {
	number, _ := s.w.Next("savepoint")
	sum := sha256.Sum256([]byte(fmt.Sprint("savepoint", number)))
	id := hex.EncodeToString(sum[:9])
	return s.put(text(child(spec, "flinkConfiguration"), "state.savepoints.dir"), "savepoint-"+id[:6]+"-"+id[6:])
}

func (s *step) checkpoint(job string) string {
	return s.put(text(child(s.spec, "flinkConfiguration"), "state.checkpoints.dir"), job+"/chk-1")
}

// put writes the _metadata that makes a folder a savepoint or checkpoint.
func (s *step) put(dir, name string) string {
	path := strings.TrimSuffix(dir, "/") + "/" + name
	bucket, key, ok := s3Path(path)
	if !ok {
		return path
	}
	if _, there := s.w.Get("aws", world.BucketType, bucket); there {
		key += "/_metadata"
		// A count, not a clock: that of the next process begins again.
		number, _ := s.w.Next("written")
		at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(number) * time.Minute)
		_ = s.w.Put(world.Object{Package: "aws", Type: world.S3ObjectType, ID: bucket + "/" + key,
			State: object{"bucket": bucket, "key": key, "lastModified": at.Format(time.RFC1123)}})
	}
	return path
}

func s3Path(path string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(path, "s3://")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}
