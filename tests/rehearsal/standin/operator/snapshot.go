package operator

import (
	"time"

	"flink-payments/tests/rehearsal/world"
)

func (s *step) snapshot() (gone bool) {
	if s.meta["deletionTimestamp"] != nil {
		savepoint := child(s.spec, "savepoint")
		if dispose, set := savepoint["disposeOnDelete"]; len(savepoint) > 0 && (!set || dispose == true) {
			if bucket, key, ok := s3Path(text(s.status, "path")); ok {
				_ = s.w.Delete("aws", world.S3ObjectType, bucket+"/"+key+"/_metadata")
			}
		}
		return true
	}
	s.hold(snapshotFinalizer)
	switch s.status["state"] {
	case nil:
		s.status["state"], s.status["failures"] = "TRIGGER_PENDING", 0.0
	case "TRIGGER_PENDING":
		job, there := s.subject()
		if !there || text(child(child(job.State, "status"), "jobStatus"), "state") != "RUNNING" {
			s.status["state"], s.status["error"] = "ABANDONED", "the job is not running"
			return false
		}
		s.status["state"], s.status["triggerTimestamp"] = "IN_PROGRESS", s.now.UTC().Format(time.RFC3339)
		s.enter("savepointing", savepointTakes)
	case "IN_PROGRESS":
		if !s.over() {
			return false
		}
		job, there := s.subject()
		if !there || s.w.Obey(text(child(s.spec, "jobReference"), "name"), world.FailNextSnapshot) {
			s.status["state"], s.status["failures"], s.status["error"] = "FAILED", 1.0, "the savepoint failed"
			return false
		}
		s.status["path"] = s.savepoint(child(job.State, "spec"))
		s.status["state"], s.status["resultTimestamp"] = "COMPLETED", s.now.UTC().Format(time.RFC3339)
	}
	return false
}

func (s *step) subject() (world.Object, bool) {
	return s.store.Get(world.DeploymentType, s.namespace()+"/"+text(child(s.spec, "jobReference"), "name"))
}
