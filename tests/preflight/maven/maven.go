// Package maven brings Flink's published jars onto this machine by the mvn
// command, and remembers where they are.
package maven

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed pom.xml
var pom []byte

// plugin pins the resolver; whatever mvn would pick by itself changes with mvn.
const plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:"

// ErrNoMaven means that this machine has no mvn command.
var ErrNoMaven = errors.New("there is no mvn command")

// ClassPath of a Flink version's clients, streaming API, runtime and RocksDB
// backend with all they need: absolute paths of jars.
func ClassPath(flinkVersion string) ([]string, error) {
	return resolve("classpath-"+flinkVersion, pom, "-Dflink.version="+flinkVersion)
}

// Jar of one artifact without what it depends on.
func Jar(group, artifact, version string) (string, error) {
	text := fmt.Sprintf(`<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>flink-payments</groupId><artifactId>preflight-jar</artifactId><version>1</version>
<dependencies><dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency></dependencies></project>`,
		group, artifact, version)
	jars, err := resolve(artifact+"-"+version, []byte(text))
	if err != nil {
		return "", err
	}
	return jars[0], nil
}

// resolve asks Maven once and keeps the answer for as long as all its files are there.
func resolve(name string, pom []byte, options ...string) ([]string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	directory := filepath.Join(cache, "flink-payments-preflight", name)
	answer := filepath.Join(directory, "classpath")
	if jars := known(answer); jars != nil {
		return jars, nil
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return nil, ErrNoMaven
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(directory, "pom.xml"), pom, 0o644); err != nil {
		return nil, err
	}
	command := exec.Command("mvn", append([]string{"-B", "-q", plugin + "build-classpath", "-Dmdep.outputFile=" + answer}, options...)...)
	command.Dir = directory
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mvn for %s: %w\n%s", name, err, output)
	}
	jars := known(answer)
	if jars == nil {
		return nil, fmt.Errorf("mvn for %s left no class path", name)
	}
	return jars, nil
}

func known(answer string) []string {
	text, err := os.ReadFile(answer)
	if err != nil || len(text) == 0 {
		return nil
	}
	jars := strings.Split(strings.TrimSpace(string(text)), string(os.PathListSeparator))
	for _, jar := range jars {
		if _, err := os.Stat(jar); err != nil {
			return nil
		}
	}
	return jars
}
