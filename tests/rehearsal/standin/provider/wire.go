package provider

import (
	"errors"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// failure carries an InitError with the resource, so that the engine keeps it.
func failure(err error) error {
	var partial *InitError
	if !errors.As(err, &partial) {
		return status.Error(codes.Unknown, err.Error())
	}
	state, wireErr := Wire(partial.State)
	if wireErr != nil {
		return wireErr
	}
	inputs, wireErr := Wire(partial.Inputs)
	if wireErr != nil {
		return wireErr
	}
	with, detailErr := status.New(codes.Unknown, partial.Reason).WithDetails(&pulumirpc.ErrorResourceInitFailed{
		Id: partial.ID, Properties: state, Inputs: inputs, Reasons: []string{partial.Reason},
	})
	if detailErr != nil {
		return detailErr
	}
	return with.Err()
}

// Unwire is a struct as Go values, without its nulls.
func Unwire(s *structpb.Struct) map[string]any {
	m := s.AsMap()
	dropNulls(m)
	return m
}

func dropNulls(m map[string]any) {
	for key, value := range m {
		switch value := value.(type) {
		case nil:
			delete(m, key)
		case map[string]any:
			dropNulls(value)
		case []any:
			for _, element := range value {
				if inner, ok := element.(map[string]any); ok {
					dropNulls(inner)
				}
			}
		}
	}
}

func Wire(m map[string]any) (*structpb.Struct, error) { return structpb.NewStruct(m) }
