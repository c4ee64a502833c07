package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state"
)

// standings remember of each channel what need not be asked of the store again.
type standings struct {
	observer DigestObserver // nil where nobody wants to know
	began    time.Time      // when this process took up the digests

	mu       sync.Mutex
	done     map[string]time.Time // by the channel, when its last one was done
	of       map[string]string    // by the channel, the id of that digest
	expected map[string]bool      // by the digest's id, whether anybody waited for it
}

func newStandings(observer Observer, now time.Time) *standings {
	s := &standings{began: now, done: map[string]time.Time{}, of: map[string]string{}, expected: map[string]bool{}}
	s.observer, _ = observer.(DigestObserver)
	return s
}

// posted reports whether a digest was done, by any copy.
func (s *standings) posted(ctx context.Context, store state.Store, t digestTask) (bool, error) {
	s.mu.Lock()
	known := s.of[t.Channel] == t.id()
	s.mu.Unlock()
	if known {
		return true, nil
	}
	r, err := state.Load[digest.Posting](ctx, store, state.Key{Kind: digest.PostKind, ID: t.id()})
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return false, fmt.Errorf("looking what was posted: %w", err)
	}
	if !r.Value.Posted {
		return false, nil
	}
	at := t.due
	if r.Value.Tried.After(at) {
		at = r.Value.Tried
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[t.Channel], s.done[t.Channel] = t.id(), at
	return true, nil
}

// standing is how a channel stands. Whether a digest that was not posted was
// expected at all shows in that the bot was there when it was due, or that the
// channel had another before.
func (s *standings) standing(ctx context.Context, store state.Store, t digestTask, posted bool, window time.Duration, now time.Time) DigestStanding {
	s.mu.Lock()
	st := DigestStanding{Channel: t.Channel, Done: s.done[t.Channel]}
	expected, known := s.expected[t.id()]
	began := s.began
	s.mu.Unlock()
	switch {
	case posted:
		st.Due = t.due
		return st
	case t.date == "" || t.due.Before(t.Changed):
		return st
	case !known:
		expected = !began.After(t.due) || !t.Changed.IsZero()
		if !expected {
			before, err := digest.Before(ctx, store, t.Channel, t.date)
			if err != nil {
				return st // it is asked again the next time
			}
			expected = before != nil
		}
		s.mu.Lock()
		if len(s.expected) > 10_000 {
			clear(s.expected) // days that are over
		}
		s.expected[t.id()] = expected
		s.mu.Unlock()
	}
	if expected {
		st.Due, st.Missed = t.due, now.Sub(t.due) > window
	}
	return st
}

// tried tells of what came of a digest.
func (s *standings) tried(channel string, result DigestResult) {
	if s.observer != nil {
		s.observer.DigestTried(channel, result)
	}
}
