package settings

import (
	"errors"
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"
)

// JobCount makes n jobs of the first: names, buckets and what else is unique get a number.
func (s *Settings) JobCount(n int) error {
	jobs, err := s.find("flink-payments:jobs", false)
	if err != nil {
		return err
	}
	if len(jobs.Content) == 0 {
		return errors.New("flink-payments:jobs is empty")
	}
	pattern := jobs.Content[0]
	jobs.Content = jobs.Content[:1]
	for i := 2; i <= n; i++ {
		clone := cloneNode(pattern)
		for _, unique := range []string{"name", "serviceAccount", "state.bucket", "identity.policyName", "identity.roleName", "kafka.vaultRole", "kafka.vaultPolicy"} {
			parts, err := steps(unique)
			if err != nil {
				return err
			}
			at := clone
			for _, part := range parts {
				if at != nil {
					at = child(at, part)
				}
			}
			if at != nil && at.Kind == yaml.ScalarNode {
				at.Value += "-" + strconv.Itoa(i)
			}
		}
		if host := child(clone, step{key: "console"}); host != nil {
			if host = child(host, step{key: "host"}); host != nil {
				host.Value = fmt.Sprintf("job%d.%s", i, host.Value)
			}
		}
		jobs.Content = append(jobs.Content, clone)
	}
	return nil
}

func cloneNode(n *yaml.Node) *yaml.Node {
	clone := *n
	clone.Content = nil
	for _, c := range n.Content {
		clone.Content = append(clone.Content, cloneNode(c))
	}
	return &clone
}
