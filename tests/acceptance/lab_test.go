package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flink-payments/tests/acceptance/internal/promise"
	"flink-payments/tests/acceptance/internal/report"
	"flink-payments/tests/acceptance/internal/standin"
)

// lab is a real Kubernetes cluster, on this machine, with stand-ins of Flink in
// it and of S3 and STS beside it.
type lab struct {
	t          *testing.T
	kubeconfig string
	world      *standin.World // S3 and STS only
	url        string
}

// TestOnARealCluster needs three things from its caller: KUBECONFIG_LAB, the
// kubeconfig of a cluster that may be thrown away; ACCEPTANCE_LAB_IMAGE, a
// command that takes NAME DIRECTORY ENTRYPOINT and makes an image of the
// directory on every node; and ACCEPTANCE_LAB_ADDRESS, this machine's address as pods see it.
func TestOnARealCluster(t *testing.T) {
	kubeconfig, image, address := os.Getenv("KUBECONFIG_LAB"), os.Getenv("ACCEPTANCE_LAB_IMAGE"), os.Getenv("ACCEPTANCE_LAB_ADDRESS")
	if kubeconfig == "" || image == "" || address == "" {
		t.Skip("KUBECONFIG_LAB, ACCEPTANCE_LAB_IMAGE and ACCEPTANCE_LAB_ADDRESS do not name a cluster to try this on")
	}
	crds, err := filepath.Glob("../../../shared/data/flink-crds/1.15.0/*.yml")
	if err != nil || len(crds) == 0 {
		t.Skip("the operator's CRDs are not beside the repository, in ../shared/data/flink-crds")
	}
	l := &lab{t: t, kubeconfig: kubeconfig, world: standin.New()}
	l.world.S3, l.world.Token = map[string]standin.Stored{
		"savepoints/savepoint-012345-aa/_metadata": {Body: standin.Metadata(40), Key: standin.Key},
		"ha/" + standin.Name + "/graph":            {Body: []byte("graph"), Key: standin.Key},
	}, ""
	l.serve(address)
	l.image(image)
	for _, crd := range crds {
		l.kubectl("", "apply", "--server-side", "--force-conflicts", "-f", crd)
	}
	l.kubectl("", "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
	l.kubectl("", "delete", "namespace", standin.Namespace, "--ignore-not-found", "--wait=true")
	t.Cleanup(func() { l.kubectl("", "delete", "namespace", standin.Namespace, "--wait=false") })
	l.kubectl(l.manifests(), "apply", "-f", "-")
	l.status("STABLE", 1)
	l.kubectl(`{"status": {"state": "COMPLETED", "path": "`+standin.Savepoint+`", "resultTimestamp": "2026-11-20T10:00:00Z"}}`,
		"-n", standin.Namespace, "patch", "flinkstatesnapshot", "one", "--subresource=status", "--type=merge", "--patch-file=/dev/stdin")
	l.rolledOut()
	l.kubectl("", "-n", standin.Namespace, "wait", "--for=condition=Ready", "pod", "-l", "app="+standin.Name, "--timeout=120s")
	time.Sleep(2 * time.Second)

	l.expect("it behaves", nil, "--exec")
	l.expect("its leader is lost", nil, "--disrupt")
	l.rolledOut()
	l.mode("stuck")
	l.expect("its checkpoints stop, and --disrupt leaves it alone", []string{"recoverable/checkpoints-complete"}, "--disrupt")
	l.mode("")
	l.kubectl("", "-n", standin.Namespace, "patch", "flinkdeployment", standin.Name, "--type=merge", "-p", `{"spec":{"restartNonce": 2}}`)
	l.expect("the operator has not taken up a change", []string{"running/generation"})
	l.status("UPGRADING", 2)
	l.expect("an upgrade is under way", []string{"running/operator"})
	l.status("STABLE", 2)
	l.scale(1)
	l.expect("there is no standby, and --disrupt leaves it alone", []string{"recoverable/standby"}, "--disrupt")
	l.scale(2)
	l.mode("forget")
	l.expect("it forgets its state when its leader is lost", []string{"recoverable/resumed-from-checkpoint"}, "--disrupt")
}

// scale the JobManagers, and give them time to elect a leader again.
func (l *lab) scale(replicas int) {
	l.t.Helper()
	l.kubectl("", "-n", standin.Namespace, "scale", "deployment/"+standin.Name, fmt.Sprintf("--replicas=%d", replicas))
	l.rolledOut()
	time.Sleep(8 * time.Second)
}

func (l *lab) rolledOut() {
	l.t.Helper()
	l.kubectl("", "-n", standin.Namespace, "rollout", "status", "deployment/"+standin.Name, "--timeout=120s")
}

func (l *lab) kubectl(stdin string, args ...string) {
	l.t.Helper()
	command := exec.Command("kubectl", append([]string{"--kubeconfig", l.kubeconfig}, args...)...)
	command.Stdin = strings.NewReader(stdin)
	if out, err := command.CombinedOutput(); err != nil {
		l.t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// serve S3 and STS where pods reach them.
func (l *lab) serve(address string) {
	listener, err := net.Listen("tcp", address+":0")
	if err != nil {
		l.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/"+standin.Bucket+"/", l.world.S3API())
	mux.Handle("/"+standin.Bucket, l.world.S3API())
	mux.Handle("/", l.world.STS())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	l.t.Cleanup(func() { server.Close() })
	l.url = "http://" + listener.Addr().String()
}

// image holds the stand-in of Flink, which is its own cat.
func (l *lab) image(command string) {
	root := filepath.Join(l.t.TempDir(), "root")
	if err := os.MkdirAll(filepath.Join(root, "bin"), 0o755); err != nil {
		l.t.Fatal(err)
	}
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(root, "bin", "flink"), "./internal/labjob")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		l.t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Link(filepath.Join(root, "bin", "flink"), filepath.Join(root, "bin", "cat")); err != nil {
		l.t.Fatal(err)
	}
	words := append(strings.Fields(command), "docker.io/lab/flink:1", root, "/bin/flink")
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		l.t.Fatalf("%v: %v\n%s", words, err, out)
	}
}

func (l *lab) mode(mode string) {
	l.t.Helper()
	l.kubectl("", "-n", standin.Namespace, "patch", "configmap", standin.Name+"-"+standin.JobID+"-config-map", "--type=merge",
		"-p", fmt.Sprintf(`{"data":{"mode":%q}}`, mode))
	time.Sleep(time.Second)
}

func (l *lab) status(lifecycle string, generation int) {
	l.t.Helper()
	l.kubectl(fmt.Sprintf(`{"status": {"lifecycleState": %q, "observedGeneration": %d, "jobManagerDeploymentStatus": "READY",
		"reconciliationStatus": {"state": "DEPLOYED"}, "jobStatus": {"jobId": %q, "state": "RUNNING", "upgradeSavepointPath": %q}}}`,
		lifecycle, generation, standin.JobID, standin.Savepoint),
		"-n", standin.Namespace, "patch", "flinkdeployment", standin.Name, "--subresource=status", "--type=merge", "--patch-file=/dev/stdin")
}

// expect runs the program and compares what it finds broken; nothing may be unseen.
func (l *lab) expect(what string, wanted []string, more ...string) {
	l.t.Helper()
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_EC2_METADATA_DISABLED": "true"} {
		l.t.Setenv(name, value)
	}
	file := filepath.Join(l.t.TempDir(), "report.json")
	args := append([]string{"--kubeconfig", l.kubeconfig, "--namespace", standin.Namespace, "--name", standin.Name, "--bucket", standin.Bucket,
		"--region", "ap-south-1", "--role-arn", standin.Role, "--account", standin.Account, "--key-arn", standin.Key, "--parallelism", "6",
		"--s3-endpoint", l.url, "--s3-path-style", "--sts-endpoint", l.url, "--window", "4s", "--poll", "200ms", "--patience", "60s",
		"--max-outage", "30s", "--report-json", file}, more...)
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), args, nil, &stdout, &stderr)
	l.t.Logf("%s: exit status %d\n%s\n%s", what, status, stderr.String(), stdout.String())
	text, err := os.ReadFile(file)
	if err != nil {
		l.t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		l.t.Fatal(err)
	}
	c := called{status: status, report: r}
	if !slices.Equal(c.of(promise.Broken), wanted) || len(c.of(promise.Unseen)) > 0 {
		l.t.Errorf("%s: broken %v, want %v; unseen %v", what, c.of(promise.Broken), wanted, c.of(promise.Unseen))
	}
	if want := map[bool]int{true: holds, false: broken}[len(wanted) == 0]; status != want {
		l.t.Errorf("%s: exit status %d, want %d", what, status, want)
	}
}

// manifests are what the operator, Flink and EKS' webhook would have made.
func (l *lab) manifests() string {
	labels := fmt.Sprintf(`{app: %s, type: flink-native-kubernetes, component: %%s}`, standin.Name)
	pod := func(component string) string {
		return fmt.Sprintf(`
  serviceAccountName: flink
  terminationGracePeriodSeconds: 1
  containers:
  - name: flink-main-container
    image: docker.io/lab/flink:1
    imagePullPolicy: Never
    env:
    - {name: ROLE, value: %s}
    - {name: NAMESPACE, value: %s}
    - {name: S3, value: %q}
    - {name: _POD_IP_ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: AWS_ROLE_ARN, value: %q}
    - {name: AWS_WEB_IDENTITY_TOKEN_FILE, value: %s}
    volumeMounts: [{name: aws-iam-token, mountPath: %s, readOnly: true}]
  volumes:
  - name: aws-iam-token
    projected: {sources: [{serviceAccountToken: {audience: sts.amazonaws.com, path: token, expirationSeconds: 86400}}]}
`, component, standin.Namespace, l.url, standin.Role, standin.TokenFile, filepath.Dir(standin.TokenFile))
	}
	indented := strings.ReplaceAll(pod("jobmanager"), "\n", "\n    ")
	all := fmt.Sprintf(`
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: flink, namespace: %[1]s, annotations: {eks.amazonaws.com/role-arn: %[3]q}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: flink, namespace: %[1]s}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list, update]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: flink, namespace: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: flink}
subjects: [{kind: ServiceAccount, name: flink, namespace: %[1]s}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: %[2]s-cluster-config-map, namespace: %[1]s, labels: {app: %[2]s, configmap-type: high-availability}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: %[2]s-%[4]s-config-map, namespace: %[1]s, labels: {app: %[2]s, configmap-type: high-availability}}
---
apiVersion: v1
kind: Service
metadata: {name: %[2]s-rest, namespace: %[1]s}
spec:
  selector: {app: %[2]s, component: jobmanager}
  ports: [{name: rest, port: 8081, targetPort: 8081}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[2]s, namespace: %[1]s}
spec:
  replicas: 2
  selector: {matchLabels: {app: %[2]s, component: jobmanager}}
  template:
    metadata: {labels: %[5]s}
    spec:%[6]s
---
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: %[2]s, namespace: %[1]s}
spec:
  image: docker.io/lab/flink:1
  flinkVersion: v1_18
  serviceAccount: flink
  flinkConfiguration: {high-availability.type: kubernetes}
  jobManager: {replicas: 2, resource: {memory: 2048m, cpu: 1}}
  taskManager: {resource: {memory: 4096m, cpu: 2}}
  job: {jarURI: "local:///opt/flink/usrlib/fraud-scoring.jar", parallelism: 6, upgradeMode: savepoint, state: running}
---
apiVersion: flink.apache.org/v1beta1
kind: FlinkStateSnapshot
metadata: {name: one, namespace: %[1]s}
spec:
  backoffLimit: 3
  savepoint: {disposeOnDelete: false, formatType: NATIVE}
  jobReference: {kind: FlinkDeployment, name: %[2]s}
`, standin.Namespace, standin.Name, standin.Role, standin.JobID, fmt.Sprintf(labels, "jobmanager"), indented)
	for i := range 2 {
		all += fmt.Sprintf(`
---
apiVersion: v1
kind: Pod
metadata: {name: %s-taskmanager-1-%d, namespace: %s, labels: %s}
spec:%s`, standin.Name, i+1, standin.Namespace, fmt.Sprintf(labels, "taskmanager"), pod("taskmanager"))
	}
	return all
}
