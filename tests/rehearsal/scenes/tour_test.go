package scenes

import (
	"bytes"
	"testing"

	"flink-payments/tests/rehearsal/setup/setuptest"
)

func TestTheTourHoldsForProduction(t *testing.T) {
	o := setuptest.Production(t)
	var said bytes.Buffer
	o.Out = &said
	if err := Play(t.Context(), o); err != nil {
		t.Errorf("%v\n%s", err, said.String())
	}
}
