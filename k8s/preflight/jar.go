package preflight

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:generate go -C ../../tests/preflight run ./build

//go:embed preflight.jar
var jar []byte

// HashAttribute of the jar's manifest holds SourcesHash of what it was compiled from.
const HashAttribute = "Sources-SHA256"

// SourcesHash is one SHA-256, in hexadecimal, of the names and contents of all
// .java files of a folder, line ends aside. It ties the jar to its sources where there is no JDK.
func SourcesHash(sources fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(sources, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".java" {
			return err
		}
		content, err := fs.ReadFile(sources, name)
		if err != nil {
			return err
		}
		fmt.Fprintln(sum, name)
		lines := bufio.NewScanner(strings.NewReader(string(content)))
		for lines.Scan() {
			fmt.Fprintln(sum, strings.TrimRight(lines.Text(), "\r"))
		}
		return lines.Err()
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}
