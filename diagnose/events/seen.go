package events

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/acmbot/acmbot/diagnose"
)

// maxSeen is how many events are remembered. A replay of an EventBridge
// archive or two rules to one queue bring an event twice within minutes; ACM
// sends each certificate's at most daily.
const maxSeen = 4096

// seen remembers the events that were handled, and those that are being.
type seen struct {
	mu     sync.Mutex
	states map[string]*handling
	order  []string // of what was handled, the oldest first
}

// A handling is under way until done is closed, and forgotten then if it
// failed.
type handling struct {
	done    chan struct{}
	handled bool
}

func newSeen() *seen { return &seen{states: map[string]*handling{}} }

// marks are what an event is recognised by: EventBridge's id, and all that it
// says, the time included. What was sent on by something that is not
// EventBridge has another id. They are hashes, so that thousands of them are
// little, whatever was sent.
func marks(e diagnose.Event) []string {
	mark := func(text []byte) string {
		sum := sha256.Sum256(text)
		return string(sum[:])
	}
	list := []string{mark(fmt.Appendf(nil, "id %s %s %q", e.ID, e.ARN, e.Kind))}
	if e.ARN != "" && !e.At.IsZero() {
		e.ID = ""
		if text, err := json.Marshal(e); err == nil {
			list = append(list, mark(text))
		}
	}
	return list
}

// claim begins to handle an event. It returns nil where nobody else does, the
// other's handling where it is under way, or handled already.
func (s *seen) claim(marks []string) (other *handling) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, mark := range marks {
		if h := s.states[mark]; h != nil {
			return h
		}
	}
	mine := &handling{done: make(chan struct{})}
	for _, mark := range marks {
		s.states[mark] = mine
	}
	return nil
}

// settle ends a handling that claim began.
func (s *seen) settle(marks []string, handled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.states[marks[0]]
	h.handled = handled
	close(h.done)
	for _, mark := range marks {
		if !handled {
			delete(s.states, mark)
			continue
		}
		s.order = append(s.order, mark)
	}
	for len(s.order) > maxSeen {
		delete(s.states, s.order[0])
		s.order = s.order[1:]
	}
}
