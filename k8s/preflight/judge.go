package preflight

import (
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// patience with an image that is not pulled and with a container that cannot be
// made: registries answer 5xx now and then, and a Secret may come a moment later.
const patience = 2 * time.Minute

// Judge reads the Job and its pods, as the API server returns them. done is
// false while there may still be another answer; the verdict then says what the
// pod waits for, and its Kind is empty while nothing is wrong. Keep the last
// one: a Job that runs into its deadline loses its pods.
func Judge(job batchv1.Job, pods []corev1.Pod, now time.Time) (v Verdict, done bool) {
	pods = slices.Clone(pods)
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for _, pod := range pods {
		if state := status(pod.Status.ContainerStatuses, mainContainer).State.Terminated; state != nil && !disrupted(pod) {
			return ended(*state), true
		}
	}
	if len(pods) > 0 {
		v, done = waiting(pods[0], now)
	}
	for _, condition := range job.Status.Conditions {
		if condition.Type == batchv1.JobFailed && condition.Status == corev1.ConditionTrue {
			if v.Kind == "" {
				v = Verdict{Kind: Crashed, Cause: strings.TrimSpace(condition.Reason + ": " + condition.Message)}
			}
			return v, true
		}
	}
	return v, done
}

func ended(state corev1.ContainerStateTerminated) Verdict {
	if v, err := Parse(state.Message); err == nil {
		return v
	}
	lines := strings.Split(strings.TrimSpace(state.Message), "\n")
	cause := fmt.Sprintf("the container ended with exit code %d and without a result", state.ExitCode)
	if state.Reason == "OOMKilled" {
		cause += ": it was out of memory"
	}
	if last := lines[len(lines)-1]; last != "" {
		cause += ": " + last
	}
	return Verdict{Kind: Crashed, Cause: cause, Details: lines}
}

func waiting(pod corev1.Pod, now time.Time) (Verdict, bool) {
	late := now.Sub(pod.CreationTimestamp.Time) > patience
	for _, init := range pod.Status.InitContainerStatuses {
		if t := init.State.Terminated; t != nil && t.ExitCode != 0 {
			return Verdict{Kind: Secret, Cause: fmt.Sprintf("init container %s ended with exit code %d: %s", init.Name, t.ExitCode, lastLine(t.Message))}, true
		}
	}
	for _, of := range append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...) {
		w := of.State.Waiting
		if w == nil {
			continue
		}
		cause := strings.TrimSpace(fmt.Sprintf("container %s: %s: %s", of.Name, w.Reason, lastLine(w.Message)))
		switch w.Reason {
		case "InvalidImageName", "ErrImageNeverPull":
			return Verdict{Kind: Image, Cause: cause}, true
		case "ErrImagePull", "ImagePullBackOff":
			return Verdict{Kind: Image, Cause: cause}, late
		case "CreateContainerConfigError", "CreateContainerError":
			return Verdict{Kind: Unscheduled, Cause: cause}, late
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return Verdict{Kind: Unscheduled, Cause: condition.Message}, false
		}
	}
	for _, init := range pod.Status.InitContainerStatuses {
		if init.State.Running != nil {
			return Verdict{Kind: Secret, Cause: "init container " + init.Name + " has not ended"}, false
		}
	}
	return Verdict{}, false
}

// disrupted pods are replaced (the Job's PodFailurePolicy); what they said last
// is not about the job.
func disrupted(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue
	})
}

func status(statuses []corev1.ContainerStatus, name string) corev1.ContainerStatus {
	for _, s := range statuses {
		if s.Name == name {
			return s
		}
	}
	return corev1.ContainerStatus{}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
