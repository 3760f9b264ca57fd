package flink

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// MainContainer is the name that Flink gives its container in every pod.
const MainContainer = "flink-main-container"

// flinkUser is the uid and gid of Flink's image. The web identity token and
// the rendered credential are readable by this group.
const flinkUser = 9999

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

// waitFor renders jsonpath conditions that must all hold, as the Kubernetes provider reads them.
func waitFor(conditions ...string) string {
	for i := range conditions {
		conditions[i] = "jsonpath=" + conditions[i]
	}
	text, _ := json.Marshal(conditions) // strings always marshal
	return string(text)
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

// podSpec is what the pods of both components share: the restricted Pod
// Security Standard, and the environment. CPU, memory, image and
// ServiceAccount come from the FlinkDeployment.
func (j Job) podSpec() map[string]any {
	container := map[string]any{
		"name": MainContainer,
		"securityContext": map[string]any{
			"allowPrivilegeEscalation": false,
			"capabilities":             map[string]any{"drop": []any{"ALL"}},
		},
	}
	var env []any
	for _, v := range []struct{ name, value string }{
		{"KAFKA_TOPIC_IN", j.Kafka.Topics.In},
		{"KAFKA_TOPIC_OUT", j.Kafka.Topics.Out},
		// The image's entry point links the jar from opt/ into plugins/.
		{"ENABLE_BUILT_IN_PLUGINS", j.Plugins.BuiltIn},
	} {
		if v.value != "" {
			env = append(env, map[string]any{"name": v.name, "value": v.value})
		}
	}
	if len(env) > 0 {
		container["env"] = env
	}
	spec := map[string]any{
		"securityContext": map[string]any{
			"runAsNonRoot":   true,
			"runAsUser":      flinkUser,
			"runAsGroup":     flinkUser,
			"fsGroup":        flinkUser,
			"seccompProfile": map[string]any{"type": "RuntimeDefault"},
		},
		"containers": []any{container},
	}
	if j.Metrics.Mode == "http" {
		container["volumeMounts"] = []any{metricsMount()}
		spec["volumes"] = []any{metricsVolume()}
	}
	return spec
}

// spread asks for JobManagers on different places of each kind. Preferred
// only: with one node left the standby still has to start.
func (j Job) spread(topologyKeys ...string) []any {
	var constraints []any
	for _, key := range topologyKeys {
		constraints = append(constraints, map[string]any{
			"maxSkew":           1,
			"topologyKey":       key,
			"whenUnsatisfiable": "ScheduleAnyway",
			"labelSelector": map[string]any{
				"matchLabels": map[string]any{"app": j.Name, "component": "jobmanager"},
			},
		})
	}
	return constraints
}

// flinkLabels are Flink's own on pods. Its Deployment and Services select by them.
var flinkLabels = []string{"app", "component", "type"}

// labels of the FlinkDeployment and its pods: the stack's, and Datadog's unified service tags.
func (j Job) labels(s Stack) map[string]any {
	labels := map[string]any{}
	for key, value := range s.Labels {
		if !slices.Contains(flinkLabels, key) {
			labels[key] = value
		}
	}
	for key, value := range map[string]string{
		"env":     s.Environment,
		"service": j.Name,
		"version": j.Version(),
	} {
		if value = labelValue(value); value != "" {
			labels["tags.datadoghq.com/"+key] = value
		}
	}
	return labels
}

// notInLabel is what a label's value cannot hold (Kubernetes: 63 letters,
// digits, '-', '_' and '.', alphanumeric at both ends). An image's tag may be longer.
var notInLabel = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

func labelValue(text string) string {
	text = notInLabel.ReplaceAllString(text, "-")
	text = strings.TrimLeft(text, "-_.")
	return strings.TrimRight(text[:min(len(text), 63)], "-_.")
}

// podAnnotations for the Vault injector and the Datadog Agent.
func (j Job) podAnnotations(s Stack) map[string]any {
	annotations := map[string]any{}
	for _, of := range []map[string]string{j.credentialAnnotations(s), j.metricsAnnotations()} {
		for key, value := range of {
			annotations[key] = value
		}
	}
	return annotations
}

// fingerprintAnnotation of the pod template holds the fingerprint of the
// fields that the operator ignores. Operators from 1.11 on raise
// observedGeneration without it (FLINK-36890); it is there for them too, or
// going from 1.10 to a later one would redeploy every job.
const fingerprintAnnotation = "flink-payments/ignored-fields"

// ignoredPrefixes of flinkConfiguration, as AbstractFlinkSpec marks them.
var ignoredPrefixes = []string{"job.autoscaler", "parallelism.default", "kubernetes.operator"}

// ignoredFieldsFingerprint changes exactly when a field changes that the
// operator's comparison of specs ignores (JobSpec, AbstractFlinkSpec). In the
// pod template it makes such a change an upgrade like any other, with the
// savepoint of one. A raised savepointRedeployNonce outranks an upgrade in
// that comparison and so is not disturbed. Its removal is ignored: hence its
// presence counts, and its number does not.
func ignoredFieldsFingerprint(spec map[string]any) string {
	job := spec["job"].(map[string]any)
	ignored := map[string]any{}
	for _, key := range []string{"upgradeMode", "initialSavepointPath", "allowNonRestoredState"} {
		ignored[key] = job[key]
	}
	_, ignored["savepointRedeployNonce"] = job["savepointRedeployNonce"]
	for key, value := range spec["flinkConfiguration"].(map[string]any) {
		if slices.ContainsFunc(ignoredPrefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			ignored[key] = value
		}
	}
	text, _ := json.Marshal(ignored) // strings and booleans, keys in order
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// specOf a pod template, nil where it has none.
func SpecOf(template map[string]any) map[string]any {
	spec, _ := template["spec"].(map[string]any)
	return spec
}

// merge lays extra over base, as the operator does with
// merge-arrays-by-name: maps key by key, arrays of named things name by name.
// Any other array of extra replaces base's. Neither argument is changed.
func merge(base, extra map[string]any) map[string]any {
	merged := maps.Clone(base)
	for key, value := range extra {
		merged[key] = mergeValue(merged[key], value)
	}
	return merged
}

func mergeValue(base, extra any) any {
	switch extra := extra.(type) {
	case map[string]any:
		base, _ := base.(map[string]any)
		if base == nil {
			base = map[string]any{}
		}
		return merge(base, extra)
	case []any:
		base, _ := base.([]any)
		if !named(base) || !named(extra) {
			base = nil
		}
		merged := slices.Clone(base)
		for _, element := range extra {
			at := slices.IndexFunc(base, func(b any) bool { return NameOf(b) == NameOf(element) })
			if at < 0 {
				merged = append(merged, mergeValue(nil, element))
			} else {
				merged[at] = mergeValue(merged[at], element)
			}
		}
		return merged
	}
	return extra
}

func named(elements []any) bool {
	return !slices.ContainsFunc(elements, func(e any) bool { return NameOf(e) == "" })
}

func NameOf(element any) string {
	m, _ := element.(map[string]any)
	name, _ := m["name"].(string)
	return name
}

// savepointRetries of a savepoint on demand, after 10, 20 and 40 seconds. The
// field's default of -1 reads as unlimited and in fact means none.
const savepointRetries = 3

// A Snapshot is one savepoint on demand: a FlinkStateSnapshot.
type Snapshot struct {
	// Name of the object.
	Name string
	// Raise names the setting to raise for another one.
	Raise string
}

// RequestedSavepoint is the one that savepoint.request asked for.
func RequestedSavepoint(j Job, request int64) Snapshot {
	return Snapshot{Name: fmt.Sprintf("%s-savepoint-%d", j.Name, request), Raise: "savepoint.request"}
}

// SavepointBeforeRestore is what ran before the job went back by restore.request.
func SavepointBeforeRestore(j Job, request int64) Snapshot {
	return Snapshot{Name: fmt.Sprintf("%s-before-restore-%d", j.Name, request), Raise: "restore.request"}
}

// SavepointDocument returns the spec of the FlinkStateSnapshot that takes a
// savepoint. Deleting the object leaves the savepoint in S3. The operator
// abandons a snapshot at once, for good, when the job is not RUNNING: create it
// only after the FlinkDeployment was seen running, and never for a suspended
// job. Its location is .status.path.
func SavepointDocument(j Job) map[string]any {
	return map[string]any{
		"backoffLimit": savepointRetries,
		"jobReference": map[string]any{"kind": "FlinkDeployment", "name": j.Name},
		"savepoint": map[string]any{
			"disposeOnDelete": false,
			"formatType":      j.Savepoint.Format,
		},
	}
}

// SavepointMetadata of that object. The wait brings the location into Pulumi's
// state. FAILED and ABANDONED are final and unknown to it; a new request number
// is the way on.
func SavepointMetadata(j Job, s Stack, snapshot Snapshot) map[string]any {
	return map[string]any{
		"name":        snapshot.Name,
		"namespace":   j.Namespace,
		"labels":      j.labels(s),
		"annotations": map[string]any{"pulumi.com/waitFor": waitFor("{.status.state}=COMPLETED")},
	}
}
