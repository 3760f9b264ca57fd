package look

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	deployments     = schema.GroupVersionResource{Group: "flink.apache.org", Version: "v1beta1", Resource: "flinkdeployments"}
	snapshots       = schema.GroupVersionResource{Group: "flink.apache.org", Version: "v1beta1", Resource: "flinkstatesnapshots"}
	pods            = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	configMaps      = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	serviceAccounts = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
)

// Cluster is a namespace of a Kubernetes cluster.
type Cluster struct {
	namespace string
	config    *rest.Config
	http      *http.Client
	objects   dynamic.Interface
}

// NewCluster reads the kubeconfig, by kubectl's own rules where the path is
// empty; a pod without one uses its ServiceAccount.
func NewCluster(kubeconfig, kubecontext, namespace string) (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules,
		&clientcmd.ConfigOverrides{CurrentContext: kubecontext}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	// No throttle of its own: it would blur the time without a job. --poll paces the looks.
	config.QPS = -1
	config.Timeout = 30 * time.Second
	config.UserAgent = "flink-payments-acceptance"
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	objects, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return &Cluster{namespace: namespace, config: config, http: client, objects: objects}, nil
}

// get reads one object into a value of its shape.
func (c *Cluster) get(ctx context.Context, of schema.GroupVersionResource, name string, into any) error {
	object, err := c.objects.Resource(of).Namespace(c.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return c.explain(err, of, name)
	}
	return decode(*object, into)
}

// list reads the objects that a label selector picks.
func (c *Cluster) list(ctx context.Context, of schema.GroupVersionResource, selector string) ([]unstructured.Unstructured, error) {
	found, err := c.objects.Resource(of).Namespace(c.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, c.explain(err, of, "")
	}
	return found.Items, nil
}

// explain tells an object that is not there from a kind that the cluster does
// not know: the API server names the object in the first case only.
func (c *Cluster) explain(err error, of schema.GroupVersionResource, name string) error {
	var status *apierrors.StatusError
	if name != "" && apierrors.IsNotFound(err) && errors.As(err, &status) && status.ErrStatus.Details != nil && status.ErrStatus.Details.Name == name {
		return &Missing{fmt.Sprintf("there is no %s %s in namespace %s", of.Resource, name, c.namespace)}
	}
	return fmt.Errorf("%s %s/%s: %w", of.Resource, c.namespace, name, err)
}

func decode(object unstructured.Unstructured, into any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
		return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}
