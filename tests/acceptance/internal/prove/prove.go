// Package prove looks, judges and, where it was told to, disrupts: in the order
// in which a person would.
package prove

import (
	"context"
	"fmt"
	"slices"
	"time"

	"flink-payments/tests/acceptance/internal/expected"
	"flink-payments/tests/acceptance/internal/look"
	"flink-payments/tests/acceptance/internal/promise"
)

// Settings of a proof.
type Settings struct {
	// Window is how long the job is watched, lengthened to two checkpoint
	// intervals where that is longer; Poll is the time between two looks.
	Window, Poll time.Duration
	// Disrupt deletes the leading JobManager's pod. MaxOutage is the longest
	// time without a running job that keeps the promise, Patience how long the
	// job is waited for before the wait is given up.
	Disrupt             bool
	MaxOutage, Patience time.Duration
	// Exec reads the web identity token inside a TaskManager and shows it to STS.
	Exec bool
	// Upgraded says that a deploy has just happened: nothing handed to it is a broken promise.
	Upgraded bool
}

// Eyes are what the proof sees with.
type Eyes struct {
	Cluster *look.Cluster
	Flink   *look.Flink
	Store   *look.Store
	STS     *look.STS
}

// A Proof of one job.
type Proof struct {
	want     expected.Job
	eyes     Eyes
	settings Settings
	tell     func(string)
	told     func(promise.Check)
	checks   []promise.Check

	// What was seen, as the promises need it of one another.
	deployment promise.Deployment
	job        promise.Job
	pods       []promise.Pod
	podsErr    error
	interval   time.Duration
}

// New returns a proof that says what it does by tell, and each check by told as soon as it is judged.
func New(want expected.Job, eyes Eyes, settings Settings, tell func(string), told func(promise.Check)) *Proof {
	return &Proof{want: want, eyes: eyes, settings: settings, tell: tell, told: told}
}

// Run proves every promise and returns the checks in the promises' order.
func (p *Proof) Run(ctx context.Context) []promise.Check {
	if p.begin(ctx) {
		samples := p.running(ctx)
		p.recoverable(ctx, samples)
		p.upgradeSafe(ctx)
		p.identity(ctx)
		p.failover(ctx)
	}
	order := []string{promise.Running, promise.Recoverable, promise.UpgradeSafe, promise.Identity}
	slices.SortStableFunc(p.checks, func(a, b promise.Check) int {
		return slices.Index(order, a.Promise) - slices.Index(order, b.Promise)
	})
	return p.checks
}

// begin reads what everything else starts from.
func (p *Proof) begin(ctx context.Context) bool {
	p.say("reading FlinkDeployment %s/%s", p.want.Namespace, p.want.Name)
	var err error
	if p.deployment, err = p.eyes.Cluster.Deployment(ctx, p.want.Name); err != nil {
		p.failed(promise.Running, "deployment", err, "is the job deployed, and is this its cluster and namespace?")
		return false
	}
	p.job.ID = p.deployment.JobID
	p.pods, p.podsErr = p.eyes.Cluster.Pods(ctx, p.want.Name)
	return true
}

func (p *Proof) say(format string, args ...any) { p.tell(fmt.Sprintf(format, args...)) }

func (p *Proof) judged(checks ...promise.Check) {
	for _, c := range checks {
		p.checks = append(p.checks, c)
		p.told(c)
	}
}

// failed is a look that gave no facts: the thing is not there, or could not be seen.
func (p *Proof) failed(of, name string, err error, advice string) {
	if what, missing := look.IsMissing(err); missing {
		p.judged(promise.NotThere(of, name, what, advice))
		return
	}
	p.judged(promise.NotSeen(of, name, err.Error()))
}

// held says whether all checks so far of a promise held.
func (p *Proof) held(of string) bool {
	for _, c := range p.checks {
		if c.Promise == of && (c.Outcome == promise.Broken || c.Outcome == promise.Unseen) {
			return false
		}
	}
	return true
}

// pause waits for the next look; false: the proof was called off.
func (p *Proof) pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(p.settings.Poll):
		return true
	}
}
