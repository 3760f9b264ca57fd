package rules

import (
	"fmt"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/manifest"
	"flink-payments/k8s/validation"
)

// container is what the rules read of a container of the pod template.
type container struct {
	path, name string
	init       bool
	fields     map[string]any
	env        []variable
}

type variable struct{ path, name, value string }

func indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// containers of the job's own pod template. What has another shape than
// Kubernetes' is left out: pod-template-shape tells.
func (s Input) containers() []container {
	var all []container
	for _, list := range []string{"containers", "initContainers"} {
		elements, _ := manifest.SpecOf(s.Job.PodTemplate)[list].([]any)
		for i, element := range elements {
			fields, _ := element.(map[string]any)
			c := container{path: indexed("podTemplate.spec."+list, i), name: manifest.NameOf(element), init: list != "containers", fields: fields}
			env, _ := fields["env"].([]any)
			for n, e := range env {
				of, _ := e.(map[string]any)
				value := ""
				if of["value"] != nil {
					value = fmt.Sprint(of["value"])
				}
				c.env = append(c.env, variable{indexed(c.path+".env", n), manifest.NameOf(e), value})
			}
			all = append(all, c)
		}
	}
	return all
}

// shape shows a scalar, and of anything else only what it is: it may hold a secret.
func shape(value any) string {
	switch value.(type) {
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	}
	return fmt.Sprint(value)
}

var podRules = []validation.Rule[Input]{
	{
		ID: "pod-template-shape", Severity: validation.Refuse, Looks: "podTemplate",
		Reason: "this is not a Pod: Kubernetes drops what it does not know without a word",
		Fix:    "metadata and spec, with containers as a list of maps that each have a name",
		Source: "Kubernetes: Pod; operator: CRD schema, pod template merged by name",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, part := range []string{"metadata", "spec"} {
				value, set := s.Job.PodTemplate[part]
				_, ok := value.(map[string]any)
				found = append(found, when(set && !ok, "podTemplate."+part, shape(value))...)
			}
			for _, list := range []string{"containers", "initContainers"} {
				value, set := manifest.SpecOf(s.Job.PodTemplate)[list]
				elements, ok := value.([]any)
				found = append(found, when(set && !ok, "podTemplate.spec."+list, shape(value))...)
				for i, element := range elements {
					found = append(found, when(manifest.NameOf(element) == "", indexed("podTemplate.spec."+list, i)+".name", "")...)
				}
			}
			return found
		},
	},
	{
		ID: "pod-template-main-container", Severity: validation.Refuse, Looks: "podTemplate: " + flink.MainContainer,
		Reason: "Flink takes these of its container from the job's own settings: what stands here is lost or contradicts them",
		Fix:    "image, jobManager and taskManager of the job",
		Source: "operator docs: pod template; Flink docs: native Kubernetes, fields overwritten by Flink",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, c := range s.containers() {
				for _, field := range []string{"image", "imagePullPolicy", "resources", "command", "args"} {
					if value, set := c.fields[field]; set && c.name == flink.MainContainer {
						found = append(found, validation.Finding{Path: c.path + "." + field, Value: shape(value)})
					}
				}
			}
			return found
		},
	},
	{
		ID: "pod-template-sidecar", Severity: validation.Warn, Looks: "podTemplate: containers",
		Reason: "Flink 1.18 takes a pod for dead when any of its containers ends: a sidecar that stops kills a healthy TaskManager and restarts the job",
		Fix:    "the container under initContainers with restartPolicy: Always, which Flink does not look at",
		Source: "Flink native Kubernetes: TaskManagers are bare pods; Kubernetes docs: sidecar containers",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			for _, c := range s.containers() {
				found = append(found, when(!c.init && c.name != "" && c.name != flink.MainContainer, c.path, c.name)...)
			}
			return found
		},
	},
	{
		ID: "pod-template-privilege", Severity: validation.Refuse, Looks: "podTemplate: securityContext, hostNetwork, hostPID, hostIPC",
		Reason: "the pod gets rights that no job needs: who breaks into the job reaches the node",
		Fix:    "nothing here: the program sets Flink's own user, 9999, and drops every capability",
		Source: "Kubernetes docs: Pod Security Standards, restricted",
		Check: func(s Input) []validation.Finding {
			var found []validation.Finding
			look := func(path string, of map[string]any, field string, bad ...string) {
				value, set := of[field]
				for _, b := range bad {
					found = append(found, when(set && fmt.Sprint(value) == b, path+"."+field, b)...)
				}
			}
			pod := manifest.SpecOf(s.Job.PodTemplate)
			for _, host := range []string{"hostNetwork", "hostPID", "hostIPC"} {
				look("podTemplate.spec", pod, host, "true")
			}
			contexts := []struct {
				path string
				of   any
			}{{"podTemplate.spec.securityContext", pod["securityContext"]}}
			for _, c := range s.containers() {
				contexts = append(contexts, struct {
					path string
					of   any
				}{c.path + ".securityContext", c.fields["securityContext"]})
			}
			for _, c := range contexts {
				of, _ := c.of.(map[string]any)
				look(c.path, of, "runAsUser", "0")
				look(c.path, of, "runAsGroup", "0")
				look(c.path, of, "runAsNonRoot", "false")
				look(c.path, of, "privileged", "true")
				look(c.path, of, "allowPrivilegeEscalation", "true")
			}
			return found
		},
	},
}
