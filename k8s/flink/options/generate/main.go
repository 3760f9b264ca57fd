// Command generate reads Flink's configuration options out of its published
// classes and writes options.tsv and testdata/answers.tsv:
//
//	git clone https://github.com/apache/flink-kubernetes-operator DIR
//	cd k8s/flink/options && go run ./generate -operator DIR
//
// It needs a JDK (17), Maven and git. The artifacts of Flink are those of
// artifacts.tsv, fetched by Maven into -jars, which stays for the next run; the
// operator's are compiled from its release tags, because only its sources are
// published for every release.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
)

// operatorReleases are read; operatorFlink is the Flink that they are compiled against.
var operatorReleases = []string{"1.10.0", "1.15.0"}

const operatorFlink = "1.20"

func main() {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	operator := flag.String("operator", "", "clone of apache/flink-kubernetes-operator with its release tags")
	jars := flag.String("jars", filepath.Join(cache, "flink-options"), "folder for Flink's jars")
	source := flag.String("source", "generate", "folder of Options.java and artifacts.tsv")
	out := flag.String("out", ".", "folder to write options.tsv and testdata/answers.tsv to")
	flag.Parse()
	if err := run(*operator, *jars, *source, *out); err != nil {
		log.Fatal(err)
	}
}

func run(operator, jars, source, out string) error {
	java := filepath.Join(source, "Options.java")
	artifacts, err := readArtifacts(filepath.Join(source, "artifacts.tsv"))
	if err != nil {
		return err
	}
	var found table
	paths := map[string][]string{}
	for _, version := range artifacts.versions {
		if paths[version], err = artifacts.fetch(version, filepath.Join(jars, version)); err != nil {
			return err
		}
		lines, err := list(java, paths[version])
		if err != nil {
			return err
		}
		found.add("flink", version, lines)
	}
	for _, release := range operatorReleases {
		classes, err := compile(operator, release, filepath.Join(jars, "operator-"+release), paths[operatorFlink])
		if err != nil {
			return err
		}
		lines, err := list(java, append(classes, paths[operatorFlink]...))
		if err != nil {
			return err
		}
		found.add("operator", release, ofOperator(lines))
	}
	if err := os.MkdirAll(filepath.Join(out, "testdata"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "options.tsv"), found.data(), 0o644); err != nil {
		return err
	}
	answers, err := found.ask(java, artifacts.versions, paths)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "testdata", "answers.tsv"), answers, 0o644)
}
