package alert

import (
	"context"
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
	// Kinds are the events that said so.
	Kinds []diagnose.EventKind `json:"kinds,omitempty"`
	// Since is when the first of them was taken.
	Since time.Time `json:"since"`
	// Tries counts the looks that saw nothing, and Again is when to look again.
	Tries int       `json:"tries,omitempty"`
	Again time.Time `json:"again,omitzero"`
}

// Note keeps an event until somebody has looked. Several of one certificate are
// kept as one.
func Note(ctx context.Context, store state.Store, e diagnose.Event, now time.Time) error {
	err := state.UpdateRecord(ctx, store, state.Key{Kind: eventKind, ID: e.ARN}, func(r *state.Record[Hint]) error {
		h := &r.Value
		if h.ARN == "" {
			*h = Hint{ARN: e.ARN, Account: e.Account, Region: e.Region, Since: now}
			r.Expires = now.Add(keepEvent)
		}
		h.Again, h.Tries = time.Time{}, 0
		if e.Kind != "" && !slices.Contains(h.Kinds, e.Kind) {
			h.Kinds = append(h.Kinds, e.Kind)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("noting an event: %w", err)
	}
	return nil
}

// Hints lists what is noted, by ARN.
func Hints(ctx context.Context, store state.Store) ([]Hint, error) {
	var list []Hint
	for r, err := range state.All[Hint](ctx, store, eventKind, "") {
		switch {
		case err == nil:
			list = append(list, r.Value)
		case r.Key.ID == "" || ctx.Err() != nil:
			return nil, fmt.Errorf("listing what events told: %w", err)
		}
	}
	return list, nil
}
