package digest

import (
	"context"
	"errors"
	"fmt"
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
	// Token is that of the last lease under which it was changed.
	Token int64 `json:"token"`
	// Tried is when it was first about to be posted, zero for never: from then
	// on it may stand there even if nobody knows.
	Tried time.Time `json:"tried,omitzero"`
	// Posted says that it stands there, TS where; TS is empty where there was
	// nothing to post.
	Posted bool   `json:"posted"`
	TS     string `json:"ts,omitempty"`
}

const (
	// leaseTime is how long a replica has a post to itself, and sendTime how
	// much of it may be used to send: what is left is for clocks that differ. A
	// clock further ahead than that takes the lease while its holder may still
	// be sending, and the two may then both post.
	leaseTime = 4 * time.Minute
	sendTime  = 90 * time.Second
	// keepPosting is how long is remembered that something was posted; far
	// longer than anything is posted late.
	keepPosting = 100 * day
	// searchBack is how much earlier than the first attempt, and than now, the
	// search begins: clocks differ, and a replica's may have been far ahead.
	searchBack = 8 * time.Hour
)

// ErrElsewhere is returned where another replica is at it.
var ErrElsewhere = errors.New("another replica is posting it")

// Once posts something, unless it was posted already. It returns whether this
// call has posted it, and where it stands. After an error it has to be called
// again, by any replica: what may or may not have been posted is then looked
// for first.
func Once(ctx context.Context, store state.Store, owner string, now func() time.Time, p Post) (posted bool, ts string, err error) {
	key := state.Key{Kind: p.Kind, ID: p.ID}
	if r, err := state.Load[Posting](ctx, store, key); err == nil && r.Value.Posted {
		return false, r.Value.TS, nil
	}
	lease, err := state.Claim(ctx, store, state.Key{Kind: p.Kind + "-lease", ID: p.ID}, owner, now(), leaseTime)
	if _, ok := errors.AsType[*state.HeldError](err); ok {
		return false, "", ErrElsewhere
	}
	if err != nil {
		return false, "", fmt.Errorf("claiming %s: %w", key, err)
	}
	defer func() {
		// Where this fails the lease ends by itself.
		_ = state.Release(context.WithoutCancel(ctx), store, lease)
	}()

	r, err := state.Load[Posting](ctx, store, key)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return false, "", fmt.Errorf("reading %s: %w", key, err)
	}
	posting := r.Value
	if posting.Posted {
		return false, posting.TS, nil
	}
	note := func(change func(*Posting)) error {
		return state.UpdateRecord(ctx, store, key, func(r *state.Record[Posting]) error {
			if err := lease.Fence(&r.Value.Token); err != nil {
				return err
			}
			change(&r.Value)
			r.Expires = now().Add(keepPosting)
			return nil
		})
	}
	done := func() error {
		return note(func(v *Posting) { v.Posted, v.TS = true, ts })
	}
	if since := posting.Tried; !since.IsZero() || p.Search {
		if present := now(); since.IsZero() {
			since = present.Add(-day)
		} else if present.Before(since) {
			since = present
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
	if posting.Tried.IsZero() {
		at := now()
		if err := note(func(v *Posting) { v.Tried = at }); err != nil {
			return false, "", fmt.Errorf("noting the attempt at %s: %w", key, err)
		}
	}
	if !now().Before(lease.Until.Add(-sendTime)) {
		return false, "", fmt.Errorf("posting %s: too little is left of the lease", key)
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
