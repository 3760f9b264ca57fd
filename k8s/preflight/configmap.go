package preflight

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// operatorPrefixes of keys that the operator keeps to itself: no pod sees them.
var operatorPrefixes = []string{"kubernetes.operator.", "job.autoscaler."}

// ConfigMap holds what the pod mounts: the jar, and the configuration under the
// name and in the form in which the operator gives it to the version's pods.
func (in Input) ConfigMap() corev1.ConfigMap {
	name, content := in.configuration()
	return corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: in.Name(), Namespace: in.Namespace, Labels: in.Labels},
		Data:       map[string]string{name: content, "log4j-console.properties": logging},
		BinaryData: map[string][]byte{"preflight.jar": jar},
	}
}

// configuration file's name and content. Until 1.20 the operator writes raw
// "key: value" lines, which Flink's own parser reads and cuts at " #"; from 2.0
// on YAML (FlinkConfMountDecorator of the operator).
func (in Input) configuration() (name, content string) {
	conf := maps.Clone(in.Configuration)
	if conf == nil {
		conf = map[string]string{}
	}
	maps.DeleteFunc(conf, func(key, _ string) bool {
		return slices.ContainsFunc(operatorPrefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	})
	conf["parallelism.default"] = strconv.Itoa(in.Parallelism)
	if !strings.HasPrefix(in.FlinkVersion, "v1_") {
		text, _ := yaml.Marshal(conf) // strings only
		return "config.yaml", string(text)
	}
	var lines strings.Builder
	for _, key := range slices.Sorted(maps.Keys(conf)) {
		fmt.Fprintf(&lines, "%s: %s\n", key, conf[key])
	}
	return "flink-conf.yaml", lines.String()
}
