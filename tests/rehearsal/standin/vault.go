package standin

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/world"
)

const (
	vaultPolicyType = "vault:index/policy:Policy"
	vaultRoleType   = "vault:kubernetes/authBackendRole:AuthBackendRole"
	vaultAuthType   = "vault:index/authBackend:AuthBackend"
)

// vault has the auth method `kubernetes` from the start; others are made.
type vault struct{ world *world.World }

func (v *vault) configure(config map[string]any) error {
	if address := text(config, "address"); address != "" && !strings.HasPrefix(address, "http") {
		return fmt.Errorf("address %q is no URL", address)
	}
	return nil
}

var vaultPath = regexp.MustCompile(`(?s)path\s+"[^"*]+\*?"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}`)

func (v *vault) check(r *request) []*pulumirpc.CheckFailure {
	var failures []*pulumirpc.CheckFailure
	need := map[string][]string{
		vaultPolicyType: {"name", "policy"},
		vaultRoleType:   {"roleName", "boundServiceAccountNames", "boundServiceAccountNamespaces"},
	}
	for _, key := range need[r.typ] {
		if r.inputs[key] == nil {
			failures = append(failures, fail(key, "Missing required property '%s'", key))
		}
	}
	return failures
}

func (v *vault) replaces(r *request, path string) bool {
	return r.typ == vaultPolicyType && path == "name" || r.typ == vaultRoleType && (path == "roleName" || path == "backend")
}

func (v *vault) refuse(r *request) error {
	switch r.typ {
	case vaultPolicyType:
		document := text(r.inputs, "policy")
		found := vaultPath.FindAllStringSubmatch(document, -1)
		if len(found) == 0 || strings.Count(document, "{") != strings.Count(document, "}") {
			return errors.New("error writing to Vault: Error making API request. Code: 400. Errors: * failed to parse policy")
		}
		for _, capabilities := range found {
			for _, capability := range strings.Split(capabilities[1], ",") {
				switch name := strings.Trim(strings.TrimSpace(capability), `"`); name {
				case "", "create", "read", "update", "patch", "delete", "list", "sudo", "deny", "subscribe", "recover":
				default:
					return fmt.Errorf("error writing to Vault: Code: 400. Errors: * failed to parse policy: invalid capability %q", name)
				}
			}
		}
	case vaultRoleType:
		backend := v.backend(r.inputs)
		if _, made := v.world.Get("vault", vaultAuthType, backend); !made && backend != "kubernetes" {
			return fmt.Errorf("error writing Kubernetes auth backend role: Code: 404. Errors: * no handler for route %q. route entry not found.", "auth/"+backend+"/role/"+text(r.inputs, "roleName"))
		}
		for _, key := range []string{"boundServiceAccountNames", "boundServiceAccountNamespaces"} {
			if list, _ := r.inputs[key].([]any); len(list) == 0 {
				return fmt.Errorf("error writing Kubernetes auth backend role: Code: 400. Errors: * %q can not be empty", key)
			}
		}
		ttl, _ := r.inputs["tokenTtl"].(float64)
		if most, _ := r.inputs["tokenMaxTtl"].(float64); most > 0 && ttl > most {
			return errors.New("error writing Kubernetes auth backend role: Code: 400. Errors: * 'token_ttl' cannot be greater than 'token_max_ttl'")
		}
	}
	return nil
}

func (v *vault) backend(inputs map[string]any) string {
	if backend := strings.Trim(text(inputs, "backend"), "/"); backend != "" {
		return backend
	}
	return "kubernetes"
}

func (v *vault) idOf(r *request) string {
	switch r.typ {
	case vaultPolicyType:
		return text(r.inputs, "name")
	case vaultRoleType:
		return "auth/" + v.backend(r.inputs) + "/role/" + text(r.inputs, "roleName")
	case vaultAuthType:
		if path := text(r.inputs, "path"); path != "" {
			return path
		}
		return text(r.inputs, "type")
	}
	return r.name
}

// create writes over what is there, as Vault does.
func (v *vault) create(r *request) (string, map[string]any, error) {
	if err := v.refuse(r); err != nil {
		return "", nil, err
	}
	id := v.idOf(r)
	return id, r.inputs, v.world.Put(world.Object{Package: "vault", Type: r.typ, ID: id, Inputs: r.inputs, State: r.inputs})
}

func (v *vault) preview(r *request) (map[string]any, error) { return overlay(r.state, r.inputs), nil }

func (v *vault) read(r *request) (string, map[string]any, map[string]any, error) {
	return readPlain(v.world, "vault", r)
}

// readPlain reads what a service keeps under the ID as it is.
func readPlain(w *world.World, pkg string, r *request) (string, map[string]any, map[string]any, error) {
	o, there := w.Get(pkg, r.typ, r.id)
	if !there {
		return "", nil, nil, nil
	}
	inputs := o.Inputs
	if len(r.old) > 0 {
		inputs, _ = project(r.old, o.State).(map[string]any)
	}
	return r.id, inputs, o.State, nil
}

func (v *vault) update(r *request) (map[string]any, error) {
	_, state, err := v.create(r)
	return state, err
}

func (v *vault) delete(r *request) error { return v.world.Delete("vault", r.typ, r.id) }

func (v *vault) invoke(r *request) (map[string]any, error) {
	return nil, fmt.Errorf("the stand-in of Vault has no function %s", r.typ)
}
