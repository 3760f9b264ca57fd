package infra

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// metadataName is the file that Flink writes last: with it a savepoint or checkpoint is complete.
const metadataName = "_metadata"

// RestorePoints look for savepoints and checkpoints in the bucket of a job.
type RestorePoints struct {
	Bucket string
	// Savepoints and Checkpoints are the roots, without slashes.
	Savepoints, Checkpoints string
	Provider                *aws.Provider
}

// A restorePoint is one complete savepoint or checkpoint.
type restorePoint struct {
	// path below the bucket, without _metadata.
	path     string
	modified time.Time
}

// Latest returns the s3:// path of the newest complete savepoint or, where
// checkpoints count too, of the newest retained checkpoint. Checkpoints of a
// running job do not: Flink deletes them while one looks.
func (r RestorePoints) Latest(ctx *pulumi.Context, checkpoints bool) (string, error) {
	newest, searched, err := r.newest(ctx, checkpoints)
	if err == nil && newest == "" {
		err = fmt.Errorf("restore.from: latest finds nothing: there is no %s", searched)
	}
	return newest, err
}

// Newest returns the s3:// path of the newest complete savepoint or checkpoint;
// empty: there is none, or no bucket.
func (r RestorePoints) Newest(ctx *pulumi.Context) (string, error) {
	newest, _, err := r.newest(ctx, true)
	if err != nil && strings.Contains(err.Error(), "NoSuchBucket") {
		return "", nil
	}
	return newest, err
}

// newest also says what was searched.
func (r RestorePoints) newest(ctx *pulumi.Context, checkpoints bool) (path, searched string, err error) {
	candidates, err := r.folders(ctx, r.Savepoints+"/")
	if err != nil {
		return "", "", err
	}
	candidates = savepointsAmong(candidates)
	searched = "s3://" + r.Bucket + "/" + r.Savepoints + "/*/" + metadataName
	if checkpoints {
		newest, err := r.checkpoints(ctx)
		if err != nil {
			return "", "", err
		}
		candidates = append(candidates, newest...)
		searched += " and s3://" + r.Bucket + "/" + r.Checkpoints + "/*/chk-*/" + metadataName
	}
	points, err := r.complete(ctx, candidates)
	if err != nil {
		return "", "", err
	}
	if newest, found := newestOf(points); found {
		path = "s3://" + r.Bucket + "/" + newest.path
	}
	return path, searched, nil
}

// Check returns an error unless a savepoint or checkpoint is complete at an s3:// path of the bucket.
func (r RestorePoints) Check(ctx *pulumi.Context, from string) error {
	key, ours := strings.CutPrefix(from, "s3://"+r.Bucket+"/")
	if !ours {
		return fmt.Errorf("restore.from: %s is not in the bucket %s", from, r.Bucket)
	}
	key = strings.TrimSuffix(strings.TrimSuffix(key, "/"), "/"+metadataName)
	there, err := r.exists(ctx, key+"/"+metadataName)
	if err == nil && !there {
		err = fmt.Errorf("restore.from: %s is no complete savepoint or checkpoint: there is no s3://%s/%s/%s", from, r.Bucket, key, metadataName)
	}
	return err
}

// checkpoints returns, for each job ID below the root, the complete checkpoint of the highest number.
func (r RestorePoints) checkpoints(ctx *pulumi.Context) ([]string, error) {
	jobs, err := r.folders(ctx, r.Checkpoints+"/")
	if err != nil {
		return nil, err
	}
	return each(jobs, func(job string) ([]string, error) {
		folders, err := r.folders(ctx, job+"/")
		if err != nil {
			return nil, err
		}
		for _, folder := range checkpointsAmong(folders) {
			// The newest may be one that was begun and never completed.
			if there, err := r.exists(ctx, folder+"/"+metadataName); err != nil || there {
				return []string{folder}, err
			}
		}
		return nil, nil
	})
}

// complete keeps the folders that have their metadata, with its age.
func (r RestorePoints) complete(ctx *pulumi.Context, folders []string) ([]restorePoint, error) {
	return each(folders, func(folder string) ([]restorePoint, error) {
		key := folder + "/" + metadataName
		if there, err := r.exists(ctx, key); err != nil || !there {
			return nil, err
		}
		object, err := s3.GetObject(ctx, &s3.GetObjectArgs{Bucket: r.Bucket, Key: key}, pulumi.Provider(r.Provider))
		if err != nil {
			return nil, fmt.Errorf("s3://%s/%s: %w", r.Bucket, key, err)
		}
		modified, err := time.Parse(time.RFC1123, object.LastModified)
		if err != nil {
			return nil, fmt.Errorf("s3://%s/%s: last modified: %w", r.Bucket, key, err)
		}
		return []restorePoint{{folder, modified}}, nil
	})
}

// exists lists instead of reading: what is missing is no error then, and what is denied is one.
func (r RestorePoints) exists(ctx *pulumi.Context, key string) (bool, error) {
	found, err := r.list(ctx, key, "", 1)
	return err == nil && slices.Contains(found.Keys, key), err
}

// folders directly below a prefix, without the slash at their end.
func (r RestorePoints) folders(ctx *pulumi.Context, prefix string) ([]string, error) {
	found, err := r.list(ctx, prefix, "/", allKeys)
	if err != nil {
		return nil, err
	}
	folders := make([]string, len(found.CommonPrefixes))
	for i, folder := range found.CommonPrefixes {
		folders[i] = strings.TrimSuffix(folder, "/")
	}
	return folders, nil
}

// allKeys makes the data source read every page: it stops where it has as many keys.
const allKeys = 1_000_000

func (r RestorePoints) list(ctx *pulumi.Context, prefix, delimiter string, limit int) (*s3.GetObjectsResult, error) {
	args := &s3.GetObjectsArgs{Bucket: r.Bucket, Prefix: &prefix, MaxKeys: &limit}
	if delimiter != "" {
		args.Delimiter = &delimiter
	}
	found, err := s3.GetObjects(ctx, args, pulumi.Provider(r.Provider))
	if err != nil {
		return nil, fmt.Errorf("listing s3://%s/%s: %w", r.Bucket, prefix, err)
	}
	return found, nil
}

// lookups at a time.
const lookups = 16

// each asks for every item side by side, and keeps the order.
func each[T, R any](items []T, ask func(T) ([]R, error)) ([]R, error) {
	answers, failures := make([][]R, len(items)), make([]error, len(items))
	var group sync.WaitGroup
	free := make(chan struct{}, lookups)
	for i, item := range items {
		group.Add(1)
		free <- struct{}{}
		go func() {
			defer group.Done()
			answers[i], failures[i] = ask(item)
			<-free
		}()
	}
	group.Wait()
	return slices.Concat(answers...), cmp.Or(failures...)
}

// savepointsAmong keeps the folders that Flink names savepoint-JOB-RANDOM.
func savepointsAmong(folders []string) []string {
	return slices.DeleteFunc(slices.Clone(folders), func(folder string) bool {
		return !strings.HasPrefix(lastPart(folder), "savepoint-")
	})
}

// checkpointsAmong keeps the folders chk-NUMBER, the highest number first:
// beside them are shared/ and taskowned/.
func checkpointsAmong(folders []string) []string {
	number := func(folder string) int64 {
		text, is := strings.CutPrefix(lastPart(folder), "chk-")
		n, err := strconv.ParseInt(text, 10, 64)
		if !is || err != nil {
			return -1
		}
		return n
	}
	found := slices.DeleteFunc(slices.Clone(folders), func(folder string) bool { return number(folder) < 0 })
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
	return found
}

// lastPart of a folder's path.
func lastPart(folder string) string { return folder[strings.LastIndex(folder, "/")+1:] }

// newestOf chooses by time, and among equals by path, so that two runs choose alike.
func newestOf(points []restorePoint) (restorePoint, bool) {
	if len(points) == 0 {
		return restorePoint{}, false
	}
	return slices.MaxFunc(points, func(a, b restorePoint) int {
		return cmp.Or(a.modified.Compare(b.modified), cmp.Compare(a.path, b.path))
	}), true
}
