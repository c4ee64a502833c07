package bolt_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
	"github.com/acmbot/acmbot/bot/state/statetest"
)

func open(tb testing.TB, o bolt.Options) *bolt.Store {
	tb.Helper()
	s, err := bolt.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	var path string
	statetest.Run(t, statetest.Subject{
		Open: func(t *testing.T, now func() time.Time) state.Store {
			path = filepath.Join(t.TempDir(), "made", "state.db")
			return open(t, bolt.Options{Path: path, Now: now})
		},
		Reopen: func(t *testing.T, now func() time.Time) state.Store {
			return open(t, bolt.Options{Path: path, Now: now})
		},
	})
}

func TestCrash(t *testing.T) {
	statetest.Crash(t,
		func(t *testing.T) string { return filepath.Join(t.TempDir(), "state.db") },
		func(where string) (state.Store, error) {
			s, err := bolt.Open(t.Context(), bolt.Options{Path: where})
			if err == nil && s.Damaged() != "" {
				t.Errorf("a crash has damaged the file; it is kept as %s", s.Damaged())
			}
			return s, err
		})
}

func BenchmarkStore(b *testing.B) {
	statetest.Benchmark(b, open(b, bolt.Options{Path: filepath.Join(b.TempDir(), "state.db")}))
}
