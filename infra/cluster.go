package infra

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A Cluster is an EKS cluster that somebody else made.
type Cluster struct {
	Name string
	// Endpoint of the API server, https://.
	Endpoint string
	// CertificateAuthority in base64, as a kubeconfig has it.
	CertificateAuthority string
	// OIDCIssuer of the ServiceAccounts' tokens, https://.
	OIDCIssuer string
}

// LookupCluster finds a cluster by name in the provider's region.
func LookupCluster(ctx *pulumi.Context, name string, provider *aws.Provider) (Cluster, error) {
	fail := func(err error) (Cluster, error) {
		return Cluster{}, fmt.Errorf("EKS cluster %q (setting cluster.name): %w", name, err)
	}
	if name == "" {
		return fail(errors.New("no name is set"))
	}
	found, err := eks.LookupCluster(ctx, &eks.LookupClusterArgs{Name: name}, pulumi.Provider(provider))
	if err != nil {
		return fail(err)
	}
	cluster := Cluster{Name: name, Endpoint: found.Endpoint}
	if len(found.CertificateAuthorities) > 0 {
		cluster.CertificateAuthority = found.CertificateAuthorities[0].Data
	}
	if len(found.Identities) > 0 && len(found.Identities[0].Oidcs) > 0 {
		cluster.OIDCIssuer = found.Identities[0].Oidcs[0].Issuer
	}
	switch {
	case cluster.Endpoint == "" || cluster.CertificateAuthority == "":
		return fail(fmt.Errorf("it has no API endpoint yet; its status is %q", found.Status))
	case cluster.OIDCIssuer == "":
		return fail(errors.New("it has no OIDC issuer, so no ServiceAccount can take on an IAM role"))
	}
	return cluster, nil
}
