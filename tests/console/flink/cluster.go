// Package flink starts a real Flink of a version from its published jars, and reads what its
// REST server routes and what its UI asks for.
package flink

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Versions are the newest releases of the minor versions that are held against the console.
var Versions = []string{"1.18.1", "1.19.3", "1.20.5", "2.0.2", "2.1.3", "2.2.1", "2.3.0"}

// ErrMissing is of a machine without a JDK 17 or Maven.
var ErrMissing = errors.New("no real Flink here: java, javac and mvn are needed")

// A Cluster is a running Flink.
type Cluster struct {
	// Address of the REST server: localhost:PORT.
	Address string
	// Job is the id of the running job.
	Job string
	// Routes of the REST server, as METHOD PATH.
	Routes []string

	command *exec.Cmd
	// stdin ends with this process, and the cluster with it.
	stdin io.Closer
	// dir holds what the cluster writes.
	dir string
}

// Start resolves the version's jars by Maven and starts a cluster with a job. The first start
// of a version downloads about 100 MB.
func Start(version string) (*Cluster, error) {
	classPath, err := ClassPath(version)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "flink-"+version)
	if err != nil {
		return nil, err
	}
	jars := strings.Join(classPath, string(os.PathListSeparator))
	// Compiled, not run from its source: TaskManagers load the job's classes by name.
	if out, err := exec.Command("javac", "-d", dir, "-cp", jars, filepath.Join(folder(), "Cluster.java")).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling for Flink %s: %w\n%s", version, err, out)
	}
	c := &Cluster{dir: dir, command: exec.Command("java", "-Xmx512m", "-Djava.io.tmpdir="+dir,
		"--add-opens=java.base/java.util=ALL-UNNAMED", "-cp", dir+string(os.PathListSeparator)+jars, "Cluster")}
	stdin, err := c.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var said strings.Builder
	c.command.Stderr = &said
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		kind, rest, _ := strings.Cut(lines.Text(), " ")
		switch kind {
		case "route":
			c.Routes = append(c.Routes, rest)
		case "job":
			c.Job = rest
		case "rest":
			c.Address = strings.TrimPrefix(rest, "http://")
			return c, nil
		}
	}
	c.Stop()
	return nil, fmt.Errorf("no REST server of Flink %s: %s", version, said.String())
}

// Stop ends the process and removes what it wrote.
func (c *Cluster) Stop() {
	c.command.Process.Kill()
	c.command.Wait()
	c.stdin.Close()
	os.RemoveAll(c.dir)
}

// ClassPath is what Maven resolves, kept in the user's cache: Maven takes longer than Flink.
func ClassPath(version string) ([]string, error) {
	for _, tool := range []string{"java", "javac", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, ErrMissing
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(cache, "flink-payments", "classpath-"+version)
	if jars, err := readClassPath(file); err == nil {
		return jars, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	out, err := exec.Command("mvn", "-q", "-B", "-f", filepath.Join(folder(), "pom.xml"),
		"dependency:build-classpath", "-Dflink.version="+version, "-Dmdep.outputFile="+file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("jars of Flink %s: %w\n%s", version, err, out)
	}
	return readClassPath(file)
}

func readClassPath(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	jars := filepath.SplitList(strings.TrimSpace(string(text)))
	for _, jar := range jars {
		if _, err := os.Stat(jar); err != nil {
			return nil, err
		}
	}
	return jars, nil
}

// folder is where this file, pom.xml and Cluster.java are.
func folder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}
