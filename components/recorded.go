package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// recorded waits for a value of a Stash (its Output is what was recorded first, its
// Input what this run gives), which the engine answers by itself,
// and with what is known in a preview too; known is false where a preview cannot
// tell.
//
// This is the one use of an internal package of the SDK. The graph's shape
// depends on the value (whether a savepoint is taken first), so it must be there
// while the program registers resources, and the SDK has no public way to wait
// for an output: an ApplyT runs beside the program, and what it registers is
// known to no dependency. UnsafeAwaitOutput is what pulumi-go-provider and
// pulumi-eks build such waits on.
func recorded(ctx *pulumi.Context, value pulumi.AnyOutput) (entry map[string]any, known bool, err error) {
	answered, err := internals.UnsafeAwaitOutput(ctx.Context(), value)
	if err != nil {
		return nil, false, err
	}
	entry, _ = answered.Value.(map[string]any)
	return entry, answered.Known, nil
}
