package world

// Types that more than one package speaks of, as Pulumi's tokens.
const (
	BucketType   = "aws:s3/bucketV2:BucketV2"
	S3ObjectType = "aws:s3/bucketObjectv2:BucketObjectv2"
	KeyType      = "aws:kms/key:Key"

	NamespaceType      = "kubernetes:core/v1:Namespace"
	ServiceAccountType = "kubernetes:core/v1:ServiceAccount"
	CRDType            = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
	ReleaseType        = "kubernetes:helm.sh/v3:Release"
	DeploymentType     = "kubernetes:flink.apache.org/v1beta1:FlinkDeployment"
	SnapshotType       = "kubernetes:flink.apache.org/v1beta1:FlinkStateSnapshot"
)
