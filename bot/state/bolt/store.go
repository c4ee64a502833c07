package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/acmbot/acmbot/bot/state"
)

const (
	// page is how many bytes of values List reads at a time, and pageItems
	// how many items.
	page      = 1 << 20
	pageItems = 100
	// sweepEvery is how often expired items are removed, at most sweepItems
	// of them.
	sweepEvery = time.Hour
	sweepItems = 1000
)

var _ state.Store = (*Store)(nil)

// Get is as in state.Store.
func (s *Store) Get(ctx context.Context, key state.Key) (item state.Item, err error) {
	if err := key.Check(); err != nil {
		return item, err
	}
	err = s.view(ctx, func(tx *bbolt.Tx) (err error) {
		item, err = s.live(tx, key)
		return err
	})
	if err != nil {
		return state.Item{}, fmt.Errorf("reading %s: %w", key, err)
	}
	return item, nil
}

// Put is as in state.Store.
func (s *Store) Put(ctx context.Context, item state.Item) (state.Item, error) {
	if err := item.Check(); err != nil {
		return state.Item{}, err
	}
	item.Value = slices.Clone(item.Value)
	item.Expires = state.Millisecond(item.Expires)
	err := s.update(ctx, func(tx *bbolt.Tx) error {
		was, err := s.live(tx, item.Key)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return err
		}
		if was.Version != item.Version {
			return state.ErrConflict
		}
		b, err := tx.CreateBucketIfNotExists([]byte(item.Key.Kind))
		if err != nil {
			return err
		}
		// Of what was deleted or has expired no version is known, but
		// the kind's highest is.
		item.Version = state.Next(int64(b.Sequence()), s.now())
		if err := b.SetSequence(uint64(item.Version)); err != nil {
			return err
		}
		if err := b.Put([]byte(item.Key.ID), encode(item)); err != nil {
			return err
		}
		return s.sweep(tx)
	})
	if err != nil {
		return state.Item{}, fmt.Errorf("writing %s: %w", item.Key, err)
	}
	return item, nil
}

// Delete is as in state.Store.
func (s *Store) Delete(ctx context.Context, key state.Key, version int64) error {
	if err := key.Check(); err != nil {
		return err
	}
	err := s.update(ctx, func(tx *bbolt.Tx) error {
		was, err := s.live(tx, key)
		if err != nil {
			return err
		}
		if was.Version != version {
			return state.ErrConflict
		}
		return tx.Bucket([]byte(key.Kind)).Delete([]byte(key.ID))
	})
	if err != nil {
		return fmt.Errorf("deleting %s: %w", key, err)
	}
	return nil
}

// List is as in state.Store.
func (s *Store) List(ctx context.Context, kind, prefix string) iter.Seq2[state.Item, error] {
	return func(yield func(state.Item, error) bool) {
		if err := state.CheckList(kind, prefix); err != nil {
			yield(state.Item{}, err)
			return
		}
		for from := []byte(prefix); from != nil; {
			// Nothing of the caller's runs within the transaction: it
			// may want to write, which bbolt would then wait for.
			var items []state.Item
			err := s.view(ctx, func(tx *bbolt.Tx) (err error) {
				items, from, err = s.page(tx, kind, prefix, from)
				return err
			})
			if err != nil {
				yield(state.Item{}, fmt.Errorf("listing %s/%s: %w", kind, prefix, err))
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

// page reads items from an ID on, and tells from where to go on: nil at the
// end.
func (s *Store) page(tx *bbolt.Tx, kind, prefix string, from []byte) (items []state.Item, next []byte, err error) {
	b := tx.Bucket([]byte(kind))
	if b == nil {
		return nil, nil, nil
	}
	now, size := s.now(), 0
	c := b.Cursor()
	for id, text := c.Seek(from); id != nil && bytes.HasPrefix(id, []byte(prefix)); id, text = c.Next() {
		if len(items) == pageItems || size > page {
			return items, slices.Clone(id), nil
		}
		item, err := decode([]byte(kind), id, text)
		if err != nil {
			return nil, nil, err
		}
		if !item.Expired(now) {
			items = append(items, item)
			size += len(text)
		}
	}
	return items, nil, nil
}

// Close is as in state.Store. It waits for what is under way.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.broken.Load() != nil {
		return nil // bbolt may hold its locks for ever; the process's end frees the file
	}
	if err := s.db.Close(); err != nil {
		return fileFault(s.path, err)
	}
	return nil
}

// Backup writes a copy of the file beside it, with the label in its name, as it
// is at one moment. One that is there already stays.
func (s *Store) Backup(ctx context.Context, label string) error {
	target := s.path + "." + label
	if _, err := os.Lstat(target); err == nil {
		return nil
	}
	unfinished := target + ".unfinished"
	err := s.view(ctx, func(tx *bbolt.Tx) error { return tx.CopyFile(unfinished, 0o600) })
	if err == nil {
		err = os.Rename(unfinished, target)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(target))
	}
	if err != nil {
		_ = os.Remove(unfinished)
		return fileFault(s.path, err)
	}
	s.log.Info("the state file was copied before it is brought up to date", "copy", target)
	return nil
}

// live reads an item that has not expired: else state.ErrNotFound.
func (s *Store) live(tx *bbolt.Tx, key state.Key) (state.Item, error) {
	b := tx.Bucket([]byte(key.Kind))
	if b == nil {
		return state.Item{}, state.ErrNotFound
	}
	text := b.Get([]byte(key.ID))
	if text == nil {
		return state.Item{}, state.ErrNotFound
	}
	item, err := decode([]byte(key.Kind), []byte(key.ID), text)
	if err != nil {
		return state.Item{}, err
	}
	if item.Expired(s.now()) {
		return state.Item{}, state.ErrNotFound
	}
	return item, nil
}

// sweep removes what has expired, once in a while.
func (s *Store) sweep(tx *bbolt.Tx) error {
	now := s.now()
	if since := now.Sub(s.swept); since >= 0 && since < sweepEvery {
		return nil
	}
	s.swept = now
	left := sweepItems
	return tx.ForEach(func(kind []byte, b *bbolt.Bucket) error {
		var gone [][]byte
		err := b.ForEach(func(id, text []byte) error {
			// A damaged one is for its reader to hear of, not for whoever
			// happens to write now.
			item, err := decode(kind, id, text)
			if err == nil && item.Expired(now) && left > 0 {
				gone = append(gone, slices.Clone(id))
				left--
			}
			return nil
		})
		for _, id := range gone {
			err = errors.Join(err, b.Delete(id))
		}
		return err
	})
}

func (s *Store) view(ctx context.Context, do func(*bbolt.Tx) error) error {
	return s.use(ctx, (*bbolt.DB).View, do)
}

// update runs a change, which is on the disk when it returns nil.
func (s *Store) update(ctx context.Context, do func(*bbolt.Tx) error) error {
	return s.use(ctx, (*bbolt.DB).Update, func(tx *bbolt.Tx) error {
		if err := ctx.Err(); err != nil { // it may have waited for others
			return err
		}
		return do(tx)
	})
}

func (s *Store) use(ctx context.Context, run func(*bbolt.DB, func(*bbolt.Tx) error) error, do func(*bbolt.Tx) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch broken := s.broken.Load(); {
	case s.closed:
		return state.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case broken != nil:
		return fileFault(s.path, broken)
	}
	err := guard(func() error { return run(s.db, do) })
	if d, ok := errors.AsType[*damage](err); ok {
		s.log.Error("the state file is damaged", "file", s.path, "damage", d.Error())
		if d.panicked {
			s.broken.Store(d)
		}
	}
	return fileFault(s.path, err)
}
