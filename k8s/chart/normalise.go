package chart

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	crdVersion = "apiextensions.k8s.io/v1"
	crdKind    = "CustomResourceDefinition"
)

// documentEnd leaves what follows on its line: it belongs to the next document.
var documentEnd = regexp.MustCompile(`(?m)^---([ \t]|\r?$)`)

// parse reads CRDs out of YAML files, by name.
func parse(files []file) ([]CRD, error) {
	var crds []CRD
	for _, f := range files {
		for _, document := range documentEnd.Split(string(f.content), -1) {
			if blank(document) {
				continue
			}
			written, err := yaml.YAMLToJSON([]byte(document))
			if err != nil {
				return nil, fmt.Errorf("%s is not YAML: %w", f.name, err)
			}
			crd, err := normalise(written)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			crds = append(crds, crd)
		}
	}
	slices.SortFunc(crds, func(a, b CRD) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(crds); i++ {
		if crds[i].Name == crds[i-1].Name {
			return nil, fmt.Errorf("%s is there twice", crds[i].Name)
		}
	}
	if len(crds) == 0 {
		return nil, errors.New("there is no CustomResourceDefinition")
	}
	return crds, nil
}

// blank documents hold comments only.
func blank(document string) bool {
	for line := range bytes.Lines([]byte(document)) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// normalise brings a CRD into the form that the API server gives back: what it
// drops when written is dropped here, or every preview would show a difference
// that no update can end. The server's own Go types write it here, so what they
// leave out needs no list. What the server adds does no such harm.
func normalise(document []byte) (CRD, error) {
	var of metav1.TypeMeta
	if err := json.Unmarshal(document, &of); err != nil {
		return CRD{}, fmt.Errorf("it is not an object of Kubernetes: %w", err)
	}
	if of.APIVersion != crdVersion || of.Kind != crdKind {
		return CRD{}, fmt.Errorf("it holds %s %s, not %s %s", of.APIVersion, of.Kind, crdVersion, crdKind)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := json.Unmarshal(document, &crd); err != nil {
		return CRD{}, fmt.Errorf("it is not a %s: %w", crdKind, err)
	}
	if crd.Name == "" || crd.Name != crd.Spec.Names.Plural+"."+crd.Spec.Group {
		return CRD{}, fmt.Errorf("the name %q is not PLURAL.GROUP of its spec", crd.Name)
	}
	written, err := json.Marshal(crd.Spec)
	if err != nil {
		return CRD{}, err
	}
	var spec map[string]any
	if err := json.Unmarshal(written, &spec); err != nil {
		return CRD{}, err
	}
	metadata := map[string]any{"name": crd.Name}
	for key, entries := range map[string]map[string]string{"labels": crd.Labels, "annotations": crd.Annotations} {
		if kept := withoutHelm(entries); len(kept) > 0 {
			metadata[key] = kept
		}
	}
	return CRD{Name: crd.Name, Manifest: map[string]any{"metadata": metadata, "spec": spec}}, nil
}

// withoutHelm drops what marks an object as a release's own.
func withoutHelm(entries map[string]string) map[string]any {
	kept := map[string]any{}
	for key, value := range entries {
		managed := key == "app.kubernetes.io/managed-by" && value == "Helm"
		if !managed && !strings.HasPrefix(key, "helm.sh/") && !strings.HasPrefix(key, "meta.helm.sh/") {
			kept[key] = value
		}
	}
	return kept
}
