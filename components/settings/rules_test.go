package settings

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"flink-payments/infra/observe"
	"flink-payments/k8s/flink"
	"flink-payments/k8s/flink/rules"
	"flink-payments/k8s/validation"
)

// numbers calls visit with the path of each numeric setting below a struct or list, and its value.
func numbers(path string, v reflect.Value, visit func(string, reflect.Value)) {
	switch {
	case v.CanInt() || v.CanFloat():
		visit(path, v)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			numbers(fmt.Sprintf("%s[%d]", path, i), v.Index(i), visit)
		}
	case v.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			if name := f.Tag.Get("json"); name != "" && name != "-" {
				numbers(validation.Join(path, name), v.FieldByIndex(f.Index), visit)
			}
		}
	}
}

// nested writes one value at a path such as jobs[0].checkpoints.interval, below the top-level key.
func nested(path string, value any) (key string, text string) {
	parts := steps(path)
	for _, part := range slices.Backward(parts[1:]) {
		if part == "0" {
			value = []any{value}
		} else {
			value = map[string]any{part: value}
		}
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return Project + ":" + parts[0], string(encoded)
}

func TestAZeroThatADefaultWouldReplaceIsRefused(t *testing.T) {
	defaulted := Settings{Jobs: []Job{{}}}.withDefaults("")
	checked := 0
	for top, target := range defaulted.objects() {
		numbers(top, reflect.ValueOf(target).Elem(), func(path string, v reflect.Value) {
			zeros := []any{0, 0.0, json.Number("-0")}
			if v.CanFloat() {
				zeros = append(zeros, json.Number("-0.0"), json.Number("0e7"))
			}
			if strings.HasPrefix(v.Type().String(), "flink.") {
				zeros = []any{"0s", "0 ms", "-0s"}
				if v.Type() == reflect.TypeFor[flink.Bytes]() {
					zeros = []any{"0", "0Gi"}
				}
			}
			for _, zero := range zeros {
				key, text := nested(path, zero)
				var s Settings
				found := s.read(config{key: text})
				if isZero(v) {
					if len(found) != 0 {
						t.Errorf("%s has no default, and a zero is refused: %v", path, found)
					}
					continue
				}
				checked++
				if len(found) != 1 || found[0].Rule != "setting-zero" || found[0].Path != Project+":"+path ||
					found[0].Value == "" || !strings.Contains(found[0].Reason, fmt.Sprint(v.Interface())) || found[0].Fix == "" {
					t.Errorf("%s: %v is not refused as zero:\n%v", path, zero, found)
				}
			}
		})
	}
	if checked < 40 {
		t.Errorf("only %d zeros were tried", checked)
	}
}

func TestAZeroSaysTheDefaultOfItsOwnJob(t *testing.T) {
	var s Settings
	found := s.read(config{"flink-payments:jobs": `[{"name":"a"},{"taskManager":{"cpu":8,"slots":0}}]`})
	if len(found) != 1 || found[0].Path != "flink-payments:jobs[1].taskManager.slots" || !strings.HasSuffix(found[0].Reason, "default, 8") {
		t.Error(found)
	}
}

func TestWhatIsNotWrittenIsNoZero(t *testing.T) {
	var s Settings
	found := s.read(config{"flink-payments:jobs": `[{"checkpoints":{"interval":null},"jobManager":{},"taskManager":{"slots":null},"state":null},null]`})
	if len(found) != 0 {
		t.Error(found)
	}
}

func TestAWrongNumberIsOneMistakeAndNotAZeroAsWell(t *testing.T) {
	var s Settings
	found := s.read(config{"flink-payments:jobs": `[{"checkpoints":{"interval":0,"timeout":"soon","retained":"three"}}]`})
	if len(found) != 3 {
		t.Error(found)
	}
	for _, v := range found {
		if v.Rule != "setting-type" {
			t.Error(v)
		}
	}
}

// What setting-zero tells to write for a zero that Flink knows must pass.
func TestAMeantZeroPassesByItsFlinkKey(t *testing.T) {
	for setting, key := range zeroKeys {
		var s Settings
		path := "jobs[0]." + setting
		for _, zero := range []any{0, "0s"} {
			top, text := nested(path, zero)
			if found := s.read(config{top: text}); len(found) == 1 && found[0].Rule == "setting-zero" && !strings.Contains(found[0].Fix, key) {
				t.Errorf("%s: %s", setting, found[0].Fix)
			}
		}
		s = prod(t)
		before := Judge(s)
		s.Jobs[0].FlinkConfiguration = map[string]string{key: "0"}
		if found := Judge(s); !slices.Equal(found, before) {
			t.Errorf("%s: %v", key, found)
		}
		if _, known := s.Jobs[0].Configuration(s.Stack(s.Jobs[0]))[key]; !known {
			t.Errorf("%s is no key that the program writes", key)
		}
	}
}

// judgedRules are the rules that production breaks by more than its operator, changed.
func judgedRules(t *testing.T, change func(*Settings)) []string {
	t.Helper()
	s := prod(t)
	change(&s)
	var ids []string
	for _, v := range Judge(s) {
		if v.Rule != "flink-version-deprecated" && !slices.Contains(ids, v.Rule) {
			ids = append(ids, v.Rule)
		}
	}
	return ids
}

func TestWhatAWSTakesIsNotRefused(t *testing.T) {
	for _, region := range []string{"ap-south-1", "us-east-1", "us-gov-west-1", "cn-northwest-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1", "ap-southeast-7", "mx-central-1", "il-central-1"} {
		if !regionPattern.MatchString(region) {
			t.Errorf("the region %s is refused", region)
		}
	}
	for _, arn := range []string{
		"arn:aws:iam::123456789012:role/deployer",
		"arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/ap-south-1/AWSReservedSSO_PlatformAdmin_*",
		"arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_*",
		"arn:aws:iam::123456789012:role/*/deployer",
		"arn:aws:iam::123456789012:user/ops/alice@example.com",
		"arn:aws:iam::123456789012:root",
		"arn:aws-cn:iam::123456789012:role/deployer",
		"arn:aws-us-gov:iam::123456789012:role/deployer",
		"arn:aws-iso-b:iam::123456789012:role/deployer",
		"arn:aws-eusc:iam::123456789012:role/deployer",
	} {
		if ids := judgedRules(t, func(s *Settings) { s.AWS.Administrators, s.AWS.Erasers = []string{arn}, []string{arn} }); len(ids) > 0 {
			t.Errorf("%s breaks %v", arn, ids)
		}
	}
	for name, change := range map[string]func(*Settings){
		"a boundary of AWS":        func(s *Settings) { s.AWS.PermissionsBoundary = "arn:aws:iam::aws:policy/PowerUserAccess" },
		"a boundary with a path":   func(s *Settings) { s.AWS.PermissionsBoundary = "arn:aws-cn:iam::123456789012:policy/team/b" },
		"a nested role path":       func(s *Settings) { s.AWS.RolePath = "/flink/payments/" },
		"an issuer in China":       func(s *Settings) { s.Cluster.OIDCIssuer = "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC" },
		"an issuer of one's own":   func(s *Settings) { s.Cluster.OIDCIssuer = "https://issuer.example.com" },
		"a team with a dot":        func(s *Settings) { s.Team = "payments.risk_in" },
		"a cluster in capitals":    func(s *Settings) { s.Cluster.Name = "KV_Prod-1" },
		"a nested auth path":       func(s *Settings) { s.Vault.AuthPath = "eks/kv-prod" },
		"a Vault on this machine":  func(s *Settings) { s.Vault.Address = "http://127.0.0.1:8200" },
		"a chart's pre-release":    func(s *Settings) { s.Platform.CertManager.Version = "v1.16.0-beta.0" },
		"a tag of a cost centre":   func(s *Settings) { s.Tags = map[string]string{"cost-centre:eu/1": "Zahlungen + Betrug = 1 @ Köln"} },
		"a long tag in Devanagari": func(s *Settings) { s.Tags = map[string]string{"क": strings.Repeat("क", 256)} },
		"forty tags": func(s *Settings) {
			s.Tags = map[string]string{}
			for i := range 40 {
				s.Tags[fmt.Sprint("tag", i)] = ""
			}
		},
		"every default provider off": func(s *Settings) { s.DisabledDefaultProviders = []string{"*"} },
	} {
		if ids := judgedRules(t, change); len(ids) > 0 {
			t.Errorf("%s breaks %v", name, ids)
		}
	}
}

func TestWhatAWSOrVaultRefusesIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		rule   string
		change func(*Settings)
	}{
		"a tag that differs by a capital": {"tags", func(s *Settings) { s.Tags = map[string]string{"Team": "risk"} }},
		"two tags that do":                {"tags", func(s *Settings) { s.Tags = map[string]string{"Owner": "a", "owner": "b"} }},
		"a tag with a comma":              {"tags", func(s *Settings) { s.Tags = map[string]string{"owner": "a, b"} }},
		"a tag of 129 letters":            {"tags", func(s *Settings) { s.Tags = map[string]string{strings.Repeat("é", 129): ""} }},
		"forty-one tags": {"tags", func(s *Settings) {
			s.Tags = map[string]string{}
			for i := range 41 {
				s.Tags[fmt.Sprint("tag", i)] = ""
			}
		}},
		"any principal":                    {"administrators", func(s *Settings) { s.AWS.Administrators = []string{"*"} }},
		"an account's number":              {"administrators", func(s *Settings) { s.AWS.Administrators = []string{"123456789012"} }},
		"an assumed role":                  {"erasers", func(s *Settings) { s.AWS.Erasers = []string{"arn:aws:sts::123456789012:assumed-role/a/b"} }},
		"a Vault in the network, in clear": {"vault-tls", func(s *Settings) { s.Vault.Address = "http://10.0.0.1:8200" }},
		"an availability zone":             {"region", func(s *Settings) { s.Region = "ap-south-1b" }},
		"a team in capitals":               {"environment", func(s *Settings) { s.Team = "Payments" }},
	} {
		if ids := judgedRules(t, c.change); !slices.Equal(ids, []string{c.rule}) {
			t.Errorf("%s breaks %v, not %s", name, ids, c.rule)
		}
	}
}

func TestAKeyWithAColonKeepsItsFullPath(t *testing.T) {
	s := prod(t)
	s.Tags = map[string]string{"aws:owner": "x"}
	s.Jobs[0].FlinkConfiguration = map[string]string{"a: b": "x"}
	for _, v := range Judge(s) {
		if !strings.HasPrefix(v.Path, Project+":") {
			t.Error(v)
		}
	}
}

func TestNamesThatDifferByCapitalsAreShownAsWritten(t *testing.T) {
	s := prod(t)
	second := s.Jobs[0]
	second.Kafka.VaultRole, second.Namespace = "Flink-Payments", "orders"
	s.Jobs = append(s.Jobs, second)
	values := map[string]string{}
	for _, v := range Judge(s) {
		values[v.Rule] = v.Value
	}
	if values["vault-role-shared"] != "Flink-Payments" || values["iam-policy-shared"] == "" {
		t.Error(values)
	}
	if _, found := values["service-account-shared"]; found {
		t.Error("ServiceAccounts of two namespaces are two")
	}
}

// violationsOf are what Load finds in a file.
func violationsOf(from Source) validation.Violations {
	_, found := load(from, "prod")
	return found
}

func TestOneMisreadSettingHidesNoOtherMistake(t *testing.T) {
	changed := func(changes ...string) map[string]bool {
		values := stackFile(t, "../../Pulumi.prod.yaml")
		job := values[Project+":jobs"]
		second := strings.NewReplacer(`"fraud-scoring"`, `"velocity"`, `"serviceAccount":"flink"`, `"serviceAccount":"flink_2"`).Replace(job)
		values[Project+":jobs"] = strings.TrimSuffix(job, "]") + "," + strings.TrimPrefix(second, "[")
		for i := 0; i < len(changes); i += 3 {
			key := Project + ":" + changes[i]
			text := strings.ReplaceAll(values[key], changes[i+1], changes[i+2])
			if text == values[key] {
				t.Fatalf("%q is not in %s", changes[i+1], values[key])
			}
			values[key] = text
		}
		found := map[string]bool{}
		for _, v := range violationsOf(values) {
			if v.Severity == validation.Refuse {
				found[v.Path+" "+v.Rule] = true
			}
		}
		return found
	}
	found := changed("cluster", "kv-prod", "kv prod", "aws", "accountId", "accountID", "vault", "https", "http")
	for _, want := range []string{"flink-payments:aws.accountID setting-unknown", "flink-payments:cluster.name cluster-name", "flink-payments:vault.address vault-tls", "flink-payments:jobs[1].serviceAccount dns-label"} {
		if !found[want] {
			t.Errorf("a mistake under aws hides %s: %v", want, found)
		}
	}
	found = changed("jobs", `"image":`, `"imagee":`, "team", "payments", "Payments")
	if len(found) != 3 || !found["flink-payments:jobs[0].imagee setting-unknown"] || !found["flink-payments:team environment"] {
		t.Errorf("half-read jobs are judged, or hide the rest: %v", found)
	}
	found = changed("platform", `"operator"`, `"operater"`)
	for path := range found {
		if strings.HasPrefix(path, "flink-payments:jobs") {
			t.Errorf("a job is judged by a platform that was half read: %s", path)
		}
	}
}

func TestNothingOfASecretIsShown(t *testing.T) {
	values := config{
		Project + ":vault": `{"address":"canary","mount":"/canary/","authPath":["canary"]}`,
		Project + ":aws":   `{"administrators":["canary"],"accountId":"canary"}`,
		Project + ":jobs":  `[{"checkpoints":{"interval":"canary"}},{"alerts":{"notify":"canary"},"state":{"bucket":"Canary"},"name":"Canary"}]`,
	}
	found := violationsOf(secret{values})
	if len(found) < 8 {
		t.Errorf("only %v", found)
	}
	for _, v := range found {
		if strings.Contains(strings.ToLower(v.String()), "canary") {
			t.Errorf("shown:\n%s", v)
		}
	}
}

// A secret in the wrong place is the commonest way of writing a wrong type.
func TestWhatMayBeASecretIsNotShownForItsType(t *testing.T) {
	var s Settings
	found := s.read(config{
		Project + ":vault": `hvs.canary`,
		Project + ":jobs": `[{"args":"--kafka.password=canary","flinkConfiguration":"s3.secret-key: canary","podTemplate":["canary"],
		  "kafka":{"password":"canary","secret":{"password":"canary"}},"checkpoints":{"interval":{"a":"canary"}}},
		  {"flinkConfiguration":{"s3.secret-key":["canary"]},"state":"canary"}]`,
	})
	if len(found) != 9 {
		t.Errorf("%d violations: %v", len(found), found)
	}
	for _, v := range found {
		if strings.Contains(v.String(), "canary") {
			t.Errorf("shown:\n%s", v)
		}
	}
}

func TestAValueIsShownUnderAKeyWithDots(t *testing.T) {
	var s Settings
	found := s.read(config{Project + ":jobs": `[{"flinkConfiguration":{"a.b":2,"c.d":true}}]`})
	if len(found) != 2 || found.Sorted()[0].Value != "2" || found.Sorted()[1].Value != "true" {
		t.Error(found)
	}
}

// rulesDocument is docs/rules.md: every table of rules, as the program judges by them.
func rulesDocument() string {
	var text strings.Builder
	text.WriteString(`# What the settings are held to

Every rule of this page is judged at ` + "`pulumi preview`" + `, before a resource is registered or anything is looked up.
**refuse** stops the program: one error lists every refusal, by the setting's path, with what is there, why it is wrong and what to write.
**warn** is shown in the log and stops nothing: a person may have a reason.
A setting that cannot be read at all is refused first, and what hangs on it is judged when it can be.
For each rule there is a settings file that only it refuses, in ` + "`tests/testdata/rules/`" + `.
Among the sources, "guide" is the step-by-step migration by hand that this program replaces.

This page is drawn from the code; ` + "`go test ./components/settings -run TestRulesDocument -update-docs`" + ` draws it again.
`)
	section := func(title, about, table string) { fmt.Fprintf(&text, "\n## %s\n\n%s\n\n%s", title, about, table) }
	section("The settings file", "What is written must be what is read.", validation.Markdown(FileRules))
	section("The stack", "The account, the cluster, what is installed once, and what two jobs may not share.", validation.Markdown(Rules))
	section("The job", "An entry of `jobs`, and the `flinkConfiguration` that follows from it: a key that a person adds is judged like a setting. Paths are below `jobs[N]`.", validation.Markdown(rules.Rules))
	section("The operator", "Its version. Paths are below `platform.operator`.", validation.Markdown(rules.OperatorRules))
	var alerts strings.Builder
	alerts.WriteString("| Rule | Promise |\n|---|---|\n")
	for _, id := range slices.Sorted(maps.Keys(observe.Rules)) {
		fmt.Fprintf(&alerts, "| `%s` | %s |\n", id, observe.Rules[id])
	}
	section("Alerts", "Where Datadog is enabled. Each refuses, except that production without alerts (`alerts-enabled`) is a warning. Paths are below `jobs[N].alerts`.", alerts.String())
	return text.String()
}

func TestRulesDocumentIsWhatTheProgramJudgesBy(t *testing.T) {
	const file = "../../docs/rules.md"
	drawn := rulesDocument()
	if *updateDocs {
		if err := os.WriteFile(file, []byte(drawn), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != drawn {
		t.Error("docs/rules.md is out of date: go test ./components/settings -run TestRulesDocument -update-docs")
	}
}

func TestEveryRuleOfTheStackSaysWhatWhyHowAndWhereFrom(t *testing.T) {
	seen := map[string]bool{}
	say := func(id string, texts ...string) {
		if seen[id] {
			t.Errorf("two rules are called %s", id)
		}
		seen[id] = true
		for _, text := range texts {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s lacks a text", id)
			}
		}
	}
	for _, r := range FileRules {
		say(r.ID, string(r.Severity), r.Looks, r.Reason, r.Fix, r.Source)
	}
	for _, r := range Rules {
		say(r.ID, string(r.Severity), r.Looks, r.Reason, r.Fix, r.Source)
	}
	for _, r := range rules.Rules {
		say(r.ID)
	}
	for id, promise := range observe.Rules {
		say(id, promise)
	}
}
