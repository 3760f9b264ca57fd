package provider

import (
	"context"
	"net"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// A Plugin is what a stand-in says that it is: the package, and the version
// that the program asks for.
type Plugin struct{ Package, Version string }

// Serve starts a stand-in on loopback. PULUMI_DEBUG_PROVIDERS=PACKAGE:PORT
// attaches the engine to it. It runs until stop is called or the context ends.
func Serve(ctx context.Context, plugin Plugin, service Service, hooks Hooks) (port int, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	const limit = 64 << 20
	g := grpc.NewServer(grpc.StatsHandler(sessions{}), grpc.MaxRecvMsgSize(limit), grpc.MaxSendMsgSize(limit))
	pulumirpc.RegisterResourceProviderServer(g, &server{plugin: plugin, hooks: hooks, service: service})
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if worker, ok := service.(Worker); ok {
			worker.Work(ctx)
		}
	}()
	go func() { _ = g.Serve(listener) }()
	go func() { <-ctx.Done(); g.Stop() }()
	return listener.Addr().(*net.TCPAddr).Port, func() { cancel(); g.Stop(); <-done }, nil
}

// A session is one provider instance of the engine: it has a connection of its
// own, and a configuration.
type session struct{ config map[string]any }

type sessionKey struct{}

type sessions struct{}

func (sessions) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, sessionKey{}, &session{})
}

func (sessions) HandleConn(context.Context, stats.ConnStats)                     {}
func (sessions) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (sessions) HandleRPC(context.Context, stats.RPCStats)                       {}
