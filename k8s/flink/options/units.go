package options

import (
	"errors"
	"math/big"
	"regexp"
	"strings"
)

// split cuts text into a leading number and a unit in lower case.
func split(text string) (number *big.Int, unit string) {
	text = trim(text)
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(text)
	}
	number, ok := new(big.Int).SetString(text[:end], 10)
	if !ok {
		return nil, ""
	}
	return number, strings.ToLower(trim(text[end:]))
}

// nanoseconds of the units of TimeUtils.
var nanoseconds = map[string]int64{
	"ns": 1, "nano": 1, "nanos": 1, "nanosecond": 1, "nanoseconds": 1,
	"µs": 1e3, "micro": 1e3, "micros": 1e3, "microsecond": 1e3, "microseconds": 1e3,
	"ms": 1e6, "milli": 1e6, "millis": 1e6, "millisecond": 1e6, "milliseconds": 1e6,
	"s": 1e9, "sec": 1e9, "secs": 1e9, "second": 1e9, "seconds": 1e9,
	"min": 60e9, "m": 60e9, "minute": 60e9, "minutes": 60e9,
	"h": 3600e9, "hour": 3600e9, "hours": 3600e9,
	"d": 86400e9, "day": 86400e9, "days": 86400e9,
}

// isoSince is the version here that also reads PT30S; 2.0 does not.
const isoSince = "2.3"

// isoDuration is the grammar of Java's Duration.parse.
var isoDuration = regexp.MustCompile(`(?i)^([+-]?)P(?:([+-]?[0-9]+)D)?(T(?:([+-]?[0-9]+)H)?(?:([+-]?[0-9]+)M)?(?:([+-]?[0-9]+)(?:[.,]([0-9]{0,9}))?S)?)?$`)

func (o Option) duration(value string) error {
	wanted := errors.New("write: a whole number and a unit (ms, s, min, h, d), such as 30 s; a number alone is milliseconds")
	number, unit := split(value)
	if number == nil {
		if o.Version == isoSince && iso(trim(value)) {
			return nil
		}
		return wanted
	}
	if unit == "" {
		unit = "ms"
	}
	of, known := nanoseconds[unit]
	if !known {
		return wanted
	}
	// A java.time.Duration counts seconds in 64 bits; Flink 1 reads the number itself into 64 bits.
	seconds := new(big.Int).Mul(number, big.NewInt(of))
	seconds.Quo(seconds, big.NewInt(1e9))
	if !seconds.IsInt64() || !o.two() && !number.IsInt64() {
		return errors.New("write: a shorter time; Flink cannot hold this number")
	}
	return nil
}

// iso tells whether Duration.parse takes the text and the time is not negative.
func iso(text string) bool {
	part := isoDuration.FindStringSubmatch(text)
	if part == nil || strings.EqualFold(part[3], "T") || part[2]+part[4]+part[5]+part[6] == "" {
		return false
	}
	total := new(big.Int)
	for i, seconds := range map[int]int64{2: 86400, 4: 3600, 5: 60, 6: 1} {
		if part[i] == "" {
			continue
		}
		n, _ := new(big.Int).SetString(part[i], 10)
		n.Mul(n, big.NewInt(seconds))
		if !n.IsInt64() {
			return false
		}
		total.Add(total, n)
	}
	nanos, _ := new(big.Int).SetString((part[7] + "000000000")[:9], 10)
	if strings.HasPrefix(part[6], "-") {
		nanos.Neg(nanos)
	}
	exact := new(big.Int).Add(new(big.Int).Mul(total, big.NewInt(1e9)), nanos)
	if part[1] == "-" {
		exact.Neg(exact)
		total.Neg(total)
	}
	return total.IsInt64() && exact.Sign() >= 0
}

// bytes of the units of MemorySize.
var bytes = map[string]int64{
	"": 1, "b": 1, "bytes": 1,
	"k": 1 << 10, "kb": 1 << 10, "kibibytes": 1 << 10,
	"m": 1 << 20, "mb": 1 << 20, "mebibytes": 1 << 20,
	"g": 1 << 30, "gb": 1 << 30, "gibibytes": 1 << 30,
	"t": 1 << 40, "tb": 1 << 40, "tebibytes": 1 << 40,
}

func memory(value string) error {
	number, unit := split(value)
	of, known := bytes[unit]
	if number == nil || !known {
		return errors.New("write: a whole number and a unit (k, m, g or t: 1024 each), such as 512m; a number alone is bytes")
	}
	if !number.IsInt64() || !new(big.Int).Mul(number, big.NewInt(of)).IsInt64() {
		return errors.New("write: a smaller size; Flink cannot hold this number")
	}
	return nil
}
