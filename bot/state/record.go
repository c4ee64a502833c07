package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"
)

// A Record is an item with its value decoded.
type Record[T any] struct {
	Key     Key
	Version int64
	Value   T
	Expires time.Time
}

// ErrUnchanged leaves an item as it is where the function that Update calls
// returns it; Update then returns nil.
var ErrUnchanged = errors.New("unchanged")

// Load reads the item under a key into a T. ErrNotFound if there is none.
func Load[T any](ctx context.Context, s Store, key Key) (Record[T], error) {
	item, err := s.Get(ctx, key)
	if err != nil {
		return Record[T]{}, err
	}
	return decode[T](item)
}

// All goes through the items of a kind whose IDs start with prefix, as
// Store.List does. An item whose value is no T comes as an error and, unlike
// other errors, does not end it: one bad item hides no other.
func All[T any](ctx context.Context, s Store, kind, prefix string) iter.Seq2[Record[T], error] {
	return func(yield func(Record[T], error) bool) {
		for item, err := range s.List(ctx, kind, prefix) {
			var r Record[T]
			if err == nil {
				r, err = decode[T](item)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Create writes an item that is not there yet: ErrConflict if it is. The zero
// time as expires is never.
func Create[T any](ctx context.Context, s Store, key Key, value T, expires time.Time) (Record[T], error) {
	return Save(ctx, s, Record[T]{Key: key, Value: value, Expires: expires})
}

// Save writes a record if its item is still at the record's Version, 0 being
// that there is none: else ErrConflict. It returns the record with its new
// Version.
func Save[T any](ctx context.Context, s Store, r Record[T]) (Record[T], error) {
	value, err := json.Marshal(r.Value)
	if err != nil {
		return r, fmt.Errorf("encoding %s: %w", r.Key, err)
	}
	item, err := s.Put(ctx, Item{Key: r.Key, Version: r.Version, Value: value, Expires: r.Expires})
	if err != nil {
		return r, err
	}
	r.Version, r.Expires = item.Version, item.Expires
	return r, nil
}

// Update changes the item under a key, which starts as the zero T where there
// is none. Where somebody else changes it at the same time it reads it again
// and calls change again, until the context ends: so change must do nothing
// but change its argument. An error of change ends it, with nothing written.
//
// When the item expires stays as it was; UpdateRecord can change that.
func Update[T any](ctx context.Context, s Store, key Key, change func(*T) error) error {
	return UpdateRecord(ctx, s, key, func(r *Record[T]) error { return change(&r.Value) })
}

// UpdateRecord is Update for the item's value and Expires. Its Version is 0
// where there is no item yet.
func UpdateRecord[T any](ctx context.Context, s Store, key Key, change func(*Record[T]) error) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		r, err := Load[T](ctx, s, key)
		if errors.Is(err, ErrNotFound) {
			r, err = Record[T]{Key: key}, nil
		}
		if err != nil {
			return err
		}
		version := r.Version
		if err := change(&r); errors.Is(err, ErrUnchanged) {
			return nil
		} else if err != nil {
			return err
		}
		r.Key, r.Version = key, version
		if _, err := Save(ctx, s, r); !errors.Is(err, ErrConflict) {
			return err
		}
		if err := pause(ctx, wait/2+rand.N(wait)); err != nil {
			return err
		}
	}
}

// Remove deletes the item under a key, whatever its version. It is no error
// if there is none.
func Remove(ctx context.Context, s Store, key Key) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		item, err := s.Get(ctx, key)
		if err == nil {
			err = s.Delete(ctx, key, item.Version)
		}
		switch {
		case errors.Is(err, ErrNotFound):
			return nil
		case !errors.Is(err, ErrConflict):
			return err
		}
		if err := pause(ctx, wait/2+rand.N(wait)); err != nil {
			return err
		}
	}
}

func decode[T any](item Item) (Record[T], error) {
	r := Record[T]{Key: item.Key, Version: item.Version, Expires: item.Expires}
	if err := json.Unmarshal(item.Value, &r.Value); err != nil {
		return r, fmt.Errorf("decoding %s: %w", item.Key, err)
	}
	return r, nil
}

// pause waits, but no longer than the context lives.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
