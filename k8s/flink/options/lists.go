package options

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"sigs.k8s.io/yaml"
)

func (o Option) list(value string) error {
	element := o
	element.List = false
	err := o.oldList(element, value)
	if err == nil || !o.yaml() {
		return err
	}
	var parts []any
	if yaml.Unmarshal([]byte(value), &parts) != nil || parts == nil {
		return err
	}
	for _, part := range parts {
		if !element.takes(part) {
			return err
		}
	}
	return nil
}

// takes tells whether a part of a YAML list is one of the element's type.
func (o Option) takes(part any) bool {
	if o.Type == "Map" {
		m, is := part.(map[string]any)
		return is && whole(m)
	}
	text, is := part.(string)
	if !is && part != nil && o.Type != "String" {
		text = fmt.Sprint(part)
	}
	return part != nil && o.single(text) == nil
}

// whole: Flink cannot turn an empty value of a YAML map into text.
func whole(m map[string]any) bool {
	for _, v := range m {
		if v == nil {
			return false
		}
	}
	return true
}

// oldList is a list whose elements are separated by semicolons.
func (o Option) oldList(element Option, value string) error {
	parts, err := separate(value, ';')
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err := element.Check(part); err != nil {
			return fmt.Errorf("a list, its elements separated by semicolons, of which each is: %w", err)
		}
	}
	return nil
}

func (o Option) properties(value string) error {
	err := oldProperties(value)
	if err == nil || !o.yaml() {
		return err
	}
	var m map[string]any
	if yaml.Unmarshal([]byte(value), &m) == nil && m != nil && whole(m) {
		return nil
	}
	return err
}

// oldProperties are pairs separated by commas.
func oldProperties(value string) error {
	pairs, err := separate(value, ',')
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, text := range pairs {
		pair, err := separate(text, ':')
		if err != nil {
			return err
		}
		if len(pair) != 2 {
			return errors.New("write: key1:value1,key2:value2, with quotes ('') around what has a comma or a colon in it")
		}
		if seen[pair[0]] {
			return errors.New("write: each key once")
		}
		seen[pair[0]] = true
	}
	return nil
}

// separate splits at a delimiter outside of quotes. A doubled quote inside of
// quotes is one quote. What follows a closing quote must be a delimiter.
func separate(text string, delimiter rune) ([]string, error) {
	var parts []string
	open := errors.New("write: quotes around a whole element, and closed")
	in := []rune(text)
	afterDelimiter, afterQuoted := false, false
	for i := 0; i < len(in); {
		r := in[i]
		switch {
		case r == delimiter:
			if afterDelimiter {
				parts = append(parts, "")
			}
			afterDelimiter, afterQuoted = true, false
			i++
			continue
		case r != '\'' && r != '"' && space(r):
			i++
			continue
		case afterQuoted:
			return nil, open
		case r == '\'' || r == '"':
			part, next := quoted(in, i)
			if next < 0 {
				return nil, open
			}
			parts, i, afterQuoted = append(parts, part), next, true
		default:
			end := i
			for end < len(in) && in[end] != delimiter {
				end++
			}
			parts, i = append(parts, trim(string(in[i:end]))), end
		}
		afterDelimiter = false
	}
	return parts, nil
}

// quoted reads from an opening quote; next is -1 where none closes it.
func quoted(in []rune, start int) (part string, next int) {
	var text strings.Builder
	for i := start + 1; i < len(in); i++ {
		if in[i] == in[start] {
			if i+1 == len(in) || in[i+1] != in[start] {
				return text.String(), i + 1
			}
			i++
		}
		text.WriteRune(in[i])
	}
	return "", -1
}

// space is Java's Character.isWhitespace.
func space(r rune) bool {
	switch r {
	case '\u00a0', '\u2007', '\u202f', '\u0085':
		return false
	case '\x1c', '\x1d', '\x1e', '\x1f':
		return true
	}
	return unicode.IsSpace(r)
}
