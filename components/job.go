package components

import (
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components/settings"
	"flink-payments/infra"
	"flink-payments/infra/datadog"
	"flink-payments/infra/policy"
	"flink-payments/k8s"
	"flink-payments/k8s/flink"
)

// JobArgs are what a job is made from.
type JobArgs struct {
	Settings  settings.Settings
	Job       settings.Job
	Providers *Providers
	Platform  *Platform
	// Reader of the cluster.
	Reader k8s.Reader
}

// A Job is one Flink job and all that is its own: state store,
// identity, credential, workload, deployment.
type Job struct {
	pulumi.ResourceState

	Job        settings.Job
	Store      *infra.StateStore
	Identity   *infra.Identity
	Credential *infra.Credential
	Workload   *k8s.Workload
	Deployment *k8s.Deployment
	// Console is nil where none is wanted.
	Console *k8s.Console
	// Monitors are nil where nothing is to be watched.
	Monitors *datadog.Monitors
	// Savepoint is the one that was last asked for; nil: none was.
	Savepoint *k8s.Savepoint
	// Restore is where the job was last sent to.
	Restore restore
}

// NewJob makes a job. AWS and Vault go side by side with the platform; only the
// deployment waits for all of them.
func NewJob(ctx *pulumi.Context, name string, args JobArgs, opts ...pulumi.ResourceOption) (*Job, error) {
	job, stack := args.Job, args.Settings.Stack(args.Job)
	component := &Job{Job: job}
	err := ctx.RegisterComponentResourceV2("flink-payments:index:Job", name, pulumi.Map{
		"namespace": pulumi.String(job.Namespace),
		"bucket":    pulumi.String(job.State.Bucket),
	}, component, opts...)
	if err != nil {
		return nil, err
	}
	parent := pulumi.Parent(component)
	if component.Restore, err = newRestore(ctx, name, args, parent); err != nil {
		return nil, err
	}
	stack.RestorePath = component.Restore.From
	if err := component.outside(ctx, name, args, parent); err != nil {
		return nil, err
	}
	component.Workload, err = k8s.NewWorkload(ctx, name+"-workload", k8s.WorkloadArgs{
		Job: job.Name, Namespace: job.Namespace, ServiceAccount: job.ServiceAccount, AlsoTrust: job.Identity.AlsoTrust,
		RoleARN:            component.Identity.RoleARN,
		JobManagerReplicas: job.JobManager.Replicas,
		OperatorNamespace:  args.Settings.Platform.Operator.Namespace,
		AgentNamespace:     args.Settings.Datadog.AgentNamespace,
		RESTClients:        restClients(job),
		Labels:             stack.Labels,
		After:              args.Platform.After(job.Namespace),
	}, parent)
	if err != nil {
		return nil, err
	}
	if err := component.deploy(ctx, name, args, stack, parent); err != nil {
		return nil, err
	}
	if err := component.console(ctx, name, args, parent); err != nil {
		return nil, err
	}
	if datadogSettings := args.Settings.Datadog; datadogSettings.Enabled && job.Alerts.On() {
		component.Monitors, err = datadog.NewMonitors(ctx, name+"-monitors", datadog.MonitorsArgs{
			Job: args.Settings.Observed(job), Alerts: job.Alerts, Site: datadogSettings.Site, Validate: datadogSettings.Validate,
		}, parent)
		if err != nil {
			return nil, err
		}
	}
	return component, ctx.RegisterResourceOutputs(component, pulumi.Map{"bucket": component.Store.Bucket})
}

// outside makes what lives outside the cluster.
func (c *Job) outside(ctx *pulumi.Context, name string, args JobArgs, parent pulumi.ResourceOption) error {
	s, job, providers := args.Settings, args.Job, args.Providers
	serviceAccount := policy.ServiceAccount{Namespace: job.Namespace, Name: job.ServiceAccount}
	tags := s.ResourceTags(job.Name)
	var err error
	c.Store, err = infra.NewStateStore(ctx, name+"-state", infra.StateStoreArgs{
		Store: policy.Store{
			Partition: providers.Partition, Region: providers.Region, Account: providers.AccountID, Bucket: job.State.Bucket,
			Roots:          policy.Roots{Checkpoints: flink.CheckpointsRoot, Savepoints: flink.SavepointsRoot, HA: flink.HARoot},
			Administrators: s.AWS.Administrators,
			Erasers:        s.AWS.Erasers,
		},
		RecoveryWindowDays: job.State.RecoveryWindowDays,
		RetiredDays:        job.State.RetiredDays,
		LogRetentionDays:   s.AWS.LogRetentionDays,
		DataEvents:         s.AWS.DataEvents,
		Tags:               tags,
	}, parent)
	if err != nil {
		return err
	}
	c.Identity, err = infra.NewIdentity(ctx, name+"-identity", infra.IdentityArgs{
		Partition: providers.Partition, Account: providers.AccountID,
		PolicyName: job.Identity.PolicyName, RoleName: job.Identity.RoleName,
		Path: s.AWS.RolePath, PermissionsBoundary: s.AWS.PermissionsBoundary,
		Issuers: []string{providers.OIDCIssuer}, ServiceAccount: serviceAccount, AlsoTrust: job.Identity.AlsoTrust,
		Access: c.Store.GrantReadWrite(),
		Tags:   tags,
	}, parent)
	if err != nil {
		return err
	}
	c.Credential, err = infra.NewCredential(ctx, name+"-credential", infra.CredentialArgs{
		AuthPath: s.Vault.AuthPath, Mount: s.Vault.Mount, Secrets: job.Secrets(),
		Role: job.Kafka.VaultRole, Policy: job.Kafka.VaultPolicy,
		ServiceAccount: serviceAccount, AlsoTrust: job.Identity.AlsoTrust, TokenTTL: time.Duration(job.Kafka.TokenTTL),
	}, parent)
	return err
}

// deploy makes the FlinkDeployment, which waits for everything that the job
// needs, and the savepoints that were asked for: what runs is saved before it
// goes back, and the one on demand is taken of what runs then.
func (c *Job) deploy(ctx *pulumi.Context, name string, args JobArgs, stack flink.Stack, parent pulumi.ResourceOption) error {
	job := args.Job
	needs := slices.Concat(c.Store.Ready(), c.Identity.Ready(), c.Credential.Ready(), c.Workload.Ready(), args.Platform.Operator.Ready())
	if args.Platform.OIDC != nil {
		needs = append(needs, args.Platform.OIDC)
	}
	if c.Restore.record != nil {
		needs = append(needs, c.Restore.record)
	}
	if c.Restore.SavepointFirst {
		before := flink.SavepointBeforeRestore(job.Job, job.Restore.Request)
		saved, err := c.savepoint(ctx, fmt.Sprintf("%s-before-restore-%d", name, job.Restore.Request), args, stack, before,
			parent, pulumi.DependsOn(needs))
		if err != nil {
			return err
		}
		if saved != nil {
			needs = append(needs, saved)
		}
	}
	var err error
	c.Deployment, err = k8s.NewDeployment(ctx, name+"-deployment", k8s.DeploymentArgs{
		Deployment:   flink.Deployment(job.Job, stack),
		ReadyTimeout: time.Duration(job.ReadyTimeout), Reader: args.Reader,
		MayCreate: func() error { return args.mayBegin(ctx) },
	}, parent, pulumi.DependsOn(needs))
	if err != nil || job.Savepoint.Request == 0 {
		return err
	}
	c.Savepoint, err = c.savepoint(ctx, fmt.Sprintf("%s-savepoint-%d", name, job.Savepoint.Request), args, stack,
		flink.RequestedSavepoint(job.Job, job.Savepoint.Request), parent, pulumi.DependsOn([]pulumi.Resource{c.Deployment, c.Deployment.Proof}))
	return err
}
