package apiserver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/kubernetes"
	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver/apiservertest"
	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/standin/operator/operatortest"
	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
	"flink-payments/tests/rehearsal/world"
)

type m = map[string]any

// lab is a cluster on the real API server, with a namespace of its own in which
// the model of the operator works.
func lab(t *testing.T) (k providertest.Client, w *world.World, server *apiserver.Server, namespace string) {
	t.Helper()
	server = apiservertest.Lab(t)
	w, err := world.Open("")
	if err != nil {
		t.Fatal(err)
	}
	k = providertest.Connect(t, kubernetes.New(w, operator.Scaled(20), server), provider.Hooks{}, m{})
	namespace = fmt.Sprintf("rehearsal-%x", time.Now().UnixNano())
	_, state := k.Must(world.NamespaceType, m{"metadata": m{"name": namespace}})
	t.Cleanup(func() {
		if err := k.Removed(world.NamespaceType, namespace, state, 3600); err != nil {
			t.Error(err)
		}
	})
	return k, w, server, namespace
}

func TestARealAPIServerIsObeyed(t *testing.T) {
	k, w, server, namespace := lab(t)
	policy := func(port float64, extra m) m {
		spec := m{"podSelector": m{}, "policyTypes": []any{"Ingress"}, "ingress": []any{m{"ports": []any{m{"port": port, "protocol": "TCP"}}}}}
		for key, value := range extra {
			spec[key] = value
		}
		return m{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": m{"name": "one", "namespace": namespace}, "spec": spec}
	}
	const policyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	_, _, err := k.Made(policyType, policy(80, m{"nonsense": true}))
	providertest.Refused(t, err, "nonsense")
	_, _, err = k.Made(policyType, m{"metadata": m{"name": "one", "namespace": "there-is-none"}, "spec": m{"podSelector": m{}}})
	providertest.Refused(t, err, `namespaces "there-is-none" not found`)
	id, state := k.Must(policyType, policy(80, nil))
	_, _, err = k.Made(policyType, policy(80, nil))
	providertest.Refused(t, err, "already exists")

	diffOf := func(port float64) pulumirpc.DiffResponse_DiffChanges {
		t.Helper()
		return k.Compared(policyType, id, policy(80, nil), state, policy(port, nil)).Changes
	}
	if diffOf(80) != pulumirpc.DiffResponse_DIFF_NONE || diffOf(81) != pulumirpc.DiffResponse_DIFF_SOME {
		t.Error("a diff is not the difference between what is asked for and what the server keeps")
	}
	// Drift is in the next observation of the world.
	if err := server.Remove(t.Context(), policyType, id); err != nil {
		t.Fatal(err)
	}
	if err := kubernetes.Observe(t.Context(), server, w); err != nil {
		t.Fatal(err)
	}
	if _, there := w.Get("kubernetes", policyType, id); there {
		t.Error("the world still has what is gone")
	}
}

// The CRDs are small ones in a group that is the operator's: a lab that has
// the operator's own keeps them.
func TestTheOperatorWritesStatusAndFinalizersOnly(t *testing.T) {
	k, w, server, namespace := lab(t)
	for kind, plural := range map[string]string{"FlinkDeployment": "flinkdeployments", "FlinkStateSnapshot": "flinkstatesnapshots"} {
		if server.Serves(t.Context(), "kubernetes:flink.apache.org/v1beta1:"+kind) {
			continue
		}
		open := m{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
		id, state := k.Must(world.CRDType, m{"metadata": m{"name": plural + ".flink.apache.org"}, "spec": m{"group": "flink.apache.org",
			"scope": "Namespaced", "names": m{"kind": kind, "plural": plural, "singular": strings.ToLower(kind)},
			"versions": []any{m{"name": "v1beta1", "served": true, "storage": true, "subresources": m{"status": m{}},
				"schema": m{"openAPIV3Schema": m{"type": "object", "properties": m{"spec": open, "status": open}}}}}}})
		t.Cleanup(func() { _ = k.Removed(world.CRDType, id, state, 3600) })
	}
	_ = w.Put(world.Object{Package: "aws", Type: world.BucketType, ID: "kv-state"})
	_ = w.Put(world.Object{Package: "kubernetes", Type: world.ReleaseType, ID: "ops/operator", State: m{
		"version": "1.10.0", "values": m{"watchNamespaces": []any{namespace}}, "status": m{"chart": "flink-kubernetes-operator", "status": "deployed"}}})
	k.Must(world.ServiceAccountType, m{"metadata": m{"name": "flink", "namespace": namespace}})
	asked := operatortest.Job(nil)
	asked["metadata"].(m)["namespace"] = namespace
	id, state := k.Must(world.DeploymentType, asked)
	if plain.Text(state, "status", "lifecycleState") != "STABLE" || plain.At(state, "metadata", "generation") != 1.0 {
		t.Errorf("status %v, generation %v", state["status"], plain.At(state, "metadata", "generation"))
	}
	// Who wrote what, in the API server's own words.
	fields, err := server.ManagedFields(t.Context(), world.DeploymentType, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range fields {
		one, _ := entry.(m)
		owned, _ := one["fieldsV1"].(m)
		if one["manager"] == "flink-kubernetes-operator" && (owned["f:spec"] != nil || plain.At(owned, "f:metadata", "f:labels") != nil) {
			t.Errorf("the operator owns %v", owned)
		}
	}
	if len(fields) < 2 {
		t.Errorf("managers: %v", fields)
	}
	if err := k.Removed(world.DeploymentType, id, state, 900); err != nil {
		t.Errorf("the operator does not let go: %v", err)
	}
}
