package apiserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Connect reads a kubeconfig, its current context alone, and asks the server for
// its version.
func Connect(ctx context.Context, file string) (*Server, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(&clientcmd.ClientConfigLoadingRules{ExplicitPath: file}, nil)
	kubeconfig, err := loader.RawConfig()
	if notThere := (*fs.PathError)(nil); errors.As(err, &notThere) {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	} else if err != nil {
		return nil, fmt.Errorf("kubeconfig %s: it cannot be read as one", file) // the parser's error may quote a token
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", file, err)
	}
	config.Timeout = 60 * time.Second
	a := &Server{File: file, Context: kubeconfig.CurrentContext, mapped: map[string]map[string]apiResource{}}
	if a.server, _, err = rest.DefaultServerUrlFor(config); err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", file, err)
	}
	if a.http, err = rest.HTTPClientFor(config); err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", file, err)
	}
	if _, err := a.do(ctx, http.MethodGet, "/version", url.Values{}, "", nil); err != nil {
		return nil, fmt.Errorf("API server %s: %w", a.server.Host, err)
	}
	return a, nil
}
