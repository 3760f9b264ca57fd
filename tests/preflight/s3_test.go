package preflight_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flink-payments/k8s/preflight"
	"flink-payments/tests/preflight/maven"
)

// s3Versions of Flink: the plugin is 97 MB a version.
func s3Versions() []string {
	if *allVersions {
		return versions()
	}
	return []string{"1.18.1"}
}

// The presto plugin against an S3 server (moto) that obeys a bucket's policy.
func TestTheStateInS3IsReadAndTheRightsAreTried(t *testing.T) {
	for _, version := range s3Versions() {
		t.Run(version, func(t *testing.T) { inS3(t, newWorld(t, version)) })
	}
}

func inS3(t *testing.T, w *world) {
	plugin, err := maven.Jar("org.apache.flink", "flink-s3-fs-presto", w.version)
	if err != nil {
		t.Fatal(err)
	}
	plugins := t.TempDir()
	if err := os.Mkdir(filepath.Join(plugins, "s3-fs-presto"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(plugin, filepath.Join(plugins, "s3-fs-presto", filepath.Base(plugin))); err != nil {
		t.Fatal(err)
	}
	endpoint := s3Server(t)
	in := func(bucket string) preflight.Input {
		in := w.input()
		for key, root := range map[string]string{"state.checkpoints.dir": "checkpoints", "state.savepoints.dir": "savepoints", "high-availability.storageDir": "ha"} {
			in.Configuration[key] = "s3://" + bucket + "/" + root
		}
		in.Configuration["s3.endpoint"] = endpoint
		in.Configuration["s3.path-style-access"] = "true"
		in.Configuration["s3.access-key"], in.Configuration["s3.secret-key"] = "test", "test"
		return in
	}
	put(t, endpoint+"/state", "")
	put(t, endpoint+"/empty", "")
	running := in("state")
	running.Configuration["execution.checkpointing.interval"] = "500 ms"
	running.Configuration["state.storage.fs.memory-threshold"] = "0 b"
	_, native, err := w.makeState(running, plugins)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		bucket string
		// denied of the bucket state: an action and a resource.
		denied   [2]string
		restore  string
		want     preflight.Kind
		cause    string
		snapshot string
	}{
		{name: "the newest checkpoint in a bucket continues", bucket: "state", want: preflight.Passed, snapshot: "s3://state/checkpoints/"},
		{name: "a savepoint in a bucket continues", bucket: "state", restore: native, want: preflight.Passed, snapshot: "s3://state/savepoints/savepoint-"},
		{name: "an empty bucket is a first start", bucket: "empty", want: preflight.Passed},
		{name: "a savepoint of an empty bucket is missing", bucket: "empty", restore: "s3://empty/savepoints/savepoint-1", want: preflight.SnapshotMissing,
			cause: "there is no savepoint or checkpoint at s3://empty/savepoints/savepoint-1"},
		{name: "a bucket that is not there is told", bucket: "nobody", want: preflight.Storage, cause: "NoSuchBucket"},
		{name: "no right to write below ha is told", bucket: "state", denied: [2]string{"s3:PutObject", "ha/*"}, want: preflight.Storage,
			cause: "cannot write s3://state/ha/preflight-"},
		{name: "no right to read a checkpoint is told", bucket: "state", denied: [2]string{"s3:GetObject", "checkpoints/*"}, want: preflight.Storage,
			cause: "cannot read the _metadata of s3://state/checkpoints/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.denied[0] != "" {
				put(t, endpoint+"/state?policy", fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":%q,"Resource":"arn:aws:s3:::state/%s"}]}`, c.denied[0], c.denied[1]))
				defer request(t, http.MethodDelete, endpoint+"/state?policy", "")
			}
			in := in(c.bucket)
			in.Restore = c.restore
			v, _, log := w.ask(t, in, plugins)
			if v.Kind != c.want || !strings.Contains(v.Cause, c.cause) || !strings.HasPrefix(v.Snapshot, c.snapshot) {
				t.Errorf("answered %q: %q of %q, want %q: ...%s... of %s\n%s", v.Kind, v.Cause, v.Snapshot, c.want, c.cause, c.snapshot, log)
			}
		})
	}
	if left := request(t, http.MethodGet, endpoint+"/state?list-type=2&prefix=ha/preflight-", ""); strings.Contains(left, "<Key>") {
		t.Errorf("a probe was left behind: %s", left)
	}
}

// s3Server starts moto and returns its address.
func s3Server(t *testing.T) string {
	t.Helper()
	server := motoServer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	command := exec.Command(server, "-H", "127.0.0.1", "-p", port)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	endpoint := "http://127.0.0.1:" + port
	for range 300 {
		if response, err := http.Get(endpoint); err == nil {
			_ = response.Body.Close()
			return endpoint
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("moto did not start within a minute")
	return ""
}

// motoServer is the machine's own, or one installed into the user's cache.
func motoServer(t *testing.T) string {
	t.Helper()
	if own, err := exec.LookPath("moto_server"); err == nil {
		return own
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("not tried: this machine has no python3")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	directory := filepath.Join(cache, "flink-payments-preflight", "moto")
	server := filepath.Join(directory, "bin", "moto_server")
	if _, err := os.Stat(server); err == nil {
		return server
	}
	if output, err := exec.Command(python, "-m", "venv", directory).CombinedOutput(); err != nil {
		t.Skipf("not tried: python3 makes no virtual environment: %v\n%s", err, output)
	}
	if output, err := exec.Command(filepath.Join(directory, "bin", "pip"), "install", "--quiet", "moto[server]==5.2.1").CombinedOutput(); err != nil {
		t.Fatalf("pip: %v\n%s", err, output)
	}
	return server
}

func put(t *testing.T, url, body string) { t.Helper(); request(t, http.MethodPut, url, body) }

func request(t *testing.T, method, url, body string) string {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %v %s", method, url, response.Status, err, text)
	}
	return string(text)
}
