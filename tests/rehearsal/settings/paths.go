package settings

// Project is the name in the program's Pulumi.yaml, before the colon of each path.
const Project = "flink-payments"

// Paths of settings that a rehearsal looks at.
const (
	Cluster     = Project + ":cluster"
	Operator    = Project + ":platform.operator"
	CertManager = Project + ":platform.certManager"
)

// Job is a path below the first job.
func Job(path string) string { return Project + ":jobs[0]." + path }

// An Edit is one setting and its new value; nil takes the setting away.
type Edit struct {
	Path  string
	Value any
}
