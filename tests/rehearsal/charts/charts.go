// Package charts serves a Helm repository on this machine: the charts of the
// platform by name and version, the operator's with its CRDs, all without templates.
package charts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A helmChart is one of the repository: the program reads the operator's CRDs
// from it, as it does from the real one.
type helmChart struct {
	name, version string
	files         map[string]string
}

// A Server is a Helm repository on loopback: /<chart>/index.yaml and archives.
type Server struct {
	URL  string
	Stop func()
}

// Serve serves the two charts of the platform: the operator's in several
// versions. The port is kept in a file: a repository's address is an input of
// a release, and another one would be a change to every later command.
func Serve(portFile, crdFolder string, operators []string, certManager string) (*Server, error) {
	charts := []helmChart{{"cert-manager", certManager, map[string]string{"templates/NOTES.txt": "A stand-in: the rehearsal's kubernetes provider renders no template.\n"}}}
	for _, version := range operators {
		crds, err := operatorCRDs(crdFolder, version)
		if err != nil {
			return nil, err
		}
		charts = append(charts, helmChart{"flink-kubernetes-operator", version, crds})
	}
	mux := http.NewServeMux()
	indexes := map[string]string{}
	for _, c := range charts {
		archive, err := c.archive()
		if err != nil {
			return nil, err
		}
		file := c.name + "-" + c.version + ".tgz"
		if indexes[c.name] == "" {
			indexes[c.name] = "apiVersion: v1\nentries:\n  " + c.name + ":\n"
		}
		indexes[c.name] += c.entry(file, archive)
		mux.HandleFunc("GET /"+c.name+"/"+file, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive) })
	}
	for name, index := range indexes {
		mux.HandleFunc("GET /"+name+"/index.yaml", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, index) })
	}
	listener, err := listen(portFile)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return &Server{"http://" + listener.Addr().String(), func() { _, _ = server.Close(), listener.Close() }}, nil
}

func listen(portFile string) (net.Listener, error) {
	if text, err := os.ReadFile(portFile); err == nil {
		if l, err := net.Listen("tcp", "127.0.0.1:"+strings.TrimSpace(string(text))); err == nil {
			return l, nil
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return l, os.WriteFile(portFile, []byte(strconv.Itoa(port)), 0o600)
}

func (c helmChart) archive() ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	tarred := tar.NewWriter(zip)
	files := map[string]string{"Chart.yaml": c.metadata(""), "values.yaml": "{}\n"}
	for name, text := range c.files {
		files[name] = text
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		header := &tar.Header{Name: path.Join(c.name, name), Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}
		if err := tarred.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := tarred.Write([]byte(files[name])); err != nil {
			return nil, err
		}
	}
	if err := tarred.Close(); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (c helmChart) metadata(indent string) string {
	return strings.ReplaceAll(fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %q\nappVersion: %q\n", c.name, c.version, c.version), "\n", "\n"+indent)
}

func (c helmChart) entry(file string, archive []byte) string {
	return fmt.Sprintf("  - %surls: [%s]\n    digest: %x\n    created: \"2024-01-01T00:00:00Z\"\n",
		c.metadata("    "), file, sha256.Sum256(archive))
}
