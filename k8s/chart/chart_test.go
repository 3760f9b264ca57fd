package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const crd = `apiVersion: apiextensions.k8s.io/v1
# made by a generator
kind: CustomResourceDefinition
metadata:
  name: %[1]s.flink.apache.org
  creationTimestamp: null
spec:
  group: flink.apache.org
  names: {kind: Flink, plural: %[1]s, singular: flink, shortNames: []}
  scope: Namespaced
  versions:
  - name: v1beta1
    served: true
    storage: true
status: {}
`

func yamlOf(plural string) string { return fmt.Sprintf(crd, plural) }

// entry of an archive.
type entry struct {
	name, content string
	kind          byte
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	writer := tar.NewWriter(zipped)
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		header := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o644}
		if e.kind == tar.TypeReg {
			header.Size = int64(len(e.content))
		} else {
			header.Linkname = e.content
		}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if e.kind == tar.TypeReg {
			if _, err := writer.Write([]byte(e.content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(writer.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func operatorChart(t testing.TB) []byte {
	return archive(t,
		entry{name: "flink-kubernetes-operator/Chart.yaml", content: "name: flink-kubernetes-operator"},
		entry{name: "flink-kubernetes-operator/crds/b.yml", content: yamlOf("flinksessionjobs")},
		entry{name: "flink-kubernetes-operator/crds/a.yaml", content: "---\n" + yamlOf("flinkdeployments") + "---\n# nothing\n"},
		entry{name: "flink-kubernetes-operator/crds/README.md", content: "not YAML: ["},
		entry{name: "flink-kubernetes-operator/templates/crds.yaml", content: "{{ not YAML"},
	)
}

// A repository serves files and counts what is asked of it.
type repository struct {
	*httptest.Server
	files map[string][]byte
	asked map[string]int
}

func serve(t *testing.T, files map[string][]byte) *repository {
	r := &repository{files: files, asked: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.asked[request.URL.Path]++
		content, there := r.files[request.URL.Path]
		if !there {
			http.NotFound(w, request)
			return
		}
		_, _ = w.Write(content) // the reader may leave early
	}))
	t.Cleanup(r.Close)
	return r
}

func indexOf(version, digest, at string) []byte {
	return fmt.Appendf(nil, "apiVersion: v1\nentries:\n  flink-kubernetes-operator:\n  - version: %s\n    digest: %q\n    urls: [%q]\n", version, digest, at)
}

func source(r *repository) Source {
	return Source{Repository: r.URL + "/flink", Chart: "flink-kubernetes-operator", Version: "1.10.0", Setting: "platform.operator"}
}

func names(crds []CRD) []string {
	var all []string
	for _, crd := range crds {
		all = append(all, crd.Plural())
	}
	return all
}

var both = []string{"flinkdeployments", "flinksessionjobs"}

func TestCRDsComeFromTheChartOfARepository(t *testing.T) {
	packed := operatorChart(t)
	for _, at := range []string{"operator-1.10.0.tgz", "/flink/operator-1.10.0.tgz", "ABSOLUTE"} {
		r := serve(t, map[string][]byte{"/flink/operator-1.10.0.tgz": packed})
		if at == "ABSOLUTE" {
			at = r.URL + "/flink/operator-1.10.0.tgz"
		}
		r.files["/flink/index.yaml"] = indexOf("1.10.0", hexSum(packed), at)
		crds, err := (&Loader{CacheDir: t.TempDir()}).CRDs(t.Context(), source(r))
		if err != nil || !slices.Equal(names(crds), both) {
			t.Errorf("%s: %v, %v", at, names(crds), err)
		}
	}
}

func TestAChartIsDownloadedOnce(t *testing.T) {
	packed := operatorChart(t)
	r := serve(t, map[string][]byte{"/flink/index.yaml": indexOf("1.10.0", hexSum(packed), "o.tgz"), "/flink/o.tgz": packed})
	loader := &Loader{CacheDir: filepath.Join(t.TempDir(), "cache"), Client: r.Client()}
	for range 3 {
		if _, err := loader.CRDs(t.Context(), source(r)); err != nil {
			t.Fatal(err)
		}
	}
	if r.asked["/flink/o.tgz"] != 1 {
		t.Errorf("the archive was asked for %d times", r.asked["/flink/o.tgz"])
	}

	// A cache that somebody wrote to is not believed.
	cached := filepath.Join(loader.CacheDir, hexSum(packed)+".tgz")
	if err := os.WriteFile(cached, archive(t, entry{name: "c/crds/evil.yaml", content: yamlOf("evil")}), 0o644); err != nil {
		t.Fatal(err)
	}
	crds, err := loader.CRDs(t.Context(), source(r))
	if err != nil || !slices.Equal(names(crds), both) || r.asked["/flink/o.tgz"] != 2 {
		t.Errorf("from a changed cache: %v, %v", names(crds), err)
	}
	if entries, err := os.ReadDir(loader.CacheDir); err != nil || len(entries) != 1 {
		t.Errorf("the cache holds %v, %v", entries, err)
	}

	// And one that cannot be written costs nothing but the download.
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Loader{CacheDir: blocked}).CRDs(t.Context(), source(r)); err != nil {
		t.Errorf("without a cache: %v", err)
	}
}

func TestCRDsComeFromALocalChartOrADirectory(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("chart/Chart.yaml", "name: flink-kubernetes-operator")
	write("chart/crds/a.yml", yamlOf("flinkdeployments"))
	write("chart/crds/b.yaml", yamlOf("flinksessionjobs"))
	write("chart.tgz", string(operatorChart(t)))
	write("plain/all.yaml", yamlOf("flinkdeployments")+"---\n"+yamlOf("flinksessionjobs"))
	for what, source := range map[string]Source{
		"a chart's directory": {Chart: filepath.Join(dir, "chart")},
		"a chart's archive":   {Chart: filepath.Join(dir, "chart.tgz")},
		"a directory of CRDs": {CRDs: filepath.Join(dir, "plain"), Chart: "flink-kubernetes-operator", Repository: "https://unreachable.invalid"},
		"an unpacked chart":   {CRDs: filepath.Join(dir, "chart"), Chart: "oci://registry/chart"},
	} {
		crds, err := CRDs(t.Context(), source)
		if err != nil || !slices.Equal(names(crds), both) {
			t.Errorf("%s: %v, %v", what, names(crds), err)
		}
	}
}

func TestWhatIsWrongIsSaidWithItsSetting(t *testing.T) {
	good := operatorChart(t)
	pack := func(entries ...entry) []byte { return archive(t, entries...) }
	for want, packed := range map[string][]byte{
		"which leaves it":                       pack(entry{name: "c/crds/../../../etc/a.yaml", content: yamlOf("a")}),
		`"/c/crds/a.yaml", which leaves it`:     pack(entry{name: "/c/crds/a.yaml", content: yamlOf("a")}),
		`c\\crds\\..\\a.yaml", which leaves it`: pack(entry{name: `c\crds\..\a.yaml`, content: yamlOf("a")}),
		"the chart has no crds/":                pack(entry{name: "c/crds/a.yaml", content: "/etc/passwd", kind: tar.TypeSymlink}),
		"not gzip":                              []byte("<html>"),
		"broken":                                good[:len(good)/2],
		"unpacks to more than":                  pack(entry{name: "c/values.yaml", content: strings.Repeat(" ", maxContent+1)}),
		"is not YAML":                           pack(entry{name: "c/crds/a.yaml", content: "{{ .Values.a }}"}),
		"it holds v1 Secret":                    pack(entry{name: "c/crds/a.yaml", content: "{apiVersion: v1, kind: Secret}"}),
		"a.flink.apache.org is there twice":     pack(entry{name: "c/crds/a.yaml", content: yamlOf("a")}, entry{name: "c/crds/b.yaml", content: yamlOf("a")}),
		"there is no CustomResourceDefinition":  pack(entry{name: "c/crds/a.yaml", content: "# nothing\n"}),
		`the name "" is not PLURAL.GROUP`:       pack(entry{name: "c/crds/a.yaml", content: "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition}"}),
	} {
		r := serve(t, map[string][]byte{"/flink/index.yaml": indexOf("1.10.0", hexSum(packed), "o.tgz"), "/flink/o.tgz": packed})
		refused(t, want, "platform.operator.repository", &Loader{CacheDir: t.TempDir()}, source(r))
	}
	for want, index := range map[string][]byte{
		"was changed or cut short":             indexOf("1.10.0", strings.Repeat("0", 64), "o.tgz"),
		"no sha256 digest":                     indexOf("1.10.0", "../../../../tmp/x", "o.tgz"),
		"has no version 1.10.0":                indexOf("1.11.0", hexSum(good), "o.tgz"),
		"it has 1.11.0":                        indexOf("1.11.0", hexSum(good), "o.tgz"),
		"only http(s) is read":                 indexOf("1.10.0", hexSum(good), "file:///etc/passwd"),
		"404":                                  indexOf("1.10.0", hexSum(good), "gone.tgz"),
		"is larger than":                       bytes.Repeat([]byte("#"), maxIndex+1),
		"not a Helm repository's index":        []byte("<html>\n\t<b>"),
		`no chart "flink-kubernetes-operator"`: []byte("entries: {}"),
		"gives no URL":                         fmt.Appendf(nil, "entries: {flink-kubernetes-operator: [{version: 1.10.0, digest: %s}]}", hexSum(good)),
	} {
		r := serve(t, map[string][]byte{"/flink/index.yaml": index, "/flink/o.tgz": good})
		refused(t, want, "platform.operator.repository", &Loader{CacheDir: t.TempDir()}, source(r))
	}

	loader := &Loader{CacheDir: t.TempDir()}
	refused(t, "set platform.operator.crds.path", "platform.operator.repository", loader, Source{Chart: "oci://registry/chart", Setting: "platform.operator"})
	refused(t, "no such file", "platform.operator.chart", loader, Source{Chart: filepath.Join(t.TempDir(), "gone"), Setting: "platform.operator"})
	refused(t, "holds no .yaml", "platform.operator.crds.path", loader, Source{CRDs: t.TempDir(), Setting: "platform.operator"})
	refused(t, "not an http(s) URL", "platform.operator.repository", loader, Source{Repository: "ftp://a", Chart: "c", Version: "1", Setting: "platform.operator"})
	refused(t, "platform.operator.version must be given", "platform.operator.repository", loader, Source{Repository: "https://a", Chart: "c", Setting: "platform.operator"})
}

func refused(t *testing.T, want, setting string, loader *Loader, source Source) {
	t.Helper()
	crds, err := loader.CRDs(t.Context(), source)
	switch {
	case err == nil:
		t.Errorf("%s: it was taken: %v", want, names(crds))
	case !strings.HasPrefix(err.Error(), setting+": "), !strings.Contains(err.Error(), want):
		t.Errorf("%s: %s: refused by %q", setting, want, err)
	}
}

func TestAPasswordInARepositorysAddressIsNotShown(t *testing.T) {
	r := serve(t, nil)
	closed := *r
	for _, address := range []string{r.URL, "http://127.0.0.1:1", "ftp://host", closed.URL + "/%zz"} {
		address = strings.Replace(address, "://", "://user:hunter2@", 1)
		_, err := (&Loader{}).CRDs(t.Context(), Source{Repository: address, Chart: "c", Version: "1"})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

func TestARepositoryThatDoesNotAnswerIsGivenUp(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		stop()
		<-request.Context().Done()
	}))
	defer server.Close()
	_, err := (&Loader{}).CRDs(stopped, Source{Repository: server.URL, Chart: "c", Version: "1"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAnIndexDoesNotLeadAwayFromTLS(t *testing.T) {
	base, _ := url.Parse("https://repo.example/charts")
	_, _, err := find(indexOf("1.10.0", strings.Repeat("a", 64), "http://repo.example/o.tgz"), base,
		Source{Chart: "flink-kubernetes-operator", Version: "1.10.0"})
	if err == nil || !strings.Contains(err.Error(), "leads from https") {
		t.Errorf("%v", err)
	}
}

// What the API server's own types drop when they are written, and only where
// they are fields: a property may bear the same name.
func TestTheFormIsTheOneTheServerKeeps(t *testing.T) {
	crds, err := parse([]file{{"crd.yaml", []byte(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: flinks.flink.apache.org
  creationTimestamp: null
  resourceVersion: "1"
  labels: {app.kubernetes.io/managed-by: Helm, helm.sh/chart: c, team: payments}
  annotations: {meta.helm.sh/release-name: r}
spec:
  group: flink.apache.org
  preserveUnknownFields: false
  scope: Namespaced
  names: {plural: flinks, kind: Flink, shortNames: [], categories: [], singular: ""}
  versions:
  - name: v1
    served: true
    storage: false
    deprecated: false
    additionalPrinterColumns:
    - {name: a, type: string, jsonPath: .a, priority: 0, description: "", format: ""}
    - {name: b, type: string, jsonPath: .b, priority: 1}
    schema:
      openAPIV3Schema:
        type: object
        nullable: false
        description: ""
        properties:
          priority: {type: integer, default: 0, minimum: 0, nullable: false, required: []}
          status: {type: array, items: {type: string, format: ""}, enum: [""]}
          nullable: {additionalProperties: {type: object, properties: {}}, x-kubernetes-preserve-unknown-fields: false}
          enum: {anyOf: [{type: integer, title: ""}], not: {uniqueItems: false}, additionalProperties: false}
          const: {example: {priority: 0, description: ""}, default: {required: []}}
  - name: v2
    served: false
    storage: true
    additionalPrinterColumns: []
status: {acceptedNames: {}}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := yaml.Unmarshal([]byte(`
metadata: {name: flinks.flink.apache.org, labels: {team: payments}}
spec:
  group: flink.apache.org
  scope: Namespaced
  names: {plural: flinks, kind: Flink}
  versions:
  - name: v1
    served: true
    storage: false
    additionalPrinterColumns:
    - {name: a, type: string, jsonPath: .a}
    - {name: b, type: string, jsonPath: .b, priority: 1}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          priority: {type: integer, default: 0, minimum: 0}
          status: {type: array, items: {type: string}, enum: [""]}
          nullable: {additionalProperties: {type: object}, x-kubernetes-preserve-unknown-fields: false}
          enum: {anyOf: [{type: integer}], not: {}, additionalProperties: false}
          const: {example: {priority: 0, description: ""}, default: {required: []}}
  - name: v2
    served: false
    storage: true
`), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(crds[0].Manifest, want) {
		got, _ := json.MarshalIndent(crds[0].Manifest, "", " ")
		t.Errorf("the form is %s", got)
	}
}

// The operator's own CRDs of both ends of the supported range.
func TestTheOperatorsCRDsAreRead(t *testing.T) {
	for version, want := range map[string][]string{
		"1.10.0": {"flinkdeployments", "flinksessionjobs", "flinkstatesnapshots"},
		"1.15.0": {"flinkbluegreendeployments", "flinkdeployments", "flinksessionjobs", "flinkstatesnapshots"},
	} {
		dir := filepath.Join("..", "..", "..", "shared", "data", "flink-crds", version)
		if _, err := os.Stat(dir); err != nil {
			t.Skip("the operator's CRDs are not here")
		}
		crds, err := CRDs(t.Context(), Source{CRDs: dir})
		if err != nil || !slices.Equal(names(crds), want) {
			t.Errorf("%s: %v, %v", version, names(crds), err)
		}
		for _, crd := range crds {
			text, err := json.Marshal(crd.Manifest)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), `"priority":0`) {
				t.Errorf("%s %s keeps a default that the server drops", version, crd.Name)
			}
		}
	}
}

func FuzzNoCRDBreaksTheReader(f *testing.F) {
	f.Add([]byte(yamlOf("flinkdeployments")))
	f.Add([]byte("---\n---\n"))
	f.Add([]byte("{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a.b}, spec: {group: b, names: {plural: a}, versions: [1, {schema: {openAPIV3Schema: {items: [], properties: 1}}}]}}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		crds, err := parse([]file{{"crd.yaml", content}})
		if err != nil {
			return
		}
		for _, crd := range crds {
			if crd.Name == "" {
				t.Error("a CRD has no name")
			}
			// Read again, the form does not change: a second preview shows nothing.
			again := map[string]any{"apiVersion": crdVersion, "kind": crdKind}
			maps.Copy(again, crd.Manifest)
			text, err := json.Marshal(again)
			if err != nil {
				t.Fatal(err)
			}
			second, err := normalise(text)
			if err != nil || !reflect.DeepEqual(second, crd) {
				t.Errorf("read again, %v became %v, %v", crd, second, err)
			}
		}
	})
}

func FuzzNoIndexBreaksTheReader(f *testing.F) {
	f.Add(indexOf("1.10.0", strings.Repeat("a", 64), "o.tgz"))
	f.Add([]byte("entries: {flink-kubernetes-operator: [null]}"))
	f.Add([]byte("entries: [1]"))
	base, err := url.Parse("https://repo.example/charts")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		at, digest, err := find(content, base, Source{Chart: "flink-kubernetes-operator", Version: "1.10.0"})
		if err == nil && (at.Scheme != "https" || !sha256Hex.MatchString(digest)) {
			t.Errorf("the index leads to %s with the digest %q", at, digest)
		}
	})
}

func FuzzNoArchiveBreaksTheReader(f *testing.F) {
	f.Add(operatorChart(f))
	f.Fuzz(func(t *testing.T, content []byte) {
		files, err := unpack(content)
		if err == nil && len(files) == 0 {
			t.Error("neither files nor an error")
		}
	})
}
