package settings

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"flink-payments/infra/policy"
	"flink-payments/k8s/validation"
)

var accountRules = []validation.Rule[Settings]{
	{
		ID: "region", Severity: validation.Refuse, Looks: regionKey,
		Reason: "this is no region's name, and the provider, the bucket and Flink's S3 endpoint are bound to one", Fix: "a region such as ap-south-1",
		Source: "AWS: regions and endpoints",
		Check: func(s Settings) []validation.Finding {
			return unless(regionPattern.MatchString(s.Region), regionKey, s.Region)
		},
	},
	{
		ID: "account-id", Severity: validation.Refuse, Looks: "aws.accountId",
		Reason: "an account is twelve digits; it keeps ambient credentials from reaching another account",
		Fix:    `the account's twelve digits, in quotes: "123456789012"`, Source: "AWS: account identifiers",
		Check: func(s Settings) []validation.Finding {
			return unless(s.AWS.AccountID == "" || accountPattern.MatchString(s.AWS.AccountID), "aws.accountId", s.AWS.AccountID)
		},
	},
	{
		ID: "administrators", Severity: validation.Refuse, Looks: "aws.administrators",
		Reason: "the bucket policy denies everybody else changes of protection: with nobody named, nobody can ever change it",
		Fix:    "the ARN of the role that runs `pulumi up`, and of a break-glass role: arn:aws:iam::123456789012:role/deployer",
		Source: "AWS: aws:PrincipalArn with ArnNotLike",
		Check: func(s Settings) []validation.Finding {
			if len(s.AWS.Administrators) == 0 {
				return []validation.Finding{{Path: "aws.administrators"}}
			}
			var found []validation.Finding
			for i, arn := range s.AWS.Administrators {
				if !administratorPattern.MatchString(arn) {
					found = append(found, validation.Finding{
						Path: fmt.Sprintf("aws.administrators[%d]", i), Value: arn,
						Reason: "this is not the ARN of an IAM role, user or account root; a session's ARN (sts) or a bare * never means one person",
					})
				}
			}
			return found
		},
	},
	{
		ID: "administrators-job", Severity: validation.Refuse, Looks: "aws.administrators, aws.erasers",
		Reason: "it exempts a job's own role from the protection of its state",
		Fix:    "the roles of people and pipelines by name: arn:aws:iam::123456789012:role/deployer", Source: "design: the job may not weaken what protects its state",
		Check: func(s Settings) []validation.Finding {
			var found []validation.Finding
			for list, arns := range map[string][]string{"administrators": s.AWS.Administrators, "erasers": s.AWS.Erasers} {
				for i, arn := range arns {
					exempts := func(j Job) bool {
						account := cmp.Or(s.AWS.AccountID, strings.Split(arn+":::::", ":")[4])
						return policy.Covers([]string{arn}, policy.PartitionOf(s.Region).RoleARN(account, s.AWS.RolePath, j.Identity.RoleName))
					}
					found = append(found, unless(!slices.ContainsFunc(s.Jobs, exempts), fmt.Sprintf("aws.%s[%d]", list, i), arn)...)
				}
			}
			return found
		},
	},
	{
		ID: "erasers", Severity: validation.Refuse, Looks: "aws.erasers",
		Reason: "this is not the ARN of an IAM role, user or account root",
		Fix:    "arn:aws:iam::123456789012:role/NAME, or nothing: then nobody can delete a version for ever", Source: "AWS: aws:PrincipalArn with ArnNotLike",
		Check: func(s Settings) []validation.Finding {
			var found []validation.Finding
			for i, arn := range s.AWS.Erasers {
				found = append(found, unless(administratorPattern.MatchString(arn), fmt.Sprintf("aws.erasers[%d]", i), arn)...)
			}
			return found
		},
	},
	{
		ID: "permissions-boundary", Severity: validation.Refuse, Looks: "aws.permissionsBoundary",
		Reason: "a permissions boundary is the ARN of a managed policy", Fix: "arn:aws:iam::123456789012:policy/NAME, or nothing",
		Source: "AWS: CreateRole",
		Check: func(s Settings) []validation.Finding {
			return unless(s.AWS.PermissionsBoundary == "" || policyARNPattern.MatchString(s.AWS.PermissionsBoundary),
				"aws.permissionsBoundary", s.AWS.PermissionsBoundary)
		},
	},
	{
		ID: "role-path", Severity: validation.Refuse, Looks: "aws.rolePath",
		Reason: "IAM paths begin and end with a slash", Fix: "/ or /flink/", Source: "AWS: CreateRole",
		Check: func(s Settings) []validation.Finding {
			return unless(rolePathPattern.MatchString(s.AWS.RolePath), "aws.rolePath", s.AWS.RolePath)
		},
	},
	{
		ID: "log-retention", Severity: validation.Refuse, Looks: "aws.logRetentionDays",
		Reason: "access logs answer who reached the state; a retention below one day keeps none", Fix: "a number of days, such as 365",
		Source: "AWS: PutBucketLifecycleConfiguration",
		Check: func(s Settings) []validation.Finding {
			return unless(s.AWS.LogRetentionDays >= 1, "aws.logRetentionDays", fmt.Sprint(s.AWS.LogRetentionDays))
		},
	},
	{
		ID: "tags", Severity: validation.Refuse, Looks: "tags",
		Reason: "AWS refuses it, or the program sets it itself", Fix: "at most 40 tags of letters, digits, spaces and _.:/=+-@, none that begins with aws: or is service, environment, team, managed-by, in capitals or not",
		Source: "AWS: tag naming limits; IAM: tag keys do not differ by capitals alone",
		Check: func(s Settings) []validation.Finding {
			var found []validation.Finding
			taken := map[string]bool{"service": true}
			for key := range s.baseTags() {
				taken[key] = true
			}
			for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
				folded, value := strings.ToLower(key), s.Tags[key]
				if taken[folded] || strings.HasPrefix(folded, "aws:") || key == "" || !tagPattern.MatchString(key+value) ||
					utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256 {
					found = append(found, validation.Finding{Path: "tags." + key, Value: value})
				}
				taken[folded] = true
			}
			if len(s.Tags) > 40 {
				found = append(found, validation.Finding{Path: "tags", Value: fmt.Sprint(len(s.Tags), " tags")})
			}
			return found
		},
	},
}
