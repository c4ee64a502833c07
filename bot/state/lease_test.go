package state_test

import (
	"errors"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
)

// A lease from before the clock was put back does not hold for as long as the
// clock was ahead.
func TestLeaseOutlivesALeapOfTheClock(t *testing.T) {
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	key := state.Key{Kind: "lease", ID: "a"}
	for _, test := range []struct {
		ahead time.Duration
		held  bool
	}{{0, true}, {time.Minute, true}, {5 * time.Minute, true}, {time.Hour, false}, {365 * 24 * time.Hour, false}} {
		s := memory.New(func() time.Time { return now })
		first, err := state.Claim(t.Context(), s, key, "gone", now.Add(test.ahead), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		second, err := state.Claim(t.Context(), s, key, "next", now, time.Minute)
		if _, held := errors.AsType[*state.HeldError](err); held != test.held {
			t.Errorf("a lease of a clock %v ahead: %v", test.ahead, err)
		}
		if err == nil && second.Token <= first.Token {
			t.Errorf("the next one's token is %d, after %d", second.Token, first.Token)
		}
	}
}
