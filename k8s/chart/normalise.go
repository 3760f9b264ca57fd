package chart

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

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
			var object map[string]any
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				return nil, fmt.Errorf("%s is not YAML: %w", f.name, err)
			}
			crd, err := normalise(object)
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
// drops when written (its Go types say omitempty) is dropped here, or every
// preview would show a difference that no update can end. What the server adds
// does no such harm.
func normalise(object map[string]any) (CRD, error) {
	if object["apiVersion"] != crdVersion || object["kind"] != crdKind {
		return CRD{}, fmt.Errorf("it holds %v %v, not %s %s", object["apiVersion"], object["kind"], crdVersion, crdKind)
	}
	metadata, _ := object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	spec, _ := object["spec"].(map[string]any)
	names, _ := spec["names"].(map[string]any)
	if name == "" || spec == nil || name != fmt.Sprintf("%v.%v", names["plural"], spec["group"]) {
		return CRD{}, fmt.Errorf("the name %q is not PLURAL.GROUP of its spec", name)
	}
	kept := map[string]any{"name": name}
	for _, key := range []string{"labels", "annotations"} {
		if entries := withoutHelm(metadata[key]); len(entries) > 0 {
			kept[key] = entries
		}
	}

	dropZeros(spec, "preserveUnknownFields")
	dropZeros(names, "categories", "shortNames", "listKind", "singular")
	versions, _ := spec["versions"].([]any)
	for _, v := range versions {
		version, _ := v.(map[string]any)
		dropZeros(version, "additionalPrinterColumns", "selectableFields", "deprecated")
		columns, _ := version["additionalPrinterColumns"].([]any)
		for _, c := range columns {
			column, _ := c.(map[string]any)
			dropZeros(column, "priority", "format", "description")
		}
		validation, _ := version["schema"].(map[string]any)
		normaliseSchema(validation["openAPIV3Schema"])
	}
	return CRD{Name: name, Manifest: map[string]any{"metadata": kept, "spec": spec}}, nil
}

// withoutHelm drops what marks an object as a release's own.
func withoutHelm(labels any) map[string]any {
	kept := map[string]any{}
	entries, _ := labels.(map[string]any)
	for key, value := range entries {
		managed := key == "app.kubernetes.io/managed-by" && value == "Helm"
		if !managed && !strings.HasPrefix(key, "helm.sh/") && !strings.HasPrefix(key, "meta.helm.sh/") {
			kept[key] = value
		}
	}
	return kept
}

// normaliseSchema follows the places where a schema holds schemas, and only
// those: a property may well be named default, status or priority.
func normaliseSchema(value any) {
	schema, ok := value.(map[string]any)
	if !ok {
		return
	}
	dropZeros(schema, "id", "$schema", "$ref", "description", "type", "format", "title", "pattern",
		"exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "nullable",
		"enum", "required", "allOf", "oneOf", "anyOf",
		"properties", "patternProperties", "dependencies", "definitions",
		"x-kubernetes-embedded-resource", "x-kubernetes-int-or-string",
		"x-kubernetes-list-map-keys", "x-kubernetes-validations")
	for _, key := range []string{"items", "additionalItems", "additionalProperties", "not"} {
		normaliseSchema(schema[key])
	}
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		list, _ := schema[key].([]any)
		for _, one := range list {
			normaliseSchema(one)
		}
	}
	for _, key := range []string{"properties", "patternProperties", "dependencies", "definitions"} {
		byName, _ := schema[key].(map[string]any)
		for _, one := range byName {
			normaliseSchema(one)
		}
	}
}

// dropZeros removes the keys whose value is the zero value of its kind.
func dropZeros(object map[string]any, keys ...string) {
	for _, key := range keys {
		value, there := object[key]
		if !there {
			continue
		}
		zero := value == nil
		switch value := value.(type) {
		case string:
			zero = value == ""
		case bool:
			zero = !value
		case float64:
			zero = value == 0
		case []any:
			zero = len(value) == 0
		case map[string]any:
			zero = len(value) == 0
		}
		if zero {
			delete(object, key)
		}
	}
}
