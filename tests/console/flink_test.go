package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"flink-payments/tests/console/flink"
)

// versions of Flink that are started: the oldest and the newest, or those of CONSOLE_FLINK (all, or
// a list such as 1.20.5,2.0.2).
func versions() []string {
	switch text := os.Getenv("CONSOLE_FLINK"); text {
	case "":
		return []string{flink.Versions[0], flink.Versions[len(flink.Versions)-1]}
	case "all":
		return flink.Versions
	default:
		return strings.Split(text, ",")
	}
}

func startFlink(t *testing.T, version string) *flink.Cluster {
	t.Helper()
	c, err := flink.Start(version)
	if errors.Is(err, flink.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// read asks Flink itself, past the proxy.
func read(t *testing.T, c *flink.Cluster, path string, into any) {
	t.Helper()
	answer, err := http.Get("http://" + c.Address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || json.Unmarshal(text, into) != nil {
		t.Fatalf("%s: %s %s %v", path, answer.Status, text, err)
	}
}

// condition is what an attack would change: the job's state and parallelism, its checkpoints and savepoints.
func condition(t *testing.T, c *flink.Cluster) string {
	t.Helper()
	var job struct {
		State    string `json:"state"`
		Vertices []struct {
			Parallelism int    `json:"parallelism"`
			Status      string `json:"status"`
		} `json:"vertices"`
	}
	read(t, c, "/jobs/"+c.Job, &job)
	var checkpoints struct {
		Counts map[string]int `json:"counts"`
	}
	read(t, c, "/jobs/"+c.Job+"/checkpoints", &checkpoints)
	return fmt.Sprintf("%s %v, checkpoints %v", job.State, job.Vertices, checkpoints.Counts)
}

// settled is the condition of a running job once nothing changes it by itself: Flink 2.3 takes a
// checkpoint as soon as a job runs.
func settled(t *testing.T, c *flink.Cluster) string {
	t.Helper()
	last, since := "", time.Now()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		now := condition(t, c)
		if now != last || !strings.HasPrefix(now, "RUNNING [{2 RUNNING} {2 RUNNING}]") {
			last, since = now, time.Now()
		}
		if time.Since(since) > 5*time.Second {
			return now
		}
		if time.Now().After(deadline) {
			t.Fatalf("the job is %s", now)
		}
	}
}

// Everything that changes something, sent to a real Flink behind the real proxy in the spellings
// that Flink makes the path itself of: the job runs on, and no checkpoint or savepoint was taken.
func TestARealFlinkIsReadThroughTheConsoleAndChangedByNothing(t *testing.T) {
	p := start(t, values(false))
	session := p.session(t)
	for _, version := range versions() {
		t.Run(version, func(t *testing.T) {
			c := startFlink(t, version)
			p.rest.forwardTo(c.Address)
			w := &wire{t: t, address: p.address, session: session, from: ingressAddress}
			defer w.close()
			before := settled(t, c)
			for _, r := range routes(t) {
				if r.method == "FILE" || r.method == "GET" && !slices.Contains(leftOut, "GET "+r.path) && !strings.Contains(r.path, "yarn-") {
					continue
				}
				path := r.example(c.Job)
				last := len(path) - 1
				for _, target := range []string{
					path, path + "?mode=cancel", "/v1" + path, path + "/", path + "%3F", path + "%3Fmode=cancel", "/v1" + path + "%3F", path + "%23",
					path[:last] + "%25" + hex(path[last]), path[:last] + "%" + hex(path[last]), path + ";a", "/overview%3F/.." + path,
				} {
					for _, method := range []string{"GET", "POST", "PATCH", "PUT", "DELETE"} {
						if answer := w.send(method, target); method != "GET" && answer.StatusCode < 300 {
							t.Errorf("%s %s: %s", method, target, answer.Status)
						}
					}
				}
			}
			time.Sleep(2 * time.Second) // Flink cancels, and takes checkpoints, after it has answered
			if after := condition(t, c); after != before {
				t.Errorf("the job was %s, and is %s", before, after)
			}
			for _, r := range routes(t) {
				minor := version[:strings.LastIndex(version, ".")]
				if r.method != "GET" || !slices.Contains(r.asked, minor) || slices.Contains(leftOut, "GET "+r.path) || strings.Contains(strings.Replace(r.path, ":jobid", "", 1), ":") {
					continue
				}
				path := r.example(c.Job)
				straight, err := http.Get("http://" + c.Address + path)
				if err != nil {
					t.Fatal(err)
				}
				straight.Body.Close()
				if answer := w.send("GET", path); answer.StatusCode != straight.StatusCode {
					t.Errorf("GET %s: %s, and %s straight from Flink", path, answer.Status, straight.Status)
				}
			}
			takePicture(t, p)
		})
	}
}
