// Package memory is a state.Store in memory, for the demo and for tests. What
// it keeps ends with the process.
package memory

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/acmbot/acmbot/bot/state"
)

// page is how many items List reads at a time.
const page = 100

// Store is a state.Store; make it with New.
type Store struct {
	now func() time.Time

	mu     sync.RWMutex
	kinds  map[string]*kind
	closed bool
}

type kind struct {
	ids   []string // sorted
	items map[string]state.Item
	// last is the highest version of all.
	last int64
	// left is how many items there were after the last sweep.
	left int
}

// sweep removes items that have expired, once there are twice as many as it left
// the last time.
func (k *kind) sweep(now time.Time) {
	if len(k.ids) < 2*max(k.left, page) {
		return
	}
	k.ids = slices.DeleteFunc(k.ids, func(id string) bool {
		expired := k.items[id].Expired(now)
		if expired {
			delete(k.items, id)
		}
		return expired
	})
	k.left = len(k.ids)
}

var _ state.Store = (*Store)(nil)

// New makes an empty Store. now is the clock for what expires: time.Now, or
// another in tests.
func New(now func() time.Time) *Store {
	return &Store{now: now, kinds: map[string]*kind{}}
}

// Get is as in state.Store.
func (s *Store) Get(ctx context.Context, key state.Key) (state.Item, error) {
	if err := key.Check(); err != nil {
		return state.Item{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return state.Item{}, err
	}
	item, ok := s.live(key)
	if !ok {
		return state.Item{}, fmt.Errorf("reading %s: %w", key, state.ErrNotFound)
	}
	item.Value = slices.Clone(item.Value)
	return item, nil
}

// Put is as in state.Store.
func (s *Store) Put(ctx context.Context, item state.Item) (state.Item, error) {
	if err := item.Check(); err != nil {
		return state.Item{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return state.Item{}, err
	}
	if was, _ := s.live(item.Key); was.Version != item.Version {
		return state.Item{}, fmt.Errorf("writing %s: %w", item.Key, state.ErrConflict)
	}
	k := s.kinds[item.Key.Kind]
	if k == nil {
		k = &kind{items: map[string]state.Item{}}
		s.kinds[item.Key.Kind] = k
	}
	if _, ok := k.items[item.Key.ID]; !ok {
		k.sweep(s.now())
		i := sort.SearchStrings(k.ids, item.Key.ID)
		k.ids = slices.Insert(k.ids, i, item.Key.ID)
	}
	item.Version = state.Next(k.last, s.now())
	k.last = item.Version
	item.Expires = state.Millisecond(item.Expires)
	kept := item
	kept.Value = slices.Clone(item.Value)
	k.items[item.Key.ID] = kept
	return item, nil
}

// Delete is as in state.Store.
func (s *Store) Delete(ctx context.Context, key state.Key, version int64) error {
	if err := key.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	was, ok := s.live(key)
	switch {
	case !ok:
		return fmt.Errorf("deleting %s: %w", key, state.ErrNotFound)
	case was.Version != version:
		return fmt.Errorf("deleting %s: %w", key, state.ErrConflict)
	}
	k := s.kinds[key.Kind]
	delete(k.items, key.ID)
	i := sort.SearchStrings(k.ids, key.ID)
	k.ids = slices.Delete(k.ids, i, i+1)
	return nil
}

// List is as in state.Store.
func (s *Store) List(ctx context.Context, kind, prefix string) iter.Seq2[state.Item, error] {
	return func(yield func(state.Item, error) bool) {
		from, more := prefix, true
		for more {
			var items []state.Item
			var err error
			items, from, more, err = s.page(ctx, kind, prefix, from)
			if err != nil {
				yield(state.Item{}, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// page reads items from an ID on, and tells from where to go on.
func (s *Store) page(ctx context.Context, kind, prefix, from string) (items []state.Item, next string, more bool, err error) {
	if err := state.CheckList(kind, prefix); err != nil {
		return nil, "", false, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, "", false, err
	}
	k := s.kinds[kind]
	if k == nil {
		return nil, "", false, nil
	}
	now := s.now()
	for _, id := range k.ids[sort.SearchStrings(k.ids, from):] {
		if !strings.HasPrefix(id, prefix) {
			break
		}
		if len(items) == page {
			return items, id, true, nil
		}
		if item := k.items[id]; !item.Expired(now) {
			item.Value = slices.Clone(item.Value)
			items = append(items, item)
		}
	}
	return items, "", false, nil
}

// Close is as in state.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return state.ErrClosed
	}
	return ctx.Err()
}

func (s *Store) live(key state.Key) (state.Item, bool) {
	k := s.kinds[key.Kind]
	if k == nil {
		return state.Item{}, false
	}
	item, ok := k.items[key.ID]
	if !ok || item.Expired(s.now()) {
		return state.Item{}, false
	}
	return item, true
}
