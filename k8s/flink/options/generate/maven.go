package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const copyDependencies = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"

// whole are the artifacts taken with what they depend on: enough to load every
// class that holds options, without the Hadoop and Scala of the others.
var whole = map[string]bool{
	"flink-core": true, "flink-runtime": true, "flink-clients": true,
	"flink-statebackend-rocksdb": true, "flink-statebackend-forst": true,
}

// operatorLibraries are what a release's options are compiled with.
var operatorLibraries = map[string][][3]string{
	"1.10.0": {{"io.javaoperatorsdk", "operator-framework-core", "4.9.4"}, {"io.fabric8", "kubernetes-model-core", "6.13.2"}, lombok, math, {quartz, "quartz", "2.3.2"}},
	"1.15.0": {{"io.javaoperatorsdk", "operator-framework-core", "5.2.2"}, {"io.fabric8", "kubernetes-model-core", "7.3.1"}, lombok, math, {quartz, "quartz", "2.4.0"}},
}

var (
	lombok = [3]string{"org.projectlombok", "lombok", "1.18.30"}
	math   = [3]string{"org.apache.commons", "commons-math3", "3.6.1"}
)

const quartz = "org.quartz-scheduler"

type artifacts struct {
	versions []string
	names    []string
	// release is by name and version; - where there is none.
	release map[string]map[string]string
}

func readArtifacts(path string) (artifacts, error) {
	file, err := os.Open(path)
	if err != nil {
		return artifacts{}, err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comma, reader.Comment = '\t', '#'
	rows, err := reader.ReadAll()
	if err != nil {
		return artifacts{}, err
	}
	a := artifacts{versions: rows[0][1:], release: map[string]map[string]string{}}
	for _, row := range rows[1:] {
		a.names = append(a.names, row[0])
		a.release[row[0]] = map[string]string{}
		for i, version := range a.versions {
			a.release[row[0]][version] = row[i+1]
		}
	}
	return a, nil
}

// fetch returns the jars of one version of Flink.
func (a artifacts) fetch(version, folder string) ([]string, error) {
	var wanted strings.Builder
	for _, name := range a.names {
		if release := a.release[name][version]; release != "-" {
			wanted.WriteString(dependency("org.apache.flink", name, release, !whole[name]))
		}
	}
	return maven(wanted.String(), folder)
}

func dependency(group, name, release string, alone bool) string {
	exclusion := ""
	if alone {
		exclusion = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
	}
	return fmt.Sprintf("<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>%s</dependency>\n",
		group, name, release, exclusion)
}

// maven copies dependencies into a folder and returns the jars there. A folder
// that holds the same pom.xml is complete already.
func maven(dependencies, folder string) ([]string, error) {
	pom := `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>options</groupId><artifactId>options</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
` + dependencies + "</dependencies></project>\n"
	done := filepath.Join(folder, "complete.xml")
	if before, err := os.ReadFile(done); err != nil || string(before) != pom {
		if err := os.RemoveAll(folder); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(folder, "pom.xml"), []byte(pom), 0o644); err != nil {
			return nil, err
		}
		command := exec.Command("mvn", "-q", "-B", copyDependencies, "-DoutputDirectory=.")
		command.Dir, command.Stdout, command.Stderr = folder, os.Stderr, os.Stderr
		if err := command.Run(); err != nil {
			return nil, fmt.Errorf("mvn in %s: %w", folder, err)
		}
		if err := os.WriteFile(done, []byte(pom), 0o644); err != nil {
			return nil, err
		}
	}
	return filepath.Glob(filepath.Join(folder, "*.jar"))
}
