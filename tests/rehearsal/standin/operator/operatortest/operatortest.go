// Package operatortest has a job for the tests of what works with the operator's model.
package operatortest

// WaitFor is the plugin's annotation for a job that runs.
const WaitFor = `["jsonpath={.status.lifecycleState}=STABLE","jsonpath={.status.jobStatus.state}=RUNNING"]`

// Job is the FlinkDeployment payments/fraud, its state in the bucket kv-state.
// Change may edit its specification; nil leaves it.
func Job(change func(spec map[string]any)) map[string]any {
	type m = map[string]any
	spec := m{"image": "r/fraud:1", "flinkVersion": "v1_18", "serviceAccount": "flink",
		"flinkConfiguration": m{"state.checkpoints.dir": "s3://kv-state/checkpoints", "state.savepoints.dir": "s3://kv-state/savepoints",
			"high-availability.type": "kubernetes", "kubernetes.operator.job.upgrade.last-state-fallback.enabled": "false"},
		"jobManager":  m{"replicas": 2.0, "resource": m{"memory": "2048m"}},
		"taskManager": m{"resource": m{"memory": "4096m"}},
		"job":         m{"parallelism": 2.0, "upgradeMode": "savepoint", "state": "running"}}
	if change != nil {
		change(spec)
	}
	return m{"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
		"metadata": m{"name": "fraud", "namespace": "payments", "annotations": m{"pulumi.com/waitFor": WaitFor}}, "spec": spec}
}
