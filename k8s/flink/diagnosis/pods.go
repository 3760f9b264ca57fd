package diagnosis

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// What is read of a job's pods at most, each a call.
const (
	maxLogs = 6
	maxPods = 3
)

// decode takes pods as the API server holds them. One that is no pod, or that
// is being deleted and so is the last generation's, is left out.
func decode(objects []map[string]any) []corev1.Pod {
	var pods []corev1.Pod
	for _, object := range objects {
		var pod corev1.Pod
		text, err := json.Marshal(object)
		if err != nil || json.Unmarshal(text, &pod) != nil || pod.DeletionTimestamp != nil {
			continue
		}
		pods = append(pods, pod)
	}
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	return pods
}

// statuses of a pod's containers, the init containers first.
func statuses(pod corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

// Wanted names at most six logs that may tell why: of the Vault agent where it
// is not done, of JobManagers now and before their last restart, and of
// TaskManagers that ended. The text is empty.
func Wanted(objects []map[string]any) []Log {
	var agents, managers, workers []Log
	for _, pod := range decode(objects) {
		for _, c := range statuses(pod) {
			ended := c.State.Terminated
			switch {
			case c.Name == vaultContainer && (ended == nil || ended.ExitCode != 0) && (c.RestartCount > 0 || c.State.Waiting == nil):
				agents = append(agents, Log{Pod: pod.Name, Container: c.Name, Previous: c.State.Waiting != nil})
			case c.Name != mainContainer:
			case pod.Labels["component"] == "taskmanager":
				if ended != nil && ended.ExitCode != 0 {
					workers = append(workers, Log{Pod: pod.Name, Container: c.Name})
				}
			default:
				if c.RestartCount > 0 {
					managers = append(managers, Log{Pod: pod.Name, Container: c.Name, Previous: true})
				}
				if c.State.Waiting == nil {
					managers = append(managers, Log{Pod: pod.Name, Container: c.Name})
				}
			}
		}
	}
	first := func(logs []Log, n int) []Log { return logs[:min(n, len(logs))] }
	return first(slices.Concat(first(agents, 1), first(managers, 4), first(workers, 1)), maxLogs)
}

// NotReady names at most three pods that are not ready, the newest first: their
// events may tell why.
func NotReady(objects []map[string]any) []string {
	var names []string
	for _, pod := range decode(objects) {
		ready := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
		if !ready && len(names) < maxPods {
			names = append(names, pod.Name)
		}
	}
	return names
}

// podFindings tell what Kubernetes says of the pods themselves.
func podFindings(pods []corev1.Pod) []Finding {
	var found []Finding
	for _, pod := range pods {
		where := "pod " + pod.Name
		const inject = "vault.hashicorp.com/agent-inject"
		if pod.Annotations[inject] == "true" && pod.Annotations[inject+"-status"] != "injected" {
			found = append(found, finding(beforeStart, "the Vault injector did not touch the pods, so they have no credential",
				where+" has "+inject+`: "true" and no `+inject+"-status: injected",
				"get the injector up (`kubectl get pods -A -l app.kubernetes.io/name=vault-agent-injector`) and its webhook; then raise `restart.request`, or delete the pods where none runs"))
		}
		if pod.Status.Reason == "Evicted" {
			found = append(found, finding(unknown, "a node evicted the pod", where+": "+pod.Status.Message,
				"raise what the message names: for ephemeral-storage the request or volume in `podTemplate`, for memory `jobManager.memory` or `taskManager.memory`"))
		}
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
				found = append(found, unschedulable(where, c.Message))
			}
		}
		for _, c := range statuses(pod) {
			found = append(found, containerFindings(pod, c)...)
		}
	}
	return found
}

func unschedulable(where, message string) Finding {
	do := "add a node, or lower cpu and memory of `jobManager`/`taskManager` or `parallelism`"
	switch {
	case strings.Contains(message, "Insufficient"):
	case strings.Contains(message, "taint"):
		do = "add the taint's toleration to `podTemplate`, or a node without it"
	case strings.Contains(message, "affinity") || strings.Contains(message, "selector"):
		do = "mend nodeSelector or affinity in `podTemplate`, or add a node that fits"
	}
	return finding(beforeStart, "no node takes the pod", where+": "+message, do)
}

// notPulled are reasons of a container whose image is not there.
var notPulled = []string{"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable"}

func containerFindings(pod corev1.Pod, c corev1.ContainerStatus) []Finding {
	where := "pod " + pod.Name + ", container " + c.Name
	ended := c.State.Terminated
	if waiting := c.State.Waiting; waiting != nil {
		switch {
		case slices.Contains(notPulled, waiting.Reason):
			return []Finding{notPulledFinding(where, c, *waiting)}
		case strings.HasPrefix(waiting.Reason, "CreateContainer") || waiting.Reason == "RunContainerError" || waiting.Reason == "StartError":
			return []Finding{finding(beforeStart, "the container cannot be made", where+": "+waiting.Reason+": "+waiting.Message,
				"mend what `podTemplate` refers to: a Secret, ConfigMap, user or command that is named here")}
		case waiting.Reason == "CrashLoopBackOff" && ended == nil:
			ended = c.LastTerminationState.Terminated
		}
	} else if c.State.Running != nil && c.RestartCount > 0 && !c.Ready {
		ended = c.LastTerminationState.Terminated
	}
	if ended == nil || ended.ExitCode == 0 {
		return nil
	}
	how := fmt.Sprintf("%s: %s, exit code %d, %d restarts", where, ended.Reason, ended.ExitCode, c.RestartCount)
	if ended.Message != "" {
		how += ": " + ended.Message
	}
	if ended.Reason == "OOMKilled" {
		setting := "jobManager.memory"
		if pod.Labels["component"] == "taskmanager" {
			setting = "taskManager.memory"
		}
		return []Finding{finding(beforeStart, "a container used more memory than its limit and was killed", how,
			"raise `"+setting+"`; memory outside of Flink's budget (native libraries, user threads): flinkConfiguration: {"+
				strings.ToLower(strings.TrimSuffix(setting, ".memory"))+".memory.jvm-overhead.fraction: \"0.2\"}")}
	}
	previous := ""
	if c.State.Terminated == nil {
		previous = " --previous"
	}
	return []Finding{finding(consequence, "container "+c.Name+" ends with an error", how,
		fmt.Sprintf("read its log: kubectl -n %s logs %s -c %s%s", pod.Namespace, pod.Name, c.Name, previous))}
}

var (
	absent  = regexp.MustCompile(`(?i)not found|manifest unknown|does not exist|no such image`)
	refused = regexp.MustCompile(`(?i)unauthorized|forbidden|denied|no basic auth|authentication|403`)
)

func notPulledFinding(where string, c corev1.ContainerStatus, waiting corev1.ContainerStateWaiting) Finding {
	do := "a registry that does not answer is asked again by itself; if it lasts, look at the nodes' way to it"
	switch {
	case waiting.Reason == "InvalidImageName":
		do = "write `image` as repository:tag@sha256:digest"
	// A registry says "pull access denied, repository does not exist" of both.
	case refused.MatchString(waiting.Message):
		do = "let the nodes' role pull from that repository (ECR: ecr:BatchGetImage and the repository's policy), or mend the repository's name in `image`"
	case absent.MatchString(waiting.Message):
		do = "push that tag and digest, or set `image` to one that is there: `aws ecr describe-images --repository-name NAME`"
	}
	return finding(beforeStart, "image "+c.Image+" cannot be pulled", where+": "+waiting.Reason+": "+waiting.Message, do)
}
