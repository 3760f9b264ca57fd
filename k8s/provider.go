package k8s

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A Cluster is one named cluster and the way to it. An ambient kubeconfig
// plays no part: the provider is always told which one to use.
type Cluster struct {
	// identifier decides alone when the provider, and with it every object of
	// the cluster, is replaced. Endpoint and CA may change for the same cluster,
	// and the provider's own heuristic would replace everything then.
	identifier string
	kubeconfig pulumi.StringInput
	context    string
}

// EKSArgs name an EKS cluster. Endpoint and CertificateAuthority come from
// looking it up.
type EKSArgs struct {
	Name   string
	Region string
	// Endpoint is the API server's URL.
	Endpoint pulumi.StringInput
	// CertificateAuthority is base64, as EKS gives it.
	CertificateAuthority pulumi.StringInput
	// RoleARN is assumed for the token; empty: the caller's own identity.
	RoleARN string
}

// EKS is a cluster whose token the AWS CLI gets at each run, so none is stored.
func EKS(args EKSArgs) (Cluster, error) {
	if args.Name == "" || args.Region == "" || args.Endpoint == nil || args.CertificateAuthority == nil {
		return Cluster{}, errors.New("EKS cluster: name, region, endpoint and certificate authority are all needed")
	}
	kubeconfig := pulumi.All(args.Endpoint, args.CertificateAuthority).ApplyT(func(known []any) (string, error) {
		return eksKubeconfig(args, known[0].(string), known[1].(string))
	}).(pulumi.StringOutput)
	return Cluster{identifier: "eks/" + args.Region + "/" + args.Name, kubeconfig: kubeconfig}, nil
}

// Context is a named context of a kubeconfig file. The path may begin with ~/;
// empty is ~/.kube/config, never what KUBECONFIG says.
func Context(kubeconfig, context string) (Cluster, error) {
	if context == "" {
		return Cluster{}, errors.New("kubeconfig: a context must be named, or the file's current one decides where production goes")
	}
	if kubeconfig == "" {
		kubeconfig = "~/.kube/config"
	}
	return Cluster{identifier: "context/" + context, kubeconfig: pulumi.String(kubeconfig), context: context}, nil
}

// eksKubeconfig is what `aws eks update-kubeconfig` writes, for one cluster.
func eksKubeconfig(args EKSArgs, endpoint, ca string) (string, error) {
	command := []string{"eks", "get-token", "--cluster-name", args.Name, "--region", args.Region, "--output", "json"}
	if args.RoleARN != "" {
		command = append(command, "--role-arn", args.RoleARN)
	}
	type object = map[string]any
	document, err := json.Marshal(object{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": args.Name,
		"clusters":        []object{{"name": args.Name, "cluster": object{"server": endpoint, "certificate-authority-data": ca}}},
		"contexts":        []object{{"name": args.Name, "context": object{"cluster": args.Name, "user": args.Name}}},
		"users": []object{{"name": args.Name, "user": object{"exec": object{
			"apiVersion":      "client.authentication.k8s.io/v1beta1",
			"command":         "aws",
			"args":            command,
			"interactiveMode": "Never",
		}}}},
	})
	return string(document), err
}

// NewProvider binds a provider to the cluster. It refuses what already exists:
// an object of someone else is not taken over by accident.
func NewProvider(ctx *pulumi.Context, name string, cluster Cluster, opts ...pulumi.ResourceOption) (*kubernetes.Provider, error) {
	return newProvider(ctx, name, cluster, false, opts)
}

// NewAdoptingProvider binds a second provider to the cluster, which takes over
// what exists. It is for what outlives the stack, CRDs and namespaces: they are
// there again on the next first update, or another owner made them.
func NewExistingProvider(ctx *pulumi.Context, name string, cluster Cluster, opts ...pulumi.ResourceOption) (*kubernetes.Provider, error) {
	return newProvider(ctx, name, cluster, true, opts)
}

func newProvider(ctx *pulumi.Context, name string, cluster Cluster, adopt bool, opts []pulumi.ResourceOption) (*kubernetes.Provider, error) {
	if cluster.kubeconfig == nil {
		return nil, fmt.Errorf("provider %s: no cluster is named", name)
	}
	// The switches are all given: one left out is read from the environment of
	// whoever runs the update.
	args := &kubernetes.ProviderArgs{
		ClusterIdentifier:     pulumi.String(cluster.identifier),
		Kubeconfig:            cluster.kubeconfig.ToStringOutput().ToStringPtrOutput(),
		EnableServerSideApply: pulumi.Bool(true),
		UpsertExistingObjects: pulumi.Bool(adopt),
		EnablePatchForce:      pulumi.Bool(adopt),
		// A cluster that does not answer is no reason to forget a job.
		DeleteUnreachable:      pulumi.Bool(false),
		SkipUpdateUnreachable:  pulumi.Bool(false),
		EnableConfigMapMutable: pulumi.Bool(false),
		EnableSecretMutable:    pulumi.Bool(false),
	}
	if cluster.context != "" {
		args.Context = pulumi.String(cluster.context)
	}
	provider, err := kubernetes.NewProvider(ctx, name, args, opts...)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", name, err)
	}
	return provider, nil
}
