package prove

import (
	"context"
	"time"

	"flink-payments/tests/acceptance/internal/look"
	"flink-payments/tests/acceptance/internal/promise"
)

// running proves that the job runs, and returns what was seen of it over the
// window; nil where it could not be watched.
func (p *Proof) running(ctx context.Context) []promise.Sample {
	p.judged(promise.Reconciled(p.deployment)...)
	if p.podsErr != nil {
		p.failed(promise.Running, "image", p.podsErr, "")
	} else {
		p.judged(promise.SameImage(p.want, p.deployment, p.pods))
	}
	job, err := p.eyes.Flink.Job(ctx, p.deployment.JobID)
	if err != nil {
		p.failed(promise.Running, "job", err, "no JobManager answers: read its log and the events of its pods")
		return nil
	}
	p.job = job
	p.judged(promise.Executing(p.want, p.deployment, job)...)
	window := p.window(ctx)
	samples, err := p.watch(ctx, window)
	if err != nil {
		p.failed(promise.Running, "restarts", err, "the REST API went away while the job was watched")
		return nil
	}
	p.judged(promise.Steady(samples, window))
	return samples
}

// window is long enough for two checkpoints.
func (p *Proof) window(ctx context.Context) time.Duration {
	// Checkpoints that are off have an interval of centuries.
	const longest = 12 * time.Hour
	config, err := p.eyes.Flink.CheckpointConfig(ctx, p.job.ID)
	if err != nil {
		p.failed(promise.Recoverable, "retained", err, "checkpoints are off: set execution.checkpointing.interval")
		return p.settings.Window
	}
	p.judged(promise.Retained(config))
	if config.Interval > 0 && config.Interval < longest {
		p.interval = config.Interval
	}
	return max(p.settings.Window, 2*p.interval)
}

// watch looks at the job from the start of the window to its end, twice at least.
func (p *Proof) watch(ctx context.Context, window time.Duration) ([]promise.Sample, error) {
	p.say("watching the job for %s", window)
	var samples []promise.Sample
	var trouble error
	for end, looks := time.Now().Add(window), 1; ; looks++ {
		sample, err := p.sample(ctx)
		what, missing := look.IsMissing(err)
		switch {
		case err == nil:
			samples = append(samples, sample)
		case missing && len(samples) > 0:
			p.say("%s", what)
			sample = samples[len(samples)-1]
			sample.State, sample.Restarts = "not to be reached", nil
			samples = append(samples, sample)
		default:
			p.say("%v", err)
			trouble = err
		}
		if looks > 1 && !time.Now().Before(end) {
			break
		}
		if !p.pause(ctx) {
			return nil, ctx.Err()
		}
	}
	if len(samples) < 2 {
		return nil, trouble
	}
	return samples, nil
}

func (p *Proof) sample(ctx context.Context) (promise.Sample, error) {
	job, err := p.eyes.Flink.Job(ctx, p.job.ID)
	if err != nil {
		return promise.Sample{}, err
	}
	checkpoints, err := p.eyes.Flink.Checkpoints(ctx, p.job.ID)
	if err != nil {
		return promise.Sample{}, err
	}
	restarts, err := p.eyes.Flink.Restarts(ctx, p.job.ID)
	if err != nil {
		return promise.Sample{}, err
	}
	return promise.Sample{State: job.State, Restarts: restarts, Checkpoints: checkpoints}, nil
}
