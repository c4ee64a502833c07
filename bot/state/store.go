package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
	"unicode/utf8"
)

// MaxValue is the size in bytes up to which a value is kept. DynamoDB ends at
// 400 KB for an item with all its attributes.
//
// Source: "Quotas in Amazon DynamoDB",
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
const MaxValue = 300 << 10

// The sizes in bytes up to which a key's parts may go. DynamoDB ends at 2,048
// for a partition key and 1,024 for a sort key.
const (
	MaxKind = 64
	MaxID   = 900
)

var (
	// ErrNotFound is returned where there is no item under a key, or it
	// has expired.
	ErrNotFound = errors.New("no such item")
	// ErrConflict is returned where an item is not at the version that the
	// caller named: it was changed, made or removed meanwhile. Nothing was
	// written.
	ErrConflict = errors.New("the item was changed meanwhile")
	// ErrTooBig is returned where a value exceeds MaxValue.
	ErrTooBig = fmt.Errorf("the value is larger than %d KB", MaxValue>>10)
	// ErrInvalid is returned for a key or value that no Store takes.
	ErrInvalid = errors.New("not a valid item")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("the store is closed")
)

// A Key names an item. Items of one Kind are listed together, in the byte
// order of their IDs, so an ID that starts with what it belongs to
// ("T024BE7LD/U0G9QF9C6/…") lists together too.
type Key struct {
	// Kind is what the item is, such as "watch": lower-case letters,
	// digits and hyphens, MaxKind bytes at most.
	Kind string
	// ID is any text in UTF-8 of 1 to MaxID bytes.
	ID string
}

func (k Key) String() string { return k.Kind + "/" + k.ID }

// An Item is what a Store keeps under a key.
type Item struct {
	Key Key
	// Version tells one state of the item from every other that the key
	// ever had, also after the item was deleted and made again; it grows
	// with time. 0 is no item.
	Version int64
	// Value is JSON, MaxValue bytes at most. A Store gives back the bytes
	// that it got, in a slice of the caller's own.
	Value []byte
	// Expires is when the item ceases to be there, to the millisecond; the
	// zero time is never. Nobody ever reads an item that has expired,
	// whenever it is that the Store gets to removing it.
	Expires time.Time
}

// A Store keeps items. Its methods are safe for concurrent use, by any number
// of processes where the Store is shared.
//
// What a method has acknowledged by returning no error survives a crash of
// the process and, except in package memory, of the machine. After an error
// other than those below, a change may or may not have been made (the answer
// got lost), so whoever goes on reads again first, as Update does.
//
// Errors: ErrNotFound, ErrConflict, ErrTooBig, ErrInvalid and ErrClosed
// wrapped; the context's own; and *Fault, which says in plain words what is
// wrong with the Store and what to do.
type Store interface {
	// Get reads an item, as it is after the last acknowledged change.
	// ErrNotFound if there is none.
	Get(ctx context.Context, key Key) (Item, error)
	// Put writes an item if the key is still at item.Version, 0 being that
	// there is no item yet; else ErrConflict. It returns the item with its
	// new Version.
	Put(ctx context.Context, item Item) (Item, error)
	// Delete removes an item if it is still at that version: else
	// ErrConflict. ErrNotFound if there is none.
	Delete(ctx context.Context, key Key, version int64) error
	// List goes through the items of a kind whose IDs start with prefix,
	// in the byte order of the IDs, page by page: items changed during
	// that may come in either state. Changing the Store while going
	// through is allowed. An error ends it.
	List(ctx context.Context, kind, prefix string) iter.Seq2[Item, error]
	// Close ends the use of the Store; calling it again does nothing.
	Close() error
}

// A Fault is a trouble of the Store itself, told for those who run the bot.
type Fault struct {
	// Problem is a sentence on what is wrong.
	Problem string
	// Remedy is a sentence on what to do, or empty.
	Remedy string
	// Err is what caused it; its text is for logs only.
	Err error
}

func (f *Fault) Error() string {
	if f.Remedy == "" {
		return f.Problem
	}
	return f.Problem + " " + f.Remedy
}

func (f *Fault) Unwrap() error { return f.Err }

// Check tells whether a Store can take the item: nil, ErrInvalid or ErrTooBig.
// It is for those who implement a Store.
func (i Item) Check() error {
	if err := i.Key.Check(); err != nil {
		return err
	}
	switch {
	case i.Version < 0:
		return fmt.Errorf("%w: version %d of %s", ErrInvalid, i.Version, i.Key)
	case len(i.Value) > MaxValue:
		return fmt.Errorf("writing %s: %w", i.Key, ErrTooBig)
	case !json.Valid(i.Value) || !utf8.Valid(i.Value):
		return fmt.Errorf("%w: the value of %s is not JSON in UTF-8", ErrInvalid, i.Key)
	}
	return nil
}

// Check tells whether a Store can take the key: nil or ErrInvalid. It is for
// those who implement a Store.
func (k Key) Check() error {
	if err := CheckList(k.Kind, k.ID); err != nil {
		return err
	}
	if k.ID == "" {
		return fmt.Errorf("%w: the id of a %s is empty", ErrInvalid, k.Kind)
	}
	return nil
}

// CheckList tells whether there can be items of that kind with that prefix:
// nil or ErrInvalid. It is for those who implement a Store.
func CheckList(kind, prefix string) error {
	ok := kind != "" && len(kind) <= MaxKind
	for _, c := range []byte(kind) {
		ok = ok && (c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z')
	}
	if !ok {
		return fmt.Errorf("%w: the kind %.40q is not 1 to %d lower-case letters, digits and hyphens", ErrInvalid, kind, MaxKind)
	}
	if len(prefix) > MaxID || !utf8.ValidString(prefix) {
		return fmt.Errorf("%w: the id %.40q is not up to %d bytes of UTF-8", ErrInvalid, prefix, MaxID)
	}
	return nil
}

// Expired tells whether the item has ceased to be there at a time.
func (i Item) Expired(now time.Time) bool {
	return !i.Expires.IsZero() && !now.Before(i.Expires)
}

// Next is the version that follows last, the key's version before or 0. It is
// for those who implement a Store.
//
// A new item starts at the time in microseconds rather than at 1: one that is
// deleted and made again then never has a version that somebody still holds
// from before, without anything being kept of the deleted one.
func Next(last int64, now time.Time) int64 {
	return max(last+1, now.UnixMicro(), 1)
}

// Millisecond is t as a Store keeps it: UTC, to the millisecond. It is for
// those who implement a Store.
func Millisecond(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
