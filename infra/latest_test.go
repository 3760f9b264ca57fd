package infra

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestTheNewestRestorePointIsChosenByTimeThenByName(t *testing.T) {
	hour := func(h int) time.Time { return time.Date(2026, 11, 2, h, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		points []restorePoint
		want   string
		found  bool
	}{
		"none":                           {nil, "", false},
		"one":                            {[]restorePoint{{"a", hour(1)}}, "a", true},
		"the newest, wherever it stands": {[]restorePoint{{"a", hour(1)}, {"b", hour(3)}, {"c", hour(2)}}, "b", true},
		"equals":                         {[]restorePoint{{"savepoints/b", hour(1)}, {"savepoints/a", hour(1)}}, "savepoints/b", true},
	} {
		for range 2 {
			slices.Reverse(c.points)
			if got, found := newestOf(c.points); got.path != c.want || found != c.found {
				t.Errorf("%s: %q, %v", name, got.path, found)
			}
		}
	}
}

func TestOnlyWhatFlinkNamesIsARestorePoint(t *testing.T) {
	folders := []string{"checkpoints/j/chk-9", "checkpoints/j/shared", "checkpoints/j/chk-10", "checkpoints/j/taskowned", "checkpoints/j/chk-x", "checkpoints/j/chk--1"}
	if got := checkpointsAmong(folders); !slices.Equal(got, []string{"checkpoints/j/chk-10", "checkpoints/j/chk-9"}) {
		t.Errorf("checkpoints %v", got)
	}
	if got := savepointsAmong([]string{"savepoints/savepoint-a-b", "savepoints/notes", "savepoints/_savepoint-a"}); !slices.Equal(got, []string{"savepoints/savepoint-a-b"}) {
		t.Errorf("savepoints %v", got)
	}
}

func TestEachKeepsTheOrderAndTheFirstError(t *testing.T) {
	items := make([]int, 100)
	for i := range items {
		items[i] = i
	}
	got, err := each(items, func(i int) ([]string, error) {
		if i%2 == 1 {
			return nil, nil
		}
		return []string{fmt.Sprint(i)}, nil
	})
	if err != nil || len(got) != 50 || got[0] != "0" || got[49] != "98" {
		t.Errorf("%v, %v", got, err)
	}
	denied := errors.New("denied")
	if _, err := each(items, func(i int) ([]string, error) {
		if i > 10 {
			return nil, fmt.Errorf("%d: %w", i, denied)
		}
		return nil, nil
	}); err == nil || err.Error() != "11: denied" {
		t.Errorf("%v", err)
	}
}
