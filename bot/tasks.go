package bot

import "sync"

// tasks counts what is under way, so that a shutdown can wait for it.
type tasks struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{} // closed when it is closed and nothing is under way
}

func newTasks() *tasks { return &tasks{idle: make(chan struct{})} }

// mostTasks bounds what is under way altogether, also what needs no diagnosis.
const mostTasks = 1000

// begin notes the start of a task. It returns false once closed, or while there
// are too many.
func (t *tasks) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.n >= mostTasks {
		return false
	}
	t.n++
	return true
}

func (t *tasks) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n--
	if t.closed && t.n == 0 {
		close(t.idle)
	}
}

// close lets no new task begin, and returns a channel that is closed when the
// last one has ended.
func (t *tasks) close() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		if t.n == 0 {
			close(t.idle)
		}
	}
	return t.idle
}

func (t *tasks) closing() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

func (t *tasks) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
}
