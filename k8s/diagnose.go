package k8s

import (
	"context"
	"net/url"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"flink-payments/k8s/flink/diagnosis"
)

// restPort of the service NAME-rest that Flink makes for each job.
const restPort = "8081"

// Diagnose reads why a job does not run, and returns at most six findings, the
// most telling first; none: nothing that it knows of keeps the job. It makes at
// most 15 calls in two rounds, those of a round at once, so it ends within
// twice the Inspector's time for one. What cannot be read is one finding and
// hides nothing else.
func Diagnose(ctx context.Context, inspector Inspector, namespace, name string) []diagnosis.Finding {
	var r diagnosis.Readings
	var mutex sync.Mutex
	// keep stores what one call brought.
	keep := func(err error, store func()) {
		mutex.Lock()
		defer mutex.Unlock()
		switch {
		case err == nil:
			store()
		case !away(err):
			r.Unread = append(r.Unread, err)
		}
	}

	var jobs, sets []string
	together(
		func() {
			pods, err := inspector.List(ctx, "v1", "pods", namespace, "app="+name)
			keep(err, func() { r.Pods = pods })
		},
		func() {
			found, err := inspector.List(ctx, "apps/v1", "replicasets", namespace, "app="+name)
			keep(err, func() { sets = newestReplicaSet(found) })
		},
		func() {
			overview, err := inspector.Proxy(ctx, namespace, name+"-rest", restPort, "/jobs/overview", nil)
			keep(err, func() { jobs = diagnosis.Jobs(overview) })
		},
		func() {
			events, err := inspector.Events(ctx, "Deployment", namespace, name)
			keep(err, func() { r.Events = append(r.Events, events) })
		},
	)

	var calls []func()
	// In application mode there is one job.
	for _, id := range jobs[:min(1, len(jobs))] {
		calls = append(calls, func() {
			answer, err := inspector.Proxy(ctx, namespace, name+"-rest", restPort, "/jobs/"+id+"/exceptions", url.Values{"maxExceptions": {"5"}})
			keep(err, func() { r.Exceptions = append(r.Exceptions, answer) })
		})
	}
	logs := diagnosis.Wanted(r.Pods)
	for i := range logs {
		calls = append(calls, func() {
			text, err := inspector.Logs(ctx, namespace, logs[i].Pod, logs[i].Container, logs[i].Previous, diagnosis.Lines)
			keep(err, func() { logs[i].Text = text })
		})
	}
	events := func(kind string, names []string) {
		for _, of := range names {
			calls = append(calls, func() {
				lines, err := inspector.Events(ctx, kind, namespace, of)
				keep(err, func() { r.Events = append(r.Events, lines) })
			})
		}
	}
	events("ReplicaSet", sets)
	events("Pod", diagnosis.NotReady(r.Pods))
	together(calls...)
	r.Logs = logs
	return diagnosis.Find(r)
}

// together makes calls at once and waits for all.
func together(calls ...func()) {
	var all sync.WaitGroup
	for _, call := range calls {
		all.Go(call)
	}
	all.Wait()
}

// away tells an answer that only says that something is not there yet: no
// service or pod, no JobManager behind the service, no log of a container that
// has not started.
func away(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsBadRequest(err)
}

// newestReplicaSet is the name of the one that makes the pods now.
func newestReplicaSet(sets []map[string]any) []string {
	newest, name := "", ""
	for _, set := range sets {
		metadata, _ := set["metadata"].(map[string]any)
		// RFC 3339 in UTC sorts as text.
		if at, _ := metadata["creationTimestamp"].(string); at >= newest {
			newest = at
			name, _ = metadata["name"].(string)
		}
	}
	if name == "" {
		return nil
	}
	return []string{name}
}
