package flink

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that a person writes as Go does (30s, 10m, 1h30m)
// or as Flink does (30 s, 10 min).
type Duration time.Duration

const (
	Second = Duration(time.Second)
	Minute = Duration(time.Minute)
	Hour   = Duration(time.Hour)
)

// flinkDuration is one of Flink's own: a number, maybe a space, a unit (TimeUtils).
var flinkDuration = regexp.MustCompile(`^\s*(\d+)\s*([a-zµ]+)\s*$`)

var flinkUnits = map[string]time.Duration{
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"ms": time.Millisecond, "milli": time.Millisecond, "millis": time.Millisecond, "millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"µs": time.Microsecond, "micro": time.Microsecond, "micros": time.Microsecond, "microsecond": time.Microsecond, "microseconds": time.Microsecond,
	"ns": time.Nanosecond, "nano": time.Nanosecond, "nanos": time.Nanosecond, "nanosecond": time.Nanosecond, "nanoseconds": time.Nanosecond,
}

// ParseDuration reads Go's or Flink's way of writing a duration.
func ParseDuration(text string) (Duration, error) {
	if parts := flinkDuration.FindStringSubmatch(text); parts != nil {
		n, err := strconv.ParseInt(parts[1], 10, 64)
		unit, known := flinkUnits[parts[2]]
		if err == nil && known && n <= math.MaxInt64/int64(unit) {
			return Duration(n * int64(unit)), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration: write 30s, 10m or 1h", text)
	}
	return Duration(d), nil
}

// flinkNumber is a duration without a unit, which Flink takes for milliseconds.
var flinkNumber = regexp.MustCompile(`^\s*\d+\s*$`)

// ParseFlinkDuration reads what Flink's TimeUtils reads: neither 1h30m nor 1.5s, which only Go does.
func ParseFlinkDuration(text string) (Duration, error) {
	if flinkNumber.MatchString(text) {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || n > int64(time.Duration(1<<63-1)/time.Millisecond) {
			return 0, fmt.Errorf("%q is too long", text)
		}
		return Duration(n) * Duration(time.Millisecond), nil
	}
	lower := strings.ToLower(text)
	if !flinkDuration.MatchString(lower) {
		return 0, fmt.Errorf("%q is not a duration of Flink's: write 30 s", text)
	}
	return ParseDuration(lower)
}

// UnmarshalText reads a duration from a setting.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	*d = parsed
	return err
}

// String writes the shortest form that both Go and Flink read: 30s, 10m, 1h, 1500ms.
func (d Duration) String() string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if d != 0 && time.Duration(d)%unit.of == 0 {
			return strconv.FormatInt(int64(time.Duration(d)/unit.of), 10) + unit.name
		}
	}
	if d == 0 {
		return "0s"
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}

// MarshalText is String: documents and outputs show what a person wrote.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Flink renders the duration as Flink's documents do: 30 s, 10 min.
func (d Duration) Flink() string {
	text := d.String()
	number := strings.TrimRight(text, "hmns")
	unit := text[len(number):]
	if unit == "m" {
		unit = "min"
	}
	return number + " " + unit
}

// Bytes is a size that a person writes in Kubernetes' units (200Gi) or Flink's (2048m, 4g).
type Bytes int64

const (
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
)

var sizePattern = regexp.MustCompile(`^\s*(\d+)\s*([A-Za-z]*)\s*$`)

// sizeUnits are Flink's (MemorySize: all powers of 1024) and Kubernetes' binary ones.
var sizeUnits = map[string]Bytes{
	"": 1, "b": 1, "bytes": 1,
	"k": 1 << 10, "kb": 1 << 10, "kibibytes": 1 << 10, "ki": 1 << 10,
	"m": MiB, "mb": MiB, "mebibytes": MiB, "mi": MiB,
	"g": GiB, "gb": GiB, "gibibytes": GiB, "gi": GiB,
	"t": 1 << 40, "tb": 1 << 40, "tebibytes": 1 << 40, "ti": 1 << 40,
}

// ParseBytes reads Flink's or Kubernetes' way of writing a size.
func ParseBytes(text string) (Bytes, error) {
	parts := sizePattern.FindStringSubmatch(text)
	if parts != nil {
		n, err := strconv.ParseInt(parts[1], 10, 64)
		unit, known := sizeUnits[strings.ToLower(parts[2])]
		if err == nil && known && n <= math.MaxInt64/int64(unit) {
			return Bytes(n) * unit, nil
		}
	}
	return 0, fmt.Errorf("%q is not a size: write 2048m, 4g or 200Gi", text)
}

// UnmarshalText reads a size from a setting.
func (b *Bytes) UnmarshalText(text []byte) error {
	parsed, err := ParseBytes(string(text))
	*b = parsed
	return err
}

// String writes the largest binary unit that fits without a remainder.
func (b Bytes) String() string {
	for _, unit := range []struct {
		of   Bytes
		name string
	}{{1 << 40, "Ti"}, {GiB, "Gi"}, {MiB, "Mi"}, {1 << 10, "Ki"}} {
		if b != 0 && b%unit.of == 0 {
			return strconv.FormatInt(int64(b/unit.of), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// MarshalText is String.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// Times is the size multiplied, and the largest size instead of running over.
func (b Bytes) Times(by float64) Bytes {
	product := float64(b) * by
	if product >= math.MaxInt64 {
		return math.MaxInt64
	}
	return Bytes(product)
}
