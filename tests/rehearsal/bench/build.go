package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"flink-payments/tests/rehearsal/setup"
)

// stockImports are those of the same program written with the SDKs' own packages.
const stockImports = `package main

import (
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	_ "github.com/pulumi/pulumi-datadog/sdk/v4/go/datadog"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	_ "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	_ "github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	_ "github.com/pulumi/pulumi-vault/sdk/v6/go/vault/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() { pulumi.Run(func(*pulumi.Context) error { return nil }) }
`

// measureBuilds builds the program and its twin on stock imports, each with an
// empty cache, as the language host builds.
func measureBuilds(ctx context.Context, o setup.Options, scratch string) error {
	stock := filepath.Join(scratch, "stock")
	if err := os.MkdirAll(stock, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(o.Project, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(stock, name), text, 0o600); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(stock, "main.go"), []byte(stockImports), 0o600); err != nil {
		return err
	}
	fmt.Fprintln(o.Out, "\nCold build, empty GOCACHE                 CPU      wall     largest process   binary")
	for _, b := range []struct{ name, dir, flags string }{
		{"this program", o.Project, "-buildvcs=false"},
		// What the stock imports need beyond the program's go.sum may be added to their copy.
		{"stock imports (nothing but the imports)", stock, "-buildvcs=false -mod=mod"},
	} {
		binary := filepath.Join(scratch, "binary")
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-w -s", "-o", binary, ".")
		cmd.Dir = b.dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS="+b.flags, "GOCACHE="+filepath.Join(scratch, "cache-"+filepath.Base(b.dir)))
		began := time.Now()
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", b.name, err, text)
		}
		wall := time.Since(began)
		info, err := os.Stat(binary)
		if err != nil {
			return err
		}
		cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		fmt.Fprintf(o.Out, "  %-40s %5.0f s  %5.0f s  %8.1f GB  %10.0f MB\n", b.name, cpu.Seconds(), wall.Seconds(),
			float64(peak(cmd.ProcessState))/(1<<30), float64(info.Size())/(1<<20))
	}
	return nil
}
