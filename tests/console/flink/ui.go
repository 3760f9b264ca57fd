package flink

import (
	"archive/zip"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// UI is what a version's web interface is and does.
type UI struct {
	// Asks are the requests to the REST API in its scripts, as METHOD PATH; what it fills in is
	// written {}.
	Asks []string
	// Files of it, below /.
	Files []string
}

// The scripts hold each request as `${this.configService.BASE_URL}/PATH`, mostly right behind its verb.
var (
	request = regexp.MustCompile("(?:httpClient\\.([a-z]+)\\()?`\\$\\{this\\.configService\\.BASE_URL\\}(/[^`?]*)")
	filled  = regexp.MustCompile(`\$\{[^}]*\}`)
)

// ReadUI reads the web interface out of the jar flink-runtime-web.
func ReadUI(version string) (UI, error) {
	classPath, err := ClassPath(version)
	if err != nil {
		return UI{}, err
	}
	at := slices.IndexFunc(classPath, func(jar string) bool { return strings.HasPrefix(path.Base(jar), "flink-runtime-web-") })
	if at < 0 {
		return UI{}, fmt.Errorf("flink-runtime-web is not among the jars of Flink %s", version)
	}
	jar, err := zip.OpenReader(classPath[at])
	if err != nil {
		return UI{}, err
	}
	defer jar.Close()
	var ui UI
	for _, file := range jar.File {
		name, is := strings.CutPrefix(file.Name, "web/")
		if !is || file.FileInfo().IsDir() {
			continue
		}
		ui.Files = append(ui.Files, "/"+name)
		if path.Ext(name) != ".js" {
			continue
		}
		script, err := file.Open()
		if err != nil {
			return UI{}, err
		}
		text, err := io.ReadAll(script)
		script.Close()
		if err != nil {
			return UI{}, err
		}
		for _, found := range request.FindAllSubmatch(text, -1) {
			verb := "GET" // a link, or a path that is put into a variable first
			if len(found[1]) > 0 {
				verb = strings.ToUpper(string(found[1]))
			}
			ui.Asks = append(ui.Asks, verb+" "+filled.ReplaceAllString(string(found[2]), "{}"))
		}
	}
	slices.Sort(ui.Asks)
	ui.Asks = slices.Compact(ui.Asks)
	slices.Sort(ui.Files)
	return ui, nil
}
