package preflight

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

func input() Input {
	return Input{
		Deployment: "fraud-scoring", Namespace: "payments", ServiceAccount: "flink", Image: "registry/fraud-scoring:1.4.0",
		FlinkVersion: "v1_18", JarURI: "local:///opt/flink/usrlib/fraud-scoring.jar", Parallelism: 6,
		Configuration: map[string]string{
			"state.checkpoints.dir": "s3://bucket/checkpoints", "execution.checkpointing.interval": "30 s",
			"kubernetes.operator.savepoint.format.type": "NATIVE", "job.autoscaler.enabled": "true",
		},
		PodTemplate: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"pool": "flink"},
			Containers: []corev1.Container{
				{Name: "logs", Image: "sidecar"},
				{Name: mainContainer, Env: []corev1.EnvVar{{Name: "KAFKA_TOPIC_IN", Value: "card-auth"}}},
			},
		}},
		CPU: 1, Memory: 2048 << 20, Timeout: 5 * time.Minute,
	}
}

func TestTheSameQuestionHasOneNameAndEveryOtherItsOwn(t *testing.T) {
	base := input()
	same := input()
	same.Timeout, same.Labels = time.Hour, map[string]string{"team": "payments"}
	if base.Name() != same.Name() {
		t.Error("a label or the time-out asks again")
	}
	changes := map[string]func(*Input){
		"image":       func(in *Input) { in.Image += "1" },
		"args":        func(in *Input) { in.Args = []string{"--x"} },
		"parallelism": func(in *Input) { in.Parallelism++ },
		"account":     func(in *Input) { in.ServiceAccount = "other" },
		"restore":     func(in *Input) { in.Restore = "s3://bucket/savepoints/savepoint-1" },
		"allow":       func(in *Input) { in.AllowNonRestoredState = true },
		"template":    func(in *Input) { in.PodTemplate.Spec.NodeSelector = nil },
		"files":       func(in *Input) { in.SecretFiles = []string{"/vault/secrets/kafka.properties"} },
		"configuration": func(in *Input) {
			in.Configuration = map[string]string{"execution.checkpointing.interval": "10 s"}
		},
		"memory": func(in *Input) { in.Memory++ },
	}
	names := map[string]string{base.Name(): "none"}
	for what, change := range changes {
		in := input()
		change(&in)
		if other, taken := names[in.Name()]; taken {
			t.Errorf("a changed %s has the name of a changed %s", what, other)
		}
		names[in.Name()] = what
	}
}

func TestTheNameFitsALabelForTheLongestDeployment(t *testing.T) {
	in := input()
	in.Deployment = strings.Repeat("a", 45)
	if wrong := validation.IsDNS1123Label(in.Name()); wrong != nil {
		t.Errorf("%s: %v", in.Name(), wrong)
	}
}

func TestThePodRunsWhereTheJobManagerWouldAndIsNoneOfItsPods(t *testing.T) {
	in := input()
	in.PodTemplate.Labels = map[string]string{"component": "jobmanager", "type": "flink-native-kubernetes", "team": "payments"}
	before := *in.PodTemplate.DeepCopy()
	template := in.Job().Spec.Template
	if !reflect.DeepEqual(before, in.PodTemplate) {
		t.Error("the template of the caller was changed")
	}
	if want := map[string]string{"app": "fraud-scoring", "component": "preflight", "team": "payments"}; !reflect.DeepEqual(template.Labels, want) {
		t.Errorf("labels %v, want %v", template.Labels, want)
	}
	spec := template.Spec
	if spec.NodeSelector["pool"] != "flink" || spec.ServiceAccountName != "flink" || spec.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("the pod is not the JobManager's: %+v", spec)
	}
	if len(spec.Containers) != 1 || spec.Containers[0].Name != mainContainer {
		t.Fatalf("containers %v: a Job ends only when all do", spec.Containers)
	}
	c := spec.Containers[0]
	if c.Image != in.Image || c.Env[0].Name != "KAFKA_TOPIC_IN" || c.Resources.Limits.Memory().Value() != in.Memory {
		t.Errorf("the container is not the JobManager's: %+v", c)
	}
}

// The four that a restricted namespace asks for
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
func TestThePodIsAdmittedUnderRestrictedPodSecurity(t *testing.T) {
	spec := input().Job().Spec.Template.Spec
	c := spec.Containers[0].SecurityContext
	if !*spec.SecurityContext.RunAsNonRoot || spec.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault ||
		*c.AllowPrivilegeEscalation || !slices.Contains(c.Capabilities.Drop, "ALL") {
		t.Errorf("security contexts %+v, %+v", spec.SecurityContext, c)
	}
}

func TestTheJobAsksOnceAndTheCheckEndsBeforeItsDeadline(t *testing.T) {
	for _, timeout := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, time.Hour} {
		in := input()
		in.Timeout = timeout
		spec := in.Job().Spec
		if *spec.BackoffLimit != 0 || spec.TTLSecondsAfterFinished != nil {
			t.Errorf("the Job asks again or goes with its log: %+v", spec)
		}
		if deadline := *spec.ActiveDeadlineSeconds; in.limit() >= deadline || in.limit() < 1 {
			t.Errorf("the check may run %d s, the Job %d s", in.limit(), deadline)
		}
	}
}

func TestTheJobsArgumentsArriveAsTheyAre(t *testing.T) {
	in := input()
	in.Args = []string{"$(HOME)", "$$x", "--", "--jar", "", "a b'c\"d"}
	container := in.Job().Spec.Template.Spec.Containers[0]
	got := container.Args[len(container.Args)-len(in.Args):]
	for i, arg := range got {
		// Kubernetes reads $$ as $ and replaces $(NAME) only where one $ stands.
		if strings.Count(arg, "$")%2 != 0 || strings.ReplaceAll(arg, "$$", "$") != in.Args[i] {
			t.Errorf("argument %q is written %q", in.Args[i], arg)
		}
	}
}

func TestTheConfigurationIsWrittenAsTheOperatorWritesIt(t *testing.T) {
	in := input()
	data := in.ConfigMap().Data
	want := "execution.checkpointing.interval: 30 s\nparallelism.default: 6\nstate.checkpoints.dir: s3://bucket/checkpoints\n"
	if data["flink-conf.yaml"] != want {
		t.Errorf("flink-conf.yaml is\n%s\nwant\n%s", data["flink-conf.yaml"], want)
	}
	in.FlinkVersion = "v2_0"
	data = in.ConfigMap().Data
	var read map[string]string
	if err := yaml.Unmarshal([]byte(data["config.yaml"]), &read); err != nil || len(read) != 3 || read["execution.checkpointing.interval"] != "30 s" {
		t.Errorf("config.yaml is\n%s (%v)", data["config.yaml"], err)
	}
	if _, both := data["flink-conf.yaml"]; both {
		t.Error("Flink 2.0 gets a file that it does not read")
	}
}

func TestTheConfigMapHoldsTheJarWithinEtcdsLimit(t *testing.T) {
	document := input().ConfigMap()
	if size := len(document.BinaryData["preflight.jar"]); size == 0 || size > 512<<10 {
		t.Errorf("the jar has %d bytes", size)
	}
	if document.Name != input().Job().Name || document.Name != input().Job().Spec.Template.Spec.Volumes[0].ConfigMap.Name {
		t.Error("the Job mounts another ConfigMap")
	}
}
