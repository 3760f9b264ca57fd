package preflight

import (
	"maps"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// mainContainer is the operator's name of the container that runs Flink.
	mainContainer = "flink-main-container"
	volume        = "preflight"
	// Component is the pods' label of that name: no selector of a JobManager or
	// TaskManager matches it, the job's NetworkPolicy, which goes by app, does.
	Component = "preflight"
)

// Job that asks once: no retry, except after a disruption that says nothing
// about the job (a drained node). It has no time to live, so that its pod's log
// stays until the next one is made.
func (in Input) Job() batchv1.Job {
	template := *in.PodTemplate.DeepCopy()
	template.Labels = labels(template.Labels, in.Deployment)
	template.Spec = in.pod(template.Spec)
	return batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Name: in.Name(), Namespace: in.Namespace, Labels: in.Labels},
		Spec: batchv1.JobSpec{
			BackoffLimit:          new(int32(0)),
			ActiveDeadlineSeconds: new(int64(in.Timeout / time.Second)),
			PodFailurePolicy: &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{
				Action: batchv1.PodFailurePolicyActionIgnore,
				OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{{
					Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue,
				}},
			}}},
			Template: template,
		},
	}
}

// labels of the pods. type is the third that Flink's own selectors ask for.
func labels(template map[string]string, job string) map[string]string {
	own := maps.Clone(template)
	if own == nil {
		own = map[string]string{}
	}
	delete(own, "type")
	own["app"], own["component"] = job, Component
	return own
}

// pod keeps of the template everything that decides where it runs and what it
// may reach. Other containers than Flink's own are left out: a Job ends only
// when all of them do.
func (in Input) pod(spec corev1.PodSpec) corev1.PodSpec {
	container := corev1.Container{Name: mainContainer}
	for _, of := range spec.Containers {
		if of.Name == mainContainer {
			container = of
		}
	}
	spec.Containers = []corev1.Container{in.container(container)}
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: in.Name()}},
	}})
	spec.ServiceAccountName = in.ServiceAccount
	spec.RestartPolicy = corev1.RestartPolicyNever
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	setDefault(&spec.SecurityContext.RunAsNonRoot, new(true))
	setDefault(&spec.SecurityContext.RunAsUser, new(int64(9999))) // flink, in Flink's images
	setDefault(&spec.SecurityContext.SeccompProfile, &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault})
	return spec
}

func (in Input) container(c corev1.Container) corev1.Container {
	c.Image = in.Image
	c.Command = in.entryPoint()
	c.Args = in.containerArguments()
	c.Env = append(c.Env, corev1.EnvVar{Name: "FLINK_CONF_DIR", Value: directory})
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: volume, MountPath: directory, ReadOnly: true})
	// They are a JobManager's: nothing listens here.
	c.Ports, c.LivenessProbe, c.ReadinessProbe, c.StartupProbe, c.Lifecycle = nil, nil, nil, nil, nil
	amounts := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(int64(in.CPU*1000), resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(in.Memory, resource.BinarySI),
	}
	c.Resources = corev1.ResourceRequirements{Requests: amounts, Limits: amounts}
	// A JVM that does not start leaves no result: then the log says why.
	c.TerminationMessagePath = corev1.TerminationMessagePathDefault
	c.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	if c.SecurityContext == nil {
		c.SecurityContext = &corev1.SecurityContext{}
	}
	setDefault(&c.SecurityContext.AllowPrivilegeEscalation, new(false))
	setDefault(&c.SecurityContext.Capabilities, &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}})
	return c
}

func setDefault[T any](field **T, value *T) {
	if *field == nil {
		*field = value
	}
}
