package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// spellings of a path, of which a router somewhere may make the path itself.
func spellings(path string) []string {
	last := len(path) - 1
	first, rest, _ := strings.Cut(path[1:], "/")
	all := []string{
		path, "/v1" + path, path + "/", "/v1" + path + "/", path + "//", path + ".", path + "/.", path + "/..",
		path + "%3F", path + "%3f", path + "%3Fmode=cancel", "/v1" + path + "%3F", path + "%253F", path + "%23", path + "%2523",
		path + "?", path + "?mode=cancel", path + ";a=b", path + "%3B", path + "%00", path + "%20", path + "%0a", path + "%2F", path + "%5C",
		"/" + path, "//" + path, "/%2F" + path[1:], "/." + path, "/%2e" + path, "/a/.." + path, "/a/%2e%2e" + path, "/overview/..%2f" + path[1:],
		"/overview%3F/.." + path, "/overview%3F" + path, "/overview%23" + path, "/%5C.." + path, strings.ToUpper(path[:2]) + path[2:],
		// A letter encoded once, and twice.
		path[:last] + "%" + hex(path[last]), path[:last] + "%25" + hex(path[last]), "/%25" + hex(first[0]) + path[2:], "/%" + hex(first[0]) + path[2:],
		"http://" + host + path, "http://127.0.0.1:8081" + path,
	}
	if rest != "" {
		all = append(all, "/"+first+"%2F"+rest, "/"+first+"%252F"+rest, "/"+first+"//"+rest, "/"+first+"/./"+rest, "/"+first+";x/"+rest, "/"+first+"/%2e/"+rest)
	}
	return all
}

func hex(letter byte) string {
	return string("0123456789ABCDEF"[letter>>4]) + string("0123456789ABCDEF"[letter&15])
}

var methods = []string{"GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"}

// What reaches Flink is, once decoded, a path that its UI reads, however it was spelled and asked for.
func TestNothingButWhatTheUIReadsReachesFlink(t *testing.T) {
	p := start(t, values(false))
	w := &wire{t: t, address: p.address, session: p.session(t), from: ingressAddress}
	all := routes(t)
	readable := []string{"/taskmanagers/metrics"} // as if it were a TaskManager; there is only a GET of it
	for _, r := range all {
		if r.method == "GET" && len(r.asked) > 0 && !slices.Contains(leftOut, "GET "+r.path) || r.method == "FILE" || r.path == "/:*" {
			readable = append(readable, r.example(someJob))
		}
	}
	sent, refused := 0, map[int]int{}
	tried := map[string]bool{}
	for _, r := range all {
		path := r.example(someJob)
		if r.method == "FILE" || tried[path] {
			continue
		}
		tried[path] = true
		open := slices.Contains(readable, path)
		for _, spelling := range spellings(path) {
			for _, method := range methods {
				answer := w.send(method, spelling)
				sent++
				reached := p.rest.reached()
				if len(reached) == 0 {
					refused[answer.StatusCode]++
				}
				for _, got := range reached {
					if !open || got.URL.Path != path && r.path != "/:*" { // another file is still a file
						t.Errorf("%s %s reached Flink as %s", method, spelling, got.RequestURI)
					}
				}
				// 301 is to the path without its detours, which is judged like any other.
				if status := answer.StatusCode; len(reached) == 0 && status != 403 && status != 400 && status != 301 {
					t.Errorf("%s %s: %s", method, spelling, answer.Status)
				}
			}
			if t.Failed() {
				t.FailNow()
			}
		}
	}
	t.Logf("%d requests for %d paths; what did not reach Flink was answered %v", sent, len(tried), refused)
}

func TestWhatTheUIReadsPasses(t *testing.T) {
	p := start(t, values(false))
	w := &wire{t: t, address: p.address, session: p.session(t), from: ingressAddress}
	for _, r := range routes(t) {
		if r.method != "FILE" && (r.method != "GET" || len(r.asked) == 0 || slices.Contains(leftOut, "GET "+r.path)) {
			continue
		}
		path := r.example(someJob)
		answer := w.send("GET", path+"?get=a,b&subtasks=1")
		reached := p.rest.reached()
		if answer.StatusCode != http.StatusOK || len(reached) != 1 {
			t.Errorf("%s: %s, and Flink saw %v", path, answer.Status, paths(reached))
			continue
		}
		if query := reached[0].URL.Query(); reached[0].URL.Path != path || query.Get("get") != "a,b" || query.Get("subtasks") != "1" {
			t.Errorf("%s became %s", path, reached[0].RequestURI)
		}
	}
	answer := w.send("GET", "/jobmanager/log")
	if answer.ContentLength != 5<<20 && len(answer.TransferEncoding) == 0 {
		t.Errorf("a long answer comes as %+v", answer)
	}
}

// The proxy knows no methods. On the paths that pass, Flink has two routes that change something.
func TestWhatChangesOnAPathThatPassesReachesFlinkBroken(t *testing.T) {
	p := start(t, values(false))
	w := &wire{t: t, address: p.address, session: p.session(t), from: ingressAddress}
	for _, target := range []string{"/jobs/" + someJob, "/jobs/" + someJob + "?mode=cancel", "/jobs/" + someJob + "?mode=cancel&mode=stop", "/jobs/" + someJob + "?mode=cancel%26"} {
		w.send("PATCH", target)
		for _, got := range p.rest.reached() {
			if modes := got.URL.Query()["mode"]; len(modes) == 0 || modes[len(modes)-1] != "refused" {
				t.Errorf("PATCH %s reached Flink as %s", target, got.RequestURI)
			}
		}
	}
	for _, header := range []string{"Content-Type: application/json", "Content_Type: application/json", "content-type: multipart/form-data; boundary=a", "X: y"} {
		w.send("POST", "/jobs/"+someJob+"/checkpoints", header)
		for _, got := range p.rest.reached() {
			if types := got.Header.Values("Content-Type"); len(types) != 1 || !strings.HasSuffix(types[0], "charset=refused") {
				t.Errorf("POST with %s reached Flink with %v", header, types)
			}
		}
	}
}

func TestNothingOfAPersonAndNoOtherProtocolGoesOnToFlink(t *testing.T) {
	p := start(t, values(false))
	w := &wire{t: t, address: p.address, session: p.session(t), from: ingressAddress}
	w.send("GET", "/overview", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
		"Authorization: Bearer forged", "X-Forwarded-User: forged", "X_Forwarded_User: forged", "X-Forwarded-Email: forged", "X-Forwarded-Groups: forged",
		"X-Forwarded-Preferred-Username: forged", "X-Forwarded-Access-Token: forged", "X-Auth-Request-User: forged", "X-Auth-Request-Email: forged",
		"X-Auth-Request-Groups: forged", "X-Auth-Request-Preferred-Username: forged", "X-Auth-Request-Access-Token: forged", "Cookie: other=forged")
	reached := p.rest.reached()
	if len(reached) != 1 {
		t.Fatalf("Flink saw %v", paths(reached))
	}
	for name, values := range reached[0].Header {
		text := strings.Join(values, " ")
		if strings.Contains(text, "forged") || strings.Contains(text, w.session) || name == "Cookie" || name == "Upgrade" || name == "Connection" {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestAStrangersHeadersAreNotBelieved(t *testing.T) {
	p := start(t, values(false))
	session := p.session(t)
	forged := []string{"X-Real-IP: 203.0.113.7", "X-Forwarded-Host: evil.example.com", "X-Forwarded-Proto: http", "X-Forwarded-Uri: /oauth2/auth"}
	for _, from := range []string{ingressAddress, strangerAddress} {
		before := len(p.log.String())
		w := &wire{t: t, address: p.address, from: from}
		answer := w.send("GET", "/overview", append(forged, "X-Forwarded-For: 203.0.113.7, 198.51.100.9")...)
		to, err := url.Parse(answer.Header.Get("Location"))
		if err != nil || answer.StatusCode != http.StatusFound || to.Query().Get("redirect_uri") != "https://"+host+"/oauth2/callback" {
			t.Errorf("from %s: %s to %s", from, answer.Status, to)
		}
		w.close()
		w = &wire{t: t, address: p.address, session: session, from: from}
		if answer := w.send("GET", "/cluster", append(forged, "X-Forwarded-For: 203.0.113.7, 198.51.100.9")...); answer.StatusCode != http.StatusForbidden {
			t.Errorf("from %s: %s", from, answer.Status)
		}
		w.close()
		said := p.log.String()[before:]
		if strings.Contains(said, "203.0.113.7") {
			t.Errorf("from %s, who says that it is 203.0.113.7, the log says %s", from, said)
		}
		// What the trusted ingress itself added, at the end, is who asked.
		if strings.Contains(said, "198.51.100.9") != (from == ingressAddress) {
			t.Errorf("from %s the log says %s", from, said)
		}
	}
	if got := paths(p.rest.reached()); len(got) > 0 {
		t.Errorf("Flink saw %v", got)
	}
}
