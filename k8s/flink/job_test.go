package flink

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"
)

// guide is the job of the guide that the program replaces, without defaults,
// and the stack that it is in.
var guide = sync.OnceValue(func() (guide struct {
	Job   Job
	Stack Stack
}) {
	text, err := os.ReadFile("testdata/guide.yaml")
	if err != nil {
		panic(err)
	}
	if err := yaml.UnmarshalStrict(text, &guide); err != nil {
		panic(err)
	}
	return guide
})

func guideJob() Job { return guide().Job.WithDefaults() }

func guideStack() Stack {
	stack := guide().Stack
	stack.Labels = maps.Clone(stack.Labels)
	return stack
}

// anyJob is a job as settings may give it: every field that shapes a document varies.
func anyJob(r *rand.Rand) Job {
	maybe := func(text string) string { return []string{"", text}[r.IntN(2)] }
	j := Job{
		Name:                  fmt.Sprintf("job-%d", r.IntN(1000)),
		Namespace:             "ns-" + fmt.Sprint(r.IntN(9)),
		ServiceAccount:        "sa-" + fmt.Sprint(r.IntN(9)),
		Image:                 fmt.Sprintf("registry:5000/team/app:%d.%d", r.IntN(9), r.IntN(9)) + maybe("@sha256:00ff"),
		FlinkVersion:          pick(r, "v1_17", "v1_18", "v1_19", "v1_20"),
		JarURI:                "local:///opt/flink/usrlib/app.jar",
		EntryClass:            maybe("com.example.Main"),
		Parallelism:           1 + r.IntN(200),
		MaxParallelism:        r.IntN(2) * 720,
		UpgradeMode:           pick(r, "", "savepoint", "last-state"),
		AllowNonRestoredState: r.IntN(2) == 0,
		Suspended:             r.IntN(4) == 0,
		Restart:               Restart{Request: int64(r.IntN(3))},
		State:                 State{Bucket: "bucket-" + fmt.Sprint(r.IntN(9)), ExpectedSize: Bytes(r.Int64N(1 << 42)), LocalRecovery: r.IntN(2) == 0},
		Checkpoints:           Checkpoints{Interval: Duration(r.Int64N(int64(Hour))), Timeout: Duration(r.Int64N(int64(Hour))), Retained: r.IntN(5)},
		JobManager:            JobManager{Replicas: r.IntN(4), CPU: r.Float64() * 4, Memory: pick(r, "", "4g")},
		TaskManager:           TaskManager{Slots: r.IntN(4), CPU: r.Float64() * 8, Memory: pick(r, "", "8192m")},
		Kafka:                 Kafka{Secret: maybe("team/kafka"), VaultRole: "role", Topics: Topics{In: maybe("in"), Out: maybe("out")}},
		Savepoint:             Savepoint{Interval: Duration(r.IntN(2)) * 6 * Hour, Format: pick(r, "", "CANONICAL")},
		Restore:               Restore{From: pick(r, "", "latest", "s3://bucket-1/savepoints/savepoint-0a1b2c-0011"), Request: int64(r.IntN(3))},
		Metrics:               Metrics{Mode: pick(r, "", "http", "none")},
		Plugins:               Plugins{S3: pick(r, "", "hadoop"), BuiltIn: maybe("flink-s3-fs-presto-1.18.1.jar")},
	}
	for range r.IntN(3) {
		j.Args = append(j.Args, fmt.Sprintf("--option-%d", r.IntN(9)))
	}
	if r.IntN(2) == 0 {
		j.FlinkConfiguration = map[string]string{
			pick(r, "job.autoscaler.enabled", "kubernetes.operator.job.restart.failed", "pipeline.name", "taskmanager.memory.managed.fraction"): pick(r, "true", "0.4"),
		}
	}
	if r.IntN(2) == 0 {
		j.PodTemplate = plain(`{"metadata":{"labels":{"cost-centre":"42"}},"spec":{
			"nodeSelector":{"pool":"flink"},
			"tolerations":[{"key":"flink","operator":"Exists","tolerationSeconds":30}],
			"containers":[{"name":"flink-main-container","env":[{"name":"TZ","value":"UTC"}],
				"ports":[{"containerPort":9249,"name":"metrics"}],
				"volumeMounts":[{"name":"rocks","mountPath":"/rocks"}]},{"name":"sidecar","image":"side:1"}],
			"volumes":[{"name":"rocks","emptyDir":{"sizeLimit":"200Gi"}}]}}`)
	}
	return j.WithDefaults()
}

func anyStack(r *rand.Rand) Stack {
	s := guideStack()
	s.OperatorVersion = pick(r, "1.10.0", "v1.10.1", "1.11.0", "1.15.0", "")
	s.Environment = pick(r, "", "prod", "test")
	s.RestorePath = pick(r, "", "s3://bucket-1/checkpoints/0011/chk-7")
	return s
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// plain reads JSON as settings are read.
func plain(text string) map[string]any {
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	return value
}

// manyJobs runs a promise over many jobs and sites, the same ones each time.
func manyJobs(t *testing.T, promise func(t *testing.T, j Job, s Stack)) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		j, s := anyJob(r), anyStack(r)
		promise(t, j, s)
		if t.Failed() {
			t.Fatalf("with job %d: %+v\nsite: %+v", i, j, s)
		}
	}
}
