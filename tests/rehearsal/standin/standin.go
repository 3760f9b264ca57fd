// Package standin serves the four providers of the program on this machine,
// around one world. Each behaves like its service where that matters to this
// program, and is no general emulator; they are in packages of their own.
package standin

import (
	"context"
	"fmt"

	"flink-payments/tests/rehearsal/standin/aws"
	"flink-payments/tests/rehearsal/standin/datadog"
	"flink-payments/tests/rehearsal/standin/kubernetes"
	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver"
	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/standin/vault"
	"flink-payments/tests/rehearsal/world"
)

// Packages have a stand-in each.
var Packages = []string{"aws", "datadog", "kubernetes", "vault"}

// Options of a stand-in. The zero value is ready to use.
type Options struct {
	provider.Hooks
	// Clock is that of the operator and of everything that waits. Default:
	// operator.Scaled(200): half an hour takes nine seconds. With an APIServer,
	// which keeps its own time, operator.Scaled(10).
	Clock operator.Clock
	// APIServer is a real one that the kubernetes stand-in works on; nil: the
	// world is the cluster. Only Helm releases stay in the world.
	APIServer *apiserver.Server
}

// versions of the plugins that the program asks for.
var versions = map[string]string{"aws": "6.83.4", "kubernetes": "4.32.0", "vault": "6.7.4", "datadog": "4.68.0"}

// Serve starts the stand-in of a package on loopback, as provider.Serve does.
func Serve(ctx context.Context, pkg string, w *world.World, o Options) (port int, stop func(), err error) {
	var service provider.Service
	switch pkg {
	case "aws":
		service = aws.New(w)
	case "kubernetes":
		clock := o.Clock
		if clock == nil && o.APIServer != nil {
			clock = operator.Scaled(10)
		} else if clock == nil {
			clock = operator.Scaled(200)
		}
		service = kubernetes.New(w, clock, o.APIServer)
	case "vault":
		service = vault.New(w)
	case "datadog":
		service = datadog.New(w)
	default:
		return 0, nil, fmt.Errorf("there is no stand-in of package %q", pkg)
	}
	return provider.Serve(ctx, provider.Plugin{Package: pkg, Version: versions[pkg]}, service, o.Hooks)
}
