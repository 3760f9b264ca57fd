package diagnosis

import "regexp"

var noRight = regexp.MustCompile(`cannot (\w+) resource "([^"]+)" in API group "([^"]*)" in the namespace "([^"]+)"`)

// unreadFindings tell what could not be looked at. A right that is missing is
// told with all that a Role needs.
func unreadFindings(errors []error) []Finding {
	var found []Finding
	for _, err := range errors {
		text := err.Error()
		if m := noRight.FindStringSubmatch(text); m != nil {
			group := m[3]
			if group != "" {
				group = ", API group " + group
			}
			found = append(found, finding(unread, "you may not "+m[1]+" "+m[2]+" in namespace "+m[4]+", so part of the picture is missing", "",
				"give the identity that runs pulumi the right: verb "+m[1]+", resource "+m[2]+group+", namespace "+m[4]))
			continue
		}
		found = append(found, finding(unread, "part of the picture could not be read", text, "ask again: `pulumi up`"))
	}
	return found
}
