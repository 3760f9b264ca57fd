package flink

import (
	"strings"
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

// Metadata of the FlinkDeployment: name, namespace, labels. It has no
// pulumi.com/waitFor: that wait knows no final failure, says nothing but
// "timed out", and never ends for a suspended job, whose observedGeneration is
// not raised. Progress judges the object instead.
func Metadata(j Job, s Stack) map[string]any {
	return map[string]any{
		"name":      j.Name,
		"namespace": j.Namespace,
		"labels":    j.labels(s),
	}
}

// Document returns the spec of the job's FlinkDeployment: plain values that
// encode to JSON, the same for the same input. The job has its defaults
// (WithDefaults) and was judged; Document itself refuses nothing.
//
// A change of restore.request is a redeploy that the operator makes from
// initialSavepointPath without a savepoint of what runs now. While
// restore.from is `latest` and s.RestorePath is empty, the document names
// neither a path that Flink could find nor a request: a running job stays as it
// is, and a first start fails rather than beginning empty.
func Document(j Job, s Stack) map[string]any {
	job := map[string]any{
		"jarURI":                j.JarURI,
		"parallelism":           j.Parallelism,
		"upgradeMode":           j.UpgradeMode,
		"state":                 "running",
		"allowNonRestoredState": j.AllowNonRestoredState,
	}
	if j.Suspended {
		job["state"] = "suspended"
	}
	if j.EntryClass != "" {
		job["entryClass"] = j.EntryClass
	}
	if len(j.Args) > 0 {
		args := make([]any, len(j.Args))
		for i, arg := range j.Args {
			args[i] = arg
		}
		job["args"] = args
	}
	if path := j.restorePath(s); path != "" {
		job["initialSavepointPath"] = path
		// Never 0: the step from a number to 0 would be one more redeploy from
		// an old savepoint, and the step to nothing is none.
		if path != Latest && j.Restore.Request > 0 {
			job["savepointRedeployNonce"] = int(j.Restore.Request)
		}
	}

	conf := map[string]any{}
	for key, value := range j.Configuration(s) {
		conf[key] = value
	}

	jobManager := map[string]any{
		// This field wins over kubernetes.jobmanager.replicas, and is 1 unless set.
		"replicas": j.JobManager.Replicas,
		"resource": map[string]any{"cpu": j.JobManager.CPU, "memory": j.JobManager.Memory},
	}
	if _, own := SpecOf(j.PodTemplate)["topologySpreadConstraints"]; !own {
		jobManager["podTemplate"] = map[string]any{"spec": map[string]any{
			"topologySpreadConstraints": j.spread("topology.kubernetes.io/zone", "kubernetes.io/hostname"),
		}}
	}

	spec := map[string]any{
		"image":              j.Image,
		"imagePullPolicy":    "IfNotPresent",
		"flinkVersion":       j.FlinkVersion,
		"mode":               "native",
		"serviceAccount":     j.ServiceAccount,
		"flinkConfiguration": conf,
		// Always there: the operator takes no notice when a nonce goes away.
		"restartNonce": int(j.Restart.Request),
		"jobManager":   jobManager,
		"taskManager": map[string]any{
			"resource": map[string]any{"cpu": j.TaskManager.CPU, "memory": j.TaskManager.Memory},
		},
		"job": job,
	}
	annotations := j.podAnnotations(s)
	annotations[fingerprintAnnotation] = ignoredFieldsFingerprint(spec)
	spec["podTemplate"] = merge(map[string]any{
		"metadata": map[string]any{"labels": j.labels(s), "annotations": annotations},
		"spec":     j.podSpec(),
	}, j.PodTemplate)
	return spec
}

// restorePath is where the job starts from: what was written, or what `latest` was resolved to.
func (j Job) restorePath(s Stack) string {
	if j.Restore.From == Latest && s.RestorePath != "" {
		return s.RestorePath
	}
	return j.Restore.From
}
