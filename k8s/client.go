package k8s

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

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
	// maxAnswer in bytes. An object is below etcd's 1.5 MB; a list is cut at maxItems.
	maxAnswer = 16 << 20
)

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
