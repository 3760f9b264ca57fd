package preflight_test

import (
	"flag"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"flink-payments/k8s/preflight"
)

var flinkHome = flag.String("flink-home", "", "a Flink distribution, with bin/ and lib/, to start the check in as the pod does")

// The pod's own script in a whole distribution: its config.sh, its class path
// with flink-dist, its logging.
func TestThePodsScriptStartsTheCheckInADistribution(t *testing.T) {
	if *flinkHome == "" {
		t.Skip("not tried: no -flink-home")
	}
	dist, err := filepath.Glob(filepath.Join(*flinkHome, "lib", "flink-dist-*.jar"))
	if err != nil || len(dist) != 1 {
		t.Fatalf("no flink-dist in %s: %v %v", *flinkHome, dist, err)
	}
	version := regexp.MustCompile(`flink-dist-(.*)\.jar`).FindStringSubmatch(dist[0])[1]
	w := newWorld(t, version)
	for _, c := range []struct {
		args []string
		want preflight.Kind
	}{{nil, preflight.Passed}, {[]string{"renamed", "$(HOME)"}, preflight.StateLost}} {
		in := w.input()
		in.Args = c.args
		env, err := environment(in, "", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		container := in.Job().Spec.Template.Spec.Containers[0]
		var arguments []string
		for _, argument := range container.Args {
			arguments = append(arguments, strings.ReplaceAll(argument, "$$", "$")) // as the kubelet does
		}
		command := exec.Command(arguments[0], arguments[1:]...)
		command.Env = append(slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, "FLINK_PLUGINS_DIR=") }), "FLINK_HOME="+*flinkHome)
		v, code, log := answer(t, command, value(env, "PREFLIGHT_RESULT"))
		if v.Kind != c.want || code != exitCodes[c.want] {
			t.Errorf("%v: answered %q (exit code %d), want %q\n%s", c.args, v.Kind, code, c.want, log)
		}
	}
}
