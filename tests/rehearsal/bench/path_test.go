package bench

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"flink-payments/tests/rehearsal/latency"
)

func TestTheLongestPathWaitsForDependenciesAndParents(t *testing.T) {
	urn := func(typ, name string) resource.URN {
		return resource.URN("urn:pulumi:prod::flink-payments::" + typ + "::" + name)
	}
	release, job, bucket := "kubernetes:helm.sh/v3:Release", "kubernetes:flink.apache.org/v1beta1:FlinkDeployment", "aws:s3/bucketV2:BucketV2"
	custom := func(typ, name string, after ...resource.URN) apitype.ResourceV3 {
		r := apitype.ResourceV3{URN: urn(typ, name), Custom: true, Dependencies: after}
		r.Type = r.URN.Type()
		return r
	}
	path := criticalPath([]apitype.ResourceV3{
		custom(bucket, "bucket"),
		custom(release, "cert-manager"),
		custom(release, "operator", urn(release, "cert-manager")),
		custom(job, "job", urn(bucket, "bucket"), urn(release, "operator")),
		custom(bucket, "other"),
	})
	var names []string
	for _, s := range path {
		names = append(names, s.urn.Name())
	}
	if got := strings.Join(names, " "); got != "cert-manager operator job" {
		t.Errorf("longest path: %s", got)
	}
	if want := 2*latency.Wild(release, "Create") + latency.Wild(job, "Create"); path[len(path)-1].done != want {
		t.Errorf("it takes %s, want %s", path[len(path)-1].done, want)
	}
}
