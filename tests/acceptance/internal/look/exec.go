package look

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
)

// ReadFile reads a file inside Flink's container by cat, which every image has that has a shell.
func (c *Cluster) ReadFile(ctx context.Context, pod, file string) ([]byte, error) {
	target, err := url.Parse(fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s/exec", strings.TrimRight(c.server(), "/"), c.namespace, pod))
	if err != nil {
		return nil, err
	}
	target.RawQuery = url.Values{
		"container": {mainContainer}, "command": {"cat", file}, "stdout": {"true"}, "stderr": {"true"},
	}.Encode()
	websocket, err := remotecommand.NewWebSocketExecutor(c.config, http.MethodGet, target.String())
	if err != nil {
		return nil, err
	}
	spdy, err := remotecommand.NewSPDYExecutor(c.config, http.MethodPost, target)
	if err != nil {
		return nil, err
	}
	executor, err := remotecommand.NewFallbackExecutor(websocket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return nil, err
	}
	// A stream has no time-out of its own.
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var out, complaint bytes.Buffer
	if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &complaint}); err != nil {
		return nil, fmt.Errorf("cat %s in pod %s/%s: %w %s", file, c.namespace, pod, err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out.Bytes(), nil
}
