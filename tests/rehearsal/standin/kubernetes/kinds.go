package kubernetes

import (
	"flink-payments/tests/rehearsal/standin/plain"
)

// builtIn groups are the API server's own; any other needs a CRD.
var builtIn = []string{"core", "apps", "batch", "policy", "autoscaling", "rbac.authorization.k8s.io", "networking.k8s.io",
	"apiextensions.k8s.io", "admissionregistration.k8s.io", "storage.k8s.io", "scheduling.k8s.io", "coordination.k8s.io"}

// clusterScoped kinds have no namespace.
var clusterScoped = []string{"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "PriorityClass",
	"StorageClass", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "PersistentVolume"}

// seeded namespaces are in every cluster.
var seeded = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

// immutable paths of a kind, beside its name and namespace.
var immutable = map[string][]string{
	"RoleBinding": {"roleRef"}, "ClusterRoleBinding": {"roleRef"}, "Deployment": {"spec.selector"},
	"StatefulSet": {"spec.selector", "spec.serviceName"}, "Job": {"spec.template", "spec.selector"},
	"Secret": {"type"}, "Service": {"spec.clusterIP"}, "PersistentVolumeClaim": {"spec.storageClassName"},
}

func objectID(inputs map[string]any) string {
	if namespace := plain.Text(inputs, "metadata", "namespace"); namespace != "" {
		return namespace + "/" + plain.Text(inputs, "metadata", "name")
	}
	return plain.Text(inputs, "metadata", "name")
}
