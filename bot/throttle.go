package bot

import (
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
)

// A throttle slows down the opening of connections. Where Slack accepts a
// connection and closes it at once (too_many_websockets, for one), the client
// would open the next one without any delay, hundreds of times a second. The
// first opening is free, the next one waits for 250 ms, and the wait doubles up
// to a minute; a healthy connection sets it back.
type throttle struct {
	next http.RoundTripper

	mu        sync.Mutex
	wait      time.Duration
	opened    bool
	connected time.Time
}

func (t *throttle) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/apps.connections.open") {
		if err := pause(r.Context(), t.delay()); err != nil {
			return nil, err
		}
	}
	return t.next.RoundTrip(r)
}

// delay is how long to wait before this opening.
func (t *throttle) delay() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.connected.IsZero() && time.Since(t.connected) >= healthyAfter {
		t.opened, t.wait = false, 0
	}
	t.connected = time.Time{}
	if !t.opened {
		t.opened = true
		return 0
	}
	t.wait = min(max(2*t.wait, throttleFirst), throttleMost)
	return t.wait
}

// connect notes that Slack said hello on a connection.
func (t *throttle) connect() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connected = time.Now()
}
