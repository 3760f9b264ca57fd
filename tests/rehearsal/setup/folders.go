package setup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"flink-payments/tests/rehearsal/settings"
)

// StackName is prod for Pulumi.prod.yaml.
func StackName(file string) (string, error) {
	name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
	if name == "" || name == filepath.Base(file) || strings.Contains(name, "Pulumi") {
		return "", fmt.Errorf("%s: a stack's settings are in a file Pulumi.<stack>.yaml", file)
	}
	return name, nil
}

// Cache is where the CLI is built and the rehearsals live.
func Cache() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, settings.Project, "rehearsal"), err
}

// Project is the folder of the program's go.mod, above this one.
func Project() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := at; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no Pulumi.yaml above %s: run me as `go -C tests/rehearsal run .`", at)
}

// Copy copies the world and some of the folders of a stack.
func Copy(to, from string, folders ...string) error {
	for _, part := range folders {
		if err := os.CopyFS(filepath.Join(to, part), os.DirFS(filepath.Join(from, part))); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(filepath.Join(from, "world.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "world.json"), text, 0o600)
}
