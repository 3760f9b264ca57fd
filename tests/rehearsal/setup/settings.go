package setup

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	programsettings "flink-payments/components/settings"
	"flink-payments/tests/rehearsal/charts"
	"flink-payments/tests/rehearsal/engine"
	"flink-payments/tests/rehearsal/inspect"
	"flink-payments/tests/rehearsal/settings"
)

// copySettings brings Pulumi.yaml, and the settings where no copy is there
// yet: an edit of an earlier command stays until `reset`.
func (r *Rehearsal) copySettings() error {
	project, err := os.ReadFile(filepath.Join(r.Project, "Pulumi.yaml"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(engine.Work(r.Dir), "Pulumi.yaml"), project, 0o600); err != nil {
		return err
	}
	file := filepath.Join(engine.Work(r.Dir), "Pulumi."+r.Name+".yaml")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		text, err := os.ReadFile(r.StackFile)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return err
		}
	}
	if r.Settings, err = settings.Read(file); err != nil {
		return err
	}
	if r.Jobs > 0 {
		if err := r.Settings.JobCount(r.Jobs); err != nil {
			return err
		}
	}
	if r.Server != nil {
		// The program reads the cluster too, by itself.
		err = errors.Join(r.Settings.Set(settings.Cluster+".context", r.Server.Context), r.Settings.Set(settings.Cluster+".kubeconfig", r.Server.File))
		if err != nil {
			return err
		}
	}
	return r.Settings.Save()
}

// NextOperator is the version that the tour goes to.
const NextOperator = "1.16.0"

// serveCharts serves the charts in the settings' versions and points the
// settings at them, unless a copy of settings comes with a repository that is
// served already.
func (r *Rehearsal) serveCharts() error {
	version := func(path, otherwise string) string {
		if v, set := r.Settings.Text(path + ".version"); set {
			return v
		}
		return otherwise
	}
	if r.Charts != "" {
		return nil
	}
	crds := filepath.Join(r.Project, "..", "shared", "data", "flink-crds")
	if r.SmallCRDs {
		crds = ""
	}
	served, err := charts.Serve(filepath.Join(r.Dir, "charts.port"), crds,
		slices.Compact([]string{version(settings.Operator, programsettings.DefaultOperator), NextOperator}), version(settings.CertManager, "v1.15.3"))
	if err != nil {
		return err
	}
	r.close = append(r.close, served.Stop)
	r.Charts = served.URL
	if err := r.Settings.Set(settings.Operator+".repository", r.Charts+"/flink-kubernetes-operator"); err != nil {
		return err
	}
	if err := r.Settings.Set(settings.CertManager+".repository", r.Charts+"/cert-manager"); err != nil {
		return err
	}
	return r.Settings.Save()
}

// Reread takes the file up again: the CLI writes its encryption salt there.
func (r *Rehearsal) Reread() (err error) {
	r.Settings, err = settings.Read(r.Settings.File)
	return err
}

// Edit changes settings as a person does, and returns the lines that changed.
func (r *Rehearsal) Edit(edits ...settings.Edit) ([]string, error) {
	if err := r.Reread(); err != nil {
		return nil, err
	}
	before := r.Settings.String()
	for _, e := range edits {
		if err := r.Settings.Set(e.Path, e.Value); err != nil {
			return nil, err
		}
	}
	return inspect.Changed(before, r.Settings.String()), r.Settings.Save()
}
