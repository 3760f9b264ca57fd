package oauth2proxy

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A route of testdata/rest.tsv: what a running Flink serves, and the versions whose UI asks for it.
type route struct {
	method, path string
	asked        bool
}

func routes(t *testing.T) []route {
	t.Helper()
	text, err := os.ReadFile("testdata/rest.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []route
	for line := range strings.Lines(string(text)) {
		if fields := strings.Split(strings.TrimRight(line, "\n"), "\t"); len(fields) == 4 && !strings.HasPrefix(line, "#") {
			all = append(all, route{fields[0], fields[1], fields[3] != ""})
		}
	}
	if len(all) < 90 {
		t.Fatalf("only %d routes", len(all))
	}
	return all
}

// example is a path of a route.
func example(path string) string {
	path = strings.NewReplacer(
		":checkpointid", "7", ":rescaleuuid", "123e4567-e89b-12d3-a456-426614174000", ":taskmanagerid", "payments-taskmanager-1-1",
		":filename", "flink--taskexecutor-0.log.1", ":*", "main.0123456789abcdef.js",
	).Replace(path)
	return regexp.MustCompile(`:[a-zA-Z]+`).ReplaceAllString(path, "0123456789abcdef0123456789abcdef")
}

// upstreamOf says which upstream takes a once decoded path, by the proxy's own order: those with a
// rewriteTarget first. None of the patterns takes a path of another.
func upstreamOf(t *testing.T, path string) string {
	t.Helper()
	for _, u := range upstreams(job()) {
		upstream := u.(map[string]any)
		if upstream["static"] == true {
			return upstream["id"].(string)
		}
		if regexp.MustCompile(upstream["path"].(string)).MatchString(path) {
			return upstream["id"].(string)
		}
	}
	t.Fatalf("%q goes nowhere", path)
	return ""
}

func TestWhatTheUIAsksForPassesButForWhatLeadsToAChange(t *testing.T) {
	leftOut := []string{
		"/jars", "/jars/:jarid/plan", "/jobs/:jobid/yarn-cancel", "/jobs/:jobid/resource-requirements",
		"/jobmanager/profiler", "/jobmanager/profiler/:filename", "/taskmanagers/:taskmanagerid/profiler", "/taskmanagers/:taskmanagerid/profiler/:filename",
	}
	var asked []string
	for _, r := range routes(t) {
		if r.method != "FILE" && (r.method != "GET" || !r.asked) {
			continue
		}
		asked = append(asked, r.path)
		want := "read"
		if r.path == jobPath {
			want = "job"
		} else if slices.Contains(leftOut, r.path) {
			want = "refused"
		}
		if got := upstreamOf(t, example(r.path)); got != want {
			t.Errorf("%s goes to %q, not %q", r.path, got, want)
		}
	}
	for _, path := range append(slices.Clone(reads), leftOut...) {
		if !slices.Contains(asked, path) {
			t.Errorf("no UI asks for %s", path)
		}
	}
}

// The proxy knows no methods: what changes something by another on a path that passes is closed one by one.
func TestWhatPassesIsChangedByTwoRoutesAlone(t *testing.T) {
	closed := map[string]string{"PATCH /jobs/:jobid": "job", "POST /jobs/:jobid/checkpoints": "read"}
	for _, r := range routes(t) {
		if r.method == "GET" || r.method == "FILE" {
			continue
		}
		want, is := closed[r.method+" "+r.path]
		if !is {
			want = "refused"
		}
		for _, path := range []string{example(r.path), example(r.path) + "/", "/v1" + example(r.path)} {
			if got := upstreamOf(t, path); got != want && (path == example(r.path) || got != "refused") {
				t.Errorf("%s %s goes to %q, not %q", r.method, path, got, want)
			}
		}
	}
	for _, path := range []string{"/jobs/ID/yarn-cancel", "/jobs/ID/yarn-stop", "/jobs", "/jobs/metrics", "/datasets", "/v1/overview", "/unknown"} {
		if got := upstreamOf(t, example(strings.Replace(path, "ID", ":jobid", 1))); got != "refused" {
			t.Errorf("%s goes to %q", path, got)
		}
	}
}

func TestAJobIsReadWithAModeThatFlinkDoesNotKnow(t *testing.T) {
	for _, u := range upstreams(job()) {
		if upstream := u.(map[string]any); upstream["id"] == "job" {
			path := example(jobPath)
			if got := regexp.MustCompile(upstream["path"].(string)).ReplaceAllString(path, upstream["rewriteTarget"].(string)); got != path+"?mode=refused" {
				t.Errorf("it becomes %s", got)
			}
		}
	}
}

// Flink decodes a path once more and cuts it: nothing passes that would then be another.
func FuzzWhatPassesIsPlain(f *testing.F) {
	for _, path := range []string{"/", "/overview", "/jobs/0123456789abcdef0123456789abcdef?", "/jobs/0123456789abcdef0123456789abcdef%3F", "/a//b.js", "/assets/../b.js", "/main.js\n", "/jobmanager/logs/..%2fx"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if upstreamOf(t, path) != "refused" && (path[0] != '/' || strings.ContainsAny(path, "%?#;\\ \n\r\x00") || strings.Contains(path, "//") || strings.Contains(path, "/.")) {
			t.Errorf("%q passes", path)
		}
	})
}

func TestWhatIsRefusedReachesNobodyAndNoUpstreamTakesWebSockets(t *testing.T) {
	for _, u := range upstreams(job()) {
		upstream := u.(map[string]any)
		static := upstream["static"] == true && upstream["staticCode"] == 403 && upstream["uri"] == nil
		if static != (upstream["id"] == "refused") {
			t.Errorf("%v", upstream)
		}
		if !static && (upstream["uri"] != "http://fraud-scoring-rest.payments:8081" || upstream["proxyWebSockets"] != false) {
			t.Errorf("%v", upstream)
		}
	}
}

func TestTheProxyFillsNothingIntoItsConfiguration(t *testing.T) {
	text, err := json.Marshal(Values(job(), console(), options())["alphaConfig"])
	if err != nil {
		t.Fatal(err)
	}
	// What envsubst would replace: ${NAME} and $NAME; $1 it leaves alone.
	if found := regexp.MustCompile(`\$[{A-Za-z_]`).Find(text); found != nil {
		t.Errorf("it would, at %s of %s", found, text)
	}
}
