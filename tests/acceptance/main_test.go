package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flink-payments/tests/acceptance/internal/promise"
	"flink-payments/tests/acceptance/internal/report"
	"flink-payments/tests/acceptance/internal/standin"
)

// A called program and what it left.
type called struct {
	status         int
	stdout, stderr string
	report         report.Report
	junit          []byte
}

// of returns the checks of one outcome, as PROMISE/CHECK.
func (c called) of(o promise.Outcome) []string {
	var names []string
	for _, check := range c.report.Checks {
		if check.Outcome == o {
			names = append(names, check.Promise+"/"+check.Name)
		}
	}
	slices.Sort(names)
	return names
}

// call runs the program as a person would, against a world.
func call(t *testing.T, w *standin.World, more ...string) called {
	t.Helper()
	api, s3, sts := httptest.NewServer(w.APIServer()), httptest.NewServer(w.S3API()), httptest.NewServer(w.STS())
	t.Cleanup(func() { api.Close(); s3.Close(); sts.Close() })
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	file(t, kubeconfig, fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "c",
		"clusters": [{"name": "c", "cluster": {"server": %q}}], "users": [{"name": "u", "user": {}}],
		"contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}`, api.URL))
	outputs := filepath.Join(dir, "outputs.json")
	file(t, outputs, fmt.Sprintf(`{"jobs": {%q: {"name": %[1]q, "namespace": %q, "bucket": %[3]q, "region": "ap-south-1", "account": %q,
		"checkpointsUri": "s3://%[3]s/checkpoints", "savepointsUri": "s3://%[3]s/savepoints", "haUri": "s3://%[3]s/ha",
		"keyArn": %[5]q, "roleArn": %[6]q, "trustSubject": "system:serviceaccount:payments:flink", "serviceAccount": "flink",
		"image": %[7]q, "parallelism": 6, "restService": "fraud-scoring-rest", "restPort": 8081}}}`,
		standin.Name, standin.Namespace, standin.Bucket, standin.Account, standin.Key, standin.Role, standin.Image))
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAME", "AWS_SECRET_ACCESS_KEY": "s", "AWS_CONFIG_FILE": os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
	var stdout, stderr bytes.Buffer
	args := append([]string{"--outputs", outputs, "--kubeconfig", kubeconfig, "--s3-endpoint", s3.URL, "--s3-path-style",
		"--sts-endpoint", sts.URL, "--window", "60ms", "--poll", "5ms", "--patience", "2s", "--max-outage", "1s",
		"--report-json", filepath.Join(dir, "report.json"), "--report-junit", filepath.Join(dir, "report.xml")}, more...)
	c := called{status: run(context.Background(), args, strings.NewReader(""), &stdout, &stderr)}
	c.stdout, c.stderr = stdout.String(), stderr.String()
	if text, err := os.ReadFile(filepath.Join(dir, "report.json")); err == nil {
		if err := json.Unmarshal(text, &c.report); err != nil {
			t.Fatal(err)
		}
	}
	c.junit, _ = os.ReadFile(filepath.Join(dir, "report.xml"))
	if strings.Contains(c.stdout+c.stderr+string(c.junit), w.Token) && w.Token != "" {
		t.Error("the token was shown")
	}
	if strings.Contains(c.stdout+c.stderr+string(c.junit), "AKIA-never-shown") {
		t.Error("a key's value was shown")
	}
	return c
}

func file(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAJobThatKeepsItsPromisesIsProvedByReadingAlone(t *testing.T) {
	w := standin.New()
	c := call(t, w)
	if c.status != holds || len(c.of(promise.Broken))+len(c.of(promise.Unseen)) > 0 {
		t.Fatalf("exit status %d\n%s", c.status, c.stdout)
	}
	if want := []string{"identity/who-am-i", "recoverable/failover"}; !slices.Equal(c.of(promise.Skipped), want) {
		t.Errorf("skipped %v, want %v", c.of(promise.Skipped), want)
	}
	if len(w.Writes) > 0 {
		t.Errorf("it wrote: %v", w.Writes)
	}
}

func TestALostLeaderIsProvedToBeANonEvent(t *testing.T) {
	w := standin.New()
	leader := w.Leader.Name
	c := call(t, w, "--disrupt")
	if c.status != holds || len(c.of(promise.Skipped)) > 0 {
		t.Fatalf("exit status %d\n%s", c.status, c.stdout)
	}
	if want := []string{leader}; !slices.Equal(w.Deleted, want) {
		t.Errorf("deleted %v, want the leader alone, %v", w.Deleted, want)
	}
	if len(w.Writes) != 1 {
		t.Errorf("it wrote more than one deletion: %v", w.Writes)
	}
	for _, said := range []string{"time without a running job: at most", "restored from checkpoint", "deleting the leading JobManager " + leader} {
		if !strings.Contains(c.stdout+c.stderr, said) {
			t.Errorf("nothing says %q", said)
		}
	}
}

// The API server's proxy asks the lost pod for a while, and hears nothing.
func TestALookThatHangsDoesNotMakeTheOutageLonger(t *testing.T) {
	w := standin.New()
	takeOver := w.OnDelete
	w.OnDelete = func(w *standin.World, p *standin.Pod) []func(*standin.World) {
		w.Hang = 1
		return takeOver(w, p)
	}
	if c := call(t, w, "--disrupt", "--patience", "20s", "--max-outage", "5s"); c.status != holds {
		t.Errorf("exit status %d\n%s%s", c.status, c.stderr, c.stdout)
	}
}

// misbehaviours are each one way of breaking a promise, with the checks that
// have to see it: these and no others.
var misbehaviours = []struct {
	name    string
	disturb func(*standin.World)
	args    []string
	broken  []string
	unseen  []string
	skipped string
}{
	// running
	{name: "no FlinkDeployment", args: []string{"--name", "fraud-scoring", "--namespace", "payments"},
		disturb: func(w *standin.World) { w.Spec = nil }, broken: []string{"running/deployment"}},
	{name: "the operator has not taken up the new generation", disturb: func(w *standin.World) { w.Generation++ },
		broken: []string{"running/generation"}},
	{name: "an upgrade is under way", disturb: func(w *standin.World) { w.Status["lifecycleState"] = "UPGRADING" },
		broken: []string{"running/operator"}},
	{name: "STABLE but restarting", disturb: func(w *standin.World) {
		w.Status["jobStatus"].(standin.Object)["state"] = "RESTARTING"
		w.State, w.Running = "RESTARTING", 0
	}, broken: []string{"recoverable/checkpoints-complete", "running/job", "running/operator", "running/parallelism", "running/restarts"}},
	{name: "rolled back", disturb: func(w *standin.World) {
		w.Status["lifecycleState"], w.Status["reconciliationStatus"] = "ROLLED_BACK", standin.Object{"state": "ROLLED_BACK"}
	}, broken: []string{"running/operator"}},
	{name: "the JobManager is not ready", disturb: func(w *standin.World) { w.Status["jobManagerDeploymentStatus"] = "DEPLOYED_NOT_READY" },
		broken: []string{"running/operator"}},
	{name: "the operator refuses the specification", disturb: func(w *standin.World) { w.Status["error"] = `{"message":"ValidationException"}` },
		broken: []string{"running/no-error"}},
	{name: "suspended", disturb: func(w *standin.World) {
		w.Spec["job"].(standin.Object)["state"], w.Status["lifecycleState"] = "suspended", "SUSPENDED"
		w.Refuse["/proxy/"] = 503
	}, broken: []string{"running/job", "running/operator", "upgrade-safe/restored-on-deploy"}, unseen: []string{"recoverable/checkpoints-complete"}},
	{name: "too low a parallelism", disturb: func(w *standin.World) { w.Parallelism, w.Running = 4, 4 }, broken: []string{"running/parallelism"}},
	{name: "a subtask has no slot", disturb: func(w *standin.World) { w.Running = 5 }, broken: []string{"running/parallelism"}},
	{name: "pods of an image that nobody reviewed", disturb: func(w *standin.World) { w.Pods[3].Image = "registry/other:1" }, broken: []string{"running/image"}},
	{name: "no TaskManagers", disturb: func(w *standin.World) { w.Pods = w.Pods[:2] }, broken: []string{"running/image"}},
	{name: "it restarts again and again", disturb: func(w *standin.World) {
		w.OnDelete = nil
		w.EachLook = func(w *standin.World) { w.Restarts++ }
	}, broken: []string{"running/restarts"}},
	{name: "it falls into RESTARTING while watched", disturb: func(w *standin.World) {
		looks := 0
		w.EachLook = func(w *standin.World) {
			if looks++; looks == 4 {
				w.State = "RESTARTING"
			}
			if looks == 6 {
				w.State = "RUNNING"
			}
		}
	}, broken: []string{"running/restarts"}},
	{name: "no metric numRestarts", disturb: func(w *standin.World) { w.NoMetric = true }, unseen: []string{"running/restarts"}},

	// recoverable
	{name: "checkpoints stopped", disturb: func(w *standin.World) { w.Stuck = true }, broken: []string{"recoverable/checkpoints-complete"}},
	{name: "no checkpoint ever", disturb: func(w *standin.World) { w.Stuck, w.Completed = true, 0 },
		broken: []string{"recoverable/checkpoint-in-s3", "recoverable/checkpoints-complete"}},
	{name: "checkpoints are deleted with the job", disturb: func(w *standin.World) { w.DeletedOnCancel = true }, broken: []string{"recoverable/retained"}},
	{name: "checkpoints to another bucket", disturb: func(w *standin.World) { w.Root = "s3://elsewhere/checkpoints/" + standin.JobID },
		broken: []string{"recoverable/checkpoint-in-s3", "recoverable/checkpoint-readable"}},
	{name: "checkpoints to another root", disturb: func(w *standin.World) {
		w.Root = "s3://" + standin.Bucket + "/other/" + standin.JobID
		w.Rewrite()
	}, broken: []string{"recoverable/checkpoint-in-s3"}},
	{name: "S3 lost the checkpoints", disturb: func(w *standin.World) {
		w.Stuck, w.S3 = true, map[string]standin.Stored{"ha/fraud-scoring/a": {}, "savepoints/savepoint-012345-aa/_metadata": {Body: standin.Metadata(40)}}
	}, broken: []string{"recoverable/checkpoint-in-s3", "recoverable/checkpoint-readable", "recoverable/checkpoints-complete"}},
	{name: "S3 holds only older checkpoints", disturb: func(w *standin.World) {
		w.EachLook = func(w *standin.World) { w.Lose(w.Latest) }
	}, broken: []string{"recoverable/checkpoint-in-s3", "recoverable/checkpoint-readable"}},
	{name: "a checkpoint's metadata is garbage", disturb: func(w *standin.World) {
		w.EachLook = func(w *standin.World) { w.Overwrite(w.Latest, []byte("not a checkpoint at all")) }
	}, broken: []string{"recoverable/checkpoint-readable"}},
	{name: "a checkpoint's metadata is another's", disturb: func(w *standin.World) {
		w.EachLook = func(w *standin.World) { w.Overwrite(w.Latest, standin.Metadata(7)) }
	}, broken: []string{"recoverable/checkpoint-readable"}},
	{name: "another key", disturb: func(w *standin.World) {
		w.EachLook = func(w *standin.World) {
			for name, object := range w.S3 {
				w.S3[name] = standin.Stored{Body: object.Body, Key: "arn:aws:kms:ap-south-1:111122223333:alias/aws/s3"}
			}
		}
	}, broken: []string{"recoverable/encrypted"}},
	{name: "the HA pointer is behind", disturb: func(w *standin.World) { w.PointerLag = 30 }, broken: []string{"recoverable/ha-pointer"}},
	{name: "no HA data in S3", disturb: func(w *standin.World) { delete(w.S3, "ha/fraud-scoring/submittedJobGraph-a") }, broken: []string{"recoverable/ha-in-s3"}},
	{name: "no standby", disturb: func(w *standin.World) { w.Pods = slices.Delete(w.Pods, 1, 2) }, broken: []string{"recoverable/standby"}},
	{name: "a standby that is not ready", disturb: func(w *standin.World) { w.Pods[1].Ready = false }, broken: []string{"recoverable/standby"}},
	{name: "nobody leads", disturb: func(w *standin.World) { w.Leader = nil }, broken: []string{"recoverable/standby"}},
	{name: "the leader's pod is gone", disturb: func(w *standin.World) { w.Leader = &standin.Pod{IP: "10.9.9.9"} }, broken: []string{"recoverable/standby"}},
	{name: "no high availability at all, and --disrupt", args: []string{"--disrupt"},
		disturb: func(w *standin.World) { w.Leader, w.PointerLag = nil, 1000 },
		broken:  []string{"recoverable/ha-pointer", "recoverable/standby"}, skipped: "recoverable/failover"},
	{name: "--disrupt of a job that restarts", args: []string{"--disrupt"},
		disturb: func(w *standin.World) { w.EachLook = func(w *standin.World) { w.Restarts++ } },
		broken:  []string{"running/restarts"}, skipped: "recoverable/failover"},

	// recoverable, disrupted
	{name: "it begins with empty state after the failover", args: []string{"--disrupt"}, disturb: func(w *standin.World) {
		w.OnDelete = func(w *standin.World, _ *standin.Pod) []func(*standin.World) {
			return []func(*standin.World){nil, func(w *standin.World) { w.Lead(w.Of("jobmanager")[0]); w.Resume(nil) }}
		}
	}, broken: []string{"recoverable/resumed-from-checkpoint"}},
	{name: "it goes back to an older checkpoint", args: []string{"--disrupt"}, disturb: func(w *standin.World) {
		w.OnDelete = func(w *standin.World, _ *standin.Pod) []func(*standin.World) {
			return []func(*standin.World){nil, func(w *standin.World) {
				w.Lead(w.Of("jobmanager")[0])
				w.Resume(&standin.Restored{ID: 12, At: 3000, Path: w.Root + "/chk-12"})
			}}
		}
	}, broken: []string{"recoverable/resumed-from-checkpoint"}},
	{name: "a replacement leads, not the standby", args: []string{"--disrupt"}, disturb: func(w *standin.World) {
		w.OnDelete = func(w *standin.World, _ *standin.Pod) []func(*standin.World) {
			return []func(*standin.World){nil, func(w *standin.World) {
				w.Lead(w.Replace())
				w.Resume(&standin.Restored{ID: w.Latest, At: 3000, Path: w.Root})
			}}
		}
	}, broken: []string{"recoverable/standby-leads"}},
	{name: "it takes too long", args: []string{"--disrupt", "--max-outage", "1ms"}, disturb: func(*standin.World) {},
		broken: []string{"recoverable/outage"}},
	{name: "it does not come back", args: []string{"--disrupt", "--patience", "150ms"}, disturb: func(w *standin.World) {
		w.OnDelete = func(w *standin.World, _ *standin.Pod) []func(*standin.World) {
			w.Leader, w.State, w.Running, w.Restored = nil, "RESTARTING", 0, nil
			return nil
		}
	}, broken: []string{"recoverable/checkpoints-go-on", "recoverable/outage", "recoverable/resumed-from-checkpoint", "recoverable/standby-leads"}},
	{name: "no checkpoint completes afterwards", args: []string{"--disrupt"}, disturb: func(w *standin.World) {
		takeOver := w.OnDelete
		w.OnDelete = func(w *standin.World, p *standin.Pod) []func(*standin.World) {
			w.Stuck = true
			return takeOver(w, p)
		}
	}, broken: []string{"recoverable/checkpoints-go-on"}},

	// upgrade-safe
	{name: "no savepoint", disturb: func(w *standin.World) {
		w.Snapshots, w.Restored = nil, nil
		delete(w.Status["jobStatus"].(standin.Object), "upgradeSavepointPath")
	}, broken: []string{"upgrade-safe/savepoint-readable"}, skipped: "upgrade-safe/restored-on-deploy"},
	{name: "the savepoint is gone from S3", disturb: func(w *standin.World) { delete(w.S3, "savepoints/savepoint-012345-aa/_metadata") },
		broken: []string{"upgrade-safe/savepoint-readable"}},
	{name: "the savepoint is empty", disturb: func(w *standin.World) {
		w.S3["savepoints/savepoint-012345-aa/_metadata"] = standin.Stored{Body: []byte("x")}
	}, broken: []string{"upgrade-safe/savepoint-readable"}},
	{name: "the savepoint is outside of its root", disturb: func(w *standin.World) {
		w.Snapshots = []standin.Object{standin.NewSnapshot("s", w.Root+"/chk-41", false)}
		w.Stuck = true
	}, broken: []string{"recoverable/checkpoints-complete", "upgrade-safe/savepoint-readable"}},
	{name: "a snapshot that disposes of its data", disturb: func(w *standin.World) {
		w.Snapshots = append(w.Snapshots, standin.NewSnapshot("by-hand", standin.Savepoint, true))
	}, broken: []string{"upgrade-safe/savepoints-kept"}},
	{name: "the deploy restored nothing", disturb: func(w *standin.World) { w.Restored = nil }, broken: []string{"upgrade-safe/restored-on-deploy"}},
	{name: "the deploy restored another savepoint", disturb: func(w *standin.World) { w.Restored.Path += "-older" }, broken: []string{"upgrade-safe/restored-on-deploy"}},
	{name: "a failover since, but of a job that began anew", disturb: func(w *standin.World) {
		w.Restored = &standin.Restored{ID: 12, At: 5, Path: w.Root + "/chk-12"}
	}, broken: []string{"upgrade-safe/restored-on-deploy"}},
	{name: "a last-state deploy that restored nothing", disturb: func(w *standin.World) {
		w.Status["jobStatus"].(standin.Object)["upgradeSavepointPath"] = "KUBERNETES_OPERATOR_LAST_STATE"
		w.Restored = nil
	}, broken: []string{"upgrade-safe/restored-on-deploy"}},
	{name: "--upgraded, but nothing was handed over", args: []string{"--upgraded"}, disturb: func(w *standin.World) {
		delete(w.Status["jobStatus"].(standin.Object), "upgradeSavepointPath")
	}, broken: []string{"upgrade-safe/restored-on-deploy"}},

	// identity
	{name: "no annotation", disturb: func(w *standin.World) { w.RoleAnnotation = "" }, broken: []string{"identity/service-account"}},
	{name: "another role's annotation", disturb: func(w *standin.World) { w.RoleAnnotation += "2" }, broken: []string{"identity/service-account"}},
	{name: "the job runs as default", disturb: func(w *standin.World) { w.Spec["serviceAccount"] = "default" },
		broken: []string{"identity/pods", "identity/service-account"}},
	{name: "a pod from before the annotation", disturb: func(w *standin.World) { w.Pods[3].Role = "" }, broken: []string{"identity/pods"}},
	{name: "a token for another audience", disturb: func(w *standin.World) { w.Pods[0].Audience = "vault" }, broken: []string{"identity/pods"}},
	{name: "static keys in a pod", disturb: func(w *standin.World) { w.Pods[2].Env = []string{"AWS_ACCESS_KEY_ID"} }, broken: []string{"identity/pods"}},
	{name: "static keys in Flink's configuration", disturb: func(w *standin.World) {
		w.Spec["flinkConfiguration"].(standin.Object)["s3.access-key"] = "AKIA-never-shown"
	}, broken: []string{"identity/no-static-keys"}},
	{name: "the token is another ServiceAccount's", args: []string{"--exec"}, disturb: func(w *standin.World) {
		w.Token = standin.Token("system:serviceaccount:payments:default", "sts.amazonaws.com")
	}, broken: []string{"identity/token"}},
	{name: "the token file holds no token", args: []string{"--exec"}, disturb: func(w *standin.World) { w.Token = "nonsense" }, broken: []string{"identity/token"}},
	{name: "no token file", args: []string{"--exec"}, disturb: func(w *standin.World) { w.Token = "" }, unseen: []string{"identity/token"}},
	{name: "the trust policy does not trust it", args: []string{"--exec"}, disturb: func(w *standin.World) { w.Refusal = "AccessDenied" }, broken: []string{"identity/who-am-i"}},
	{name: "it is somebody else", args: []string{"--exec"}, disturb: func(w *standin.World) {
		w.Caller = "arn:aws:sts::111122223333:assumed-role/node-role/flink-payments-acceptance"
	}, broken: []string{"identity/who-am-i"}},

	// what cannot be seen
	{name: "no right to read the FlinkDeployment", disturb: func(w *standin.World) { w.Refuse["flinkdeployments"] = 403 }, unseen: []string{"running/deployment"}},
	{name: "no CRDs", disturb: func(w *standin.World) { w.Refuse["flinkdeployments"] = 404 }, unseen: []string{"running/deployment"}},
	{name: "no right to the proxy", disturb: func(w *standin.World) { w.Refuse["/proxy/"] = 403 },
		unseen: []string{"recoverable/checkpoints-complete", "running/job", "upgrade-safe/restored-on-deploy"}},
	{name: "no JobManager behind the Service", disturb: func(w *standin.World) { w.Refuse["/proxy/"] = 503 },
		broken: []string{"running/job", "upgrade-safe/restored-on-deploy"}, unseen: []string{"recoverable/checkpoints-complete"}},
	{name: "no right to the bucket", disturb: func(w *standin.World) { w.Refuse[standin.Bucket] = 403 },
		unseen: []string{"recoverable/checkpoint-in-s3", "recoverable/checkpoint-readable", "recoverable/ha-in-s3", "upgrade-safe/restored-on-deploy", "upgrade-safe/savepoint-readable"}},
	{name: "no right to list pods", disturb: func(w *standin.World) { w.Refuse["/pods"] = 403 },
		unseen: []string{"identity/pods", "recoverable/standby", "running/image"}},
	{name: "no right to exec", args: []string{"--exec"}, disturb: func(w *standin.World) { w.Refuse["/exec"] = 403 }, unseen: []string{"identity/token"}},
	{name: "no snapshots to be seen", disturb: func(w *standin.World) { w.Refuse["flinkstatesnapshots"] = 403 }, unseen: []string{"upgrade-safe/savepoints-kept"}},
	{name: "STS is down", args: []string{"--exec"}, disturb: func(w *standin.World) { w.Refuse["sts"] = 503 }, unseen: []string{"identity/who-am-i"}},
}

func TestEachMisbehaviourBreaksItsPromiseAndNoOther(t *testing.T) {
	for _, m := range misbehaviours {
		t.Run(m.name, func(t *testing.T) {
			w := standin.New()
			m.disturb(w)
			c := call(t, w, m.args...)
			if !slices.Equal(c.of(promise.Broken), m.broken) {
				t.Errorf("broken %v\n  want %v", c.of(promise.Broken), m.broken)
			}
			if !slices.Equal(c.of(promise.Unseen), m.unseen) {
				t.Errorf("unseen %v\n  want %v", c.of(promise.Unseen), m.unseen)
			}
			want := unlooked
			if len(m.broken) > 0 {
				want = broken
			}
			if c.status != want {
				t.Errorf("exit status %d, want %d", c.status, want)
			}
			if m.skipped != "" && !slices.Contains(c.of(promise.Skipped), m.skipped) {
				t.Errorf("skipped %v, want %s", c.of(promise.Skipped), m.skipped)
			}
			if m.skipped == "recoverable/failover" && len(w.Deleted) > 0 {
				t.Errorf("it deleted %v of a job that may not come back", w.Deleted)
			}
			if t.Failed() {
				t.Log("\n" + c.stdout + c.stderr)
			}
		})
	}
}

func TestWhatIsHarmlessBreaksNothing(t *testing.T) {
	for name, disturb := range map[string]func(*standin.World){
		"a failed checkpoint among completed ones": func(w *standin.World) { w.EachLook = func(w *standin.World) { w.Failed++ } },
		"restarts of long ago":                     func(w *standin.World) { w.Restarts = 12 },
		"a failover since the upgrade": func(w *standin.World) {
			w.Restored = &standin.Restored{ID: 41, At: 5, Path: w.Root + "/chk-41"}
		},
		"a last-state upgrade": func(w *standin.World) {
			w.Status["jobStatus"].(standin.Object)["upgradeSavepointPath"] = "KUBERNETES_OPERATOR_LAST_STATE"
			w.Restored = &standin.Restored{ID: 41, At: 5, Path: w.Root + "/chk-41"}
		},
		"an autoscaler's parallelism": func(w *standin.World) {
			w.Spec["flinkConfiguration"].(standin.Object)["job.autoscaler.enabled"] = "true"
			w.Parallelism, w.Running = 9, 9
		},
		"a savepoint of another job's": func(w *standin.World) {
			other := standin.NewSnapshot("other", "s3://other/x", true)
			other["spec"].(standin.Object)["jobReference"] = standin.Object{"name": "other"}
			w.Snapshots = append(w.Snapshots, other)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := standin.New()
			disturb(w)
			if c := call(t, w); c.status != holds {
				t.Errorf("exit status %d\n%s", c.status, c.stdout)
			}
		})
	}
}

func TestTheReportsAgree(t *testing.T) {
	w := standin.New()
	w.Stuck, w.NoMetric = true, true
	c := call(t, w)
	var junit struct {
		Suites []struct {
			Name                             string `xml:"name,attr"`
			Tests, Failures, Errors, Skipped int    `xml:",attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(bytes.ReplaceAll(bytes.ReplaceAll(bytes.ReplaceAll(bytes.ReplaceAll(c.junit,
		[]byte("tests="), []byte("Tests=")), []byte("failures="), []byte("Failures=")), []byte("errors="), []byte("Errors=")), []byte("skipped="), []byte("Skipped=")), &junit); err != nil {
		t.Fatal(err)
	}
	tests, failures, errors, skipped := 0, 0, 0, 0
	for _, s := range junit.Suites {
		tests, failures, errors, skipped = tests+s.Tests, failures+s.Failures, errors+s.Errors, skipped+s.Skipped
	}
	if tests != len(c.report.Checks) || failures != len(c.of(promise.Broken)) || errors != len(c.of(promise.Unseen)) || skipped != len(c.of(promise.Skipped)) {
		t.Errorf("JUnit counts %d tests, %d failures, %d errors, %d skipped; JSON has %d, %v, %v, %v", tests, failures, errors, skipped,
			len(c.report.Checks), c.of(promise.Broken), c.of(promise.Unseen), c.of(promise.Skipped))
	}
	if failures != 1 || errors != 1 || c.report.Outcome != promise.Broken || c.status != broken {
		t.Errorf("%d failures, %d errors, outcome %s, status %d", failures, errors, c.report.Outcome, c.status)
	}
	for _, check := range c.report.Checks {
		if !strings.Contains(c.stdout, check.Name) || !strings.Contains(c.stderr, check.Promise+"/"+check.Name) {
			t.Errorf("%s/%s is missing from the text or the progress", check.Promise, check.Name)
		}
	}
}

func TestAWrongCallSaysSoAndLooksAtNothing(t *testing.T) {
	for name, args := range map[string][]string{
		"no job":          {},
		"unknown flag":    {"--jobname", "a"},
		"a stray word":    {"fraud-scoring"},
		"no outputs file": {"--outputs", "/nonexistent/outputs.json"},
		"no window":       {"--namespace", "n", "--name", "a", "--bucket", "b", "--window", "0s"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(context.Background(), args, strings.NewReader(""), &stdout, &stderr); status != usage || stderr.Len() == 0 || stdout.Len() > 0 {
				t.Errorf("exit status %d, standard error %q, standard output %q", status, stderr.String(), stdout.String())
			}
		})
	}
	var stdout, stderr bytes.Buffer
	if status := run(context.Background(), []string{"--help"}, nil, &stdout, &stderr); status != holds || !strings.Contains(stdout.String(), "-disrupt") {
		t.Errorf("--help: exit status %d, %q", status, stdout.String())
	}
}

func TestAClusterThatCannotBeReachedIsNotABrokenPromise(t *testing.T) {
	var stdout, stderr bytes.Buffer
	missing := filepath.Join(t.TempDir(), "kubeconfig")
	args := []string{"--namespace", "n", "--name", "a", "--bucket", "b", "--kubeconfig", missing}
	if status := run(context.Background(), args, nil, &stdout, &stderr); status != unlooked {
		t.Errorf("no kubeconfig: exit status %d, %s", status, stderr.String())
	}
	w := standin.New()
	if c := call(t, w, "--context", "other"); c.status != unlooked {
		t.Errorf("no such context: exit status %d", c.status)
	}
}
