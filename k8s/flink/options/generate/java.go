package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// list asks the classes in the jars for their options. A class of options that
// cannot be loaded is an error, and no silent gap in the table.
func list(java string, jars []string) ([]string, error) {
	lines, told, err := options(java, "list", jars, nil)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(told) {
		class, _, _ := strings.Cut(strings.TrimPrefix(line, "left out: "), ":")
		if strings.HasPrefix(line, "left out: ") && strings.HasSuffix(class, "Options") {
			err = errors.Join(err, errors.New(strings.TrimSpace(line)))
		}
	}
	return lines, err
}

func options(java, mode string, jars []string, input []byte) (lines []string, told string, err error) {
	command := exec.Command("java", append([]string{java, mode}, jars...)...)
	var stderr bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(input), &stderr
	out, err := command.Output()
	if err != nil {
		return nil, "", fmt.Errorf("java %s %s: %w\n%s", java, mode, err, stderr.String())
	}
	return strings.Split(strings.TrimRight(string(out), "\n"), "\n"), stderr.String(), nil
}

// operatorOptions are the classes of options in the operator's sources.
var operatorOptions = []string{
	"KubernetesOperatorConfigOptions.java", "KubernetesOperatorMetricOptions.java",
	"AutoScalerOptions.java", "FlinkBlueGreenDeploymentConfigOptions.java",
}

// compile makes a jar of the options of one release of the operator and returns
// it with the libraries that it needs.
func compile(clone, release, folder string, flink []string) ([]string, error) {
	var wanted strings.Builder
	for _, library := range operatorLibraries[release] {
		wanted.WriteString(dependency(library[0], library[1], library[2], true))
	}
	libraries, err := maven(wanted.String(), filepath.Join(folder, "libraries"))
	if err != nil {
		return nil, err
	}
	sources := filepath.Join(folder, "sources")
	classes := filepath.Join(folder, "classes")
	for _, dir := range []string{sources, classes} {
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
			return nil, err
		}
	}
	tar := filepath.Join(folder, "sources.tar")
	if err := call("git", "-C", clone, "archive", "-o", tar, "release-"+release); err != nil {
		return nil, err
	}
	if err := call("tar", "-xf", tar, "-C", sources); err != nil {
		return nil, err
	}
	var roots, files []string
	for _, module := range []string{"flink-kubernetes-operator", "flink-kubernetes-operator-api", "flink-autoscaler"} {
		root := filepath.Join(sources, module, "src", "main", "java")
		roots = append(roots, root)
		err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			for _, name := range operatorOptions {
				if filepath.Base(path) == name {
					files = append(files, path)
					return err
				}
			}
			// Lombok adds methods only to sources that are named.
			if module == "flink-autoscaler" && filepath.Ext(path) == ".java" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	separator := string(os.PathListSeparator)
	arguments := []string{"-nowarn", "-d", classes,
		"-cp", strings.Join(append(libraries, flink...), separator), "-sourcepath", strings.Join(roots, separator)}
	if err := call("javac", append(arguments, files...)...); err != nil {
		return nil, err
	}
	jar := filepath.Join(folder, "options.jar")
	if err := call("jar", "--create", "--file", jar, "-C", classes, "."); err != nil {
		return nil, err
	}
	return append([]string{jar}, libraries...), nil
}

func call(name string, arguments ...string) error {
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(arguments, " "), err, out)
	}
	return nil
}
