package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"flink-payments/tests/rehearsal/inspect"
	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/world"
)

// recovers runs what was cut off again, and says what does not hold.
func recovers(ctx context.Context, r *setup.Rehearsal, s scenario) error {
	if err := inspect.Lost(s.phase.protected, r.World); err != nil {
		return fmt.Errorf("after the fault: %w", err)
	}
	left := inspect.Protected(r.World)
	flags, err := settle(ctx, r)
	if err != nil {
		return err
	}
	second, err := s.phase.run(ctx, r.Stack, flags...)
	if err != nil {
		return fmt.Errorf("%s again: %w\n%s", s.phase.name, err, second.Text)
	}
	if err := inspect.Lost(left, r.World); err != nil {
		return fmt.Errorf("after %s again: %w", s.phase.name, err)
	}
	if lines := inspect.Changed(s.phase.world, inspect.Contents(r.World)); len(lines) > 0 {
		return fmt.Errorf("another world than without the fault:\n%s", strings.Join(lines, "\n"))
	}
	state, err := r.Stack.State(settings.Project)
	if err != nil {
		return err
	}
	if n := len(state.PendingOperations); n > 0 {
		return fmt.Errorf("%d operations are still pending in the state", n)
	}
	return nil
}

// settle does what a person does after an update that was cut off, once the
// lock is free: look, for each creation that Pulumi does not know the end of,
// whether the thing is there; write it into the state if it is, and strike the
// creation out (stack export, stack import); then let refresh read the rest,
// which the returned flag asks of the next run. The flag --import-pending-creates
// of refresh is meant for that, but the engine drops what it names.
func settle(ctx context.Context, r *setup.Rehearsal) (flags []string, err error) {
	state, err := r.Stack.State(settings.Project)
	if err != nil || len(state.PendingOperations) == 0 {
		return nil, err
	}
	return []string{"--refresh"}, r.Stack.Repair(ctx, settings.Project, func(state *apitype.DeploymentV3) {
		state.PendingOperations = slices.DeleteFunc(state.PendingOperations, func(op apitype.OperationV2) bool {
			if op.Type != apitype.OperationTypeCreating {
				return false
			}
			if id, there := identify(r.World, &op.Resource); there {
				made := op.Resource
				made.ID, made.Outputs = resource.ID(id), made.Inputs
				state.Resources = append(state.Resources, made)
			}
			return true
		})
	})
}

// identify looks for what a creation that was cut off may have made, as a
// person looks into the console, and returns the ID that Pulumi would know it by.
func identify(w *world.World, r *apitype.ResourceV3) (id string, there bool) {
	asked := withoutMarks(r.Inputs)
	for _, o := range w.List("", string(r.Type)) {
		if !reflect.DeepEqual(withoutMarks(o.Inputs), asked) {
			continue
		}
		if o.Type == world.S3ObjectType {
			_, key, _ := strings.Cut(o.ID, "/")
			return key, true
		}
		return o.ID, true
	}
	return "", false
}

// withoutMarks drops the engine's own keys, and makes numbers alike.
func withoutMarks(inputs map[string]any) any {
	text, err := json.Marshal(inputs)
	if err != nil {
		panic(err) // it came from JSON
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		panic(err)
	}
	var drop func(any)
	drop = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, inner := range value {
				if strings.HasPrefix(key, "__") || inner == nil {
					delete(value, key)
				}
				drop(inner)
			}
		case []any:
			for _, inner := range value {
				drop(inner)
			}
		}
	}
	drop(plain)
	return plain
}
