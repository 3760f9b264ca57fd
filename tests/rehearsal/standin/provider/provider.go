// Package provider serves a stand-in of a service as the Pulumi engine expects
// it: a gRPC ResourceProvider that the engine attaches to. What a service
// answers is in packages of their own.
package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"flink-payments/tests/rehearsal/standin/plain"
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

// String is the call in a line: Create aws:kms/key:Key fraud-scoring-state-key.
func (c Call) String() string {
	return strings.TrimSpace(c.Method + " " + c.Type + " " + c.Name)
}

// Hooks of a stand-in. The zero value is ready to use.
type Hooks struct {
	// Before is called before the service is; its error is the provider's.
	// It is not called in a preview, but for Invoke.
	Before func(Call) error
	// After is called when the service has done it, before the engine hears so.
	After func(Call)
	// Latency is slept before the service answers.
	Latency func(resourceType, method string) time.Duration
}

// A Service is what is behind a provider.
type Service interface {
	// Configure judges the provider's configuration.
	Configure(config map[string]any) error
	// Check judges inputs, and completes them. Values may be unknown.
	Check(r *Request) []*pulumirpc.CheckFailure
	// Replaces says whether a change at a path means another resource.
	Replaces(r *Request, path string) bool
	Create(r *Request) (id string, state map[string]any, err error)
	// Preview is create or update without doing it; state is what would be
	// known. It may refuse what the service would refuse in a dry run.
	Preview(r *Request) (state map[string]any, err error)
	// Read returns no state when there is nothing of that ID.
	Read(r *Request) (id string, inputs, state map[string]any, err error)
	Update(r *Request) (state map[string]any, err error)
	Delete(r *Request) error
	Invoke(r *Request) (map[string]any, error)
}

// A Worker is a service that works by itself while it is served.
type Worker interface {
	// Work returns when the context ends.
	Work(context.Context)
}

// A Comparer is a service that has a say in what new inputs are compared with.
type Comparer interface {
	// Compared is r.Old, or what stands for it.
	Compared(r *Request) map[string]any
}

// A Request is what all methods of a service get.
type Request struct {
	Context context.Context
	// Config is the provider instance's.
	Config map[string]any
	Type   string
	Name   string
	URN    string
	ID     string
	// Inputs are the new ones; Old those of before; State the outputs of before.
	Inputs, Old, State map[string]any
	// Timeout of customTimeouts, 0 when there is none.
	Timeout time.Duration
}

// An InitError is of a resource that exists and is not as it should be.
type InitError struct {
	ID            string
	Inputs, State map[string]any
	Reason        string
}

func (e *InitError) Error() string { return e.Reason }

// Fail is one failure of a check.
func Fail(property, reason string, args ...any) *pulumirpc.CheckFailure {
	return &pulumirpc.CheckFailure{Property: property, Reason: fmt.Sprintf(reason, args...)}
}

// Read reads what a service keeps under the ID as it is.
func Read(w *world.World, pkg string, r *Request) (string, map[string]any, map[string]any, error) {
	o, there := w.Get(pkg, r.Type, r.ID)
	if !there {
		return "", nil, nil, nil
	}
	inputs := o.Inputs
	if len(r.Old) > 0 {
		inputs, _ = plain.Project(r.Old, o.State).(map[string]any)
	}
	return r.ID, inputs, o.State, nil
}
