package policy

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// request is one call, as IAM sees it. A context key that is absent is not in the map.
type request struct {
	action, resource string
	context          map[string]string
}

// matches says whether a statement is about the request: a small evaluator of what these documents use, written
// from IAM's reference. An operator it does not know fails the test.
func (s Statement) matches(t *testing.T, r request) bool {
	t.Helper()
	action := slices.ContainsFunc(s.Action, func(pattern string) bool { return glob(pattern, r.action) })
	resource := slices.ContainsFunc(s.Resource, func(pattern string) bool { return glob(pattern, r.resource) })
	if !action || !resource {
		return false
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			value, present := r.context[key]
			any := func(match func(pattern, value string) bool) bool {
				return slices.ContainsFunc(values, func(pattern string) bool { return match(pattern, value) })
			}
			same := func(a, b string) bool { return a == b }
			var holds bool
			switch operator {
			case "Null":
				holds = values[0] == strconv.FormatBool(!present)
			case "StringEquals":
				holds = present && any(same)
			case "Bool":
				holds = present && any(same)
			case "StringNotEquals":
				holds = !present || !any(same)
			case "StringLike":
				holds = present && any(glob)
			case "ArnLike":
				holds = present && any(arnLike)
			case "ArnNotLike":
				holds = !present || !any(arnLike)
			case "NumericLessThan":
				limit, _ := strconv.ParseFloat(values[0], 64)
				number, err := strconv.ParseFloat(value, 64)
				holds = present && err == nil && number < limit
			default:
				t.Fatalf("operator %s is unknown to this test", operator)
			}
			if !holds {
				return false
			}
		}
	}
	return true
}

// decide gives "deny: SID", "allow: SID" or "" when no statement is about the request.
func (d Document) decide(t *testing.T, r request) string {
	t.Helper()
	allowed := ""
	for _, s := range d.Statement {
		switch {
		case !s.matches(t, r):
		case s.Effect == Deny:
			return "deny: " + s.Sid
		default:
			allowed = "allow: " + s.Sid
		}
	}
	return allowed
}

func with(context map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for key, value := range context {
		all[key] = value
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

func isDeny(decision string) bool { return strings.HasPrefix(decision, "deny") }
