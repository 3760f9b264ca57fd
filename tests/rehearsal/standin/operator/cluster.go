package operator

import "flink-payments/tests/rehearsal/world"

// A cluster is the JobManager of one FlinkDeployment, its pods and its REST.
type cluster interface {
	look() picture
	// metadata says whether the HA metadata holds a checkpoint to go on from.
	metadata() bool
	// start makes the JobManager with the specification of now, its job from a path.
	start(from string)
	// stop takes the JobManager away.
	stop()
	// finish is the end of the job by a savepoint: the HA metadata goes with it.
	finish()
	// ran is told when the job was first seen RUNNING.
	ran()
	// pods there are, and rest what Flink's REST answers, by path.
	pods() []world.Object
	rest() map[string]string
}

// A picture is what there is to see of a cluster at one moment.
type picture struct {
	// exists: the Deployment is there.
	exists bool
	// available: a JobManager is ready and its port open.
	available bool
	// neverStarted: no container of a JobManager ever ran.
	neverStarted bool
	// problem is the message of a container that waits or of a ReplicaSet that
	// cannot make pods, mount that of an event of a volume; empty: none.
	problem, mount string
	// job is Flink's state of it, or one of the two below.
	job string
	// failure of a job that is FAILED; mainThrew: because its main() did.
	failure   string
	mainThrew bool
	// since is when the job was started, in milliseconds.
	since string
}

const (
	noAnswer = ""
	noJob    = "no such job"
)
