package k8s

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/yaml"
)

// A Reader reads what the cluster says of an object. The provider tells a
// program nothing of an object while it works on it.
type Reader interface {
	// Get returns a namespaced object; nil: there is none.
	Get(ctx context.Context, apiVersion, plural, namespace, name string) (map[string]any, error)
	// Events of an object, the oldest first, a line each.
	Events(ctx context.Context, kind, namespace, name string) ([]string, error)
}

// Client reads from the API server of a cluster with the kubeconfig that the
// provider has. client-go would do more, and double the program's build.
type Client struct {
	context string
	known   chan struct{}
	text    string

	once   sync.Once
	failed error
	server *url.URL
	http   *http.Client
	dir    string
	user   kubeconfigUser

	lock    sync.Mutex
	token   string
	expires time.Time
}

// NewClient reads a cluster. Nothing is run or opened before the first call.
func NewClient(cluster Cluster) *Client {
	c := &Client{context: cluster.context, known: make(chan struct{})}
	if cluster.kubeconfig == nil {
		close(c.known)
		return c
	}
	cluster.kubeconfig.ToStringOutput().ApplyT(func(text string) string {
		c.text = text
		close(c.known)
		return text
	})
	return c
}

// kubeconfig is the part of a kubeconfig that a request needs.
type kubeconfig struct {
	CurrentContext string `json:"current-context"`
	Clusters       []struct {
		Name    string `json:"name"`
		Cluster struct {
			Server        string `json:"server"`
			ServerName    string `json:"tls-server-name"`
			Insecure      bool   `json:"insecure-skip-tls-verify"`
			Authority     string `json:"certificate-authority"`
			AuthorityData []byte `json:"certificate-authority-data"`
			Proxy         string `json:"proxy-url"`
		} `json:"cluster"`
	} `json:"clusters"`
	Contexts []struct {
		Name    string `json:"name"`
		Context struct {
			Cluster string `json:"cluster"`
			User    string `json:"user"`
		} `json:"context"`
	} `json:"contexts"`
	Users []struct {
		Name string         `json:"name"`
		User kubeconfigUser `json:"user"`
	} `json:"users"`
}

type kubeconfigUser struct {
	Token           string `json:"token"`
	TokenFile       string `json:"tokenFile"`
	Certificate     string `json:"client-certificate"`
	CertificateData []byte `json:"client-certificate-data"`
	Key             string `json:"client-key"`
	KeyData         []byte `json:"client-key-data"`
	Exec            *struct {
		Command string   `json:"command"`
		Args    []string `json:"args"`
		Env     []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"env"`
		APIVersion string `json:"apiVersion"`
	} `json:"exec"`
}

// configure reads the kubeconfig: the document itself, or a path to it.
func (c *Client) configure(ctx context.Context) error {
	select {
	case <-c.known:
	case <-ctx.Done():
		return errors.New("the cluster's kubeconfig is not known yet")
	}
	c.once.Do(func() { c.failed = c.read() })
	return c.failed
}

func (c *Client) read() error {
	content := []byte(c.text)
	if !strings.HasPrefix(strings.TrimSpace(c.text), "{") && !strings.Contains(c.text, "\n") {
		path := c.text
		if below, home := strings.CutPrefix(path, "~/"); home {
			dir, err := os.UserHomeDir()
			if err != nil {
				return err
			}
			path = filepath.Join(dir, below)
		}
		var err error
		if content, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("kubeconfig: %w", err)
		}
		c.dir = filepath.Dir(path)
	}
	var config kubeconfig
	if err := yaml.Unmarshal(content, &config); err != nil {
		return errors.New("kubeconfig: it cannot be read as YAML") // the parser's error may quote a token
	}
	name := cmp.Or(c.context, config.CurrentContext)
	for _, named := range config.Contexts {
		if named.Name != name {
			continue
		}
		for _, user := range config.Users {
			if user.Name == named.Context.User {
				c.user = user.User
			}
		}
		for _, cluster := range config.Clusters {
			if cluster.Name != named.Context.Cluster {
				continue
			}
			at := cluster.Cluster
			authority, err := c.dataOrFile(at.AuthorityData, at.Authority)
			if err != nil {
				return err
			}
			return c.connect(at.Server, at.ServerName, at.Proxy, at.Insecure, authority)
		}
	}
	return fmt.Errorf("kubeconfig: no context %q with a cluster", name)
}

func (c *Client) dataOrFile(data []byte, file string) ([]byte, error) {
	if len(data) > 0 || file == "" {
		return data, nil
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(c.dir, file)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return content, nil
}

func (c *Client) connect(server, serverName, proxy string, insecure bool, authority []byte) error {
	var err error
	if c.server, err = url.Parse(server); err != nil || c.server.Host == "" {
		return fmt.Errorf("kubeconfig: the server %q is not a URL", server)
	}
	security := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: serverName, InsecureSkipVerify: insecure}
	if len(authority) > 0 {
		security.RootCAs = x509.NewCertPool()
		if !security.RootCAs.AppendCertsFromPEM(authority) {
			return errors.New("kubeconfig: the certificate authority is not PEM")
		}
	}
	security.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.certificate() }
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: security, ForceAttemptHTTP2: true}
	if proxy != "" {
		through, err := url.Parse(proxy)
		if err != nil {
			return fmt.Errorf("kubeconfig: proxy-url: %w", err)
		}
		transport.Proxy = http.ProxyURL(through)
	}
	c.http = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return nil
}

func (c *Client) certificate() (*tls.Certificate, error) {
	certificate, err := c.dataOrFile(c.user.CertificateData, c.user.Certificate)
	if err != nil || len(certificate) == 0 {
		return &tls.Certificate{}, err
	}
	key, err := c.dataOrFile(c.user.KeyData, c.user.Key)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	return &pair, err
}

// bearer is the token of a request; empty: the client certificate is all.
func (c *Client) bearer(ctx context.Context) (string, error) {
	switch {
	case c.user.Token != "":
		return c.user.Token, nil
	case c.user.TokenFile != "":
		content, err := c.dataOrFile(nil, c.user.TokenFile)
		return strings.TrimSpace(string(content)), err
	case c.user.Exec == nil:
		return "", nil
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if time.Now().Before(c.expires) {
		return c.token, nil
	}
	plugin := c.user.Exec
	command := exec.CommandContext(ctx, plugin.Command, plugin.Args...)
	command.Env = append(os.Environ(), `KUBERNETES_EXEC_INFO={"apiVersion":"`+plugin.APIVersion+`","kind":"ExecCredential","spec":{"interactive":false}}`)
	for _, e := range plugin.Env {
		command.Env = append(command.Env, e.Name+"="+e.Value)
	}
	var said bytes.Buffer
	command.Stderr = &said
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", plugin.Command, err, strings.TrimSpace(said.String()))
	}
	var credential struct {
		Status struct {
			Token               string    `json:"token"`
			ExpirationTimestamp time.Time `json:"expirationTimestamp"`
		} `json:"status"`
	}
	if json.Unmarshal(output, &credential) != nil || credential.Status.Token == "" {
		return "", fmt.Errorf("%s: it gave no token", plugin.Command)
	}
	// Without an expiry, a minute: it is asked again often enough.
	c.token, c.expires = credential.Status.Token, time.Now().Add(time.Minute)
	if at := credential.Status.ExpirationTimestamp; !at.IsZero() {
		c.expires = at.Add(-time.Minute)
	}
	return c.token, nil
}

// get decodes a path of the API into a value; false: it is not there.
func (c *Client) get(ctx context.Context, path string, query url.Values, into any) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := c.configure(ctx); err != nil {
		return false, err
	}
	token, err := c.bearer(ctx)
	if err != nil {
		return false, err
	}
	at := *c.server
	at.Path, at.RawQuery = strings.TrimSuffix(at.Path, "/")+path, query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return false, err
	}
	request.Header.Set("Accept", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	// A FlinkDeployment is below etcd's 1.5 MB; a list of events is cut by its limit.
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	switch {
	case err != nil:
		return false, err
	case response.StatusCode == http.StatusNotFound:
		return false, nil
	case response.StatusCode == http.StatusUnauthorized:
		c.lock.Lock()
		c.expires = time.Time{}
		c.lock.Unlock()
	}
	if response.StatusCode != http.StatusOK {
		var status struct{ Message string }
		_ = json.Unmarshal(body, &status)
		return false, fmt.Errorf("GET %s: %s", path, cmp.Or(status.Message, response.Status))
	}
	return true, json.Unmarshal(body, into)
}

// Get implements Reader.
func (c *Client) Get(ctx context.Context, apiVersion, plural, namespace, name string) (map[string]any, error) {
	var object map[string]any
	there, err := c.get(ctx, "/apis/"+apiVersion+"/namespaces/"+namespace+"/"+plural+"/"+name, nil, &object)
	if err != nil || !there {
		return nil, err
	}
	return object, nil
}

// Events implements Reader.
func (c *Client) Events(ctx context.Context, kind, namespace, name string) ([]string, error) {
	var list struct {
		Items []struct {
			Metadata       struct{ CreationTimestamp time.Time }
			EventTime      *time.Time
			LastTimestamp  *time.Time
			Type           string
			Reason         string
			Message        string
			Count          int
			InvolvedObject struct{ Name, Kind string }
		}
	}
	_, err := c.get(ctx, "/api/v1/namespaces/"+namespace+"/events",
		url.Values{"fieldSelector": {"involvedObject.kind=" + kind + ",involvedObject.name=" + name}, "limit": {"500"}}, &list)
	if err != nil {
		return nil, err
	}
	type line struct {
		at   time.Time
		text string
	}
	var lines []line
	for _, event := range list.Items {
		at := event.Metadata.CreationTimestamp
		for _, later := range []*time.Time{event.EventTime, event.LastTimestamp} {
			if later != nil && later.After(at) {
				at = *later
			}
		}
		text := fmt.Sprintf("%s %s %s: %s", at.UTC().Format(time.RFC3339), event.Type, event.Reason, strings.TrimSpace(event.Message))
		if event.Count > 1 {
			text += fmt.Sprintf(" (%d times)", event.Count)
		}
		lines = append(lines, line{at, text})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.text
	}
	return texts, nil
}
