package k8s

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const objectPath = "/apis/flink.apache.org/v1beta1/namespaces/payments/flinkdeployments/fraud-scoring"

// apiServer answers with TLS to whoever has the token.
func apiServer(t *testing.T, token string, answers map[string]string) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, there := answers[r.URL.Path]
		switch {
		case r.Method != http.MethodGet:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case r.Header.Get("Authorization") != "Bearer "+token:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"kind":"Status","message":"Unauthorized"}`)
		case !there:
			w.WriteHeader(http.StatusNotFound)
		case strings.HasPrefix(answer, "403 "):
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"kind":"Status","message":%q}`, answer[4:])
		default:
			fmt.Fprint(w, strings.ReplaceAll(answer, "QUERY", r.URL.RawQuery))
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func authority(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// kubeconfigFile with two contexts: the current one is another cluster's.
func kubeconfigFile(t *testing.T, server *httptest.Server, user map[string]any) Cluster {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), authority(server), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(map[string]any{
		"current-context": "other",
		"contexts": []any{
			map[string]any{"name": "other", "context": map[string]any{"cluster": "other", "user": "nobody"}},
			map[string]any{"name": "lab", "context": map[string]any{"cluster": "lab", "user": "me"}},
		},
		"clusters": []any{
			map[string]any{"name": "other", "cluster": map[string]any{"server": "https://127.0.0.1:1"}},
			map[string]any{"name": "lab", "cluster": map[string]any{"server": server.URL, "certificate-authority": "ca.pem"}},
		},
		"users": []any{map[string]any{"name": "me", "user": user}},
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cluster, err := Context(file, "lab")
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// reading runs with a client, as the program does.
func reading(t *testing.T, cluster Cluster, use func(*Client)) {
	t.Helper()
	err := pulumi.RunErr(func(*pulumi.Context) error {
		use(NewClient(cluster))
		return nil
	}, pulumi.WithMocks("project", "stack", &recorder{resources: map[string]pulumi.MockResourceArgs{}}))
	if err != nil {
		t.Fatal(err)
	}
}

// script that an exec plugin runs, and how often it was.
func plugin(t *testing.T, output string) (user map[string]any, ran func() int) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "ran")
	return map[string]any{"exec": map[string]any{
			"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "sh",
			"args": []any{"-c", `echo "$STAGE" >> "$LOG"; ` + output},
			"env":  []any{map[string]any{"name": "LOG", "value": log}, map[string]any{"name": "STAGE", "value": "lab"}},
		}}, func() int {
			content, _ := os.ReadFile(log)
			return strings.Count(string(content), "lab\n")
		}
}

func TestTheClientReadsTheNamedContextWithEveryKindOfToken(t *testing.T) {
	server := apiServer(t, "t0ken", map[string]string{objectPath: `{"metadata":{"generation":4}}`})
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte("t0ken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	withPlugin, ran := plugin(t, `echo '{"kind":"ExecCredential","status":{"token":"t0ken","expirationTimestamp":"2199-01-01T00:00:00Z"}}'`)
	for name, user := range map[string]map[string]any{
		"token": {"token": "t0ken"}, "tokenFile": {"tokenFile": tokenFile}, "exec": withPlugin,
	} {
		reading(t, kubeconfigFile(t, server, user), func(c *Client) {
			for range 2 {
				object, err := c.Get(t.Context(), FlinkVersion, "flinkdeployments", "payments", "fraud-scoring")
				if err != nil || object["metadata"].(map[string]any)["generation"] != 4.0 {
					t.Errorf("%s: %v, %v", name, object, err)
				}
			}
			if object, err := c.Get(t.Context(), FlinkVersion, "flinkdeployments", "payments", "other"); object != nil || err != nil {
				t.Errorf("%s: what is not there: %v, %v", name, object, err)
			}
		})
	}
	if ran() != 1 {
		t.Errorf("a token that is good for long was got %d times", ran())
	}
}

func TestTheClientReadsTheLookedUpCluster(t *testing.T) {
	server := apiServer(t, "", map[string]string{objectPath: `{}`})
	cluster, err := EKS(EKSArgs{Name: "kv-prod", Region: "ap-south-1", Endpoint: pulumi.String(server.URL), CertificateAuthority: pulumi.String("Q0E=")})
	if err != nil {
		t.Fatal(err)
	}
	reading(t, cluster, func(c *Client) {
		_, err := c.Get(t.Context(), FlinkVersion, "flinkdeployments", "payments", "fraud-scoring")
		if err == nil || !strings.Contains(err.Error(), "certificate authority") {
			t.Errorf("an authority that is none: %v", err)
		}
	})
}

func TestAnErrorOfTheClientSaysWhyAndHoldsNoToken(t *testing.T) {
	server := apiServer(t, "right", map[string]string{objectPath: `403 flinkdeployments is forbidden`})
	silent, _ := plugin(t, `echo no session >&2; exit 3`)
	odd, _ := plugin(t, `echo c4nary`)
	for want, user := range map[string]map[string]any{
		"Unauthorized":               {"token": "c4nary"},
		"is forbidden":               {"token": "right"},
		"exit status 3: no session":  silent,
		"sh: it gave no token":       odd,
		"no such file or directory":  {"tokenFile": "/nowhere/c4nary-not-really"},
		"executable file not found ": {"exec": map[string]any{"command": "no-such-command"}},
	} {
		reading(t, kubeconfigFile(t, server, user), func(c *Client) {
			_, err := c.Get(t.Context(), FlinkVersion, "flinkdeployments", "payments", "fraud-scoring")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", want, err)
			} else if user["tokenFile"] == nil && strings.Contains(err.Error(), "c4nary") {
				t.Errorf("it holds the token: %v", err)
			}
		})
	}
}

func TestTheClientTrustsTheNamedAuthorityOnly(t *testing.T) {
	server := apiServer(t, "t", map[string]string{objectPath: `{}`})
	cluster := kubeconfigFile(t, server, map[string]any{"token": "t"})
	reading(t, cluster, func(c *Client) {
		if err := c.configure(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = nil
		if _, err := c.Get(t.Context(), FlinkVersion, "flinkdeployments", "payments", "fraud-scoring"); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("an unknown authority: %v", err)
		}
	})
}

func TestEventsAreOfTheObjectAndInOrder(t *testing.T) {
	server := apiServer(t, "t", map[string]string{"/api/v1/namespaces/payments/events": `{"items":[
		{"metadata":{"creationTimestamp":"2026-11-02T10:00:00Z"},"lastTimestamp":"2026-11-02T12:00:00Z","type":"Warning","reason":"Late","message":"m\n","count":7},
		{"metadata":{"creationTimestamp":"2026-11-02T11:00:00Z"},"eventTime":null,"type":"Normal","reason":"Early","message":"QUERY"}]}`})
	reading(t, kubeconfigFile(t, server, map[string]any{"token": "t"}), func(c *Client) {
		events, err := c.Events(t.Context(), "FlinkDeployment", "payments", "fraud-scoring")
		if err != nil || len(events) != 2 {
			t.Fatalf("%q, %v", events, err)
		}
		if !strings.Contains(events[0], "involvedObject.kind%3DFlinkDeployment%2CinvolvedObject.name%3Dfraud-scoring") {
			t.Errorf("asked for %s", events[0])
		}
		if events[1] != "2026-11-02T12:00:00Z Warning Late: m (7 times)" {
			t.Errorf("the last is %q", events[1])
		}
	})
}
