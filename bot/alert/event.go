package alert

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/diagnose"
)

const (
	// eventKind is the kind of the notes that a certificate is worth a look.
	eventKind = "alert-event"
	// keepEvent is how long such a note waits for somebody to look; by then the
	// scans have seen it.
	keepEvent = 24 * time.Hour
)

// A Hint is that something happened to a certificate, so that it is worth a
// look before the next scan.
type Hint struct {
	ARN     string `json:"arn"`
	Account string `json:"account,omitempty"`
	Region  string `json:"region,omitempty"`
	// Kinds are the events that said so, of those that are known by name: what
	// others mean is not known.
	Kinds []diagnose.EventKind `json:"kinds,omitempty"`
	// Sent is when ACM sent the latest of them.
	Sent time.Time `json:"sent,omitzero"`
	// Since is when the first of them was taken.
	Since time.Time `json:"since"`
	// Tries counts the looks that saw nothing, and Again is when to look again.
	Tries int       `json:"tries,omitempty"`
	Again time.Time `json:"again,omitzero"`

	version int64
}

// Note keeps an event until somebody has looked. Several of one certificate are
// kept as one.
func Note(ctx context.Context, store state.Store, e diagnose.Event, now time.Time) error {
	return hint(ctx, store, Hint{ARN: e.ARN, Account: e.Account, Region: e.Region}, now, func(h *Hint) {
		if slices.Contains(diagnose.EventKinds(), e.Kind) && !slices.Contains(h.Kinds, e.Kind) {
			h.Kinds = append(h.Kinds, e.Kind)
		}
		if e.At.IsZero() {
			e.At = now // it does not tell
		}
		if e.At.After(h.Sent) {
			h.Sent = e.At
		}
	})
}

// Nudge has a certificate looked at soon.
func Nudge(ctx context.Context, store state.Store, arn string, now time.Time) error {
	return hint(ctx, store, Hint{ARN: arn}, now, func(*Hint) {})
}

func hint(ctx context.Context, store state.Store, fresh Hint, now time.Time, add func(*Hint)) error {
	err := state.UpdateRecord(ctx, store, state.Key{Kind: eventKind, ID: fresh.ARN}, func(r *state.Record[Hint]) error {
		h := &r.Value
		if h.ARN == "" {
			*h = fresh
			h.Since, r.Expires = now, now.Add(keepEvent)
		}
		h.Again, h.Tries = time.Time{}, 0
		add(h)
		return nil
	})
	if err != nil {
		return fmt.Errorf("noting that a certificate is worth a look: %w", err)
	}
	return nil
}

// Hints lists what is noted, by ARN.
func Hints(ctx context.Context, store state.Store) ([]Hint, error) {
	var list []Hint
	for r, err := range state.All[Hint](ctx, store, eventKind, "") {
		switch {
		case err == nil:
			r.Value.version = r.Version
			list = append(list, r.Value)
		case r.Key.ID == "" || ctx.Err() != nil:
			return nil, fmt.Errorf("listing what events told: %w", err)
		}
	}
	return list, nil
}

// Looked drops a hint that was followed, unless it was given again meanwhile.
// One that came to nothing is kept for a while.
func Looked(ctx context.Context, store state.Store, h Hint, seen bool, now time.Time) error {
	const mostTries = 5
	key := state.Key{Kind: eventKind, ID: h.ARN}
	if !seen && h.Tries < mostTries {
		return state.Update(ctx, store, key, func(v *Hint) error {
			if v.ARN == "" || v.Tries != h.Tries {
				return state.ErrUnchanged
			}
			v.Again = now.Add(time.Minute << v.Tries)
			v.Tries++
			return nil
		})
	}
	err := store.Delete(ctx, key, h.version)
	if errors.Is(err, state.ErrNotFound) || errors.Is(err, state.ErrConflict) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("striking off a certificate that was worth a look: %w", err)
	}
	return nil
}
