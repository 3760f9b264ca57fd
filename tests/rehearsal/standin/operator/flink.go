package operator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"flink-payments/tests/rehearsal/world"
)

// cannotStart says why the pods would not come up.
func (s *step) cannotStart() string {
	image, _, _ := strings.Cut(text(s.spec, "image"), "@")
	if strings.HasSuffix(image, "-bad") {
		return fmt.Sprintf("Back-off pulling image %q", text(s.spec, "image"))
	}
	account := text(s.spec, "serviceAccount")
	if _, there := s.store.Get(world.ServiceAccountType, s.namespace()+"/"+account); !there {
		return fmt.Sprintf(`pods is forbidden: error looking up service account %s/%s: serviceaccount %q not found`, s.namespace(), account, account)
	}
	return ""
}

// cannotRestore says why Flink would not start from the path. It looks where
// the world has the bucket.
func (s *step) cannotRestore() string {
	path, _ := s.o.Private["restore"].(string)
	bucket, key, ok := s3Path(path)
	if path == "" {
		return ""
	}
	if ok {
		if _, there := s.w.Get("aws", world.S3ObjectType, bucket+"/"+key+"/_metadata"); there {
			return ""
		}
		if len(s.w.List("aws", world.BucketType)) == 0 {
			return ""
		}
	}
	return fmt.Sprintf("Could not find checkpoint or savepoint at %s.", path)
}

func (s *step) taskManagers() float64 {
	slots, err := strconv.ParseFloat(text(child(s.spec, "flinkConfiguration"), "taskmanager.numberOfTaskSlots"), 64)
	if err != nil || slots < 1 {
		slots = 1
	}
	parallelism, _ := child(s.spec, "job")["parallelism"].(float64)
	return float64(int((parallelism + slots - 1) / slots))
}

// savepoint writes one to S3, where a specification says.
func (s *step) savepoint(spec object) string {
	number, _ := s.w.Next("savepoint")
	sum := sha256.Sum256([]byte(fmt.Sprint("savepoint", number)))
	id := hex.EncodeToString(sum[:9])
	return s.write(text(child(spec, "flinkConfiguration"), "state.savepoints.dir"), "savepoint-"+id[:6]+"-"+id[6:])
}

func (s *step) checkpoint(job string) string {
	return s.write(text(child(s.spec, "flinkConfiguration"), "state.checkpoints.dir"), job+"/chk-1")
}

// write puts the _metadata that makes a folder a savepoint or checkpoint.
func (s *step) write(dir, name string) string {
	path := strings.TrimSuffix(dir, "/") + "/" + name
	bucket, key, ok := s3Path(path)
	if !ok {
		return path
	}
	if _, there := s.w.Get("aws", world.BucketType, bucket); there {
		key += "/_metadata"
		// A count, not a clock: that of the next process begins again.
		number, _ := s.w.Next("written")
		at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(number) * time.Minute)
		_ = s.w.Put(world.Object{Package: "aws", Type: world.S3ObjectType, ID: bucket + "/" + key,
			State: object{"bucket": bucket, "key": key, "lastModified": at.Format(time.RFC1123)}})
	}
	return path
}

func s3Path(path string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(path, "s3://")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}
