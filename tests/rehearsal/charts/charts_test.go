package charts

import (
	"path/filepath"
	"strings"
	"testing"

	"flink-payments/k8s/chart"
)

func TestTheProgramReadsItsCRDsFromTheServedChart(t *testing.T) {
	for _, folder := range []string{filepath.Join("..", "..", "..", "..", "shared", "data", "flink-crds"), t.TempDir()} {
		served, err := Serve(filepath.Join(t.TempDir(), "port"), folder, []string{"1.10.0", "1.15.0"}, "v1.15.3")
		if err != nil {
			t.Fatal(err)
		}
		defer served.Stop()
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
	first, err := Serve(port, "", []string{"1.10.0"}, "v1.15.3")
	if err != nil {
		t.Fatal(err)
	}
	first.Stop()
	second, err := Serve(port, "", []string{"1.10.0"}, "v1.15.3")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Stop()
	if first.URL != second.URL {
		t.Errorf("%s, then %s: every later command would change the releases", first.URL, second.URL)
	}
}
