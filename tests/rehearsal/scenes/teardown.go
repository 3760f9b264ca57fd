package scenes

import (
	"errors"
	"fmt"

	"flink-payments/tests/rehearsal/inspect"
	"flink-payments/tests/rehearsal/world"
)

// The scenes of the end, and of what comes after it.

func (t *tour) tearsDown() (string, error) {
	kept, savepoints := inspect.Protected(t.World), len(t.savepoints())
	if len(t.stateObjects()) == 0 {
		return "", errors.New("there is no state to lose")
	}
	t.forget()
	if _, err := t.Stack.Destroy(t.ctx); err != nil {
		return "", err
	}
	if err := inspect.Lost(kept, t.World); err != nil {
		return "", err
	}
	if len(t.savepoints()) <= savepoints {
		return "", errors.New("no last savepoint was taken")
	}
	if err := t.inOrder("Delete", "FlinkDeployment", "operator-release", "cert-manager-release"); err != nil {
		return "", err
	}
	return fmt.Sprintf("job, with a last savepoint, then operator, then cert-manager; all %d buckets, keys and objects of state are there", len(kept)), nil
}

func (t *tour) goesUpAgain() (string, error) {
	newest := t.newestState()
	kept := inspect.Protected(t.World)
	t.forget()
	if _, err := t.up(); err != nil {
		return "", err
	}
	if err := errors.Join(inspect.Lost(kept, t.World), t.restoredFrom(newest)); err != nil {
		return "", err
	}
	if made := append(t.called("Create", world.BucketType), t.called("Create", world.KeyType)...); len(made) > 0 {
		return "", fmt.Errorf("made anew: %v", made)
	}
	if _, err := t.isIdle(); err != nil {
		return "", fmt.Errorf("the next preview: %w", err)
	}
	return "same bucket and key; runs from " + newest, nil
}
