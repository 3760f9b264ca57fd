package standin

import (
	"fmt"
	"net/http"
)

// Flink serves the REST API of the leading JobManager.
func (w *World) Flink() http.Handler {
	job := "GET /jobs/" + JobID
	mux := http.NewServeMux()
	serve := func(pattern string, body func() any) {
		mux.HandleFunc(pattern, func(out http.ResponseWriter, _ *http.Request) {
			w.Lock()
			defer w.Unlock()
			answer(out, body())
		})
	}
	serve("GET /jobs/overview", func() any { return Object{"jobs": []Object{{"jid": JobID, "name": Name, "state": w.State}}} })
	serve(job, func() any {
		vertex := func(name string, parallelism, running int) Object {
			return Object{"name": name, "parallelism": parallelism, "tasks": Object{"RUNNING": running, "CREATED": parallelism - running}}
		}
		return Object{"jid": JobID, "state": w.State, "vertices": []Object{
			vertex("Source: card-auth", w.Parallelism, w.Running), vertex("Sink: fraud-scores", w.Parallelism, w.Running)}}
	})
	serve(job+"/checkpoints/config", func() any {
		return Object{"mode": "exactly_once", "interval": w.Interval,
			"externalization": Object{"enabled": w.Externalized, "delete_on_cancellation": w.DeletedOnCancel}}
	})
	serve(job+"/checkpoints", func() any {
		w.look()
		latest := Object{"completed": nil, "savepoint": nil, "failed": nil, "restored": nil}
		if w.Completed > 0 {
			latest["completed"] = Object{"id": w.Latest, "status": "COMPLETED", "external_path": fmt.Sprintf("%s/chk-%d", w.Root, w.Latest)}
		}
		if r := w.Restored; r != nil {
			latest["restored"] = Object{"id": r.ID, "restore_timestamp": r.At, "is_savepoint": r.Savepoint, "external_path": r.Path}
		}
		return Object{"counts": Object{"completed": w.Completed, "failed": w.Failed}, "latest": latest}
	})
	serve(job+"/metrics", func() any {
		if w.NoMetric {
			return []Object{}
		}
		return []Object{{"id": "numRestarts", "value": fmt.Sprint(w.Restarts)}}
	})
	mux.HandleFunc("/", func(out http.ResponseWriter, in *http.Request) {
		out.WriteHeader(http.StatusNotFound)
		encode(out, Object{"errors": []string{"Not found: " + in.URL.Path}})
	})
	return http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		w.Lock()
		hang := w.Hang > 0
		w.Hang--
		w.Unlock()
		if hang {
			<-in.Context().Done()
			return
		}
		mux.ServeHTTP(out, in)
	})
}
