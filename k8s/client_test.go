package k8s

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flink-payments/k8s/flink"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	namespacePath = "/apis/flink.apache.org/v1beta1/namespaces/payments"
	objectPath    = namespacePath + "/flinkdeployments/fraud-scoring"
	podPath       = "/api/v1/namespaces/payments/pods/fraud-scoring-1"
	servicePath   = "/api/v1/namespaces/payments/services/fraud-scoring-rest:8081/proxy"
)

// refuse answers as the API server does.
func refuse(w http.ResponseWriter, code int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
}

// apiServer answers with TLS to whoever has the token. "403 " before an answer
// makes it the reason of a refusal, "302 " an address to go to.
func apiServer(t *testing.T, token string, answers map[string]string) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, there := answers[r.URL.Path]
		switch {
		case r.Method != http.MethodGet:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case r.Header.Get("Authorization") != "Bearer "+token:
			refuse(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized")
		case !there:
			refuse(w, http.StatusNotFound, "NotFound", r.URL.Path+" not found")
		case strings.HasPrefix(answer, "403 "):
			refuse(w, http.StatusForbidden, "Forbidden", answer[4:])
		case strings.HasPrefix(answer, "302 "):
			http.Redirect(w, r, answer[4:], http.StatusFound)
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

// selfSigned is a certificate that no server here has, and its key.
func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "deployer"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	signed, err := x509.CreateCertificate(rand.Reader, of, of, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
}

// document of JSON.
type document = map[string]any

// kubeconfigFile with two contexts: the current one is another cluster's.
// Files beside it are named by relative paths; ca.pem is the server's authority.
func kubeconfigFile(t *testing.T, server *httptest.Server, user document, more ...func(dir string, cluster document)) Cluster {
	t.Helper()
	dir := t.TempDir()
	lab := document{"server": server.URL, "certificate-authority": "ca.pem"}
	write(t, dir, "ca.pem", authority(server))
	for _, change := range more {
		change(dir, lab)
	}
	text, err := json.MarshalIndent(document{
		"current-context": "other",
		"contexts": []any{
			document{"name": "other", "context": document{"cluster": "other", "user": "nobody"}},
			document{"name": "lab", "context": document{"cluster": "lab", "user": "me"}},
		},
		"clusters": []any{
			document{"name": "other", "cluster": document{"server": "https://127.0.0.1:1"}},
			document{"name": "lab", "cluster": lab},
		},
		"users": []any{document{"name": "me", "user": user}},
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "config", text)
	cluster, err := Context(filepath.Join(dir, "config"), "lab")
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

func write(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o700); err != nil {
		t.Fatal(err)
	}
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

func readJob(t *testing.T, c *Client) (document, error) {
	return c.Get(t.Context(), flink.APIVersion, "flinkdeployments", "payments", "fraud-scoring")
}

// plugin is a user whose token a script gives, and how often it ran.
func plugin(t *testing.T, output string) (user document, ran func() int) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "ran")
	return document{"exec": document{
			"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "sh",
			"args": []any{"-c", `echo "$STAGE" >> "$LOG"; ` + output},
			"env":  []any{document{"name": "LOG", "value": log}, document{"name": "STAGE", "value": "lab"}},
		}}, func() int {
			content, _ := os.ReadFile(log)
			return strings.Count(string(content), "lab\n")
		}
}

// credential is a script that prints a token, good until the given time.
func credential(token, until string) string {
	return fmt.Sprintf(`echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"%s","expirationTimestamp":"%s"}}'`, token, until)
}

func TestTheClientReadsTheNamedContextWithEveryKindOfToken(t *testing.T) {
	server := apiServer(t, "t0ken", map[string]string{objectPath: `{"metadata":{"generation":4}}`})
	tokenFile := filepath.Join(t.TempDir(), "token")
	write(t, filepath.Dir(tokenFile), "token", []byte("t0ken\n"))
	withPlugin, ran := plugin(t, credential("t0ken", "2199-01-01T00:00:00Z"))
	for name, user := range map[string]document{
		"token": {"token": "t0ken"}, "tokenFile": {"tokenFile": tokenFile}, "exec": withPlugin,
	} {
		reading(t, kubeconfigFile(t, server, user), func(c *Client) {
			for range 2 {
				job, err := readJob(t, c)
				if err != nil || job["metadata"].(document)["generation"] != 4.0 {
					t.Errorf("%s: %v, %v", name, job, err)
				}
			}
			if job, err := c.Get(t.Context(), flink.APIVersion, "flinkdeployments", "payments", "other"); job != nil || err != nil {
				t.Errorf("%s: what is not there: %v, %v", name, job, err)
			}
		})
	}
	if ran() != 1 {
		t.Errorf("a token that is good for long was got %d times", ran())
	}
}

func TestFilesAreFoundBesideTheKubeconfig(t *testing.T) {
	server := apiServer(t, "t0ken", map[string]string{objectPath: `{}`})
	for name, user := range map[string]document{
		"a token file":  {"tokenFile": "token"},
		"an executable": {"exec": document{"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "./plugin"}},
	} {
		cluster := kubeconfigFile(t, server, user, func(dir string, _ document) {
			write(t, dir, "token", []byte("t0ken"))
			write(t, dir, "plugin", []byte("#!/bin/sh\n"+credential("t0ken", "2199-01-01T00:00:00Z")))
		})
		reading(t, cluster, func(c *Client) {
			if job, err := readJob(t, c); job == nil || err != nil {
				t.Errorf("%s: %v, %v", name, job, err)
			}
		})
	}
}

func TestAKubeconfigBelowTheHomeDirectoryIsRead(t *testing.T) {
	server := apiServer(t, "t", map[string]string{objectPath: `{}`})
	file := string(kubeconfigFile(t, server, document{"token": "t"}).kubeconfig.(pulumi.String))
	t.Setenv("HOME", filepath.Dir(file))
	cluster, err := Context("~/config", "lab")
	if err != nil {
		t.Fatal(err)
	}
	reading(t, cluster, func(c *Client) {
		if job, err := readJob(t, c); job == nil || err != nil {
			t.Errorf("%v, %v", job, err)
		}
	})
}

func TestATokenThatExpiredIsGotAgain(t *testing.T) {
	server := apiServer(t, "new", map[string]string{objectPath: `{}`})
	// The first token is over already; the second is good for long.
	expired, ran := plugin(t, `if [ "$(wc -l < "$LOG")" -eq 1 ]; then `+credential("old", "2001-01-01T00:00:00Z")+`; else `+credential("new", "2199-01-01T00:00:00Z")+`; fi`)
	// This one is taken back by the server before its time.
	revoked, _ := plugin(t, `if [ "$(wc -l < "$LOG")" -eq 1 ]; then `+credential("old", "2199-01-01T00:00:00Z")+`; else `+credential("new", "2199-01-01T00:00:00Z")+`; fi`)
	for name, user := range map[string]document{"expired": expired, "revoked": revoked} {
		reading(t, kubeconfigFile(t, server, user), func(c *Client) {
			if _, err := readJob(t, c); err == nil || !strings.Contains(err.Error(), "Unauthorized") {
				t.Errorf("%s: the old token: %v", name, err)
			}
			if job, err := readJob(t, c); job == nil || err != nil {
				t.Errorf("%s: the new token: %v, %v", name, job, err)
			}
		})
	}
	if ran() != 2 {
		t.Errorf("the plugin ran %d times", ran())
	}
}

// client-go's own limit, 5 requests a second, would hold two hundred jobs back.
func TestNoCallWaitsForItsTurn(t *testing.T) {
	server := apiServer(t, "t", map[string]string{objectPath: `{}`})
	reading(t, kubeconfigFile(t, server, document{"token": "t"}), func(c *Client) {
		if _, err := readJob(t, c); err != nil {
			t.Error(err)
		} else if c.server.GetRateLimiter() != nil {
			t.Error("there is a limit")
		}
	})
}

func TestAClientCertificateIsShown(t *testing.T) {
	certificate, key := selfSigned(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("a token nobody gave: %v", r.Header)
		}
		fmt.Fprintf(w, `{"metadata":{"name":%q}}`, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	server.TLS = clientCertificates(certificate)
	server.StartTLS()
	t.Cleanup(server.Close)
	for name, user := range map[string]document{
		"files": {"client-certificate": "cert.pem", "client-key": "key.pem"},
		"data":  {"client-certificate-data": certificate, "client-key-data": key},
	} {
		cluster := kubeconfigFile(t, server, user, func(dir string, _ document) {
			write(t, dir, "cert.pem", certificate)
			write(t, dir, "key.pem", key)
		})
		reading(t, cluster, func(c *Client) {
			if job, err := readJob(t, c); err != nil || job["metadata"].(document)["name"] != "deployer" {
				t.Errorf("%s: %v, %v", name, job, err)
			}
		})
	}
}

func clientCertificates(authority []byte) *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	return &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
}

func TestTheClientReadsTheLookedUpCluster(t *testing.T) {
	server := apiServer(t, "", map[string]string{objectPath: `{}`})
	cluster, err := EKS(EKSArgs{Name: "kv-prod", Region: "ap-south-1", Endpoint: pulumi.String(server.URL), CertificateAuthority: pulumi.String("Q0E=")})
	if err != nil {
		t.Fatal(err)
	}
	reading(t, cluster, func(c *Client) {
		if _, err := readJob(t, c); err == nil || !strings.Contains(err.Error(), "certificate authority") {
			t.Errorf("an authority that is none: %v", err)
		}
	})
}

// What `aws eks get-token` prints, given by a stand-in of that name.
func TestTheTokenOfAnEKSClusterComesFromTheAWSCommand(t *testing.T) {
	server := apiServer(t, "k8s-aws-v1.t", map[string]string{objectPath: `{}`})
	bin := t.TempDir()
	write(t, bin, "aws", []byte("#!/bin/sh\n[ \"$*\" = 'eks get-token --cluster-name kv-prod --region ap-south-1 --output json' ] && "+
		credential("k8s-aws-v1.t", time.Now().Add(14*time.Minute).UTC().Format(time.RFC3339))))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	cluster, err := EKS(EKSArgs{Name: "kv-prod", Region: "ap-south-1", Endpoint: pulumi.String(server.URL),
		CertificateAuthority: pulumi.String(base64.StdEncoding.EncodeToString(authority(server)))})
	if err != nil {
		t.Fatal(err)
	}
	reading(t, cluster, func(c *Client) {
		if job, err := readJob(t, c); job == nil || err != nil {
			t.Errorf("%v, %v", job, err)
		}
	})
}

func TestAnErrorOfTheClientSaysWhyAndHoldsNoToken(t *testing.T) {
	server := apiServer(t, "right", map[string]string{objectPath: `403 flinkdeployments is forbidden`})
	silent, _ := plugin(t, `exit 3`)
	odd, _ := plugin(t, `echo c4nary`)
	list, _ := plugin(t, `echo '["c4nary"]'`)
	old, _ := plugin(t, `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1alpha1","status":{"token":"c4nary"}}'`)
	empty, _ := plugin(t, `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{}}'`)
	for want, user := range map[string]document{
		"Unauthorized":                          {"token": "c4nary"},
		"is forbidden":                          {"token": "right"},
		"executable sh failed with exit code 3": silent,
		"couldn't get version/kind":             odd,
		"decoding stdout":                       list,
		"v1alpha1":                              old,
		"didn't return a token":                 empty,
		"no such file or directory":             {"tokenFile": "/nowhere/c4nary-not-really"},
		"executable no-such-command not found":  {"exec": document{"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "no-such-command"}},
		"it cannot be read as YAML":             {"token": []any{"c4nary"}},
		`no context "lab" with a cluster`:       nil,
	} {
		cluster := kubeconfigFile(t, server, user)
		if user == nil {
			write(t, filepath.Dir(string(cluster.kubeconfig.(pulumi.String))), "config", []byte("{contexts: [{name: lab, context: {cluster: gone, user: me}}]}"))
		}
		reading(t, cluster, func(c *Client) {
			_, err := readJob(t, c)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", want, err)
			} else if user["tokenFile"] == nil && strings.Contains(err.Error(), "c4nary") {
				t.Errorf("it holds the token: %v", err)
			}
		})
	}
}

// client-go hands on what a plugin says; Pulumi shows a program's standard
// error beside the stack's own error.
func TestWhatAPluginSaysReachesStandardError(t *testing.T) {
	server := apiServer(t, "t", nil)
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	usual := os.Stderr
	os.Stderr = said
	defer func() { os.Stderr = usual }()
	user, _ := plugin(t, `echo no session >&2; exit 3`)
	reading(t, kubeconfigFile(t, server, user), func(c *Client) { _, _ = readJob(t, c) })
	if content, err := os.ReadFile(said.Name()); err != nil || string(content) != "no session\n" {
		t.Errorf("%q, %v", content, err)
	}
}

func TestTheClientTrustsTheNamedAuthorityOnly(t *testing.T) {
	server := apiServer(t, "t", map[string]string{objectPath: `{}`})
	stranger, _ := selfSigned(t)
	for name, change := range map[string]func(string, document){
		"another authority":     func(dir string, _ document) { write(t, dir, "ca.pem", stranger) },
		"none, so the system's": func(_ string, cluster document) { delete(cluster, "certificate-authority") },
		"another name":          func(_ string, cluster document) { cluster["tls-server-name"] = "elsewhere.example" },
	} {
		reading(t, kubeconfigFile(t, server, document{"token": "t"}, change), func(c *Client) {
			if _, err := readJob(t, c); err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestTheClientGoesThroughTheNamedProxy(t *testing.T) {
	server := apiServer(t, "t", map[string]string{objectPath: `{}`})
	var through atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		through.Store(r.Method + " " + r.Host)
		out, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(out, in); out.Close() }()
		_, _ = io.Copy(in, out)
		in.Close()
	}))
	t.Cleanup(proxy.Close)
	t.Cleanup(server.CloseClientConnections)
	cluster := kubeconfigFile(t, server, document{"token": "t"}, func(_ string, cluster document) { cluster["proxy-url"] = proxy.URL })
	reading(t, cluster, func(c *Client) {
		if job, err := readJob(t, c); job == nil || err != nil || through.Load() != "CONNECT "+strings.TrimPrefix(server.URL, "https://") {
			t.Errorf("through %v: %v, %v", through.Load(), job, err)
		}
	})
}

func TestAServerBelowAPathIsRead(t *testing.T) {
	server := apiServer(t, "t", map[string]string{"/k8s/clusters/lab" + objectPath: `{}`})
	cluster := kubeconfigFile(t, server, document{"token": "t"}, func(_ string, cluster document) { cluster["server"] = server.URL + "/k8s/clusters/lab" })
	reading(t, cluster, func(c *Client) {
		if job, err := readJob(t, c); job == nil || err != nil {
			t.Errorf("%v, %v", job, err)
		}
	})
}

func TestACallEndsInTime(t *testing.T) {
	held := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-held }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(held) })
	hangs, _ := plugin(t, `sleep 5`)
	for name, user := range map[string]document{"a server that says nothing": {"token": "t"}, "sh gives no credentials": hangs} {
		reading(t, kubeconfigFile(t, server, user), func(c *Client) {
			c.limit = 100 * time.Millisecond
			start := time.Now()
			_, err := readJob(t, c)
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 4*time.Second {
				t.Errorf("%s: %v after %s", name, err, time.Since(start))
			}
			if user["exec"] != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAnAnswerIsReadUpToItsLimit(t *testing.T) {
	fits := bytes.Repeat([]byte("x"), maxAnswer)
	server := apiServer(t, "t", map[string]string{servicePath + "/fits": string(fits), servicePath + "/large": string(fits) + "x"})
	reading(t, kubeconfigFile(t, server, document{"token": "t"}), func(c *Client) {
		if body, err := c.Proxy(t.Context(), "payments", "fraud-scoring-rest", "8081", "fits", nil); err != nil || !bytes.Equal(body, fits) {
			t.Errorf("%d bytes, %v", len(body), err)
		}
		if _, err := c.Proxy(t.Context(), "payments", "fraud-scoring-rest", "8081", "large", nil); err == nil || !strings.Contains(err.Error(), "larger than 16777216 bytes") {
			t.Errorf("a byte more: %v", err)
		}
	})
}

func TestObjectsAreListedByLabel(t *testing.T) {
	server := apiServer(t, "t", map[string]string{
		"/api/v1/namespaces/payments/pods":           `{"items":[{"metadata":{"name":"QUERY"}},{"status":{"restarts":2}}]}`,
		namespacePath + "/flinkdeployments":          `{"items":[]}`,
		"/api/v1/namespaces/payments/resourcequotas": `403 resourcequotas is forbidden`,
	})
	reading(t, kubeconfigFile(t, server, document{"token": "t"}), func(c *Client) {
		pods, err := c.List(t.Context(), "v1", "pods", "payments", "app=fraud-scoring,component in (jobmanager)")
		if err != nil || len(pods) != 2 || pods[1]["status"].(document)["restarts"] != 2.0 {
			t.Fatalf("%v, %v", pods, err)
		}
		if query := pods[0]["metadata"].(document)["name"]; query != "labelSelector=app%3Dfraud-scoring%2Ccomponent+in+%28jobmanager%29&limit=500" {
			t.Errorf("asked for %v", query)
		}
		if jobs, err := c.List(t.Context(), flink.APIVersion, "flinkdeployments", "payments", ""); err != nil || len(jobs) != 0 {
			t.Errorf("%v, %v", jobs, err)
		}
		if _, err := c.List(t.Context(), "v1", "resourcequotas", "payments", ""); err == nil || !strings.Contains(err.Error(), "resourcequotas is forbidden") {
			t.Errorf("forbidden: %v", err)
		}
		// A kind that the cluster does not have is not an empty list.
		if _, err := c.List(t.Context(), flink.APIVersion, "flinkstatesnapshots", "payments", ""); err == nil || !strings.Contains(err.Error(), "not found") {
			t.Errorf("not there: %v", err)
		}
	})
}

func TestLogsAreOfTheContainerAndItsLastRun(t *testing.T) {
	server := apiServer(t, "t", map[string]string{podPath + "/log": "QUERY\n"})
	reading(t, kubeconfigFile(t, server, document{"token": "t"}), func(c *Client) {
		for _, previous := range []bool{false, true} {
			log, err := c.Logs(t.Context(), "payments", "fraud-scoring-1", "flink-main-container", previous, 200)
			if want := fmt.Sprintf("container=flink-main-container&limitBytes=1048576&previous=%t&tailLines=200\n", previous); err != nil || log != want {
				t.Errorf("%q, %v", log, err)
			}
		}
		if _, err := c.Logs(t.Context(), "payments", "gone", "flink-main-container", false, 200); err == nil || !strings.Contains(err.Error(), "not found") {
			t.Errorf("a pod that is gone: %v", err)
		}
	})
}

func TestAServiceIsAskedThroughTheAPIServerAndNothingElseIs(t *testing.T) {
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	server := apiServer(t, "t", map[string]string{
		servicePath + "/jobs/a/exceptions":    "QUERY",
		servicePath + "/redirect":             "302 " + elsewhere.URL,
		servicePath + "/secrets":              "the service's",
		"/api/v1/namespaces/payments/secrets": "the cluster's",
	})
	reading(t, kubeconfigFile(t, server, document{"token": "t"}), func(c *Client) {
		answer := func(at string) (string, error) {
			body, err := c.Proxy(t.Context(), "payments", "fraud-scoring-rest", "8081", at, url.Values{"maxExceptions": {"3"}})
			return string(body), err
		}
		if body, err := answer("/jobs/a/exceptions"); err != nil || body != "maxExceptions=3" {
			t.Errorf("%q, %v", body, err)
		}
		if body, err := answer("/redirect"); err == nil || asked.Load() != 0 {
			t.Errorf("the token went elsewhere %d times: %q, %v", asked.Load(), body, err)
		}
		if body, err := answer("../../../secrets"); err != nil || body != "the service's" {
			t.Errorf("out of the service: %q, %v", body, err)
		}
		if _, err := answer("/jobs/b/exceptions"); err == nil {
			t.Error("a job that is not there has an answer")
		}
	})
}

func TestEventsAreOfTheObjectAndInOrder(t *testing.T) {
	server := apiServer(t, "t", map[string]string{"/api/v1/namespaces/payments/events": `{"items":[
		{"metadata":{"creationTimestamp":"2026-11-02T10:00:00Z"},"lastTimestamp":"2026-11-02T12:00:00Z","type":"Warning","reason":"Late","message":"m\n","count":7},
		{"metadata":{"creationTimestamp":"2026-11-02T11:00:00Z"},"eventTime":null,"type":"Normal","reason":"Early","message":"QUERY"}]}`})
	reading(t, kubeconfigFile(t, server, document{"token": "t"}), func(c *Client) {
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

// TestTheClientReadsARealCluster asks the API server that KUBECONFIG_LAB names.
// Logs and events are those of a pod of the operator, or else of kube-system.
func TestTheClientReadsARealCluster(t *testing.T) {
	file := os.Getenv("KUBECONFIG_LAB")
	if file == "" {
		t.Skip("KUBECONFIG_LAB names no kubeconfig of a cluster")
	}
	kubeconfig, err := load(file)
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := Context(file, kubeconfig.CurrentContext)
	if err != nil {
		t.Fatal(err)
	}
	reading(t, cluster, func(c *Client) {
		if object, err := c.Get(t.Context(), "v1", "serviceaccounts", "kube-system", "default"); err != nil || object["kind"] != "ServiceAccount" {
			t.Errorf("get: %v, %v", object, err)
		}
		for _, version := range []string{"v1", flink.APIVersion} {
			if object, err := c.Get(t.Context(), version, "flinkdeployments", "kube-system", "none"); err != nil || object != nil {
				t.Errorf("get nothing: %v, %v", object, err)
			}
		}
		if maps, err := c.List(t.Context(), "v1", "configmaps", "kube-system", ""); err != nil || len(maps) == 0 {
			t.Errorf("list: %v, %v", maps, err)
		}
		if none, err := c.List(t.Context(), "v1", "configmaps", "kube-system", "no-such-label"); err != nil || len(none) != 0 {
			t.Errorf("list none: %v, %v", none, err)
		}
		if _, err := c.Proxy(t.Context(), "kube-system", "none", "1", "/", nil); err == nil || !strings.Contains(err.Error(), `"none" not found`) {
			t.Errorf("proxy to nothing: %v", err)
		}
		var pods []document
		namespace := ""
		for _, namespace = range []string{"flink-operator", "kube-system"} {
			if pods, err = c.List(t.Context(), "v1", "pods", namespace, ""); err != nil || len(pods) > 0 {
				break
			}
		}
		if err != nil || len(pods) == 0 || pods[0]["status"].(document)["phase"] != "Running" {
			t.Skipf("no pod runs there: %d, %v", len(pods), err)
		}
		pod := pods[0]["metadata"].(document)["name"].(string)
		container := pods[0]["spec"].(document)["containers"].([]any)[0].(document)["name"].(string)
		if log, err := c.Logs(t.Context(), namespace, pod, container, false, 3); err != nil || log == "" || strings.Count(log, "\n") > 3 {
			t.Errorf("logs: %q, %v", log, err)
		}
		if _, err := c.Logs(t.Context(), namespace, pod, "none", false, 3); err == nil || !strings.Contains(err.Error(), "container none is not valid") {
			t.Errorf("logs of no container: %v", err)
		}
		events, err := c.Events(t.Context(), "Pod", namespace, pod)
		t.Logf("%s: %d events, %v", pod, len(events), err)
		if err != nil {
			t.Errorf("events: %v", err)
		}
	})
}
