package audit

import (
	"fmt"
	"slices"
	"strings"
)

// Markdown of the statement, for people. Two equal statements give equal bytes.
func (s Statement) Markdown() (string, error) {
	if err := s.Check(); err != nil {
		return "", err
	}
	s = s.sorted()
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	list := func(values []string, none string) {
		for _, value := range values {
			line("- %s", code(value))
		}
		if len(values) == 0 {
			line("- %s", none)
		}
		line("")
	}

	line("## %s in namespace %s", plain(s.Job), plain(s.Namespace))
	line("")
	if s.Environment != "" || s.Cluster != "" {
		line("Environment: %s. Cluster: %s.", orNone(s.Environment), orNone(s.Cluster))
		line("")
	}

	line("### Where the state lives")
	line("")
	line("| | |")
	line("|---|---|")
	line("| Bucket | %s (%s) |", code(s.State.Bucket), code(s.State.BucketARN))
	line("| Region | %s |", code(s.State.Region))
	line("| Account | %s |", code(s.State.Account))
	line("| Key | %s |", code(s.State.KeyARN))
	for _, root := range s.State.Roots {
		line("| %s | %s |", code(root.URI), plain(root.Holds))
	}
	line("")
	line("What was deleted or replaced can be restored in place for %s.", days(s.State.RecoveryWindowDays))
	line("")

	line("### Who can reach it")
	line("")
	line("The job reads and writes as the role %s, and nobody takes that role on but:", code(s.Access.RoleARN))
	line("")
	list(s.Access.Subjects, "nobody")
	if len(s.Access.Issuers) > 0 {
		line("with a token of:")
		line("")
		list(s.Access.Issuers, "no cluster")
	}
	line("These may change the bucket's versioning, lifecycle, encryption and policy, and its key:")
	line("")
	list(s.Access.Administrators, "nobody")
	line("These may delete versions for ever:")
	line("")
	list(s.Access.Erasers, "nobody; an administrator would have to change the bucket's policy first")
	line("Others of the account reach the objects only as far as their own IAM policies allow it; the bucket's policy gives nobody access.")
	line("")

	line("### What removes it")
	line("")
	for _, bucket := range s.buckets() {
		line("In %s:", code(bucket))
		line("")
		for _, removal := range s.Removal {
			if removal.Bucket == bucket {
				line("- %s (rule %s)", plain(removal.Words), code(removal.Rule))
			}
		}
		line("")
	}

	line("### Where the logs are")
	line("")
	line("- Access logs of the bucket: %s", code(s.Logs.AccessLogs))
	if s.Logs.TrailARN != "" {
		line("- Object requests in CloudTrail: %s", code(s.Logs.TrailARN))
	} else {
		line("- Object requests in CloudTrail: not recorded")
	}
	line("")

	line("### Policy documents")
	line("")
	line("| Document | Of | SHA-256 |")
	line("|---|---|---|")
	for _, d := range s.Documents {
		line("| %s | %s | %s |", plain(d.Name), code(d.On), code(d.SHA256))
	}
	line("")
	line("To compare, pipe the document that AWS returns through:")
	line("")
	line("    jq -cSj '%s' | sha256sum", CanonicalFilter)
	return text.String(), nil
}

// buckets of the removal rules, the state's first.
func (s Statement) buckets() []string {
	var names []string
	for _, removal := range s.Removal {
		if !slices.Contains(names, removal.Bucket) {
			names = append(names, removal.Bucket)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case a == s.State.Bucket:
			return -1
		case b == s.State.Bucket:
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

var (
	escape = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`")
	inCode = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "`", "'")
)

func plain(text string) string { return escape.Replace(text) }
func code(text string) string  { return "`" + inCode.Replace(text) + "`" }

func orNone(text string) string {
	if text == "" {
		return "not named"
	}
	return plain(text)
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
