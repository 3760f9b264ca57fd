package aws

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// kinds of policy documents
const (
	identityDocument = iota
	bucketDocument
	keyDocument
	trustDocument
)

type strs []string

// UnmarshalJSON takes one string or several.
func (s *strs) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*s = strs{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(s))
}

type policyStatement struct {
	Sid, Effect                              string
	Action, NotAction, Resource, NotResource strs
	Principal, NotPrincipal                  json.RawMessage
	Condition                                map[string]map[string]json.RawMessage
}

// document refuses a policy that AWS calls malformed.
func (a *account) document(text string, kind int, bucket string) error {
	malformed := func(why string, args ...any) error {
		return fmt.Errorf("MalformedPolicyDocument: "+why, args...)
	}
	var policy struct {
		Version   string
		Statement []policyStatement
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return malformed("JSON strings must not have leading spaces or be invalid: %v", err)
	}
	if policy.Version != "2012-10-17" && policy.Version != "2008-10-17" || len(policy.Statement) == 0 {
		return malformed("Syntax errors in policy: version %q, %d statements", policy.Version, len(policy.Statement))
	}
	limit := map[int]int{identityDocument: 6144, bucketDocument: 20480, keyDocument: 32768, trustDocument: 2048}[kind]
	if len(text) > limit {
		return fmt.Errorf("LimitExceeded: Cannot exceed quota for PolicySize: %d", limit)
	}
	for _, s := range policy.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return malformed("Sid %q: Effect %q", s.Sid, s.Effect)
		}
		if (len(s.Action) == 0) == (len(s.NotAction) == 0) {
			return malformed("Sid %q: Policy statement must contain actions.", s.Sid)
		}
		for _, action := range append(slices.Clone(s.Action), s.NotAction...) {
			if action != "*" && !strings.Contains(action, ":") {
				return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: %s", action)
			}
		}
		hasPrincipal := len(s.Principal) > 0 || len(s.NotPrincipal) > 0
		switch {
		case kind == identityDocument && hasPrincipal:
			return malformed("Policy document should not specify a principal.")
		case kind != identityDocument && !hasPrincipal:
			return malformed("Sid %q: Missing required field Principal", s.Sid)
		case kind == trustDocument && len(s.Resource) > 0:
			return malformed("Has prohibited field Resource")
		case kind != trustDocument && len(s.Resource) == 0 && len(s.NotResource) == 0:
			return malformed("Policy statement must contain resources.")
		}
		for _, resource := range s.Resource {
			if resource != "*" && !strings.HasPrefix(resource, "arn:") {
				return malformed("Resource %s must be in ARN format or \"*\".", resource)
			}
			if kind == bucketDocument {
				if _, name, found := strings.Cut(resource, ":s3:::"); !found || name != bucket && !strings.HasPrefix(name, bucket+"/") {
					return malformed("Policy has invalid resource: %s", resource)
				}
			}
		}
		if err := principals(s.Principal); err != nil {
			return malformed("%v", err)
		}
	}
	return nil
}

func principals(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == `"*"` {
		return nil
	}
	var by map[string]strs
	if err := json.Unmarshal(raw, &by); err != nil {
		return fmt.Errorf("Invalid principal in policy: %s", raw)
	}
	for kind, names := range by {
		for _, name := range names {
			ok := name == "*"
			switch kind {
			case "AWS", "Federated":
				ok = ok || iamARN.MatchString(name) || regexp.MustCompile(`^\d{12}$`).MatchString(name)
			case "Service":
				ok = strings.HasSuffix(name, ".amazonaws.com") || strings.HasSuffix(name, ".amazonaws.com.cn")
			}
			if !ok {
				return fmt.Errorf("Invalid principal in policy: %q:%q", kind, name)
			}
		}
	}
	return nil
}
