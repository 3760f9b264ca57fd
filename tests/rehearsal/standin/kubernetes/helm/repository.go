package helm

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"flink-payments/tests/rehearsal/standin/plain"
)

var chartClient = &http.Client{Timeout: 30 * time.Second}

// reachable says whether the chart is where the inputs say, in their version.
func reachable(in map[string]any) error {
	chart, version, repo := plain.Text(in, "chart"), plain.Text(in, "version"), plain.Text(in, "repositoryOpts", "repo")
	if strings.HasPrefix(chart, "oci://") {
		return fmt.Errorf("failed to download %q: the stand-in has no OCI registry", chart)
	}
	if repo == "" {
		if strings.HasSuffix(chart, ".tgz") {
			if _, err := os.Stat(chart); err != nil {
				return fmt.Errorf("path %q not found", chart)
			}
			return nil
		}
		if _, err := os.Stat(filepath.Join(chart, "Chart.yaml")); err != nil {
			return fmt.Errorf("path %q not found: no Chart.yaml in it", chart)
		}
		return nil
	}
	cannot := func(err any) error {
		return fmt.Errorf("looks like %q is not a valid chart repository or cannot be reached: %v", repo, err)
	}
	response, err := chartClient.Get(strings.TrimSuffix(repo, "/") + "/index.yaml")
	if err != nil {
		return cannot(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return cannot(response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, 32<<20))
	if err != nil {
		return cannot(err)
	}
	var index struct {
		Entries map[string][]struct{ Version string }
	}
	if err := yaml.Unmarshal(content, &index); err != nil {
		return cannot(err)
	}
	for _, entry := range index.Entries[chart] {
		if version == "" || strings.TrimPrefix(entry.Version, "v") == strings.TrimPrefix(version, "v") {
			return nil
		}
	}
	return fmt.Errorf("chart %q version %q not found in %s repository", chart, version, repo)
}
