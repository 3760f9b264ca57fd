package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"flink-payments/tests/preflight/maven"
)

const program = "../../../k8s/preflight"

// Class files differ between compilers, so only the one that made the jar can answer.
func TestTheJarHoldsWhatItsSourcesCompileTo(t *testing.T) {
	here, err := exec.Command("javac", "-version").CombinedOutput()
	if err != nil {
		t.Skip("not tried: this machine has no javac")
	}
	kept, err := os.ReadFile(filepath.Join(program, "preflight.jar"))
	if err != nil {
		t.Fatal(err)
	}
	contents, err := entries(kept)
	if err != nil {
		t.Fatal(err)
	}
	if made := string(contents["META-INF/MANIFEST.MF"]); !strings.Contains(made, "Created-By: "+strings.TrimSpace(string(here))) {
		t.Skipf("not tried: this is %s, and the jar says\n%s", here, made)
	}
	if err := run(program, true); errors.Is(err, maven.ErrNoMaven) {
		t.Skipf("not tried: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
}
