// Package preflight asks Flink, before an upgrade stops a job, whether the new
// image with the new configuration would start from the job's state. The
// question is a Kubernetes Job; the asking is done by Java in java/, compiled
// to preflight.jar, which reads and compares by the classes of the image itself.
// This package makes the documents and reads the answer. It knows no Pulumi.
package preflight
