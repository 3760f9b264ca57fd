package preflight

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Input is what a job's new generation would be started with.
type Input struct {
	// Deployment is the name of the FlinkDeployment, of at most 45 characters, and Namespace where it is.
	Deployment string
	Namespace  string
	// Labels of the objects; those of the pods come from PodTemplate.
	Labels map[string]string

	ServiceAccount string
	Image          string
	// FlinkVersion is the operator's spelling: v1_18.
	FlinkVersion string
	// JarURI is local:///opt/flink/usrlib/NAME.jar; EntryClass may be empty.
	JarURI     string
	EntryClass string
	Args       []string
	// Parallelism of the job: the operator writes it to parallelism.default.
	Parallelism int
	// AllowNonRestoredState lets state go that no operator of the new graph claims.
	AllowNonRestoredState bool
	// Restore is the path of the savepoint or checkpoint to start from; empty:
	// the newest below the configured directories, and none is no fault.
	Restore string
	// Configuration is spec.flinkConfiguration.
	Configuration map[string]string
	// PodTemplate is what the operator makes the JobManager's pods of: the
	// template of both components with the JobManager's own laid over it.
	PodTemplate corev1.PodTemplateSpec
	// CPU in cores and Memory in bytes of a JobManager.
	CPU    float64
	Memory int64
	// SecretFiles are paths in the pod that must be there, such as /vault/secrets/kafka.properties.
	SecretFiles []string

	// Timeout from the Job's creation on, the pull of the image included; more than 0.
	Timeout time.Duration
}

// Name of the Job and its ConfigMap: DEPLOYMENT-preflight-HASH. The hash is of
// everything that the answer depends on, so the same question is asked once;
// labels and the time-out are not part of it.
func (in Input) Name() string {
	in.Labels, in.Timeout = nil, 0
	text, err := json.Marshal(in)
	if err != nil {
		panic(err) // strings, numbers and a Kubernetes type: all of them have a JSON form
	}
	sum := sha256.Sum256(text)
	// Seven characters: 45 + len("-preflight-") + 7 is 63, what a label holds.
	return in.Deployment + "-preflight-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:7]
}

// limit in seconds after which the check itself gives up and says where main()
// stands: earlier than the Job's deadline, which would take the pod and its log away.
func (in Input) limit() int64 {
	seconds := int64(in.Timeout / time.Second)
	return max(seconds-60, seconds/2, 1)
}
