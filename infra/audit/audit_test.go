package audit

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const bucketPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Principal":"*","Action":["s3:PutObject"],"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b"],"Condition":{"Bool":{"aws:SecureTransport":["false"]}}}]}`

func statement(t *testing.T) Statement {
	t.Helper()
	document := func(name, on, text string) Document {
		d, err := NewDocument(name, on, text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return Statement{
		Job: "fraud-scoring", Namespace: "payments", Environment: "prod", Cluster: "kv-prod",
		State: State{
			Bucket: "kv-flink-state-payments-prod", BucketARN: "arn:aws:s3:::kv-flink-state-payments-prod",
			Region: "ap-south-1", Account: "123456789012", KeyARN: "arn:aws:kms:ap-south-1:123456789012:key/k",
			Roots: []Root{
				{"s3://kv-flink-state-payments-prod/checkpoints", "checkpoints"},
				{"s3://kv-flink-state-payments-prod/savepoints", "savepoints"},
			},
			RecoveryWindowDays: 14,
		},
		Access: Access{
			RoleARN:        "arn:aws:iam::123456789012:role/kv-prod-payments-fraud-scoring",
			Subjects:       []string{"system:serviceaccount:payments:flink"},
			Issuers:        []string{"https://oidc.eks.ap-south-1.amazonaws.com/id/B", "https://oidc.eks.ap-south-1.amazonaws.com/id/A"},
			Administrators: []string{"arn:aws:iam::123456789012:role/deployer", "arn:aws:iam::123456789012:role/break-glass"},
		},
		Removal: []Removal{
			{"retention", "Objects anywhere in the bucket are deleted 365 days after they were written.", "kv-flink-state-payments-prod-logs"},
			{"checkpoints-recovery-window", "Versions under checkpoints/ are removed for ever 14 days after they were deleted or replaced.", "kv-flink-state-payments-prod"},
		},
		Logs: Logs{AccessLogs: "s3://kv-flink-state-payments-prod-logs/s3/"},
		Documents: []Document{
			document("role trust", "kv-prod-payments-fraud-scoring", `{"Version":"2012-10-17"}`),
			document("bucket policy", "kv-flink-state-payments-prod", bucketPolicy),
		},
	}
}

func TestTheStatementAnswersTheAuditorsFourQuestions(t *testing.T) {
	text, err := statement(t).Markdown()
	if err != nil {
		t.Fatal(err)
	}
	for question, answers := range map[string][]string{
		"### Where the state lives": {"kv-flink-state-payments-prod", "ap-south-1", "123456789012", "key/k", "/savepoints", "for 14 days"},
		"### Who can reach it":      {"role/kv-prod-payments-fraud-scoring", "system:serviceaccount:payments:flink", "role/deployer", "role/break-glass", "nobody; an administrator"},
		"### What removes it":       {"14 days after they were deleted", "365 days", "checkpoints-recovery-window"},
		"### Where the logs are":    {"kv-flink-state-payments-prod-logs/s3/", "not recorded"},
		"### Policy documents":      {"bucket policy", "role trust", "sha256sum"},
	} {
		at := strings.Index(text, question)
		if at < 0 {
			t.Fatalf("no section %q in\n%s", question, text)
		}
		section := text[at+len(question):]
		if next := strings.Index(section, "\n### "); next >= 0 {
			section = section[:next]
		}
		for _, answer := range answers {
			if !strings.Contains(section, answer) {
				t.Errorf("%s does not say %q:\n%s", question, answer, section)
			}
		}
	}
	logged := statement(t)
	logged.Removal[0].Bucket = "a-bucket-of-logs"
	text, err = logged.Markdown()
	if state, logs := strings.Index(text, "In `kv-flink-state-payments-prod`:"), strings.Index(text, "In `a-bucket-of-logs`:"); err != nil || state < 0 || logs < state {
		t.Errorf("what removes the state does not stand before what removes its logs: %v\n%s", err, text)
	}
	trailed := statement(t)
	trailed.Logs.TrailARN = "arn:aws:cloudtrail:ap-south-1:123456789012:trail/t"
	if text, _ = trailed.Markdown(); strings.Contains(text, "not recorded") || !strings.Contains(text, "trail/t") {
		t.Error("the trail is not named")
	}
}

func TestTheSameFactsGiveTheSameBytes(t *testing.T) {
	one, other := statement(t), statement(t)
	slices.Reverse(other.Documents)
	slices.Reverse(other.Access.Administrators)
	slices.Reverse(other.Access.Issuers)
	other.Access.Erasers = []string{}
	for name, render := range map[string]func(Statement) (string, error){"Markdown": Statement.Markdown, "JSON": Statement.JSON} {
		a, err := render(one)
		if err != nil {
			t.Fatal(err)
		}
		b, err := render(other)
		if err != nil {
			t.Fatal(err)
		}
		if a != b {
			t.Errorf("%s differs by the order of its input:\n%s\n%s", name, a, b)
		}
	}
	if one.Documents[0].Name != "role trust" {
		t.Error("rendering changed the caller's statement")
	}
}

func TestTheJSONIsTheStatement(t *testing.T) {
	text, err := statement(t).JSON()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var read Statement
	if err := decoder.Decode(&read); err != nil {
		t.Fatal(err)
	}
	if want := statement(t).sorted(); !reflect.DeepEqual(read, want) {
		t.Errorf("read %+v, want %+v", read, want)
	}
	if strings.Contains(text, "null") {
		t.Errorf("an empty list is null, not a list:\n%s", text)
	}
}

func TestAStatementThatLeavesAQuestionOpenIsRefused(t *testing.T) {
	for missing, without := range map[string]func(*Statement){
		"job":                   func(s *Statement) { s.Job = "" },
		"state.bucket":          func(s *Statement) { s.State.BucketARN = "" },
		"state.region":          func(s *Statement) { s.State.Region = "" },
		"state.account":         func(s *Statement) { s.State.Account = "" },
		"state.keyArn":          func(s *Statement) { s.State.KeyARN = "" },
		"state.roots":           func(s *Statement) { s.State.Roots = nil },
		"access.roleArn":        func(s *Statement) { s.Access.RoleARN = "" },
		"access.subjects":       func(s *Statement) { s.Access.Subjects = nil },
		"access.administrators": func(s *Statement) { s.Access.Administrators = nil },
		"removal":               func(s *Statement) { s.Removal = nil },
		"logs.accessLogs":       func(s *Statement) { s.Logs.AccessLogs = "" },
		"documents":             func(s *Statement) { s.Documents = nil },
	} {
		s := statement(t)
		without(&s)
		for name, render := range map[string]func(Statement) (string, error){"Markdown": Statement.Markdown, "JSON": Statement.JSON} {
			if _, err := render(s); err == nil || !strings.Contains(err.Error(), missing) {
				t.Errorf("%s without %s: error %v", name, missing, err)
			}
		}
	}
}

func TestWhatAWSReturnsHashesAsWhatWasSent(t *testing.T) {
	sent, err := NewDocument("bucket policy", "b", bucketPolicy)
	if err != nil {
		t.Fatal(err)
	}
	for name, returned := range map[string]string{
		"indented, keys in another order": `{
  "Statement": [{"Condition":{"Bool":{"aws:SecureTransport":["false"]}}, "Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b"],
  "Action":["s3:PutObject"],"Principal":"*","Effect":"Deny","Sid":"A"}], "Version": "2012-10-17"}`,
		"lists of one unwrapped":     `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`,
		"resources in another order": strings.Replace(bucketPolicy, `"arn:aws:s3:::b/*","arn:aws:s3:::b"`, `"arn:aws:s3:::b","arn:aws:s3:::b/*"`, 1),
	} {
		got, err := NewDocument("bucket policy", "b", returned)
		if err != nil || got != sent {
			t.Errorf("%s: %v, %v, want %v", name, got, err, sent)
		}
	}
	for name, changed := range map[string]string{
		"another effect":        strings.Replace(bucketPolicy, "Deny", "Allow", 1),
		"another action":        strings.Replace(bucketPolicy, "PutObject", "GetObject", 1),
		"a resource less":       strings.Replace(bucketPolicy, `"arn:aws:s3:::b/*",`, "", 1),
		"a condition less":      strings.Replace(bucketPolicy, `,"Condition":{"Bool":{"aws:SecureTransport":["false"]}}`, "", 1),
		"a statement more":      strings.Replace(bucketPolicy, `"Statement":[`, `"Statement":[{"Effect":"Allow"},`, 1),
		"letters of other case": strings.Replace(bucketPolicy, "s3:PutObject", "S3:PutObject", 1),
	} {
		got, err := NewDocument("bucket policy", "b", changed)
		if err != nil || got.SHA256 == sent.SHA256 {
			t.Errorf("%s is not noticed: %v", name, err)
		}
	}
	for _, broken := range []string{"", "{", `{"a":1} {"b":2}`} {
		if _, err := NewDocument("bucket policy", "b", broken); err == nil {
			t.Errorf("%q is hashed", broken)
		}
	}
}

func TestTheFilterForTheAuditorDoesWhatTheCodeDoes(t *testing.T) {
	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Skip("jq is not installed")
	}
	for _, document := range []string{
		bucketPolicy, `{"b":["y","x"],"a":[["z"],["q"]],"n":null,"e":[],"l":"<&>"}`, `{"ü":["é","e","z"]}`,
	} {
		want, err := Canonical(document)
		if err != nil {
			t.Fatal(err)
		}
		command := exec.Command(jq, "-cSj", CanonicalFilter)
		command.Stdin = strings.NewReader(document)
		got, err := command.Output()
		if err != nil || !bytes.Equal(got, []byte(want)) {
			t.Errorf("jq %s, %v; code %s", got, err, want)
		}
	}
}

func FuzzCanonicalIsStable(f *testing.F) {
	f.Add(bucketPolicy)
	f.Add(`[["a"],["b","a"],{}]`)
	f.Fuzz(func(t *testing.T, text string) {
		once, err := Canonical(text)
		if err != nil {
			return
		}
		twice, err := Canonical(once)
		if err != nil || twice != once {
			t.Errorf("%q, then %q, %v", once, twice, err)
		}
	})
}

func TestNoValueBreaksTheTable(t *testing.T) {
	s := statement(t)
	s.State.Bucket = "a|b\n# c`d"
	s.Job = "x\n# y"
	text, err := s.Markdown()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "# ") {
			t.Errorf("a value made a heading: %q", line)
		}
	}
}
