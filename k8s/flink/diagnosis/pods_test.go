package diagnosis

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// pod as the API server holds it, with a status written as JSON.
func pod(t testing.TB, name, component, status string) map[string]any {
	t.Helper()
	object := map[string]any{"metadata": map[string]any{"name": name, "namespace": "payments", "labels": map[string]any{"app": "fraud-scoring", "component": component}}}
	var of map[string]any
	if err := json.Unmarshal([]byte(status), &of); err != nil {
		t.Fatal(err)
	}
	object["status"] = of
	return object
}

// container's status: its state, and more fields behind a comma.
func container(name, state, more string) string {
	return `{"containerStatuses":[{"name":"` + name + `","image":"registry.example.com/fraud-scoring:2.9.9","state":{` + state + `}` + more + `}]}`
}

// Messages are the kubelet's, the scheduler's and containerd's.
func TestAPodTellsWhyItDoesNotRun(t *testing.T) {
	for name, c := range map[string]struct{ component, status, cause, seen, do string }{
		"no such image": {"jobmanager", container(mainContainer, `"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image \"registry.example.com/fraud-scoring:2.9.9\": ErrImagePull: rpc error: code = NotFound desc = failed to resolve reference: registry.example.com/fraud-scoring:2.9.9: not found"}`, ""),
			"image registry.example.com/fraud-scoring:2.9.9 cannot be pulled", "ImagePullBackOff: Back-off", "set `image` to one that is there"},
		"no right to pull": {"jobmanager", container(mainContainer, `"waiting":{"reason":"ErrImagePull","message":"failed to authorize: 403 Forbidden"}`, ""),
			"image registry.example.com/fraud-scoring:2.9.9 cannot be pulled", "403", "nodes' role"},
		"registry away": {"jobmanager", container(mainContainer, `"waiting":{"reason":"ErrImagePull","message":"dial tcp 10.0.0.1:443: i/o timeout"}`, ""),
			"image registry.example.com/fraud-scoring:2.9.9 cannot be pulled", "i/o timeout", "asked again by itself"},
		"no Secret": {"jobmanager", container(mainContainer, `"waiting":{"reason":"CreateContainerConfigError","message":"secret \"kafka-tls\" not found"}`, ""),
			"the container cannot be made", `secret "kafka-tls" not found`, "`podTemplate`"},
		"crash loop": {"jobmanager", container(mainContainer, `"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m0s"}`, `,"restartCount":7,"lastState":{"terminated":{"exitCode":1,"reason":"Error"}}`),
			"container flink-main-container ends with an error", "Error, exit code 1, 7 restarts", "kubectl -n payments logs fraud-scoring-1 -c flink-main-container --previous"},
		"JobManager out of memory": {"jobmanager", container(mainContainer, `"waiting":{"reason":"CrashLoopBackOff"}`, `,"restartCount":2,"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}`),
			"a container used more memory than its limit and was killed", "exit code 137", "raise `jobManager.memory`"},
		"TaskManager out of memory": {"taskmanager", container(mainContainer, `"terminated":{"exitCode":137,"reason":"OOMKilled"}`, ""),
			"a container used more memory than its limit and was killed", "exit code 137", "raise `taskManager.memory`"},
		"TaskManager ended": {"taskmanager", container(mainContainer, `"terminated":{"exitCode":239,"reason":"Error"}`, ""),
			"container flink-main-container ends with an error", "exit code 239", "kubectl -n payments logs fraud-scoring-1 -c flink-main-container (docs"},
		"evicted": {"taskmanager", `{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: ephemeral-storage."}`,
			"a node evicted the pod", "ephemeral-storage", "`podTemplate`"},
		"no room": {"jobmanager", `{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available: 3 Insufficient memory."}]}`,
			"no node takes the pod", "0/3 nodes are available: 3 Insufficient memory.", "add a node"},
		"a taint": {"jobmanager", `{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available: 1 node(s) had untolerated taint {team: a}."}]}`,
			"no node takes the pod", "untolerated taint", "toleration"},
		"an init container": {"jobmanager", `{"initContainerStatuses":[{"name":"vault-agent-init","restartCount":3,"state":{"terminated":{"exitCode":1,"reason":"Error"}}}]}`,
			"container vault-agent-init ends with an error", "3 restarts", "-c vault-agent-init"},
	} {
		all := Find(Readings{Pods: []map[string]any{pod(t, "fraud-scoring-1", c.component, c.status)}})
		if len(all) != 1 || all[0].Cause != c.cause || !strings.Contains(all[0].Seen, c.seen) || !strings.Contains(all[0].String(), c.do) {
			t.Errorf("%s: %v", name, all)
		}
	}
}

func TestAPodThatRunsOrGoesTellsNothing(t *testing.T) {
	running := pod(t, "fraud-scoring-1", "jobmanager", container(mainContainer, `"running":{}`, `,"ready":true,"restartCount":1,"lastState":{"terminated":{"exitCode":1,"reason":"Error"}}`))
	leaving := pod(t, "fraud-scoring-0", "jobmanager", container(mainContainer, `"terminated":{"exitCode":143,"reason":"Error"}`, ""))
	leaving["metadata"].(map[string]any)["deletionTimestamp"] = "2026-11-25T20:00:00Z"
	starting := pod(t, "fraud-scoring-2", "jobmanager", container(mainContainer, `"waiting":{"reason":"ContainerCreating"}`, ""))
	if all := Find(Readings{Pods: []map[string]any{running, leaving, starting, {"metadata": 1}, nil}}); len(all) > 0 {
		t.Error(all)
	}
}

func TestPodsThatTheInjectorDidNotTouchAreTold(t *testing.T) {
	of := pod(t, "fraud-scoring-1", "jobmanager", `{}`)
	annotations := map[string]any{"vault.hashicorp.com/agent-inject": "true"}
	of["metadata"].(map[string]any)["annotations"] = annotations
	all := Find(Readings{Pods: []map[string]any{of}})
	if len(all) != 1 || !strings.Contains(all[0].Cause, "the Vault injector did not touch the pods") {
		t.Error(all)
	}
	annotations["vault.hashicorp.com/agent-inject-status"] = "injected"
	if all = Find(Readings{Pods: []map[string]any{of}}); len(all) > 0 {
		t.Error(all)
	}
}

func TestTheLogsThatMayTellAreWanted(t *testing.T) {
	pods := []map[string]any{
		pod(t, "in-init", "jobmanager", `{"initContainerStatuses":[{"name":"vault-agent-init","state":{"running":{}}}],"containerStatuses":[{"name":"flink-main-container","state":{"waiting":{"reason":"PodInitializing"}}}]}`),
		pod(t, "crashing", "jobmanager", container(mainContainer, `"waiting":{"reason":"CrashLoopBackOff"}`, `,"restartCount":7`)),
		pod(t, "restarted", "jobmanager", container(mainContainer, `"running":{}`, `,"restartCount":1`)),
		pod(t, "another", "jobmanager", container(mainContainer, `"running":{}`, `,"restartCount":1`)),
		pod(t, "working", "taskmanager", container(mainContainer, `"running":{}`, ``)),
		pod(t, "ended", "taskmanager", container(mainContainer, `"terminated":{"exitCode":1}`, ``)),
		pod(t, "sidecar", "jobmanager", container("sidecar", `"terminated":{"exitCode":1}`, ``)),
	}
	want := []Log{{"in-init", vaultContainer, false, ""}, {"crashing", mainContainer, true, ""}, {"restarted", mainContainer, true, ""},
		{"restarted", mainContainer, false, ""}, {"another", mainContainer, true, ""}, {"ended", mainContainer, false, ""}}
	if got := Wanted(pods); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := NotReady(pods); !slices.Equal(got, []string{"in-init", "crashing", "restarted"}) {
		t.Errorf("%v", got)
	}
}

// The agent's words are those of Vault 1.21 and consul-template 0.41.
func TestTheVaultAgentsLastWordsAreTold(t *testing.T) {
	const noise = "2026-11-25T20:00:09.000Z [INFO]  agent.auth.handler: authenticating: permission denied is not said here\n"
	for words, want := range map[string]string{
		`2026-11-25T20:00:00.000Z [ERROR] agent: runtime error encountered: error="template server: template: :4:42: executing \"\" at <.Data.data.password>: map has no entry for key \"password\""`:             "the secret in Vault has no field password",
		`2026-11-25T20:00:00.000Z [WARN] agent: (view) vault.read(secret/data/payments/kafka): no secret exists at secret/data/payments/kafka (retry attempt 1 after "250ms")`:                                    "Vault has no secret at secret/data/payments/kafka",
		"2026-11-25T20:00:00.000Z [ERROR] agent.auth.handler: error authenticating:\n  error=\n  | Error making API request.\n  | Code: 400. Errors:\n  | \n  | * invalid role name \"payments-fraud-scoring\"\n": "Vault has no such role",
		"2026-11-25T20:00:00.000Z [ERROR] agent.auth.handler: error authenticating:\n  error=\n  | Code: 403. Errors:\n  | \n  | * service account name not authorized\n":                                         "the Vault role is of another service account name",
		"2026-11-25T20:00:00.000Z [WARN] agent: (view) vault.read(secret/data/payments/kafka):\n  | Code: 403. Errors:\n  | \n  | * 1 error occurred:\n  | \t* permission denied\n":                               "Vault refuses the pod's login or its reading of the secret",
		`2026-11-25T20:00:00.000Z [ERROR] agent.auth.handler: error authenticating: error="Put \"https://vault:8200/v1/auth/kubernetes/login\": dial tcp: lookup vault: no such host"`:                            "the Vault agent does not reach Vault",
	} {
		all := Find(Readings{Logs: []Log{{Pod: "fraud-scoring-1", Container: vaultContainer, Text: noise + words + "\n" + noise}}})
		if len(all) != 1 || all[0].Cause != want || !strings.HasPrefix(all[0].Seen, "log of fraud-scoring-1, vault-agent-init: ") || strings.Contains(all[0].Do, "$") {
			t.Errorf("%v", all)
		}
	}
}

func TestEventsTellWhoRefusesAPod(t *testing.T) {
	for message, want := range map[string]string{
		`Warning FailedCreate: Error creating: pods "fraud-scoring-1" is forbidden: exceeded quota: payments, requested: requests.memory=2Gi, used: requests.memory=8Gi, limited: requests.memory=8Gi (12 times)`: "the ResourceQuota payments leaves no room",
		`Warning FailedCreate: Error creating: pods "fraud-scoring-1" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false`:                                                  `the namespace's Pod Security Standard restricted:latest refuses the pods`,
		`Warning FailedCreate: Error creating: admission webhook "policy.example.com" denied the request: no`:                                                                                                     "the admission webhook policy.example.com refuses the pods",
		`Warning FailedCreate: Error creating: Internal error occurred: failed calling webhook "vault.hashicorp.com": timeout`:                                                                                    "the admission webhook vault.hashicorp.com refuses the pods",
		`Warning FailedMount: MountVolume.SetUp failed for volume "tls" : secret "kafka-tls" not found`:                                                                                                           "a volume of the pod cannot be mounted",
		`Warning FailedMount: MountVolume.SetUp failed for volume "flink-config-volume" : configmap "flink-config-fraud-scoring" not found`:                                                                       "Flink's ConfigMap came after the pod, which passes by itself",
	} {
		lines := []string{"2026-11-25T20:00:00Z Normal SuccessfulCreate: Created pod: fraud-scoring-0", "2026-11-25T20:00:01Z " + message}
		if all := Find(Readings{Events: [][]string{lines}}); len(all) != 1 || all[0].Cause != want {
			t.Errorf("%s: %v", message, all)
		}
		// It is over: the pod was made or started.
		for _, later := range []string{"SuccessfulCreate: Created pod: fraud-scoring-1", "Started: Started container flink-main-container"} {
			if all := Find(Readings{Events: [][]string{append(lines, "2026-11-25T20:00:02Z Normal "+later)}}); len(all) > 0 {
				t.Errorf("%s, then %s: %v", message, later, all)
			}
		}
	}
}

func TestWhatCannotBeReadIsOneFindingAndTheLast(t *testing.T) {
	forbidden := errors.New(`GET /api/v1/namespaces/payments/pods/x/log: pods "x" is forbidden: User "u" cannot get resource "pods/log" in API group "" in the namespace "payments"`)
	all := Find(Readings{
		Unread: []error{forbidden, forbidden, errors.New("GET /x: context deadline exceeded")},
		Pods:   []map[string]any{pod(t, "a", "taskmanager", `{"reason":"Evicted"}`)},
	})
	if len(all) != 3 || all[0].Cause != "a node evicted the pod" || !strings.Contains(all[1].Do, "verb get, resource pods/log, namespace payments") || !strings.Contains(all[2].Seen, "deadline") {
		t.Error(all)
	}
}
