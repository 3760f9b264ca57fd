package settings

import (
	"encoding"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"flink-payments/infra/observe"
	"flink-payments/k8s/flink"
	"flink-payments/k8s/oauth2proxy"
	"flink-payments/k8s/validation"
)

var updateDocs = flag.Bool("update-docs", false, "write docs/settings.md and docs/rules.md")

const settingsFile = "../../docs/settings.md"

// The table is drawn from the doc comments, the defaults from the code, and
// "required" from the rules: none of the three can say what another does not.
func TestSettingsDocumentIsWhatTheCodeDoes(t *testing.T) {
	drawn := newSettingsDocument(t).draw()
	if t.Failed() {
		return
	}
	if *updateDocs {
		if err := os.WriteFile(settingsFile, []byte(drawn), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(settingsFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != drawn {
		t.Error("docs/settings.md is out of date: go test ./components/settings -run TestSettingsDocument -update-docs")
	}
}

func TestSettingsDocumentHoldsADefaultToItsComment(t *testing.T) {
	for _, of := range []struct {
		comment, value string
		agrees         bool
	}{
		{"Timeout of the release. Default 10m.", "10m", true},
		{"Timeout of the release. Default 5m.", "10m", false},
		{"Timeout of the release.", "10m", false},
		{"Mode is agent (default: scraped) or none.", "agent", true},
		{"Mode is http (default) or none.", "agent", false},
		{"RoleName. Default: CLUSTER-NAME.", "kv-prod-a", true},
		{"Chart. Default https://a.b/c.d; not used with a directory.", "https://a.b/c.d", true},
		{"RetiredDays. Default 0: nothing is.", "", true},
		{"Enabled makes monitors. Default true.", "", false},
	} {
		if _, err := defaultOf(of.comment, of.value, reflect.TypeFor[int]()); (err == nil) != of.agrees {
			t.Errorf("%q with the default %q: %v", of.comment, of.value, err)
		}
	}
}

// settingsDocument draws a page of tables from the settings' types.
type settingsDocument struct {
	t *testing.T
	// comments by type, and by type and field.
	comments map[string]string
	text     strings.Builder
}

func newSettingsDocument(t *testing.T) *settingsDocument {
	t.Helper()
	d := &settingsDocument{t: t, comments: map[string]string{}}
	for _, folder := range []string{".", "../../k8s/flink", "../../k8s/oauth2proxy", "../../infra/observe"} {
		sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range sources {
			if !strings.HasSuffix(source, "_test.go") {
				d.readComments(source)
			}
		}
	}
	if err := Judge(d.complete().withDefaults("prod")).Err(); err != nil {
		t.Fatal(err)
	}
	return d
}

// complete are settings with every optional part, as a person wrote them, without defaults.
func (d *settingsDocument) complete() Settings {
	d.t.Helper()
	var s Settings
	if found := s.read(stackFile(d.t, "../../Pulumi.prod.yaml")); len(found) > 0 {
		d.t.Fatal(found)
	}
	const guid = "8f1c2c2e-5d3a-4b57-9a51-0c6c1d2f7a44"
	s.Jobs[0].Console = oauth2proxy.Console{
		Host: "fraud-scoring.flink.example.com", Tenant: guid, ClientID: guid, Group: guid, Secret: "payments/fraud-scoring-console",
	}
	s.Platform.Console = Console{IngressNamespace: "ingress-nginx", TrustedProxies: []string{"10.0.0.0/16"}}
	return s
}

// typeKey is the name of a type as a file of its package is filed under.
func typeKey(packageName, typeName string) string { return packageName + "." + typeName }

func (d *settingsDocument) readComments(source string) {
	file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.ParseComments)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, declaration := range file.Decls {
		general, _ := declaration.(*ast.GenDecl)
		if general == nil {
			continue
		}
		for _, spec := range general.Specs {
			named, _ := spec.(*ast.TypeSpec)
			if named == nil {
				continue
			}
			shape, _ := named.Type.(*ast.StructType)
			if shape == nil {
				continue
			}
			key := typeKey(file.Name.Name, named.Name.Name)
			d.comments[key] = oneLine(general.Doc.Text())
			above := ""
			for _, field := range shape.Fields.List {
				comment := oneLine(field.Doc.Text())
				for _, name := range field.Names {
					if comment == "" && strings.Contains(above, name.Name) {
						comment = above // two fields with one comment
					}
					d.comments[key+"."+name.Name] = comment
				}
				above = comment
			}
		}
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func (d *settingsDocument) draw() string {
	d.line("# Settings")
	d.line("")
	d.line("Drawn from the code by `go test ./components/settings -run TestSettingsDocument -update-docs`: edit the doc comments, not this page.")
	d.line("")
	d.line("Every key stands in `Pulumi.<stack>.yaml` below `config:`, the top-level ones as `%s:KEY`. An unknown key and a wrong type are refused.", Project)
	d.line("A duration is written `30s`, `10m` or `1h`, a size `2048m`, `4g` or `200Gi`. `required` is what a rule refuses when it is missing.")
	d.line("")
	d.line("| Setting | Type | Default | Meaning |")
	d.line("|---|---|---|---|")
	d.line("| `aws:region` | text | %s | Region of the bucket, the key, the cluster and Flink's S3 endpoint. |", d.fallback("aws:region", "Region", "", reflect.TypeFor[string](), func(s *Settings) { s.Region = "" }))
	d.line("| `%s` | list of text | %s | Must hold `aws`, `kubernetes`, `vault` and `datadog`: a default provider takes its account or cluster from the shell. |",
		disableDefaultProviders, d.fallback(disableDefaultProviders, "DisabledDefaultProviders", "", reflect.TypeFor[[]string](), func(s *Settings) { s.DisabledDefaultProviders = nil }))
	defaulted := Settings{Jobs: []Job{{}}}.withDefaults("STACK")
	defaulted.Jobs[0].Alerts = defaulted.Jobs[0].Alerts.WithDefaults()
	defaulted.Jobs[0].Console = oauth2proxy.Console{ManyGroups: true}.WithDefaults() // one that is off has no defaults
	defaulted.Jobs[0].Console.ManyGroups = false
	d.fields("", reflect.ValueOf(defaulted), func(s *Settings) reflect.Value { return reflect.ValueOf(s).Elem() }, "")
	return d.text.String()
}

func (d *settingsDocument) line(format string, args ...any) {
	fmt.Fprintf(&d.text, format+"\n", args...)
}

// fields draws the rows of a struct, then its structs as sections. defaulted is
// the struct with defaults, and at finds the same one in any settings, nil where
// it is only reached through an empty list or map.
func (d *settingsDocument) fields(prefix string, defaulted reflect.Value, at func(*Settings) reflect.Value, heading string) {
	if heading != "" {
		d.line("\n## `%s`\n\n%s\n", prefix, d.intro(defaulted.Type()))
		d.line("| Setting | Type | Default | Meaning |")
		d.line("|---|---|---|---|")
	}
	var sections []func()
	d.rows(prefix, defaulted, at, &sections)
	for _, section := range sections {
		section()
	}
}

func (d *settingsDocument) rows(prefix string, defaulted reflect.Value, at func(*Settings) reflect.Value, sections *[]func()) {
	for i := range defaulted.NumField() {
		field, value := defaulted.Type().Field(i), defaulted.Field(i)
		below := func(s *Settings) reflect.Value { return at(s).Field(i) }
		if at == nil {
			below = nil
		}
		name := field.Tag.Get("json")
		if field.Anonymous {
			d.rows(prefix, value, below, sections)
			continue
		}
		if name == "-" {
			continue
		}
		setting := validation.Join(prefix, name)
		comment := d.comments[typeKey(path.Base(defaulted.Type().PkgPath()), defaulted.Type().Name())+"."+field.Name]
		switch {
		case isStruct(field.Type):
			*sections = append(*sections, func() { d.fields(setting, value, below, setting) })
			continue
		case field.Type.Kind() == reflect.Slice && isStruct(field.Type.Elem()):
			entry := func(s *Settings) reflect.Value { return below(s).Index(0) }
			first := value.Index(0)
			*sections = append(*sections, func() { d.fields(setting+"[]", first, entry, setting) })
			value = reflect.Zero(field.Type)
		case field.Type.Kind() == reflect.Map && isStruct(field.Type.Elem()):
			*sections = append(*sections, func() { d.fields(setting+".ID", reflect.Zero(field.Type.Elem()), nil, setting) })
		}
		if comment == "" {
			d.t.Errorf("%s has no doc comment (%s.%s)", setting, defaulted.Type(), field.Name)
			continue
		}
		var clear func(*Settings)
		if below != nil {
			clear = func(s *Settings) { below(s).SetZero() }
		}
		if defaulted.Type() == reflect.TypeFor[Release]() && text(value) != "" {
			comment += " Default " + text(value) + "." // each part's own
		}
		fallback := d.fallback(setting, comment, text(value), field.Type, clear)
		d.line("| `%s` | %s | %s | %s |", setting, kindOf(field.Type), fallback, cell(meaning(comment, field.Name, name)))
	}
}

// fallback is the cell of the column "Default".
func (d *settingsDocument) fallback(setting, comment, value string, t reflect.Type, clear func(*Settings)) string {
	said, err := defaultOf(comment, value, t)
	if err != nil {
		d.t.Errorf("%s: %v", setting, err)
	}
	if clear != nil && strings.Trim(said, "`0") == "" && d.refusedWithout(setting, clear) {
		return "required"
	}
	return cell(said)
}

// refusedWithout tells whether a rule refuses production's settings when this one is taken out.
func (d *settingsDocument) refusedWithout(setting string, clear func(*Settings)) bool {
	without := d.complete()
	clear(&without)
	full := strings.Replace(setting, "[]", "[0]", 1)
	if !strings.Contains(full, ":") {
		full = Project + ":" + full
	}
	for _, v := range Judge(without.withDefaults("prod")).Of(validation.Refuse) {
		if v.Path == full || strings.HasPrefix(v.Path, full+".") {
			return true
		}
	}
	return false
}

var (
	defaultSentence = regexp.MustCompile(`(^|\. )Default(:?) (.*?)(\. |\.$)`)
	separator       = regexp.MustCompile(`^(; |: |, )`)
)

// defaultOf is what a comment says of the default, held against the value that
// the code gives. "Default: ..." is in words, because it is made of other settings.
func defaultOf(comment, value string, t reflect.Type) (string, error) {
	said := defaultSentence.FindStringSubmatch(comment)
	switch {
	case said == nil && value == "":
		return map[reflect.Kind]string{reflect.Bool: "`false`", reflect.Int: "`0`", reflect.Int64: "`0`"}[t.Kind()], nil
	case said == nil && strings.Contains(comment, value+" (default"):
		return "`" + value + "`", nil
	case said == nil:
		return "", fmt.Errorf("the default is %s, and the comment does not say so: %q", value, comment)
	case said[2] == ":":
		return said[3], nil
	}
	if value == "" {
		// The zero of its kind; a pointer's is what its reader takes nil for.
		for _, zero := range []string{"0", "false"} {
			if rest, is := strings.CutPrefix(said[3], zero); is && (rest == "" || separator.MatchString(rest)) {
				return "`" + zero + "`", nil
			}
		}
		if t.Kind() == reflect.Pointer && (said[3] == "true" || said[3] == "false") {
			return "`" + said[3] + "`", nil
		}
	}
	if rest, is := strings.CutPrefix(said[3], value); value != "" && is && (rest == "" || separator.MatchString(rest)) {
		return "`" + value + "`", nil
	}
	return "", fmt.Errorf("the default is %q, and the comment says %q", value, said[3])
}

// meaning is a comment with the setting's own name, and without the sentence that the column "Default" holds.
func meaning(comment, field, name string) string {
	comment = defaultSentence.ReplaceAllStringFunc(comment, func(sentence string) string {
		parts := defaultSentence.FindStringSubmatch(sentence)
		rest := regexp.MustCompile(`^.*?(; |: )`).ReplaceAllString(parts[3], "")
		if parts[2] == ":" || rest == parts[3] {
			return parts[1] + strings.TrimPrefix(parts[4], ".")
		}
		return parts[1] + strings.ToUpper(rest[:1]) + rest[1:] + parts[4]
	})
	if rest, is := strings.CutPrefix(comment, field); is && (rest == "" || !regexp.MustCompile(`^\w`).MatchString(rest)) {
		comment = "`" + name + "`" + rest
	}
	return oneLine(comment)
}

// intro is a type's comment with the settings in place of the Go name.
func (d *settingsDocument) intro(t reflect.Type) string {
	comment := d.comments[typeKey(path.Base(t.PkgPath()), t.Name())]
	if comment == "" {
		d.t.Errorf("%s has no doc comment", t)
	}
	if t.PkgPath() == reflect.TypeFor[Settings]().PkgPath() {
		comment = strings.Replace(comment, t.Name(), "These settings", 1)
	}
	return comment
}

func isStruct(t reflect.Type) bool { return t.Kind() == reflect.Struct }

// text of a default value; empty for the zero of its type.
func text(value reflect.Value) string {
	if value.IsZero() {
		return ""
	}
	return fmt.Sprint(value.Interface())
}

func kindOf(t reflect.Type) string {
	if _, isText := reflect.New(t).Interface().(encoding.TextUnmarshaler); isText {
		return map[reflect.Type]string{reflect.TypeFor[flink.Duration](): "duration", reflect.TypeFor[flink.Bytes](): "size"}[t]
	}
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.String:
		return "text"
	case reflect.Slice:
		if isStruct(t.Elem()) {
			return "list"
		}
		return "list of " + kindOf(t.Elem())
	case reflect.Map:
		if t.Elem().Kind() == reflect.String {
			return "map of text"
		}
		return "map"
	}
	return t.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// The page covers every type that settings are made of, or a new one would be left out in silence.
func TestSettingsDocumentNamesEverySetting(t *testing.T) {
	page, err := os.ReadFile(filepath.FromSlash(settingsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []struct {
		prefix string
		t      reflect.Type
	}{
		{"jobs[].", reflect.TypeFor[flink.Job]()}, {"jobs[].alerts.", reflect.TypeFor[observe.Alerts]()},
		{"platform.operator.", reflect.TypeFor[Operator]()},
	} {
		for _, field := range reflect.VisibleFields(of.t) {
			name := of.prefix + field.Tag.Get("json")
			if !field.Anonymous && !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("docs/settings.md does not name %s", name)
			}
		}
	}
}

// An edit that the runbook shows is typed in at night: it must be taken.
func TestTheRunbooksEditsAreSettings(t *testing.T) {
	page, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) < 8 {
		t.Fatalf("only %d edits", len(blocks))
	}
	for _, block := range blocks {
		var edit map[string]any
		if err := yaml.UnmarshalStrict(block[1], &edit); err != nil {
			t.Errorf("%s: %v", block[1], err)
			continue
		}
		values := stackFile(t, "../../Pulumi.prod.yaml")
		for key, value := range edit {
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			if _, known := values[key]; !known {
				t.Errorf("%s is no key of a stack's settings", key)
			}
			values[key] = string(encoded)
		}
		var s Settings
		if found := s.read(values); len(found) > 0 {
			t.Errorf("%s%v", block[1], found)
		}
	}
}

// Links of the documents lead somewhere.
func TestTheLinksOfTheRunbookLeadSomewhere(t *testing.T) {
	page, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllSubmatch(page, -1) {
		anchors["#"+strings.ReplaceAll(strings.ToLower(string(heading[1])), " ", "-")] = true
	}
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllSubmatch(page, -1) {
		to := string(link[1])
		if strings.HasPrefix(to, "#") {
			if !anchors[to] {
				t.Errorf("there is no section %s", to)
			}
		} else if _, err := os.Stat(filepath.Join("../../docs", to)); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
}
