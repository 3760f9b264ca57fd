package preflight

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

func TestTheJarIsMadeFromTheSourcesBesideIt(t *testing.T) {
	hash, err := SourcesHash(os.DirFS("java"))
	if err != nil {
		t.Fatal(err)
	}
	manifest := string(inJar(t)["META-INF/MANIFEST.MF"])
	if want := HashAttribute + ": " + hash; !strings.Contains(manifest, want) {
		t.Errorf("run go generate ./k8s/preflight: the manifest has no %q:\n%s", want, manifest)
	}
}

// 55 is Java 11's number for class files; Flink's own images have 11 or newer.
func TestEveryClassRunsOnJava11(t *testing.T) {
	classes := 0
	for name, content := range inJar(t) {
		if !strings.HasSuffix(name, ".class") {
			continue
		}
		classes++
		if version := binary.BigEndian.Uint16(content[6:8]); version != 55 {
			t.Errorf("%s has class file version %d", name, version)
		}
	}
	if classes == 0 {
		t.Error("no class in the jar")
	}
}

func TestTheExitCodesAndKindsOfTheJarAreKnownHere(t *testing.T) {
	source, err := os.ReadFile("java/preflight/Kind.java")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []Kind{Passed, Configuration, Secret, Storage, Program, Timeout, SnapshotMissing, SnapshotUnreadable,
		StateLost, StateIncompatible, MaxParallelism, Internal} {
		if !strings.Contains(string(source), fmt.Sprintf("(%q, ", kind)) {
			t.Errorf("Kind.java has no %q", kind)
		}
	}
	if n := strings.Count(string(source), `("`); n != 12 {
		t.Errorf("Kind.java has %d kinds, this package knows 12", n)
	}
}

func inJar(t *testing.T) map[string][]byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{}
	for _, file := range archive.File {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if contents[file.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return contents
}
