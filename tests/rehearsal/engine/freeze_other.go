//go:build !unix

package engine

import (
	"errors"
	"os"
)

// CanFreeze says whether Frozen works on this system.
const CanFreeze = false

func freeze(*os.Process) error {
	return errors.New("this system cannot stop a process and let it go on")
}

func thaw(*os.Process) error { return nil }
