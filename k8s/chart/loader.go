package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
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

// An index is what a Helm repository says of its charts.
type index struct {
	Entries map[string][]struct {
		Version string   `json:"version"`
		Digest  string   `json:"digest"`
		URLs    []string `json:"urls"`
	} `json:"entries"`
}

// download gets a chart's archive from its repository, or from the cache.
func (l *Loader) download(ctx context.Context, source Source) ([]byte, error) {
	base, err := url.Parse(source.Repository)
	if err != nil {
		return nil, errors.New("it is not a URL")
	}
	if !slices.Contains([]string{"http", "https"}, base.Scheme) || base.Host == "" {
		return nil, fmt.Errorf("%s is not an http(s) URL", base.Redacted())
	}
	if source.Version == "" {
		return nil, fmt.Errorf("%s must be given: the newest chart is nobody's choice", source.setting("version"))
	}
	content, err := l.get(ctx, base.JoinPath("index.yaml"), maxIndex)
	if err != nil {
		return nil, err
	}
	address, digest, err := find(content, base, source)
	if err != nil {
		return nil, err
	}
	if cached, ok := l.cached(digest); ok {
		return cached, nil
	}
	archive, err := l.get(ctx, address, maxArchive)
	if err != nil {
		return nil, err
	}
	if sum := hexSum(archive); sum != digest {
		return nil, fmt.Errorf("%s has the sha256 digest %s, and the repository's index says %s: it was changed or cut short",
			address.Redacted(), sum, digest)
	}
	l.keep(digest, archive)
	return archive, nil
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// find returns the address and the digest of a chart's archive from an index.
func find(content []byte, base *url.URL, source Source) (*url.URL, string, error) {
	var listed index
	if err := yaml.Unmarshal(content, &listed); err != nil {
		return nil, "", fmt.Errorf("index.yaml is not a Helm repository's index: %w", err)
	}
	var versions []string
	for _, entry := range listed.Entries[source.Chart] {
		versions = append(versions, entry.Version)
		// Helm, too, reads v1.10.0 and 1.10.0 as one version.
		if strings.TrimPrefix(entry.Version, "v") != strings.TrimPrefix(source.Version, "v") {
			continue
		}
		digest := strings.ToLower(strings.TrimPrefix(entry.Digest, "sha256:"))
		if !sha256Hex.MatchString(digest) {
			return nil, "", fmt.Errorf("the index gives no sha256 digest for %s %s", source.Chart, source.Version)
		}
		if len(entry.URLs) == 0 {
			return nil, "", fmt.Errorf("the index gives no URL for %s %s", source.Chart, source.Version)
		}
		at, err := url.Parse(entry.URLs[0])
		if err != nil {
			return nil, "", fmt.Errorf("the index gives a URL for %s %s that is none", source.Chart, source.Version)
		}
		// A relative URL starts from the repository's directory.
		directory := base.JoinPath("/")
		at = directory.ResolveReference(at)
		if !slices.Contains([]string{"http", "https"}, at.Scheme) {
			return nil, "", fmt.Errorf("the index gives the URL %s for %s %s: only http(s) is read", at.Redacted(), source.Chart, source.Version)
		}
		if base.Scheme == "https" && at.Scheme == "http" {
			return nil, "", fmt.Errorf("the index leads from https to %s: refused", at.Redacted())
		}
		return at, digest, nil
	}
	if versions == nil {
		return nil, "", fmt.Errorf("the repository %s has no chart %q", base.Redacted(), source.Chart)
	}
	return nil, "", fmt.Errorf("the repository %s has no version %s of %s; it has %s", base.Redacted(),
		source.Version, source.Chart, strings.Join(versions[:min(len(versions), 10)], ", "))
}

func (l *Loader) get(ctx context.Context, at *url.URL, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s is no address to ask", at.Redacted())
	}
	client := l.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		// url.Error redacts a password by itself.
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", at.Redacted(), response.Status)
	}
	return readAll(response.Body, limit, at.Redacted())
}

// cached returns the archive of a digest when the cache has it, unchanged.
func (l *Loader) cached(digest string) ([]byte, bool) {
	dir, err := l.cacheDir()
	if err != nil {
		return nil, false
	}
	archive, err := readFile(filepath.Join(dir, digest+".tgz"), maxArchive)
	return archive, err == nil && hexSum(archive) == digest
}

// keep puts an archive into the cache. A cache that cannot be written costs a
// download next time and nothing else.
func (l *Loader) keep(digest string, archive []byte) {
	dir, err := l.cacheDir()
	if err != nil || os.MkdirAll(dir, 0o755) != nil {
		return
	}
	part, err := os.CreateTemp(dir, digest+".*")
	if err != nil {
		return
	}
	_, err = part.Write(archive)
	if err = errors.Join(err, part.Close()); err == nil {
		// Renamed when whole: two updates at once never see half an archive.
		err = os.Rename(part.Name(), filepath.Join(dir, digest+".tgz"))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		os.Remove(part.Name())
	}
}

func (l *Loader) cacheDir() (string, error) {
	if l.CacheDir != "" {
		return l.CacheDir, nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "flink-payments", "charts"), err
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
