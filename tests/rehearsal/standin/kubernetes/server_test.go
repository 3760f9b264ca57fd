package kubernetes

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver/apiservertest"
	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
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
		var options m
		_ = json.NewDecoder(r.Body).Decode(&options)
		a.asked[len(a.asked)-1] += fmt.Sprint(" ", options["propagationPolicy"])
		delete(a.objects, r.URL.Path)
		answer(http.StatusOK, object)
	default:
		answer(http.StatusOK, object)
	}
}

func TestObjectsAreMadeByServerSideApplyAndTakenOverOnlyByTheAdopter(t *testing.T) {
	api := &answering{objects: map[string]m{}}
	server := httptest.NewTLSServer(api)
	defer server.Close()
	connected, err := apiserver.Connect(t.Context(), apiservertest.Kubeconfig(t, server, true))
	if err != nil {
		t.Fatal(err)
	}
	w := newSite(t).world
	connect := func(config m) providertest.Client {
		return providertest.Connect(t, New(w, operator.Scaled(1000), connected), provider.Hooks{}, config)
	}
	config := func() m { return m{"metadata": m{"name": "one", "namespace": "default"}, "data": m{"key": "value"}} }
	owner, adopting := connect(m{}), connect(m{"upsertExistingObjects": true, "enablePatchForce": true})
	id, state := owner.Must(configMapType, config())
	if id != "default/one" || plain.Text(state, "data", "key") != "value" {
		t.Errorf("made %s: %v", id, state)
	}
	_, _, err = owner.Made(configMapType, config())
	providertest.Refused(t, err, "already exists")
	adopting.Must(configMapType, config())
	if err := owner.Removed(configMapType, id, state, 60); err != nil {
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

func TestAnnotationsSayHowAnObjectIsTakenBackAndHowItGoes(t *testing.T) {
	api := &answering{objects: map[string]m{}}
	server := httptest.NewTLSServer(api)
	defer server.Close()
	connected, err := apiserver.Connect(t.Context(), apiservertest.Kubeconfig(t, server, true))
	if err != nil {
		t.Fatal(err)
	}
	k := providertest.Connect(t, New(newSite(t).world, operator.Scaled(1000), connected), provider.Hooks{}, m{})
	config := m{"metadata": m{"name": "one", "namespace": "default", "annotations": m{
		"pulumi.com/patchForce": "true", "pulumi.com/deletionPropagationPolicy": "background"}}, "data": m{"key": "value"}}
	id, state := k.Must(configMapType, config)
	if err := k.Updated(configMapType, id, config, 60); err != nil {
		t.Fatal(err)
	}
	if err := k.Removed(configMapType, id, state, 60); err != nil {
		t.Fatal(err)
	}
	var writes []string
	for _, asked := range api.asked {
		if !strings.HasPrefix(asked, "GET") {
			method, rest, _ := strings.Cut(asked, " ")
			_, how, _ := strings.Cut(rest, " ")
			writes = append(writes, method+" "+how)
		}
	}
	const applied = " dryRun= validation=Strict application/apply-patch+yaml"
	want := []string{"POST force= dryRun=All validation=Strict application/json",
		"PATCH force=false" + applied, // a creation takes nothing from anybody
		"PATCH force=true" + applied,
		"DELETE force= dryRun= validation= application/json Background"}
	if !slices.Equal(writes, want) {
		t.Errorf("asked:\n%s\nwant:\n%s", strings.Join(writes, "\n"), strings.Join(want, "\n"))
	}
}
