package flink

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	enumVersion = regexp.MustCompile(`^v(\d+)_(\d+)$`)
	release     = regexp.MustCompile(`^v?(\d+)\.(\d+)\.(\d+)`)
)

// A Version is major, minor and, for the operator, patch.
type Version [3]int

// Before compares part by part.
func (v Version) Before(other Version) bool {
	for i := range v {
		if v[i] != other[i] {
			return v[i] < other[i]
		}
	}
	return false
}

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// Enum is the operator's spelling of a Flink version.
func (v Version) Enum() string { return fmt.Sprintf("v%d_%d", v[0], v[1]) }

// ReadVersion reads the groups of a pattern as a version; false where the text does not match.
func ReadVersion(pattern *regexp.Regexp, text string) (Version, bool) {
	parts := pattern.FindStringSubmatch(text)
	var v Version
	for i, part := range parts[min(1, len(parts)):] {
		n, err := strconv.Atoi(part)
		if err != nil {
			return Version{}, false
		}
		v[i] = n
	}
	return v, parts != nil
}

// ParseRelease reads an operator's version: 1.10.0.
func ParseRelease(text string) (Version, bool) { return ReadVersion(release, text) }

// Flink is the job's Flink version; false where the setting is not one.
func (j Job) Flink() (Version, bool) { return ReadVersion(enumVersion, j.FlinkVersion) }

// operators says which Flink versions each operator knows and which it calls
// deprecated: FlinkVersion.java at the tags release-1.10.0 to release-1.15.0.
// Below 1.15 every one of them refuses (isSupported).
var operators = []struct {
	since, newest, deprecated Version
}{
	{Version{1, 10, 0}, Version{1, 20}, Version{1, 15}},
	{Version{1, 11, 0}, Version{2, 0}, Version{1, 16}},
	{Version{1, 13, 0}, Version{2, 2}, Version{1, 18}},
	{Version{1, 15, 0}, Version{2, 4}, Version{1, 18}},
}

// OldestFlink knows the keys that the program writes: high-availability.type,
// state.backend.type and restart-strategy.type came with 1.17.
var OldestFlink = Version{1, 17}

// SupportedBy returns the newest and the newest deprecated Flink version of an operator.
func SupportedBy(operator Version) (newest, deprecated Version) {
	for _, of := range operators {
		if !operator.Before(of.since) {
			newest, deprecated = of.newest, of.deprecated
		}
	}
	return newest, deprecated
}

// ImageParts are the tag and the digest, each empty where there is none.
func (j Job) ImageParts() (tag, sum string) {
	_, sum, _ = strings.Cut(j.Image, "@")
	return j.Version(), sum
}
