package events

import (
	"maps"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

// A Health is how a Queue fares, and what it has done since it was made.
type Health struct {
	// Connected is set while SQS answers.
	Connected bool
	// LastReceive is when SQS last answered, be it that there is nothing; zero
	// for never.
	LastReceive time.Time
	// LastEvent is when the last event came, zero for never.
	LastEvent time.Time
	// Trouble is why nothing can be received, nil where all is well.
	Trouble *Trouble
	// Depth is nil where it is not known.
	Depth *Depth

	// Received and Failed count events by kind, each time that they were
	// received and that their handling failed; "other" are those whose kind is
	// not known by name.
	Received, Failed map[diagnose.EventKind]int
	// Duplicates are events that had been handled before, Idle messages those
	// of ACM that are about no certificate, Poison those that cannot be read or
	// failed too often, Deleted all that were deleted, Dropped those among them
	// that were deleted without having been handled.
	Duplicates, Idle, Poison, Deleted, Dropped int
}

// A Depth is about how many messages a queue has, as SQS counts.
type Depth struct {
	At time.Time
	// Waiting can be received, Flying are being handled, Delayed come later.
	Waiting, Flying, Delayed int
	// DeadLetter is the ARN of the queue that takes what was received too
	// often, more than MaxReceives times; empty where there is none.
	DeadLetter  string
	MaxReceives int
}

// Health tells how the queue fares. It can be called at any time.
func (q *Queue) Health() Health {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.health
	h.Received, h.Failed = maps.Clone(h.Received), maps.Clone(h.Failed)
	return h
}

// note changes the health.
func (q *Queue) note(change func(*Health)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(&q.health)
}
