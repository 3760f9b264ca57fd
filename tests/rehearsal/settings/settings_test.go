package settings

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"flink-payments/tests/rehearsal/inspect"
)

const someSettings = `config:
  aws:region: ap-south-1
  flink-payments:platform:
    operator: {version: "1.10.0"}
  flink-payments:jobs:
    - name: a
      image: x:1 # reviewed
      state:
        bucket: b
`

func someSettingsFile(t *testing.T) *Settings {
	t.Helper()
	file := filepath.Join(t.TempDir(), "Pulumi.prod.yaml")
	if err := os.WriteFile(file, []byte(someSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnEditChangesItsLinesOnly(t *testing.T) {
	s := someSettingsFile(t)
	before := s.String()
	for path, value := range map[string]any{Job("image"): "x:2", Job("savepoint.request"): 1} {
		if err := s.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"- image: x:1 # reviewed", "+ image: x:2 # reviewed", "+ savepoint:", "+ request: 1"}
	if got := inspect.Changed(before, s.String()); !slices.Equal(got, want) {
		t.Errorf("changed lines %q, want %q", got, want)
	}
	if err := s.Set(Project+":jobs[7].image", "x"); err == nil {
		t.Error("an edit of a job that is not there was taken")
	}
	if err := s.Set("aws:region.below", "x"); err == nil {
		t.Error("an edit below a text was taken")
	}
}

func TestJobsAreMultipliedWithNamesOfTheirOwn(t *testing.T) {
	s := someSettingsFile(t)
	for range 2 { // the second time starts from three
		if err := s.JobCount(3); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"jobs[0].name": "a", "jobs[1].name": "a-2", "jobs[2].name": "a-3", "jobs[2].state.bucket": "b-3", "jobs[2].image": "x:1",
	} {
		if got, _ := s.Text(Project + ":" + path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if text, set := s.Text(Project + ":jobs[3].name"); set {
		t.Errorf("a fourth job: %s", text)
	}
}
