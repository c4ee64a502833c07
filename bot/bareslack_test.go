package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A bareSlack is the least that a Socket Mode server can be: it sends frames as
// they are, says no hello, and notes what comes back.
type bareSlack struct {
	t      testing.TB
	server *httptest.Server
	log    *logBook

	mu      sync.Mutex
	changed chan struct{}
	conns   []*websocket.Conn
	acks    map[string][]json.RawMessage // payloads by envelope id
	heard   map[string]time.Time         // when an envelope was first acknowledged
	calls   []string
	bodies  []string          // of the calls
	people  map[string]string // what users.info tells, by id; members by default
	places  map[string]string // the same of conversations.info; channels of the workspace's own
}

// serveBare starts a server without anybody who connects.
func serveBare(t testing.TB) *bareSlack {
	s := &bareSlack{t: t, changed: make(chan struct{}), acks: map[string][]json.RawMessage{}, heard: map[string]time.Time{}, log: newLogBook()}
	s.server = httptest.NewServer(s)
	return s
}

func openBare(t testing.TB, d *doctor, sockets int, change ...func(*Options)) *bareSlack {
	t.Helper()
	s := serveBare(t)
	opts := Options{
		BotToken: "xoxb-1", AppToken: "xapp-1", APIURL: s.server.URL + "/api/", Diagnostician: d, Sockets: sockets, Stagger: time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	}
	for _, c := range change {
		c(&opts)
	}
	b, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
		b.opts.HTTPClient.CloseIdleConnections()
		s.server.Close()
	})
	s.until(func() bool { return len(s.conns) == sockets })
	return s
}

func (s *bareSlack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/link" {
		upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		s.note(func() { s.conns = append(s.conns, conn) })
		for {
			var ack struct {
				ID      string          `json:"envelope_id"`
				Payload json.RawMessage `json:"payload"`
			}
			if err := conn.ReadJSON(&ack); err != nil {
				return
			}
			s.note(func() {
				s.acks[ack.ID] = append(s.acks[ack.ID], ack.Payload)
				if s.heard[ack.ID].IsZero() {
					s.heard[ack.ID] = time.Now()
				}
			})
		}
	}
	method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var person, place string
	s.note(func() {
		s.calls, s.bodies = append(s.calls, method), append(s.bodies, string(body))
		person, place = s.people[r.FormValue("user")], s.places[r.FormValue("channel")]
	})
	w.Header().Set("Content-Type", "application/json")
	if method == "apps.connections.open" {
		_, _ = fmt.Fprintf(w, `{"ok":true,"url":%q}`, "ws"+strings.TrimPrefix(s.server.URL, "http")+"/link")
		return
	}
	switch method {
	case "users.info":
		if person == "" {
			person = fmt.Sprintf(`{"id":%q,"team_id":"T1"}`, r.FormValue("user"))
		}
		_, _ = fmt.Fprintf(w, `{"ok":true,"user":%s}`, person)
		return
	case "conversations.info":
		if place == "" {
			place = fmt.Sprintf(`{"id":%q}`, r.FormValue("channel"))
		}
		_, _ = fmt.Fprintf(w, `{"ok":true,"channel":%s}`, place)
		return
	}
	_, _ = fmt.Fprint(w, `{"ok":true,"user_id":"UBOT","team_id":"T1","channel":"C1","ts":"1.1"}`)
}

func (s *bareSlack) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

// until waits until a condition, which is called with the lock held, holds.
func (s *bareSlack) until(holds func() bool) {
	s.t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		ok, changed := holds(), s.changed
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-late:
			s.t.Fatalf("it never comes true; the log:\n%s", s.log)
		}
	}
}

// send sends a frame over the n-th connection.
func (s *bareSlack) send(n int, frame string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.conns[n].WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		s.t.Fatal(err)
	}
}

// acked waits for an envelope's n-th acknowledgement and returns its payload.
func (s *bareSlack) acked(envelope string, n int) string {
	s.t.Helper()
	var payload string
	s.until(func() bool {
		list := s.acks[envelope]
		if len(list) < n {
			return false
		}
		payload = string(list[n-1])
		return true
	})
	return payload
}

// known waits until the bot knows a user, so that what can be answered at once
// is.
func (s *bareSlack) known(user string) {
	s.t.Helper()
	s.send(0, fmt.Sprintf(`{"envelope_id":"known","type":"slash_commands","payload":{"command":"/acm","text":"help","user_id":%q,"response_url":%q}}`, user, s.server.URL+"/known"))
	s.until(func() bool { return slices.Contains(s.calls, "known") })
}

func (s *bareSlack) called(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if c == method {
			n++
		}
	}
	return n
}
