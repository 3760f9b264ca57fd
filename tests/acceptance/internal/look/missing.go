// Package look reads the facts: from the Kubernetes API, from Flink's REST API
// through the API server's proxy, from S3 and from STS. It judges nothing.
package look

import "errors"

// A Missing thing was looked for, with the right to see it, and is not there.
// Every other error of this package means that nothing is known.
type Missing struct{ What string }

func (m *Missing) Error() string { return m.What }

// IsMissing says whether the error is a Missing, and what is.
func IsMissing(err error) (string, bool) {
	var missing *Missing
	if errors.As(err, &missing) {
		return missing.What, true
	}
	return "", false
}
