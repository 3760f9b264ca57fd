package charts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// operatorCRDs returns the chart's crds/: the operator's own of that version
// where a folder has them, else small ones with the right names and the status
// subresource.
func operatorCRDs(folder, version string) (map[string]string, error) {
	files := map[string]string{}
	var real []string
	var err error
	if folder != "" {
		real, err = filepath.Glob(filepath.Join(folder, version, "*.yml"))
	}
	if err != nil {
		return nil, err
	}
	for _, file := range real {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		files["crds/"+filepath.Base(file)] = string(text)
	}
	if len(files) > 0 {
		return files, nil
	}
	for kind, plural := range map[string]string{
		"FlinkDeployment": "flinkdeployments", "FlinkSessionJob": "flinksessionjobs", "FlinkStateSnapshot": "flinkstatesnapshots",
	} {
		files["crds/"+plural+".flink.apache.org-v1.yml"] = fmt.Sprintf(smallCRD, plural, kind, plural, strings.ToLower(kind), version)
	}
	return files, nil
}

const smallCRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: %s.flink.apache.org
spec:
  group: flink.apache.org
  names:
    kind: %s
    plural: %s
    singular: %s
  scope: Namespaced
  versions:
  - name: v1beta1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        description: as of operator %s
        type: object
        properties:
          spec:
            type: object
            x-kubernetes-preserve-unknown-fields: true
          status:
            type: object
            x-kubernetes-preserve-unknown-fields: true
    subresources:
      status: {}
`
