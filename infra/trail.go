package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// trail is `aws:cloudtrail/trail:Trail`, registered by hand: the SDK's package costs a build more than it is worth for one resource.
type trail struct {
	pulumi.CustomResourceState

	Name pulumi.StringOutput `pulumi:"name"`
}

// newTrail records who read, wrote or deleted which object of the state bucket; it returns the trail's name. It is not
// kept as the buckets are: what it has written is, and turning data events off must end their cost.
func newTrail(ctx *pulumi.Context, name string, store *StateStore, logs keptBucket, tags map[string]string) (pulumi.StringOutput, error) {
	equals := func(field, value string) pulumi.Map {
		return pulumi.Map{"field": pulumi.String(field), "equals": pulumi.ToStringArray([]string{value})}
	}
	var recorded trail
	err := ctx.RegisterResource("aws:cloudtrail/trail:Trail", name, pulumi.Map{
		"name":                       pulumi.String(store.store.TrailName()),
		"s3BucketName":               logs.bucket.Bucket,
		"enableLogFileValidation":    pulumi.Bool(true),
		"includeGlobalServiceEvents": pulumi.Bool(false),
		"advancedEventSelectors": pulumi.Array{pulumi.Map{
			"name": pulumi.String("Objects of the state bucket"),
			"fieldSelectors": pulumi.Array{
				equals("eventCategory", "Data"),
				equals("resources.type", "AWS::S3::Object"),
				pulumi.Map{
					"field":       pulumi.String("resources.ARN"),
					"startsWiths": pulumi.ToStringArray([]string{store.store.ARN() + "/"}),
				},
			},
		}},
		"tags": pulumi.ToStringMap(tags),
	}, &recorded, pulumi.Parent(store), pulumi.DependsOn([]pulumi.Resource{logs.last}))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("trail %s: %w", store.store.TrailName(), err)
	}
	return recorded.Name, nil
}
