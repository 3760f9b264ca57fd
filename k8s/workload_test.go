package k8s

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func workloadArgs() WorkloadArgs {
	return WorkloadArgs{
		Job: "fraud-scoring", Namespace: "payments", ServiceAccount: "flink",
		RoleARN: pulumi.String("arn:aws:iam::1:role/r"), JobManagerReplicas: 2,
		OperatorNamespace: "flink-operator", AgentNamespace: "datadog",
		Labels: map[string]string{"team": "payments"},
	}
}

func workload(change func(*WorkloadArgs)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		args := workloadArgs()
		namespace, err := NewNamespace(ctx, "namespace", NamespaceArgs{Name: "payments"})
		if err != nil {
			return err
		}
		args.After = []pulumi.Resource{namespace}
		if change != nil {
			change(&args)
		}
		_, err = NewWorkload(ctx, "workload", args)
		return err
	}
}

func TestTheServiceAccountIsBoundToItsRole(t *testing.T) {
	account := run(t, workload(nil)).get(t, "workload-service-account")
	same(t, "the metadata", at(t, account, "metadata"), map[string]any{
		"name": "flink", "namespace": "payments", "labels": map[string]any{"team": "payments"},
		"annotations": map[string]any{
			"eks.amazonaws.com/role-arn":               "arn:aws:iam::1:role/r",
			"eks.amazonaws.com/sts-regional-endpoints": "true",
			"pulumi.com/patchForce":                    "true",
		}})
}

func TestTheJobMayDoWhatFlinkNeedsAndNothingMore(t *testing.T) {
	all := run(t, workload(nil))
	verbs := []string{"get", "list", "watch", "create", "update", "patch", "delete"}
	same(t, "the rules", at(t, all.get(t, "workload-role"), "rules"), []any{
		map[string]any{"apiGroups": []string{""}, "resources": []string{"pods", "configmaps"}, "verbs": verbs},
		map[string]any{"apiGroups": []string{"apps"}, "resources": []string{"deployments", "deployments/finalizers"}, "verbs": verbs},
	})
	binding := all.get(t, "workload-role-binding")
	same(t, "the role", at(t, binding, "roleRef"), map[string]any{
		"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": at(t, all.get(t, "workload-role"), "metadata", "name")})
	same(t, "the subjects", at(t, binding, "subjects"), []any{
		map[string]any{"kind": "ServiceAccount", "name": "flink", "namespace": "payments"}})
}

func TestOnlyTheNamedReachTheJob(t *testing.T) {
	all := run(t, workload(func(a *WorkloadArgs) { a.RESTClients = []map[string]string{{"app": "console"}} }))
	own := map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "fraud-scoring"}}}
	namespace := func(name string) any {
		return map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": name}}}
	}
	ports := func(ports ...int) (list []any) {
		for _, port := range ports {
			list = append(list, map[string]any{"port": port, "protocol": "TCP"})
		}
		return list
	}
	same(t, "the policy", at(t, all.get(t, "workload-network-policy"), "spec"), map[string]any{
		"podSelector": own["podSelector"],
		// No Egress: S3, STS, Kafka and Vault stay reachable.
		"policyTypes": []string{"Ingress"},
		"ingress": []any{
			map[string]any{"ports": ports(8081), "from": []any{own, namespace("flink-operator"),
				map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "console"}}}}},
			map[string]any{"ports": ports(6121, 6122, 6123, 6124, 6126), "from": []any{own}},
			map[string]any{"ports": ports(9249), "from": []any{namespace("datadog")}},
		}})

	unseen := run(t, workload(func(a *WorkloadArgs) { a.AgentNamespace = "" }))
	if rules := at(t, unseen.get(t, "workload-network-policy"), "spec", "ingress").([]any); len(rules) != 2 {
		t.Errorf("with no agent there are %d rules", len(rules))
	}
}

func TestADrainLeavesOneJobManager(t *testing.T) {
	budget := run(t, workload(nil)).get(t, "workload-disruption-budget")
	same(t, "the budget", at(t, budget, "spec"), map[string]any{"minAvailable": 1,
		"selector": map[string]any{"matchLabels": map[string]any{"app": "fraud-scoring", "component": "jobmanager"}}})
	if _, there := run(t, workload(func(a *WorkloadArgs) { a.JobManagerReplicas = 1 }))["workload-disruption-budget"]; there {
		t.Error("a single JobManager has a budget, which blocks every drain")
	}
}

func TestEveryObjectOfAJobHasItsParentItsNamespaceAndItsLabels(t *testing.T) {
	all := run(t, workload(nil))
	for _, suffix := range []string{"service-account", "role", "role-binding", "network-policy", "disruption-budget"} {
		object := all.get(t, "workload-"+suffix)
		if !strings.HasSuffix(object.RegisterRPC.GetParent(), "::workload") {
			t.Errorf("%s has the parent %q", suffix, object.RegisterRPC.GetParent())
		}
		if !all.dependsOn(t, "workload-"+suffix, "namespace") {
			t.Errorf("%s does not wait for the namespace", suffix)
		}
		same(t, suffix+"'s namespace", at(t, object, "metadata", "namespace"), "payments")
		same(t, suffix+"'s labels", at(t, object, "metadata", "labels"), map[string]any{"team": "payments"})
	}
}

func TestAWorkloadWithoutItsIdentityIsRefused(t *testing.T) {
	for want, change := range map[string]func(*WorkloadArgs){
		"RoleARN":           func(a *WorkloadArgs) { a.RoleARN = nil },
		"OperatorNamespace": func(a *WorkloadArgs) { a.OperatorNamespace = "" },
		"ServiceAccount":    func(a *WorkloadArgs) { a.ServiceAccount = "" },
	} {
		if reason := fails(t, workload(change)); !strings.Contains(reason, "workload workload: ") || !strings.Contains(reason, want) {
			t.Errorf("%s is refused by %q", want, reason)
		}
	}
}
