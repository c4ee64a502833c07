package main

import (
	"sync"
	"time"
)

// A stageClock takes the time of a diagnosis' stages by its progress, which
// comes from any goroutine.
type stageClock struct {
	mu    sync.Mutex
	stage string
	since time.Time
	took  map[string]time.Duration
}

func newStageClock() *stageClock {
	return &stageClock{stage: "find", since: time.Now(), took: map[string]time.Duration{}}
}

func (c *stageClock) note(phrase string) {
	stage, ok := stageNames[phrase]
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok && stage != c.stage {
		c.close(stage)
	}
}

func (c *stageClock) close(next string) {
	now := time.Now()
	c.took[c.stage] += now.Sub(c.since)
	c.stage, c.since = next, now
}

// end returns how long each stage took that was come to.
func (c *stageClock) end() map[string]time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.close("")
	return c.took
}
