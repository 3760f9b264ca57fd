package apiserver

import (
	"context"
	"net/http"

	"flink-payments/tests/rehearsal/standin/plain"
)

// ManagedFields says who wrote what of an object.
func (a *Server) ManagedFields(ctx context.Context, typ, id string) ([]any, error) {
	path, err := a.path(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	live, err := a.do(ctx, http.MethodGet, path, nil, "", nil)
	fields, _ := plain.At(live, "metadata", "managedFields").([]any)
	return fields, err
}
