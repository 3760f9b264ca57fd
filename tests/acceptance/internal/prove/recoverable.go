package prove

import (
	"context"
	"strings"
	"time"

	"flink-payments/tests/acceptance/internal/promise"
)

// recoverable proves that what a new leader needs is there.
func (p *Proof) recoverable(ctx context.Context, samples []promise.Sample) {
	if samples == nil {
		p.judged(promise.NotSeen(promise.Recoverable, "checkpoints-complete", "the job could not be watched"))
	} else {
		p.judged(promise.Checkpointing(samples, p.watched(samples)))
		p.stored(ctx)
	}
	// Flink puts a cluster's HA data into a folder of the cluster's name.
	prefix := strings.TrimRight(p.want.HAURI, "/") + "/" + p.want.Name
	if objects, err := p.eyes.Store.Count(ctx, prefix); err != nil {
		p.failed(promise.Recoverable, "ha-in-s3", err, "")
	} else {
		p.judged(promise.HAInS3(prefix, objects))
	}
	ha, err := p.eyes.Cluster.HA(ctx, p.want.Name, p.job.ID)
	switch {
	case err != nil:
		p.failed(promise.Recoverable, "standby", err, "")
	case p.podsErr != nil:
		p.failed(promise.Recoverable, "standby", p.podsErr, "")
	default:
		p.judged(promise.StandingBy(p.deployment, ha, p.pods))
	}
}

// watched is how long the samples span.
func (p *Proof) watched(samples []promise.Sample) time.Duration {
	return max(p.settings.Window, 2*p.interval, time.Duration(len(samples)-1)*p.settings.Poll).Round(time.Second)
}

// stored compares what Flink, S3 and the HA ConfigMap say of the newest
// checkpoint: S3 and the ConfigMap are looked at between two looks at Flink.
func (p *Proof) stored(ctx context.Context) {
	p.say("comparing Flink's newest checkpoint with %s", p.want.CheckpointsURI)
	before, ok := p.latest(ctx)
	if !ok {
		return
	}
	newest, inS3 := p.eyes.Store.NewestCheckpoint(ctx, before.Path)
	ha, inHA := p.eyes.Cluster.HA(ctx, p.want.Name, p.job.ID)
	after, ok := p.latest(ctx)
	if !ok {
		return
	}
	if inS3 != nil {
		p.failed(promise.Recoverable, "checkpoint-in-s3", inS3, "Flink reports "+before.Path)
	} else {
		p.judged(promise.InS3(p.want, before, after, newest))
	}
	if inHA != nil {
		p.failed(promise.Recoverable, "ha-pointer", inHA, "")
	} else {
		p.judged(promise.Pointed(ha, before, after))
	}
	stored, err := p.eyes.Store.Metadata(ctx, after.Path)
	if err != nil {
		p.failed(promise.Recoverable, "checkpoint-readable", err, "something deletes what Flink still needs: a lifecycle rule, or a person")
		return
	}
	p.judged(promise.Readable(after, stored), promise.Encrypted(p.want, stored))
}

func (p *Proof) latest(ctx context.Context) (promise.Completed, bool) {
	checkpoints, err := p.eyes.Flink.Checkpoints(ctx, p.job.ID)
	switch {
	case err != nil:
		p.failed(promise.Recoverable, "checkpoint-in-s3", err, "")
	case checkpoints.Latest == nil:
		p.judged(promise.NotThere(promise.Recoverable, "checkpoint-in-s3", "Flink has completed no checkpoint", "see checkpoints-complete"))
	default:
		return *checkpoints.Latest, true
	}
	return promise.Completed{}, false
}
