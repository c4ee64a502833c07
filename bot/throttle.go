package bot

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	throttleFirst = 250 * time.Millisecond
	throttleMost  = time.Minute
	// healthyAfter is how long a connection must have lived to count as a
	// healthy one.
	healthyAfter = time.Minute
	// openTimeout bounds the answer to an opening, its body included: nothing
	// else would end the wait for a server that begins to answer and goes silent
	// (https://github.com/openabdev/openab/pull/1334 tells of eleven hours).
	openTimeout = 30 * time.Second
)

// A throttle slows down the opening of connections. Where Slack accepts a
// connection and closes it at once (too_many_websockets, for one), the client
// would open the next one without any delay, hundreds of times a second. The
// first opening is free, the next one waits for 250 ms, and the wait doubles up
// to a minute. A connection that something came over sets it back to 250 ms,
// however short it lived, so that a network that breaks again and again costs
// little; one that lived for a minute sets it back to nothing.
type throttle struct {
	next http.RoundTripper

	mu        sync.Mutex
	first     time.Duration
	timeout   time.Duration
	wait      time.Duration
	opened    bool
	connected time.Time
	used      bool
}

func newThrottle(next http.RoundTripper) *throttle {
	return &throttle{next: next, timeout: openTimeout, first: throttleFirst}
}

func (t *throttle) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/apps.connections.open") {
		return t.next.RoundTrip(r)
	}
	wait, timeout := t.delay()
	if err := pause(r.Context(), wait); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	resp, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = timedBody{resp.Body, cancel}
	return resp, nil
}

// A timedBody is the body of an answer that has to come in a time.
type timedBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b timedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// delay is how long to wait before this opening, and how long for its answer.
func (t *throttle) delay() (wait, timeout time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.connected.IsZero() && time.Since(t.connected) >= healthyAfter {
		t.opened, t.wait = false, 0
	}
	if t.used {
		t.wait = 0
	}
	t.connected, t.used = time.Time{}, false
	if !t.opened {
		t.opened = true
		return 0, t.timeout
	}
	t.wait = min(max(2*t.wait, t.first), throttleMost)
	return t.wait, t.timeout
}

// connect notes that Slack said hello on a connection.
func (t *throttle) connect() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connected = time.Now()
}

// use notes that something came over the connection.
func (t *throttle) use() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used = true
}
