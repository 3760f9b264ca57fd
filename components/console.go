package components

import (
	"cmp"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/infra"
	"flink-payments/infra/policy"
	"flink-payments/k8s"
	"flink-payments/k8s/flink"
)

// ConsoleSettings are what all jobs' consoles share: the chart of oauth2-proxy,
// and the ingress controller before them. A job without `console` has none.
type ConsoleSettings struct {
	// Version of the chart. Default 10.7.0, which brings oauth2-proxy 7.15.3.
	Version string `json:"version"`
	// Chart is the chart's name in Repository, an oci:// reference, or a local directory. Default oauth2-proxy.
	Chart string `json:"chart"`
	// Repository of the chart. Default https://oauth2-proxy.github.io/manifests; not used with a directory or oci://.
	Repository string `json:"repository"`
	// ImageRegistry replaces quay.io; empty: the chart's own.
	ImageRegistry string `json:"imageRegistry"`
	// IngressClass of each console's Ingress; empty: the cluster's default.
	IngressClass string `json:"ingressClass"`
	// IngressNamespace is the ingress controller's: only its pods reach the proxies. Empty:
	// the controller is outside the cluster, and TrustedProxies reach them.
	IngressNamespace string `json:"ingressNamespace"`
	// TrustedProxies are the CIDRs that the controller's requests come from; the proxies
	// believe nobody else's X-Forwarded headers.
	TrustedProxies []string `json:"trustedProxies"`
	// Values are merged over the program's, as in `helm --values`.
	Values map[string]any `json:"values"`
	// Timeout of the release. Default 10m.
	Timeout flink.Duration `json:"timeout"`
}

func (c ConsoleSettings) withDefaults() ConsoleSettings {
	c.Version = cmp.Or(c.Version, "10.7.0")
	c.Chart = cmp.Or(c.Chart, "oauth2-proxy")
	if inRepository(c.Chart) {
		c.Repository = cmp.Or(c.Repository, "https://oauth2-proxy.github.io/manifests")
	}
	c.Timeout = cmp.Or(c.Timeout, 10*flink.Minute)
	return c
}

// consoleDefaults names a console's Vault role and policy after its job.
func consoleDefaults(j JobSettings) flink.Console {
	console := j.Console.WithDefaults()
	if console.On() {
		console.VaultRole = cmp.Or(console.VaultRole, j.Namespace+"-"+j.ConsoleName())
		console.VaultPolicy = cmp.Or(console.VaultPolicy, j.Namespace+"-"+j.ConsoleName()+"-read")
	}
	return console
}

// restClients are the pods beside the job's own that its NetworkPolicy lets to the REST API.
func restClients(j JobSettings) []map[string]string {
	if !j.Console.On() {
		return nil
	}
	return []map[string]string{j.ConsoleLabels()}
}

// console makes the job's console, with a Vault role for its own ServiceAccount:
// neither reads the other's secret.
func (c *Job) console(ctx *pulumi.Context, name string, args JobArgs, parent pulumi.ResourceOption) error {
	s, job := args.Settings, args.Job
	if !job.Console.On() {
		return nil
	}
	credential, err := infra.NewCredential(ctx, name+"-console-credential", infra.CredentialArgs{
		AuthPath: s.Vault.AuthPath, Mount: s.Vault.Mount, Secrets: []string{job.Console.Secret},
		Role: job.Console.VaultRole, Policy: job.Console.VaultPolicy,
		ServiceAccount: policy.ServiceAccount{Namespace: job.Namespace, Name: job.ConsoleName()},
	}, parent)
	if err != nil {
		return err
	}
	shared := s.Platform.Console
	c.Console, err = k8s.NewConsole(ctx, name+"-console", k8s.ConsoleArgs{
		Name: job.ConsoleName(), Namespace: job.Namespace, URL: job.Console.URL(),
		Chart: k8s.Chart{
			Chart: shared.Chart, Repository: shared.Repository, Version: shared.Version, Timeout: time.Duration(shared.Timeout),
		},
		Values: job.ConsoleValues(job.Console, flink.ConsoleSite{
			Site: s.site(job), ImageRegistry: shared.ImageRegistry, TrustedProxies: shared.TrustedProxies,
			IngressClass: shared.IngressClass, IngressNamespace: shared.IngressNamespace,
		}),
		Overrides: shared.Values,
		After:     append(args.Platform.After(job.Namespace), credential.Ready()...),
	}, parent)
	return err
}
