package look

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"flink-payments/tests/acceptance/internal/promise"
)

// Flink is the REST API of one job's JobManagers, through the API server's proxy of its Service.
type Flink struct {
	http *http.Client
	base string
	what string
}

// Flink returns the REST API behind a Service of the namespace.
func (c *Cluster) Flink(service string, port int) *Flink {
	return &Flink{
		http: c.http,
		base: fmt.Sprintf("%s/api/v1/namespaces/%s/services/%s:%d/proxy", strings.TrimRight(c.server(), "/"), c.namespace, service, port),
		what: fmt.Sprintf("Flink's REST API (Service %s/%s:%d)", c.namespace, service, port),
	}
}

// server is where the API server is; a kubeconfig may leave the scheme out.
func (c *Cluster) server() string {
	if strings.Contains(c.config.Host, "://") {
		return c.config.Host
	}
	return "https://" + c.config.Host
}

// get reads one resource. What the API server refuses (no right, no login) is
// told from what it cannot reach: a Service that is not there, or has nobody behind it.
func (f *Flink) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.base+path, nil)
	if err != nil {
		return err
	}
	response, err := f.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", f.what, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("%s: %w", f.what, err)
	}
	switch {
	case response.StatusCode == http.StatusOK:
		if err := json.Unmarshal(body, into); err != nil {
			return fmt.Errorf("%s: GET %s is not Flink's answer: %w", f.what, path, err)
		}
		return nil
	case response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s: %s", f.what, said(body, response.Status))
	}
	return &Missing{fmt.Sprintf("%s does not answer GET %s: %s", f.what, path, said(body, response.Status))}
}

// said is the message of an answer of the API server (message) or of Flink (errors).
func said(body []byte, status string) string {
	var answer struct {
		Message string   `json:"message"`
		Errors  []string `json:"errors"`
	}
	if json.Unmarshal(body, &answer) == nil {
		if said := cmp.Or(answer.Message, strings.Join(answer.Errors, "; ")); said != "" {
			return status + ": " + said
		}
	}
	return status + ": " + string(bytes.TrimSpace(body[:min(len(body), 200)]))
}

// Job reads the job of an ID; where it is empty, the only one there is.
func (f *Flink) Job(ctx context.Context, id string) (promise.Job, error) {
	if id == "" {
		only, err := f.only(ctx)
		if err != nil {
			return promise.Job{}, err
		}
		id = only
	}
	var answer struct {
		ID       string `json:"jid"`
		State    string `json:"state"`
		Vertices []struct {
			Name        string         `json:"name"`
			Parallelism int            `json:"parallelism"`
			Tasks       map[string]int `json:"tasks"`
		} `json:"vertices"`
	}
	if err := f.get(ctx, "/jobs/"+id, &answer); err != nil {
		return promise.Job{}, err
	}
	job := promise.Job{ID: answer.ID, State: answer.State}
	for _, v := range answer.Vertices {
		job.Vertices = append(job.Vertices, promise.Vertex{Name: v.Name, Parallelism: v.Parallelism, Running: v.Tasks["RUNNING"]})
	}
	return job, nil
}

func (f *Flink) only(ctx context.Context) (string, error) {
	var answer struct {
		Jobs []struct {
			ID string `json:"jid"`
		} `json:"jobs"`
	}
	if err := f.get(ctx, "/jobs/overview", &answer); err != nil {
		return "", err
	}
	if len(answer.Jobs) != 1 {
		return "", &Missing{fmt.Sprintf("%s shows %d jobs, not one", f.what, len(answer.Jobs))}
	}
	return answer.Jobs[0].ID, nil
}

// CheckpointConfig reads how the job takes checkpoints.
func (f *Flink) CheckpointConfig(ctx context.Context, id string) (promise.CheckpointConfig, error) {
	var answer struct {
		Interval        int64 `json:"interval"`
		Externalization struct {
			Enabled  bool `json:"enabled"`
			OnCancel bool `json:"delete_on_cancellation"`
		} `json:"externalization"`
	}
	if err := f.get(ctx, "/jobs/"+id+"/checkpoints/config", &answer); err != nil {
		return promise.CheckpointConfig{}, err
	}
	return promise.CheckpointConfig{
		Interval:     time.Duration(answer.Interval) * time.Millisecond,
		Externalized: answer.Externalization.Enabled, DeletedOnCancel: answer.Externalization.OnCancel,
	}, nil
}

// Checkpoints reads the counts, the latest and the restored.
func (f *Flink) Checkpoints(ctx context.Context, id string) (promise.Checkpoints, error) {
	var answer struct {
		Counts struct {
			Completed int64 `json:"completed"`
			Failed    int64 `json:"failed"`
		} `json:"counts"`
		Latest struct {
			Completed *struct {
				ID   int64  `json:"id"`
				Path string `json:"external_path"`
			} `json:"completed"`
			Restored *struct {
				ID        int64  `json:"id"`
				At        int64  `json:"restore_timestamp"`
				Savepoint bool   `json:"is_savepoint"`
				Path      string `json:"external_path"`
			} `json:"restored"`
		} `json:"latest"`
	}
	if err := f.get(ctx, "/jobs/"+id+"/checkpoints", &answer); err != nil {
		return promise.Checkpoints{}, err
	}
	found := promise.Checkpoints{Completed: answer.Counts.Completed, Failed: answer.Counts.Failed}
	if c := answer.Latest.Completed; c != nil {
		found.Latest = &promise.Completed{ID: c.ID, Path: c.Path}
	}
	if r := answer.Latest.Restored; r != nil {
		found.Restored = &promise.Restored{ID: r.ID, Path: r.Path, Savepoint: r.Savepoint, At: r.At}
	}
	return found, nil
}

// Restarts reads the metric numRestarts, counted since the leader started; nil: it is not there (yet).
func (f *Flink) Restarts(ctx context.Context, id string) (*int64, error) {
	var answer []struct {
		ID    string `json:"id"`
		Value string `json:"value"`
	}
	if err := f.get(ctx, "/jobs/"+id+"/metrics?get=numRestarts", &answer); err != nil {
		return nil, err
	}
	for _, m := range answer {
		if n, err := strconv.ParseInt(m.Value, 10, 64); m.ID == "numRestarts" && err == nil {
			return &n, nil
		}
	}
	return nil, nil
}
