package statetest

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"sync"

	"github.com/acmbot/acmbot/bot/state"
)

// ErrFlaky is what Flaky fails with, as the Err of a *state.Fault.
var ErrFlaky = errors.New("the test wants it so")

// A Fate is what becomes of a call of a Flaky store.
type Fate int

const (
	// Pass lets it through.
	Pass Fate = iota
	// Fail does nothing but return an error.
	Fail
	// Lose makes the change, and then returns an error all the same, as
	// where a network loses the answer. For a Get or List it is Fail.
	Lose
)

// An Op is a method of a state.Store.
type Op string

// The methods of a state.Store that can fail.
const (
	Get    Op = "Get"
	Put    Op = "Put"
	Delete Op = "Delete"
	List   Op = "List"
)

// Flaky is a Store that fails as Decide says. Decide may also block, as long as
// the context lives, for a slow one; it is called for each call, at the same
// time where the calls are. The key's ID is the prefix for List.
type Flaky struct {
	state.Store
	Decide func(ctx context.Context, op Op, key state.Key) Fate
}

var _ state.Store = (*Flaky)(nil)

// Randomly decides at random, the same for the same seed and order of calls:
// this share of all calls fails, and as many are lost.
func Randomly(seed uint64, share float64) func(context.Context, Op, state.Key) Fate {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 0))
	return func(context.Context, Op, state.Key) Fate {
		mu.Lock()
		defer mu.Unlock()
		switch f := random.Float64(); {
		case f < share:
			return Fail
		case f < 2*share:
			return Lose
		}
		return Pass
	}
}

// Next lets the calls of one method meet these fates in turn, and all others
// pass.
func Next(op Op, fates ...Fate) func(context.Context, Op, state.Key) Fate {
	var mu sync.Mutex
	return func(_ context.Context, called Op, _ state.Key) Fate {
		mu.Lock()
		defer mu.Unlock()
		if called != op || len(fates) == 0 {
			return Pass
		}
		fate := fates[0]
		fates = fates[1:]
		return fate
	}
}

func flaked() error {
	return &state.Fault{Problem: "The store did not answer.", Remedy: "Try again.", Err: ErrFlaky}
}

// Get is as in state.Store.
func (f *Flaky) Get(ctx context.Context, key state.Key) (state.Item, error) {
	if f.Decide(ctx, Get, key) != Pass {
		return state.Item{}, flaked()
	}
	return f.Store.Get(ctx, key)
}

// Put is as in state.Store.
func (f *Flaky) Put(ctx context.Context, item state.Item) (state.Item, error) {
	fate := f.Decide(ctx, Put, item.Key)
	if fate == Fail {
		return state.Item{}, flaked()
	}
	put, err := f.Store.Put(ctx, item)
	if err == nil && fate == Lose {
		return state.Item{}, flaked()
	}
	return put, err
}

// Delete is as in state.Store.
func (f *Flaky) Delete(ctx context.Context, key state.Key, version int64) error {
	fate := f.Decide(ctx, Delete, key)
	if fate == Fail {
		return flaked()
	}
	err := f.Store.Delete(ctx, key, version)
	if err == nil && fate == Lose {
		return flaked()
	}
	return err
}

// List is as in state.Store; it fails in the middle, after the first item.
func (f *Flaky) List(ctx context.Context, kind, prefix string) iter.Seq2[state.Item, error] {
	return func(yield func(state.Item, error) bool) {
		fails := f.Decide(ctx, List, state.Key{Kind: kind, ID: prefix}) != Pass
		for item, err := range f.Store.List(ctx, kind, prefix) {
			if !yield(item, err) {
				return
			}
			if fails {
				break
			}
		}
		if fails {
			yield(state.Item{}, flaked())
		}
	}
}
