package standin

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"
)

// An APIServer is a real one, which the kubernetes stand-in then works on.
type APIServer struct {
	// File is the kubeconfig's absolute path, Context its current one.
	File, Context string

	server *url.URL
	http   *http.Client
	token  string

	lock sync.Mutex
	// mapped are the resources of a group and version, by kind.
	mapped map[string]map[string]apiResource
}

type apiResource struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Namespaced bool   `json:"namespaced"`
}

// A statusError is the API server's answer when it refuses.
type statusError struct {
	code            int
	reason, message string
}

func (e *statusError) Error() string { return e.message }

func refusedWith(err error, code int) bool {
	var refusal *statusError
	return errors.As(err, &refusal) && refusal.code == code
}

// Connect reads a kubeconfig, its current context alone: a server, and a token
// or a client certificate. It asks the server for its version.
func Connect(ctx context.Context, file string) (*APIServer, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	var config kubeconfigFile
	if yaml.Unmarshal(content, &config) != nil {
		return nil, fmt.Errorf("kubeconfig %s: it is not YAML", file) // the parser's error may quote a token
	}
	a := &APIServer{File: file, Context: config.Current, mapped: map[string]map[string]apiResource{}}
	if err := a.dial(config); err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", file, err)
	}
	if _, err := a.do(ctx, http.MethodGet, "/version", nil, "", nil); err != nil {
		return nil, fmt.Errorf("API server %s: %w", a.server.Host, err)
	}
	return a, nil
}

type kubeconfigFile struct {
	Current  string `yaml:"current-context"`
	Clusters []struct {
		Name    string
		Cluster struct {
			Server    string
			Insecure  bool   `yaml:"insecure-skip-tls-verify"`
			Authority string `yaml:"certificate-authority"`
			Data      string `yaml:"certificate-authority-data"`
		}
	}
	Contexts []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Users []struct {
		Name string
		User struct {
			Token           string
			TokenFile       string `yaml:"tokenFile"`
			Certificate     string `yaml:"client-certificate"`
			CertificateData string `yaml:"client-certificate-data"`
			Key             string `yaml:"client-key"`
			KeyData         string `yaml:"client-key-data"`
		}
	}
}

func (a *APIServer) dial(config kubeconfigFile) error {
	var cluster, user string
	for _, c := range config.Contexts {
		if c.Name == config.Current {
			cluster, user = c.Context.Cluster, c.Context.User
		}
	}
	security := &tls.Config{MinVersion: tls.VersionTLS12}
	for _, c := range config.Clusters {
		if c.Name != cluster {
			continue
		}
		var err error
		if a.server, err = url.Parse(c.Cluster.Server); err != nil || a.server.Host == "" {
			return fmt.Errorf("the server %q is not a URL", c.Cluster.Server)
		}
		security.InsecureSkipVerify = c.Cluster.Insecure
		authority, err := a.pem(c.Cluster.Data, c.Cluster.Authority)
		if err != nil {
			return err
		}
		if len(authority) > 0 {
			security.RootCAs = x509.NewCertPool()
			if !security.RootCAs.AppendCertsFromPEM(authority) {
				return errors.New("the certificate authority is not PEM")
			}
		}
	}
	if a.server == nil {
		return fmt.Errorf("its current context %q names no cluster", config.Current)
	}
	for _, u := range config.Users {
		if u.Name != user {
			continue
		}
		if a.token = u.User.Token; a.token == "" && u.User.TokenFile != "" {
			content, err := a.pem("", u.User.TokenFile)
			if err != nil {
				return err
			}
			a.token = strings.TrimSpace(string(content))
		}
		certificate, err := a.pem(u.User.CertificateData, u.User.Certificate)
		if err != nil {
			return err
		}
		key, err := a.pem(u.User.KeyData, u.User.Key)
		if err != nil {
			return err
		}
		if len(certificate) > 0 {
			pair, err := tls.X509KeyPair(certificate, key)
			if err != nil {
				return fmt.Errorf("the client certificate: %w", err)
			}
			security.Certificates = []tls.Certificate{pair}
		}
		if a.token == "" && len(certificate) == 0 {
			return fmt.Errorf("the user %q has neither a token nor a client certificate", user)
		}
	}
	a.http = &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{TLSClientConfig: security, ForceAttemptHTTP2: true}}
	return nil
}

// pem is what a kubeconfig holds in base64, or in a file.
func (a *APIServer) pem(data, file string) ([]byte, error) {
	if data != "" || file == "" {
		return base64.StdEncoding.DecodeString(data)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(a.File), file)
	}
	return os.ReadFile(file)
}

// Host names the server, in words that fit into a file name.
func (a *APIServer) Host() string { return strings.ReplaceAll(a.server.Host, ":", "-") }

const (
	jsonBody  = "application/json"
	applyBody = "application/apply-patch+yaml" // JSON is YAML
	mergeBody = "application/merge-patch+json"
)

// do is one request; what the server refuses is a *statusError.
func (a *APIServer) do(ctx context.Context, method, path string, query url.Values, contentType string, body any) (map[string]any, error) {
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
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
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
		return nil, &statusError{response.StatusCode, text(answer, "reason"),
			cmp.Or(text(answer, "message"), method+" "+path+": "+response.Status)}
	}
	return answer, decoded
}

// path of an object's collection, by discovery; errNoMatch: the server has no such kind.
func (a *APIServer) collection(ctx context.Context, typ, namespace string) (string, error) {
	groupVersion, kind := group(typ)
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
func (a *APIServer) mapping(ctx context.Context, base, kind string) (apiResource, error) {
	a.lock.Lock()
	known, there := a.mapped[base][kind]
	a.lock.Unlock()
	if there {
		return known, nil
	}
	noMatch := fmt.Errorf("%w %q in version %q", errNoMatch, kind, strings.TrimPrefix(base, "/apis/"))
	answer, err := a.do(ctx, http.MethodGet, base, nil, "", nil)
	if refusedWith(err, http.StatusNotFound) {
		return apiResource{}, noMatch
	}
	if err != nil {
		return apiResource{}, err
	}
	byKind := map[string]apiResource{}
	list, _ := answer["resources"].([]any)
	for _, entry := range list {
		one, _ := entry.(map[string]any)
		resource := apiResource{Name: text(one, "name"), Kind: text(one, "kind"), Namespaced: one["namespaced"] == true}
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
func (a *APIServer) path(ctx context.Context, typ, id string) (string, error) {
	namespace, name, namespaced := strings.Cut(id, "/")
	if !namespaced {
		namespace, name = "", id
	}
	base, err := a.collection(ctx, typ, namespace)
	return base + "/" + name, err
}

// get returns no object when there is none, or no such kind.
func (a *APIServer) get(ctx context.Context, typ, id string) (map[string]any, error) {
	path, err := a.path(ctx, typ, id)
	if errors.Is(err, errNoMatch) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	object, err := a.do(ctx, http.MethodGet, path, nil, "", nil)
	if refusedWith(err, http.StatusNotFound) {
		// The kind may be gone with its CRD, and come back as another.
		a.forget(typ)
		return nil, nil
	}
	return trimmed(object), err
}

func (a *APIServer) forget(typ string) {
	groupVersion, _ := group(typ)
	a.lock.Lock()
	defer a.lock.Unlock()
	delete(a.mapped, "/apis/"+groupVersion)
}

// list returns all objects of a kind; none where the server has no such kind.
func (a *APIServer) list(ctx context.Context, typ string) ([]map[string]any, error) {
	path, err := a.collection(ctx, typ, "")
	if errors.Is(err, errNoMatch) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	answer, err := a.do(ctx, http.MethodGet, path, nil, "", nil)
	if refusedWith(err, http.StatusNotFound) {
		a.forget(typ)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	items, _ := answer["items"].([]any)
	var objects []map[string]any
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, trimmed(object))
		}
	}
	return objects, nil
}

// trimmed drops managedFields: they are as long as the object, and say nothing to Pulumi.
func trimmed(object map[string]any) map[string]any {
	if meta, ok := object["metadata"].(map[string]any); ok {
		delete(meta, "managedFields")
	}
	return object
}

// An application is one server-side apply.
type application struct {
	manager string
	// force takes fields over from other managers; without it they are a conflict.
	force, dryRun bool
}

func (p application) query() url.Values {
	// The plugin asks for warnings only. A field that the server would drop in
	// silence is a mistake of the program, which a rehearsal is for.
	query := url.Values{"fieldManager": {p.manager}, "fieldValidation": {"Strict"}}
	if p.dryRun {
		query.Set("dryRun", "All")
	}
	return query
}

// apply makes the object, or lays it over the one that is there.
func (a *APIServer) apply(ctx context.Context, typ, id string, object map[string]any, p application) (map[string]any, error) {
	path, err := a.path(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	query := p.query()
	query.Set("force", fmt.Sprint(p.force))
	live, err := a.do(ctx, http.MethodPatch, path, query, applyBody, object)
	return trimmed(live), err
}

// applyStatus writes the status subresource: nothing else of the object changes.
func (a *APIServer) applyStatus(ctx context.Context, typ, id string, object map[string]any, manager string) error {
	path, err := a.path(ctx, typ, id)
	if err != nil {
		return err
	}
	query := application{manager: manager}.query()
	query.Set("force", "true")
	_, err = a.do(ctx, http.MethodPatch, path+"/status", query, applyBody, object)
	return err
}

// mayCreate is a creation that the server judges and does not do: of an object
// that is there already it says so, which server-side apply would not.
func (a *APIServer) mayCreate(ctx context.Context, typ, namespace string, object map[string]any, manager string) error {
	path, err := a.collection(ctx, typ, namespace)
	if err != nil {
		return err
	}
	_, err = a.do(ctx, http.MethodPost, path, application{manager: manager, dryRun: true}.query(), jsonBody, object)
	return err
}

// finalize sets the finalizers of an object as it was read, and fails when it has changed since.
func (a *APIServer) finalize(ctx context.Context, typ, id string, read map[string]any, finalizers []any, manager string) error {
	path, err := a.path(ctx, typ, id)
	if err != nil {
		return err
	}
	_, err = a.do(ctx, http.MethodPatch, path, url.Values{"fieldManager": {manager}}, mergeBody, map[string]any{
		"metadata": map[string]any{"finalizers": finalizers, "resourceVersion": at(read, "metadata", "resourceVersion")},
	})
	return err
}

// remove begins a deletion: what the object owns goes before it. It is over
// when get finds nothing.
func (a *APIServer) remove(ctx context.Context, typ, id string) error {
	path, err := a.path(ctx, typ, id)
	if errors.Is(err, errNoMatch) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = a.do(ctx, http.MethodDelete, path, nil, jsonBody, map[string]any{
		"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground",
	})
	if refusedWith(err, http.StatusNotFound) {
		return nil
	}
	return err
}
