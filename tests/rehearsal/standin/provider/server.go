package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	plugin  Plugin
	hooks   Hooks
	service Service
	direct  session
}

func (s *server) session(ctx context.Context) *session {
	if tagged, ok := ctx.Value(sessionKey{}).(*session); ok {
		return tagged
	}
	return &s.direct
}

// before lets the options have their say, then takes the time of the call.
func (s *server) before(ctx context.Context, c Call) error {
	c.Package = s.plugin.Package
	if s.hooks.Before != nil {
		if err := s.hooks.Before(c); err != nil {
			return status.Error(codes.Unknown, err.Error())
		}
	}
	if s.hooks.Latency == nil {
		return nil
	}
	timer := time.NewTimer(s.hooks.Latency(c.Type, c.Method))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *server) after(c Call) {
	if s.hooks.After != nil {
		s.hooks.After(c)
	}
}

func (s *server) request(ctx context.Context, urn, id string) *Request {
	parts := strings.Split(urn, "::")
	r := &Request{Context: ctx, Config: s.session(ctx).config, URN: urn, ID: id}
	if len(parts) >= 4 {
		types := strings.Split(parts[2], "$")
		r.Type, r.Name = types[len(types)-1], strings.Join(parts[3:], "::")
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

func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.plugin.Version}, nil
}

func (s *server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":%q,"version":%q}`, s.plugin.Package, s.plugin.Version)}, nil
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
	return diff(Unwire(old), Unwire(r.GetNews()), func(path string) bool { return path == "clusterIdentifier" }), nil
}

func (s *server) Configure(ctx context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	config := Unwire(r.GetArgs())
	s.session(ctx).config = config
	if err := s.service.Configure(config); err != nil {
		return nil, err
	}
	return &pulumirpc.ConfigureResponse{SupportsPreview: true}, nil
}

func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (s *server) Check(ctx context.Context, in *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	r := s.request(ctx, in.GetUrn(), "")
	r.Inputs, r.Old = Unwire(in.GetNews()), Unwire(in.GetOlds())
	failures := s.service.Check(r)
	inputs, err := Wire(r.Inputs)
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures}, err
}

func (s *server) Diff(ctx context.Context, in *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	r := s.request(ctx, in.GetUrn(), in.GetId())
	r.Inputs, r.Old, r.State = Unwire(in.GetNews()), Unwire(in.GetOldInputs()), Unwire(in.GetOlds())
	if in.GetOldInputs() == nil {
		r.Old = r.State
	}
	if comparer, ok := s.service.(Comparer); ok {
		r.Old = comparer.Compared(r)
	}
	return diff(r.Old, r.Inputs, func(path string) bool { return s.service.Replaces(r, path) }), nil
}

func (s *server) Create(ctx context.Context, in *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	r := s.request(ctx, in.GetUrn(), "")
	r.Inputs, r.Timeout = Unwire(in.GetProperties()), seconds(in.GetTimeout())
	if in.GetPreview() {
		state, err := s.service.Preview(r)
		if err != nil {
			return nil, err
		}
		out, err := Wire(state)
		return &pulumirpc.CreateResponse{Properties: out}, err
	}
	call := Call{Package: s.plugin.Package, Method: "Create", Type: r.Type, Name: r.Name, URN: r.URN}
	if err := s.before(ctx, call); err != nil {
		return nil, err
	}
	id, state, err := s.service.Create(r)
	s.after(call)
	if err != nil {
		return nil, failure(err)
	}
	out, err := Wire(state)
	return &pulumirpc.CreateResponse{Id: id, Properties: out}, err
}

func (s *server) Read(ctx context.Context, in *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	r := s.request(ctx, in.GetUrn(), in.GetId())
	r.Old, r.State = Unwire(in.GetInputs()), Unwire(in.GetProperties())
	id, inputs, state, err := s.service.Read(r)
	if err != nil {
		return nil, failure(err)
	}
	if state == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	wiredInputs, err := Wire(inputs)
	if err != nil {
		return nil, err
	}
	wired, err := Wire(state)
	return &pulumirpc.ReadResponse{Id: id, Inputs: wiredInputs, Properties: wired}, err
}

func (s *server) Update(ctx context.Context, in *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	r := s.request(ctx, in.GetUrn(), in.GetId())
	r.Inputs, r.Old, r.State, r.Timeout = Unwire(in.GetNews()), Unwire(in.GetOldInputs()), Unwire(in.GetOlds()), seconds(in.GetTimeout())
	if in.GetPreview() {
		state, err := s.service.Preview(r)
		if err != nil {
			return nil, err
		}
		out, err := Wire(state)
		return &pulumirpc.UpdateResponse{Properties: out}, err
	}
	call := Call{Package: s.plugin.Package, Method: "Update", Type: r.Type, Name: r.Name, URN: r.URN}
	if err := s.before(ctx, call); err != nil {
		return nil, err
	}
	state, err := s.service.Update(r)
	s.after(call)
	if err != nil {
		return nil, failure(err)
	}
	out, err := Wire(state)
	return &pulumirpc.UpdateResponse{Properties: out}, err
}

func (s *server) Delete(ctx context.Context, in *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	r := s.request(ctx, in.GetUrn(), in.GetId())
	r.Old, r.State, r.Timeout = Unwire(in.GetOldInputs()), Unwire(in.GetProperties()), seconds(in.GetTimeout())
	call := Call{Package: s.plugin.Package, Method: "Delete", Type: r.Type, Name: r.Name, URN: r.URN}
	if err := s.before(ctx, call); err != nil {
		return nil, err
	}
	err := s.service.Delete(r)
	s.after(call)
	if err != nil {
		return nil, failure(err)
	}
	return &emptypb.Empty{}, nil
}

func (s *server) Invoke(ctx context.Context, in *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	r := &Request{Context: ctx, Config: s.session(ctx).config, Type: in.GetTok(), Inputs: Unwire(in.GetArgs())}
	if err := s.before(ctx, Call{Method: "Invoke", Type: r.Type}); err != nil {
		return nil, err
	}
	answer, err := s.service.Invoke(r)
	if err != nil {
		return nil, failure(err)
	}
	out, err := Wire(answer)
	return &pulumirpc.InvokeResponse{Return: out}, err
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
