package setup_test

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/tests/rehearsal/settings"
	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/setup/setuptest"
)

// canaries are put where secrets come from.
func canaries(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "VAULT_TOKEN", "DD_API_KEY", "DD_APP_KEY"} {
		all[name] = "canary-" + strings.ToLower(name) + "-7f3a"
		t.Setenv(name, all[name])
	}
	all["passphrase"] = "canary-passphrase-7f3a"
	all["secret setting"] = "canary-setting-7f3a"
	return all
}

// leaks names the canaries in a text, as they are or in base64.
func leaks(all map[string]string, text string) []string {
	var found []string
	for name, value := range all {
		if strings.Contains(text, value) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(value))) {
			found = append(found, name)
		}
	}
	return found
}

// A life of the stack: preview, up, a wrong setting that is secret, destroy.
// It returns all that Pulumi printed.
func live(t *testing.T, o setup.Options, secret string) string {
	t.Helper()
	var said bytes.Buffer
	o.Out = &said
	r, err := setup.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	if out, err := r.Stack.Preview(t.Context(), "--diff"); err != nil {
		t.Fatalf("preview: %v\n%s", err, out.Text)
	}
	if out, err := r.Stack.Up(t.Context(), "--diff"); err != nil {
		t.Fatalf("up: %v\n%s", err, out.Text)
	}
	if _, err := r.Stack.Outputs(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Stack.SetSecret(t.Context(), settings.Project+":vault", `{"address": "`+secret+`"}`); err != nil {
		t.Fatal(err)
	}
	if out, err := r.Stack.Preview(t.Context()); err == nil || !strings.Contains(out.Text, "vault") {
		t.Errorf("a Vault address that is none was not refused: %v\n%s", err, out.Text)
	}
	if out, err := r.Stack.Destroy(t.Context()); err != nil {
		t.Fatalf("destroy: %v\n%s", err, out.Text)
	}
	return said.String()
}

// search looks through all that was printed and every file that is left: state,
// history, settings, world.
func search(t *testing.T, dir, said string, all map[string]string) []string {
	t.Helper()
	var found []string
	for _, name := range leaks(all, said) {
		found = append(found, "output: "+name)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range leaks(all, string(text)) {
			found = append(found, path+": "+name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNoSecretIsInStateOutputLogsOrWorld(t *testing.T) {
	all := canaries(t)
	o := setuptest.Production(t)
	o.Passphrase = all["passphrase"]
	said := live(t, o, all["secret setting"])
	for _, leak := range search(t, o.Dir, said, all) {
		t.Error(leak)
	}
}

func TestALeakIsFound(t *testing.T) {
	all := canaries(t)
	o := setuptest.Production(t)
	o.Around = func(program pulumi.RunFunc) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			ctx.Export("leak", pulumi.String(os.Getenv("VAULT_TOKEN")))
			return program(ctx)
		}
	}
	if found := strings.Join(search(t, o.Dir, live(t, o, all["secret setting"]), all), " "); !strings.Contains(found, "output: VAULT_TOKEN") || !strings.Contains(found, "prod.json: VAULT_TOKEN") {
		t.Errorf("a token in an output was found in: %s", found)
	}
}
