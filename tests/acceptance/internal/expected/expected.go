// Package expected says which job is to be proved and what its stack promised of it.
package expected

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// A Job is one as its stack's outputs describe it. The json names are
// those of an entry of the stack output `jobs`. What is empty is not judged,
// or is taken from the FlinkDeployment itself.
type Job struct {
	Name           string `json:"name"`
	Namespace      string `json:"namespace"`
	ServiceAccount string `json:"serviceAccount"`
	Bucket         string `json:"bucket"`
	Region         string `json:"region"`
	Account        string `json:"account"`
	// The roots of the state, s3://BUCKET/ROOT.
	CheckpointsURI string `json:"checkpointsUri"`
	SavepointsURI  string `json:"savepointsUri"`
	HAURI          string `json:"haUri"`
	// KeyARN encrypts every object of the state.
	KeyARN string `json:"keyArn"`
	// RoleARN is the IRSA role, TrustSubject the token's `sub` that may assume it.
	RoleARN      string `json:"roleArn"`
	TrustSubject string `json:"trustSubject"`
	Image        string `json:"image"`
	Parallelism  int    `json:"parallelism"`
	RESTService  string `json:"restService"`
	RESTPort     int    `json:"restPort"`
	// Savepoint is the last one that was asked for by the stack.
	Savepoint Savepoint `json:"savepoint"`
}

// Savepoint on demand; an empty location: none was asked for.
type Savepoint struct {
	Location string `json:"location"`
}

// over returns s with every field that o sets taken from o.
func (s Job) over(o Job) Job {
	return Job{
		Name:           cmp.Or(o.Name, s.Name),
		Namespace:      cmp.Or(o.Namespace, s.Namespace),
		ServiceAccount: cmp.Or(o.ServiceAccount, s.ServiceAccount),
		Bucket:         cmp.Or(o.Bucket, s.Bucket),
		Region:         cmp.Or(o.Region, s.Region),
		Account:        cmp.Or(o.Account, s.Account),
		CheckpointsURI: cmp.Or(o.CheckpointsURI, s.CheckpointsURI),
		SavepointsURI:  cmp.Or(o.SavepointsURI, s.SavepointsURI),
		HAURI:          cmp.Or(o.HAURI, s.HAURI),
		KeyARN:         cmp.Or(o.KeyARN, s.KeyARN),
		RoleARN:        cmp.Or(o.RoleARN, s.RoleARN),
		TrustSubject:   cmp.Or(o.TrustSubject, s.TrustSubject),
		Image:          cmp.Or(o.Image, s.Image),
		Parallelism:    cmp.Or(o.Parallelism, s.Parallelism),
		RESTService:    cmp.Or(o.RESTService, s.RESTService),
		RESTPort:       cmp.Or(o.RESTPort, s.RESTPort),
		Savepoint:      cmp.Or(o.Savepoint, s.Savepoint),
	}
}

// complete derives what the flags may leave out and refuses what cannot be derived.
func (s Job) complete() (Job, error) {
	if s.Name == "" || s.Namespace == "" || s.Bucket == "" {
		return s, errors.New("which job? give --outputs FILE, or --namespace, --name and --bucket")
	}
	s = Job{
		CheckpointsURI: "s3://" + s.Bucket + "/checkpoints",
		SavepointsURI:  "s3://" + s.Bucket + "/savepoints",
		HAURI:          "s3://" + s.Bucket + "/ha",
		RESTService:    s.Name + "-rest",
		RESTPort:       8081,
	}.over(s)
	for _, uri := range []string{s.CheckpointsURI, s.SavepointsURI, s.HAURI} {
		if _, _, err := SplitURI(uri); err != nil {
			return s, err
		}
	}
	return s, nil
}

// SplitURI parts s3://BUCKET/KEY; the key has no slash at either end.
func SplitURI(uri string) (bucket, key string, err error) {
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "s3" && parsed.Scheme != "s3p" && parsed.Scheme != "s3a") {
		return "", "", fmt.Errorf("%q is not an s3://BUCKET/KEY path", uri)
	}
	return parsed.Host, strings.Trim(parsed.Path, "/"), nil
}

// Under says whether an S3 path lies below a root, whatever scheme Flink's plugin wrote it with.
func Under(uri, root string) bool {
	bucket, key, err := SplitURI(uri)
	rootBucket, rootKey, rootErr := SplitURI(root)
	return err == nil && rootErr == nil && bucket == rootBucket && (rootKey == "" || strings.HasPrefix(key, rootKey+"/"))
}

// Same says whether two S3 paths name one place.
func Same(a, b string) bool {
	bucketA, keyA, errA := SplitURI(a)
	bucketB, keyB, errB := SplitURI(b)
	return errA == nil && errB == nil && bucketA == bucketB && keyA == keyB
}
