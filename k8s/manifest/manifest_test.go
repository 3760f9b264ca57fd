package manifest

import (
	"encoding/json"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func plain(text string) map[string]any {
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	return value
}

func TestWhatNobodySetIsNotSent(t *testing.T) {
	meta := metav1.ObjectMeta{Name: "a"}
	for name, c := range map[string]struct {
		object any
		want   string
	}{
		"an empty spec": {corev1.Namespace{ObjectMeta: meta}, `{"metadata":{"name":"a"}}`},
		"a status":      {policyv1.PodDisruptionBudget{ObjectMeta: meta}, `{"metadata":{"name":"a"}}`},
		"a container's resources, a template's metadata": {
			corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a"}}}},
			`{"spec":{"containers":[{"name":"a"}]}}`,
		},
		"no containers": {corev1.PodTemplateSpec{Spec: corev1.PodSpec{NodeName: "n"}}, `{"spec":{"nodeName":"n"}}`},
	} {
		if got := Of(c.object); !reflect.DeepEqual(got, plain(c.want)) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatIsMeantToBeEmptyIsSent(t *testing.T) {
	policy := networkingv1.NetworkPolicy{Spec: networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{}}}
	if got := Of(policy)["spec"].(map[string]any)["podSelector"]; got == nil {
		t.Error("a selector of every pod is left out")
	}
	volume := Of(corev1.Volume{Name: "a", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	if volume["emptyDir"] == nil {
		t.Error("an emptyDir is left out")
	}
}

func TestAMergeChangesNeitherTemplate(t *testing.T) {
	read := func() (base, extra map[string]any) {
		return plain(`{"a":{"b":[{"name":"x","v":1}]}}`), plain(`{"a":{"b":[{"name":"x","v":2},{"name":"y"}],"c":[1]}}`)
	}
	base, extra := read()
	merged := Merge(base, extra)
	if want := plain(`{"a":{"b":[{"name":"x","v":2},{"name":"y"}],"c":[1]}}`); !reflect.DeepEqual(merged, want) {
		t.Errorf("merged %v", merged)
	}
	merged["a"].(map[string]any)["b"].([]any)[1].(map[string]any)["late"] = true
	if b, e := read(); !reflect.DeepEqual(base, b) || !reflect.DeepEqual(extra, e) {
		t.Errorf("now %v and %v", base, extra)
	}
}
