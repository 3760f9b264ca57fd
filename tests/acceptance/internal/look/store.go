package look

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"flink-payments/tests/acceptance/internal/expected"
	"flink-payments/tests/acceptance/internal/promise"
)

// Store is S3, read with the caller's own credentials.
type Store struct{ client *s3.Client }

// NewStore uses an endpoint of its own where one is given.
func NewStore(config aws.Config, endpoint string, pathStyle bool) *Store {
	return &Store{s3.NewFromConfig(config, func(o *s3.Options) {
		o.UsePathStyle = pathStyle
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	})}
}

// Metadata reads how the _metadata object of a checkpoint or savepoint begins,
// which takes the right to decrypt it.
func (s *Store) Metadata(ctx context.Context, path string) (promise.Stored, error) {
	bucket, key, err := expected.SplitURI(path)
	if err != nil {
		return promise.Stored{}, &Missing{err.Error()}
	}
	key += "/_metadata"
	uri := "s3://" + bucket + "/" + key
	object, err := s.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &bucket, Key: &key, Range: aws.String(fmt.Sprintf("bytes=0-%d", promise.MetadataHead-1)),
	})
	if err != nil {
		return promise.Stored{}, explain(err, uri)
	}
	defer object.Body.Close()
	head, err := io.ReadAll(io.LimitReader(object.Body, promise.MetadataHead))
	if err != nil {
		return promise.Stored{}, fmt.Errorf("%s: %w", uri, err)
	}
	return promise.Stored{URI: uri, Size: size(object), KeyARN: aws.ToString(object.SSEKMSKeyId), Head: head}, nil
}

// size of the whole object, of which a range was read.
func size(object *s3.GetObjectOutput) int64 {
	_, total, _ := strings.Cut(aws.ToString(object.ContentRange), "/")
	if n, err := strconv.ParseInt(total, 10, 64); err == nil {
		return n
	}
	return aws.ToInt64(object.ContentLength)
}

// NewestCheckpoint lists the chk-N beside a checkpoint's path and returns the
// highest N that is complete: the one whose _metadata is there.
func (s *Store) NewestCheckpoint(ctx context.Context, path string) (int64, error) {
	bucket, key, err := expected.SplitURI(path)
	if err != nil {
		return 0, &Missing{err.Error()}
	}
	prefix := key[:strings.LastIndex(key, "/")+1] + "chk-"
	var numbers []int64
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, explain(err, "s3://"+bucket+"/"+prefix)
		}
		for _, directory := range page.CommonPrefixes {
			number := strings.TrimSuffix(strings.TrimPrefix(aws.ToString(directory.Prefix), prefix), "/")
			if n, err := strconv.ParseInt(number, 10, 64); err == nil {
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	for _, n := range slices.Backward(numbers) {
		object := fmt.Sprintf("%s%d/_metadata", prefix, n)
		_, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &object})
		if err == nil {
			return n, nil
		}
		err = explain(err, "s3://"+bucket+"/"+object)
		if _, missing := IsMissing(err); !missing {
			return 0, err
		}
	}
	return 0, &Missing{fmt.Sprintf("no complete checkpoint under s3://%s/%s*", bucket, prefix)}
}

// Count lists the objects below a path, the first thousand of them.
func (s *Store) Count(ctx context.Context, path string) (int, error) {
	bucket, key, err := expected.SplitURI(path)
	if err != nil {
		return 0, &Missing{err.Error()}
	}
	page, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String(key + "/")})
	if err != nil {
		return 0, explain(err, path)
	}
	return len(page.Contents), nil
}

// explain tells what is not there from what may not be seen. S3 answers 404
// only to those who may list the bucket.
func explain(err error, uri string) error {
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() == http.StatusNotFound {
		return &Missing{uri + " is not there"}
	}
	return fmt.Errorf("%s: %w", uri, err)
}
