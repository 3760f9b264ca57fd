package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"flink-payments/k8s/chart"
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

func someSettingsFile(t *testing.T) *settings {
	t.Helper()
	file := filepath.Join(t.TempDir(), "Pulumi.prod.yaml")
	if err := os.WriteFile(file, []byte(someSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := readSettings(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnEditChangesItsLinesOnly(t *testing.T) {
	s := someSettingsFile(t)
	before := s.String()
	for path, value := range map[string]any{jobPath("image"): "x:2", jobPath("savepoint.request"): 1} {
		if err := s.set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"- image: x:1 # reviewed", "+ image: x:2 # reviewed", "+ savepoint:", "+ request: 1"}
	if got := changedLines(before, s.String()); !slices.Equal(got, want) {
		t.Errorf("changed lines %q, want %q", got, want)
	}
	if err := s.set(projectName+":jobs[7].image", "x"); err == nil {
		t.Error("an edit of a job that is not there was taken")
	}
	if err := s.set("aws:region.below", "x"); err == nil {
		t.Error("an edit below a text was taken")
	}
}

func TestJobsAreMultipliedWithNamesOfTheirOwn(t *testing.T) {
	s := someSettingsFile(t)
	for range 2 { // the second time starts from three
		if err := s.jobCount(3); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"jobs[0].name": "a", "jobs[1].name": "a-2", "jobs[2].name": "a-3", "jobs[2].state.bucket": "b-3", "jobs[2].image": "x:1",
	} {
		if got, _ := s.text(projectName + ":" + path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if text, set := s.text(projectName + ":jobs[3].name"); set {
		t.Errorf("a fourth job: %s", text)
	}
}

func TestTheProgramReadsItsCRDsFromTheServedChart(t *testing.T) {
	for _, folder := range []string{filepath.Join("..", "..", "..", "shared", "data", "flink-crds"), t.TempDir()} {
		served, err := serveCharts(filepath.Join(t.TempDir(), "port"), folder, []string{"1.10.0", "1.15.0"}, "v1.15.3")
		if err != nil {
			t.Fatal(err)
		}
		defer served.stop()
		crds, err := chart.CRDs(t.Context(), chart.Source{
			Repository: served.URL + "/flink-kubernetes-operator", Chart: "flink-kubernetes-operator", Version: "1.10.0", Setting: "platform.operator"})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, crd := range crds {
			names = append(names, crd.Plural())
		}
		if got := strings.Join(names, " "); got != "flinkdeployments flinksessionjobs flinkstatesnapshots" {
			t.Errorf("CRDs with %s: %s", folder, got)
		}
	}
}

func TestTheChartRepositoryKeepsItsAddress(t *testing.T) {
	port := filepath.Join(t.TempDir(), "port")
	first, err := serveCharts(port, "", []string{"1.10.0"}, "v1.15.3")
	if err != nil {
		t.Fatal(err)
	}
	first.stop()
	second, err := serveCharts(port, "", []string{"1.10.0"}, "v1.15.3")
	if err != nil {
		t.Fatal(err)
	}
	defer second.stop()
	if first.URL != second.URL {
		t.Errorf("%s, then %s: every later command would change the releases", first.URL, second.URL)
	}
}

func TestTheLongestPathWaitsForDependenciesAndParents(t *testing.T) {
	urn := func(typ, name string) resource.URN {
		return resource.URN("urn:pulumi:prod::flink-payments::" + typ + "::" + name)
	}
	release, job, bucket := "kubernetes:helm.sh/v3:Release", "kubernetes:flink.apache.org/v1beta1:FlinkDeployment", "aws:s3/bucketV2:BucketV2"
	custom := func(typ, name string, after ...resource.URN) apitype.ResourceV3 {
		r := apitype.ResourceV3{URN: urn(typ, name), Custom: true, Dependencies: after}
		r.Type = r.URN.Type()
		return r
	}
	path := criticalPath([]apitype.ResourceV3{
		custom(bucket, "bucket"),
		custom(release, "cert-manager"),
		custom(release, "operator", urn(release, "cert-manager")),
		custom(job, "job", urn(bucket, "bucket"), urn(release, "operator")),
		custom(bucket, "other"),
	})
	var names []string
	for _, s := range path {
		names = append(names, s.urn.Name())
	}
	if got := strings.Join(names, " "); got != "cert-manager operator job" {
		t.Errorf("longest path: %s", got)
	}
	if want := 2*wild(release, "Create") + wild(job, "Create"); path[len(path)-1].done != want {
		t.Errorf("it takes %s, want %s", path[len(path)-1].done, want)
	}
}
