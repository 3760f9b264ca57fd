package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"flink-payments/tests/rehearsal/standin/plain"
)

// Get returns no object when there is none, or no such kind.
func (a *Server) Get(ctx context.Context, typ, id string) (map[string]any, error) {
	path, err := a.path(ctx, typ, id)
	if errors.Is(err, ErrNoMatch) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	object, err := a.do(ctx, http.MethodGet, path, nil, "", nil)
	if Refused(err, http.StatusNotFound) {
		// The kind may be gone with its CRD, and come back as another.
		a.forget(typ)
		return nil, nil
	}
	return trimmed(object), err
}

// List returns all objects of a kind; none where the server has no such kind.
func (a *Server) List(ctx context.Context, typ string) ([]map[string]any, error) {
	path, err := a.collection(ctx, typ, "")
	if errors.Is(err, ErrNoMatch) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	answer, err := a.do(ctx, http.MethodGet, path, nil, "", nil)
	if Refused(err, http.StatusNotFound) {
		a.forget(typ)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	items, _ := answer["items"].([]any)
	var objects []map[string]any
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, trimmed(object))
		}
	}
	return objects, nil
}

// trimmed drops managedFields: they are as long as the object, and say nothing to Pulumi.
func trimmed(object map[string]any) map[string]any {
	if meta, ok := object["metadata"].(map[string]any); ok {
		delete(meta, "managedFields")
	}
	return object
}

// An Application is one server-side apply.
type Application struct {
	Manager string
	// Force takes fields over from other managers; without it they are a conflict.
	Force, DryRun bool
}

func (p Application) query() url.Values {
	// The plugin asks for warnings only. A field that the server would drop in
	// silence is a mistake of the program, which a rehearsal is for.
	query := url.Values{"fieldManager": {p.Manager}, "fieldValidation": {"Strict"}}
	if p.DryRun {
		query.Set("dryRun", "All")
	}
	return query
}

// Apply makes the object, or lays it over the one that is there.
func (a *Server) Apply(ctx context.Context, typ, id string, object map[string]any, p Application) (map[string]any, error) {
	path, err := a.path(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	query := p.query()
	query.Set("force", fmt.Sprint(p.Force))
	live, err := a.do(ctx, http.MethodPatch, path, query, applyBody, object)
	return trimmed(live), err
}

// ApplyStatus writes the status subresource: nothing else of the object changes.
func (a *Server) ApplyStatus(ctx context.Context, typ, id string, object map[string]any, manager string) error {
	path, err := a.path(ctx, typ, id)
	if err != nil {
		return err
	}
	query := Application{Manager: manager}.query()
	query.Set("force", "true")
	_, err = a.do(ctx, http.MethodPatch, path+"/status", query, applyBody, object)
	return err
}

// MayCreate is a creation that the server judges and does not do: of an object
// that is there already it says so, which server-side apply would not.
func (a *Server) MayCreate(ctx context.Context, typ, namespace string, object map[string]any, manager string) error {
	path, err := a.collection(ctx, typ, namespace)
	if err != nil {
		return err
	}
	_, err = a.do(ctx, http.MethodPost, path, Application{Manager: manager, DryRun: true}.query(), jsonBody, object)
	return err
}

// Finalize sets the finalizers of an object as it was read, and fails when it has changed since.
func (a *Server) Finalize(ctx context.Context, typ, id string, read map[string]any, finalizers []any, manager string) error {
	path, err := a.path(ctx, typ, id)
	if err != nil {
		return err
	}
	_, err = a.do(ctx, http.MethodPatch, path, url.Values{"fieldManager": {manager}}, mergeBody, map[string]any{
		"metadata": map[string]any{"finalizers": finalizers, "resourceVersion": plain.At(read, "metadata", "resourceVersion")},
	})
	return err
}

// Delete begins a deletion: what the object owns goes before it. It is over
// when get finds nothing.
func (a *Server) Delete(ctx context.Context, typ, id string, background bool) error {
	path, err := a.path(ctx, typ, id)
	if errors.Is(err, ErrNoMatch) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = a.do(ctx, http.MethodDelete, path, nil, jsonBody, map[string]any{
		"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": map[bool]string{true: "Background", false: "Foreground"}[background],
	})
	if Refused(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// Remove deletes an object behind everybody's back, and waits until it is gone.
func (a *Server) Remove(ctx context.Context, typ, id string) error {
	if err := a.Delete(ctx, typ, id, false); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		live, err := a.Get(ctx, typ, id)
		if err != nil || live == nil {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
