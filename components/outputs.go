package components

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components/settings"
	"flink-payments/k8s/flink"
)

// PlatformOutput is the stack output `platform`: what all jobs share. The names
// of outputs are a contract that dashboards read; docs/outputs.schema.json
// describes it and a test holds the program to it.
type PlatformOutput struct {
	Cluster            string   `json:"cluster"`
	Region             string   `json:"region"`
	Account            string   `json:"account"`
	Environment        string   `json:"environment"`
	OIDCIssuer         string   `json:"oidcIssuer"`
	OperatorVersion    string   `json:"operatorVersion"`
	OperatorNamespace  string   `json:"operatorNamespace"`
	WatchedNamespaces  []string `json:"watchedNamespaces"`
	CertManagerVersion string   `json:"certManagerVersion"`
}

// JobOutput is one entry of the stack output `jobs`, by the job's name.
type JobOutput struct {
	// Name of the FlinkDeployment, in Namespace.
	Name           string `json:"name"`
	Namespace      string `json:"namespace"`
	ServiceAccount string `json:"serviceAccount"`
	// Where the state is.
	Bucket  pulumi.StringOutput `json:"bucket"`
	Region  string              `json:"region"`
	Account string              `json:"account"`
	// The three roots, s3://BUCKET/ROOT.
	CheckpointsURI string              `json:"checkpointsUri"`
	SavepointsURI  string              `json:"savepointsUri"`
	HAURI          string              `json:"haUri"`
	KeyARN         pulumi.StringOutput `json:"keyArn"`
	LogBucket      pulumi.StringOutput `json:"logBucket"`
	// RecoveryWindowDays is how long S3 keeps what Flink deleted.
	RecoveryWindowDays int `json:"recoveryWindowDays"`
	// Who can reach it.
	RoleARN      pulumi.StringOutput `json:"roleArn"`
	TrustSubject pulumi.StringOutput `json:"trustSubject"`
	VaultRole    pulumi.StringOutput `json:"vaultRole"`
	// What runs.
	Image        string `json:"image"`
	Version      string `json:"version"`
	FlinkVersion string `json:"flinkVersion"`
	UpgradeMode  string `json:"upgradeMode"`
	State        string `json:"state"`
	Parallelism  int    `json:"parallelism"`
	// RESTService and RESTPort are Flink's REST API inside the cluster.
	RESTService string `json:"restService"`
	RESTPort    int    `json:"restPort"`
	// ConsoleURL is Flink's UI behind its login; empty: there is none.
	ConsoleURL string `json:"consoleUrl"`
	// What watches it; all empty where Datadog is not enabled.
	DashboardURL pulumi.StringOutput    `json:"dashboardUrl"`
	SLOID        pulumi.StringOutput    `json:"sloId"`
	MonitorIDs   pulumi.StringMapOutput `json:"monitorIds"`
	// Savepoint is the last one that was asked for; request 0 and an empty location: none was.
	Savepoint SavepointOutput `json:"savepoint"`
	// Restore is where the job was last sent back to; request 0 and an empty path: nowhere.
	Restore RestoreOutput `json:"restore"`
}

// SavepointOutput is a savepoint on demand.
type SavepointOutput struct {
	Request int64 `json:"request"`
	// Location is its s3:// path.
	Location pulumi.StringOutput `json:"location"`
}

// RestoreOutput is where a restore request went.
type RestoreOutput struct {
	Request int64 `json:"request"`
	// From is the s3:// path, also where the setting says latest.
	From string `json:"from"`
}

// Flink's REST port; the operator's Service is NAME-rest.
const restPort = 8081

func platformOutput(s settings.Settings, providers *Providers) PlatformOutput {
	out := PlatformOutput{
		Cluster: s.Cluster.Name, Region: providers.Region, Account: providers.AccountID, Environment: s.Environment,
		OIDCIssuer:      providers.OIDCIssuer,
		OperatorVersion: s.Platform.Operator.Version, OperatorNamespace: s.Platform.Operator.Namespace,
		WatchedNamespaces: s.WatchedNamespaces(),
	}
	if !s.Platform.CertManager.Existing {
		out.CertManagerVersion = s.Platform.CertManager.Version
	}
	return out
}

func (c *Job) output(providers *Providers) JobOutput {
	job := c.Job
	out := JobOutput{
		Name: job.Name, Namespace: job.Namespace, ServiceAccount: job.ServiceAccount,
		Bucket: c.Store.Bucket, Region: providers.Region, Account: providers.AccountID,
		CheckpointsURI: job.State.URI(flink.CheckpointsRoot),
		SavepointsURI:  job.State.URI(flink.SavepointsRoot),
		HAURI:          job.State.URI(flink.HARoot),
		KeyARN:         c.Store.KeyARN, LogBucket: c.Store.LogBucket,
		RecoveryWindowDays: job.State.RecoveryWindowDays,
		RoleARN:            c.Identity.RoleARN, TrustSubject: c.Identity.TrustSubject, VaultRole: c.Credential.Role,
		Image: job.Image, Version: job.Version(), FlinkVersion: job.FlinkVersion, UpgradeMode: job.UpgradeMode,
		State: "running", Parallelism: job.Parallelism,
		RESTService: fmt.Sprintf("%s-rest", job.Name), RESTPort: restPort, ConsoleURL: job.Console.URL(),
		DashboardURL: pulumi.String("").ToStringOutput(), SLOID: pulumi.String("").ToStringOutput(),
		MonitorIDs: pulumi.StringMap{}.ToStringMapOutput(),
		Savepoint:  SavepointOutput{Request: job.Savepoint.Request, Location: pulumi.String("").ToStringOutput()},
		Restore:    RestoreOutput{Request: job.Restore.Request, From: c.Restore.From},
	}
	if job.Suspended {
		out.State = "suspended"
	}
	if c.Monitors != nil {
		out.DashboardURL, out.SLOID, out.MonitorIDs = c.Monitors.DashboardURL, c.Monitors.ObjectiveID, c.Monitors.MonitorIDs
	}
	if c.Savepoint != nil {
		out.Savepoint.Location = c.Savepoint.Location
	}
	return out
}

func export(ctx *pulumi.Context, s settings.Settings, providers *Providers, jobs []*Job) {
	byName := pulumi.Map{}
	for _, job := range jobs {
		byName[job.Job.Name] = inputs(job.output(providers))
	}
	ctx.Export("jobs", byName)
	statements, readme := audits(s, providers, jobs)
	ctx.Export("audit", statements)
	// Pulumi shows an output of this name as the stack's page.
	ctx.Export("readme", readme)
	ctx.Export("platform", inputs(platformOutput(s, providers)))
}
