package k8s

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"flink-payments/k8s/flink"
)

// WorkloadArgs describe what a job needs in its namespace before it is deployed.
type WorkloadArgs struct {
	// Job is the FlinkDeployment's name; its pods carry it as label app.
	Job            string
	Namespace      string
	ServiceAccount string
	// AlsoTrust are ServiceAccounts whose pods still run while ServiceAccount changes: they keep the job's rights.
	AlsoTrust []string
	// RoleARN is the IAM role of the ServiceAccount.
	RoleARN pulumi.StringInput
	// JobManagerReplicas as in the job's specification.
	JobManagerReplicas int
	// OperatorNamespace may reach Flink's REST API.
	OperatorNamespace string
	// AgentNamespace may scrape the metrics; empty: nobody does.
	AgentNamespace string
	// RESTClients are further pods of the job's namespace, by their labels, that
	// may reach the REST API.
	RESTClients []map[string]string
	Labels      map[string]string
	// After are waited for: the namespace.
	After []pulumi.Resource
}

// Workload is a job's identity and its bounds inside the cluster.
type Workload struct {
	pulumi.ResourceState

	ServiceAccount   *Object
	Role             *Object
	RoleBinding      *Object
	NetworkPolicy    *Object
	DisruptionBudget *Object // nil with one JobManager
}

// Ready are the objects that the job's pods cannot start or recover without,
// and the policy that bounds them from their first second.
func (w *Workload) Ready() []pulumi.Resource {
	return []pulumi.Resource{w.ServiceAccount, w.Role, w.RoleBinding, w.NetworkPolicy}
}

// NewWorkload makes a job's ServiceAccount, Role, NetworkPolicy and disruption budget.
func NewWorkload(ctx *pulumi.Context, name string, args WorkloadArgs, opts ...pulumi.ResourceOption) (*Workload, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("workload %s: %w", name, err)
	}
	component := &Workload{}
	err := ctx.RegisterComponentResourceV2("flink-payments:k8s:Workload", name, pulumi.Map{
		"job":            pulumi.String(args.Job),
		"namespace":      pulumi.String(args.Namespace),
		"serviceAccount": pulumi.String(args.ServiceAccount),
		"roleArn":        args.RoleARN,
	}, component, opts...)
	if err != nil {
		return nil, fmt.Errorf("workload %s: %w", name, err)
	}

	type part struct {
		into   **Object
		suffix string
		object any
		over   map[string]any
	}
	objects := []part{
		{&component.ServiceAccount, "service-account", args.serviceAccount(), map[string]any{"metadata": map[string]any{
			"annotations": map[string]any{"eks.amazonaws.com/role-arn": args.RoleARN},
		}}},
		{&component.Role, "role", jobRole(args.Namespace, args.Job, args.Labels), nil},
		{&component.RoleBinding, "role-binding", roleBinding(args.Namespace, args.Job, args.Labels, append([]string{args.ServiceAccount}, args.AlsoTrust...)...), nil},
		{&component.NetworkPolicy, "network-policy", args.networkPolicy(), nil},
	}
	if args.JobManagerReplicas > 1 {
		objects = append(objects, part{&component.DisruptionBudget, "disruption-budget", args.disruptionBudget(), nil})
	}
	for _, o := range objects {
		*o.into, err = NewObject(ctx, name+"-"+o.suffix, o.object, o.over, pulumi.Parent(component), pulumi.DependsOn(args.After))
		if err != nil {
			return nil, fmt.Errorf("workload %s: %w", name, err)
		}
	}
	return component, ctx.RegisterResourceOutputs(component, pulumi.Map{"serviceAccount": pulumi.String(args.ServiceAccount)})
}

func (a WorkloadArgs) check() error {
	switch {
	case a.Job == "", a.Namespace == "", a.ServiceAccount == "":
		return errors.New("the job's name, namespace and ServiceAccount are all needed")
	case a.RoleARN == nil:
		return errors.New("RoleARN is not given: the job could not reach its state")
	case a.OperatorNamespace == "":
		return errors.New("OperatorNamespace is not given: the operator could not reach the job")
	}
	return nil
}

// serviceAccount is the job's; its role's ARN is another resource's to give.
func (a WorkloadArgs) serviceAccount() corev1.ServiceAccount {
	account := corev1.ServiceAccount{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta: objectMeta(a.Namespace, a.ServiceAccount, a.Labels),
	}
	// Without it old SDKs ask the global STS endpoint, in another region.
	account.Annotations["eks.amazonaws.com/sts-regional-endpoints"] = "true"
	return account
}

// jobRole is what native mode and Kubernetes HA use: TaskManager pods, the
// JobManager's Deployment as their owner, and ConfigMaps for leadership and the
// pointers to checkpoints. No services, Secrets or leases.
func jobRole(namespace, name string, labels map[string]string) rbacv1.Role {
	verbs := []string{"get", "list", "watch", "create", "update", "patch", "delete"}
	return role(namespace, name, labels,
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods", "configmaps"}, Verbs: verbs},
		rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments", "deployments/finalizers"}, Verbs: verbs},
	)
}

func role(namespace, name string, labels map[string]string, rules ...rbacv1.PolicyRule) rbacv1.Role {
	return rbacv1.Role{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"},
		ObjectMeta: objectMeta(namespace, name, labels),
		Rules:      rules,
	}
}

// roleBinding gives a Role to ServiceAccounts of the same namespace, under the Role's name.
func roleBinding(namespace, role string, labels map[string]string, serviceAccounts ...string) rbacv1.RoleBinding {
	var subjects []rbacv1.Subject
	for _, name := range serviceAccounts {
		subjects = append(subjects, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: namespace})
	}
	return rbacv1.RoleBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "RoleBinding"},
		ObjectMeta: objectMeta(namespace, role, labels),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role},
		Subjects:   subjects,
	}
}

// networkPolicy lets in the job's own pods, the operator, the metrics agent and
// the named clients, each on its ports. Egress is left open: S3, STS, Kafka and
// Vault have no addresses that a policy could name.
func (a WorkloadArgs) networkPolicy() networkingv1.NetworkPolicy {
	own := metav1.LabelSelector{MatchLabels: map[string]string{"app": a.Job}}
	rest := []networkingv1.NetworkPolicyPeer{{PodSelector: &own}, namespacePeer(a.OperatorNamespace)}
	for _, client := range a.RESTClients {
		rest = append(rest, networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchLabels: client}})
	}
	ingress := []networkingv1.NetworkPolicyIngressRule{
		{From: rest, Ports: tcp(flink.RestPort)},
		{From: rest[:1], Ports: tcp(flink.TaskManagerData, flink.TaskManagerRPCPort,
			flink.JobManagerRPCPort, flink.BlobServerPort, flink.MetricsQueryPort)},
	}
	if a.AgentNamespace != "" {
		ingress = append(ingress, networkingv1.NetworkPolicyIngressRule{
			From: []networkingv1.NetworkPolicyPeer{namespacePeer(a.AgentNamespace)}, Ports: tcp(flink.PrometheusPort),
		})
	}
	return networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: networkingv1.SchemeGroupVersion.String(), Kind: "NetworkPolicy"},
		ObjectMeta: objectMeta(a.Namespace, a.Job, a.Labels),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: own,
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress:     ingress,
		},
	}
}

// namespacePeer is every pod of a namespace, by the label that Kubernetes itself sets.
func namespacePeer(namespace string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{
		MatchLabels: map[string]string{corev1.LabelMetadataName: namespace},
	}}
}

func tcp(ports ...int32) []networkingv1.NetworkPolicyPort {
	var list []networkingv1.NetworkPolicyPort
	for _, port := range ports {
		list = append(list, networkingv1.NetworkPolicyPort{Port: ptr.To(intstr.FromInt32(port)), Protocol: ptr.To(corev1.ProtocolTCP)})
	}
	return list
}

// disruptionBudget keeps one JobManager while nodes are drained. A single one
// gets none: it would block every drain.
func (a WorkloadArgs) disruptionBudget() policyv1.PodDisruptionBudget {
	return policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: policyv1.SchemeGroupVersion.String(), Kind: "PodDisruptionBudget"},
		ObjectMeta: objectMeta(a.Namespace, a.Job+"-jobmanager", a.Labels),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: ptr.To(intstr.FromInt32(1)),
			Selector:     &metav1.LabelSelector{MatchLabels: map[string]string{"app": a.Job, "component": "jobmanager"}},
		},
	}
}
