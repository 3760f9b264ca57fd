// Package policy writes the documents that say who may do what with a job's
// state: IAM, bucket, key, trust and Vault policies, and the lifecycle rules. It knows no
// Pulumi: values in, documents out, the same bytes for the same values.
package policy

import "strings"

// A Partition is one of AWS' separate worlds. ARNs and host names differ
// between them; service principals of S3 and CloudTrail do not.
type Partition struct {
	// ID stands second in every ARN: aws, aws-cn, aws-us-gov.
	ID string
	// DNSSuffix ends the host name of every service: amazonaws.com.
	DNSSuffix string
}

// partitions by the start of a region's name, as botocore's partitions.json has them.
var partitions = []struct {
	prefix string
	Partition
}{
	{"cn-", Partition{"aws-cn", "amazonaws.com.cn"}},
	{"us-gov-", Partition{"aws-us-gov", "amazonaws.com"}},
	{"us-iso-", Partition{"aws-iso", "c2s.ic.gov"}},
	{"us-isob-", Partition{"aws-iso-b", "sc2s.sgov.gov"}},
	{"eu-isoe-", Partition{"aws-iso-e", "cloud.adc-e.uk"}},
	{"us-isof-", Partition{"aws-iso-f", "csp.hci.ic.gov"}},
	{"eusc-", Partition{"aws-eusc", "amazonaws.eu"}},
}

// PartitionOf returns the partition of a region; every region that no other
// partition claims is in aws.
func PartitionOf(region string) Partition {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.Partition
		}
	}
	return Partition{"aws", "amazonaws.com"}
}

// ARN of a resource; region and account are empty where the service's ARNs have none.
func (p Partition) ARN(service, region, account, resource string) string {
	return strings.Join([]string{"arn", p.ID, service, region, account, resource}, ":")
}

// BucketARN of an S3 bucket.
func (p Partition) BucketARN(bucket string) string { return p.ARN("s3", "", "", bucket) }

// RoleARN of an IAM role; path is empty or begins and ends with a slash.
func (p Partition) RoleARN(account, path, name string) string {
	if path == "" {
		path = "/"
	}
	return p.ARN("iam", "", account, "role"+path+name)
}

// RootARN stands in a resource's policy for the whole account: its IAM policies decide further.
func (p Partition) RootARN(account string) string { return p.ARN("iam", "", account, "root") }

// OIDCProviderARN of an EKS cluster's issuer, with or without https://.
func (p Partition) OIDCProviderARN(account, issuer string) string {
	return p.ARN("iam", "", account, "oidc-provider/"+issuerHost(issuer))
}

// ServiceHost is a service's regional host name, as kms:ViaService has it.
func (p Partition) ServiceHost(service, region string) string {
	return service + "." + region + "." + p.DNSSuffix
}

func issuerHost(issuer string) string {
	return strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")
}
