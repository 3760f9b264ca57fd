package chart

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

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
