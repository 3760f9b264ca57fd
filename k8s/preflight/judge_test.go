package preflight

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// podOf an age with the state of its main container.
func podOf(age time.Duration, state corev1.ContainerState) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(now.Add(-age))},
		Status:     corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: mainContainer, State: state}}},
	}
}

func ending(code int32, reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message}}
}

func waitingFor(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func failed(reason string) batchv1.Job {
	return batchv1.Job{Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{
		{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: reason, Message: "Job was active longer than specified deadline"}}}}
}

func withInit(pod corev1.Pod, state corev1.ContainerState) corev1.Pod {
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "vault-agent-init", State: state}}
	return pod
}

func withCondition(pod corev1.Pod, kind corev1.PodConditionType, status corev1.ConditionStatus) corev1.Pod {
	pod.Status.Conditions = []corev1.PodCondition{{Type: kind, Status: status, Message: "0/3 nodes are available"}}
	return pod
}

func TestAPodIsJudgedByWhatItSays(t *testing.T) {
	passed := `{"kind":"passed"}`
	for _, c := range []struct {
		name  string
		job   batchv1.Job
		pods  []corev1.Pod
		kind  Kind
		cause string
		done  bool
	}{
		{"no pod yet", batchv1.Job{}, nil, "", "", false},
		{"running", batchv1.Job{}, []corev1.Pod{podOf(time.Minute, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})}, "", "", false},
		{"passed", batchv1.Job{}, []corev1.Pod{podOf(time.Minute, ending(0, "Completed", passed))}, Passed, "", true},
		{"lost state", failed("BackoffLimitExceeded"), []corev1.Pod{podOf(time.Minute, ending(17, "Error", lost))}, StateLost, "would be lost", true},
		{"out of memory", batchv1.Job{}, []corev1.Pod{podOf(time.Minute, ending(137, "OOMKilled", ""))}, Crashed, "out of memory", true},
		{"a JVM too old", batchv1.Job{}, []corev1.Pod{podOf(time.Minute, ending(1, "Error", "Error: LinkageError\nUnsupportedClassVersionError"))},
			Crashed, "exit code 1 and without a result: UnsupportedClassVersionError", true},
		{"the registry hesitates", batchv1.Job{}, []corev1.Pod{podOf(time.Minute, waitingFor("ErrImagePull", "503"))}, Image, "503", false},
		{"no such image", batchv1.Job{}, []corev1.Pod{podOf(3*time.Minute, waitingFor("ImagePullBackOff", "not found"))}, Image, "not found", true},
		{"not an image's name", batchv1.Job{}, []corev1.Pod{podOf(time.Second, waitingFor("InvalidImageName", "bad"))}, Image, "bad", true},
		{"no Secret for a variable", batchv1.Job{}, []corev1.Pod{podOf(time.Second, waitingFor("CreateContainerConfigError", `secret "x" not found`))},
			Unscheduled, "not found", false},
		{"Vault has no secret", batchv1.Job{}, []corev1.Pod{withInit(podOf(time.Minute, corev1.ContainerState{}), ending(1, "Error", "x\nno secret exists at payments/kafka"))},
			Secret, "vault-agent-init ended with exit code 1: no secret exists at payments/kafka", true},
		{"Vault says no until the deadline", failed("DeadlineExceeded"),
			[]corev1.Pod{withInit(podOf(time.Minute, corev1.ContainerState{}), corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})}, Secret, "has not ended", true},
		{"no node", batchv1.Job{}, []corev1.Pod{withCondition(podOf(time.Minute, corev1.ContainerState{}), corev1.PodScheduled, corev1.ConditionFalse)},
			Unscheduled, "0/3 nodes are available", false},
		{"the deadline took the pod", failed("DeadlineExceeded"), nil, Crashed, "DeadlineExceeded: Job was active longer", true},
		{"the node was drained and another pod runs", batchv1.Job{}, []corev1.Pod{
			withCondition(podOf(2*time.Minute, ending(14, "Error", `{"kind":"timeout"}`)), corev1.DisruptionTarget, corev1.ConditionTrue),
			podOf(time.Minute, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}),
		}, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, done := Judge(c.job, c.pods, now)
			if v.Kind != c.kind || done != c.done || !strings.Contains(v.Cause, c.cause) {
				t.Errorf("judged %q %q, done %v; want %q ...%s..., done %v", v.Kind, v.Cause, done, c.kind, c.cause, c.done)
			}
		})
	}
}
