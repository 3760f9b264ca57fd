// Package apiserver talks to a real API server, as far as the stand-in of
// Kubernetes needs it: the kubeconfig, discovery, server-side apply. It keeps
// nothing of what it reads.
package apiserver

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"flink-payments/tests/rehearsal/standin/plain"
)

// A Server is an API server.
type Server struct {
	// File is the kubeconfig's absolute path, Context its current one.
	File, Context string

	server *url.URL
	http   *http.Client

	lock sync.Mutex
	// mapped are the resources of a group and version, by kind.
	mapped map[string]map[string]apiResource
}

type apiResource struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Namespaced bool   `json:"namespaced"`
}

// A refusal is the API server's answer when it refuses.
type refusal struct {
	code            int
	reason, message string
}

func (e *refusal) Error() string { return e.message }

// Refused says whether the server answered with a status code.
func Refused(err error, code int) bool {
	var refused *refusal
	return errors.As(err, &refused) && refused.code == code
}

// Host names the server, in words that fit into a file name.
func (a *Server) Host() string { return strings.ReplaceAll(a.server.Host, ":", "-") }

const (
	jsonBody  = "application/json"
	applyBody = "application/apply-patch+yaml" // JSON is YAML
	mergeBody = "application/merge-patch+json"
)

// do is one request; what the server refuses is a *refusal.
func (a *Server) do(ctx context.Context, method, path string, query url.Values, contentType string, body any) (map[string]any, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	to := *a.server
	to.Path, to.RawQuery = strings.TrimSuffix(to.Path, "/")+path, query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, to.String(), content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", jsonBody)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	received, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var answer map[string]any
	decoded := json.Unmarshal(received, &answer)
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, &refusal{response.StatusCode, plain.Text(answer, "reason"),
			cmp.Or(plain.Text(answer, "message"), method+" "+path+": "+response.Status)}
	}
	return answer, decoded
}

// ErrNoMatch is of a kind that the server does not have.
var ErrNoMatch = errors.New("no matches for kind")

// GroupKind takes a type apart: kubernetes:apps/v1:Deployment is apps/v1 and Deployment.
func GroupKind(typ string) (groupVersion, kind string) {
	parts := strings.Split(typ, ":")
	return parts[1], parts[len(parts)-1]
}

// path of an object's collection, by discovery; ErrNoMatch: the server has no such kind.
func (a *Server) collection(ctx context.Context, typ, namespace string) (string, error) {
	groupVersion, kind := GroupKind(typ)
	base := "/apis/" + groupVersion
	if version, core := strings.CutPrefix(groupVersion, "core/"); core {
		base = "/api/" + version
	}
	resource, err := a.mapping(ctx, base, kind)
	if err != nil {
		return "", err
	}
	if resource.Namespaced && namespace != "" {
		base += "/namespaces/" + namespace
	}
	return base + "/" + resource.Name, nil
}

// mapping is asked of the server again for a kind that it did not have before.
func (a *Server) mapping(ctx context.Context, base, kind string) (apiResource, error) {
	a.lock.Lock()
	known, there := a.mapped[base][kind]
	a.lock.Unlock()
	if there {
		return known, nil
	}
	noMatch := fmt.Errorf("%w %q in version %q", ErrNoMatch, kind, strings.TrimPrefix(base, "/apis/"))
	answer, err := a.do(ctx, http.MethodGet, base, nil, "", nil)
	if Refused(err, http.StatusNotFound) {
		return apiResource{}, noMatch
	}
	if err != nil {
		return apiResource{}, err
	}
	byKind := map[string]apiResource{}
	list, _ := answer["resources"].([]any)
	for _, entry := range list {
		one, _ := entry.(map[string]any)
		resource := apiResource{Name: plain.Text(one, "name"), Kind: plain.Text(one, "kind"), Namespaced: one["namespaced"] == true}
		if !strings.Contains(resource.Name, "/") {
			byKind[resource.Kind] = resource
		}
	}
	a.lock.Lock()
	a.mapped[base] = byKind
	a.lock.Unlock()
	if known, there = byKind[kind]; !there {
		return apiResource{}, noMatch
	}
	return known, nil
}

// path of one object, from Pulumi's ID: NAMESPACE/NAME or NAME.
func (a *Server) path(ctx context.Context, typ, id string) (string, error) {
	namespace, name, namespaced := strings.Cut(id, "/")
	if !namespaced {
		namespace, name = "", id
	}
	base, err := a.collection(ctx, typ, namespace)
	return base + "/" + name, err
}

func (a *Server) forget(typ string) {
	groupVersion, _ := GroupKind(typ)
	a.lock.Lock()
	defer a.lock.Unlock()
	delete(a.mapped, "/apis/"+groupVersion)
}

// Serves asks the API server for its kinds anew.
func (a *Server) Serves(ctx context.Context, typ string) bool {
	a.forget(typ)
	_, err := a.collection(ctx, typ, "")
	return err == nil
}
