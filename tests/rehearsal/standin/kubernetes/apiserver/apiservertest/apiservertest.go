// Package apiservertest finds API servers for tests: one of httptest, or a real one.
package apiservertest

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
)

// Kubeconfig of a TLS server, with its CA or none; the token is "hidden".
func Kubeconfig(t testing.TB, server *httptest.Server, authority bool) string {
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

// Lab is the real API server that KUBECONFIG_LAB names; the test is skipped without one.
func Lab(t testing.TB) *apiserver.Server {
	t.Helper()
	file := os.Getenv("KUBECONFIG_LAB")
	if file == "" {
		t.Skip("KUBECONFIG_LAB names no kubeconfig of a cluster that may be written to")
	}
	server, err := apiserver.Connect(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return server
}
