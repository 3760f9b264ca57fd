package promise

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"flink-payments/tests/acceptance/internal/expected"
)

const stsAudience = "sts.amazonaws.com"

// Bound judges that the ServiceAccount the job runs as carries the role.
func Bound(want expected.Job, d Deployment, a ServiceAccount) Check {
	account, role := either(want.ServiceAccount != "", want.ServiceAccount, d.ServiceAccount), a.RoleARN
	return judged(Identity, "service-account",
		role != "" && (want.RoleARN == "" || role == want.RoleARN) && d.ServiceAccount == account,
		fmt.Sprintf("the job runs as %s, annotated with %s", or(d.ServiceAccount), or(role)),
		fmt.Sprintf("ServiceAccount %s with the role %s", or(account), either(want.RoleARN != "", want.RoleARN, "of its annotation")),
		"the annotation eks.amazonaws.com/role-arn is missing or of another role")
}

// Injected judges what every pod of the job was given: the role, a token for
// it and no key beside it. Pods from before the ServiceAccount was annotated
// have none, however right the annotation is now.
func Injected(role, account string, pods []Pod) Check {
	var wrong []string
	for _, p := range pods {
		switch {
		case p.ServiceAccount != account:
			wrong = append(wrong, fmt.Sprintf("%s runs as %s", p.Name, or(p.ServiceAccount)))
		case p.RoleARN != role:
			wrong = append(wrong, fmt.Sprintf("%s has the role %s", p.Name, or(p.RoleARN)))
		case p.TokenFile == "" || p.TokenAudience != stsAudience:
			wrong = append(wrong, fmt.Sprintf("%s has no token for %s", p.Name, stsAudience))
		case len(p.StaticKeys) > 0:
			wrong = append(wrong, fmt.Sprintf("%s has static keys (%s), which go before the role", p.Name, strings.Join(p.StaticKeys, ", ")))
		}
	}
	slices.Sort(wrong)
	return judged(Identity, "pods", len(pods) > 0 && len(wrong) == 0,
		either(len(wrong) == 0, fmt.Sprintf("%d pods carry %s and a token for it", len(pods), or(role)), strings.Join(wrong, "; ")),
		"every pod with the role, its token and no static key",
		"raise restart.request: pods get their identity when they are made")
}

// staticKey of a flinkConfiguration that replaces the role.
var staticKey = regexp.MustCompile(`(?i)(access[.-]?key|secret[.-]?key|credentials[.-]provider)`)

// Keyless judges that no key or provider in Flink's configuration replaces the role.
func Keyless(d Deployment) Check {
	var keys []string
	for key := range d.Configuration {
		if staticKey.MatchString(key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return judged(Identity, "no-static-keys", len(keys) == 0,
		either(len(keys) == 0, "flinkConfiguration names no key and no credentials provider", "flinkConfiguration sets "+strings.Join(keys, ", ")),
		"none of them", "remove them: web identity needs none, and a named provider breaks it")
}

// TokenFor judges what the token inside the pod says of itself.
func TokenFor(want expected.Job, account string, pod string, c Claims) Check {
	sub := either(want.TrustSubject != "", want.TrustSubject, fmt.Sprintf("system:serviceaccount:%s:%s", want.Namespace, account))
	return judged(Identity, "token", c.Subject == sub && slices.Contains(c.Audience, stsAudience),
		fmt.Sprintf("in %s: sub %s, aud %v, iss %s", pod, or(c.Subject), c.Audience, or(c.Issuer)),
		fmt.Sprintf("sub %s, aud %s", sub, stsAudience), "the role's trust policy names another ServiceAccount or audience")
}

// WhoAmI judges what STS makes of the token.
func WhoAmI(want expected.Job, role string, c Caller) Check {
	found := "STS says " + or(c.ARN)
	if c.Refused != "" {
		found = "STS refuses the pod's token: " + c.Refused
	}
	return judged(Identity, "who-am-i", c.Refused == "" && assumed(c.ARN, role) && (want.Account == "" || c.Account == want.Account),
		found, "a session of "+role+either(want.Account != "", " in account "+want.Account, ""),
		"compare the role's trust policy with the token above: issuer, sub and aud have to be equal")
}

// assumed says whether a session's ARN is of the role. A session's ARN leaves
// the role's path out: arn:P:iam::A:role/PATH/NAME is arn:P:sts::A:assumed-role/NAME/SESSION.
func assumed(session, role string) bool {
	of := strings.SplitN(role, ":", 6)
	is := strings.SplitN(session, ":", 6)
	if len(of) != 6 || len(is) != 6 {
		return false
	}
	name := of[5][strings.LastIndex(of[5], "/")+1:]
	return strings.HasPrefix(of[5], "role/") && name != "" && is[1] == of[1] && is[2] == "sts" && is[4] == of[4] &&
		strings.HasPrefix(is[5], "assumed-role/"+name+"/")
}
