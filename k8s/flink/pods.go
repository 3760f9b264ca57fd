package flink

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"regexp"
	"slices"
	"strings"
)

// MainContainer is the name that Flink gives its container in every pod.
const MainContainer = "flink-main-container"

// flinkUser is the uid and gid of Flink's image. The web identity token and
// the rendered credential are readable by this group.
const flinkUser = 9999

// podTemplate is what the pods of both components share: labels, annotations,
// the restricted Pod Security Standard, and the environment. CPU, memory, image
// and ServiceAccount come from the FlinkDeployment.
func (j Job) podTemplate(s Stack, spec FlinkDeploymentSpec) corev1.PodTemplateSpec {
	container := corev1.Container{
		Name: MainContainer,
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
	for _, v := range []corev1.EnvVar{
		{Name: "KAFKA_TOPIC_IN", Value: j.Kafka.Topics.In},
		{Name: "KAFKA_TOPIC_OUT", Value: j.Kafka.Topics.Out},
		// The image's entry point links the jar from opt/ into plugins/.
		{Name: "ENABLE_BUILT_IN_PLUGINS", Value: j.Plugins.BuiltIn},
	} {
		if v.Value != "" {
			container.Env = append(container.Env, v)
		}
	}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: j.labels(s), Annotations: j.podAnnotations(s)},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   ptr.To(true),
				RunAsUser:      ptr.To[int64](flinkUser),
				RunAsGroup:     ptr.To[int64](flinkUser),
				FSGroup:        ptr.To[int64](flinkUser),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
		},
	}
	if operator, _ := ParseRelease(s.OperatorVersion); operator.Before(observesEveryField) {
		template.Annotations[fingerprintAnnotation] = ignoredFieldsFingerprint(spec)
	}
	if j.Metrics.Mode == "http" {
		volume, mount := metricsVolume()
		template.Spec.Volumes = []corev1.Volume{volume}
		container.VolumeMounts = []corev1.VolumeMount{mount}
	}
	template.Spec.Containers = []corev1.Container{container}
	return template
}

// spread asks for JobManagers on different places of each kind. Preferred
// only: with one node left the standby still has to start.
func (j Job) spread(topologyKeys ...string) []corev1.TopologySpreadConstraint {
	var constraints []corev1.TopologySpreadConstraint
	for _, key := range topologyKeys {
		constraints = append(constraints, corev1.TopologySpreadConstraint{
			MaxSkew:           1,
			TopologyKey:       key,
			WhenUnsatisfiable: corev1.ScheduleAnyway,
			LabelSelector:     &metav1.LabelSelector{MatchLabels: map[string]string{"app": j.Name, "component": "jobmanager"}},
		})
	}
	return constraints
}

// flinkLabels are Flink's own on pods. Its Deployment and Services select by them.
var flinkLabels = []string{"app", "component", "type"}

// labels of the FlinkDeployment and its pods: the stack's, and Datadog's unified service tags.
func (j Job) labels(s Stack) map[string]string {
	labels := map[string]string{}
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
func (j Job) podAnnotations(s Stack) map[string]string {
	annotations := map[string]string{}
	maps.Copy(annotations, j.credentialAnnotations(s))
	maps.Copy(annotations, j.metricsAnnotations())
	return annotations
}
