package flink

import (
	"encoding/json"
	"flink-payments/k8s/manifest"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// at follows a path of keys; a container is found by its name.
func at(t *testing.T, value any, path ...string) any {
	t.Helper()
	for _, key := range path {
		switch of := value.(type) {
		case map[string]any:
			value = of[key]
		case []any:
			i := slices.IndexFunc(of, func(e any) bool { return manifest.NameOf(e) == key })
			if i < 0 {
				t.Fatalf("%v holds no %s", of, key)
			}
			value = of[i]
		default:
			t.Fatalf("%v has no %s", value, key)
		}
	}
	return value
}

func TestTheGuidesJobIsWrittenAsTheOperatorWantsIt(t *testing.T) {
	spec := document(guideJob(), guideStack())
	for path, want := range map[string]any{
		"image":                       guideJob().Image,
		"flinkVersion":                "v1_18",
		"mode":                        "native",
		"serviceAccount":              "flink",
		"jobManager.replicas":         2.0,
		"jobManager.resource.cpu":     1.0,
		"jobManager.resource.memory":  "2048m",
		"taskManager.resource.cpu":    2.0,
		"taskManager.resource.memory": "4096m",
		"job.jarURI":                  "local:///opt/flink/usrlib/fraud-scoring.jar",
		"job.parallelism":             6.0,
		"job.upgradeMode":             "savepoint",
		"job.state":                   "running",
		"restartNonce":                0.0,
		"ingress":                     nil, // the operator's has no login
		"podTemplate.spec.containers.flink-main-container.env.KAFKA_TOPIC_IN.value":  "card-auth",
		"podTemplate.spec.containers.flink-main-container.env.KAFKA_TOPIC_OUT.value": "fraud-scores",
	} {
		if got := at(t, spec, strings.Split(path, ".")...); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestPodsPassTheRestrictedPodSecurityStandard(t *testing.T) {
	spec := document(guideJob(), guideStack())
	want := plain(`{
		"pod": {"runAsNonRoot": true, "runAsUser": 9999, "runAsGroup": 9999, "fsGroup": 9999, "seccompProfile": {"type": "RuntimeDefault"}},
		"container": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}`)
	pod := at(t, spec, "podTemplate", "spec", "securityContext")
	container := at(t, spec, "podTemplate", "spec", "containers", MainContainer, "securityContext")
	if !reflect.DeepEqual(pod, want["pod"]) || !reflect.DeepEqual(container, want["container"]) {
		t.Errorf("pod %v, container %v", pod, container)
	}
}

func TestJobManagersPreferDifferentZonesAndNodes(t *testing.T) {
	spec := document(guideJob(), guideStack())
	constraints := at(t, spec, "jobManager", "podTemplate", "spec", "topologySpreadConstraints").([]any)
	var keys []any
	for _, c := range constraints {
		keys = append(keys, at(t, c, "topologyKey"))
		if at(t, c, "whenUnsatisfiable") != "ScheduleAnyway" {
			t.Error("with one node left the standby could not start")
		}
		if got := at(t, c, "labelSelector", "matchLabels"); !reflect.DeepEqual(got, plain(`{"app":"fraud-scoring","component":"jobmanager"}`)) {
			t.Errorf("selects %v", got)
		}
	}
	if !reflect.DeepEqual(keys, []any{"topology.kubernetes.io/zone", "kubernetes.io/hostname"}) {
		t.Errorf("spreads over %v", keys)
	}

	// The operator would merge two lists without names index by index.
	j := guideJob()
	j.PodTemplate = plain(`{"spec":{"topologySpreadConstraints":[{"topologyKey":"rack","maxSkew":1,"whenUnsatisfiable":"DoNotSchedule"}]}}`)
	if got := at(t, document(j, guideStack()), "jobManager", "podTemplate"); got != nil {
		t.Errorf("the caller's constraints are mixed with %v", got)
	}
}

func TestTheSameJobGivesTheSameDocument(t *testing.T) {
	manyJobs(t, func(t *testing.T, j Job, s Stack) {
		before, _ := json.Marshal(j)
		first, err := json.Marshal([]any{Deployment(j, s), j.Plan(s)})
		if err != nil {
			t.Fatal(err)
		}
		second, _ := json.Marshal([]any{Deployment(j, s), j.Plan(s)})
		if string(first) != string(second) {
			t.Errorf("%s\n%s", first, second)
		}
		if after, _ := json.Marshal(j); string(before) != string(after) {
			t.Error("writing the document changed the job")
		}
	})
}

func TestADocumentHoldsPlainValuesOnly(t *testing.T) {
	var check func(path string, value any)
	check = func(path string, value any) {
		switch value := value.(type) {
		case string, bool, float64:
		case map[string]any:
			for key, v := range value {
				check(path+"."+key, v)
			}
		case []any:
			for _, v := range value {
				check(path+"[]", v)
			}
		default:
			t.Errorf("%s is a %T", path, value)
		}
	}
	manyJobs(t, func(t *testing.T, j Job, s Stack) {
		check("", []any{manifest.Of(Deployment(j, s)), manifest.Of(StateSnapshot(j, s, RequestedSavepoint(j, 1)))})
	})
}

func TestNoDocumentHoldsWhatLooksLikeASecret(t *testing.T) {
	// Access keys, Datadog keys, tokens, and anything assigned to a password.
	secret := regexp.MustCompile(`AKIA[0-9A-Z]{16}|"[0-9a-f]{32}"|hvs\.|eyJ[A-Za-z0-9]|(?i)apikey|password=[^{"\\]`)
	manyJobs(t, func(t *testing.T, j Job, s Stack) {
		text, _ := json.Marshal(document(j, s))
		if found := secret.Find(text); found != nil {
			t.Errorf("%s", found)
		}
	})
}

// Progress judges it: Pulumi's own wait would hold back until its time limit.
func TestTheDeploymentIsNotWaitedForByThePlugin(t *testing.T) {
	for _, suspended := range []bool{false, true} {
		j := guideJob()
		j.Suspended = suspended
		if got := Deployment(j, guideStack()).Annotations["pulumi.com/waitFor"]; got != "" {
			t.Errorf("waits: %v", got)
		}
		want := map[bool]string{false: "running", true: "suspended"}[suspended]
		if got := at(t, document(j, guideStack()), "job", "state"); got != want {
			t.Errorf("the job's state is %v", got)
		}
	}
}

func TestARestoreIsAskedForByPathAndRequestTogether(t *testing.T) {
	const savepoint = "s3://kv-flink-state-payments-prod/savepoints/savepoint-0a1b2c-0011"
	const checkpoint = "s3://kv-flink-state-payments-prod/checkpoints/0011/chk-7"
	for name, c := range map[string]struct {
		restore  Restore
		resolved string
		path     any
		nonce    any
	}{
		"none":                     {Restore{}, "", nil, nil},
		"a first start":            {Restore{From: savepoint}, "", savepoint, nil},
		"back to a savepoint":      {Restore{From: savepoint, Request: 2}, "", savepoint, 2.0},
		"a path is not resolved":   {Restore{From: savepoint, Request: 2}, checkpoint, savepoint, 2.0},
		"latest, resolved":         {Restore{From: Latest, Request: 3}, checkpoint, checkpoint, 3.0},
		"latest, nothing resolved": {Restore{From: Latest, Request: 3}, "", Latest, nil},
		"a request without a path": {Restore{Request: 3}, "", nil, nil},
	} {
		j, s := guideJob(), guideStack()
		j.Restore, s.RestorePath = c.restore, c.resolved
		job := document(j, s)["job"].(map[string]any)
		if job["initialSavepointPath"] != c.path || job["savepointRedeployNonce"] != c.nonce {
			t.Errorf("%s: path %v, nonce %v", name, job["initialSavepointPath"], job["savepointRedeployNonce"])
		}
	}
}

func TestTheCallersPodTemplateIsMergedByName(t *testing.T) {
	j := guideJob()
	j.PodTemplate = plain(`{"metadata":{"annotations":{"a":"b"}},"spec":{
		"nodeSelector":{"pool":"flink"},
		"securityContext":{"fsGroupChangePolicy":"OnRootMismatch"},
		"containers":[
			{"name":"sidecar","image":"side:1"},
			{"name":"flink-main-container","env":[{"name":"TZ","value":"UTC"},{"name":"KAFKA_TOPIC_IN","value":"other"}],
			 "volumeMounts":[{"name":"d","mountPath":"/a"},{"name":"d","mountPath":"/b"}]}]}}`)
	template := document(j, guideStack())["podTemplate"]
	if at(t, template, "metadata", "annotations", "a") != "b" || at(t, template, "metadata", "annotations", "vault.hashicorp.com/role") != "flink-payments" {
		t.Error("annotations are not merged")
	}
	if at(t, template, "spec", "nodeSelector", "pool") != "flink" || at(t, template, "spec", "securityContext", "fsGroupChangePolicy") != "OnRootMismatch" || at(t, template, "spec", "securityContext", "runAsUser") != 9999.0 {
		t.Error("the pod is not merged")
	}
	main := at(t, template, "spec", "containers", MainContainer)
	if at(t, main, "securityContext", "allowPrivilegeEscalation") != false {
		t.Error("the security context of Flink's container is lost")
	}
	env := at(t, main, "env")
	if at(t, env, "TZ", "value") != "UTC" || at(t, env, "KAFKA_TOPIC_IN", "value") != "other" || at(t, env, "KAFKA_TOPIC_OUT", "value") != "fraud-scores" {
		t.Errorf("env is %v", env)
	}
	if got := len(at(t, main, "volumeMounts").([]any)); got != 2 {
		t.Errorf("two mounts of one volume became %d", got)
	}
	if got := len(at(t, template, "spec", "containers").([]any)); got != 2 {
		t.Errorf("%d containers", got)
	}
}

func TestLabelsAreValidAndLeaveFlinksOwnAlone(t *testing.T) {
	valid := regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
	j, s := guideJob(), guideStack()
	s.Labels = map[string]string{"app": "x", "component": "x", "type": "x", "team": "payments"}
	for _, c := range []struct{ image, version string }{
		{"registry:5000/a/b:1.4.0@sha256:00", "1.4.0"},
		{"registry:5000/a/b@sha256:00", ""},
		{"b:_odd-", "odd"},
		{"b:" + strings.Repeat("v", 70), strings.Repeat("v", 63)},
		{"b:" + strings.Repeat("v", 62) + "--x", strings.Repeat("v", 62)},
	} {
		j.Image = c.image
		labels := at(t, document(j, s), "podTemplate", "metadata", "labels").(map[string]any)
		version, _ := labels["tags.datadoghq.com/version"].(string)
		if version != c.version {
			t.Errorf("%s: version %q, want %q", c.image, version, c.version)
		}
		if labels["tags.datadoghq.com/env"] != "prod" || labels["tags.datadoghq.com/service"] != "fraud-scoring" || labels["team"] != "payments" {
			t.Errorf("labels are %v", labels)
		}
		for key, value := range labels {
			if slices.Contains([]string{"app", "component", "type"}, key) || !valid.MatchString(value.(string)) {
				t.Errorf("%s: %q", key, value)
			}
		}
	}
}

func TestBuiltInPluginsAreEnabledOnlyWhereAsked(t *testing.T) {
	j := guideJob()
	has := func() bool {
		text, _ := json.Marshal(document(j, guideStack()))
		return strings.Contains(string(text), `{"name":"ENABLE_BUILT_IN_PLUGINS","value":"flink-s3-fs-presto-1.18.1.jar"}`)
	}
	if has() {
		t.Error("enabled unasked")
	}
	j.Plugins.BuiltIn = "flink-s3-fs-presto-1.18.1.jar"
	if !has() {
		t.Error("not enabled")
	}
}

func TestASavepointOnDemandOutlivesItsObject(t *testing.T) {
	j := guideJob()
	want := plain(`{"backoffLimit":3,"jobReference":{"kind":"FlinkDeployment","name":"fraud-scoring"},
		"savepoint":{"disposeOnDelete":false,"formatType":"NATIVE"}}`)
	if got := manifest.Of(StateSnapshot(j, guideStack(), RequestedSavepoint(j, 7)))["spec"]; !reflect.DeepEqual(got, any(want)) {
		t.Errorf("%v", got)
	}
	for name, snapshot := range map[string]Snapshot{
		"fraud-scoring-savepoint-7":      RequestedSavepoint(j, 7),
		"fraud-scoring-before-restore-7": SavepointBeforeRestore(j, 7),
	} {
		metadata := StateSnapshot(j, guideStack(), snapshot).ObjectMeta
		if metadata.Name != name || metadata.Annotations["pulumi.com/waitFor"] != `["jsonpath={.status.state}=COMPLETED"]` {
			t.Errorf("%s: metadata %v", name, metadata)
		}
	}
}

// document is the specification of a job's FlinkDeployment as the API server gets it.
func document(j Job, s Stack) map[string]any {
	return manifest.Of(Deployment(j, s))["spec"].(map[string]any)
}

// observed tells whether operator 1.10 would raise observedGeneration for a
// step from one spec to another: its comparison (ReflectiveDiffBuilder with the
// marks of JobSpec and AbstractFlinkSpec), written down once more.
func observed(from, to map[string]any) bool {
	from, to = visible(from), visible(to)
	for _, spec := range []struct{ from, to map[string]any }{
		{from, to},
		{from["job"].(map[string]any), to["job"].(map[string]any)},
	} {
		for _, nonce := range []string{"restartNonce", "savepointRedeployNonce"} {
			if _, there := spec.to[nonce]; !there { // onNullIgnore
				delete(spec.from, nonce)
			}
		}
	}
	return !reflect.DeepEqual(from, to)
}

// visible is a spec without what the operator ignores.
func visible(spec map[string]any) map[string]any {
	spec = maps.Clone(spec)
	job := maps.Clone(spec["job"].(map[string]any))
	for _, key := range []string{"savepointTriggerNonce", "initialSavepointPath", "checkpointTriggerNonce", "upgradeMode", "allowNonRestoredState"} {
		delete(job, key)
	}
	conf := maps.Clone(spec["flinkConfiguration"].(map[string]any))
	maps.DeleteFunc(conf, func(key string, _ any) bool {
		return strings.HasPrefix(key, "job.autoscaler") || strings.HasPrefix(key, "parallelism.default") || strings.HasPrefix(key, "kubernetes.operator")
	})
	spec["job"], spec["flinkConfiguration"] = job, conf
	return spec
}

// edits are reviews of one setting each, as a person makes them.
var edits = map[string]func(j *Job, s *Stack){
	"upgradeMode":            func(j *Job, _ *Stack) { j.UpgradeMode = "last-state" },
	"allowNonRestoredState":  func(j *Job, _ *Stack) { j.AllowNonRestoredState = true },
	"restore.from":           func(j *Job, _ *Stack) { j.Restore.From = "s3://b/savepoints/savepoint-2" },
	"restore.request raised": func(j *Job, _ *Stack) { j.Restore.Request++ },
	"restore removed":        func(j *Job, _ *Stack) { j.Restore = Restore{} },
	"restore.request removed": func(j *Job, _ *Stack) {
		j.Restore.Request = 0
	},
	"savepoint.format":   func(j *Job, _ *Stack) { j.Savepoint.Format = "CANONICAL" },
	"savepoint.interval": func(j *Job, _ *Stack) { j.Savepoint.Interval = Hour },
	"autoscaler": func(j *Job, _ *Stack) {
		j.FlinkConfiguration = map[string]string{"job.autoscaler.enabled": "true"}
	},
	"restart.request raised":  func(j *Job, _ *Stack) { j.Restart.Request++ },
	"restart.request removed": func(j *Job, _ *Stack) { j.Restart.Request = 0 },
	"parallelism":             func(j *Job, _ *Stack) { j.Parallelism++ },
	"image":                   func(j *Job, _ *Stack) { j.Image = "b:2" },
	"suspended":               func(j *Job, _ *Stack) { j.Suspended = true },
	"vault role":              func(j *Job, _ *Stack) { j.Kafka.VaultRole = "other" },
	"team label":              func(_ *Job, s *Stack) { s.Labels = nil },
}

// The promise of the fingerprint: every change of the document is one that
// operator 1.10 takes up, so that a wait for it ends.
func TestTheOperatorTakesUpEveryChange(t *testing.T) {
	start := guideJob()
	start.Restore = Restore{From: "s3://b/savepoints/savepoint-1", Request: 4}
	start.Restart.Request = 2
	for _, operator := range []string{"1.10.0", "1.10.1", ""} { // later ones observe every field (FLINK-36890)
		stack := guideStack()
		stack.OperatorVersion = operator
		for name, edit := range edits {
			j, s := start, stack
			edit(&j, &s)
			before, after := document(start, stack), document(j, s)
			if reflect.DeepEqual(before, after) {
				t.Fatalf("%s changes nothing", name)
			}
			for step, pair := range map[string][2]map[string]any{name: {before, after}, name + ", taken back": {after, before}} {
				if !observed(pair[0], pair[1]) {
					t.Errorf("operator %q: %s is ignored", operator, step)
				}
			}
		}
	}
	names, at := slices.Sorted(maps.Keys(edits)), 0
	manyJobs(t, func(t *testing.T, j Job, s Stack) {
		s.OperatorVersion = "1.10.0"
		before := document(j, s)
		name := names[at]
		at = (at + 1) % len(names)
		edited, stack := j, s
		edits[name](&edited, &stack)
		after := document(edited, stack)
		if !reflect.DeepEqual(before, after) && (!observed(before, after) || !observed(after, before)) {
			t.Errorf("%s, or taking it back, is ignored", name)
		}
	})
}

func fingerprint(j Job, s Stack) any {
	annotations := Deployment(j, s).Spec.PodTemplate["metadata"].(map[string]any)["annotations"]
	return annotations.(map[string]any)["flink-payments/ignored-fields"]
}

// What the operator sees anyway must not be fingerprinted: a raised
// savepointRedeployNonce would otherwise be mixed with other changes, and a
// change of parallelism could not be scaled in place.
func TestTheFingerprintHoldsIgnoredFieldsOnly(t *testing.T) {
	start := guideJob()
	start.Restore = Restore{From: "s3://b/savepoints/savepoint-1", Request: 4}
	for name, changes := range map[string]bool{
		"upgradeMode": true, "allowNonRestoredState": true, "restore.from": true, "restore.request removed": true,
		"savepoint.format": true, "savepoint.interval": true, "autoscaler": true,
		"restore.request raised": false, "restart.request raised": false, "parallelism": false, "image": false,
		"suspended": false, "vault role": false, "team label": false,
	} {
		j, s := start, guideStack()
		edits[name](&j, &s)
		if changed := fingerprint(j, s) != fingerprint(start, guideStack()); changed != changes {
			t.Errorf("%s changes the fingerprint: %v, want %v", name, changed, changes)
		}
	}
}

// The fields that 1.10 ignores are fingerprinted for it alone: going on from it
// redeploys each job once, and no later upgrade of the operator touches one.
func TestAnOperatorUpgradeLeavesJobsUntouchedButTheOneFrom110(t *testing.T) {
	manyJobs(t, func(t *testing.T, j Job, s Stack) {
		s.OperatorVersion = "1.10.0"
		before := Deployment(j, s)
		s.OperatorVersion = "1.11.0"
		from := Deployment(j, s)
		for _, version := range []string{"v1.15.0", "2.0.0"} {
			s.OperatorVersion = version
			if !reflect.DeepEqual(from, Deployment(j, s)) {
				t.Errorf("operator %s changes the document", version)
			}
		}
		annotations := before.Spec.PodTemplate["metadata"].(map[string]any)["annotations"].(map[string]any)
		if _, there := annotations[fingerprintAnnotation]; !there {
			t.Error("1.10 would ignore a change")
		}
		delete(annotations, fingerprintAnnotation)
		if len(annotations) == 0 {
			delete(before.Spec.PodTemplate["metadata"].(map[string]any), "annotations")
		}
		if !reflect.DeepEqual(before, from) {
			t.Errorf("operator 1.11.0 changes more than the fingerprint")
		}
	})
}

func TestAJobIsDeletedInTheBackgroundAndOwnsWhatItDeclares(t *testing.T) {
	annotations := Deployment(guideJob(), guideStack()).Annotations
	if annotations["pulumi.com/deletionPropagationPolicy"] != "background" || annotations["pulumi.com/patchForce"] != "true" {
		t.Errorf("annotations are %v", annotations)
	}
}
