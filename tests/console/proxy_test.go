package console

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary is the real oauth2-proxy, of the version in go.mod.
var binary = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "tool", "-n", "oauth2-proxy").Output()
	if err != nil {
		return "", fmt.Errorf("building oauth2-proxy: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
})

// A proxy is a running oauth2-proxy behind its ingress.
type proxy struct {
	*network
	// address of the proxy itself, and of the ingress before it.
	address string
	ingress string
	log     *lockedBuffer
}

// start runs the proxy in a network with what the chart makes of the values.
func start(t *testing.T, values map[string]any) *proxy {
	t.Helper()
	p := &proxy{network: newNetwork(t)}
	if err := p.run(t, values, strings.Repeat("k", 32)); err != nil {
		t.Fatal(err)
	}
	p.ingress = p.newIngress(t, p.address)
	return p
}

// run starts the process and waits until it is ready, or has ended.
func (p *proxy) run(t *testing.T, values map[string]any, cookieSecret string) error {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l := listen(t)
	l.Close()
	p.address = strings.Replace(l.Addr().String(), "127.0.0.1", "0.0.0.0", 1)
	c := chart(t, values).moved(dir, p.address)
	p.address = l.Addr().String()
	c.files[dir+"/cookie-secret"] = cookieSecret
	c.files[dir+"/client-secret"] = clientSecret
	c.files[dir+"/token"] = federatedToken
	for name, text := range c.files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.log = &lockedBuffer{}
	command := exec.Command(program, c.args...)
	command.Env = append(p.environment, "AZURE_FEDERATED_TOKEN_FILE="+filepath.Join(dir, "token"))
	command.Stdout, command.Stderr = p.log, p.log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { command.Process.Kill() })
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		select {
		case err := <-ended:
			return fmt.Errorf("%w\n%s", err, p.log)
		case <-time.After(50 * time.Millisecond):
		}
		if answer, err := http.Get("http://" + p.address + "/ready"); err == nil {
			answer.Body.Close()
			return nil
		}
	}
	t.Fatalf("not ready after a minute\n%s", p.log)
	return nil
}

// browser is a client that keeps cookies and knows the names of the network. It follows
// redirects only where follow says so.
func (p *proxy) browser(t *testing.T, follow bool) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{
		DialContext: p.dialer(p.ingress), TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	if !follow {
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	t.Cleanup(b.CloseIdleConnections)
	return b
}

// enter opens the console as a person, through the issuer. It returns the browser and the last answer.
func (p *proxy) enter(t *testing.T, who person) (*http.Client, *http.Response) {
	t.Helper()
	p.issuer.QueueUser(who)
	b := p.browser(t, true)
	answer, err := b.Get("https://" + host + "/")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return b, answer
}

// session is the value of the session cookie of somebody who got in.
func (p *proxy) session(t *testing.T) string {
	t.Helper()
	b, answer := p.enter(t, onCall())
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("nobody gets in: %s\n%s", answer.Status, p.log)
	}
	p.rest.reached()
	for _, c := range b.Jar.Cookies(&url.URL{Scheme: "https", Host: host, Path: "/"}) {
		if c.Name == cookie {
			return c.Value
		}
	}
	t.Fatal("there is no session cookie")
	return ""
}

// A wire sends requests to the proxy as they are written, over one connection.
type wire struct {
	t       *testing.T
	address string
	session string
	from    string
	conn    net.Conn
	reader  *bufio.Reader
}

// send writes a request line with headers and reads the whole answer.
func (w *wire) send(method, target string, headers ...string) *http.Response {
	w.t.Helper()
	for attempt := 0; ; attempt++ {
		if w.conn == nil {
			var err error
			w.conn, err = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(w.from)}}).Dial("tcp", w.address)
			if err != nil {
				w.t.Fatal(err)
			}
			w.reader = bufio.NewReader(w.conn)
		}
		lines := append([]string{method + " " + target + " HTTP/1.1", "Host: " + host, "Cookie: " + cookie + "=" + w.session}, headers...)
		if method != http.MethodGet {
			lines = append(lines, "Content-Length: 2")
		}
		text := strings.Join(lines, "\r\n") + "\r\n\r\n"
		if method != http.MethodGet {
			text += "{}"
		}
		io.WriteString(w.conn, text)
		answer, err := http.ReadResponse(w.reader, &http.Request{Method: method})
		if err == nil {
			var body []byte
			body, err = io.ReadAll(answer.Body)
			answer.Body = io.NopCloser(bytes.NewReader(body))
			if answer.Close {
				w.close()
			}
		}
		if err == nil {
			return answer
		}
		w.close()
		if attempt > 0 {
			w.t.Fatalf("%s %s: %v", method, target, err)
		}
	}
}

func (w *wire) close() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// A lockedBuffer is written by a process while a test reads it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
