package operator

import (
	"encoding/json"
	"fmt"

	"flink-payments/tests/rehearsal/world"
)

// PodType is what a JobManager's Deployment makes, and Flink itself for TaskManagers.
const PodType = "kubernetes:core/v1:Pod"

// What a pod's private part holds: what its container wrote, and the one before
// it; what the event log says of it, a line each.
const (
	PodLog         = "log"
	PodLogPrevious = "previous"
	PodEvents      = "events"
)

// RESTAnswers are in the private part of the JobManager's Deployment: what
// Flink's REST answers, by path. None: it does not answer.
const RESTAnswers = "rest"

const crashed = `Exception in thread "main" java.lang.IllegalArgumentException: Could not parse value '%s' for key 'heartbeat.interval'.
	at org.apache.flink.configuration.Configuration.getOptional(Configuration.java:720)
Caused by: java.lang.NumberFormatException: For input string: "%s"`

// pods are those of the cluster, as the kubelet shows them.
func (c modelled) pods() []world.Object {
	seen, note := c.look(), c.note()
	if !seen.exists {
		return nil
	}
	spec := child(note, "spec")
	main, private, phase := object{"name": "flink-main-container", "ready": seen.available, "restartCount": 0.0}, object{}, "Running"
	waiting := func(reason, message string) {
		state := object{"reason": reason}
		if message != "" {
			state["message"] = message
		}
		main["state"] = object{"waiting": state}
	}
	main["state"] = object{"running": object{}}
	switch {
	case seen.problem != "" && seen.neverStarted:
		if _, has := c.store.Get(world.ServiceAccountType, c.namespace()+"/"+text(spec, "serviceAccount")); !has {
			return nil // the ReplicaSet cannot make any
		}
		waiting("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q", text(spec, "image")))
		phase, private[PodEvents] = "Pending", []any{"Warning Failed: " + seen.problem}
	case seen.mount != "":
		waiting("ContainerCreating", "")
		phase, private[PodEvents] = "Pending", []any{"Warning FailedMount: " + seen.mount}
	case crashes(spec):
		interval := text(child(spec, "flinkConfiguration"), "heartbeat.interval")
		main["restartCount"], private[PodLogPrevious] = float64(c.age()/(jobManagerTakes+mountTakes)), fmt.Sprintf(crashed, interval, interval)
		if seen.problem != "" {
			waiting("CrashLoopBackOff", seen.problem)
		}
		main["lastState"] = object{"terminated": object{"exitCode": 1.0, "reason": "Error"}}
	case seen.failure != "":
		private[PodLog] = "ERROR " + seen.failure
	}
	replicas, _ := child(spec, "jobManager")["replicas"].(float64)
	var all []world.Object
	for i := range max(1, int(replicas)) {
		all = append(all, c.pod("jobmanager", fmt.Sprintf("%s-%.8s-%d", c.name(), text(c.job(), "jobId"), i), phase, main, private))
	}
	if seen.job == "RUNNING" {
		worker := object{"name": "flink-main-container", "ready": true, "restartCount": 0.0, "state": object{"running": object{}}}
		for i := range int(c.taskManagers()) {
			all = append(all, c.pod("taskmanager", fmt.Sprintf("%s-taskmanager-1-%d", c.name(), i+1), "Running", worker, object{}))
		}
	}
	return all
}

func (c modelled) pod(component, name, phase string, container, private object) world.Object {
	return world.Object{Package: "kubernetes", Type: PodType, ID: c.namespace() + "/" + name, Private: private, State: object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": object{"name": name, "namespace": c.namespace(), "labels": object{"app": c.name(), "component": component}},
		"status":   object{"phase": phase, "containerStatuses": []any{container}},
	}}
}

// rest are the answers of Flink's REST, by path; nil: it does not answer.
func (c modelled) rest() map[string]string {
	seen := c.look()
	if !seen.exists || seen.job == noAnswer {
		return nil
	}
	id, since := text(c.job(), "jobId"), c.note()["since"]
	encode := func(answer any) string {
		encoded, _ := json.Marshal(answer)
		return string(encoded)
	}
	answers := map[string]string{
		"/jobs":       encode(object{"jobs": []object{{"id": id, "status": seen.job}}}),
		"/jobs/" + id: encode(object{"jid": id, "name": c.name(), "state": seen.job}),
	}
	exceptions := object{"root-exception": nil, "all-exceptions": []any{}}
	if seen.failure != "" {
		exceptions["root-exception"] = seen.failure
		exceptions["exceptionHistory"] = object{"entries": []object{{"exceptionName": seen.failure, "stacktrace": seen.failure, "timestamp": since}}}
	}
	answers["/jobs/"+id+"/exceptions"] = encode(exceptions)
	return answers
}
