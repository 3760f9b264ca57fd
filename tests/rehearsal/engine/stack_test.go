package engine

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// counter is a provider with one resource type, whose creation can be interrupted.
type counter struct {
	pulumirpc.UnimplementedResourceProviderServer
	onCreate func()
}

func (*counter) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true}, nil
}
func (*counter) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
func (*counter) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}
func (*counter) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: `{"name":"counter"}`}, nil
}
func (*counter) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.News}, nil
}
func (*counter) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}
func (*counter) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, AcceptResources: true, AcceptOutputs: true}, nil
}
func (*counter) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.News}, nil
}
func (*counter) Diff(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}
func (c *counter) Create(_ context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if !r.Preview && c.onCreate != nil {
		c.onCreate()
	}
	return &pulumirpc.CreateResponse{Id: "1", Properties: r.Properties}, nil
}
func (*counter) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
func (*counter) Read(_ context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	return &pulumirpc.ReadResponse{Id: r.Id, Properties: r.Properties, Inputs: r.Inputs}, nil
}
func (*counter) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func program(ctx *pulumi.Context) error {
	var one, two pulumi.CustomResourceState
	if err := ctx.RegisterResource("counter:index:Counter", "one", pulumi.Map{"from": pulumi.Int(1)}, &one); err != nil {
		return err
	}
	ctx.Export("from", pulumi.Int(1))
	return ctx.RegisterResource("counter:index:Counter", "two", nil, &two, pulumi.Protect(true), pulumi.DependsOn([]pulumi.Resource{&one}))
}

func testStack(t *testing.T, c *counter) *Stack {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cli, err := FindCLI(t.Context(), filepath.Join(cache, "flink-payments", "rehearsal"), filepath.Join("..", "cli"), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	server, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, c)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(Work(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(Work(dir), "Pulumi.yaml"), []byte("name: test\nruntime: go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{
		CLI: cli, Dir: dir, Name: "dev", Program: program, Providers: map[string]int{"counter": server.Port},
		Passphrase: "p", Out: &bytes.Buffer{}, Color: "never",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnUpdateIsMadeOnceAndProtectedResourcesOutliveDestroy(t *testing.T) {
	s := testStack(t, &counter{})
	up, err := s.Up(t.Context())
	if err != nil || up.Changes["create"] != 3 {
		t.Fatalf("first up: %v, %v\n%s", up.Changes, err, up.Text)
	}
	again, err := s.Preview(t.Context(), "--expect-no-changes")
	if err != nil || again.Changed() {
		t.Fatalf("preview after up: %v, %v", again.Changes, err)
	}
	outputs, err := s.Outputs(t.Context())
	if err != nil || outputs["from"] != 1.0 {
		t.Errorf("outputs: %v, %v", outputs, err)
	}
	if _, err := s.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	state, err := s.State("test")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, r := range state.Resources {
		left = append(left, r.URN.Name())
	}
	if text := strings.Join(left, " "); !strings.Contains(text, "two") {
		t.Errorf("the protected resource is gone; left: %s", text)
	}
}

func TestAKilledEngineIsRecoveredByCancelAndRefresh(t *testing.T) {
	c := &counter{}
	s := testStack(t, c)
	c.onCreate = s.Kill
	if _, err := s.Up(t.Context()); err == nil {
		t.Fatal("up of a killed engine succeeded")
	}
	c.onCreate = nil
	state, err := s.State("test")
	if err != nil || len(state.PendingOperations) != 1 {
		t.Fatalf("pending operations: %v, %v", state.PendingOperations, err)
	}
	if out, err := s.Up(t.Context()); err == nil || !strings.Contains(out.Text, "locked") {
		t.Errorf("the lock of the killed update does not hold: %v\n%s", err, out.Text)
	}
	if err := s.Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, err := s.Refresh(t.Context(), "--clear-pending-creates"); err != nil {
		t.Fatalf("refresh: %v\n%s", err, out.Text)
	}
	if out, err := s.Up(t.Context()); err != nil {
		t.Fatalf("up after cancel and refresh: %v\n%s", err, out.Text)
	}
}
