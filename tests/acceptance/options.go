package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"flink-payments/tests/acceptance/internal/expected"
	"flink-payments/tests/acceptance/internal/prove"
)

// options of one call.
type options struct {
	outputs                 string
	flags                   expected.Job
	kubeconfig, kubecontext string
	s3Endpoint, stsEndpoint string
	s3PathStyle             bool
	settings                prove.Settings
	reportJSON, reportJUnit string
}

const about = `acceptance proves on a live cluster that a job is running, recoverable and
upgrade-safe, and that its pods are the role they should be.

  pulumi stack output --json | acceptance --outputs - --name fraud-scoring
  acceptance --namespace payments --name fraud-scoring --bucket kv-flink-state

It reads: the Kubernetes API, Flink's REST API through the API server's proxy,
and S3, each with the caller's own kubeconfig and AWS credentials. With --exec
it also reads a TaskManager's web identity token and shows it to STS, never to
you. With --disrupt it deletes one pod, the leading JobManager's, but only of a
job that runs and can recover. Progress goes to standard error, the report to
standard output.

Exit status: 0 every promise that was looked at holds, 1 one is broken, 2 the
call is wrong, 3 something could not be looked at.

`

// parse reads the flags. The error flag.ErrHelp asked for help, which help was given.
func parse(args []string, help io.Writer) (*options, error) {
	var o options
	f := flag.NewFlagSet("acceptance", flag.ContinueOnError)
	// The caller says what is wrong; only --help prints the flags.
	f.SetOutput(io.Discard)
	f.StringVar(&o.outputs, "outputs", "", "the stack's outputs as `file`, or - for standard input; the flags below win over it")
	f.StringVar(&o.flags.Name, "name", "", "the job's `name`; needed where the outputs hold several")
	f.StringVar(&o.flags.Namespace, "namespace", "", "its `namespace`")
	f.StringVar(&o.flags.Bucket, "bucket", "", "its state `bucket`")
	f.StringVar(&o.flags.CheckpointsURI, "checkpoints-uri", "", "`root` of its checkpoints (default s3://BUCKET/checkpoints)")
	f.StringVar(&o.flags.SavepointsURI, "savepoints-uri", "", "`root` of its savepoints (default s3://BUCKET/savepoints)")
	f.StringVar(&o.flags.HAURI, "ha-uri", "", "`root` of its HA data (default s3://BUCKET/ha)")
	f.StringVar(&o.flags.Region, "region", "", "the bucket's `region` (default: the AWS configuration's)")
	f.StringVar(&o.flags.Account, "account", "", "the AWS `account` of the role; empty: not judged")
	f.StringVar(&o.flags.KeyARN, "key-arn", "", "the KMS key's `ARN`; empty: not judged")
	f.StringVar(&o.flags.RoleARN, "role-arn", "", "the IRSA role's `ARN` (default: the ServiceAccount's annotation)")
	f.StringVar(&o.flags.ServiceAccount, "service-account", "", "the `name` the job should run as (default: the FlinkDeployment's)")
	f.StringVar(&o.flags.Image, "image", "", "the `image` its pods should run (default: the FlinkDeployment's)")
	f.IntVar(&o.flags.Parallelism, "parallelism", 0, "the `number` it should run with (default: the FlinkDeployment's)")
	f.StringVar(&o.flags.RESTService, "rest-service", "", "the `name` of Flink's REST Service (default NAME-rest)")
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` (default: as kubectl)")
	f.StringVar(&o.kubecontext, "context", "", "`name` of the kubeconfig's context (default: the current one)")
	f.StringVar(&o.s3Endpoint, "s3-endpoint", "", "`URL` of an S3 that is not AWS', or a VPC endpoint")
	f.BoolVar(&o.s3PathStyle, "s3-path-style", false, "put the bucket into the path, not the host name")
	f.StringVar(&o.stsEndpoint, "sts-endpoint", "", "`URL` of an STS that is not AWS', or a VPC endpoint")
	f.DurationVar(&o.settings.Window, "window", 2*time.Minute, "how long the job is watched; at least two checkpoint intervals")
	f.DurationVar(&o.settings.Poll, "poll", time.Second, "time between two looks, and so how exact the time without a job is")
	f.BoolVar(&o.settings.Exec, "exec", false, "ask STS who a TaskManager is, with the token read in it by cat (needs pods/exec); implied by --disrupt")
	f.BoolVar(&o.settings.Upgraded, "upgraded", false, "a deploy has just happened: it is a broken promise when it was handed no savepoint")
	f.BoolVar(&o.settings.Disrupt, "disrupt", false, "delete the leading JobManager's pod and watch the standby take over")
	f.DurationVar(&o.settings.MaxOutage, "max-outage", 2*time.Minute, "with --disrupt: the longest time without a running job that keeps the promise")
	f.DurationVar(&o.settings.Patience, "patience", 10*time.Minute, "with --disrupt: how long to wait for the job to come back at all")
	f.StringVar(&o.reportJSON, "report-json", "", "write the report as JSON to `file`")
	f.StringVar(&o.reportJUnit, "report-junit", "", "write the report as JUnit XML to `file`")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(help)
			fmt.Fprint(help, about, "Flags:\n")
			f.PrintDefaults()
		}
		return nil, err
	}
	switch {
	case f.NArg() > 0:
		return nil, fmt.Errorf("%q is no flag; see --help", f.Arg(0))
	case o.settings.Poll <= 0 || o.settings.Window <= 0:
		return nil, errors.New("--poll and --window must be more than 0")
	}
	o.settings.Exec = o.settings.Exec || o.settings.Disrupt
	return &o, nil
}
