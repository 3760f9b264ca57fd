package flink

import (
	"regexp"
	"slices"
	"strings"
)

// MainContainer is the name that Flink gives its container in every pod.
const MainContainer = "flink-main-container"

// flinkUser is the uid and gid of Flink's image. The web identity token and
// the rendered credential are readable by this group.
const flinkUser = 9999

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
