package k8s

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
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

var _ Inspector = (*Client)(nil)

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
