package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

const (
	namespaceType = "kubernetes:core/v1:Namespace"
	crdType       = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
	releaseType   = "kubernetes:helm.sh/v3:Release"
	// defaultTimeout is the provider's, where no customTimeouts say.
	defaultTimeout = 10 * time.Minute
	lookEvery      = time.Second
)

// builtIn groups are the API server's own; any other needs a CRD.
var builtIn = []string{"core", "apps", "batch", "policy", "autoscaling", "rbac.authorization.k8s.io", "networking.k8s.io",
	"apiextensions.k8s.io", "admissionregistration.k8s.io", "storage.k8s.io", "scheduling.k8s.io", "coordination.k8s.io"}

// clusterScoped kinds have no namespace.
var clusterScoped = []string{"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "PriorityClass",
	"StorageClass", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "PersistentVolume"}

// seeded namespaces are in every cluster.
var seeded = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

// kubernetes is one cluster behind the provider.
type kubernetes struct {
	world *world.World
	clock operator.Clock
	// server is a real one; nil: the world is the cluster.
	server *APIServer
}

// flag of the configuration, which carries booleans as JSON or as text.
func flag(config map[string]any, key string) bool {
	return config[key] == true || config[key] == "true"
}

func (k *kubernetes) configure(map[string]any) error { return nil }

func group(typ string) (groupVersion, kind string) {
	parts := strings.Split(typ, ":")
	return parts[1], parts[len(parts)-1]
}

func (k *kubernetes) check(r *request) []*pulumirpc.CheckFailure {
	if r.typ == releaseType {
		return checkRelease(r)
	}
	groupVersion, kind := group(r.typ)
	apiVersion := strings.TrimPrefix(groupVersion, "core/")
	if r.inputs["apiVersion"] == nil {
		r.inputs["apiVersion"] = apiVersion
	}
	if r.inputs["kind"] == nil {
		r.inputs["kind"] = kind
	}
	var failures []*pulumirpc.CheckFailure
	if r.inputs["apiVersion"] != apiVersion || r.inputs["kind"] != kind {
		failures = append(failures, fail("kind", "%v %v is not the type %s", r.inputs["apiVersion"], r.inputs["kind"], r.typ))
	}
	meta, _ := r.inputs["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		r.inputs["metadata"] = meta
	}
	if meta["name"] == nil {
		if meta["name"] = at(r.old, "metadata", "name"); meta["name"] == nil {
			meta["name"] = r.name + "-" + digest(r.urn)[:8]
		}
	}
	if meta["namespace"] == nil && !slices.Contains(clusterScoped, kind) {
		meta["namespace"] = "default"
	}
	return failures
}

// immutable paths of a kind, beside its name and namespace.
var immutable = map[string][]string{
	"RoleBinding": {"roleRef"}, "ClusterRoleBinding": {"roleRef"}, "Deployment": {"spec.selector"},
	"StatefulSet": {"spec.selector", "spec.serviceName"}, "Job": {"spec.template", "spec.selector"},
	"Secret": {"type"}, "Service": {"spec.clusterIP"}, "PersistentVolumeClaim": {"spec.storageClassName"},
}

func (k *kubernetes) replaces(r *request, path string) bool {
	if r.typ == releaseType {
		return path == "name" || path == "namespace"
	}
	_, kind := group(r.typ)
	if path == "metadata.name" || path == "metadata.namespace" || path == "kind" {
		return true
	}
	for _, prefix := range immutable[kind] {
		if path == prefix || strings.HasPrefix(path, prefix+".") || strings.HasPrefix(path, prefix+"[") {
			return true
		}
	}
	return false
}

func objectID(inputs map[string]any) string {
	if namespace := text(inputs, "metadata", "namespace"); namespace != "" {
		return namespace + "/" + text(inputs, "metadata", "name")
	}
	return text(inputs, "metadata", "name")
}

var errNoMatch = errors.New("no matches for kind")

// admit is what the API server refuses.
func (k *kubernetes) admit(r *request) error {
	groupVersion, kind := group(r.typ)
	name, version, _ := strings.Cut(groupVersion, "/")
	if !slices.Contains(builtIn, name) && !k.served(name, version, kind) {
		return fmt.Errorf("%w %q in version %q", errNoMatch, kind, groupVersion)
	}
	namespace := text(r.inputs, "metadata", "namespace")
	if namespace != "" && !k.hasNamespace(namespace) {
		return fmt.Errorf("namespaces %q not found", namespace)
	}
	return nil
}

func (k *kubernetes) served(name, version, kind string) bool {
	if k.server != nil {
		return k.server.serves(context.Background(), "kubernetes:"+name+"/"+version+":"+kind)
	}
	return slices.ContainsFunc(k.world.List("kubernetes", crdType), func(crd world.Object) bool {
		versions, _ := at(crd.State, "spec", "versions").([]any)
		return text(crd.State, "spec", "group") == name && text(crd.State, "spec", "names", "kind") == kind &&
			slices.ContainsFunc(versions, func(v any) bool {
				one, _ := v.(map[string]any)
				return one["name"] == version
			})
	})
}

func (k *kubernetes) hasNamespace(name string) bool {
	if slices.Contains(seeded, name) {
		return true
	}
	state, err := k.look(&request{ctx: context.Background(), typ: namespaceType}, name)
	return err == nil && state != nil && at(state, "metadata", "deletionTimestamp") == nil
}

func (k *kubernetes) create(r *request) (string, map[string]any, error) {
	if r.typ == releaseType {
		return k.install(r)
	}
	if k.onServer(r) {
		return k.createOnServer(r)
	}
	if err := k.admit(r); err != nil {
		return "", nil, err
	}
	id := objectID(r.inputs)
	state := copied(r.inputs)
	meta := state["metadata"].(map[string]any)
	number, err := k.world.Next("kubernetes")
	if err != nil {
		return "", nil, err
	}
	meta["generation"], meta["creationTimestamp"] = 1.0, "2024-01-01T00:00:00Z"
	d := digest(fmt.Sprint(r.typ, id, number))
	meta["uid"] = strings.Join([]string{d[:8], d[8:12], d[12:16], d[16:20], d[20:32]}, "-")
	k.defaults(r.typ, state)
	added, err := k.world.Add(world.Object{Package: "kubernetes", Type: r.typ, ID: id, Inputs: r.inputs, State: state})
	if err != nil {
		return "", nil, err
	}
	if !added {
		if !flag(r.session.config, "upsertExistingObjects") {
			groupVersion, kind := group(r.typ)
			name, _, _ := strings.Cut(groupVersion, "/")
			plural := strings.ToLower(kind) + "s"
			if name != "core" {
				plural += "." + name
			}
			return "", nil, fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %s %q already exists", id, plural, text(r.inputs, "metadata", "name"))
		}
		if err := k.apply(r, id); err != nil {
			return "", nil, err
		}
	}
	live, err := k.await(r, id)
	return id, live, err
}

// defaults that the API server fills in.
func (k *kubernetes) defaults(typ string, state map[string]any) {
	switch typ {
	case namespaceType:
		meta := state["metadata"].(map[string]any)
		labels, _ := meta["labels"].(map[string]any)
		meta["labels"] = overlay(labels, map[string]any{"kubernetes.io/metadata.name": meta["name"]})
		state["status"] = map[string]any{"phase": "Active"}
	case crdType:
		state["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Established", "status": "True"}}}
	}
}

// apply is server-side apply: what the caller said before and says no more goes.
func (k *kubernetes) apply(r *request, id string) error {
	return k.world.Edit("kubernetes", r.typ, id, func(o *world.Object) error {
		if at(o.State, "metadata", "deletionTimestamp") != nil {
			return fmt.Errorf("object %s is being deleted", id)
		}
		spec := copied(map[string]any{"": o.State["spec"]})[""]
		o.State, _ = merged(o.State, o.Inputs, copied(r.inputs)).(map[string]any)
		k.defaultsKept(r.typ, o.State)
		if !reflect.DeepEqual(spec, o.State["spec"]) {
			meta := o.State["metadata"].(map[string]any)
			generation, _ := meta["generation"].(float64)
			meta["generation"] = generation + 1
		}
		o.Inputs = r.inputs
		return nil
	})
}

func (k *kubernetes) defaultsKept(typ string, state map[string]any) {
	if typ == namespaceType {
		k.defaults(typ, state)
	}
}

// merged lays news over live, and takes away what was in old only.
func merged(live, old, news any) any {
	n, ok := news.(map[string]any)
	if !ok {
		return news
	}
	l, ok := live.(map[string]any)
	if !ok {
		return news
	}
	o, _ := old.(map[string]any)
	for key := range o {
		if _, kept := n[key]; !kept && key != "status" {
			delete(l, key)
		}
	}
	for key, value := range n {
		l[key] = merged(l[key], o[key], value)
	}
	return l
}

func copied(m map[string]any) map[string]any {
	encoded, err := json.Marshal(m)
	if err != nil {
		panic(err) // it came over the wire
	}
	var c map[string]any
	_ = json.Unmarshal(encoded, &c)
	return c
}

func (k *kubernetes) preview(r *request) (map[string]any, error) {
	if r.typ == releaseType && !anyUnknown(r.inputs) {
		if err := reachable(r.inputs); err != nil {
			return nil, err
		}
	}
	if k.onServer(r) {
		return k.previewOnServer(r)
	}
	return overlay(r.state, r.inputs), nil
}

func anyUnknown(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			if anyUnknown(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(value, anyUnknown)
	}
	return unknown(value)
}

func (k *kubernetes) read(r *request) (string, map[string]any, map[string]any, error) {
	if k.onServer(r) {
		return k.readOnServer(r)
	}
	return readPlain(k.world, "kubernetes", r)
}

func (k *kubernetes) update(r *request) (map[string]any, error) {
	if r.typ == releaseType {
		_, state, err := k.install(r)
		return state, err
	}
	if k.onServer(r) {
		return k.updateOnServer(r)
	}
	if err := k.admit(r); err != nil {
		return nil, err
	}
	if err := k.apply(r, r.id); err != nil {
		return nil, err
	}
	return k.await(r, r.id)
}

// A condition is one of pulumi.com/waitFor.
type condition struct {
	path  []string
	value string
	any   bool
}

var jsonPath = regexp.MustCompile(`^jsonpath=\{?\.?([^}=]+)\}?(?:=(.*))?$`)

// conditions reads the annotation: one condition, or a JSON array of them.
func conditions(annotation string) ([]condition, error) {
	texts := []string{annotation}
	if strings.HasPrefix(annotation, "[") {
		if err := json.Unmarshal([]byte(annotation), &texts); err != nil {
			return nil, fmt.Errorf("pulumi.com/waitFor: %w", err)
		}
	}
	var all []condition
	for _, t := range texts {
		parts := jsonPath.FindStringSubmatch(t)
		if parts == nil {
			return nil, fmt.Errorf("pulumi.com/waitFor: expected a \"jsonpath=\" or \"condition=\" prefix, got %q", t)
		}
		all = append(all, condition{strings.Split(parts[1], "."), parts[2], !strings.Contains(t, "}=")})
	}
	return all, nil
}

// await holds until all conditions do together, on a status of this generation.
func (k *kubernetes) await(r *request, id string) (map[string]any, error) {
	annotation := text(r.inputs, "metadata", "annotations", "pulumi.com/waitFor")
	var all []condition
	if annotation != "" && text(r.inputs, "metadata", "annotations", "pulumi.com/skipAwait") != "true" {
		var err error
		if all, err = conditions(annotation); err != nil {
			return nil, err
		}
	}
	timeout := r.timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	deadline := k.clock.Now().Add(timeout)
	for {
		state, err := k.look(r, id)
		if err != nil {
			return nil, err
		}
		if state == nil {
			return nil, fmt.Errorf("%s %s was deleted while it was waited for", r.typ, id)
		}
		if established(r.typ, state) && holds(state, all) {
			return state, nil
		}
		if k.clock.Now().After(deadline) || !k.clock.Sleep(r.ctx, lookEvery) {
			return nil, &initError{id: id, inputs: r.inputs, state: state,
				reason: fmt.Sprintf("the Kubernetes API server reported that %q failed to fully initialize or become live: timed out waiting for the condition", id)}
		}
	}
}

// established CRDs are served; the plugin waits for that too.
func established(typ string, state map[string]any) bool {
	if typ != crdType {
		return true
	}
	all, _ := at(state, "status", "conditions").([]any)
	return slices.ContainsFunc(all, func(c any) bool {
		one, _ := c.(map[string]any)
		return one["type"] == "Established" && one["status"] == "True"
	})
}

func holds(state map[string]any, all []condition) bool {
	if len(all) == 0 {
		return true
	}
	observed, set := at(state, "status", "observedGeneration").(float64)
	generation, _ := at(state, "metadata", "generation").(float64)
	if set && observed < generation {
		return false
	}
	for _, c := range all {
		value := at(state, c.path...)
		if value == nil || !c.any && fmt.Sprint(value) != c.value {
			return false
		}
	}
	return true
}

// delete is awaited until the object is gone: its finalizers are others' to remove.
func (k *kubernetes) delete(r *request) error {
	if r.typ == releaseType {
		return k.uninstall(r)
	}
	if k.onServer(r) {
		return k.deleteOnServer(r)
	}
	if _, there := k.world.Get("kubernetes", r.typ, r.id); !there {
		return nil
	}
	targets := []world.Object{{Type: r.typ, ID: r.id}}
	switch r.typ {
	case namespaceType:
		targets = append(targets, k.world.Where(func(p, _, id string) bool { return p == "kubernetes" && strings.HasPrefix(id, r.id+"/") })...)
	case crdType:
		crd, _ := k.world.Get("kubernetes", crdType, r.id)
		targets = append(targets, k.world.Where(func(p, t, _ string) bool {
			return p == "kubernetes" && strings.HasPrefix(t, "kubernetes:"+text(crd.State, "spec", "group")+"/") &&
				strings.HasSuffix(t, ":"+text(crd.State, "spec", "names", "kind"))
		})...)
	}
	for i := len(targets) - 1; i > 0; i-- {
		if err := k.terminate(targets[i].Type, targets[i].ID); err != nil {
			return err
		}
	}
	timeout := r.timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	deadline := k.clock.Now().Add(timeout)
	if err := k.mark(r.typ, r.id); err != nil {
		return err
	}
	for {
		left := 0
		for _, t := range targets[1:] {
			if _, there := k.world.Get("kubernetes", t.Type, t.ID); there {
				left++
			}
		}
		if left == 0 {
			if err := k.terminate(r.typ, r.id); err != nil {
				return err
			}
		}
		o, there := k.world.Get("kubernetes", r.typ, r.id)
		if !there {
			return nil
		}
		if k.clock.Now().After(deadline) || !k.clock.Sleep(r.ctx, lookEvery) {
			return fmt.Errorf("deletion of %s %q timed out: finalizers might be preventing deletion (%v)", r.typ, r.id, at(o.State, "metadata", "finalizers"))
		}
	}
}

func (k *kubernetes) mark(typ, id string) error {
	err := k.world.Edit("kubernetes", typ, id, func(o *world.Object) error {
		if meta, ok := o.State["metadata"].(map[string]any); ok && meta["deletionTimestamp"] == nil {
			meta["deletionTimestamp"] = "2024-01-01T00:00:00Z"
		}
		return nil
	})
	if errors.Is(err, world.ErrNotFound) {
		return nil
	}
	return err
}

// terminate marks an object, and removes it where it has no finalizers.
func (k *kubernetes) terminate(typ, id string) error {
	if err := k.mark(typ, id); err != nil {
		return err
	}
	o, there := k.world.Get("kubernetes", typ, id)
	if finalizers, _ := at(o.State, "metadata", "finalizers").([]any); !there || len(finalizers) > 0 {
		return nil
	}
	return k.world.Delete("kubernetes", typ, id)
}

func (k *kubernetes) invoke(r *request) (map[string]any, error) {
	return nil, fmt.Errorf("the stand-in of Kubernetes has no function %s", r.typ)
}
