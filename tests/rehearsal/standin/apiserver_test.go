package standin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

const configMapType = "kubernetes:core/v1:ConfigMap"

// An answering API server knows ConfigMaps, and notes what it is asked.
type answering struct {
	lock    sync.Mutex
	asked   []string
	objects map[string]m
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.lock.Lock()
	defer a.lock.Unlock()
	answer := func(code int, body m) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(body)
	}
	if r.Header.Get("Authorization") != "Bearer hidden" {
		answer(http.StatusUnauthorized, m{"message": "Unauthorized"})
		return
	}
	query := r.URL.Query()
	a.asked = append(a.asked, fmt.Sprintf("%s %s force=%s dryRun=%s validation=%s %s", r.Method, r.URL.Path,
		query.Get("force"), query.Get("dryRun"), query.Get("fieldValidation"), r.Header.Get("Content-Type")))
	const collection = "/api/v1/namespaces/default/configmaps"
	object, there := a.objects[r.URL.Path]
	switch {
	case r.URL.Path == "/version":
		answer(http.StatusOK, m{"gitVersion": "v1.32.4"})
	case r.URL.Path == "/api/v1":
		answer(http.StatusOK, m{"resources": []m{{"name": "configmaps", "kind": "ConfigMap", "namespaced": true}, {"name": "configmaps/status", "kind": "ConfigMap", "namespaced": true}}})
	case r.Method == http.MethodPost && a.objects[collection+"/one"] != nil:
		answer(http.StatusConflict, m{"reason": "AlreadyExists", "message": `configmaps "one" already exists`})
	case r.Method == http.MethodPost:
		answer(http.StatusCreated, m{})
	case r.Method == http.MethodPatch:
		body, _ := io.ReadAll(r.Body)
		var applied m
		_ = json.Unmarshal(body, &applied)
		a.objects[r.URL.Path] = applied
		answer(http.StatusOK, applied)
	case !there:
		answer(http.StatusNotFound, m{"reason": "NotFound", "message": "not found"})
	case r.Method == http.MethodDelete:
		delete(a.objects, r.URL.Path)
		answer(http.StatusOK, object)
	default:
		answer(http.StatusOK, object)
	}
}

// kubeconfigOf a TLS server, with its CA or none.
func kubeconfigOf(t *testing.T, server *httptest.Server, authority bool) string {
	t.Helper()
	data := ""
	if authority {
		data = base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{current-context: here, contexts: [{name: other, context: {cluster: x, user: x}}, {name: here, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %q}}], users: [{name: u, user: {token: hidden}}]}`, server.URL, data)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestObjectsAreMadeByServerSideApplyAndTakenOverOnlyByTheAdopter(t *testing.T) {
	api := &answering{objects: map[string]m{}}
	server := httptest.NewTLSServer(api)
	defer server.Close()
	s := newSite(t)
	var err error
	if s.o.APIServer, err = Connect(t.Context(), kubeconfigOf(t, server, true)); err != nil {
		t.Fatal(err)
	}
	config := func() m { return m{"metadata": m{"name": "one", "namespace": "default"}, "data": m{"key": "value"}} }
	plain, adopting := s.connect("kubernetes", m{}), s.connect("kubernetes", m{"upsertExistingObjects": true, "enablePatchForce": true})
	id, state := s.must(plain, configMapType, config())
	if id != "default/one" || text(state, "data", "key") != "value" {
		t.Errorf("made %s: %v", id, state)
	}
	_, _, err = s.made(plain, configMapType, config())
	refused(t, err, "already exists")
	s.must(adopting, configMapType, config())
	if err := s.remove(plain, configMapType, id, state, 60); err != nil {
		t.Error(err)
	}
	if len(api.objects) > 0 {
		t.Errorf("left: %v", api.objects)
	}
	const one = "/api/v1/namespaces/default/configmaps"
	for _, want := range []string{
		"POST " + one + " force= dryRun=All validation=Strict application/json",
		"PATCH " + one + "/one force=false dryRun= validation=Strict application/apply-patch+yaml",
		"PATCH " + one + "/one force=true dryRun= validation=Strict application/apply-patch+yaml",
		"DELETE " + one + "/one",
	} {
		if !strings.Contains(strings.Join(api.asked, "\n"), want) {
			t.Errorf("not asked: %s\nasked:\n%s", want, strings.Join(api.asked, "\n"))
		}
	}
}

func TestAServerThatTheKubeconfigDoesNotVouchForIsRefused(t *testing.T) {
	server := httptest.NewTLSServer(&answering{})
	defer server.Close()
	_, err := Connect(t.Context(), kubeconfigOf(t, server, false))
	refused(t, err, "certificate")
}

// lab is a site on the API server that KUBECONFIG_LAB names, with a namespace
// of its own in which the model of the operator works.
func lab(t *testing.T) (s *site, namespace string) {
	t.Helper()
	file := os.Getenv("KUBECONFIG_LAB")
	if file == "" {
		t.Skip("KUBECONFIG_LAB names no kubeconfig of a cluster that may be written to")
	}
	s = newSite(t)
	s.o.Clock = operator.Scaled(20)
	var err error
	if s.o.APIServer, err = Connect(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	namespace = fmt.Sprintf("rehearsal-%x", time.Now().UnixNano())
	k := s.connect("kubernetes", m{})
	_, state := s.must(k, namespaceType, m{"metadata": m{"name": namespace}})
	t.Cleanup(func() {
		if err := s.remove(k, namespaceType, namespace, state, 3600); err != nil {
			t.Error(err)
		}
	})
	return s, namespace
}

func TestARealAPIServerIsObeyed(t *testing.T) {
	s, namespace := lab(t)
	k := s.connect("kubernetes", m{})
	policy := func(port float64, extra m) m {
		spec := m{"podSelector": m{}, "policyTypes": []any{"Ingress"}, "ingress": []any{m{"ports": []any{m{"port": port, "protocol": "TCP"}}}}}
		for key, value := range extra {
			spec[key] = value
		}
		return m{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": m{"name": "one", "namespace": namespace}, "spec": spec}
	}
	const policyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	_, _, err := s.made(k, policyType, policy(80, m{"nonsense": true}))
	refused(t, err, "nonsense")
	_, _, err = s.made(k, policyType, m{"metadata": m{"name": "one", "namespace": "there-is-none"}, "spec": m{"podSelector": m{}}})
	refused(t, err, `namespaces "there-is-none" not found`)
	id, state := s.must(k, policyType, policy(80, nil))
	_, _, err = s.made(k, policyType, policy(80, nil))
	refused(t, err, "already exists")

	diffOf := func(port float64) pulumirpc.DiffResponse_DiffChanges {
		t.Helper()
		olds, _ := wire(state)
		old, _ := wire(policy(80, nil))
		news, _ := wire(policy(port, nil))
		d, err := k.Diff(t.Context(), &pulumirpc.DiffRequest{Urn: "urn:pulumi:test::p::" + policyType + "::it", Id: id, Olds: olds, OldInputs: old, News: news})
		if err != nil {
			t.Fatal(err)
		}
		return d.Changes
	}
	if diffOf(80) != pulumirpc.DiffResponse_DIFF_NONE || diffOf(81) != pulumirpc.DiffResponse_DIFF_SOME {
		t.Error("a diff is not the difference between what is asked for and what the server keeps")
	}
	// Drift is in the next observation of the world.
	if err := s.o.APIServer.Remove(t.Context(), policyType, id); err != nil {
		t.Fatal(err)
	}
	if err := s.o.APIServer.Observe(t.Context(), s.world); err != nil {
		t.Fatal(err)
	}
	if _, there := s.world.Get("kubernetes", policyType, id); there {
		t.Error("the world still has what is gone")
	}
}

// The CRDs are small ones in a group that is the operator's: a lab that has
// the operator's own keeps them.
func TestTheOperatorWritesStatusAndFinalizersOnly(t *testing.T) {
	s, namespace := lab(t)
	for kind, plural := range map[string]string{"FlinkDeployment": "flinkdeployments", "FlinkStateSnapshot": "flinkstatesnapshots"} {
		if s.o.APIServer.serves(t.Context(), "kubernetes:flink.apache.org/v1beta1:"+kind) {
			continue
		}
		open := m{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
		id, state := s.must(s.connect("kubernetes", m{}), crdType, m{"metadata": m{"name": plural + ".flink.apache.org"}, "spec": m{"group": "flink.apache.org",
			"scope": "Namespaced", "names": m{"kind": kind, "plural": plural, "singular": strings.ToLower(kind)},
			"versions": []any{m{"name": "v1beta1", "served": true, "storage": true, "subresources": m{"status": m{}},
				"schema": m{"openAPIV3Schema": m{"type": "object", "properties": m{"spec": open, "status": open}}}}}}})
		t.Cleanup(func() { _ = s.remove(s.connect("kubernetes", m{}), crdType, id, state, 3600) })
	}
	_ = s.world.Put(world.Object{Package: "aws", Type: bucketType, ID: "kv-state"})
	_ = s.world.Put(world.Object{Package: "kubernetes", Type: releaseType, ID: "ops/operator", State: m{
		"version": "1.10.0", "values": m{"watchNamespaces": []any{namespace}}, "status": m{"chart": operatorChart, "status": "deployed"}}})
	k := s.connect("kubernetes", m{})
	s.must(k, operator.ServiceAccountType, m{"metadata": m{"name": "flink", "namespace": namespace}})
	asked := job(nil)
	asked["metadata"].(m)["namespace"] = namespace
	id, state := s.must(k, operator.DeploymentType, asked)
	if text(state, "status", "lifecycleState") != "STABLE" || at(state, "metadata", "generation") != 1.0 {
		t.Errorf("status %v, generation %v", state["status"], at(state, "metadata", "generation"))
	}
	// Who wrote what, in the API server's own words.
	path, err := s.o.APIServer.path(t.Context(), operator.DeploymentType, id)
	if err != nil {
		t.Fatal(err)
	}
	live, err := s.o.APIServer.do(context.Background(), http.MethodGet, path, nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	fields, _ := at(live, "metadata", "managedFields").([]any)
	for _, entry := range fields {
		one, _ := entry.(m)
		owned, _ := one["fieldsV1"].(m)
		if one["manager"] == operatorManager && (owned["f:spec"] != nil || at(owned, "f:metadata", "f:labels") != nil) {
			t.Errorf("the operator owns %v", owned)
		}
	}
	if len(fields) < 2 {
		t.Errorf("managers: %v", fields)
	}
	if err := s.remove(k, operator.DeploymentType, id, state, 900); err != nil {
		t.Errorf("the operator does not let go: %v", err)
	}
}
