package watch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/acmbot/acmbot/bot/state"
)

// A Nap is what makes a watch one over a snoozed certificate.
type Nap struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
	// Accepted says that the trouble is known and accepted, not just put off.
	Accepted bool `json:"accepted,omitempty"`
}

// A Snooze is a certificate about which nobody wants to hear for a while.
type Snooze struct {
	ARN, Name string
	// By is the user id of who snoozed it; Reason is that person's own text.
	By, Reason   string
	Accepted     bool
	Since, Until time.Time

	seen  Seen
	known Watch
}

// Longest is how long a certificate can be snoozed.
const Longest = 366 * 24 * time.Hour

const snoozePrefix = "snooze/"

func snoozeID(arn string) string { return snoozePrefix + idOf(Place{User: "arn"}, arn) }

// snoozeOf is the snooze that a watch stands for; false where it does not, or
// is over.
func snoozeOf(w Watch, now time.Time) (Snooze, bool) {
	if w.Snooze == nil || w.Over != "" || !now.Before(w.Until) || w.Notice != nil {
		return Snooze{}, false
	}
	return Snooze{
		ARN: w.ARN, Name: w.Name, By: w.Snooze.By, Reason: w.Snooze.Reason, Accepted: w.Snooze.Accepted,
		Since: w.Since, Until: w.Until, seen: w.First, known: w,
	}, true
}

// Holds reports whether a snooze still holds for what is seen of its
// certificate now: until its end, unless the days left have passed another
// threshold (14, 7, 3, 1), the verdict is graver, or there is a new cause.
func (s Snooze) Holds(now Seen, at time.Time) bool {
	return at.Before(s.Until) && !s.known.worse(now) && mark(now, at) >= s.known.Mark
}

// Snoozes are the snoozes that have not ended by now, by the certificates'
// ARNs. Whether one still holds for what is seen now is for Holds to say.
func Snoozes(ctx context.Context, s state.Store, now time.Time) (map[string]Snooze, error) {
	list := map[string]Snooze{}
	for r, err := range state.All[Watch](ctx, s, Kind, snoozePrefix) {
		if err != nil {
			if r.Key.ID != "" && ctx.Err() == nil {
				continue // one that cannot be read hides no other
			}
			return nil, fmt.Errorf("listing snoozes: %w", err)
		}
		if snooze, ok := snoozeOf(r.Value, now); ok {
			list[snooze.ARN] = snooze
		}
	}
	return list, nil
}

// SnoozeOn is the snooze of one certificate; false where there is none.
func SnoozeOn(ctx context.Context, s state.Store, arn string, now time.Time) (Snooze, bool, error) {
	r, err := state.Load[Watch](ctx, s, key(snoozeID(arn)))
	if notFound(err) {
		return Snooze{}, false, nil
	}
	if err != nil {
		return Snooze{}, false, fmt.Errorf("reading a snooze: %w", err)
	}
	snooze, ok := snoozeOf(r.Value, now)
	return snooze, ok, nil
}

// Put snoozes a certificate until a time, in place of an earlier snooze of it.
func Put(ctx context.Context, s state.Store, r Request, nap Nap, until, now time.Time) (Snooze, error) {
	if r.ARN == "" || nap.By == "" || r.Place.id() == "/" {
		return Snooze{}, ErrNothing
	}
	nap.Reason = strings.TrimSpace(nap.Reason)
	if latest := now.Add(Longest); until.After(latest) {
		until = latest
	}
	var snooze Snooze
	err := state.Update(ctx, s, key(snoozeID(r.ARN)), func(v *Watch) error {
		if v.Over == "" && v.Snooze != nil && *v.Snooze == nap && v.Until.Equal(state.Millisecond(until)) {
			snooze, _ = snoozeOf(*v, now) // the same once more
			return state.ErrUnchanged
		}
		w := r.fresh(now, *v)
		w.ID, w.Users, w.Snooze, w.Until = snoozeID(r.ARN), []string{nap.By}, &nap, state.Millisecond(until)
		w.Card.Stale = true
		*v = w
		snooze, _ = snoozeOf(w, now)
		return nil
	})
	if err != nil {
		return Snooze{}, fmt.Errorf("snoozing: %w", err)
	}
	return snooze, nil
}

// Wake takes a snooze back. It reports whether there was one.
func Wake(ctx context.Context, s state.Store, arn, by string) (was bool, err error) {
	err = state.Update(ctx, s, key(snoozeID(arn)), func(v *Watch) error {
		was = v.Snooze != nil && v.Over == ""
		if !was {
			return state.ErrUnchanged
		}
		v.end(EndLeft, by)
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("taking a snooze back: %w", err)
	}
	return was, nil
}
