package diagnosis

import (
	"regexp"
	"slices"
	"strings"
)

// event is a line of an object's events: TIME TYPE REASON: MESSAGE.
var event = regexp.MustCompile(`^\S+ (?:Normal|Warning) (\w+): ((?s:.*))$`)

// past are reasons after which an older trouble of the same object is over.
var past = []string{"SuccessfulCreate", "Scheduled", "Pulled", "Created", "Started"}

// eventFindings of each object's events. What a pod's own status says as well
// (image, scheduling) is told from there.
func eventFindings(objects [][]string) []Finding {
	var found []Finding
	for _, lines := range objects {
		for _, text := range slices.Backward(lines) {
			m := event.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			reason, message := m[1], m[2]
			if slices.Contains(past, reason) {
				break
			}
			if f, telling := eventFinding(reason, message); telling {
				found = append(found, f)
			}
		}
	}
	return found
}

func eventFinding(reason, message string) (Finding, bool) {
	seen := reason + ": " + message
	switch reason {
	case "FailedCreate", "FailedUpdate", "ReplicaSetCreateError":
		for _, k := range []kind{quota, podSecurity, webhook} {
			if cause, do, matched := k.match(message); matched {
				return finding(beforeStart, cause, seen, do), true
			}
		}
		return finding(beforeStart, "Kubernetes refuses to make the pods", seen, "change in `podTemplate` what the message names"), true
	case "FailedMount", "FailedAttachVolume":
		if strings.Contains(message, "flink-config-volume") || strings.Contains(message, "pod-template-volume") {
			return finding(mayPass, "Flink's ConfigMap came after the pod, which passes by itself", seen,
				"wait two minutes; where it stays, look whether the ConfigMap is there and the operator is up"), true
		}
		return finding(consequence, "a volume of the pod cannot be mounted", seen,
			"make what the message names, or mend the volume in `podTemplate`"), true
	}
	return Finding{}, false
}
