package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What a chart may cost. The largest CRD file of the operator is 640 kB, its
// archive 150 kB.
const (
	maxIndex   = 32 << 20
	maxArchive = 16 << 20
	maxContent = 64 << 20
	timeLimit  = 2 * time.Minute
)

// A Loader reads charts. The zero value is ready to use.
type Loader struct {
	// Client asks the repository. Default: http.DefaultClient.
	Client *http.Client
	// CacheDir holds archives by their digest. Default: flink-payments/charts in
	// the user's cache directory.
	CacheDir string
}

// CRDs reads the CRDs of a chart, by name, in the form in which the API server
// keeps them. It takes two minutes at most.
func (l *Loader) CRDs(ctx context.Context, source Source) ([]CRD, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()

	var files []file
	var err error
	setting := "chart"
	switch {
	case source.CRDs != "":
		setting = "crds.path"
		files, err = readDirectory(source.CRDs)
	case strings.HasPrefix(source.Chart, "oci://") || strings.HasPrefix(source.Repository, "oci://"):
		setting = "repository"
		err = fmt.Errorf("CRDs are not read from an OCI registry: unpack the chart's crds/ and set %s to that directory", source.setting("crds.path"))
	case source.Repository == "":
		files, err = readLocal(source.Chart)
	default:
		setting = "repository"
		var archive []byte
		if archive, err = l.download(ctx, source); err == nil {
			files, err = unpack(archive)
		}
	}
	if err == nil {
		var crds []CRD
		if crds, err = parse(files); err == nil {
			return crds, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", source.setting(setting), err)
}

func (s Source) setting(name string) string {
	if s.Setting == "" {
		return name
	}
	return s.Setting + "." + name
}

// A file of YAML documents.
type file struct {
	name    string
	content []byte
}

// isYAML says whether a file of crds/ is one that Helm reads.
func isYAML(name string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, path.Ext(name))
}

// readLocal reads a chart's directory or archive.
func readLocal(name string) ([]file, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("with no repository the chart is a local path: %w", err)
	}
	if info.IsDir() {
		return readDirectory(name)
	}
	if info.Size() > maxArchive {
		return nil, fmt.Errorf("%s has %d bytes, more than a chart's %d", name, info.Size(), maxArchive)
	}
	archive, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return unpack(archive)
}

// readDirectory reads a directory of CRDs, or crds/ below it when it has one.
func readDirectory(dir string) ([]file, error) {
	if info, err := os.Stat(filepath.Join(dir, "crds")); err == nil && info.IsDir() {
		dir = filepath.Join(dir, "crds")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []file
	left := int64(maxContent)
	for _, entry := range entries {
		if entry.IsDir() || !isYAML(entry.Name()) {
			continue
		}
		name := filepath.Join(dir, entry.Name())
		content, err := readFile(name, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(content))
		files = append(files, file{name, content})
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no .yaml or .yml file", dir)
	}
	return files, nil
}

func readFile(name string, limit int64) ([]byte, error) {
	opened, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return readAll(opened, limit, name)
}

// readAll reads to the end, or fails when there is more than limit.
func readAll(from io.Reader, limit int64, name string) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%s is larger than the %d bytes that are read of a chart", name, limit)
	}
	return content, nil
}

// unpack reads the files of crds/ out of a chart's archive. Nothing is written.
func unpack(archive []byte) ([]file, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("the chart's archive is not gzip: %w", err)
	}
	// One byte more than is allowed, so that the end is told from the limit.
	limited := &io.LimitedReader{R: unzipped, N: maxContent + 1}
	entries := tar.NewReader(limited)
	var files []file
	for {
		header, err := entries.Next()
		if limited.N <= 0 {
			return nil, fmt.Errorf("the chart's archive unpacks to more than %d bytes", maxContent)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the chart's archive is broken: %w", err)
		}
		name := strings.ReplaceAll(header.Name, `\`, "/")
		if path.IsAbs(name) || slices.Contains(strings.Split(name, "/"), "..") {
			return nil, fmt.Errorf("the chart's archive holds the path %q, which leaves it", header.Name)
		}
		parts := strings.Split(path.Clean(name), "/")
		if header.Typeflag != tar.TypeReg || len(parts) < 3 || parts[1] != "crds" || !isYAML(name) {
			continue
		}
		content, err := readAll(entries, maxContent, name)
		if err != nil {
			return nil, fmt.Errorf("the chart's archive is broken: %w", err)
		}
		files = append(files, file{name, content})
	}
	if len(files) == 0 {
		return nil, errors.New("the chart has no crds/")
	}
	return files, nil
}
