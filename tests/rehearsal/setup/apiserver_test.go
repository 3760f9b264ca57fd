package setup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flink-payments/tests/rehearsal/setup"
	"flink-payments/tests/rehearsal/setup/setuptest"
	"flink-payments/tests/rehearsal/standin/kubernetes"
	"flink-payments/tests/rehearsal/standin/kubernetes/apiserver/apiservertest"
	"flink-payments/tests/rehearsal/world"
)

// The cluster's CRDs come from the chart's; a second life finds them and the
// namespaces there.
func TestOnARealAPIServerNothingIsLeftToChange(t *testing.T) {
	server := apiservertest.Lab(t)
	for _, version := range []string{"1.10.0", "1.15.0"} {
		t.Run(version, func(t *testing.T) {
			o := setuptest.Production(t)
			o.Server = server
			settings, err := os.ReadFile(o.StackFile)
			if err != nil {
				t.Fatal(err)
			}
			o.StackFile = filepath.Join(t.TempDir(), "Pulumi.prod.yaml")
			text := strings.Replace(string(settings), `version: "1.10.0"`, `version: "`+version+`"`, 1)
			if err := os.WriteFile(o.StackFile, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := setup.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Stop()
			if out, err := r.Stack.Up(t.Context()); err != nil {
				t.Fatalf("up: %v\n%s", err, out.Text)
			}
			if out, err := r.Stack.Preview(t.Context(), "--expect-no-changes", "--diff"); err != nil {
				t.Errorf("preview after up: %v\n%s", err, out.Text)
			}
			// A refresh reads what the server made of each object.
			if out, err := r.Stack.Refresh(t.Context(), "--expect-no-changes", "--diff"); err != nil {
				t.Errorf("refresh: %v\n%s", err, out.Text)
			}
			if out, err := r.Stack.Preview(t.Context(), "--expect-no-changes", "--diff"); err != nil {
				t.Errorf("preview after refresh: %v\n%s", err, out.Text)
			}
			if out, err := r.Stack.Destroy(t.Context()); err != nil {
				t.Fatalf("destroy: %v\n%s", err, out.Text)
			}
			if err := kubernetes.Observe(t.Context(), server, r.World); err != nil {
				t.Fatal(err)
			}
			if left := r.World.List("kubernetes", world.DeploymentType); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if kept := r.World.List("kubernetes", "kubernetes:core/v1:Namespace"); len(kept) == 0 {
				t.Error("the namespaces are gone, and what others keep in them")
			}
		})
	}
}
