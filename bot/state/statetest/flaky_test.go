package statetest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/state/statetest"
)

var key = state.Key{Kind: "a", ID: "b"}

func TestFlakyPasses(t *testing.T) {
	statetest.Run(t, statetest.Subject{Open: func(_ *testing.T, now func() time.Time) state.Store {
		return &statetest.Flaky{Store: memory.New(now), Decide: statetest.Next("")}
	}})
}

// Over a store that loses every fourth answer, whoever tries again ends up with
// no change lost, and a lease with one owner and one token.
func TestFlaky(t *testing.T) {
	ctx := t.Context()
	s := &statetest.Flaky{Store: memory.New(time.Now), Decide: statetest.Randomly(1, 0.125)}
	failures := 0
	again := func(do func() error) {
		t.Helper()
		for do() != nil {
			if failures++; failures > 1000 {
				t.Fatal("it never works")
			}
		}
	}
	done := map[string]bool{}
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		again(func() error {
			return state.Update(ctx, s, key, func(m *map[string]bool) error {
				if *m == nil {
					*m = map[string]bool{}
				}
				(*m)[id] = true
				return nil
			})
		})
		done[id] = true
	}
	if failures == 0 {
		t.Error("nothing failed")
	}
	r, err := state.Load[map[string]bool](ctx, s.Store, key)
	if err != nil || len(r.Value) != len(done) {
		t.Errorf("%d of %d changes are there, %v", len(r.Value), len(done), err)
	}

	s.Decide = statetest.Next(statetest.Put, statetest.Lose)
	claim := func() (state.Lease, error) {
		return state.Claim(ctx, s, state.Key{Kind: "lease", ID: "a"}, "me", time.Unix(1e9, 0), time.Minute)
	}
	if _, err := claim(); !errors.Is(err, statetest.ErrFlaky) {
		t.Fatalf("claiming: %v", err)
	}
	second, err := claim()
	if err != nil {
		t.Fatal(err)
	}
	if third, err := claim(); err != nil || third != second {
		t.Errorf("claimed %+v, then %+v, %v", second, third, err)
	}
}

func TestFlakyFates(t *testing.T) {
	ctx := t.Context()
	inner := memory.New(time.Now)
	for _, test := range []struct {
		op    statetest.Op
		fate  statetest.Fate
		there bool // afterwards, the item
		call  func(s state.Store) error
	}{
		{statetest.Put, statetest.Fail, false, func(s state.Store) error {
			_, err := state.Create(ctx, s, key, 1, time.Time{})
			return err
		}},
		{statetest.Put, statetest.Lose, true, func(s state.Store) error {
			_, err := state.Create(ctx, s, key, 1, time.Time{})
			return err
		}},
		{statetest.Get, statetest.Fail, true, func(s state.Store) error {
			_, err := s.Get(ctx, key)
			return err
		}},
		{statetest.List, statetest.Fail, true, func(s state.Store) error {
			n := 0
			for _, err := range s.List(ctx, "a", "") {
				if err != nil {
					return err
				}
				n++
			}
			return nil
		}},
		{statetest.Delete, statetest.Fail, true, func(s state.Store) error { return state.Remove(ctx, s, key) }},
		{statetest.Delete, statetest.Lose, false, func(s state.Store) error { return state.Remove(ctx, s, key) }},
	} {
		s := &statetest.Flaky{Store: inner, Decide: statetest.Next(test.op, test.fate)}
		if err := test.call(s); !errors.Is(err, statetest.ErrFlaky) {
			t.Errorf("%s: got %v", test.op, err)
		}
		if _, err := inner.Get(ctx, key); (err == nil) != test.there {
			t.Errorf("%s: afterwards, reading gives %v", test.op, err)
		}
	}
	s := &statetest.Flaky{Store: inner, Decide: func(ctx context.Context, _ statetest.Op, _ state.Key) statetest.Fate {
		<-ctx.Done()
		return statetest.Pass
	}}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Get(ctx, key); !errors.Is(err, context.Canceled) {
		t.Errorf("a slow one: %v", err)
	}
}
