package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheDataIsWhatFlinksClassesSay makes both files again and compares.
func TestTheDataIsWhatFlinksClassesSay(t *testing.T) {
	clone, jars := os.Getenv("FLINK_OPERATOR_CLONE"), os.Getenv("FLINK_JARS")
	if clone == "" || jars == "" {
		t.Skip("set FLINK_OPERATOR_CLONE to a clone of apache/flink-kubernetes-operator and FLINK_JARS to a folder for 2 GB of jars; needs a JDK, Maven, git, and minutes")
	}
	out := t.TempDir()
	if err := run(clone, jars, ".", out); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"options.tsv", "testdata/answers.tsv"} {
		made, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(made, kept) {
			t.Errorf("%s is not what generate makes: %d bytes are kept, %d were made", name, len(kept), len(made))
		}
	}
}

func TestOfTwoDefinitionsTheOneThatSaysMostIsKept(t *testing.T) {
	option := func(key, kind, missing, deprecated, class string) string {
		return strings.Join([]string{"option", key, kind, "", missing, "", deprecated, class}, "\t")
	}
	var found table
	found.add("flink", "1.18", []string{
		option("a.b", "String", "", "", "org.apache.flink.X"), option("a.b", "Duration", "1 s", "", "org.apache.flink.Y"),
		option("a.c", "Long", "1", "deprecated", "org.apache.flink.Y"), option("a.c", "String", "", "", "org.apache.flink.X"),
		option("path", "String", "", "", "org.apache.flink.connector.file.Options"),
	})
	found.add("flink", "1.19", []string{option("a.b", "Duration", "1 s", "", "org.apache.flink.Y"), option("a.c", "String", "x", "", "org.apache.flink.X")})
	_, got, _ := strings.Cut(string(found.data()), "\n")
	want := "## flink 1.18 1.19\n1.18,1.19\ta.b\tDuration\t\t1 s\n1.18\ta.c\tString\n1.19\ta.c\tString\t\tx\n## operator \n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
