package policy

import "strings"

// Covers says whether a caller is surely among the administrators, so that a
// policy which exempts only them does not lock the caller out. Both are ARNs;
// administrators may hold the wildcards of ArnLike.
//
// sts:GetCallerIdentity names a role's session, arn:aws:sts::1:assumed-role/NAME/SESSION,
// while policies see the role, arn:aws:iam::1:role/PATH/NAME, and the session does not tell the
// path. A role's name is unique in its account whatever its path, so a path that is written
// out is believed when the name after it is matched by more than wildcards: role/ci/deployer
// covers a session of deployer, role/ci/* covers none.
func Covers(administrators []string, callerARN string) bool {
	for _, pattern := range administrators {
		if covers(pattern, callerARN) {
			return true
		}
	}
	return false
}

// PrincipalPatterns are what to write to exempt exactly this caller: for a session of a role,
// the role without a path and with any; for others the ARN itself.
func PrincipalPatterns(callerARN string) []string {
	partition, account, role, ok := assumedRole(callerARN)
	if !ok {
		return []string{callerARN}
	}
	prefix := "arn:" + partition + ":iam::" + account + ":role/"
	return []string{prefix + role, prefix + "*/" + role}
}

func covers(pattern, callerARN string) bool {
	partition, account, role, ok := assumedRole(callerARN)
	if !ok {
		return arnLike(pattern, callerARN)
	}
	if arnLike(pattern, "arn:"+partition+":iam::"+account+":role/"+role) {
		return true
	}
	// A pattern with a path: the last part must match the name, and neither may be wildcards only.
	slash := strings.LastIndex(pattern, "/")
	parts := strings.SplitN(pattern, ":", 6)
	if slash < 0 || len(parts) != 6 || !strings.HasPrefix(parts[5], "role/") {
		return false
	}
	name := pattern[slash+1:]
	path := strings.TrimPrefix(parts[5][:len(parts[5])-len(name)], "role/")
	if strings.Trim(name, "*?") == "" || strings.Trim(path, "*?/") == "" {
		return false
	}
	parts[5] = "role/" + name
	return arnLike(strings.Join(parts, ":"), "arn:"+partition+":iam::"+account+":role/"+role)
}

// assumedRole reads partition, account and role of a session's ARN.
func assumedRole(arn string) (partition, account, role string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "sts" {
		return "", "", "", false
	}
	resource := strings.Split(parts[5], "/")
	if len(resource) < 3 || resource[0] != "assumed-role" {
		return "", "", "", false
	}
	return parts[1], parts[4], resource[1], true
}

// arnLike is IAM's ArnLike: each of the six parts is matched by itself, * and ? are wildcards.
func arnLike(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return false
	}
	for i := range parts {
		if !glob(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

// glob matches the whole text; it goes back to the last * only, so its time is bounded
// by the product of the lengths.
func glob(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
