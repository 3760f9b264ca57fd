package oauth2proxy

import (
	"fmt"
	"strings"

	"flink-payments/k8s/flink"
)

//go:generate sh -c "go run -C ../../tests/console ./routes > testdata/rest.tsv.new && mv testdata/rest.tsv.new testdata/rest.tsv"

// reads are the paths that Flink's UI reads, written as Flink writes its routes, in 1.18 to 2.3:
// testdata/rest.tsv holds every route of those versions and what their UI asks for. The proxy
// knows paths only, so a path on which Flink also changes something is left out, or closed below.
//
// Logs, stdout and thread dumps are in: they are what somebody on call opens the UI for, and change
// nothing. Left out of what the UI asks for: jars (changes come by review), yarn-cancel (a GET that
// cancels), resource-requirements (a PUT on the same path rescales) and the profiler (a POST on the
// same path starts one, which slows the process that it looks at).
var reads = []string{
	"/config",
	"/overview",
	"/applications/overview",
	"/applications/:applicationid",
	"/applications/:applicationid/exceptions",
	"/jobs/overview",
	"/jobs/:jobid/config",
	"/jobs/:jobid/exceptions",
	"/jobs/:jobid/jobmanager/config",
	"/jobs/:jobid/jobmanager/environment",
	"/jobs/:jobid/jobmanager/log-url",
	"/jobs/:jobid/taskmanagers/:taskmanagerid/log-url",
	"/jobs/:jobid/checkpoints",
	"/jobs/:jobid/checkpoints/config",
	"/jobs/:jobid/checkpoints/details/:checkpointid",
	"/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid",
	"/jobs/:jobid/rescales/config",
	"/jobs/:jobid/rescales/overview",
	"/jobs/:jobid/rescales/history",
	"/jobs/:jobid/rescales/summary",
	"/jobs/:jobid/rescales/details/:rescaleuuid",
	"/jobs/:jobid/vertices/:vertexid",
	"/jobs/:jobid/vertices/:vertexid/accumulators",
	"/jobs/:jobid/vertices/:vertexid/backpressure",
	"/jobs/:jobid/vertices/:vertexid/flamegraph",
	"/jobs/:jobid/vertices/:vertexid/metrics",
	"/jobs/:jobid/vertices/:vertexid/subtasks/accumulators",
	"/jobs/:jobid/vertices/:vertexid/subtasks/metrics",
	"/jobs/:jobid/vertices/:vertexid/subtasktimes",
	"/jobs/:jobid/vertices/:vertexid/taskmanagers",
	"/jobs/:jobid/vertices/:vertexid/watermarks",
	"/jobmanager/config",
	"/jobmanager/environment",
	"/jobmanager/log",
	"/jobmanager/logs",
	"/jobmanager/logs/:filename",
	"/jobmanager/metrics",
	"/jobmanager/stdout",
	"/jobmanager/thread-dump",
	"/taskmanagers",
	"/taskmanagers/:taskmanagerid",
	"/taskmanagers/:taskmanagerid/log",
	"/taskmanagers/:taskmanagerid/logs",
	"/taskmanagers/:taskmanagerid/logs/:filename",
	"/taskmanagers/:taskmanagerid/metrics",
	"/taskmanagers/:taskmanagerid/stdout",
	"/taskmanagers/:taskmanagerid/thread-dump",
}

// jobPath is the one path that the UI reads by GET and that Flink cancels a job on, by PATCH.
const jobPath = "/jobs/:jobid"

// parameters are what may stand in a path. No %, ?, #, ;, / and no dot at either end: Flink cuts and
// decodes a path once more after the proxy has judged it.
var parameters = map[string]string{
	":jobid":         `[0-9a-f]{32}`,
	":vertexid":      `[0-9a-f]{32}`,
	":applicationid": `[0-9a-f]{32}`,
	":checkpointid":  `[0-9]+`,
	":rescaleuuid":   `[0-9a-f-]+`,
	":taskmanagerid": `[0-9A-Za-z](?:[0-9A-Za-z._:-]*[0-9A-Za-z_-])?`,
	":filename":      `[0-9A-Za-z_](?:[0-9A-Za-z._:-]*[0-9A-Za-z_-])?`,
}

// files of the UI itself, which a build names anew.
const files = `/|(?:/assets(?:/[0-9a-z-]+)*)?/[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*\.(?:css|html|ico|js|json|png|svg|ttf|txt|woff2?|xml)`

// pattern is the regular expression that takes the whole of each path and nothing else.
func pattern(alternatives ...string) string {
	text := strings.Join(alternatives, "|")
	for name, value := range parameters {
		text = strings.ReplaceAll(text, name, value)
	}
	return "^(" + text + ")$"
}

// upstreams is what the proxy does with whom it let in. A path with a rewriteTarget is a regular
// expression, held against the once decoded path, and goes before one without. A letter may reach
// Flink still encoded (%66), but what was judged holds no %, so decoding it again changes nothing.
func upstreams(job flink.Job) []any {
	rest := func(id, path, target string) map[string]any {
		return map[string]any{
			"id": id, "path": path, "rewriteTarget": target, "proxyWebSockets": false,
			"uri": fmt.Sprintf("http://%s-rest.%s:%d", job.Name, job.Namespace, flink.RestPort),
		}
	}
	return []any{
		rest("read", pattern(append([]string{files}, reads...)...), "$1"),
		// Flink answers 400 to a PATCH with a mode that it does not know, beside any other mode
		// too; GET reads no mode. Not ${1}: the proxy fills that in from its environment.
		rest("job", pattern(jobPath), "$1?mode=refused"),
		map[string]any{"id": "refused", "path": "/", "static": true, "staticCode": 403},
	}
}

// brokenContentType is one that Flink's upload decoder, which sees every POST before its handler
// does and no other method, stops at. So POST to a job's checkpoints, a path that the UI reads, takes none.
const brokenContentType = "multipart/form-data; boundary=refused; charset=refused"

// removed are headers that Flink has no use for: what proves a person, what others may believe
// about one, and the way to a connection that is no longer HTTP.
var removed = []string{
	"Authorization", "Cookie", "Upgrade",
	"X-Auth-Request-Access-Token", "X-Auth-Request-Email", "X-Auth-Request-Groups", "X-Auth-Request-Preferred-Username", "X-Auth-Request-User",
	"X-Forwarded-Access-Token", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Forwarded-User",
}

// requestHeaders replace what came with a request: one without values is taken away.
func requestHeaders() []any {
	headers := []any{map[string]any{
		"name":   "Content-Type",
		"values": []any{map[string]any{"secretSource": map[string]any{"value": brokenContentType}}},
	}}
	for _, name := range removed {
		headers = append(headers, map[string]any{"name": name})
	}
	return headers
}
