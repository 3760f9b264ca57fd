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

// A version is major, minor and, for the operator, patch.
type version [3]int

func (v version) before(other version) bool {
	for i := range v {
		if v[i] != other[i] {
			return v[i] < other[i]
		}
	}
	return false
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// enum is the operator's spelling of a Flink version.
func (v version) enum() string { return fmt.Sprintf("v%d_%d", v[0], v[1]) }

func readVersion(pattern *regexp.Regexp, text string) (version, bool) {
	parts := pattern.FindStringSubmatch(text)
	var v version
	for i, part := range parts[min(1, len(parts)):] {
		n, err := strconv.Atoi(part)
		if err != nil {
			return version{}, false
		}
		v[i] = n
	}
	return v, parts != nil
}

func (j Job) flink() (version, bool) { return readVersion(enumVersion, j.FlinkVersion) }

// operators says which Flink versions each operator knows and which it calls
// deprecated: FlinkVersion.java at the tags release-1.10.0 to release-1.15.0.
// Below 1.15 every one of them refuses (isSupported).
var operators = []struct {
	since, newest, deprecated version
}{
	{version{1, 10, 0}, version{1, 20}, version{1, 15}},
	{version{1, 11, 0}, version{2, 0}, version{1, 16}},
	{version{1, 13, 0}, version{2, 2}, version{1, 18}},
	{version{1, 15, 0}, version{2, 4}, version{1, 18}},
}

// oldestFlink knows the keys that the program writes: high-availability.type,
// state.backend.type and restart-strategy.type came with 1.17.
var oldestFlink = version{1, 17}

// supported returns the newest and the newest deprecated Flink version of an operator.
func supported(operator version) (newest, deprecated version) {
	for _, of := range operators {
		if !operator.before(of.since) {
			newest, deprecated = of.newest, of.deprecated
		}
	}
	return newest, deprecated
}

// imageParts are the tag and the digest, each empty where there is none.
func (j Job) imageParts() (tag, sum string) {
	_, sum, _ = strings.Cut(j.Image, "@")
	return j.Version(), sum
}
