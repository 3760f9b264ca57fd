package flink

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestDurationsAreReadAsGoAndAsFlinkWriteThem(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "30 s": 30 * time.Second, "10m": 10 * time.Minute, "10 min": 10 * time.Minute,
		"1h30m": 90 * time.Minute, "2 d": 48 * time.Hour, "1500ms": 1500 * time.Millisecond, " 5 minutes ": 5 * time.Minute,
		"0s": 0, "7 µs": 7 * time.Microsecond,
	} {
		if got, err := ParseDuration(text); err != nil || time.Duration(got) != want {
			t.Errorf("%q is %v (%v), want %v", text, time.Duration(got), err, want)
		}
	}
	for _, text := range []string{"", "30", "s", "30 x", "ten", "99999999999999999999s", "9999999999 d"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestDurationsAreWrittenAsFlinkDoes(t *testing.T) {
	for want, d := range map[string]Duration{
		"30 s": 30 * Second, "10 min": 10 * Minute, "1 h": Hour, "90 min": Hour + 30*Minute, "1500 ms": 3 * Second / 2, "0 s": 0, "7 ns": 7,
	} {
		if got := d.Flink(); got != want {
			t.Errorf("%v is written %q, want %q", time.Duration(d), got, want)
		}
	}
}

func TestEveryDurationAndSizeIsReadBackAsItWasWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		d := Duration(r.Int64() >> r.IntN(63))
		d -= d % Duration([]time.Duration{1, time.Millisecond, time.Second, time.Minute, time.Hour}[r.IntN(5)])
		for _, text := range []string{d.String(), d.Flink()} {
			if back, err := ParseDuration(text); err != nil || back != d {
				t.Fatalf("%d was written %q and read back as %d (%v)", d, text, back, err)
			}
		}
		b := Bytes(r.Int64() >> r.IntN(63))
		b -= b % (1 << (10 * r.IntN(5)))
		if back, err := ParseBytes(b.String()); err != nil || back != b {
			t.Fatalf("%d was written %q and read back as %d (%v)", b, b, back, err)
		}
	}
}

func TestSizesAreReadInFlinksAndKubernetesUnits(t *testing.T) {
	for text, want := range map[string]Bytes{
		"2048m": 2 * GiB, "4g": 4 * GiB, "200Gi": 200 * GiB, "1 kb": 1024, "512": 512, "1Ti": 1024 * GiB,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "m", "-1m", "1.5g", "4 gigs", "99999999999g"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}

func FuzzUnitsNeverPanicAndReadBackWhatTheyWrite(f *testing.F) {
	for _, seed := range []string{"30 s", "1h30m", "200Gi", "-5s", "0", "9223372036854775807 ns"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseDuration(text); err == nil {
			if back, err := ParseDuration(d.String()); err != nil || back != d {
				t.Errorf("%q: %d is written %q", text, d, d)
			}
		}
		if b, err := ParseBytes(text); err == nil {
			if back, err := ParseBytes(b.String()); err != nil || back != b {
				t.Errorf("%q: %d is written %q", text, b, b)
			}
		}
	})
}
