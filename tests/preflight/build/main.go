// Command build compiles the preflight's Java sources into the jar that the
// program embeds. It needs a JDK of 11 or newer, and mvn for Flink 1.18.1's jars:
//
//	go generate ./k8s/preflight
//
// With -check it writes nothing and fails when the classes in the jar are not
// those that the sources compile to.
package main

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flink-payments/k8s/preflight"
	"flink-payments/tests/preflight/maven"
)

// compileWith is the oldest Flink that the classes run on: what it has and
// later ones have too needs no reflection.
const compileWith = "1.18.1"

func main() {
	directory := flag.String("dir", "../../k8s/preflight", "the folder that holds java/ and preflight.jar")
	check := flag.Bool("check", false, "compare instead of writing")
	flag.Parse()
	if err := run(*directory, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(directory string, check bool) error {
	sources := filepath.Join(directory, "java")
	hash, err := preflight.SourcesHash(os.DirFS(sources))
	if err != nil {
		return err
	}
	classes, err := compile(sources)
	if err != nil {
		return err
	}
	jar, err := pack(classes, hash)
	if err != nil {
		return err
	}
	file := filepath.Join(directory, "preflight.jar")
	if check {
		return same(file, jar)
	}
	return os.WriteFile(file, jar, 0o644)
}

// compile returns a folder of classes. Line numbers stay: stack traces name them.
func compile(sources string) (fs.FS, error) {
	jars, err := maven.ClassPath(compileWith)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(sources, "preflight", "*.java"))
	if err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp("", "preflight-classes")
	if err != nil {
		return nil, err
	}
	arguments := []string{"--release", "11", "-g:source,lines", "-proc:none", "-Xlint:all", "-Werror", "-encoding", "UTF-8",
		"-classpath", strings.Join(jars, string(os.PathListSeparator)), "-d", out}
	if output, err := exec.Command("javac", append(arguments, files...)...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("javac: %w\n%s", err, output)
	}
	return os.DirFS(out), nil
}

// pack makes the jar: the same bytes from the same classes, so no time of day.
func pack(classes fs.FS, hash string) ([]byte, error) {
	version, err := exec.Command("javac", "-version").CombinedOutput()
	if err != nil {
		return nil, err
	}
	manifest := fmt.Sprintf("Manifest-Version: 1.0\r\nMain-Class: preflight.Preflight\r\nCreated-By: %s\r\n%s: %s\r\n\r\n",
		strings.TrimSpace(string(version)), preflight.HashAttribute, hash)
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	add := func(name string, content []byte) error {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	}
	if err := add("META-INF/MANIFEST.MF", []byte(manifest)); err != nil {
		return nil, err
	}
	names, err := fs.Glob(classes, "preflight/*.class")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		content, err := fs.ReadFile(classes, name)
		if err != nil {
			return nil, err
		}
		if err := add(name, content); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// same compares what is inside: another Go version may compress otherwise.
func same(file string, jar []byte) error {
	kept, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	a, err := entries(kept)
	if err != nil {
		return err
	}
	b, err := entries(jar)
	if err != nil {
		return err
	}
	const manifest = "META-INF/MANIFEST.MF"
	if !bytes.Equal(a[manifest], b[manifest]) {
		return fmt.Errorf("the jar was made from other sources or by another javac: run go generate ./k8s/preflight\njar:\n%s\nhere:\n%s", a[manifest], b[manifest])
	}
	for name, content := range b {
		if !bytes.Equal(a[name], content) {
			return fmt.Errorf("%s in the jar is not what its source compiles to: run go generate ./k8s/preflight", name)
		}
	}
	if len(a) != len(b) {
		return fmt.Errorf("the jar holds %d files, the sources make %d: run go generate ./k8s/preflight", len(a), len(b))
	}
	return nil
}

func entries(jar []byte) (map[string][]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{}
	for _, file := range archive.File {
		r, err := file.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		contents[file.Name] = content
	}
	return contents, nil
}
