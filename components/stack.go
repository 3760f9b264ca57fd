// Package components composes the program: settings become a Platform, one Job
// for each entry, and the outputs that dashboards and auditors read.
package components

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/k8s"
	"flink-payments/k8s/chart"
	"flink-payments/k8s/rules"
)

// Stack is the Pulumi program.
func Stack(ctx *pulumi.Context) error { return Program{}.Run(ctx) }

// A Program is Stack with what a test replaces.
type Program struct {
	// CRDs reads the operator's CustomResourceDefinitions, from the network by default.
	CRDs func(context.Context, chart.Source) ([]chart.CRD, error)
	// Reader reads the cluster, its API server by default.
	Reader k8s.Reader
}

// Run judges the settings before anything is registered, then builds the graph.
func (p Program) Run(ctx *pulumi.Context) error {
	if p.CRDs == nil {
		p.CRDs = chart.CRDs
	}
	settings, violations := Load(ctx)
	if err := violations.Err(); err != nil {
		return err
	}
	if err := announce(ctx, settings, violations.Of(rules.Warn)); err != nil {
		return err
	}
	place, err := newPlace(ctx, settings)
	if err != nil {
		return err
	}
	platform, err := NewPlatform(ctx, PlatformArgs{Settings: settings, Adopting: place.Adopting, CRDs: p.CRDs},
		pulumi.Providers(place.Kubernetes))
	if err != nil {
		return err
	}
	reader := p.Reader
	if reader == nil {
		reader = k8s.NewClient(place.Reach)
	}
	jobs := make([]*Job, len(settings.Jobs))
	for i, job := range settings.Jobs {
		jobs[i], err = NewJob(ctx, job.Name, JobArgs{Settings: settings, Job: job, Place: place, Platform: platform, Reader: reader}, place.providers()...)
		if err != nil {
			return fmt.Errorf("%s:%s (%s): %w", Project, jobPath(i, ""), job.Name, err)
		}
	}
	export(ctx, settings, place, jobs)
	return nil
}

// announce shows the warnings, and for each job in three lines what to expect of this settings file.
func announce(ctx *pulumi.Context, s Settings, warnings rules.Violations) error {
	for _, w := range warnings.Sorted() {
		if err := ctx.Log.Warn(w.String(), nil); err != nil {
			return err
		}
	}
	for _, job := range s.Jobs {
		text := fmt.Sprintf("%s\n  %s", job.Name, strings.Join(job.Plan(s.site(job)), "\n  "))
		if err := ctx.Log.Info(text, nil); err != nil {
			return err
		}
	}
	return nil
}
