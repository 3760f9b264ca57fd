package preflight_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flink-payments/k8s/preflight"
	"flink-payments/tests/preflight/maven"
)

var allVersions = flag.Bool("all-versions", false, "also the Flink versions between the oldest and the newest")

// versions of Flink: the oldest and the newest that the program knows, and those between.
func versions() []string {
	if *allVersions {
		return []string{"1.18.1", "1.19.3", "1.20.3", "2.0.1"}
	}
	return []string{"1.18.1", "2.0.1"}
}

// world is one Flink version with the jars of two generations of a job and the state that the first left.
type world struct {
	version   string
	classPath []string
	// old is the jar of the job that ran, changed the one whose state class has another field type.
	old, changed string
	// root holds checkpoints/, savepoints/ and ha/.
	root string
	// canonical and native are savepoints.
	canonical, native string
}

var worlds sync.Map

// newWorld makes the state once for all tests of a version.
func newWorld(t *testing.T, version string) *world {
	t.Helper()
	for _, command := range []string{"java", "javac", "jar"} {
		if _, err := exec.LookPath(command); err != nil {
			t.Skipf("not tried: this machine has no %s", command)
		}
	}
	make, _ := worlds.LoadOrStore(version, sync.OnceValues(func() (*world, error) { return makeWorld(version) }))
	w, err := make.(func() (*world, error))()
	if errors.Is(err, maven.ErrNoMaven) {
		t.Skipf("not tried: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func makeWorld(version string) (*world, error) {
	classPath, err := maven.ClassPath(version)
	if err != nil {
		return nil, err
	}
	root, err := os.MkdirTemp(shared, "flink-"+version)
	if err != nil {
		return nil, err
	}
	w := &world{version: version, classPath: classPath, root: root}
	if w.old, err = w.compile("v1", "jobs/v1/jobs/*.java", "jobs/make/*.java"); err != nil {
		return nil, err
	}
	if w.changed, err = w.compile("v2", "jobs/v2/jobs/*.java"); err != nil {
		return nil, err
	}
	in := w.input()
	in.Configuration["execution.checkpointing.interval"] = "500 ms"
	// Else state as small as this is kept inside _metadata, and no state file is read.
	in.Configuration["state.storage.fs.memory-threshold"] = "0 b"
	w.canonical, w.native, err = w.makeState(in, "")
	return w, err
}

func (w *world) compile(name string, patterns ...string) (string, error) {
	var sources []string
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		sources = append(sources, files...)
	}
	classes := filepath.Join(w.root, name)
	arguments := append([]string{"--release", "11", "-nowarn", "-classpath", join(w.classPath), "-d", classes}, sources...)
	if output, err := exec.Command("javac", arguments...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("javac: %w\n%s", err, output)
	}
	jar := filepath.Join(w.root, name+".jar")
	output, err := exec.Command("jar", "cf", jar, "-C", classes, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("jar: %w\n%s", err, output)
	}
	return jar, nil
}

// input is the question about the job as it ran.
func (w *world) input() preflight.Input {
	conf := map[string]string{
		"state.backend.type":                                        "rocksdb",
		"state.backend.incremental":                                 "true",
		"state.checkpoints.dir":                                     "file://" + w.root + "/checkpoints",
		"state.savepoints.dir":                                      "file://" + w.root + "/savepoints",
		"high-availability.storageDir":                              "file://" + w.root + "/ha",
		"execution.checkpointing.interval":                          "30 s",
		"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
		"kubernetes.operator.savepoint.format.type":                 "NATIVE",
	}
	if strings.HasPrefix(w.version, "2.") {
		delete(conf, "state.backend.incremental")
		conf["execution.checkpointing.incremental"] = "true"
	}
	return preflight.Input{
		Deployment: "fraud-scoring", Namespace: "payments", ServiceAccount: "flink", Image: "registry/fraud-scoring:1",
		FlinkVersion: "v" + strings.Join(strings.Split(w.version, ".")[:2], "_"),
		JarURI:       "local://" + w.old, EntryClass: "jobs.Job", Parallelism: 2,
		Configuration: conf, Timeout: 5 * time.Minute,
	}
}

// makeState runs the job until it has checkpoints, and takes a savepoint of each format.
func (w *world) makeState(in preflight.Input, plugins string) (canonical, native string, err error) {
	command := exec.Command("java", "-XX:TieredStopAtLevel=1", "-classpath", join(append(w.classPath, w.old)), "jobs.Make")
	if command.Env, err = environment(in, plugins, w.root); err != nil {
		return "", "", err
	}
	output, err := command.CombinedOutput()
	if err != nil {
		return "", "", fmt.Errorf("making state with Flink %s: %w\n%s", w.version, err, output)
	}
	for line := range strings.Lines(string(output)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "CANONICAL="); ok {
			canonical = path
		}
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "NATIVE="); ok {
			native = path
		}
	}
	return canonical, native, nil
}

// environment with the configuration folder that the ConfigMap makes in the pod.
func environment(in preflight.Input, plugins, scratch string) ([]string, error) {
	directory, err := os.MkdirTemp(scratch, "conf")
	if err != nil {
		return nil, err
	}
	document := in.ConfigMap()
	files := maps.Clone(document.BinaryData)
	for name, text := range document.Data {
		files[name] = []byte(text)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o644); err != nil {
			return nil, err
		}
	}
	return append(os.Environ(), "FLINK_CONF_DIR="+directory, "FLINK_PLUGINS_DIR="+plugins,
		"PREFLIGHT_RESULT="+filepath.Join(directory, "result")), nil
}

// ask runs the check as the pod would, and returns its verdict, exit code and log.
func (w *world) ask(t *testing.T, in preflight.Input, plugins string) (preflight.Verdict, int, string) {
	t.Helper()
	env, err := environment(in, plugins, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	directory := value(env, "FLINK_CONF_DIR")
	arguments := append([]string{"-XX:TieredStopAtLevel=1", "-classpath", join(append(w.classPath, filepath.Join(directory, "preflight.jar"))),
		"preflight.Preflight"}, in.Arguments()...)
	command := exec.Command("java", arguments...)
	command.Env = env
	return answer(t, command, value(env, "PREFLIGHT_RESULT"))
}

func answer(t *testing.T, command *exec.Cmd, result string) (preflight.Verdict, int, string) {
	t.Helper()
	output, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	message, err := os.ReadFile(result)
	if err != nil {
		t.Fatalf("no result: %v\n%s", err, output)
	}
	if len(message) > 4096 {
		t.Errorf("the result has %d bytes, a termination message holds 4096", len(message))
	}
	v, err := preflight.Parse(string(message))
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if logged, err := preflight.Parse(string(output)); err != nil || logged.Kind != v.Kind {
		t.Errorf("the log's last line says %q (%v), the result %q", logged.Kind, err, v.Kind)
	}
	return v, command.ProcessState.ExitCode(), string(output)
}

func value(env []string, name string) string {
	for _, entry := range env {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			return v
		}
	}
	return ""
}

func join(jars []string) string { return strings.Join(jars, string(os.PathListSeparator)) }

// shared is a scratch folder of all tests.
var shared string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if shared, err = os.MkdirTemp("", "preflight"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(shared)
	os.Exit(code)
}
