// Package engine drives the real Pulumi engine: the CLI, found on PATH or
// built here, by the Automation API with a program that runs in this process.
package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blang/semver"
	"golang.org/x/mod/modfile"
)

const (
	cliModule  = "github.com/pulumi/pulumi/pkg/v3"
	cliPackage = cliModule + "/cmd/pulumi"
)

// A CLI is a Pulumi CLI that fits this SDK.
type CLI struct {
	Path    string
	Version semver.Version
}

// FindCLI returns the CLI of PATH when its version fits, else the one below
// cache, which it first builds from source (module dir) when it is not there,
// telling out what it does and how far it is. The version is the one that the
// module pins; a newer one of the same major version drives the same SDK.
func FindCLI(ctx context.Context, cache, dir string, out io.Writer) (CLI, error) {
	pinned, err := pinnedVersion(dir)
	if err != nil {
		return CLI{}, err
	}
	if path, err := exec.LookPath("pulumi"); err == nil {
		if version, err := versionOf(ctx, path); err == nil && version.Major == pinned.Major && version.GTE(pinned) {
			return CLI{path, version}, nil
		}
	}
	name := "pulumi"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(cache, "pulumi-"+pinned.String(), "bin", name)
	if version, err := versionOf(ctx, path); err == nil && version.EQ(pinned) {
		return CLI{path, version}, nil
	}
	if err := build(ctx, dir, pinned, path, out); err != nil {
		return CLI{}, fmt.Errorf("build the Pulumi CLI: %w", err)
	}
	version, err := versionOf(ctx, path)
	return CLI{path, version}, err
}

// pinnedVersion is the CLI's in the go.mod of a folder.
func pinnedVersion(dir string) (semver.Version, error) {
	file := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(file)
	if err != nil {
		return semver.Version{}, err
	}
	module, err := modfile.ParseLax(file, text, nil)
	if err != nil {
		return semver.Version{}, err
	}
	for _, require := range module.Require {
		if require.Mod.Path == cliModule {
			return semver.ParseTolerant(require.Mod.Version)
		}
	}
	return semver.Version{}, fmt.Errorf("%s does not require %s", file, cliModule)
}

func versionOf(ctx context.Context, path string) (semver.Version, error) {
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return semver.Version{}, err
	}
	return semver.ParseTolerant(strings.TrimSpace(string(out)))
}

// build compiles the CLI to path. It builds beside it first: two at once, or
// one that is interrupted, leave no half-written CLI.
func build(ctx context.Context, dir string, version semver.Version, path string, out io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(path), "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	fmt.Fprintf(out, "Building the Pulumi CLI %s from source, once: there is none that fits on PATH.\n", version)
	fmt.Fprintf(out, "  Where:    %s\n", path)
	fmt.Fprintf(out, "  How long: 2 to 5 minutes on two cores, and about 400 MB of modules to download the first time.\n")
	began := time.Now()

	var modules atomic.Int64
	err = ticking(out, func() string { return fmt.Sprintf("downloading, %d modules", modules.Load()) },
		func() error { return run(ctx, dir, &modules, "go", "mod", "download", "-x") })
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  Downloaded, %s. Compiling.\n", since(began))

	list := exec.CommandContext(ctx, "go", "list", "-deps", cliPackage)
	list.Dir, list.Env = dir, goEnv()
	packages, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	total := strings.Count(string(packages), "\n")

	var compiled atomic.Int64
	built := filepath.Join(scratch, filepath.Base(path))
	err = ticking(out, func() string { return fmt.Sprintf("compiled %d of %d packages", compiled.Load(), total) },
		func() error {
			return run(ctx, dir, &compiled, "go", "build", "-v", "-trimpath",
				"-ldflags", "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version="+version.String(),
				"-o", built, cliPackage)
		})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  Built, %s. Later runs start at once.\n", since(began))
	return os.Rename(built, path)
}

// run starts a go command and counts the lines it writes to stderr: one for
// each module or package. They become the error when it fails.
func run(ctx context.Context, dir string, count *atomic.Int64, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, goEnv()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var last []string
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		count.Add(1)
		if last = append(last, lines.Text()); len(last) > 20 {
			last = last[1:]
		}
	}
	if err := cmd.Wait(); err != nil {
		return errors.Join(fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err), errors.New(strings.Join(last, "\n")))
	}
	return nil
}

// goEnv leaves a workspace that happens to be around out of the build.
func goEnv() []string { return append(os.Environ(), "GOWORK=off") }

// ticking does the work, and says every now and then how far it is: a person
// at a terminal sees one line move, a log gets a line each quarter of a minute.
func ticking(out io.Writer, progress func() string, work func() error) error {
	every, show := 15*time.Second, func(text string) { fmt.Fprintf(out, "  ... %s\n", text) }
	if IsTerminal(out) {
		every, show = time.Second, func(text string) { fmt.Fprintf(out, "\r\033[K  ... %s", text) }
		defer fmt.Fprint(out, "\r\033[K")
	}
	began, done := time.Now(), make(chan error, 1)
	go func() { done <- work() }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			show(progress() + ", " + since(began))
		}
	}
}

func since(began time.Time) string { return time.Since(began).Round(time.Second).String() }

// IsTerminal says whether a person looks at out.
func IsTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
