package options

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestCheckAnswersAsFlinkDoes holds Check against what each version's own
// Configuration.get(option) said when the data was made.
func TestCheckAnswersAsFlinkDoes(t *testing.T) {
	file, err := os.Open("testdata/answers.tsv")
	if os.IsNotExist(err) {
		t.Skip("testdata/answers.tsv is not made yet: see generate")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	took, refused := map[string]int{}, map[string]int{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		cell := strings.Split(lines.Text(), "\t")
		value, err := strconv.Unquote(cell[1])
		if err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		for i, count := range []map[string]int{took, refused} {
			for _, version := range strings.FieldsFunc(cell[2+i], func(r rune) bool { return r == ',' }) {
				count[version]++
				option := exact(t, version, cell[0])
				if err := option.Check(value); (err == nil) != (i == 0) {
					t.Errorf("Flink %s, %s (%s, list %t), %q: Flink takes it: %t, Check says %v", version, cell[0], option.Type, option.List, value, i == 0, err)
				}
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	for _, s := range sources()["flink"] {
		if took[s.version] < 300 || refused[s.version] < 200 {
			t.Errorf("Flink %s: %d values taken and %d refused are too few to show anything", s.version, took[s.version], refused[s.version])
		}
		t.Logf("Flink %s: %d taken, %d refused", s.version, took[s.version], refused[s.version])
	}
}

// exact is the option as the version defines it, even if it is an old name of another.
func exact(t *testing.T, version, key string) Option {
	t.Helper()
	for _, s := range sources()["flink"] {
		if i, ok := s.byKey[key]; ok && s.version == version {
			return s.options[i]
		}
	}
	t.Fatalf("Flink %s has no %s", version, key)
	return Option{}
}

func TestATimeIsReadByTheTypeOfItsVersion(t *testing.T) {
	for version, takes := range map[string]bool{"1.18": false, "1.19": false, "1.20": true, "2.0": true, "2.3": true} {
		option, ok := For(version, "").Lookup("heartbeat.interval")
		if !ok {
			t.Fatalf("%s: heartbeat.interval is not known", version)
		}
		if err := option.Check("3 s"); (err == nil) != takes {
			t.Errorf("Flink %s, heartbeat.interval of type %s: 3 s: %v", version, option.Type, err)
		}
		if err := option.Check("3000"); err != nil {
			t.Errorf("Flink %s: 3000: %v", version, err)
		}
	}
}

func TestAnErrorDoesNotShowTheValue(t *testing.T) {
	const secret = "s3cr3t;':,"
	for _, o := range For("2.3", "1.15").Options() {
		if err := o.Check(secret); err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", o.Key, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"", "30 s", "1g", "a:b,c:d", "'a;b';c", "[a, b]", "{a: {b: [c]}}", "PT1H-5S", "0x1p3", "TRUE", "- a\n- {b: c}", "\xff"} {
		f.Add(seed)
	}
	var all []Option
	for _, version := range []string{"1.18", "2.0", "2.3"} {
		seen := map[string]bool{}
		for _, o := range For(version, "1.15").Options() {
			if kind := o.Type + strconv.FormatBool(o.List) + strconv.FormatBool(o.Operator); !seen[kind] {
				seen[kind] = true
				all = append(all, o)
			}
		}
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, o := range all {
			first, second := o.Check(value), o.Check(value)
			if (first == nil) != (second == nil) || first != nil && first.Error() != second.Error() {
				t.Fatalf("%s of %s, %q: %v, and then %v", o.Key, o.Version, value, first, second)
			}
			if o.Type == "String" && !o.List && first != nil {
				t.Fatalf("%s: a text is refused: %v", o.Key, first)
			}
		}
	})
}
