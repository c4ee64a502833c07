package digest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/acmbot/acmbot/bot/state"
)

// A Post is something that is to be posted exactly once, by whichever replica
// comes first.
type Post struct {
	// Kind and ID name it for ever, such as "digest" and "C0123456789/2026-11-24".
	Kind, ID string
	// Send posts it. It is told to end well before anybody else may try.
	Send func(ctx context.Context) (ts string, err error)
	// Find looks for it where it would be, by the metadata that Send puts on
	// it, from a time on.
	Find func(ctx context.Context, since time.Time) (ts string, found bool, err error)
	// Search looks for it even where the store knows of no attempt: for a
	// store that forgets.
	Search bool
}

// A Posting is what the store keeps of a Post.
type Posting struct {
	// By is who is at it, empty for nobody.
	By string `json:"by,omitempty"`
	// Tried is when it was first about to be posted, zero for never: from then
	// on it may stand there even if nobody knows.
	Tried time.Time `json:"tried,omitzero"`
	// Posted says that it stands there, TS where; TS is empty where there was
	// nothing to post.
	Posted bool   `json:"posted"`
	TS     string `json:"ts,omitempty"`
}

const (
	// holdTime is how long a replica has a post to itself, and sendTime how
	// much of it may be used to send: what is left is for clocks that go at
	// different speeds.
	holdTime = 4 * time.Minute
	sendTime = 90 * time.Second
	// keepPosting is how long is remembered that something was posted; far
	// longer than anything is posted late.
	keepPosting = 100 * day
	// searchBack is how much earlier than the first attempt, and than now, the
	// search begins: clocks differ, and a replica's may have been far ahead.
	searchBack = 8 * time.Hour
)

// ErrElsewhere is returned where another replica is at it.
var ErrElsewhere = errors.New("another replica is posting it")

// A Poster posts for one replica. Replicas that share a Store may have clocks
// that differ by whatever: no time of another is believed. A post that another
// replica is at is free once its note has stood unchanged for holdTime, by the
// own clock; who is at it stops before, by its own.
type Poster struct {
	Store state.Store
	// Owner tells this replica from all others.
	Owner string
	// Now is the clock. That of time.Now does not leap for this: its times
	// carry a monotonic reading.
	Now func() time.Time

	mu     sync.Mutex
	others map[state.Key]held
}

// held is another replica's note, and since when it is known as it is.
type held struct {
	version int64
	since   time.Time
}

// free reports whether nobody else is at a post.
func (o *Poster) free(r state.Record[Posting]) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.Value.By == "" || r.Value.By == o.Owner {
		delete(o.others, r.Key)
		return true
	}
	now := o.Now()
	h, known := o.others[r.Key]
	watched := now.Sub(h.since)
	switch {
	case !known || h.version != r.Version || watched < 0:
		maps.DeleteFunc(o.others, func(_ state.Key, h held) bool { return now.Sub(h.since).Abs() > day })
		if o.others == nil {
			o.others = map[state.Key]held{}
		}
		o.others[r.Key] = held{r.Version, now}
		return false
	case watched < holdTime:
		return false
	}
	delete(o.others, r.Key)
	return true
}

// Once posts something, unless it was posted already. It returns whether this
// call has posted it, and where it stands. After an error it has to be called
// again, by any replica: what may or may not have been posted is then looked
// for first.
func (o *Poster) Once(ctx context.Context, p Post) (posted bool, ts string, err error) {
	key := state.Key{Kind: p.Kind, ID: p.ID}
	r, err := state.Load[Posting](ctx, o.Store, key)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return false, "", fmt.Errorf("reading %s: %w", key, err)
	}
	r.Key = key
	if r.Value.Posted {
		return false, r.Value.TS, nil
	}
	if !o.free(r) {
		return false, "", ErrElsewhere
	}
	began, tried := o.Now(), r.Value.Tried
	note := func(ctx context.Context, change func(*Posting)) error {
		next := r
		change(&next.Value)
		next.Expires = o.Now().Add(keepPosting)
		next, err := state.Save(ctx, o.Store, next)
		if err == nil {
			r = next
		}
		return err
	}
	err = note(ctx, func(v *Posting) {
		v.By = o.Owner
		if v.Tried.IsZero() {
			v.Tried = began
		}
	})
	if errors.Is(err, state.ErrConflict) {
		return false, "", ErrElsewhere
	}
	if err != nil {
		return false, "", fmt.Errorf("noting the attempt at %s: %w", key, err)
	}
	defer func() {
		if r.Value.By != "" {
			// Where this fails it is free for others after a while.
			_ = note(context.WithoutCancel(ctx), func(v *Posting) { v.By = "" })
		}
	}()
	done := func() error {
		return note(ctx, func(v *Posting) { v.By, v.Posted, v.TS = "", true, ts })
	}

	if !tried.IsZero() || p.Search {
		since := tried
		if tried.IsZero() {
			since = began.Add(-day)
		} else if began.Before(since) {
			since = began
		}
		var found bool
		ts, found, err = p.Find(ctx, since.Add(-searchBack))
		if err != nil {
			return false, "", fmt.Errorf("looking for %s: %w", key, err)
		}
		if found {
			return false, ts, done()
		}
	}
	if o.Now().Sub(began) > holdTime-sendTime {
		return false, "", fmt.Errorf("posting %s: too little is left of the time for it", key)
	}
	sendCtx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if ts, err = p.Send(sendCtx); err != nil {
		return false, "", fmt.Errorf("posting %s: %w", key, err)
	}
	if err := done(); err != nil {
		return true, ts, fmt.Errorf("noting that %s is posted: %w", key, err)
	}
	return true, ts, nil
}
