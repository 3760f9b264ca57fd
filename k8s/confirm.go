package k8s

import (
	"context"
	"fmt"

	"flink-payments/k8s/flink"
)

// Missing returns an error when the object that was proved is not in the
// cluster any more. The engine compares the program with its own state and
// would call an object that somebody deleted "unchanged". uid is the proved
// object's; empty: it is not known, and any object of the name will do.
func (d *Deployment) Missing(ctx context.Context, uid string) error {
	object, err := d.watch.reader.Get(ctx, flink.APIVersion, "flinkdeployments", d.Namespace, d.Name)
	if err != nil {
		return fmt.Errorf("FlinkDeployment %s/%s cannot be read: %w", d.Namespace, d.Name, err)
	}
	metadata, _ := object["metadata"].(map[string]any)
	switch now, _ := metadata["uid"].(string); {
	case object == nil:
		return fmt.Errorf("FlinkDeployment %s/%s is in the stack's state and not in the cluster: somebody deleted it, or the cluster is another one\n"+
			"    write: `pulumi refresh`, which takes it out of the state, and restore: {from: latest} with a raised request; `pulumi up` then makes it again from its newest state",
			d.Namespace, d.Name)
	case uid != "" && now != uid:
		return fmt.Errorf("FlinkDeployment %s/%s is another object than the one of the stack's state (uid %s, not %s): somebody deleted it and made it again\n"+
			"    write: see whether it runs from the right state (runbook: Drift), then `pulumi refresh`",
			d.Namespace, d.Name, now, uid)
	}
	return nil
}

// Confirm returns an error unless the object that was proved is there and as
// asked for; it waits as long as the proof does.
func (d *Deployment) Confirm(ctx context.Context, uid string) error {
	if err := d.Missing(ctx, uid); err != nil {
		return err
	}
	return d.watch.until(ctx, watchedDeployment(d.Namespace, d.Name, d.suspended))
}
