// Package vault is the stand-in of Vault: its policies and the roles of its
// Kubernetes auth method. It holds no secret and logs nobody in.
package vault

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

const (
	policyType = "vault:index/policy:Policy"
	roleType   = "vault:kubernetes/authBackendRole:AuthBackendRole"
	authType   = "vault:index/authBackend:AuthBackend"
)

// New is Vault around a world.
func New(w *world.World) provider.Service { return &server{w} }

// A server has the auth method `kubernetes` from the start; others are made.
type server struct{ world *world.World }

func (v *server) Configure(config map[string]any) error {
	if address := plain.Text(config, "address"); address != "" && !strings.HasPrefix(address, "http") {
		return fmt.Errorf("address %q is no URL", address)
	}
	return nil
}

var pathBlock = regexp.MustCompile(`(?s)path\s+"[^"*]+\*?"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}`)

func (v *server) Check(r *provider.Request) []*pulumirpc.CheckFailure {
	var failures []*pulumirpc.CheckFailure
	need := map[string][]string{
		policyType: {"name", "policy"},
		roleType:   {"roleName", "boundServiceAccountNames", "boundServiceAccountNamespaces"},
	}
	for _, key := range need[r.Type] {
		if r.Inputs[key] == nil {
			failures = append(failures, provider.Fail(key, "Missing required property '%s'", key))
		}
	}
	return failures
}

func (v *server) Replaces(r *provider.Request, path string) bool {
	return r.Type == policyType && path == "name" || r.Type == roleType && (path == "roleName" || path == "backend")
}

func (v *server) refuse(r *provider.Request) error {
	switch r.Type {
	case policyType:
		document := plain.Text(r.Inputs, "policy")
		found := pathBlock.FindAllStringSubmatch(document, -1)
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
	case roleType:
		backend := v.backend(r.Inputs)
		if _, made := v.world.Get("vault", authType, backend); !made && backend != "kubernetes" {
			return fmt.Errorf("error writing Kubernetes auth backend role: Code: 404. Errors: * no handler for route %q. route entry not found.", "auth/"+backend+"/role/"+plain.Text(r.Inputs, "roleName"))
		}
		for _, key := range []string{"boundServiceAccountNames", "boundServiceAccountNamespaces"} {
			if list, _ := r.Inputs[key].([]any); len(list) == 0 {
				return fmt.Errorf("error writing Kubernetes auth backend role: Code: 400. Errors: * %q can not be empty", key)
			}
		}
		ttl, _ := r.Inputs["tokenTtl"].(float64)
		if most, _ := r.Inputs["tokenMaxTtl"].(float64); most > 0 && ttl > most {
			return errors.New("error writing Kubernetes auth backend role: Code: 400. Errors: * 'token_ttl' cannot be greater than 'token_max_ttl'")
		}
	}
	return nil
}

func (v *server) backend(inputs map[string]any) string {
	if backend := strings.Trim(plain.Text(inputs, "backend"), "/"); backend != "" {
		return backend
	}
	return "kubernetes"
}

func (v *server) idOf(r *provider.Request) string {
	switch r.Type {
	case policyType:
		return plain.Text(r.Inputs, "name")
	case roleType:
		return "auth/" + v.backend(r.Inputs) + "/role/" + plain.Text(r.Inputs, "roleName")
	case authType:
		if path := plain.Text(r.Inputs, "path"); path != "" {
			return path
		}
		return plain.Text(r.Inputs, "type")
	}
	return r.Name
}

// Create writes over what is there, as Vault does.
func (v *server) Create(r *provider.Request) (string, map[string]any, error) {
	if err := v.refuse(r); err != nil {
		return "", nil, err
	}
	id := v.idOf(r)
	return id, r.Inputs, v.world.Put(world.Object{Package: "vault", Type: r.Type, ID: id, Inputs: r.Inputs, State: r.Inputs})
}

func (v *server) Preview(r *provider.Request) (map[string]any, error) {
	return plain.Overlay(r.State, r.Inputs), nil
}

func (v *server) Read(r *provider.Request) (string, map[string]any, map[string]any, error) {
	return provider.Read(v.world, "vault", r)
}

func (v *server) Update(r *provider.Request) (map[string]any, error) {
	_, state, err := v.Create(r)
	return state, err
}

func (v *server) Delete(r *provider.Request) error { return v.world.Delete("vault", r.Type, r.ID) }

func (v *server) Invoke(r *provider.Request) (map[string]any, error) {
	return nil, fmt.Errorf("the stand-in of Vault has no function %s", r.Type)
}
