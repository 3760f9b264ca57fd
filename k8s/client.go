package k8s

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// What one call may cost.
const (
	// callLimit includes the exec plugin: an AWS CLI that asks STS needs a few seconds.
	callLimit = 30 * time.Second
	// maxAnswer in bytes. An object is below etcd's 1.5 MB; a list is cut by maxItems.
	maxAnswer = 16 << 20
	// maxItems of a list; what is beyond them is not read.
	maxItems = 500
	// maxLog in bytes, counted from the first of the lines that are asked for.
	maxLog = 1 << 20
)

// A Reader reads what the cluster says of an object. The provider tells a
// program nothing of an object while it works on it.
type Reader interface {
	// Get returns a namespaced object; nil: there is none.
	Get(ctx context.Context, apiVersion, plural, namespace, name string) (map[string]any, error)
	// Events of an object, the oldest first, a line each.
	Events(ctx context.Context, kind, namespace, name string) ([]string, error)
}

// An Inspector also reads what tells why a job does not run. Each call ends
// within 30 s and reads 16 MiB at most; an answer above that is an error.
type Inspector interface {
	Reader
	// List returns the first 500 objects of a namespace that a label selector
	// picks, in the API server's order; an empty selector picks all.
	List(ctx context.Context, apiVersion, plural, namespace, labelSelector string) ([]map[string]any, error)
	// Logs returns the last lines that a container wrote, of those the first MiB;
	// previous: the container before its last restart. A pod that is gone, and a
	// container that has not started or never restarted, is an error in the API
	// server's words.
	Logs(ctx context.Context, namespace, pod, container string, previous bool, tailLines int) (string, error)
	// Proxy returns what a service answers to a GET through the API server. Any
	// status but 200 to 206 is an error, and so is a redirect.
	Proxy(ctx context.Context, namespace, service, port, path string, query url.Values) ([]byte, error)
}

// Client reads from the API server of a cluster with the kubeconfig that the
// provider has.
//
// It is client-go's REST client: 100 packages and 24 CPU seconds of the program's
// build, none of them above 140 MB. On top of it the dynamic client would only
// build paths, and give whole numbers as int64 where the verdicts on a status
// read JSON's float64; the typed clientset would compile every API of Kubernetes.
type Client struct {
	context string
	known   chan struct{}
	text    string
	limit   time.Duration

	once   sync.Once
	failed error
	plugin string
	server rest.Interface
}

var _ Inspector = (*Client)(nil)

// NewClient reads a cluster. Nothing is run or opened before the first call.
func NewClient(cluster Cluster) *Client {
	c := &Client{context: cluster.context, known: make(chan struct{}), limit: callLimit}
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

// connect reads the kubeconfig once it is known.
func (c *Client) connect(ctx context.Context) error {
	select {
	case <-c.known:
	case <-ctx.Done():
		return errors.New("the cluster's kubeconfig is not known yet")
	}
	c.once.Do(func() {
		if c.failed = c.configure(); c.failed != nil {
			c.failed = fmt.Errorf("kubeconfig: %w", c.failed)
		}
	})
	return c.failed
}

func (c *Client) configure() error {
	kubeconfig, err := load(c.text)
	if err != nil {
		return err
	}
	name := cmp.Or(c.context, kubeconfig.CurrentContext)
	if named := kubeconfig.Contexts[name]; named == nil || kubeconfig.Clusters[named.Cluster] == nil {
		return fmt.Errorf("no context %q with a cluster", name)
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*kubeconfig, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return err
	}
	if config.ExecProvider != nil {
		c.plugin = config.ExecProvider.Command
	}
	// client-go's own limit of 5 requests a second would hold back two hundred jobs.
	config.QPS = -1
	// A deprecated API version is not what the person can change here.
	config.WarningHandler = rest.NoWarnings{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return limited{next} })
	// It decodes a Status, the API server's form of an error, and nothing else.
	errorsOnly := runtime.NewScheme()
	metav1.AddToGroupVersion(errorsOnly, schema.GroupVersion{Version: "v1"})
	config.NegotiatedSerializer = serializer.NewCodecFactory(errorsOnly).WithoutConversion()

	if err := rest.LoadTLSFiles(config); err != nil {
		return err
	}
	if len(config.CAData) > 0 && !x509.NewCertPool().AppendCertsFromPEM(config.CAData) {
		return errors.New("the certificate authority is not PEM")
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	// A service behind the proxy may answer with a redirect anywhere, and
	// client-go's transport would take the token there.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.server, err = rest.UnversionedRESTClientForConfigAndClient(config, client)
	return err
}

// load reads a kubeconfig: the document itself, or a path to it, from which
// relative paths in it start.
func load(text string) (*api.Config, error) {
	unreadable := errors.New("it cannot be read as YAML") // the parser's error may quote a token
	if strings.HasPrefix(strings.TrimSpace(text), "{") || strings.Contains(text, "\n") {
		config, err := clientcmd.Load([]byte(text))
		if err != nil {
			return nil, unreadable
		}
		return config, nil
	}
	file := text
	if below, home := strings.CutPrefix(file, "~/"); home {
		dir, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		file = filepath.Join(dir, below)
	}
	config, err := clientcmd.LoadFromFile(file)
	var unopened *os.PathError
	switch {
	case errors.As(err, &unopened):
		return nil, err
	case err != nil:
		return nil, unreadable
	}
	return config, clientcmd.ResolveLocalPaths(config)
}

// limited ends the reading of an answer that is larger than maxAnswer.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(request)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxAnswer)
	}
	return response, err
}

// get reads a path of the API.
func (c *Client) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	request := c.server.Get().AbsPath(path)
	for name, values := range query {
		for _, value := range values {
			request.Param(name, value)
		}
	}
	var body []byte
	done := make(chan error, 1)
	go func() {
		result := request.Do(ctx)
		body, _ = result.Raw()
		done <- result.Error() // Raw's own error leaves out what the API server says
	}()
	// client-go runs the exec plugin outside of the request's time. One that
	// hangs is left behind, and ends with the program.
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		select {
		case err = <-done:
		case <-time.After(time.Second):
			return nil, fmt.Errorf("GET %s: %s gives no credentials: %w", path, c.plugin, ctx.Err())
		}
	}
	var large *http.MaxBytesError
	var unsent *url.Error
	switch {
	case errors.As(err, &large):
		return nil, fmt.Errorf("GET %s: the answer is larger than %d bytes", path, large.Limit)
	case errors.As(err, &unsent):
		return nil, err // it names the server, which is what is wrong then
	case err != nil:
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	return body, nil
}

// pathOf a kind's objects in a namespace.
func pathOf(apiVersion, plural, namespace string) string {
	root := "/apis"
	if !strings.Contains(apiVersion, "/") {
		root = "/api"
	}
	return root + "/" + apiVersion + "/namespaces/" + namespace + "/" + plural
}

// Get implements Reader.
func (c *Client) Get(ctx context.Context, apiVersion, plural, namespace, name string) (map[string]any, error) {
	body, err := c.get(ctx, pathOf(apiVersion, plural, namespace)+"/"+name, nil)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var object map[string]any
	return object, json.Unmarshal(body, &object)
}

// List implements Inspector.
func (c *Client) List(ctx context.Context, apiVersion, plural, namespace, labelSelector string) ([]map[string]any, error) {
	query := url.Values{"limit": {strconv.Itoa(maxItems)}}
	if labelSelector != "" {
		query.Set("labelSelector", labelSelector)
	}
	body, err := c.get(ctx, pathOf(apiVersion, plural, namespace), query)
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	return list.Items, json.Unmarshal(body, &list)
}

// Logs implements Inspector.
func (c *Client) Logs(ctx context.Context, namespace, pod, container string, previous bool, tailLines int) (string, error) {
	body, err := c.get(ctx, pathOf("v1", "pods", namespace)+"/"+pod+"/log", url.Values{
		"container": {container}, "previous": {strconv.FormatBool(previous)},
		"tailLines": {strconv.Itoa(tailLines)}, "limitBytes": {strconv.Itoa(maxLog)},
	})
	return string(body), err
}

// Proxy implements Inspector.
func (c *Client) Proxy(ctx context.Context, namespace, service, port, at string, query url.Values) ([]byte, error) {
	// Joined to the root, so that no .. leaves the service.
	return c.get(ctx, pathOf("v1", "services", namespace)+"/"+service+":"+port+"/proxy"+path.Join("/", at), query)
}

// Events implements Reader.
func (c *Client) Events(ctx context.Context, kind, namespace, name string) ([]string, error) {
	body, err := c.get(ctx, pathOf("v1", "events", namespace), url.Values{
		"fieldSelector": {"involvedObject.kind=" + kind + ",involvedObject.name=" + name}, "limit": {strconv.Itoa(maxItems)}})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []struct {
			Metadata      struct{ CreationTimestamp time.Time }
			EventTime     *time.Time
			LastTimestamp *time.Time
			Type          string
			Reason        string
			Message       string
			Count         int
		}
	}
	if err := json.Unmarshal(body, &list); err != nil {
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
