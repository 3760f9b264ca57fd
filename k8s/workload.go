package k8s

import (
	"errors"
	"fmt"

	"flink-payments/k8s/flink"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const rbacVersion = "rbac.authorization.k8s.io/v1"

// WorkloadArgs describe what a job needs in its namespace before it is deployed.
type WorkloadArgs struct {
	// Job is the FlinkDeployment's name; its pods carry it as label app.
	Job            string
	Namespace      string
	ServiceAccount string
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

	account := metadata(args.Namespace, args.ServiceAccount, args.Labels)
	account["annotations"] = map[string]any{
		"eks.amazonaws.com/role-arn": args.RoleARN,
		// Without it old SDKs ask the global STS endpoint, in another region.
		"eks.amazonaws.com/sts-regional-endpoints": "true",
	}
	objects := []struct {
		into       **Object
		suffix     string
		apiVersion string
		kind       string
		manifest   map[string]any
	}{
		{&component.ServiceAccount, "service-account", "v1", "ServiceAccount", map[string]any{"metadata": account}},
		{&component.Role, "role", rbacVersion, "Role", map[string]any{
			"metadata": metadata(args.Namespace, args.Job, args.Labels),
			"rules":    jobRules(),
		}},
		{&component.RoleBinding, "role-binding", rbacVersion, "RoleBinding", roleBinding(args.Namespace, args.Job, args.ServiceAccount, args.Labels)},
		{&component.NetworkPolicy, "network-policy", "networking.k8s.io/v1", "NetworkPolicy", args.networkPolicy()},
		{&component.DisruptionBudget, "disruption-budget", "policy/v1", "PodDisruptionBudget", args.disruptionBudget()},
	}
	for _, o := range objects {
		if o.manifest == nil {
			continue
		}
		*o.into, err = NewObject(ctx, name+"-"+o.suffix, o.apiVersion, o.kind, o.manifest, pulumi.Parent(component), pulumi.DependsOn(args.After))
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

// jobRules are what native mode and Kubernetes HA use: TaskManager pods, the
// JobManager's Deployment as their owner, and ConfigMaps for leadership and the
// pointers to checkpoints. No services, Secrets or leases.
func jobRules() []any {
	verbs := []string{"get", "list", "watch", "create", "update", "patch", "delete"}
	return []any{
		rule("", []string{"pods", "configmaps"}, verbs...),
		rule("apps", []string{"deployments", "deployments/finalizers"}, verbs...),
	}
}

func rule(group string, resources []string, verbs ...string) map[string]any {
	return map[string]any{"apiGroups": []string{group}, "resources": resources, "verbs": verbs}
}

// roleBinding gives a Role to a ServiceAccount of the same namespace, under the Role's name.
func roleBinding(namespace, role, serviceAccount string, labels map[string]string) map[string]any {
	return map[string]any{
		"metadata": metadata(namespace, role, labels),
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
		"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": serviceAccount, "namespace": namespace}},
	}
}

// networkPolicy lets in the job's own pods, the operator, the metrics agent and
// the named clients, each on its ports. Egress is left open: S3, STS, Kafka and
// Vault have no addresses that a policy could name.
func (a WorkloadArgs) networkPolicy() map[string]any {
	own := map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": a.Job}}}
	rest := []any{own, namespacePeer(a.OperatorNamespace)}
	for _, client := range a.RESTClients {
		rest = append(rest, map[string]any{"podSelector": map[string]any{"matchLabels": client}})
	}
	ingress := []any{
		map[string]any{"from": rest, "ports": tcp(flink.RestPort)},
		map[string]any{"from": []any{own}, "ports": tcp(flink.TaskManagerData, flink.TaskManagerRPCPort,
			flink.JobManagerRPCPort, flink.BlobServerPort, flink.MetricsQueryPort)},
	}
	if a.AgentNamespace != "" {
		ingress = append(ingress, map[string]any{"from": []any{namespacePeer(a.AgentNamespace)}, "ports": tcp(flink.PrometheusPort)})
	}
	return map[string]any{
		"metadata": metadata(a.Namespace, a.Job, a.Labels),
		"spec": map[string]any{
			"podSelector": own["podSelector"],
			"policyTypes": []string{"Ingress"},
			"ingress":     ingress,
		},
	}
}

// namespacePeer is every pod of a namespace, by the label that Kubernetes itself sets.
func namespacePeer(namespace string) map[string]any {
	return map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": namespace}}}
}

func tcp(ports ...int) []any {
	var list []any
	for _, port := range ports {
		list = append(list, map[string]any{"port": port, "protocol": "TCP"})
	}
	return list
}

// disruptionBudget keeps one JobManager while nodes are drained. With a single
// one it would block every drain, so there is none.
func (a WorkloadArgs) disruptionBudget() map[string]any {
	if a.JobManagerReplicas < 2 {
		return nil
	}
	return map[string]any{
		"metadata": metadata(a.Namespace, a.Job+"-jobmanager", a.Labels),
		"spec": map[string]any{
			"minAvailable": 1,
			"selector":     map[string]any{"matchLabels": map[string]any{"app": a.Job, "component": "jobmanager"}},
		},
	}
}
