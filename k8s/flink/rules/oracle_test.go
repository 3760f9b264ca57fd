package rules

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/manifest"
	"flink-payments/k8s/validation"
)

// validate models the operator's DefaultValidator.validateDeployment, written
// from its source at the tags release-1.10.0 and release-1.15.0. It sees the
// document only, shares no code with the rules, and returns what the operator
// would refuse, "" for nothing. An earlier spec is assumed whose
// savepointRedeployNonce differs. Not modelled: the ingress (the document has
// none) and job.autoscaler.excluded.periods.
func validate(operator int, name string, spec map[string]any) string {
	conf := map[string]string{}
	for k, v := range spec["flinkConfiguration"].(map[string]any) {
		conf[k] = v.(string)
	}
	boolean := func(k string, missing bool) (value, ok bool) {
		text, set := conf[k]
		if !set {
			return missing, true
		}
		switch strings.ToUpper(text) {
		case "TRUE":
			return true, true
		case "FALSE":
			return false, true
		}
		return false, false
	}
	blank := func(k ...string) bool {
		for _, key := range k {
			if text, set := conf[key]; set {
				return strings.TrimSpace(text) == ""
			}
		}
		return true
	}
	job := spec["job"].(map[string]any)
	mode := job["upgradeMode"].(string)

	// validateDeploymentName
	if !regexp.MustCompile(`\A[a-z]([-a-z\d]{0,43}[a-z\d])?\z`).MatchString(name) {
		return "name"
	}
	// validateFlinkVersion, and the enum that the CRD holds it to
	known := map[int][]string{
		10: {"v1_15", "v1_16", "v1_17", "v1_18", "v1_19", "v1_20"},
		15: {"v1_15", "v1_16", "v1_17", "v1_18", "v1_19", "v1_20", "v2_0", "v2_1", "v2_2", "v2_3", "v2_4"},
	}
	if !slices.Contains(known[operator], spec["flinkVersion"].(string)) {
		return "flinkVersion"
	}
	if !slices.Contains([]string{"savepoint", "last-state", "stateless"}, mode) {
		return "upgradeMode is not in the CRD's enum"
	}
	// validateFlinkDeploymentConfig
	for _, k := range []string{"kubernetes.namespace", "kubernetes.cluster-id", "high-availability.cluster-id"} {
		if _, set := conf[k]; set {
			return "forbidden key " + k
		}
	}
	ha := conf["high-availability.type"]
	if ha == "" {
		ha = conf["high-availability"]
	}
	activated := ha != "" && !strings.EqualFold(ha, "none")
	rollback, ok := boolean("kubernetes.operator.deployment.rollback.enabled", false)
	if !ok || rollback && !activated {
		return "rollback"
	}
	health, okHealth := boolean("kubernetes.operator.cluster.health-check.enabled", false)
	recovery, okRecovery := boolean("kubernetes.operator.jm-deployment-recovery.enabled", true)
	if !okHealth || !okRecovery || health && !recovery {
		return "health check"
	}
	// validateLogConfig
	if _, set := spec["logConfiguration"]; set {
		return "log configuration"
	}
	// validateJobSpec
	checkpoints, savepoints := []string{"state.checkpoints.dir"}, []string{"state.savepoints.dir"}
	if operator >= 15 {
		checkpoints = append([]string{"execution.checkpointing.dir"}, checkpoints...)
		savepoints = append([]string{"execution.checkpointing.savepoint-dir"}, savepoints...)
	}
	if mode != "stateless" && blank(checkpoints...) {
		return "no checkpoint directory"
	}
	if blank(savepoints...) {
		_, triggered := job["savepointTriggerNonce"]
		_, periodic := conf["kubernetes.operator.periodic.savepoint.interval"]
		_, aged := conf["kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age"]
		if mode == "savepoint" || triggered || periodic || aged {
			return "no savepoint directory"
		}
	}
	tm, jm := spec["taskManager"].(map[string]any), spec["jobManager"].(map[string]any)
	if replicas, set := tm["replicas"]; set && replicas.(float64) < 1 || !set && job["parallelism"].(float64) < 1 {
		return "parallelism"
	}
	// validateJmSpec, validateTmSpec
	for _, component := range []map[string]any{jm, tm} {
		if !parses(component["resource"].(map[string]any)["memory"].(string)) {
			return "memory"
		}
	}
	if replicas := jm["replicas"].(float64); replicas < 1 || replicas > 1 && !activated {
		return "JobManager replicas"
	}
	// validateSpecChange
	if _, nonce := job["savepointRedeployNonce"]; nonce {
		if path, _ := job["initialSavepointPath"].(string); strings.TrimSpace(path) == "" {
			return "redeploy without a path"
		}
	}
	// validateServiceAccount
	if spec["serviceAccount"] == nil {
		return "serviceAccount"
	}
	// validateAutoScalerFlinkConfiguration
	enabled, ok := boolean("job.autoscaler.enabled", false)
	if !ok {
		return "autoscaler"
	}
	if enabled {
		in := func(lowest, most float64, missing float64, k ...string) (float64, bool) {
			for _, key := range k {
				if text, set := conf["job.autoscaler."+key]; set {
					n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
					return n, err == nil && !(n < lowest) && !(n > most)
				}
			}
			return missing, true
		}
		const any = 1e308
		type bound struct {
			k            string
			lowest, most float64
		}
		bounds := []bound{{"scale-down.max-factor", 0, any}, {"scale-up.max-factor", 0, any}, {"target.utilization.boundary", 0, any}}
		if operator >= 15 {
			target, ok := in(0, 1, 0.7, "utilization.target", "target.utilization")
			if !ok {
				return "autoscaler target"
			}
			bounds = append(bounds, bound{"utilization.max", target, 1}, bound{"utilization.min", 0, target}, bound{"observed-scalability.coefficient-min", 0.01, 1})
		} else {
			bounds = append(bounds, bound{"target.utilization", 0, any})
		}
		for _, b := range bounds {
			if _, ok := in(b.lowest, b.most, b.lowest, b.k); !ok {
				return "autoscaler " + b.k
			}
		}
	}
	return ""
}

// parses models MemorySize.parse(FlinkConfigBuilder.parseResourceMemoryString(memory)):
// Flink's units first, then a Kubernetes quantity that comes out whole.
func parses(memory string) bool {
	if strings.TrimSpace(memory) == "" {
		// Then the size must come from flinkConfiguration, where the program writes none.
		return false
	}
	if regexp.MustCompile(`(?i)^\s*\d{1,18}\s*(|b|bytes|k|kb|kibibytes|m|mb|mebibytes|g|gb|gibibytes|t|tb|tebibytes)\s*$`).MatchString(memory) {
		return true
	}
	quantity := strings.ToUpper(strings.Join(strings.Fields(memory), ""))
	quantity = strings.TrimSuffix(quantity, "B")
	return regexp.MustCompile(`^\d{1,18}(KI|MI|GI|TI|PI|EI|K|M|G|T|P|E)$`).MatchString(quantity)
}

// document is the specification of a job's FlinkDeployment as the operator gets
// it. JSON has no CPU that is not a number, and the validator looks at none.
func document(j flink.Job, s flink.Stack) map[string]any {
	for _, cpu := range []*float64{&j.JobManager.CPU, &j.TaskManager.CPU} {
		if math.IsNaN(*cpu) || math.IsInf(*cpu, 0) {
			*cpu = 1
		}
	}
	return manifest.Of(flink.Deployment(j, s))["spec"].(map[string]any)
}

func passesBothValidators(j flink.Job, s flink.Stack) error {
	for _, operator := range []int{10, 15} {
		if operator == 10 && strings.HasPrefix(j.FlinkVersion, "v2") {
			continue
		}
		if fault := validate(operator, j.Name, document(j, s)); fault != "" {
			return fmt.Errorf("passes the rules, and operator 1.%d.0 refuses: %s", operator, fault)
		}
	}
	return nil
}

// pairs of the guide's job and every way to break one rule: what still passes
// must pass the operator too.
func TestAJobThatPassesAlwaysSatisfiesTheOperatorsValidator(t *testing.T) {
	var changes []func(*flink.Job, *flink.Stack)
	for _, rule := range Rules {
		changes = append(changes, minimal[rule.ID]...)
	}
	for _, add := range []struct{ k, v string }{
		{"kubernetes.operator.deployment.rollback.enabled", "true"},
		{"kubernetes.operator.cluster.health-check.enabled", "TRUE"},
		{"kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age", "1 h"},
		{"job.autoscaler.enabled", "true"},
		{"job.autoscaler.utilization.target", "0.9"},
		{"high-availability.type", "KUBERNETES"},
		{"execution.checkpointing.mode", "exactly_once"},
	} {
		changes = append(changes, conf(add.k, add.v))
	}
	for _, memory := range []string{"4g", "4Gi", "4096 mb", "4294967296", "4 gi", "5gib", "2t"} {
		changes = append(changes, with(func(j *flink.Job) { j.TaskManager.Memory = memory }))
	}
	for _, version := range []string{"v1_17", "v1_19", "v1_20", "v2_0", "v1_15"} {
		changes = append(changes, with(func(j *flink.Job) { j.FlinkVersion = version }))
	}
	r := rand.New(rand.NewPCG(4, 2))
	passed, refusedByBoth := 0, 0
	for range 4000 {
		j, s := guideJob(), guideStack()
		for range 1 + r.IntN(2) {
			before := j.FlinkConfiguration
			changes[r.IntN(len(changes))](&j, &s)
			for k, v := range before {
				j.FlinkConfiguration[k] = v
			}
		}
		operator := 10 + 5*r.IntN(2)
		s.OperatorVersion = fmt.Sprintf("1.%d.0", operator)
		fault := validate(operator, j.Name, document(j.WithDefaults(), s))
		refused := len(Judge(j, s).Of(validation.Refuse)) > 0
		switch {
		case fault != "" && !refused:
			t.Fatalf("operator %s refuses for its %s what the rules let pass: %+v", s.OperatorVersion, fault, j)
		case fault != "":
			refusedByBoth++
		case !refused:
			passed++
		}
	}
	if passed < 100 || refusedByBoth < 100 {
		t.Errorf("%d jobs passed and %d were refused by both: too few to prove anything", passed, refusedByBoth)
	}
}

// The oracle is worth something only if it refuses what the operator refuses.
func TestTheOracleRefusesWhatTheOperatorRefuses(t *testing.T) {
	for _, operator := range []int{10, 15} {
		if fault := validate(operator, "fraud-scoring", document(guideJob(), guideStack())); fault != "" {
			t.Errorf("the guide's job: %s", fault)
		}
	}
	for want, change := range map[string]func(*flink.Job, *flink.Stack){
		"name":                                   with(func(j *flink.Job) { j.Name = strings.Repeat("a", 46) }),
		"flinkVersion":                           with(func(j *flink.Job) { j.FlinkVersion = "v1_14" }),
		"forbidden key kubernetes.cluster-id":    conf("kubernetes.cluster-id", "x"),
		"JobManager replicas":                    conf("high-availability.type", "NONE"),
		"no checkpoint directory":                conf("state.checkpoints.dir", " "),
		"no savepoint directory":                 conf("state.savepoints.dir", ""),
		"parallelism":                            with(func(j *flink.Job) { j.Parallelism = 0 }),
		"memory":                                 with(func(j *flink.Job) { j.TaskManager.Memory = "plenty" }),
		"autoscaler target.utilization.boundary": minimalAutoscaler("target.utilization.boundary", "-1"),
		"rollback":                               conf("kubernetes.operator.deployment.rollback.enabled", "yes"),
		"upgradeMode is not in the CRD's enum":   with(func(j *flink.Job) { j.UpgradeMode = "save" }),
	} {
		j, s := guideJob(), guideStack()
		change(&j, &s)
		for _, operator := range []int{10, 15} {
			if got := validate(operator, j.Name, document(j, s)); got != want {
				t.Errorf("operator 1.%d.0: %q, want %q", operator, got, want)
			}
		}
	}
	if got := validate(15, "fraud-scoring", document(jobWith(minimalAutoscaler("utilization.min", "0.8")), guideStack())); got != "autoscaler utilization.min" {
		t.Error(got)
	}
}

func minimalAutoscaler(k, value string) func(*flink.Job, *flink.Stack) {
	return with(func(j *flink.Job) {
		j.FlinkConfiguration = map[string]string{"job.autoscaler.enabled": "true", "job.autoscaler." + k: value}
	})
}

func jobWith(change func(*flink.Job, *flink.Stack)) flink.Job {
	j, s := guideJob(), guideStack()
	change(&j, &s)
	return j
}

// FuzzJudge: no settings panic or hang; every finding says where, why and what
// to write; what passes satisfies the operator.
func FuzzJudge(f *testing.F) {
	for _, rule := range Rules {
		for _, change := range minimal[rule.ID] {
			if data, err := json.Marshal(jobWith(change)); err == nil {
				f.Add(data, "1.10.0", "prod")
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, operator, environment string) {
		s := guideStack()
		s.OperatorVersion, s.Environment = operator, environment
		j, found, ok := judgeJSON(data, s)
		if !ok {
			return
		}
		for _, v := range found {
			if v.Path == "" || v.Reason == "" || v.Fix == "" {
				t.Errorf("%+v", v)
			}
		}
		j.Plan(s)
		if len(found.Of(validation.Refuse)) == 0 {
			if err := passesBothValidators(j, s); err != nil {
				t.Error(err)
			}
		}
	})
}

// FuzzDirectories: a directory or a restore path that passes lies where the role may go.
func FuzzDirectories(f *testing.F) {
	for _, dir := range []string{
		"s3://kv-flink-state-payments-prod/checkpoints", "s3://kv-flink-state-payments-prod/checkpoints/../ha", "s3://kv-flink-state-payments-prod//checkpoints/./x/",
		"s3://kv-flink-state-payments-prod/savepoints/savepoint-abc123-0011", "s3://other/checkpoints", "s3://kv-flink-state-payments-prod@evil/checkpoints",
		"s3://kv-flink-state-payments-prod:80/checkpoints", "s3://kv-flink-state-payments-prod/checkpoints?x", "", "latest",
	} {
		f.Add(dir)
	}
	f.Fuzz(func(t *testing.T, dir string) {
		j := guideJob()
		j.FlinkConfiguration = map[string]string{"state.checkpoints.dir": dir}
		root := j.State.URI(flink.CheckpointsRoot)
		trimmed := strings.TrimSpace(dir)
		if len(Judge(j, guideStack()).Of(validation.Refuse)) == 0 {
			if !strings.HasPrefix(collapse(trimmed), root) {
				t.Errorf("%q passes as a directory of checkpoints", dir)
			}
		}
		j = guideJob()
		j.Restore = flink.Restore{From: dir, Request: 1}
		if dir != flink.Latest && dir != "" && len(Judge(j, guideStack()).Of(validation.Refuse)) == 0 {
			at := collapse(dir)
			if !strings.HasPrefix(at, root+"/") && !strings.HasPrefix(at, j.State.URI(flink.SavepointsRoot)+"/") {
				t.Errorf("%q passes as a place to restore from", dir)
			}
		}
	})
}

// collapse takes doubled slashes out of a URI's path, as Flink's Path does.
func collapse(uri string) string {
	rest, ok := strings.CutPrefix(uri, "s3://")
	for ok && strings.Contains(rest, "//") {
		rest = strings.ReplaceAll(rest, "//", "/")
	}
	return "s3://" + rest
}
