package standin

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/gorilla/websocket"
	"k8s.io/apimachinery/pkg/labels"
)

// APIServer serves the job's namespace, with Flink's REST API behind its Service.
func (w *World) APIServer() http.Handler {
	core, group := "/api/v1/namespaces/"+Namespace, "/apis/flink.apache.org/v1beta1/namespaces/"+Namespace
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+group+"/flinkdeployments/{name}", w.object(func(name string) Object {
		if name != Name || w.Spec == nil {
			return nil
		}
		return Object{"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
			"metadata": Object{"name": Name, "namespace": Namespace, "generation": w.Generation},
			"spec":     w.Spec, "status": w.Status}
	}))
	mux.HandleFunc("GET "+group+"/flinkstatesnapshots", w.list("FlinkStateSnapshot", func() []Object { return w.Snapshots }))
	mux.HandleFunc("GET "+core+"/serviceaccounts/{name}", w.object(func(name string) Object {
		if name != "flink" {
			return nil
		}
		annotations := Object{}
		if w.RoleAnnotation != "" {
			annotations["eks.amazonaws.com/role-arn"] = w.RoleAnnotation
		}
		return Object{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": Object{"name": name, "annotations": annotations}}
	}))
	mux.HandleFunc("GET "+core+"/pods", w.list("Pod", func() []Object {
		var all []Object
		for _, p := range w.Pods {
			all = append(all, p.object())
		}
		return all
	}))
	mux.HandleFunc("GET "+core+"/configmaps", w.list("ConfigMap", func() []Object {
		w.step()
		return w.configMaps()
	}))
	mux.HandleFunc("DELETE "+core+"/pods/{name}", w.deletePod)
	mux.HandleFunc("GET "+core+"/pods/{name}/exec", w.exec)
	rest := core + "/services/" + Name + "-rest:8081/proxy"
	mux.Handle(rest+"/", http.StripPrefix(rest, w.Flink()))
	mux.HandleFunc("/", func(out http.ResponseWriter, _ *http.Request) {
		status(out, http.StatusNotFound, "NotFound", "", "the server could not find the requested resource")
	})
	return http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		for part, code := range w.Refuse {
			if strings.Contains(in.URL.Path, part) {
				status(out, code, "Refused", "", "refused by the test")
				return
			}
		}
		if in.Method != http.MethodGet {
			w.Lock()
			w.Writes = append(w.Writes, in.Method+" "+in.URL.Path)
			w.Unlock()
		}
		mux.ServeHTTP(out, in)
	})
}

func (w *World) object(of func(name string) Object) http.HandlerFunc {
	return func(out http.ResponseWriter, in *http.Request) {
		w.Lock()
		defer w.Unlock()
		name := in.PathValue("name")
		if object := of(name); object != nil {
			answer(out, object)
			return
		}
		status(out, http.StatusNotFound, "NotFound", name, name+" not found")
	}
}

func (w *World) list(kind string, of func() []Object) http.HandlerFunc {
	return func(out http.ResponseWriter, in *http.Request) {
		w.Lock()
		defer w.Unlock()
		selector, err := labels.Parse(in.URL.Query().Get("labelSelector"))
		if err != nil {
			status(out, http.StatusBadRequest, "BadRequest", "", err.Error())
			return
		}
		picked := []Object{}
		for _, object := range of() {
			set := labels.Set{}
			if of, ok := object["metadata"].(Object)["labels"].(Object); ok {
				for key, value := range of {
					set[key] = fmt.Sprint(value)
				}
			}
			if selector.Matches(set) {
				picked = append(picked, object)
			}
		}
		answer(out, Object{"apiVersion": "v1", "kind": kind + "List", "metadata": Object{}, "items": picked})
	}
}

func (p *Pod) object() Object {
	ready := "False"
	if p.Ready {
		ready = "True"
	}
	env := []Object{{"name": "AWS_ROLE_ARN", "value": p.Role}, {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": TokenFile}}
	for _, name := range p.Env {
		env = append(env, Object{"name": name, "value": "AKIA-never-shown"})
	}
	return Object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": Object{"name": p.Name, "namespace": Namespace, "uid": p.UID, "labels": Object{"app": Name, "component": p.Component}},
		"spec": Object{
			"serviceAccountName": p.ServiceAccount,
			"containers": []Object{
				{"name": "sidecar", "image": "other"},
				{"name": "flink-main-container", "image": p.Image, "env": env,
					"volumeMounts": []Object{{"name": "aws-iam-token", "mountPath": path.Dir(TokenFile)}}},
			},
			"volumes": []Object{{"name": "aws-iam-token", "projected": Object{"sources": []Object{
				{"serviceAccountToken": Object{"audience": p.Audience, "path": "token"}}}}}},
		},
		"status": Object{"phase": "Running", "podIP": p.IP, "conditions": []Object{{"type": "Ready", "status": ready}}},
	}
}

func (w *World) configMaps() []Object {
	set := Object{"app": Name, "configmap-type": "high-availability"}
	cluster, pointers := Object{}, Object{"counter": fmt.Sprint(w.Latest + 1)}
	if w.Leader != nil {
		cluster["org.apache.flink.k8s.leader.restserver"] = fmt.Sprintf("session-%d,http://%s:8081", w.Session, w.Leader.IP)
		cluster["org.apache.flink.k8s.leader.dispatcher"] = fmt.Sprintf("session-%d,akka.tcp://flink@%s:6123/user/rpc/dispatcher_1", w.Session, w.Leader.IP)
	}
	for id := w.Latest - w.PointerLag; id > w.Latest-w.PointerLag-3 && id > 0; id-- {
		pointers[fmt.Sprintf("checkpointID-%019d", id)] = "c3RhdGU="
	}
	of := func(name string, data Object) Object {
		return Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": Object{"name": name, "labels": set}, "data": data}
	}
	return []Object{of(Name+"-cluster-config-map", cluster), of(Name+"-"+JobID+"-config-map", pointers)}
}

func (w *World) deletePod(out http.ResponseWriter, in *http.Request) {
	w.Lock()
	defer w.Unlock()
	var options struct {
		Preconditions struct{ UID string }
	}
	if err := json.NewDecoder(in.Body).Decode(&options); err != nil && err != io.EOF {
		status(out, http.StatusBadRequest, "BadRequest", "", err.Error())
		return
	}
	for _, p := range w.Pods {
		if p.Name == in.PathValue("name") {
			if options.Preconditions.UID != p.UID {
				status(out, http.StatusConflict, "Conflict", p.Name, "the UID in the precondition does not match")
				return
			}
			w.remove(p)
			answer(out, p.object())
			return
		}
	}
	status(out, http.StatusNotFound, "NotFound", in.PathValue("name"), "not found")
}

// exec answers `cat FILE` by the protocol v5.channel.k8s.io: each message
// begins with its channel, 1 for standard output and 3 for the outcome.
func (w *World) exec(out http.ResponseWriter, in *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{"v5.channel.k8s.io"}}
	socket, err := upgrader.Upgrade(out, in, nil)
	if err != nil {
		return
	}
	defer socket.Close()
	w.Lock()
	token := w.Token
	w.Unlock()
	outcome := `{"metadata":{},"status":"Success"}`
	if command := in.URL.Query()["command"]; len(command) != 2 || command[0] != "cat" || command[1] != TokenFile ||
		in.URL.Query().Get("container") != "flink-main-container" || token == "" {
		outcome = `{"metadata":{},"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with exit code 1","details":{"causes":[{"reason":"ExitCode","message":"1"}]}}`
	}
	for _, message := range []string{"\x01" + token, "\x03" + outcome} {
		if socket.WriteMessage(websocket.BinaryMessage, []byte(message)) != nil {
			return
		}
	}
	_ = socket.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
}

func status(out http.ResponseWriter, code int, reason, name, message string) {
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(code)
	body := Object{"kind": "Status", "apiVersion": "v1", "metadata": Object{}, "status": "Failure", "code": code, "reason": reason, "message": message}
	if name != "" {
		body["details"] = Object{"name": name}
	}
	encode(out, body)
}

func answer(out http.ResponseWriter, body any) {
	out.Header().Set("Content-Type", "application/json")
	encode(out, body)
}

// encode writes what the peer may have stopped reading, which is its own affair.
func encode(out io.Writer, body any) { _ = json.NewEncoder(out).Encode(body) }
