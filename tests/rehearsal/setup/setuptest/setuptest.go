// Package setuptest has the options of a rehearsal for tests.
package setuptest

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/setup"
)

// Production are the options of a rehearsal of production in a folder of its own.
func Production(t testing.TB) setup.Options {
	t.Helper()
	root, err := setup.Project()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := setup.Cache()
	if err != nil {
		t.Fatal(err)
	}
	cli, err := engine.FindCLI(t.Context(), cache, filepath.Join(root, "tests", "rehearsal", "cli"), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return setup.Options{Project: root, StackFile: filepath.Join(root, "Pulumi.prod.yaml"), Dir: t.TempDir(), CLI: cli, Out: io.Discard}
}
