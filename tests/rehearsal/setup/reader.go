package setup

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"flink-payments/components"
	"flink-payments/k8s"
	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

// reader is what the program sees of the stand-in's cluster: the stand-in has
// no API server.
type reader struct{ *world.World }

var _ k8s.Inspector = reader{}

// The program looks each three seconds, in which the model of the operator goes
// through ten minutes. So an answer waits a little for the model to have one.
const (
	answerWithin = time.Second
	answerEvery  = 10 * time.Millisecond
)

func (r reader) Get(ctx context.Context, apiVersion, plural, namespace, name string) (map[string]any, error) {
	kind := map[string]string{"flinkdeployments": "FlinkDeployment", "flinkstatesnapshots": "FlinkStateSnapshot"}[plural]
	for end := time.Now().Add(answerWithin); ; time.Sleep(answerEvery) {
		o, there := r.World.Get("kubernetes", "kubernetes:"+apiVersion+":"+kind, namespace+"/"+name)
		if !there {
			return nil, nil
		}
		if settled(o) || time.Now().After(end) || ctx.Err() != nil {
			return o.State, nil
		}
	}
}

// settled says that the model has nothing more to do with an object.
func settled(o world.Object) bool {
	status, _ := o.State["status"].(map[string]any)
	metadata, _ := o.State["metadata"].(map[string]any)
	switch {
	case status["error"] != nil:
		return true
	case status["observedGeneration"] != nil && status["observedGeneration"] != metadata["generation"]:
		return false
	}
	switch status["lifecycleState"] {
	case "STABLE", "FAILED", "ROLLED_BACK", "SUSPENDED":
		job, _ := status["jobStatus"].(map[string]any)
		return job["state"] != "RECONCILING"
	}
	switch status["state"] {
	case "COMPLETED", "FAILED", "ABANDONED":
		return true
	}
	return false
}

// Events are those that the model's pods have.
func (r reader) Events(_ context.Context, kind, namespace, name string) ([]string, error) {
	o, _ := r.World.Get("kubernetes", "kubernetes:core/v1:"+kind, namespace+"/"+name)
	events, _ := o.Private[operator.PodEvents].([]any)
	var lines []string
	for _, event := range events {
		lines = append(lines, fmt.Sprint(event))
	}
	return lines, nil
}

// List picks by labels, of a kind that the plural is built from by an s.
func (r reader) List(_ context.Context, apiVersion, plural, namespace, labelSelector string) ([]map[string]any, error) {
	selector, err := labels.Parse(labelSelector)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	var found []map[string]any
	for _, o := range r.Where(func(pkg, typ, id string) bool {
		kind, of := strings.CutPrefix(typ, "kubernetes:"+apiVersion+":")
		return pkg == "kubernetes" && of && strings.ToLower(kind)+"s" == plural && strings.HasPrefix(id, namespace+"/")
	}) {
		set := labels.Set{}
		metadata, _ := o.State["metadata"].(map[string]any)
		all, _ := metadata["labels"].(map[string]any)
		for key, value := range all {
			set[key] = fmt.Sprint(value)
		}
		if selector.Matches(set) {
			found = append(found, o.State)
		}
	}
	return found, nil
}

// Logs are what the model lets a container write, which is little.
func (r reader) Logs(_ context.Context, namespace, pod, _ string, previous bool, _ int) (string, error) {
	o, there := r.World.Get("kubernetes", operator.PodType, namespace+"/"+pod)
	if !there {
		return "", fmt.Errorf("pods %q not found", pod)
	}
	log, key := "", operator.PodLog
	if previous {
		key = operator.PodLogPrevious
	}
	if log, there = o.Private[key].(string); previous && !there {
		return "", fmt.Errorf("previous terminated container in pod %q not found", pod)
	}
	return log, nil
}

// Proxy answers for Flink's REST, the Service of which is JOB-rest.
func (r reader) Proxy(_ context.Context, namespace, service, _, at string, _ url.Values) ([]byte, error) {
	manager, _ := r.World.Get("kubernetes", "kubernetes:apps/v1:Deployment", namespace+"/"+strings.TrimSuffix(service, "-rest"))
	answers, _ := manager.Private[operator.RESTAnswers].(map[string]any)
	answer, there := answers[path.Join("/", at)].(string)
	if !there {
		return nil, fmt.Errorf("no endpoints available for service %q", service)
	}
	return []byte(answer), nil
}

// watching is the program, with the stand-in's cluster where that is the one.
func (r *Rehearsal) watching() components.Program {
	if r.Server != nil {
		return components.Program{}
	}
	for _, pkg := range r.Real {
		if pkg == "kubernetes" {
			return components.Program{}
		}
	}
	return components.Program{Reader: reader{r.World}}
}
