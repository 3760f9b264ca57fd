package prove

import (
	"context"

	"flink-payments/tests/acceptance/internal/look"
	"flink-payments/tests/acceptance/internal/promise"
)

// upgradeSafe proves that a savepoint can be read, and that the last deploy began from its own.
func (p *Proof) upgradeSafe(ctx context.Context) {
	p.say("looking for savepoints")
	snapshots, err := p.eyes.Cluster.Savepoints(ctx, p.want.Name)
	if err != nil {
		p.failed(promise.UpgradeSafe, "savepoints-kept", err, "")
	} else {
		p.judged(promise.Kept(snapshots))
	}
	const name = "savepoint-readable"
	path, from := promise.NewestSavepoint(p.want, p.deployment, snapshots)
	if path == "" {
		p.judged(promise.NotThere(promise.UpgradeSafe, name, "no savepoint of this job is known", "take one: raise savepoint.request"))
	} else if stored, err := p.eyes.Store.Metadata(ctx, path); err != nil {
		p.failed(promise.UpgradeSafe, name, err, "take another savepoint before anything is upgraded, then see who deleted this one")
	} else {
		p.judged(promise.SavepointReadable(p.want, path, from, stored))
	}
	p.carried(ctx)
}

func (p *Proof) carried(ctx context.Context) {
	const name = "restored-on-deploy"
	checkpoints, err := p.eyes.Flink.Checkpoints(ctx, p.job.ID)
	if err != nil {
		p.failed(promise.UpgradeSafe, name, err, "")
		return
	}
	var stored promise.Stored
	if handed := promise.Handed(p.deployment); handed != "" && handed != promise.LastState {
		// A savepoint that is gone since is judged above; here it only leaves its number unknown.
		if stored, err = p.eyes.Store.Metadata(ctx, handed); err != nil {
			if _, missing := look.IsMissing(err); !missing {
				p.failed(promise.UpgradeSafe, name, err, "")
				return
			}
		}
	}
	p.judged(promise.Carried(p.deployment, checkpoints.Restored, stored, p.settings.Upgraded))
}
