package operator

import (
	"context"
	"time"
)

// A Clock lets time pass faster than it does.
type Clock interface {
	Now() time.Time
	// Sleep returns false when the context ended first.
	Sleep(context.Context, time.Duration) bool
}

type scaled struct {
	factor float64
	start  time.Time
}

// Scaled is a clock that runs by a factor faster.
func Scaled(factor float64) Clock { return &scaled{factor, time.Now()} }

func (c *scaled) Now() time.Time {
	return c.start.Add(time.Duration(c.factor * float64(time.Since(c.start))))
}

func (c *scaled) Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(max(time.Millisecond, time.Duration(float64(d)/c.factor)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
