package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/blang/semver"
)

// command runs the CLI for the Automation API. It differs from the API's own
// in three things: the process can be killed, flags that the API has no option
// for can be added, and what the API reads back after an update can be left out.
type command struct {
	cli CLI
	// extra are flags of the next operation.
	extra []string
	// lean answers the API's questions about history, outputs and selection with nothing.
	lean bool
	// text is all that the last operation printed.
	text string

	lock    sync.Mutex
	process *os.Process
}

func (c *command) Version() semver.Version { return c.cli.Version }

func (c *command) Run(ctx context.Context, dir string, stdin io.Reader, stdouts, stderrs []io.Writer, env []string, args ...string) (string, string, int, error) {
	if c.lean && len(args) > 1 && args[0] == "stack" {
		switch args[1] {
		case "output":
			return "{}", "", 0, nil
		case "select":
			return "", "", 0, nil
		case "history":
			return "[]", "", 0, nil
		}
	}
	operation := isOperation(args)
	if operation {
		args = append(args, c.extra...)
	}
	stdout, stderr, code, err := c.start(ctx, dir, stdin, stdouts, stderrs, env, args...)
	if operation {
		c.text = stdout + stderr
	}
	return stdout, stderr, code, err
}

// start starts the CLI and waits for its end.
func (c *command) start(ctx context.Context, dir string, stdin io.Reader, stdouts, stderrs []io.Writer, env []string, args ...string) (string, string, int, error) {
	cmd := exec.CommandContext(ctx, c.cli.Path, append([]string{"--non-interactive"}, args...)...)
	cmd.Dir, cmd.Stdin = dir, stdin
	// A short life has no need to collect often.
	cmd.Env = append(append(os.Environ(), env...), "PULUMI_AUTOMATION_API=true", "GOGC=400")
	var stdout, stderr bytes.Buffer
	cmd.Stdout = io.MultiWriter(append(slices.Clone(stdouts), &stdout)...)
	cmd.Stderr = io.MultiWriter(append(slices.Clone(stderrs), &stderr)...)
	// As Ctrl-C does: the engine ends the step it is at and writes its state.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second

	err := cmd.Start()
	if err == nil {
		c.watch(cmd.Process)
		err = cmd.Wait()
		c.watch(nil)
	}
	code := 0
	if err != nil {
		code = -1
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		}
	}
	return stdout.String(), stderr.String(), code, err
}

func isOperation(args []string) bool {
	return slices.ContainsFunc([]string{"preview", "up", "refresh", "destroy"}, func(op string) bool { return args[0] == op })
}

func (c *command) watch(p *os.Process) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.process = p
}

// kill ends the running CLI at once, as a power cut does. No signal handler runs.
func (c *command) kill() {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.process != nil {
		_ = c.process.Kill()
	}
}

// frozen does something while the running CLI is stopped.
func (c *command) frozen(do func() error) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.process == nil {
		return errors.New("the CLI does not run")
	}
	if err := freeze(c.process); err != nil {
		return err
	}
	// Threads that are in a system call end it first.
	time.Sleep(5 * time.Millisecond)
	return errors.Join(do(), thaw(c.process))
}
