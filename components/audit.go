package components

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components/settings"
	"flink-payments/infra/audit"
	"flink-payments/infra/policy"
	"flink-payments/k8s/flink"
)

// statement is the auditor's answer for a job: where its state lives, who can
// reach it, what removes it. It is known once the job's key is.
func (c *Job) statement(s settings.Settings, providers *Providers) pulumi.Output {
	documents := []struct {
		name, on string
		text     pulumi.StringInput
	}{
		{"bucket policy", c.Job.State.Bucket, c.Store.BucketPolicy},
		{"log bucket policy", policy.LogBucket(c.Job.State.Bucket), c.Store.LogBucketPolicy},
		{"key policy", "alias/" + c.Job.State.Bucket, c.Store.KeyPolicy},
		{"role permissions", c.Job.Identity.RoleName, c.Identity.PolicyDocument},
		{"role trust", c.Job.Identity.RoleName, c.Identity.TrustDocument},
	}
	known := []any{c.Store.KeyARN, c.Store.BucketARN, c.Identity.RoleARN, c.Identity.Subjects, c.Store.Trail}
	first := len(known)
	for _, d := range documents {
		known = append(known, d.text)
	}
	return pulumi.All(known...).ApplyT(func(known []any) (audit.Statement, error) {
		text := func(i int) string { return known[i].(string) }
		job := c.Job
		statement := audit.Statement{
			Job: job.Name, Namespace: job.Namespace, Environment: s.Environment, Cluster: s.Cluster.Name,
			State: audit.State{
				Bucket: job.State.Bucket, BucketARN: text(1), Region: providers.Region, Account: providers.AccountID, KeyARN: text(0),
				Roots: []audit.Root{
					{URI: job.State.URI(flink.CheckpointsRoot), Holds: "checkpoints, for recovery from failures"},
					{URI: job.State.URI(flink.SavepointsRoot), Holds: "savepoints, for upgrades and points in time"},
					{URI: job.State.URI(flink.HARoot), Holds: "the job graph and the pointers to the newest checkpoint"},
				},
				RecoveryWindowDays: job.State.RecoveryWindowDays,
			},
			Access: audit.Access{
				RoleARN: text(2), Subjects: known[3].([]string), Issuers: []string{providers.OIDCIssuer},
				Administrators: s.AWS.Administrators, Erasers: s.AWS.Erasers,
			},
			Logs: audit.Logs{AccessLogs: "s3://" + policy.LogBucket(job.State.Bucket) + "/"},
		}
		if trail := text(4); trail != "" {
			statement.Logs.TrailARN = providers.Partition.ARN("cloudtrail", providers.Region, providers.AccountID, "trail/"+trail)
		}
		statement.Removal = append(removals(job.State.Bucket, c.Store.Lifecycle), removals(policy.LogBucket(job.State.Bucket), c.Store.LogLifecycle)...)
		for i, d := range documents {
			document, err := audit.NewDocument(d.name, d.on, text(first+i))
			if err != nil {
				return statement, fmt.Errorf("audit of %s: %w", job.Name, err)
			}
			statement.Documents = append(statement.Documents, document)
		}
		return statement, statement.Check()
	})
}

func removals(bucket string, lifecycle []policy.LifecycleRule) []audit.Removal {
	var words []audit.Removal
	for _, rule := range lifecycle {
		words = append(words, audit.Removal{Rule: rule.ID, Words: rule.String(), Bucket: bucket})
	}
	return words
}

// audits are the statements as the outputs hold them: for machines, by job, and
// for people, as the stack's readme.
func audits(s settings.Settings, providers *Providers, jobs []*Job) (byJob pulumi.Map, readme pulumi.Output) {
	byJob = pulumi.Map{}
	var all []any
	for _, job := range jobs {
		statement := job.statement(s, providers)
		all = append(all, statement)
		byJob[job.Job.Name] = statement.ApplyT(func(known any) (map[string]any, error) {
			text, err := known.(audit.Statement).JSON()
			if err != nil {
				return nil, err
			}
			var object map[string]any
			return object, json.Unmarshal([]byte(text), &object)
		}).(pulumi.Input)
	}
	readme = pulumi.All(all...).ApplyT(func(known []any) (string, error) {
		text := []string{"# Where the state lives, and who can reach it\n"}
		for _, statement := range known {
			section, err := statement.(audit.Statement).Markdown()
			if err != nil {
				return "", err
			}
			text = append(text, section)
		}
		return strings.Join(text, "\n"), nil
	})
	return byJob, readme
}
