// Package settings edits a copy of a stack's settings by path, as a person edits
// Pulumi.<stack>.yaml. It knows where a few of them are, and judges none.
package settings

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Settings are one copy. A path is as in Pulumi.<stack>.yaml: flink-payments:jobs[0].savepoint.request.
type Settings struct {
	File string
	root *yaml.Node
}

// Read takes a file as it is; it must be YAML with a map at its root.
func Read(file string) (*Settings, error) {
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
	return &Settings{file, document.Content[0]}, nil
}

// String is the file's text, in one layout: two texts differ only where a value does.
func (s *Settings) String() string {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(s.root); err != nil {
		panic(err) // a node that was read can be written
	}
	return out.String()
}

// Save writes the file anew.
func (s *Settings) Save() error { return os.WriteFile(s.File, []byte(s.String()), 0o600) }

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
func (s *Settings) find(path string, make bool) (*yaml.Node, error) {
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

// Text is a scalar's value, and whether it is set.
func (s *Settings) Text(path string) (string, bool) {
	node, err := s.find(path, false)
	if err != nil || node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
		return "", false
	}
	return node.Value, true
}

// Set writes a value where the path leads.
func (s *Settings) Set(path string, value any) error {
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
