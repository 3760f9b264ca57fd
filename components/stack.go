// Package components composes the program: settings become a Platform, one Job
// for each entry, and the outputs that dashboards and auditors read.
package components

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components/settings"
	"flink-payments/k8s"
	"flink-payments/k8s/chart"
	"flink-payments/k8s/validation"
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
	s, violations := settings.Load(ctx)
	if err := violations.Err(); err != nil {
		return err
	}
	if err := announce(ctx, s, violations.Of(validation.Warn)); err != nil {
		return err
	}
	providers, err := newProviders(ctx, s)
	if err != nil {
		return err
	}
	reader := p.Reader
	if reader == nil {
		reader = k8s.NewClient(providers.Cluster)
	}
	if err := moved(ctx, s, reader); err != nil {
		return err
	}
	platform, err := NewPlatform(ctx, PlatformArgs{Settings: s, Existing: providers.Existing, CRDs: p.CRDs, OIDC: providers.OIDC, AWS: providers.AWS},
		pulumi.Providers(providers.Kubernetes))
	if err != nil {
		return err
	}
	jobs := make([]*Job, len(s.Jobs))
	for i, job := range s.Jobs {
		jobs[i], err = NewJob(ctx, job.Name, JobArgs{Settings: s, Job: job, Providers: providers, Platform: platform, Reader: reader}, providers.options()...)
		if err != nil {
			return fmt.Errorf("%s:%s (%s): %w", settings.Project, settings.JobPath(i, ""), job.Name, err)
		}
	}
	export(ctx, s, providers, jobs)
	return confirm(ctx, jobs)
}

// announce shows the warnings, and for each job in three lines what to expect of this settings file.
func announce(ctx *pulumi.Context, s settings.Settings, warnings validation.Violations) error {
	for _, w := range warnings.Sorted() {
		if err := ctx.Log.Warn(w.String(), nil); err != nil {
			return err
		}
	}
	for _, job := range s.Jobs {
		text := fmt.Sprintf("%s\n  %s", job.Name, strings.Join(job.Plan(s.Stack(job)), "\n  "))
		if err := ctx.Log.Info(text, nil); err != nil {
			return err
		}
	}
	return nil
}
