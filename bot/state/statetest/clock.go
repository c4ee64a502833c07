// Package statetest has the tests that every state.Store has to pass, a clock
// to go with them, and a Store that fails on demand for the tests of others.
package statetest

import (
	"sync"
	"time"
)

// A Clock stands still until it is told to move on. It is safe for concurrent
// use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a Clock that shows some time in 2026, with a fraction of a
// millisecond.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 11, 24, 9, 30, 0, 123456789, time.UTC)}
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, backwards where d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
