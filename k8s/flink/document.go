package flink

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flink-payments/k8s/manifest"
)

// Latest as Restore.From stands for the newest savepoint or checkpoint of the job's bucket.
const Latest = "latest"

// Version is the image's tag, the job's version in labels and metrics; empty
// where the image has none.
func (j Job) Version() string {
	name, _, _ := strings.Cut(j.Image, "@")
	// A colon before the last slash belongs to a registry's port.
	name = name[strings.LastIndex(name, "/")+1:]
	_, tag, _ := strings.Cut(name, ":")
	return tag
}

// Deployment returns the job's FlinkDeployment, the same for the same input.
// The job has its defaults (WithDefaults) and was judged; Deployment itself
// refuses nothing.
//
// It has no pulumi.com/waitFor: that wait knows no final failure, says nothing
// but "timed out", and never ends for a suspended job, whose observedGeneration
// is not raised. The proof judges the object instead.
//
// A change of restore.request is a redeploy that the operator makes from
// initialSavepointPath without a savepoint of what runs now. While
// restore.from is `latest` and s.RestorePath is empty, the document names
// neither a path that Flink could find nor a request: a running job stays as it
// is, and a first start fails rather than beginning empty.
func Deployment(j Job, s Stack) FlinkDeployment {
	spec := FlinkDeploymentSpec{
		Image:              j.Image,
		ImagePullPolicy:    corev1.PullIfNotPresent,
		FlinkVersion:       j.FlinkVersion,
		Mode:               "native",
		ServiceAccount:     j.ServiceAccount,
		FlinkConfiguration: j.Configuration(s),
		RestartNonce:       j.Restart.Request,
		JobManager: JobManagerSpec{
			Replicas: j.JobManager.Replicas,
			Resource: Resource{j.JobManager.CPU, j.JobManager.Memory},
		},
		TaskManager: TaskManagerSpec{Resource{j.TaskManager.CPU, j.TaskManager.Memory}},
		Job: JobSpec{
			JarURI:                j.JarURI,
			EntryClass:            j.EntryClass,
			Args:                  j.Args,
			Parallelism:           j.Parallelism,
			UpgradeMode:           j.UpgradeMode,
			State:                 running,
			AllowNonRestoredState: j.AllowNonRestoredState,
			InitialSavepointPath:  j.restorePath(s),
		},
	}
	if j.Suspended {
		spec.Job.State = suspended
	}
	if path := spec.Job.InitialSavepointPath; path != "" && path != Latest {
		spec.Job.SavepointRedeployNonce = j.Restore.Request
	}
	if _, own := manifest.SpecOf(j.PodTemplate)["topologySpreadConstraints"]; !own {
		spec.JobManager.PodTemplate = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			TopologySpreadConstraints: j.spread(corev1.LabelTopologyZone, corev1.LabelHostname),
		}}
	}
	spec.PodTemplate = manifest.Merge(manifest.Of(j.podTemplate(s, spec)), j.PodTemplate)
	return FlinkDeployment{
		TypeMeta: metav1.TypeMeta{APIVersion: APIVersion, Kind: "FlinkDeployment"},
		ObjectMeta: metav1.ObjectMeta{
			Name: j.Name, Namespace: j.Namespace, Labels: j.labels(s),
			Annotations: map[string]string{
				manifest.PatchForce: "true",
				// The plugin's default, Foreground, has the garbage collector take the
				// JobManagers before the operator's finalizer is asked: no last savepoint,
				// and an object that stays Terminating until a person steps in.
				"pulumi.com/deletionPropagationPolicy": "background",
			},
		},
		Spec: spec,
	}
}

// restorePath is where the job starts from: what was written, or what `latest` was resolved to.
func (j Job) restorePath(s Stack) string {
	if j.Restore.From == Latest && s.RestorePath != "" {
		return s.RestorePath
	}
	return j.Restore.From
}
