package expected

import (
	"strings"
	"testing"
)

const stack = `{"platform": {"cluster": "kv-prod"}, "jobs": {
  "fraud-scoring": {"name": "fraud-scoring", "namespace": "payments", "bucket": "state", "region": "ap-south-1",
    "checkpointsUri": "s3://state/checkpoints", "savepointsUri": "s3://state/savepoints", "haUri": "s3://state/ha",
    "roleArn": "arn:aws:iam::111122223333:role/flink", "parallelism": 6, "restService": "fraud-scoring-rest", "restPort": 8081,
    "savepoint": {"request": 1, "location": "s3://state/savepoints/savepoint-a"}, "later": {"added": true}}%s}}`

func TestAJobIsReadFromItsStacksOutputsAndFlagsWin(t *testing.T) {
	got, err := Read(strings.NewReader(strings.Replace(stack, "%s", "", 1)), Job{Parallelism: 8})
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "fraud-scoring" || got.Namespace != "payments" || got.Parallelism != 8 || got.Region != "ap-south-1" ||
		got.RoleARN != "arn:aws:iam::111122223333:role/flink" || got.Savepoint.Location != "s3://state/savepoints/savepoint-a" {
		t.Errorf("read %+v", got)
	}
}

func TestFlagsAloneAreEnough(t *testing.T) {
	got, err := Read(nil, Job{Name: "a", Namespace: "n", Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if got.CheckpointsURI != "s3://b/checkpoints" || got.SavepointsURI != "s3://b/savepoints" || got.HAURI != "s3://b/ha" ||
		got.RESTService != "a-rest" || got.RESTPort != 8081 {
		t.Errorf("derived %+v", got)
	}
}

func TestAnUnclearSubjectIsAMistakeOfTheCaller(t *testing.T) {
	two := strings.Replace(stack, "%s", `, "other": {"namespace": "payments"}`, 1)
	for name, c := range map[string]struct {
		outputs string
		flags   Job
		says    string
	}{
		"several jobs, none named": {two, Job{}, "name one by --name"},
		"a name that is not there": {two, Job{Name: "third"}, `no job "third", only fraud-scoring, other`},
		"an entry without bucket":  {two, Job{Name: "other"}, "--bucket"},
		"another stack's outputs":  {`{"vpc": "vpc-1"}`, Job{}, "no map `jobs`"},
		"not JSON":                 {`jobs:`, Job{}, "pulumi stack output --json"},
		"a masked secret":          {`{"jobs": {"a": "[secret]"}}`, Job{}, "not a job's description"},
		"a root that is no path":   {two, Job{Name: "fraud-scoring", HAURI: "/ha"}, "not an s3://"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.outputs), c.flags)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
		})
	}
	if _, err := Read(nil, Job{Name: "a"}); err == nil {
		t.Error("a name alone was taken as a job")
	}
}

func TestAPathIsUnderARootOnlyByWholeParts(t *testing.T) {
	for _, c := range []struct {
		uri, root string
		under     bool
	}{
		{"s3://b/checkpoints/j/chk-1", "s3://b/checkpoints", true},
		{"s3://b/checkpoints/j/chk-1", "s3://b/checkpoints/", true},
		{"s3p://b/checkpoints/j", "s3://b/checkpoints", true},
		{"s3://b/checkpoints-old/j", "s3://b/checkpoints", false},
		{"s3://c/checkpoints/j", "s3://b/checkpoints", false},
		{"file:///checkpoints/j", "s3://b/checkpoints", false},
		{"s3://b/j", "s3://b", true},
	} {
		if Under(c.uri, c.root) != c.under {
			t.Errorf("Under(%q, %q) = %v", c.uri, c.root, !c.under)
		}
	}
	if !Same("s3://b/a/", "s3p://b/a") || Same("s3://b/a", "s3://b/a/b") || Same("", "") {
		t.Error("Same does not compare places")
	}
}
