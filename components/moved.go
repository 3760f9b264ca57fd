package components

import (
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components/settings"
	"flink-payments/k8s"
	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

// moved refuses what the settings alone cannot tell: a job whose running pods
// would lose their identity. A cluster that cannot be read refuses nothing here;
// the proof says so.
func moved(ctx *pulumi.Context, s settings.Settings, reader k8s.Reader) error {
	if ctx.RunningWithMocks() { // there is no cluster
		return nil
	}
	findings := make([][]validation.Finding, len(s.Jobs))
	var wait sync.WaitGroup
	for i, job := range s.Jobs {
		wait.Go(func() {
			running, err := reader.Get(ctx.Context(), flink.APIVersion, "flinkdeployments", job.Namespace, job.Name)
			if err == nil {
				findings[i] = settings.MovedServiceAccount(settings.JobPath(i, ""), job, running)
			}
		})
	}
	wait.Wait()
	var found validation.Violations
	for _, of := range findings {
		for _, f := range of {
			found = append(found, validation.Violation{
				Rule: "service-account-moved", Severity: validation.Refuse,
				Path: settings.Project + ":" + f.Path, Value: f.Value, Reason: f.Reason, Fix: f.Fix,
			})
		}
	}
	return found.Err()
}
