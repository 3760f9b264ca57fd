//go:build sdk

package infra

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudtrail"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The same trail by the SDK's own package, which only this test compiles.
func TestTheTrailIsWhatTheSDKWouldRegister(t *testing.T) {
	args := storeArgs()
	args.DataEvents = true
	r := newStore(t, args)
	typed := mustRun(t, func(ctx *pulumi.Context) error {
		equals := func(field, value string) cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs {
			return cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs{Field: pulumi.String(field), Equals: pulumi.ToStringArray([]string{value})}
		}
		_, err := cloudtrail.NewTrail(ctx, "fraud-trail", &cloudtrail.TrailArgs{
			Name:                       pulumi.String(args.Store.TrailName()),
			S3BucketName:               pulumi.String("kv-flink-state-payments-prod-logs"),
			EnableLogFileValidation:    pulumi.Bool(true),
			IncludeGlobalServiceEvents: pulumi.Bool(false),
			AdvancedEventSelectors: cloudtrail.TrailAdvancedEventSelectorArray{cloudtrail.TrailAdvancedEventSelectorArgs{
				Name: pulumi.String("Objects of the state bucket"),
				FieldSelectors: cloudtrail.TrailAdvancedEventSelectorFieldSelectorArray{
					equals("eventCategory", "Data"),
					equals("resources.type", "AWS::S3::Object"),
					cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs{
						Field:       pulumi.String("resources.ARN"),
						StartsWiths: pulumi.ToStringArray([]string{args.Store.ARN() + "/"}),
					},
				},
			}},
			Tags: pulumi.ToStringMap(args.Tags),
		})
		return err
	})
	if got, want := r.rpcs["fraud-trail"].Type, typed.rpcs["fraud-trail"].Type; got != want {
		t.Errorf("token %s, the SDK's is %s", got, want)
	}
	if got, want := r.inputs["fraud-trail"], typed.inputs["fraud-trail"]; !got.DeepEquals(want) {
		t.Errorf("inputs %v, the SDK's are %v", got, want)
	}
}
