package memory_test

import (
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/state/statetest"
)

func TestContract(t *testing.T) {
	statetest.Run(t, statetest.Subject{
		Open: func(_ *testing.T, now func() time.Time) state.Store { return memory.New(now) },
	})
}

func BenchmarkStore(b *testing.B) {
	statetest.Benchmark(b, memory.New(time.Now))
}
