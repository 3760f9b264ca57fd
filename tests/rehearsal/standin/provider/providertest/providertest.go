// Package providertest talks to a stand-in as the Pulumi engine does, for tests.
package providertest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"flink-payments/tests/rehearsal/standin/provider"
)

// A Client is one configured provider instance.
type Client struct {
	t testing.TB
	pulumirpc.ResourceProviderClient
}

// Connect serves a stand-in until the test ends, and configures it.
func Connect(t testing.TB, service provider.Service, hooks provider.Hooks, config map[string]any) Client {
	t.Helper()
	return Dial(t, Serve(t, service, hooks), config)
}

// Serve serves a stand-in until the test ends.
func Serve(t testing.TB, service provider.Service, hooks provider.Hooks) (port int) {
	t.Helper()
	port, stop, err := provider.Serve(context.Background(), provider.Plugin{Package: "test", Version: "1.0.0"}, service, hooks)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return port
}

// Dial configures an instance of its own of what Serve serves.
func Dial(t testing.TB, port int, config map[string]any) Client {
	t.Helper()
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	client := pulumirpc.NewResourceProviderClient(connection)
	args, err := provider.Wire(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Configure(context.Background(), &pulumirpc.ConfigureRequest{Args: args}); err != nil {
		t.Fatal(err)
	}
	return Client{t, client}
}

func urn(typ string) string { return "urn:pulumi:test::p::" + typ + "::it" }

// Made checks and creates a resource.
func (c Client) Made(typ string, inputs map[string]any) (id string, state map[string]any, err error) {
	c.t.Helper()
	news, err := provider.Wire(inputs)
	if err != nil {
		c.t.Fatal(err)
	}
	checked, err := c.Check(context.Background(), &pulumirpc.CheckRequest{Urn: urn(typ), News: news})
	if err != nil {
		c.t.Fatal(err)
	}
	if len(checked.Failures) > 0 {
		return "", nil, status.Error(codes.InvalidArgument, checked.Failures[0].Reason)
	}
	out, err := c.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn(typ), Properties: checked.Inputs, Timeout: 600})
	if err != nil {
		return "", nil, err
	}
	return out.Id, provider.Unwire(out.Properties), nil
}

// Must is Made of what has to be made.
func (c Client) Must(typ string, inputs map[string]any) (id string, state map[string]any) {
	c.t.Helper()
	id, state, err := c.Made(typ, inputs)
	if err != nil {
		c.t.Fatalf("%s: %v", typ, err)
	}
	return id, state
}

// Updated updates a resource; the timeout is in seconds.
func (c Client) Updated(typ, id string, inputs map[string]any, timeout float64) error {
	c.t.Helper()
	news, err := provider.Wire(inputs)
	if err != nil {
		c.t.Fatal(err)
	}
	_, err = c.Update(context.Background(), &pulumirpc.UpdateRequest{Urn: urn(typ), Id: id, News: news, Timeout: timeout})
	return err
}

// Removed deletes a resource; the timeout is in seconds.
func (c Client) Removed(typ, id string, state map[string]any, timeout float64) error {
	c.t.Helper()
	wired, err := provider.Wire(state)
	if err != nil {
		c.t.Fatal(err)
	}
	_, err = c.Delete(context.Background(), &pulumirpc.DeleteRequest{Urn: urn(typ), Id: id, Properties: wired, Timeout: timeout})
	return err
}

// Compared is the difference of new inputs from old ones and what the service gave back.
func (c Client) Compared(typ, id string, old, state, news map[string]any) *pulumirpc.DiffResponse {
	c.t.Helper()
	oldInputs, err := provider.Wire(old)
	if err != nil {
		c.t.Fatal(err)
	}
	olds, err := provider.Wire(state)
	if err != nil {
		c.t.Fatal(err)
	}
	wired, err := provider.Wire(news)
	if err != nil {
		c.t.Fatal(err)
	}
	d, err := c.Diff(context.Background(), &pulumirpc.DiffRequest{Urn: urn(typ), Id: id, OldInputs: oldInputs, Olds: olds, News: wired})
	if err != nil {
		c.t.Fatal(err)
	}
	return d
}

// Refused says that an error is there and holds a text.
func Refused(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %q in it", err, want)
	}
}
