package engine

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/modfile"
)

// The Automation API of one version and the CLI of another may misunderstand each other.
func TestTheCLIIsPinnedToTheVersionOfTheSDK(t *testing.T) {
	pinned, err := pinnedVersion(filepath.Join("..", "cli"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	module, err := modfile.ParseLax("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, require := range module.Require {
		if require.Mod.Path == "github.com/pulumi/pulumi/sdk/v3" && require.Mod.Version != "v"+pinned.String() {
			t.Errorf("cli/go.mod pins the CLI %s, go.mod the SDK %s", pinned, require.Mod.Version)
		}
	}
}
