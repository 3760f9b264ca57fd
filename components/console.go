package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components/settings"
	"flink-payments/infra"
	"flink-payments/infra/policy"
	"flink-payments/k8s"
	"flink-payments/k8s/oauth2proxy"
)

// restClients are the pods beside the job's own that its NetworkPolicy lets to the REST API.
func restClients(j settings.Job) []map[string]string {
	if !j.Console.On() {
		return nil
	}
	return []map[string]string{oauth2proxy.PodLabels(j.Job)}
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
		ServiceAccount: policy.ServiceAccount{Namespace: job.Namespace, Name: oauth2proxy.Name(job.Job)},
	}, parent)
	if err != nil {
		return err
	}
	shared := s.Platform.Console
	c.Console, err = k8s.NewConsole(ctx, name+"-console", k8s.ConsoleArgs{
		Name: oauth2proxy.Name(job.Job), Namespace: job.Namespace, URL: job.Console.URL(),
		Chart: chartOf(shared.Release),
		Values: oauth2proxy.Values(job.Job, job.Console, oauth2proxy.Options{
			Labels: s.Labels(job.Name), VaultAuthPath: s.Vault.AuthPath, VaultMount: s.Vault.Mount,
			ImageRegistry: shared.ImageRegistry, TrustedProxies: shared.TrustedProxies,
			IngressClass: shared.IngressClass, IngressNamespace: shared.IngressNamespace,
		}),
		Overrides: shared.Values,
		After:     append(args.Platform.After(job.Namespace), credential.Ready()...),
	}, parent)
	return err
}
