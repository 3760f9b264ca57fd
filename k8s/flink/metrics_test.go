package flink

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheAgentIsToldWhereToScrapeAndWhatItWouldDrop(t *testing.T) {
	annotation := guideJob().metricsAnnotations()["ad.datadoghq.com/flink-main-container.checks"]
	var checks map[string]struct {
		Instances []struct {
			Endpoint string              `json:"openmetrics_endpoint"`
			Extra    []map[string]string `json:"extra_metrics"`
		}
	}
	if err := json.Unmarshal([]byte(annotation), &checks); err != nil {
		t.Fatalf("%v: %s", err, annotation)
	}
	instance := checks["flink"].Instances[0]
	port := guideJob().Configuration(guideStack())["metrics.reporter.prom.port"]
	if instance.Endpoint != "http://%%host%%:"+port+"/metrics" {
		t.Errorf("scrapes %s, the reporter listens on %s", instance.Endpoint, port)
	}
	wanted := []string{
		"operator.pendingRecords", "operator.KafkaSourceReader.KafkaConsumer.records_lag_max", "operator.currentEmitEventTimeLag",
		"task.backPressuredTimeMsPerSecond", "jobmanager.taskSlotsAvailable", "jobmanager.job.runningTime",
	}
	got := map[string]string{}
	for raw, name := range instance.Extra[0] {
		got[name] = raw
	}
	for _, name := range wanted {
		// The reporter writes the scope and the name with underscores.
		if raw := got[name]; !strings.HasPrefix(raw, "flink_") || !strings.HasSuffix(raw, name[strings.LastIndex(name, ".")+1:]) {
			t.Errorf("%s comes from %q", name, raw)
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("%d extra metrics, want %d", len(got), len(wanted))
	}
}

func TestOnlyAgentModeIsScraped(t *testing.T) {
	for _, mode := range []string{"http", "none"} {
		j := guideJob()
		j.Metrics.Mode = mode
		if got := j.metricsAnnotations(); len(got) > 0 {
			t.Errorf("%s: %v", mode, got)
		}
	}
	j := guideJob()
	j.Metrics.Mode = "none"
	for key := range j.Configuration(guideStack()) {
		if strings.HasPrefix(key, "metrics.reporter.") {
			t.Errorf("none: %s", key)
		}
	}
}

// httpJob is the guide's job with Flink's Datadog reporter.
func httpJob() Job {
	j := guideJob()
	j.Metrics = Metrics{Mode: "http", Secret: "payments/datadog"}
	return j
}

func TestTheReportersKeyIsRenderedAloneAndOnlyWhereItIsUsed(t *testing.T) {
	const at = "secret/data/payments/datadog"
	annotations := httpJob().credentialAnnotations(guideStack())
	for key, want := range map[string]string{
		"agent-inject-secret-datadog-api-key":  at,
		"agent-inject-perms-datadog-api-key":   "0400",
		"error-on-missing-key-datadog-api-key": "true",
		"agent-inject-secret-kafka.properties": "secret/data/payments/kafka",
		"agent-pre-populate-only":              "true",
	} {
		if got := annotations["vault.hashicorp.com/"+key]; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	file, err := renderFile(httpJob(), guideStack(), "datadog-api-key", at, map[string]any{"api_key": "0123abcd"})
	if err != nil || strings.TrimSuffix(file, "\n") != "0123abcd" {
		t.Errorf("rendered %q, %v", file, err)
	}
	if file, err := renderFile(httpJob(), guideStack(), "datadog-api-key", at, map[string]any{"apikey": "0123abcd"}); err == nil {
		t.Errorf("without the field api_key: %q", file)
	}
	for key, value := range guideJob().credentialAnnotations(guideStack()) {
		if strings.Contains(key+value, "datadog") {
			t.Errorf("mode agent: %s: %s", key, value)
		}
	}
}

func TestTheHTTPReporterSendsToTheStacksSite(t *testing.T) {
	for site, want := range map[string]string{"": "US", "datadoghq.com": "US", "datadoghq.eu": "EU"} {
		s := guideStack()
		s.DatadogSite = site
		if got := httpJob().Configuration(s)["metrics.reporter.dghttp.dataCenter"]; got != want {
			t.Errorf("%q: %q", site, got)
		}
	}
}

func TestTheConfigurationWithTheKeyIsInMemory(t *testing.T) {
	spec := document(httpJob(), guideStack())
	volume := at(t, spec, "podTemplate", "spec", "volumes", "flink-conf-with-key", "emptyDir").(map[string]any)
	if volume["medium"] != "Memory" {
		t.Errorf("the volume is %v", volume)
	}
	if path := at(t, spec, "podTemplate", "spec", "containers", MainContainer, "volumeMounts", "flink-conf-with-key", "mountPath"); path != MetricsConfDir {
		t.Errorf("mounted at %v", path)
	}
	if entry := at(t, spec, "flinkConfiguration").(map[string]any)["kubernetes.entry.path"]; entry != MetricsEntryPoint {
		t.Errorf("Flink starts %v", entry)
	}
	text, err := json.Marshal(document(guideJob(), guideStack()))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"flink-conf-with-key", "entry.path"} {
		if strings.Contains(string(text), part) {
			t.Errorf("mode agent has %s", part)
		}
	}
}

const entryPoint = "../../docs/examples/docker-entrypoint-datadog.sh"

// A pod is a folder with what the entry point finds in the image and in the pod.
type pod struct{ root, conf, memory, key string }

func newPod(t *testing.T, files map[string]string) pod {
	t.Helper()
	root := t.TempDir()
	p := pod{root, filepath.Join(root, "conf"), filepath.Join(root, "memory"), filepath.Join(root, "key")}
	for _, folder := range []string{p.conf, p.memory} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		p.write(t, filepath.Join("conf", name), content)
	}
	p.write(t, "docker-entrypoint.sh", `#!/bin/sh
printf '%s\n' "$FLINK_CONF_DIR" "$#" "$@" >started
env >environment
`)
	return p
}

func (p pod) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.root, name), []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// start runs the entry point with the paths of the pod in place of its own.
func (p pod) start(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	script, err := os.ReadFile(entryPoint)
	if err != nil {
		t.Fatal(err)
	}
	text := string(script)
	for path, stand := range map[string]string{
		"key_file=" + MetricsKeyFile + "\n": "key_file=" + p.key + "\n",
		"to=" + MetricsConfDir + "\n":       "to=" + p.memory + "\n",
		"exec /docker-entrypoint.sh":        "exec " + filepath.Join(p.root, "docker-entrypoint.sh"),
	} {
		if strings.Count(text, path) != 1 {
			t.Fatalf("the entry point does not say %q", path)
		}
		text = strings.Replace(text, path, stand, 1)
	}
	p.write(t, "entrypoint", text)
	command := exec.Command("sh", append([]string{filepath.Join(p.root, "entrypoint")}, args...)...)
	command.Dir = p.root
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "FLINK_CONF_DIR=" + p.conf}
	all, err := command.CombinedOutput()
	return string(all), err
}

func (p pod) read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(p.root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestTheEntryPointAddsTheKeyToACopyAndStartsFlink(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	for name, quote := range map[string]string{"flink-conf.yaml": "", "config.yaml": `"`} {
		// No line's end after the last line, and a file that a ConfigMap links.
		p := newPod(t, map[string]string{name: "a: b", "log4j-console.properties": "rootLogger.level = INFO"})
		if err := os.Symlink(filepath.Join(p.conf, name), filepath.Join(p.conf, "linked")); err != nil {
			t.Fatal(err)
		}
		p.write(t, "key", key+"\n")
		for range 2 { // a container that is started again finds its old copy
			output, err := p.start(t, "bash", "-c", "kubernetes-jobmanager.sh kubernetes-application 'a b'")
			if err != nil || strings.Contains(output, key) {
				t.Fatalf("%v: %s", err, output)
			}
		}
		if got, want := p.read(t, "memory/"+name), "a: b\nmetrics.reporter.dghttp.apikey: "+quote+key+quote+"\n"; got != want {
			t.Errorf("Flink reads %q, want %q", got, want)
		}
		info, err := os.Lstat(filepath.Join(p.memory, name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read it: %v, %v", info.Mode(), err)
		}
		if linked, err := os.Lstat(filepath.Join(p.memory, "linked")); err != nil || !linked.Mode().IsRegular() {
			t.Errorf("a link back to the ConfigMap: %v", err)
		}
		if got := p.read(t, "conf/"+name); got != "a: b" {
			t.Errorf("the ConfigMap became %q", got)
		}
		if got, want := p.read(t, "started"), p.memory+"\n3\nbash\n-c\nkubernetes-jobmanager.sh kubernetes-application 'a b'\n"; got != want {
			t.Errorf("Flink's entry point got %q, want %q", got, want)
		}
		if strings.Contains(p.read(t, "environment"), key) {
			t.Error("the key is in the environment")
		}
		logging := p.read(t, "memory/log4j-console.properties")
		for _, class := range []string{"metrics.datadog.DatadogHttpClient", "runtime.metrics.ReporterSetup"} {
			if !strings.Contains(logging, " = org.apache.flink."+class+"\n") {
				t.Errorf("%s may log the key: %s", class, logging)
			}
		}
	}
}

func TestTheEntryPointStopsForWhatIsNoKeyAndShowsNothingOfIt(t *testing.T) {
	for name, key := range map[string]string{
		"empty": "", "a line's end": "canary\nenv.java.opts.all: -Dcanary", "a comment": "canary#canary", "a space": "canary canary",
		"a quote": `canary"`, "no value": "<no value>",
	} {
		p := newPod(t, map[string]string{"flink-conf.yaml": "a: b\n"})
		p.write(t, "key", key)
		output, err := p.start(t, "bash")
		if err == nil || !strings.Contains(output, "api_key") || strings.Contains(output, "canary") {
			t.Errorf("%s: %v, %q", name, err, output)
		}
		if _, err := os.Stat(filepath.Join(p.root, "started")); err == nil {
			t.Errorf("%s: Flink was started", name)
		}
	}
	p := newPod(t, map[string]string{"flink-conf.yaml": "a: b\n"})
	if output, err := p.start(t, "bash"); err == nil || !strings.Contains(output, "Vault agent") {
		t.Errorf("no file: %v, %q", err, output)
	}
	p = newPod(t, map[string]string{"log4j-console.properties": ""})
	p.write(t, "key", "0123abcd")
	if output, err := p.start(t, "bash"); err == nil || !strings.Contains(output, "flink-conf.yaml") {
		t.Errorf("no configuration: %v, %q", err, output)
	}
}
