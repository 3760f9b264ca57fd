// Package standin serves the four providers of the program on this machine.
// Each is a gRPC ResourceProvider that the Pulumi engine attaches to, and keeps
// its objects in a world. It behaves like the service where that matters to
// this program, and is no general emulator.
package standin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

// A Call is one that a provider was asked for.
type Call struct {
	Package string
	// Method is Create, Update, Delete or Invoke.
	Method string
	// Type is the resource's, or the function's token.
	Type string
	// Name and URN of the resource; of an Invoke they are empty.
	Name, URN string
}

// Options of a stand-in. The zero value is ready to use.
type Options struct {
	// Before is called before the service is; its error is the provider's.
	// It is not called in a preview, but for Invoke.
	Before func(Call) error
	// After is called when the service has done it, before the engine hears so.
	After func(Call)
	// Latency is slept before the service answers.
	Latency func(resourceType, method string) time.Duration
	// Clock is that of the operator and of everything that waits. Default:
	// operator.Scaled(200): half an hour takes nine seconds. With an APIServer,
	// which keeps its own time, operator.Scaled(10).
	Clock operator.Clock
	// APIServer is a real one that the kubernetes stand-in works on; nil: the
	// world is the cluster. Only Helm releases stay in the world.
	APIServer *APIServer
	// Account of AWS. Default 111122223333.
	Account string
	// Log gets one line for each call.
	Log func(string)
}

// Serve starts the stand-in of a package on loopback. PULUMI_DEBUG_PROVIDERS=pkg:port
// attaches the engine to it. It runs until stop is called or the context ends.
func Serve(ctx context.Context, pkg string, w *world.World, o Options) (port int, stop func(), err error) {
	s, err := newServer(pkg, w, o)
	if err != nil {
		return 0, nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	const limit = 64 << 20
	g := grpc.NewServer(grpc.StatsHandler(sessions{}), grpc.MaxRecvMsgSize(limit), grpc.MaxSendMsgSize(limit))
	pulumirpc.RegisterResourceProviderServer(g, s)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if k, ok := s.service.(*kubernetes); ok {
			operator.Run(ctx, k.store(ctx), w, s.o.Clock, k.operatorVersion)
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

// A service is what is behind a provider.
type service interface {
	// configure judges the provider's configuration.
	configure(config map[string]any) error
	// check judges inputs, and completes them. Values may be unknown.
	check(r *request) []*pulumirpc.CheckFailure
	// replaces says whether a change at a path means another resource.
	replaces(r *request, path string) bool
	create(r *request) (id string, state map[string]any, err error)
	// preview is create or update without doing it; state is what would be
	// known. It may refuse what the service would refuse in a dry run.
	preview(r *request) (state map[string]any, err error)
	// read returns no state when there is nothing of that ID.
	read(r *request) (id string, inputs, state map[string]any, err error)
	update(r *request) (state map[string]any, err error)
	delete(r *request) error
	invoke(r *request) (map[string]any, error)
}

// A request is what all methods of a service get.
type request struct {
	ctx     context.Context
	session *session
	typ     string
	name    string
	urn     string
	id      string
	// inputs are the new ones; old those of before; state the outputs of before.
	inputs, old, state map[string]any
	// timeout of customTimeouts, 0 when there is none.
	timeout time.Duration
}

// An initError is of a resource that exists and is not as it should be.
type initError struct {
	id            string
	inputs, state map[string]any
	reason        string
}

func (e *initError) Error() string { return e.reason }

type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	pkg     string
	o       Options
	service service
	direct  session
}

func newServer(pkg string, w *world.World, o Options) (*server, error) {
	if o.Clock == nil {
		o.Clock = operator.Scaled(200)
		if o.APIServer != nil {
			o.Clock = operator.Scaled(10)
		}
	}
	if o.Account == "" {
		o.Account = "111122223333"
	}
	s := &server{pkg: pkg, o: o}
	switch pkg {
	case "aws":
		s.service = newAWS(w, o)
	case "kubernetes":
		s.service = &kubernetes{world: w, clock: o.Clock, server: o.APIServer}
	case "vault":
		s.service = &vault{world: w}
	case "datadog":
		s.service = &datadog{world: w}
	default:
		return nil, fmt.Errorf("there is no stand-in of package %q", pkg)
	}
	return s, nil
}

func (s *server) session(ctx context.Context) *session {
	if tagged, ok := ctx.Value(sessionKey{}).(*session); ok {
		return tagged
	}
	return &s.direct
}

// before lets the options have their say, then takes the time of the call.
func (s *server) before(ctx context.Context, c Call) error {
	c.Package = s.pkg
	if s.o.Log != nil {
		s.o.Log(fmt.Sprintf("%s %s %s", c.Method, c.Type, c.Name))
	}
	if s.o.Before != nil {
		if err := s.o.Before(c); err != nil {
			return status.Error(codes.Unknown, err.Error())
		}
	}
	if s.o.Latency == nil {
		return nil
	}
	timer := time.NewTimer(s.o.Latency(c.Type, c.Method))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *server) after(c Call) {
	if s.o.After != nil {
		s.o.After(c)
	}
}

func (s *server) request(ctx context.Context, urn, id string) *request {
	parts := strings.Split(urn, "::")
	r := &request{ctx: ctx, session: s.session(ctx), urn: urn, id: id}
	if len(parts) >= 4 {
		types := strings.Split(parts[2], "$")
		r.typ, r.name = types[len(types)-1], strings.Join(parts[3:], "::")
	}
	return r
}

// Handshake refuses secrets, outputs and resources: the engine then sends plain
// values, and marks what was secret itself.
func (s *server) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{}, nil
}

func (s *server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// versions of the plugins that the program asks for.
var versions = map[string]string{"aws": "6.83.2", "kubernetes": "4.30.0", "vault": "6.7.4", "datadog": "4.68.0"}

func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: versions[s.pkg]}, nil
}

func (s *server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":%q,"version":%q}`, s.pkg, versions[s.pkg])}, nil
}

func (s *server) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

// DiffConfig asks for no replacement: another identity is for clusterIdentifier to say.
func (s *server) DiffConfig(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	old := r.GetOldInputs()
	if old == nil {
		old = r.GetOlds()
	}
	return diff(plain(old), plain(r.GetNews()), func(path string) bool { return path == "clusterIdentifier" }), nil
}

func (s *server) Configure(ctx context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	config := plain(r.GetArgs())
	s.session(ctx).config = config
	if err := s.service.configure(config); err != nil {
		return nil, err
	}
	return &pulumirpc.ConfigureResponse{SupportsPreview: true}, nil
}

func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (s *server) Check(ctx context.Context, in *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	r := s.request(ctx, in.GetUrn(), "")
	r.inputs, r.old = plain(in.GetNews()), plain(in.GetOlds())
	failures := s.service.check(r)
	inputs, err := wire(r.inputs)
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures}, err
}

func (s *server) Diff(ctx context.Context, in *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	r := s.request(ctx, in.GetUrn(), in.GetId())
	r.inputs, r.old, r.state = plain(in.GetNews()), plain(in.GetOldInputs()), plain(in.GetOlds())
	if in.GetOldInputs() == nil {
		r.old = r.state
	}
	if k, ok := s.service.(*kubernetes); ok && k.onServer(r) {
		// As the plugin: what was asked for, with the values that the server gave back.
		r.old, _ = project(r.old, r.state).(map[string]any)
	}
	return diff(r.old, r.inputs, func(path string) bool { return s.service.replaces(r, path) }), nil
}

func (s *server) Create(ctx context.Context, in *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	r := s.request(ctx, in.GetUrn(), "")
	r.inputs, r.timeout = plain(in.GetProperties()), seconds(in.GetTimeout())
	if in.GetPreview() {
		state, err := s.service.preview(r)
		if err != nil {
			return nil, err
		}
		out, err := wire(state)
		return &pulumirpc.CreateResponse{Properties: out}, err
	}
	call := Call{Package: s.pkg, Method: "Create", Type: r.typ, Name: r.name, URN: r.urn}
	if err := s.before(ctx, call); err != nil {
		return nil, err
	}
	id, state, err := s.service.create(r)
	s.after(call)
	if err != nil {
		return nil, failure(err)
	}
	out, err := wire(state)
	return &pulumirpc.CreateResponse{Id: id, Properties: out}, err
}

func (s *server) Read(ctx context.Context, in *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	r := s.request(ctx, in.GetUrn(), in.GetId())
	r.old, r.state = plain(in.GetInputs()), plain(in.GetProperties())
	id, inputs, state, err := s.service.read(r)
	if err != nil {
		return nil, failure(err)
	}
	if state == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	wiredInputs, err := wire(inputs)
	if err != nil {
		return nil, err
	}
	wired, err := wire(state)
	return &pulumirpc.ReadResponse{Id: id, Inputs: wiredInputs, Properties: wired}, err
}

func (s *server) Update(ctx context.Context, in *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	r := s.request(ctx, in.GetUrn(), in.GetId())
	r.inputs, r.old, r.state, r.timeout = plain(in.GetNews()), plain(in.GetOldInputs()), plain(in.GetOlds()), seconds(in.GetTimeout())
	if in.GetPreview() {
		state, err := s.service.preview(r)
		if err != nil {
			return nil, err
		}
		out, err := wire(state)
		return &pulumirpc.UpdateResponse{Properties: out}, err
	}
	call := Call{Package: s.pkg, Method: "Update", Type: r.typ, Name: r.name, URN: r.urn}
	if err := s.before(ctx, call); err != nil {
		return nil, err
	}
	state, err := s.service.update(r)
	s.after(call)
	if err != nil {
		return nil, failure(err)
	}
	out, err := wire(state)
	return &pulumirpc.UpdateResponse{Properties: out}, err
}

func (s *server) Delete(ctx context.Context, in *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	r := s.request(ctx, in.GetUrn(), in.GetId())
	r.old, r.state, r.timeout = plain(in.GetOldInputs()), plain(in.GetProperties()), seconds(in.GetTimeout())
	call := Call{Package: s.pkg, Method: "Delete", Type: r.typ, Name: r.name, URN: r.urn}
	if err := s.before(ctx, call); err != nil {
		return nil, err
	}
	err := s.service.delete(r)
	s.after(call)
	if err != nil {
		return nil, failure(err)
	}
	return &emptypb.Empty{}, nil
}

func (s *server) Invoke(ctx context.Context, in *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	r := &request{ctx: ctx, session: s.session(ctx), typ: in.GetTok(), inputs: plain(in.GetArgs())}
	if err := s.before(ctx, Call{Method: "Invoke", Type: r.typ}); err != nil {
		return nil, err
	}
	answer, err := s.service.invoke(r)
	if err != nil {
		return nil, failure(err)
	}
	out, err := wire(answer)
	return &pulumirpc.InvokeResponse{Return: out}, err
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// failure carries an initError with the resource, so that the engine keeps it.
func failure(err error) error {
	var partial *initError
	if !errors.As(err, &partial) {
		return status.Error(codes.Unknown, err.Error())
	}
	state, wireErr := wire(partial.state)
	if wireErr != nil {
		return wireErr
	}
	inputs, wireErr := wire(partial.inputs)
	if wireErr != nil {
		return wireErr
	}
	with, detailErr := status.New(codes.Unknown, partial.reason).WithDetails(&pulumirpc.ErrorResourceInitFailed{
		Id: partial.id, Properties: state, Inputs: inputs, Reasons: []string{partial.reason},
	})
	if detailErr != nil {
		return detailErr
	}
	return with.Err()
}

// plain is a struct as Go values, without its nulls.
func plain(s *structpb.Struct) map[string]any {
	m := s.AsMap()
	dropNulls(m)
	return m
}

func dropNulls(m map[string]any) {
	for key, value := range m {
		switch value := value.(type) {
		case nil:
			delete(m, key)
		case map[string]any:
			dropNulls(value)
		case []any:
			for _, element := range value {
				if inner, ok := element.(map[string]any); ok {
					dropNulls(inner)
				}
			}
		}
	}
}

func wire(m map[string]any) (*structpb.Struct, error) { return structpb.NewStruct(m) }

// unknownValues are the engine's marks of values that are not known yet;
// each kind of value has its own.
var unknownValues = []string{
	"1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
	"04da6b54-80e4-46f7-96ec-b56ff0331ba9", "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
	"030794c1-ac77-496b-92df-f27374a8bd58", "e48ece36-62e2-4504-bad9-02848725956a", "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}

func unknown(value any) bool {
	text, ok := value.(string)
	return ok && slices.Contains(unknownValues, text)
}

// overlay returns base with what is in more on top, one level deep.
func overlay(base, more map[string]any) map[string]any {
	over := maps.Clone(base)
	if over == nil {
		over = map[string]any{}
	}
	maps.Copy(over, more)
	return over
}

// text at a path of keys; empty where there is none.
func text(m map[string]any, path ...string) string {
	value, _ := at(m, path...).(string)
	return value
}

func at(m map[string]any, path ...string) any {
	var value any = m
	for _, key := range path {
		inner, _ := value.(map[string]any)
		value = inner[key]
	}
	return value
}

func fail(property, reason string, args ...any) *pulumirpc.CheckFailure {
	return &pulumirpc.CheckFailure{Property: property, Reason: fmt.Sprintf(reason, args...)}
}
