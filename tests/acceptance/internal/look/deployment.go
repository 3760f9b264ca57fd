package look

import (
	"context"
	"time"

	"flink-payments/tests/acceptance/internal/promise"
)

// flinkDeployment is the part of the operator's resource that is judged.
type flinkDeployment struct {
	Metadata struct {
		Generation int64 `json:"generation"`
	} `json:"metadata"`
	Spec struct {
		Image              string            `json:"image"`
		ServiceAccount     string            `json:"serviceAccount"`
		FlinkConfiguration map[string]string `json:"flinkConfiguration"`
		JobManager         struct {
			Replicas int `json:"replicas"`
		} `json:"jobManager"`
		Job struct {
			State                string `json:"state"`
			Parallelism          int    `json:"parallelism"`
			InitialSavepointPath string `json:"initialSavepointPath"`
		} `json:"job"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration         int64  `json:"observedGeneration"`
		LifecycleState             string `json:"lifecycleState"`
		JobManagerDeploymentStatus string `json:"jobManagerDeploymentStatus"`
		Error                      string `json:"error"`
		ReconciliationStatus       struct {
			State string `json:"state"`
		} `json:"reconciliationStatus"`
		JobStatus struct {
			JobID                string `json:"jobId"`
			State                string `json:"state"`
			UpgradeSavepointPath string `json:"upgradeSavepointPath"`
			SavepointInfo        struct {
				LastSavepoint struct {
					Location string `json:"location"`
				} `json:"lastSavepoint"`
			} `json:"savepointInfo"`
		} `json:"jobStatus"`
	} `json:"status"`
}

// Deployment reads the FlinkDeployment once, so that what is judged together was true together.
func (c *Cluster) Deployment(ctx context.Context, name string) (promise.Deployment, error) {
	var d flinkDeployment
	if err := c.get(ctx, deployments, name, &d); err != nil {
		return promise.Deployment{}, err
	}
	return promise.Deployment{
		Generation: d.Metadata.Generation, ObservedGeneration: d.Status.ObservedGeneration,
		Desired: d.Spec.Job.State, Image: d.Spec.Image, ServiceAccount: d.Spec.ServiceAccount,
		Parallelism: d.Spec.Job.Parallelism, JobManagers: d.Spec.JobManager.Replicas,
		InitialSavepoint: d.Spec.Job.InitialSavepointPath, Configuration: d.Spec.FlinkConfiguration,
		Lifecycle: d.Status.LifecycleState, Reconciliation: d.Status.ReconciliationStatus.State,
		JobManagerStatus: d.Status.JobManagerDeploymentStatus, JobState: d.Status.JobStatus.State,
		JobID: d.Status.JobStatus.JobID, Error: d.Status.Error,
		UpgradeSavepoint: d.Status.JobStatus.UpgradeSavepointPath,
		LastSavepoint:    d.Status.JobStatus.SavepointInfo.LastSavepoint.Location,
	}, nil
}

type flinkStateSnapshot struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		JobReference struct {
			Kind string `json:"kind"`
			Name string `json:"name"`
		} `json:"jobReference"`
		Savepoint *struct {
			DisposeOnDelete bool `json:"disposeOnDelete"`
		} `json:"savepoint"`
	} `json:"spec"`
	Status struct {
		State           string `json:"state"`
		Path            string `json:"path"`
		ResultTimestamp string `json:"resultTimestamp"`
	} `json:"status"`
}

// Savepoints reads the job's completed FlinkStateSnapshots of kind savepoint.
func (c *Cluster) Savepoints(ctx context.Context, job string) ([]promise.Snapshot, error) {
	items, err := c.list(ctx, snapshots, "")
	if err != nil {
		return nil, err
	}
	var found []promise.Snapshot
	for _, item := range items {
		var s flinkStateSnapshot
		if err := decode(item, &s); err != nil {
			return nil, err
		}
		if s.Spec.JobReference.Name != job || s.Spec.JobReference.Kind == "FlinkSessionJob" || s.Spec.Savepoint == nil || s.Status.State != "COMPLETED" {
			continue
		}
		taken, err := time.Parse(time.RFC3339Nano, s.Status.ResultTimestamp)
		if err != nil {
			taken = item.GetCreationTimestamp().Time
		}
		found = append(found, promise.Snapshot{Name: s.Metadata.Name, Path: s.Status.Path, Deletes: s.Spec.Savepoint.DisposeOnDelete, Taken: taken})
	}
	return found, nil
}
