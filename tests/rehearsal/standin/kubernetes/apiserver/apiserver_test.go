package apiserver_test

import (
	"net/http"
	"net/http/httptest"
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
