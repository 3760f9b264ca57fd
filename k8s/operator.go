package k8s

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"flink-payments/k8s/chart"
	"flink-payments/k8s/helm"
)

// Names that the operator's chart fixes or that this program gives it.
const (
	operatorRelease        = "flink-kubernetes-operator"
	operatorServiceAccount = "flink-operator"
)

// OperatorArgs describe the Flink Kubernetes operator.
type OperatorArgs struct {
	// Namespace of the operator. It must exist.
	Namespace string
	Chart     Chart
	// ImageRegistry replaces ghcr.io; the path below it stays.
	ImageRegistry string
	// WatchNamespaces are the jobs'; they must exist. Empty: every namespace.
	WatchNamespaces []string
	// CRDs of this version (chart.CRDs); empty: the cluster's owner keeps them.
	CRDs []chart.CRD
	// CRDProvider adopts CRDs that are already there (NewAdoptingProvider).
	// Needed when there are CRDs.
	CRDProvider pulumi.ProviderResource
	// KeystorePassword of the webhook is a Secret in the operator's namespace
	// that this program does not make. Empty: the chart's published password.
	KeystorePassword SecretKey
	// Replicas: one leads, the others stand by.
	Replicas int
	Labels   map[string]string
	// Values are merged over the program's.
	Values map[string]any
	// CertManager signs the webhook's certificate. Needed: Existing{} where the cluster has one.
	CertManager Part
	// After are waited for: the operator's namespace and the watched ones.
	After []pulumi.Resource
}

// SecretKey is one key of a Kubernetes Secret.
type SecretKey struct {
	Name string
	Key  string
}

// Operator is an installed operator.
type Operator struct {
	pulumi.ResourceState

	Namespace       string
	Version         string
	WatchNamespaces []string
	Release         *helm.Release
	CRDs            []*Object
}

// Ready are the release and the CRDs. A FlinkDeployment that outlived the
// operator could not be deleted: nobody would take its finalizer off.
func (o *Operator) Ready() []pulumi.Resource {
	parts := []pulumi.Resource{o.Release}
	for _, crd := range o.CRDs {
		parts = append(parts, crd)
	}
	return parts
}

// NewOperator installs the operator's CRDs, one right that its chart forgets,
// and the operator.
func NewOperator(ctx *pulumi.Context, name string, args OperatorArgs, opts ...pulumi.ResourceOption) (*Operator, error) {
	// Sorted, so that the order of the jobs is no change of the release.
	args.WatchNamespaces = slices.Compact(slices.Sorted(slices.Values(args.WatchNamespaces)))
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("operator %s: %w", name, err)
	}
	component := &Operator{Namespace: args.Namespace, Version: args.Chart.Version, WatchNamespaces: args.WatchNamespaces}
	err := ctx.RegisterComponentResourceV2("flink-payments:k8s:Operator", name, pulumi.Map{
		"namespace":       pulumi.String(args.Namespace),
		"version":         pulumi.String(args.Chart.Version),
		"watchNamespaces": pulumi.ToStringArray(args.WatchNamespaces),
	}, component, opts...)
	if err != nil {
		return nil, fmt.Errorf("operator %s: %w", name, err)
	}
	parent := pulumi.Parent(component)

	// Helm installs the chart's crds/ once and never again, so they are objects
	// of their own. They outlive the operator: with them would go every
	// FlinkDeployment of the cluster.
	for _, crd := range args.CRDs {
		object, err := NewObject(ctx, name+"-crd-"+crd.Plural(), crd.Manifest,
			map[string]any{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"},
			parent, pulumi.Provider(args.CRDProvider), pulumi.RetainOnDelete(true))
		if err != nil {
			return nil, fmt.Errorf("operator %s: %w", name, err)
		}
		component.CRDs = append(component.CRDs, object)
	}

	before := slices.Concat(args.After, args.CertManager.Ready())
	for _, crd := range component.CRDs {
		before = append(before, crd)
	}
	grant, err := args.grantSnapshots(ctx, name, parent, pulumi.DependsOn(args.After))
	if err != nil {
		return nil, fmt.Errorf("operator %s: %w", name, err)
	}
	before = append(before, grant...)

	release := args.Chart.release(operatorRelease, args.Namespace, args.values())
	release.SkipCrds = pulumi.Bool(true)
	component.Release, err = helm.NewRelease(ctx, name+"-release", release, parent, pulumi.DependsOn(before))
	if err != nil {
		return nil, fmt.Errorf("operator %s: %w", name, err)
	}

	// The chart brings none, and one drain of a node may not take both replicas.
	if args.Replicas > 1 {
		_, err = NewObject(ctx, name+"-disruption-budget", args.disruptionBudget(), nil, parent, pulumi.DependsOn(args.After))
		if err != nil {
			return nil, fmt.Errorf("operator %s: %w", name, err)
		}
	}
	return component, ctx.RegisterResourceOutputs(component, pulumi.Map{
		"namespace": pulumi.String(component.Namespace),
		"version":   pulumi.String(component.Version),
	})
}

func (a OperatorArgs) check() error {
	if a.CertManager == nil {
		return errors.New("CertManager is not given: Existing{} says that the cluster has one")
	}
	if len(a.CRDs) > 0 && a.CRDProvider == nil {
		return errors.New("CRDs without a CRDProvider: they may exist already, so they need one that adopts")
	}
	if (a.KeystorePassword.Name == "") != (a.KeystorePassword.Key == "") {
		return errors.New("KeystorePassword needs both the Secret's name and the key in it")
	}
	return nil
}

// grantSnapshots lets the operator see FlinkStateSnapshots in its own namespace.
// It lists them there to learn whether the CRD exists, and falls back, without a
// word, to a mode that deletes savepoints from S3 when it may not. Where the
// operator's namespace is not a watched one the chart grants leases there but no
// such list before 1.14 (FLINK-38552). The names differ from the chart's own Role.
func (a OperatorArgs) grantSnapshots(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) ([]pulumi.Resource, error) {
	if len(a.WatchNamespaces) == 0 || slices.Contains(a.WatchNamespaces, a.Namespace) {
		return nil, nil
	}
	const roleName = operatorServiceAccount + "-snapshots"
	granted, err := NewObject(ctx, name+"-snapshots-role", role(a.Namespace, roleName, a.Labels, rbacv1.PolicyRule{
		APIGroups: []string{"flink.apache.org"}, Resources: []string{"flinkstatesnapshots"}, Verbs: []string{"get", "list", "watch"},
	}), nil, opts...)
	if err != nil {
		return nil, err
	}
	binding, err := NewObject(ctx, name+"-snapshots-binding", roleBinding(a.Namespace, roleName, a.Labels, operatorServiceAccount), nil,
		append(opts, pulumi.DependsOn([]pulumi.Resource{granted}))...)
	if err != nil {
		return nil, err
	}
	return []pulumi.Resource{granted, binding}, nil
}

// podLabels select the operator's pods; the chart sets them.
func (OperatorArgs) podLabels() map[string]string {
	return map[string]string{"app.kubernetes.io/name": operatorRelease}
}

// disruptionBudget keeps one replica while a node is drained.
func (a OperatorArgs) disruptionBudget() policyv1.PodDisruptionBudget {
	return policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: policyv1.SchemeGroupVersion.String(), Kind: "PodDisruptionBudget"},
		ObjectMeta: objectMeta(a.Namespace, operatorRelease, a.Labels),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: ptr.To(intstr.FromInt32(1)),
			Selector:       &metav1.LabelSelector{MatchLabels: a.podLabels()},
		},
	}
}

// operatorConfiguration replaces the chart's own string of overrides, so the
// first four repeat it.
var operatorConfiguration = []string{
	"kubernetes.operator.metrics.reporter.slf4j.factory.class: org.apache.flink.metrics.slf4j.Slf4jReporterFactory",
	"kubernetes.operator.metrics.reporter.slf4j.interval: 5 MINUTE",
	"kubernetes.operator.reconcile.interval: 15 s",
	"kubernetes.operator.observer.progress-check.interval: 5 s",
	// Two replicas: one works, the other waits for its lease.
	"kubernetes.operator.leader-election.enabled: true",
	"kubernetes.operator.leader-election.lease-name: flink-operator-lease",
	// The operator would delete savepoints from S3 after 10 of them or 24 hours.
	"kubernetes.operator.savepoint.cleanup.enabled: false",
}

func (a OperatorArgs) values() map[string]any {
	type object = map[string]any
	restricted := func() object {
		return object{"allowPrivilegeEscalation": false, "capabilities": object{"drop": []any{"ALL"}}}
	}
	values := object{
		"replicas": a.Replicas,
		"strategy": object{"type": "RollingUpdate"},
		"rbac": object{
			"jobRole":        object{"create": false},
			"jobRoleBinding": object{"create": false},
		},
		// The chart's would be named flink in every watched namespace, as the job's own is.
		"jobServiceAccount":      object{"create": false},
		"operatorServiceAccount": object{"create": true, "name": operatorServiceAccount},
		"defaultConfiguration": object{
			"create":          true,
			"append":          true,
			"flink-conf.yaml": strings.Join(operatorConfiguration, "\n") + "\n",
		},
		"podSecurityContext": object{
			"runAsUser": 9999, "runAsGroup": 9999, "runAsNonRoot": true,
			"seccompProfile": object{"type": "RuntimeDefault"},
		},
		"operatorSecurityContext": restricted(),
		"webhookSecurityContext":  restricted(),
		"operatorPod": object{
			"affinity": object{"podAntiAffinity": object{"preferredDuringSchedulingIgnoredDuringExecution": []any{object{
				"weight": 100,
				"podAffinityTerm": object{
					"topologyKey":   "kubernetes.io/hostname",
					"labelSelector": object{"matchLabels": a.podLabels()},
				},
			}}}},
		},
	}
	if len(a.WatchNamespaces) > 0 {
		values["watchNamespaces"] = a.WatchNamespaces
	}
	if a.ImageRegistry != "" {
		values["image"] = object{"repository": mirrored(a.ImageRegistry, "apache/flink-kubernetes-operator")}
	}
	if cmp.Or(a.KeystorePassword.Name, a.KeystorePassword.Key) != "" {
		values["webhook"] = object{"keystore": object{
			"useDefaultPassword": false,
			"passwordSecretRef":  object{"name": a.KeystorePassword.Name, "key": a.KeystorePassword.Key},
		}}
	}
	return merge(values, a.Values)
}
