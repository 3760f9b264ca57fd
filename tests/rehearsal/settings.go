package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// settings are a copy of the stack's settings, edited by path as a person
// edits Pulumi.<stack>.yaml: flink-payments:jobs[0].savepoint.request.
type settings struct {
	file string
	root *yaml.Node
}

func readSettings(file string) (*settings, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: not a stack's settings", file)
	}
	return &settings{file, document.Content[0]}, nil
}

// String is the file's text, in one layout: two texts differ only where a value does.
func (s *settings) String() string {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(s.root); err != nil {
		panic(err) // a node that was read can be written
	}
	return out.String()
}

func (s *settings) save() error { return os.WriteFile(s.file, []byte(s.String()), 0o600) }

// step is one part of a path: a key, or an index where the key is empty.
type step struct {
	key   string
	index int
}

// steps reads a path below config: the first key holds a colon, not dots.
func steps(path string) ([]step, error) {
	var all []step
	for _, part := range strings.Split(path, ".") {
		key, rest, indexed := strings.Cut(part, "[")
		all = append(all, step{key: key})
		if indexed {
			i, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
			if err != nil {
				return nil, fmt.Errorf("path %s: %w", path, err)
			}
			all = append(all, step{index: i})
		}
	}
	return all, nil
}

var errAbsent = errors.New("is not set")

// find goes down a path; with make it adds the maps that are missing.
func (s *settings) find(path string, make bool) (*yaml.Node, error) {
	parts, err := steps("config." + path)
	if err != nil {
		return nil, err
	}
	at := s.root
	for _, part := range parts {
		next := child(at, part)
		if next == nil {
			if !make || part.key == "" || (at.Kind != yaml.MappingNode && at.Kind != 0 && at.Tag != "!!null") {
				return nil, fmt.Errorf("%s: %w", path, errAbsent)
			}
			if at.Kind != yaml.MappingNode {
				*at = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			}
			next = &yaml.Node{}
			at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: part.key}, next)
		}
		at = next
	}
	return at, nil
}

func child(of *yaml.Node, part step) *yaml.Node {
	switch {
	case part.key == "" && of.Kind == yaml.SequenceNode && part.index < len(of.Content):
		return of.Content[part.index]
	case part.key != "" && of.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(of.Content); i += 2 {
			if of.Content[i].Value == part.key {
				return of.Content[i+1]
			}
		}
	}
	return nil
}

// text is a scalar's value, and whether it is set.
func (s *settings) text(path string) (string, bool) {
	node, err := s.find(path, false)
	if err != nil || node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
		return "", false
	}
	return node.Value, true
}

// set writes a value where the path leads.
func (s *settings) set(path string, value any) error {
	node, err := s.find(path, true)
	if err != nil {
		return err
	}
	comment := node.LineComment
	if err := node.Encode(value); err != nil {
		return err
	}
	node.LineComment = comment
	return nil
}

// jobCount makes n jobs of the first: names, buckets and what else is unique get a number.
func (s *settings) jobCount(n int) error {
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

// changedLines are the lines of an edit, - before and + after, unindented.
func changedLines(before, after string) []string {
	b, a := strings.Split(before, "\n"), strings.Split(after, "\n")
	for len(b) > 0 && len(a) > 0 && b[0] == a[0] {
		b, a = b[1:], a[1:]
	}
	for len(b) > 0 && len(a) > 0 && b[len(b)-1] == a[len(a)-1] {
		b, a = b[:len(b)-1], a[:len(a)-1]
	}
	// Longest common subsequence of what is left.
	length := make([][]int, len(b)+1)
	for i := range length {
		length[i] = make([]int, len(a)+1)
	}
	for i := len(b) - 1; i >= 0; i-- {
		for j := len(a) - 1; j >= 0; j-- {
			if b[i] == a[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var lines []string
	for i, j := 0, 0; i < len(b) || j < len(a); {
		switch {
		case i < len(b) && j < len(a) && b[i] == a[j]:
			i, j = i+1, j+1
		case j == len(a) || (i < len(b) && length[i+1][j] >= length[i][j+1]):
			lines, i = append(lines, "- "+strings.TrimSpace(b[i])), i+1
		default:
			lines, j = append(lines, "+ "+strings.TrimSpace(a[j])), j+1
		}
	}
	return lines
}
