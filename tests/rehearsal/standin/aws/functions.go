package aws

import (
	"fmt"
	"slices"
	"strings"

	"flink-payments/tests/rehearsal/standin/plain"
	"flink-payments/tests/rehearsal/standin/provider"
	"flink-payments/tests/rehearsal/world"
)

func (a *account) Invoke(r *provider.Request) (map[string]any, error) {
	partition, suffix := a.partition(r)
	region := a.region(r)
	oidc := "oidc.eks." + region + "." + suffix + "/id/" + strings.ToUpper(plain.Digest("cluster")[:32])
	switch r.Type {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return map[string]any{"id": accountID, "accountId": accountID, "userId": "AROAREHEARSAL:rehearsal",
			"arn": fmt.Sprintf("arn:%s:sts::%s:assumed-role/payments-platform-deployer/rehearsal", partition, accountID)}, nil
	case "aws:index/getPartition:getPartition":
		return map[string]any{"id": partition, "partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": "com.amazonaws"}, nil
	case "aws:index/getRegion:getRegion":
		return map[string]any{"id": region, "name": region, "description": region, "endpoint": "ec2." + region + "." + suffix}, nil
	case "aws:eks/getCluster:getCluster":
		name := plain.Text(r.Inputs, "name")
		if name == "" {
			return nil, fmt.Errorf("reading EKS Cluster: InvalidParameterException: name")
		}
		return map[string]any{"id": name, "name": name, "status": "ACTIVE", "version": "1.32",
			"arn":                    a.arn(r, "eks", region, "cluster/"+name),
			"endpoint":               "https://" + strings.ToUpper(plain.Digest(name)[:32]) + ".gr7." + region + ".eks." + suffix,
			"certificateAuthorities": []any{map[string]any{"data": "UkVIRUFSU0FM"}},
			"identities":             []any{map[string]any{"oidcs": []any{map[string]any{"issuer": "https://" + oidc}}}},
		}, nil
	case "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider":
		// The cluster's own is there, and what was made.
		arn := plain.Text(r.Inputs, "arn")
		if _, made := a.world.Get("aws", oidcType, arn); !made && arn != a.arn(r, "iam", "", "oidc-provider/"+oidc) {
			return nil, fmt.Errorf("reading IAM OIDC Provider: couldn't find resource")
		}
		_, url, _ := strings.Cut(arn, ":oidc-provider/")
		return map[string]any{"id": arn, "arn": arn,
			"url": url, "clientIdLists": []any{"sts.amazonaws.com"}, "thumbprintLists": []any{}, "tags": map[string]any{}}, nil
	case "aws:s3/getObjects:getObjects", "aws:s3/getBucketObjects:getBucketObjects":
		bucket, prefix := plain.Text(r.Inputs, "bucket"), plain.Text(r.Inputs, "prefix")
		if _, there := a.world.Get("aws", world.BucketType, bucket); !there {
			return nil, noSuchBucket(r.Type, bucket)
		}
		delimiter := plain.Text(r.Inputs, "delimiter")
		keys, folders := []any{}, []any{}
		for _, o := range a.world.List("aws", world.S3ObjectType) {
			key, in := strings.CutPrefix(o.ID, bucket+"/")
			below, beneath := strings.CutPrefix(key, prefix)
			if !in || !beneath {
				continue
			}
			folder, _, deeper := strings.Cut(below, delimiter)
			switch folder = prefix + folder + delimiter; {
			case delimiter == "" || !deeper:
				keys = append(keys, key)
			case !slices.Contains(folders, any(folder)):
				folders = append(folders, folder)
			}
		}
		return map[string]any{"id": bucket, "bucket": bucket, "prefix": prefix, "keys": keys, "commonPrefixes": folders, "owners": []any{}}, nil
	case "aws:s3/getObject:getObject":
		bucket, key := plain.Text(r.Inputs, "bucket"), plain.Text(r.Inputs, "key")
		o, there := a.world.Get("aws", world.S3ObjectType, bucket+"/"+key)
		if !there {
			return nil, fmt.Errorf("reading S3 Bucket (%s) Object (%s): couldn't find resource", bucket, key)
		}
		return map[string]any{"id": bucket + "/" + key, "bucket": bucket, "key": key, "lastModified": o.State["lastModified"]}, nil
	}
	return nil, fmt.Errorf("the stand-in of AWS has no function %s", r.Type)
}
