package console

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A network is what the proxy finds around it, under the names that its configuration has:
// Flink's REST Service and Entra ID. It reaches both as one reaches hosts through a forward proxy,
// so that no name in the configuration is changed.
type network struct {
	issuer *issuer
	rest   *restService
	// environment of a process that is in this network.
	environment []string

	issuerAddress string
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{rest: &restService{}}
	var handler http.Handler
	n.issuer, handler = newIssuer(t)
	certificate := certificateFor(t, "login.microsoftonline.com")
	entra := startTLS(t, handler, certificate)
	n.issuerAddress = entra.Listener.Addr().String()

	restListener := listen(t)
	go n.rest.serve(restListener)
	tunnel := httptest.NewServer(http.HandlerFunc(n.connect))
	t.Cleanup(tunnel.Close)

	roots := filepath.Join(t.TempDir(), "roots.pem")
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if err := os.WriteFile(roots, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	n.environment = []string{
		"HTTP_PROXY=http://" + restListener.Addr().String(), "HTTPS_PROXY=" + tunnel.URL, "SSL_CERT_FILE=" + roots,
	}
	return n
}

// connect carries TLS to the issuer, for its name alone.
func (n *network) connect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect || r.Host != "login.microsoftonline.com:443" {
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	}
	there, err := net.Dial("tcp", n.issuerAddress)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return
	}
	io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	pipe(here, there)
}

// A restService is fraud-scoring-rest.payments:8081: a stand-in of Flink's REST API that records
// what reaches it, or, where forward is set, the way to a real one.
type restService struct {
	mu       sync.Mutex
	forward  string
	requests []*http.Request
}

func (s *restService) serve(l net.Listener) {
	standIn := &http.Server{Handler: http.HandlerFunc(s.record)}
	here := &handed{connections: make(chan net.Conn), Listener: l}
	go standIn.Serve(here)
	for {
		connection, err := l.Accept()
		if err != nil {
			close(here.connections)
			return
		}
		s.mu.Lock()
		forward := s.forward
		s.mu.Unlock()
		if forward == "" {
			here.connections <- connection
			continue
		}
		if there, err := net.Dial("tcp", forward); err == nil {
			pipe(connection, there)
		} else {
			connection.Close()
		}
	}
}

func (s *restService) record(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	if r.URL.Path == "/jobmanager/log" {
		w.Write(make([]byte, 5<<20))
		return
	}
	io.WriteString(w, "Flink")
}

// forwardTo lets the requests of new connections through to a real REST server.
func (s *restService) forwardTo(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forward = address
}

// reached are the requests since it was last asked.
func (s *restService) reached() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// handed is a listener of connections that somebody else accepted.
type handed struct {
	net.Listener
	connections chan net.Conn
}

func (h *handed) Accept() (net.Conn, error) {
	if connection, open := <-h.connections; open {
		return connection, nil
	}
	return nil, net.ErrClosed
}

// pipe joins two connections, and ends both with either.
func pipe(a, b net.Conn) {
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		go func() {
			io.Copy(way[0], way[1])
			a.Close()
			b.Close()
		}()
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// newIngress ends TLS for https://HOST and says to the proxy who asked, as an ingress controller does.
func (n *network) newIngress(t *testing.T, proxy string) string {
	t.Helper()
	return startTLS(t, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: proxy})
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}}, certificateFor(t, host)).Listener.Addr().String()
}

func startTLS(t *testing.T, handler http.Handler, certificate tls.Certificate) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// certificateFor is a host's own certificate, which is its own authority.
func certificateFor(t *testing.T, host string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// dialer finds the console and the issuer by their names.
func (n *network) dialer(ingress string) func(ctx context.Context, network, address string) (net.Conn, error) {
	known := map[string]string{host + ":443": ingress, "login.microsoftonline.com:443": n.issuerAddress}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, known[address])
	}
}

// paths of requests, each once.
func paths(requests []*http.Request) []string {
	var all []string
	for _, r := range requests {
		all = append(all, r.Method+" "+strings.SplitN(r.RequestURI, "?", 2)[0])
	}
	slices.Sort(all)
	return slices.Compact(all)
}
