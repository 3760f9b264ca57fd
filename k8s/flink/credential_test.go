package flink

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"unicode/utf16"
	"unicode/utf8"
)

// render returns the credential's file.
func render(t testing.TB, j Job, s Stack, username, password string) string {
	t.Helper()
	file, err := renderFile(j, s, "kafka.properties", "secret/data/payments/kafka", map[string]any{"username": username, "password": password})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// renderFile does what the Vault agent does with a file's template, where Vault holds these fields at at.
func renderFile(j Job, s Stack, name, at string, fields map[string]any) (string, error) {
	text := j.credentialAnnotations(s)["vault.hashicorp.com/agent-inject-template-"+name]
	type secret struct{ Data map[string]any }
	parsed, err := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{
		"replaceAll": func(from, to, in string) string { return strings.ReplaceAll(in, from, to) },
		"secret": func(path string) (secret, error) {
			if path != at {
				return secret{}, fmt.Errorf("no secret at %s", path)
			}
			return secret{map[string]any{"data": fields}}, nil
		},
	}).Parse(text)
	if err != nil {
		return "", err
	}
	var file strings.Builder
	err = parsed.Execute(&file, nil)
	return file.String(), err
}

// properties reads a file as java.util.Properties.load(Reader) does, as far as
// this file goes: no comments, '=' after the key.
func properties(file string) map[string]string {
	read := map[string]string{}
	var lines []string
	for _, line := range strings.FieldsFunc(file, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if last := len(lines) - 1; last >= 0 && oddBackslashes(lines[last]) {
			lines[last] = lines[last][:len(lines[last])-1] + strings.TrimLeft(line, " \t\f")
			continue
		}
		lines = append(lines, strings.TrimLeft(line, " \t\f"))
	}
	for _, line := range lines {
		key, value, _ := strings.Cut(line, "=")
		read[key] = unescapeProperty(strings.TrimLeft(value, " \t\f"))
	}
	return read
}

func oddBackslashes(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

func unescapeProperty(text string) string {
	var out strings.Builder
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		if runes[i] != '\\' || i+1 == len(runes) {
			out.WriteRune(runes[i])
			continue
		}
		i++
		switch runes[i] {
		case 't':
			out.WriteByte('\t')
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 'f':
			out.WriteByte('\f')
		case 'u':
			if i+4 < len(runes) {
				code, _ := strconv.ParseUint(string(runes[i+1:i+5]), 16, 16)
				out.WriteString(string(utf16.Decode([]uint16{uint16(code)})))
				i += 4
			}
		default:
			out.WriteRune(runes[i])
		}
	}
	return out.String()
}

// jaas reads the options of a JAAS line as Kafka's JaasConfig does, by
// java.io.StreamTokenizer: a quoted string ends at a quote or a line's end, and
// knows C's escapes.
func jaas(t testing.TB, line string) map[string]string {
	t.Helper()
	options := map[string]string{}
	rest, found := strings.CutPrefix(line, "org.apache.kafka.common.security.scram.ScramLoginModule required ")
	if !found {
		t.Fatalf("not a SCRAM login module: %q", line)
	}
	for rest != ";" {
		name, after, found := strings.Cut(strings.TrimLeft(rest, " "), `="`)
		if !found {
			t.Fatalf("no option where one is expected: %q", rest)
		}
		value, length := quoted(after)
		if length >= len(after) || after[length] != '"' {
			t.Fatalf("the string of %s does not end: %q", name, after)
		}
		options[name], rest = value, after[length+1:]
	}
	return options
}

// quoted returns the string up to the closing quote and how much of text it took.
func quoted(text string) (string, int) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\n' || c == '\r':
			return out.String(), i
		case c == '\\' && i+1 < len(text):
			i++
			if at := strings.IndexByte("abfnrtv", text[i]); at >= 0 {
				out.WriteByte("\a\b\f\n\r\t\v"[at])
			} else if text[i] >= '0' && text[i] <= '7' {
				octal := text[i] - '0'
				for digits := 1; digits < 3 && i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '7' && (digits < 2 || octal < 32); digits++ {
					i++
					octal = octal*8 + text[i] - '0'
				}
				out.WriteByte(octal)
			} else {
				out.WriteByte(text[i])
			}
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), len(text)
}

func checkCredential(t testing.TB, username, password string) {
	t.Helper()
	file := render(t, guideJob(), guideStack(), username, password)
	read := properties(file)
	if len(read) != 3 || read["security.protocol"] != "SASL_SSL" || read["sasl.mechanism"] != "SCRAM-SHA-512" {
		t.Errorf("the file is no client configuration: %q", file)
	}
	options := jaas(t, read["sasl.jaas.config"])
	if options["username"] != username || options["password"] != password {
		t.Errorf("Kafka reads %q and %q, Vault holds %q and %q", options["username"], options["password"], username, password)
	}
}

func TestAnyPasswordReachesKafkaUnchanged(t *testing.T) {
	for _, password := range []string{
		"plain", "", " ", `"`, `\`, `\\`, `a\"b`, `ends with \`, `:#!=`, `= leading`, "\ttab", `\u0041`, `\n`, `\101`,
		`pass";serviceName="x`, "pässwörd", "密码🔑", `%s{{ . }}`,
	} {
		checkCredential(t, "fraud-scoring", password)
		checkCredential(t, password, "p")
	}
	alphabet := []rune(`\\\""":#!= ;'{}%$aZ09utnrf` + "\té密🔑")
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		password := make([]rune, r.IntN(24))
		for i := range password {
			password[i] = alphabet[r.IntN(len(alphabet))]
		}
		checkCredential(t, "u", string(password))
	}
}

func FuzzAnyPasswordReachesKafkaUnchanged(f *testing.F) {
	f.Add("fraud-scoring", `a\"b:#!= \`)
	f.Fuzz(func(t *testing.T, username, password string) {
		// A line's end is the one thing that a JAAS string cannot hold; Vault's
		// JSON holds no broken UTF-8.
		if strings.ContainsAny(username+password, "\r\n") || !utf8.ValidString(username) || !utf8.ValidString(password) {
			t.Skip()
		}
		checkCredential(t, username, password)
	})
}

func TestTheCredentialIsRenderedOnceForFlinksUserOnly(t *testing.T) {
	annotations := guideJob().credentialAnnotations(guideStack())
	for key, want := range map[string]string{
		"agent-inject":                          "true",
		"agent-pre-populate-only":               "true", // a sidecar that ends would kill a TaskManager
		"agent-inject-containers":               "flink-main-container",
		"auth-path":                             "auth/kubernetes",
		"role":                                  "flink-payments",
		"agent-inject-secret-kafka.properties":  "secret/data/payments/kafka",
		"agent-inject-perms-kafka.properties":   "0400",
		"error-on-missing-key-kafka.properties": "true",
		"agent-run-as-user":                     "9999",
		"agent-run-as-group":                    "9999",
	} {
		if got := annotations["vault.hashicorp.com/"+key]; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestTheAgentLogsInToVaultsNamespace(t *testing.T) {
	const annotation = "vault.hashicorp.com/namespace"
	stack := guideStack()
	if _, there := guideJob().credentialAnnotations(stack)[annotation]; there {
		t.Error("a namespace is named where there is none")
	}
	stack.VaultNamespace = "payments/prod"
	if got := guideJob().credentialAnnotations(stack)[annotation]; got != "payments/prod" {
		t.Errorf("the namespace is %q", got)
	}
}

func TestAJobWithoutASecretIsNotInjected(t *testing.T) {
	j := guideJob()
	j.Kafka.Secret = ""
	if got := j.credentialAnnotations(guideStack()); len(got) > 0 {
		t.Errorf("annotations: %v", got)
	}
}
