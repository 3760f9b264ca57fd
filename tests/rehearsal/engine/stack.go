package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Options of a stack on a file backend.
type Options struct {
	CLI CLI
	// Dir holds all there is: work/ (Pulumi.yaml and Pulumi.<stack>.yaml, put
	// there by the caller), backend/ (the state) and home/ (PULUMI_HOME).
	Dir string
	// Name of the stack: prod.
	Name    string
	Program pulumi.RunFunc
	// Providers are the ports of those that the engine attaches to, by package.
	// Any other package's plugin is looked for on PATH; none is downloaded.
	Providers  map[string]int
	Passphrase string
	// Out gets what the CLI prints. Color is its flag --color: always or never.
	Out   io.Writer
	Color string
	// NoLog keeps the CLI from its log, which is a third of its time.
	NoLog bool
	// Lean leaves out the summary, so that the CLI is started once an operation,
	// not four times, and the CLI's check of a repaired state. The stack must
	// exist. Outcome.Changes stays empty.
	Lean bool
}

// A Stack is one stack and the way to run the engine on it. One operation at a time.
type Stack struct {
	o       Options
	command *command
	auto    auto.Stack
}

// An Outcome is what an operation did.
type Outcome struct {
	// Changes by operation (create, update, same ...); empty when it failed.
	Changes map[string]int
	// Text is all that the CLI printed.
	Text string
	Took time.Duration
}

// Changed says whether anything but "same" (or a read of what is not ours) was done or is to do.
func (o Outcome) Changed() bool {
	for op, n := range o.Changes {
		if n > 0 && op != string(apitype.OpSame) && op != string(apitype.OpRead) {
			return true
		}
	}
	return false
}

// Work is the folder of Pulumi.yaml and the stack's settings.
func Work(dir string) string { return filepath.Join(dir, "work") }

// Open makes the stack when it is not there.
func Open(ctx context.Context, o Options) (*Stack, error) {
	for _, sub := range []string{"work", "backend", "home"} {
		if err := os.MkdirAll(filepath.Join(o.Dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	s := &Stack{o: o, command: &command{cli: o.CLI, lean: o.Lean}}
	if o.NoLog {
		// The CLI goes without a log where a file is in the way of the folder.
		logs := filepath.Join(o.Dir, "home", "logs")
		if err := errors.Join(os.RemoveAll(logs), os.WriteFile(logs, nil, 0o600)); err != nil {
			return nil, err
		}
	}
	var attach []string
	for pkg, port := range o.Providers {
		attach = append(attach, fmt.Sprintf("%s:%d", pkg, port))
	}
	workspace, err := auto.NewLocalWorkspace(ctx,
		auto.WorkDir(Work(o.Dir)),
		auto.Program(o.Program),
		auto.Pulumi(s.command),
		auto.PulumiHome(filepath.Join(o.Dir, "home")),
		auto.SecretsProvider("passphrase"),
		auto.EnvVars(map[string]string{
			// Without metadata: the file that the backend keeps it in is not written
			// at once, and a kill at that moment leaves a state that cannot be read.
			"PULUMI_BACKEND_URL":                            "file://" + filepath.ToSlash(filepath.Join(o.Dir, "backend")) + "?metadata=skip",
			"PULUMI_CONFIG_PASSPHRASE":                      o.Passphrase,
			"PULUMI_CONFIG_PASSPHRASE_FILE":                 "",
			"PULUMI_SKIP_UPDATE_CHECK":                      "true",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION":   "true",
			"PULUMI_DEBUG_PROVIDERS":                        strings.Join(attach, ","),
			"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
		}))
	if err != nil {
		return nil, err
	}
	if o.Lean {
		s.auto, err = auto.SelectStack(ctx, o.Name, workspace)
	} else {
		s.auto, err = auto.UpsertStack(ctx, o.Name, workspace)
	}
	return s, err
}

// Kill ends the running CLI as a power cut does; with none running it does nothing.
func (s *Stack) Kill() { s.command.kill() }

// Frozen does something while the running CLI stands still: what is in its
// files then is what a kill at that moment would leave.
func (s *Stack) Frozen(do func() error) error { return s.command.frozen(do) }

// Preview shows what an update would do.
func (s *Stack) Preview(ctx context.Context, flags ...string) (Outcome, error) {
	return s.operate(flags, func() (Outcome, error) {
		r, err := s.auto.Preview(ctx, optpreview.Color(s.o.Color), optpreview.ProgressStreams(s.o.Out), optpreview.ErrorProgressStreams(s.o.Out))
		return Outcome{Changes: counts(r.ChangeSummary), Text: r.StdOut + r.StdErr}, err
	})
}

// Up makes the world as the program says.
func (s *Stack) Up(ctx context.Context, flags ...string) (Outcome, error) {
	return s.operate(flags, func() (Outcome, error) {
		r, err := s.auto.Up(ctx, optup.Color(s.o.Color), optup.ProgressStreams(s.o.Out), optup.ErrorProgressStreams(s.o.Out))
		return Outcome{Changes: changes(r.Summary), Text: r.StdOut + r.StdErr}, err
	})
}

// Refresh takes over into the state what the world is.
func (s *Stack) Refresh(ctx context.Context, flags ...string) (Outcome, error) {
	return s.operate(flags, func() (Outcome, error) {
		r, err := s.auto.Refresh(ctx, optrefresh.Color(s.o.Color), optrefresh.ProgressStreams(s.o.Out), optrefresh.ErrorProgressStreams(s.o.Out))
		return Outcome{Changes: changes(r.Summary), Text: r.StdOut + r.StdErr}, err
	})
}

// Drift shows what Refresh would take over.
func (s *Stack) Drift(ctx context.Context, flags ...string) (Outcome, error) {
	return s.operate(flags, func() (Outcome, error) {
		r, err := s.auto.PreviewRefresh(ctx, optrefresh.Color(s.o.Color), optrefresh.ProgressStreams(s.o.Out), optrefresh.ErrorProgressStreams(s.o.Out))
		return Outcome{Changes: counts(r.ChangeSummary), Text: r.StdOut + r.StdErr}, err
	})
}

// Destroy takes down all that is not protected.
func (s *Stack) Destroy(ctx context.Context, flags ...string) (Outcome, error) {
	return s.operate(append([]string{"--exclude-protected"}, flags...), func() (Outcome, error) {
		r, err := s.auto.Destroy(ctx, optdestroy.Color(s.o.Color), optdestroy.ProgressStreams(s.o.Out), optdestroy.ErrorProgressStreams(s.o.Out))
		return Outcome{Changes: changes(r.Summary), Text: r.StdOut + r.StdErr}, err
	})
}

// operate adds flags that the Automation API has no option for, takes the
// time, and shortens an error: the API's repeats all output.
func (s *Stack) operate(flags []string, do func() (Outcome, error)) (Outcome, error) {
	s.command.extra, s.command.text = flags, ""
	defer func() { s.command.extra = nil }()
	began := time.Now()
	outcome, err := do()
	outcome.Took = time.Since(began)
	if err != nil {
		outcome.Text = s.command.text
		err = fmt.Errorf("%s", strings.SplitN(err.Error(), "\n", 2)[0])
	}
	return outcome, err
}

// Outputs of the stack. Secret ones are shown as the CLI shows them: [secret].
func (s *Stack) Outputs(ctx context.Context) (map[string]any, error) {
	stdout, stderr, _, err := s.cli(ctx, "stack", "output", "--json", "--stack", s.o.Name)
	if err != nil {
		return nil, fmt.Errorf("stack output: %s", stderr)
	}
	var outputs map[string]any
	return outputs, json.Unmarshal([]byte(stdout), &outputs)
}

// Cancel frees the stack from the lock of an update that was killed.
func (s *Stack) Cancel(ctx context.Context) error {
	_, stderr, _, err := s.cli(ctx, "cancel", "--yes", s.o.Name)
	if err != nil {
		return fmt.Errorf("cancel: %s", stderr)
	}
	return nil
}

// SetSecret encrypts a setting, as `pulumi config set --secret` does.
func (s *Stack) SetSecret(ctx context.Context, key, value string) error {
	_, stderr, _, err := s.cli(ctx, "config", "set", "--secret", "--stack", s.o.Name, key, value)
	if err != nil {
		return fmt.Errorf("config set %s: %s", key, stderr)
	}
	return nil
}

// cli runs a command that is no operation, in the stack's environment.
func (s *Stack) cli(ctx context.Context, args ...string) (stdout, stderr string, code int, err error) {
	env := []string{"PULUMI_HOME=" + s.auto.Workspace().PulumiHome()}
	for key, value := range s.auto.Workspace().GetEnvVars() {
		env = append(env, key+"="+value)
	}
	return s.command.start(ctx, s.auto.Workspace().WorkDir(), nil, nil, nil, env, args...)
}

func counts(summary map[apitype.OpType]int) map[string]int {
	of := map[string]int{}
	for op, n := range summary {
		of[string(op)] = n
	}
	return of
}

func changes(summary auto.UpdateSummary) map[string]int {
	if summary.ResourceChanges == nil {
		return nil
	}
	return *summary.ResourceChanges
}
