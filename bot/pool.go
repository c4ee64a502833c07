package bot

import (
	"context"
	"errors"
	"sync"
)

var (
	errQueueFull = errors.New("the queue is full")
	errUserBusy  = errors.New("the user has too many requests under way")
)

// A pool bounds the work: how many diagnoses run at once, how many requests may
// wait, and how many of them may be one user's.
type pool struct {
	slots chan struct{}
	most  int
	each  int

	mu       sync.Mutex
	admitted int
	users    map[string]int
}

func newPool(workers, queue, perUser int) *pool {
	return &pool{slots: make(chan struct{}, workers), most: workers + queue, each: perUser, users: map[string]int{}}
}

// admit takes a request in, or says why not: errQueueFull or errUserBusy. It
// never waits. The request must call leave once when it ends.
func (p *pool) admit(user string) (leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.admitted >= p.most:
		return nil, errQueueFull
	case p.users[user] >= p.each:
		return nil, errUserBusy
	}
	p.admitted++
	p.users[user]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.admitted--
		if p.users[user]--; p.users[user] == 0 {
			delete(p.users, user)
		}
	}, nil
}

// enter waits for a free slot. The diagnosis must call exit once when it ends.
func (p *pool) enter(ctx context.Context) (exit func(), err error) {
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// load is how many diagnoses run, and how many requests wait.
func (p *pool) load() (running, waiting int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	running = len(p.slots)
	return running, max(p.admitted-running, 0)
}
