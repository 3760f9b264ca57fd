package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flink-payments/tests/rehearsal/standin"
	"flink-payments/tests/rehearsal/standin/operator"
)

// The cluster's CRDs come from the chart's; a second life finds them and the
// namespaces there.
func TestOnARealAPIServerNothingIsLeftToChange(t *testing.T) {
	file := os.Getenv("KUBECONFIG_LAB")
	if file == "" {
		t.Skip("KUBECONFIG_LAB names no kubeconfig of a cluster that may be written to")
	}
	for _, version := range []string{"1.10.0", "1.15.0"} {
		t.Run(version, func(t *testing.T) {
			o := prod(t)
			var err error
			if o.server, err = standin.Connect(t.Context(), file); err != nil {
				t.Fatal(err)
			}
			settings, err := os.ReadFile(o.stackFile)
			if err != nil {
				t.Fatal(err)
			}
			o.stackFile = filepath.Join(t.TempDir(), "Pulumi.prod.yaml")
			text := strings.Replace(string(settings), `version: "1.10.0"`, `version: "`+version+`"`, 1)
			if err := os.WriteFile(o.stackFile, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer r.stop()
			if out, err := r.stack.Up(t.Context()); err != nil {
				t.Fatalf("up: %v\n%s", err, out.Text)
			}
			if out, err := r.stack.Preview(t.Context(), "--expect-no-changes", "--diff"); err != nil {
				t.Errorf("preview after up: %v\n%s", err, out.Text)
			}
			// A refresh reads what the server made of each object.
			if out, err := r.stack.Refresh(t.Context(), "--expect-no-changes", "--diff"); err != nil {
				t.Errorf("refresh: %v\n%s", err, out.Text)
			}
			if out, err := r.stack.Preview(t.Context(), "--expect-no-changes", "--diff"); err != nil {
				t.Errorf("preview after refresh: %v\n%s", err, out.Text)
			}
			if out, err := r.stack.Destroy(t.Context()); err != nil {
				t.Fatalf("destroy: %v\n%s", err, out.Text)
			}
			if err := o.server.Observe(t.Context(), r.world); err != nil {
				t.Fatal(err)
			}
			if left := r.world.List("kubernetes", operator.DeploymentType); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if kept := r.world.List("kubernetes", "kubernetes:core/v1:Namespace"); len(kept) == 0 {
				t.Error("the namespaces are gone, and what others keep in them")
			}
		})
	}
}
