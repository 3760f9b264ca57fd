package apiserver_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver/apiservertest"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
)

func TestAServerThatTheKubeconfigDoesNotVouchForIsRefused(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	_, err := apiserver.Connect(t.Context(), apiservertest.Kubeconfig(t, server, false))
	providertest.Refused(t, err, "certificate")
}

func TestABrokenKubeconfigIsNotQuoted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte("users: [{name: u, user: {token: hidden"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := apiserver.Connect(t.Context(), file)
	providertest.Refused(t, err, "cannot be read")
	if strings.Contains(err.Error(), "hidden") {
		t.Error(err)
	}
	_, err = apiserver.Connect(t.Context(), file+"-none")
	providertest.Refused(t, err, "no such file")
}
