package setup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flink-payments/tests/rehearsal/standin/kubernetes"
	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/standin/operator/operatortest"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/standin/provider/providertest"
	"flink-payments/tests/rehearsal/world"
)

// What a program reads to say why a job does not run must be there to read.
func TestTheCauseOfAJobThatDoesNotRunIsThereToRead(t *testing.T) {
	type m = map[string]any
	for _, c := range []struct {
		name, cause string
		change      func(spec m)
		read        func(r reader, job string, pod string) (string, error)
	}{
		{"image", "ImagePullBackOff", func(spec m) { spec["image"] = "r/fraud:2-bad" }, func(r reader, _, _ string) (string, error) {
			pods, err := r.List(t.Context(), "v1", "pods", "payments", "app=fraud,component=jobmanager")
			return fmt.Sprint(pods), err
		}},
		{"event", "failed to pull", func(spec m) { spec["image"] = "r/fraud:2-bad" }, func(r reader, _, pod string) (string, error) {
			lines, err := r.Events(t.Context(), "Pod", "payments", pod)
			return strings.Join(lines, "\n"), err
		}},
		{"crash", `For input string: "3 s"`, func(spec m) { spec["flinkConfiguration"].(m)["heartbeat.interval"] = "3 s" }, func(r reader, _, pod string) (string, error) {
			return r.Logs(t.Context(), "payments", pod, "flink-main-container", true, 50)
		}},
		{"main", "The main method caused an error", func(spec m) { spec["image"] = "r/fraud:2-throws" }, func(r reader, job, _ string) (string, error) {
			answer, err := r.Proxy(t.Context(), "payments", "fraud-rest", "8081", "/jobs/"+job+"/exceptions", nil)
			return string(answer), err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := world.Open("")
			if err != nil {
				t.Fatal(err)
			}
			k := providertest.Connect(t, kubernetes.New(w, operator.Scaled(1000), nil), provider.Hooks{}, m{})
			k.Must(world.NamespaceType, m{"metadata": m{"name": "payments"}})
			k.Must(world.CRDType, m{"metadata": m{"name": "flinkdeployments.flink.apache.org"}, "spec": m{"group": "flink.apache.org",
				"names": m{"kind": "FlinkDeployment", "plural": "flinkdeployments"}, "versions": []any{m{"name": "v1beta1"}}}})
			k.Must(world.ServiceAccountType, m{"metadata": m{"name": "flink", "namespace": "payments"}})
			_ = w.Put(world.Object{Package: "kubernetes", Type: world.ReleaseType, ID: "ops/operator", State: m{
				"version": "1.15.0", "status": m{"chart": "flink-kubernetes-operator", "status": "deployed"}}})
			job := operatortest.Job(c.change)
			delete(job["metadata"].(m), "annotations")
			k.Must(world.DeploymentType, job)
			var read string
			for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
				pods, err := reader{w}.List(t.Context(), "v1", "pods", "payments", "component=jobmanager")
				if err != nil {
					t.Fatal(err)
				}
				if len(pods) == 0 {
					continue
				}
				o, _ := w.Get("kubernetes", world.DeploymentType, "payments/fraud")
				id, _ := o.State["status"].(m)["jobStatus"].(m)["jobId"].(string)
				if read, err = c.read(reader{w}, id, pods[0]["metadata"].(m)["name"].(string)); err == nil && strings.Contains(read, c.cause) {
					return
				}
			}
			t.Errorf("%q is not in %s", c.cause, read)
		})
	}
}
