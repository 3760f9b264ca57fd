// Package settings is what a person writes: types, strict decoding, defaults,
// and the rules on a stack; all violations at once. It registers nothing, and
// what judges one job alone stands in k8s/flink/rules.
package settings

import (
	"flink-payments/infra/observe"
	"flink-payments/k8s/flink"
	"flink-payments/k8s/oauth2proxy"
)

// Project is the configuration namespace: a setting `jobs` is written flink-payments:jobs.
const Project = "flink-payments"

// Settings are everything a person writes in Pulumi.<stack>.yaml. The json
// names are the configuration keys; Pulumi.yaml declares the top level.
type Settings struct {
	// Region is aws:region, the one key of another namespace.
	Region string `json:"-"`
	// DisabledDefaultProviders is pulumi:disable-default-providers.
	DisabledDefaultProviders []string `json:"-"`

	// Environment is a tag and a label of everything; "prod" makes the production rules apply. Default: the stack's name.
	Environment string `json:"environment"`
	// Team owns the jobs; a tag and a label.
	Team string `json:"team"`
	// Tags are added to every AWS resource.
	Tags map[string]string `json:"tags"`

	AWS      AWS      `json:"aws"`
	Cluster  Cluster  `json:"cluster"`
	Platform Platform `json:"platform"`
	Vault    Vault    `json:"vault"`
	Datadog  Datadog  `json:"datadog"`
	// Jobs of the stack, one entry each; at least one.
	Jobs []Job `json:"jobs"`
}

// AWS say which account is used, and who may administer the state.
type AWS struct {
	// AccountID of twelve digits. Set: any other account is refused by the provider.
	AccountID string `json:"accountId"`
	// Administrators are the IAM role or user ARNs (* and ? allowed) that the bucket policies
	// let change the protection of state. The deployer must be among them.
	Administrators []string `json:"administrators"`
	// Erasers are the ARNs of those who may delete object versions for ever. Default: nobody,
	// until an administrator changes the policy, which is seen.
	Erasers []string `json:"erasers"`
	// PermissionsBoundary is the ARN of a policy that bounds each job's role; empty: none.
	PermissionsBoundary string `json:"permissionsBoundary"`
	// RolePath of each job's role and policy. Default /.
	RolePath string `json:"rolePath"`
	// LogRetentionDays of the access logs. Default 365.
	LogRetentionDays int `json:"logRetentionDays"`
	// DataEvents records every read and write of state objects in CloudTrail. It is billed per event. Default false.
	DataEvents bool `json:"dataEvents"`
}

// Cluster are the EKS cluster, and how it is reached.
type Cluster struct {
	// Name of the EKS cluster.
	Name string `json:"name"`
	// Context of a kubeconfig to use instead of the cluster's looked-up endpoint and `aws eks get-token`.
	Context string `json:"context"`
	// Kubeconfig is the path of the file that holds the context. Default: KUBECONFIG, then ~/.kube/config.
	Kubeconfig string `json:"kubeconfig"`
	// RoleARN is assumed by `aws eks get-token` for the cluster's token; empty: the caller's own identity.
	RoleARN string `json:"roleArn"`
	// OIDCIssuer of the cluster, https://...; empty: looked up by the cluster's name.
	OIDCIssuer string `json:"oidcIssuer"`
	// CreateOIDCProvider makes the account's IAM OIDC provider of the issuer, where nobody else does. One stack
	// of an account may make it for a cluster. Default false: it must be there.
	CreateOIDCProvider bool `json:"createOidcProvider"`
}

// Platform are what the cluster gets once, for all jobs.
type Platform struct {
	// ExistingNamespaces are in the cluster already: used, not created.
	ExistingNamespaces []string    `json:"existingNamespaces"`
	CertManager        CertManager `json:"certManager"`
	Operator           Operator    `json:"operator"`
	Console            Console     `json:"console"`
}

// A Release says where a Helm release comes from. Each part of the platform has its own defaults.
type Release struct {
	// Version of the chart, exactly.
	Version string `json:"version"`
	// Chart is the chart's name in the repository, an oci:// reference, or a local directory.
	Chart string `json:"chart"`
	// Repository of the chart; not used with a directory or oci://.
	Repository string `json:"repository"`
	// ImageRegistry replaces the registry of the chart's images; empty: the chart's own.
	ImageRegistry string `json:"imageRegistry"`
	// Values are merged over the program's, as in `helm --values`.
	Values map[string]any `json:"values"`
	// Timeout of the release.
	Timeout flink.Duration `json:"timeout"`
}

// CertManager are the Helm release of cert-manager. Its images come from quay.io.
type CertManager struct {
	// Existing: the cluster has it, nothing is installed. Default false.
	Existing bool `json:"existing"`
	// Namespace of the release. Default cert-manager.
	Namespace string `json:"namespace"`
	Release
}

// Operator are the Helm release of the Flink Kubernetes Operator, and its CRDs. The version
// is needed for an existing operator too, since rules depend on it; the repository's default is
// the archive's directory of the version, and the image comes from ghcr.io.
type Operator struct {
	// Existing: the cluster has it and its CRDs, nothing is installed. Default false.
	Existing bool `json:"existing"`
	// Namespace of the release. Default flink-operator.
	Namespace string `json:"namespace"`
	Release
	// Replicas of the operator; one leads. Default 2.
	Replicas int `json:"replicas"`
	// WatchedNamespaces of an existing operator; empty: all. Of one that is installed here: those besides the jobs',
	// such as one that a job leaves, until its FlinkDeployment is gone.
	WatchedNamespaces []string `json:"watchedNamespaces"`
	CRDs              CRDs     `json:"crds"`
	Webhook           Webhook  `json:"webhook"`
}

// CRDs are about the operator's CustomResourceDefinitions.
type CRDs struct {
	// Existing: somebody else keeps them up to date. Default false.
	Existing bool `json:"existing"`
	// Path of a directory of CRD files; empty: they are read from the chart itself.
	Path string `json:"path"`
}

// Webhook are about the operator's admission webhook.
type Webhook struct {
	// KeystorePasswordSecret names a Secret in the operator's namespace with the key `password`;
	// empty: the chart's published default, which guards a keystore that only readers of Secrets reach.
	KeystorePasswordSecret string `json:"keystorePasswordSecret"`
}

// Vault are the server and where its Kubernetes auth and KV version 2 engine are mounted.
type Vault struct {
	// Address: https://HOST:PORT. The token comes from VAULT_TOKEN or Vault's token helper, never from a setting.
	Address string `json:"address"`
	// Namespace of Vault Enterprise; empty: none.
	Namespace string `json:"namespace"`
	// AuthPath of the Kubernetes auth method. Default kubernetes.
	AuthPath string `json:"authPath"`
	// Mount of the KV version 2 engine. Default secret.
	Mount string `json:"mount"`
}

// Datadog are where monitors, SLO and dashboards go.
type Datadog struct {
	// Enabled makes monitors, SLO and dashboard. Default false. DD_API_KEY and DD_APP_KEY give access.
	Enabled bool `json:"enabled"`
	// Site: datadoghq.com (default), datadoghq.eu, us3.datadoghq.com ...
	Site string `json:"site"`
	// Validate lets Datadog judge each monitor at preview, which needs keys there too. Default false.
	Validate bool `json:"validate"`
	// AgentNamespace is where the Datadog Agent runs: it may reach the metrics port. Default datadog.
	AgentNamespace string `json:"agentNamespace"`
}

// Job are an entry of `jobs`: Flink's part, and what stands around it.
type Job struct {
	flink.Job
	// Identity names the job's IAM policy and role.
	Identity Identity `json:"identity"`
	// Alerts says whom to tell.
	Alerts observe.Alerts `json:"alerts"`
	// Console is the job's UI behind a login. Default: none.
	Console oauth2proxy.Console `json:"console"`
}

// Identity are the job's IAM policy and role, by name.
type Identity struct {
	// PolicyName of the IAM policy. Default: the bucket's name.
	PolicyName string `json:"policyName"`
	// RoleName of the IAM role, at most 64 characters. Default: CLUSTER-NAMESPACE-NAME.
	RoleName string `json:"roleName"`
	// AlsoTrust are the ServiceAccounts, by name, that the job leaves: while serviceAccount changes the role, the
	// Vault role and the Kubernetes Role keep trusting them, for the pods that still run. Default: none.
	AlsoTrust []string `json:"alsoTrust"`
}
