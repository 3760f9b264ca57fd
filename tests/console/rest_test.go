package console

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// A route of Flink's REST API, as testdata/rest.tsv of the package oauth2proxy has it.
type route struct {
	method, path string
	// served and asked are the versions of Flink that have it, and whose UI asks for it.
	served, asked []string
}

func routes(t *testing.T) []route {
	t.Helper()
	text, err := os.ReadFile("../../k8s/oauth2proxy/testdata/rest.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []route
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(fields) != 4 {
			continue
		}
		all = append(all, route{fields[0], fields[1], strings.Fields(fields[2]), strings.Fields(fields[3])})
	}
	if len(all) < 90 {
		t.Fatalf("only %d routes", len(all))
	}
	return all
}

const someJob = "0123456789abcdef0123456789abcdef"

// example is a path of the route.
func (r route) example(job string) string {
	path := strings.NewReplacer(
		":jobid", job, ":vertexid", "fedcba9876543210fedcba9876543210", ":applicationid", someJob,
		":checkpointid", "7", ":rescaleuuid", "123e4567-e89b-12d3-a456-426614174000", ":taskmanagerid", "payments-taskmanager-1-1",
		":filename", "flink--taskexecutor-0.log.1", ":*", "main.0123456789abcdef.js",
	).Replace(r.path)
	return regexp.MustCompile(`:[a-zA-Z]+`).ReplaceAllString(path, someJob)
}

// leftOut of what the UI asks for: what changes something, and what is read only on the way to it.
var leftOut = []string{
	"GET /jars", "GET /jars/:jarid/plan", "GET /jobs/:jobid/yarn-cancel", "GET /jobs/:jobid/resource-requirements",
	"GET /jobmanager/profiler", "GET /jobmanager/profiler/:filename", "GET /taskmanagers/:taskmanagerid/profiler",
	"GET /taskmanagers/:taskmanagerid/profiler/:filename",
}
