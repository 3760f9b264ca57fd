// Command labjob stands in for Flink in a real cluster: JobManagers that elect
// a leader by Flink's own ConfigMaps, write checkpoints to S3 and answer Flink's
// REST API, and TaskManagers that only are there. It holds no state of a job.
// Called as cat, it is cat: its image has nothing else.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"flink-payments/tests/acceptance/internal/standin"
)

const (
	beat  = 300 * time.Millisecond
	lease = 3 * time.Second
	// The annotation under which client libraries keep who holds a ConfigMap.
	holder = "control-plane.alpha.kubernetes.io/leader"
	leader = "org.apache.flink.k8s.leader.restserver"
)

func main() {
	switch {
	case filepath.Base(os.Args[0]) == "cat":
		for _, name := range os.Args[1:] {
			text, err := os.ReadFile(name)
			if err != nil {
				log.Fatal(err)
			}
			os.Stdout.Write(text)
		}
	case os.Getenv("ROLE") == "taskmanager":
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
	default:
		if err := jobManager(); err != nil {
			log.Fatal(err)
		}
	}
}

// manager is one JobManager; World is its Flink while it leads.
type manager struct {
	mu      sync.Mutex
	world   *standin.World
	leads   bool
	session string
	at      string // the leader's address
	maps    dynamic.ResourceInterface
	ip, s3  string
	job, id string
}

func jobManager() error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	m := &manager{
		maps: client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(os.Getenv("NAMESPACE")),
		ip:   os.Getenv("_POD_IP_ADDRESS"), s3: os.Getenv("S3"), job: standin.Name, id: standin.JobID,
	}
	go func() {
		for ; ; time.Sleep(beat) {
			if err := m.turn(context.Background()); err != nil {
				log.Print(err)
			}
		}
	}()
	return http.ListenAndServe(":8081", m)
}

// ServeHTTP answers as the leader, or asks it, as a standby of Flink does.
func (m *manager) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	m.mu.Lock()
	world, leads, at := m.world, m.leads, m.at
	m.mu.Unlock()
	switch {
	case leads:
		world.Flink().ServeHTTP(out, in)
	case at == "":
		out.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(out, `{"errors": ["Service temporarily unavailable due to an ongoing leader election. Please refresh."]}`)
	default:
		target, err := url.Parse(at)
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadGateway)
			return
		}
		httputil.NewSingleHostReverseProxy(target).ServeHTTP(out, in)
	}
}

// turn is one beat of the election and, for the leader, of the job.
func (m *manager) turn(ctx context.Context) error {
	cluster, err := m.maps.Get(ctx, m.job+"-cluster-config-map", metav1.GetOptions{})
	if err != nil {
		return err
	}
	var held struct {
		Holder  string
		Renewed time.Time
	}
	if text := cluster.GetAnnotations()[holder]; text != "" {
		if err := json.Unmarshal([]byte(text), &held); err != nil {
			return err
		}
	}
	value, _, _ := unstructured.NestedString(cluster.Object, "data", leader)
	_, at, _ := strings.Cut(value, ",")
	m.mu.Lock()
	m.at = at
	m.leads = m.leads && held.Holder == m.ip
	leads := m.leads
	m.mu.Unlock()
	if !leads && time.Since(held.Renewed) < lease {
		return nil
	}
	held.Holder, held.Renewed = m.ip, time.Now()
	text, err := json.Marshal(held)
	if err != nil {
		return err
	}
	cluster.SetAnnotations(map[string]string{holder: string(text)})
	if !leads {
		m.session = strconv.FormatInt(time.Now().UnixNano(), 16)
	}
	if err := unstructured.SetNestedField(cluster.Object, m.session+",http://"+m.ip+":8081", "data", leader); err != nil {
		return err
	}
	if _, err := m.maps.Update(ctx, cluster, metav1.UpdateOptions{}); err != nil {
		return err
	}
	return m.work(ctx, leads)
}

// work starts the job from its pointer, where it was not led yet, and completes one checkpoint.
func (m *manager) work(ctx context.Context, leads bool) error {
	pointers, err := m.maps.Get(ctx, m.job+"-"+m.id+"-config-map", metav1.GetOptions{})
	if err != nil {
		return err
	}
	data, _, _ := unstructured.NestedStringMap(pointers.Object, "data")
	if !leads {
		m.start(data)
		return nil
	}
	m.world.Lock()
	next, stuck := m.world.Latest+1, data["mode"] == "stuck"
	m.world.Unlock()
	if stuck {
		return nil
	}
	key := fmt.Sprintf("%s/%s/checkpoints/%s/chk-%d/_metadata", m.s3, standin.Bucket, m.id, next)
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, key, bytes.NewReader(standin.Metadata(next)))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	kept := map[string]string{fmt.Sprintf("checkpointID-%019d", next): "c3RhdGU=", "mode": data["mode"]}
	if err := unstructured.SetNestedStringMap(pointers.Object, kept, "data"); err != nil {
		return err
	}
	if _, err := m.maps.Update(ctx, pointers, metav1.UpdateOptions{}); err != nil {
		return err
	}
	m.world.Lock()
	m.world.Latest, m.world.Completed = next, m.world.Completed+1
	m.world.Unlock()
	return nil
}

// start begins the job where the pointer says, or, to misbehave, from nothing.
func (m *manager) start(data map[string]string) {
	w := standin.New()
	w.Stuck, w.Completed, w.Latest, w.Restored = true, 0, 0, nil
	for key := range data {
		if number, found := strings.CutPrefix(key, "checkpointID-"); found {
			w.Latest, _ = strconv.ParseInt(number, 10, 64)
		}
	}
	switch {
	case data["mode"] == "forget":
		w.Latest = 0
	case w.Latest > 0:
		w.Restored = &standin.Restored{ID: w.Latest, At: time.Now().UnixMilli(), Path: fmt.Sprintf("%s/chk-%d", w.Root, w.Latest)}
	default:
		w.Latest = 40
		w.Restored = &standin.Restored{ID: 40, At: time.Now().UnixMilli(), Savepoint: true, Path: standin.Savepoint}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.world, m.leads = w, true
}
