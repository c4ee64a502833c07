package bot

import (
	"sync"
	"time"
)

// seenFor outlives Slack's retries of an event, the last of which comes some
// five minutes after the first.
const (
	seenFor  = 15 * time.Minute
	seenMost = 10_000
)

// seen remembers what has been handled, so that what Slack sends twice, over
// two sockets or again because an acknowledgement got lost, is handled once.
type seen struct {
	now func() time.Time

	mu    sync.Mutex
	at    map[string]time.Time
	order []string
}

func newSeen(now func() time.Time) *seen { return &seen{now: now, at: map[string]time.Time{}} }

// first reports whether none of the keys was seen before, and remembers them
// all. Empty keys do not count.
func (s *seen) first(keys ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for len(s.order) > 0 && (len(s.order) > seenMost || now.Sub(s.at[s.order[0]]) > seenFor) {
		delete(s.at, s.order[0])
		s.order = s.order[1:]
	}
	first := true
	for _, k := range keys {
		if k == "" {
			continue
		}
		if _, ok := s.at[k]; ok {
			first = false
			continue
		}
		s.at[k] = now
		s.order = append(s.order, k)
	}
	return first
}
