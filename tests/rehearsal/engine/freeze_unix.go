//go:build unix

package engine

import (
	"os"
	"syscall"
)

// CanFreeze says whether Frozen works on this system.
const CanFreeze = true

func freeze(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }

func thaw(p *os.Process) error { return p.Signal(syscall.SIGCONT) }
