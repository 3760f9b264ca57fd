// Command acceptance proves on a live cluster that a job is running,
// recoverable and upgrade-safe, and who its pods are. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"flink-payments/tests/acceptance/internal/expected"
	"flink-payments/tests/acceptance/internal/look"
	"flink-payments/tests/acceptance/internal/promise"
	"flink-payments/tests/acceptance/internal/prove"
	"flink-payments/tests/acceptance/internal/report"
)

// The exit statuses.
const (
	holds    = 0
	broken   = 1
	usage    = 2
	unlooked = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return holds
	case err != nil:
		fmt.Fprintln(stderr, "acceptance:", err)
		return usage
	}
	want, err := o.expected(stdin)
	if err != nil {
		fmt.Fprintln(stderr, "acceptance:", err)
		return usage
	}
	eyes, err := o.eyes(ctx, want)
	if err != nil {
		fmt.Fprintln(stderr, "acceptance:", err)
		return unlooked
	}

	say := func(line string) {
		fmt.Fprintf(stderr, "%s %s\n", time.Now().Format(time.TimeOnly), line)
	}
	done := report.Report{Job: want.Name, Namespace: want.Namespace, Started: time.Now().UTC()}
	done.Checks = prove.New(want, eyes, o.settings, say, func(c promise.Check) { say(report.Line(c)) }).Run(ctx)
	done.Finished, done.Outcome = time.Now().UTC(), promise.Overall(done.Checks)
	if ctx.Err() != nil {
		say("called off: what was not seen by now is not known")
	}
	if err := errors.Join(done.Text(stdout), write(o.reportJSON, done.JSON), write(o.reportJUnit, done.JUnit)); err != nil {
		fmt.Fprintln(stderr, "acceptance: the report could not be written:", err)
		if done.Outcome == promise.Held {
			return unlooked
		}
	}
	return map[promise.Outcome]int{promise.Held: holds, promise.Broken: broken, promise.Unseen: unlooked}[done.Outcome]
}

// write a report to a file; no file, no report.
func write(file string, report func(io.Writer) error) error {
	if file == "" {
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(report(f), f.Close())
}

func (o *options) expected(stdin io.Reader) (expected.Job, error) {
	switch o.outputs {
	case "":
		return expected.Read(nil, o.flags)
	case "-":
		return expected.Read(stdin, o.flags)
	}
	f, err := os.Open(o.outputs)
	if err != nil {
		return expected.Job{}, err
	}
	defer f.Close()
	return expected.Read(f, o.flags)
}

func (o *options) eyes(ctx context.Context, want expected.Job) (prove.Eyes, error) {
	cluster, err := look.NewCluster(o.kubeconfig, o.kubecontext, want.Namespace)
	if err != nil {
		return prove.Eyes{}, err
	}
	var load []func(*awsconfig.LoadOptions) error
	if want.Region != "" {
		load = append(load, awsconfig.WithRegion(want.Region))
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return prove.Eyes{}, fmt.Errorf("AWS configuration: %w", err)
	}
	return prove.Eyes{
		Cluster: cluster,
		Flink:   cluster.Flink(want.RESTService, want.RESTPort),
		Store:   look.NewStore(aws, o.s3Endpoint, o.s3PathStyle),
		STS:     look.NewSTS(aws, o.stsEndpoint),
	}, nil
}
