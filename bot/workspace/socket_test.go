package workspace

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// A wire is a Socket Mode connection without a client library.
type wire struct {
	t    *testing.T
	conn *websocket.Conn
}

type frame struct {
	Type           string `json:"type"`
	Reason         string `json:"reason"`
	NumConnections int    `json:"num_connections"`
	ConnectionInfo struct {
		AppID string `json:"app_id"`
	} `json:"connection_info"`
	DebugInfo struct {
		Host string `json:"host"`
	} `json:"debug_info"`
	EnvelopeID   string          `json:"envelope_id"`
	Payload      json.RawMessage `json:"payload"`
	Accepts      bool            `json:"accepts_response_payload"`
	RetryAttempt int             `json:"retry_attempt"`
	RetryReason  string          `json:"retry_reason"`
}

// address gets the address of a new connection.
func address(t *testing.T, w *Workspace) string {
	t.Helper()
	_, address, err := client(t, w).StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// dial opens a connection and reads its first frame.
func dial(t *testing.T, w *Workspace) (*wire, frame) {
	t.Helper()
	conn, resp, err := websocket.DefaultDialer.DialContext(t.Context(), address(t, w), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	c := &wire{t, conn}
	return c, c.read()
}

func (c *wire) read() frame {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	var f frame
	if err := c.conn.ReadJSON(&f); err != nil {
		c.t.Fatalf("reading a frame: %v", err)
	}
	return f
}

func (c *wire) ack(id string, payload any) {
	c.t.Helper()
	if err := c.conn.WriteJSON(map[string]any{"envelope_id": id, "payload": payload}); err != nil {
		c.t.Fatal(err)
	}
}

// ended fails the test unless the server closes the connection.
func (c *wire) ended() {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		_, _, err := c.conn.ReadMessage()
		if err == nil {
			continue
		}
		if netErr, ok := errors.AsType[interface {
			error
			Timeout() bool
		}](err); ok && netErr.Timeout() {
			c.t.Error("the server did not close the connection")
		}
		return
	}
}

func TestConnectionsSayHello(t *testing.T) {
	w := start(t, Options{})
	_, first := dial(t, w)
	_, second := dial(t, w)
	if first.Type != "hello" || first.NumConnections != 1 || second.NumConnections != 2 {
		t.Errorf("the connections began with %+v and %+v", first, second)
	}
	if first.ConnectionInfo.AppID != w.AppID() || first.DebugInfo.Host == "" {
		t.Errorf("hello lacks the app id or the host: %+v", first)
	}
}

func TestATicketIsGoodForOneConnection(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock})
	dialled := func(url string) error {
		conn, resp, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
		}
		return err
	}
	url := address(t, w)
	if err := dialled(url); err != nil {
		t.Fatalf("the first use failed: %v", err)
	}
	if err := dialled(url); err == nil {
		t.Error("the second use of a ticket succeeded")
	}
	late := address(t, w)
	clock.Advance(time.Minute)
	if err := dialled(late); err == nil {
		t.Error("a ticket a minute old was taken")
	}
}

func TestOnlyTheAppTokenOpensConnections(t *testing.T) {
	w := start(t, Options{})
	for token, want := range map[string]string{
		w.BotToken(): "not_allowed_token_type", "xapp-wrong": "invalid_auth", "": "not_authed",
	} {
		api := slack.New("", slack.OptionAppLevelToken(token), slack.OptionAPIURL(w.APIURL()))
		_, _, err := api.StartSocketModeContext(t.Context())
		if err == nil || err.Error() != want {
			t.Errorf("with the token %q the error is %v, want %s", token, err, want)
		}
	}
}

func TestEnvelopesGoToEachConnectionInTurn(t *testing.T) {
	w := start(t, Options{})
	one, _ := dial(t, w)
	two, _ := dial(t, w)
	for range 4 {
		if _, err := w.Slash("dana", "ops-certificates", "/acm", "help"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []*wire{one, two} {
		for range 2 {
			if f := c.read(); f.Type != "slash_commands" {
				t.Errorf("got %q", f.Type)
			}
		}
	}
}

func TestACommandWithoutAcknowledgementFailsInFrontOfTheUser(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock})
	c, _ := dial(t, w)
	d, err := w.Slash("dana", "ops-certificates", "/acm", "help")
	if err != nil {
		t.Fatal(err)
	}
	f := c.read()
	clock.Advance(3*time.Second - time.Millisecond)
	if n := len(w.Messages("ops-certificates", "dana")); n != 0 {
		t.Errorf("there are %d messages before the deadline", n)
	}
	clock.Advance(time.Millisecond)
	e, err := d.Wait(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	if e.State != TimedOut || e.Took != 3*time.Second {
		t.Errorf("the envelope is %s after %s", e.State, e.Took)
	}
	messages := w.Messages("ops-certificates", "dana")
	if len(messages) != 1 || messages[0].Text != `/acm failed with the error "operation_timeout"` || !messages[0].Ephemeral {
		t.Errorf("dana sees %+v", messages)
	}
	if n := len(w.Messages("ops-certificates", "lee")); n != 0 {
		t.Errorf("lee sees %d messages", n)
	}

	c.ack(f.EnvelopeID, map[string]any{"text": "too late"})
	late, err := w.WaitEnvelope(limit(t), func(e Envelope) bool { return e.LateAck })
	if err != nil || late.State != TimedOut {
		t.Errorf("the late acknowledgement left %+v, %v", late, err)
	}
	if n := len(w.Messages("ops-certificates", "dana")); n != 1 {
		t.Error("the late acknowledgement showed")
	}
}

func TestACommandWithoutAnyConnectionFailsAtOnce(t *testing.T) {
	w := start(t, Options{})
	d, err := w.Slash("dana", "ops-certificates", "/acm", "help")
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Wait(limit(t))
	if err != nil || e.State != Undelivered || e.Connection != 0 {
		t.Errorf("the envelope is %+v, %v", e, err)
	}
	messages := w.Messages("ops-certificates", "dana")
	if len(messages) != 1 || messages[0].Text != `/acm failed with the error "dispatch_failed"` {
		t.Errorf("dana sees %+v", messages)
	}
}

func TestEventsAreSentAgainUntilAcknowledged(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock, Retries: []time.Duration{0, time.Minute, 5 * time.Minute}})
	c, _ := dial(t, w)
	if _, err := w.Say("dana", "ops-certificates", "", "@acmbot hello"); err != nil {
		t.Fatal(err)
	}
	first := c.read()
	eventID := field(first.Payload, "event_id")
	if eventID == "" || first.RetryAttempt != 0 {
		t.Fatalf("the first delivery is %+v", first)
	}
	for attempt, wait := range []time.Duration{3 * time.Second, time.Minute + 3*time.Second, 5*time.Minute + 3*time.Second} {
		clock.Advance(wait)
		f := c.read()
		if field(f.Payload, "event_id") != eventID || f.RetryAttempt != attempt+1 || f.RetryReason != "timeout" {
			t.Fatalf("delivery %d is %+v", attempt+1, f)
		}
		if f.EnvelopeID == first.EnvelopeID {
			t.Error("an envelope id was used twice")
		}
		if attempt == 1 {
			c.ack(f.EnvelopeID, nil)
			break
		}
	}
	if _, err := w.WaitEnvelope(limit(t), func(e Envelope) bool { return e.State == Acknowledged }); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	if n := len(w.Envelopes()); n != 3 {
		t.Errorf("there were %d deliveries, want 3", n)
	}
}

func TestEventsGiveUpAfterTheLastRetry(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock})
	dial(t, w)
	if err := w.OpenHome("dana"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	var attempts []int
	for _, e := range w.Envelopes() {
		if e.State != TimedOut {
			t.Errorf("a delivery is %s", e.State)
		}
		attempts = append(attempts, e.RetryAttempt)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3}, attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

func TestEventsOfABrokenConnectionGoToAnother(t *testing.T) {
	w := start(t, Options{Retries: []time.Duration{0, 0, 0}})
	one, _ := dial(t, w)
	if _, err := w.Say("dana", "ops-certificates", "", "@acmbot hello"); err != nil {
		t.Fatal(err)
	}
	lost := one.read()
	two, _ := dial(t, w)
	_ = one.conn.Close()
	again := two.read()
	if field(again.Payload, "event_id") != field(lost.Payload, "event_id") || again.RetryAttempt == 0 {
		t.Errorf("the second connection got %+v after %+v", again, lost)
	}
}

func TestCommandsAndInteractionsAreNotSentAgain(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock})
	dial(t, w)
	if _, err := w.Slash("dana", "ops-certificates", "/acm", "help"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Shortcut("dana", "diagnose"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	if n := len(w.Envelopes()); n != 2 {
		t.Errorf("there were %d deliveries, want 2", n)
	}
}

func TestAcknowledgementsThatSlackDropsDoNotCount(t *testing.T) {
	for name, test := range map[string]struct {
		buffer, size int // of the client's frames, and of the answer
	}{
		"too large": {64 << 10, frameMost},
		// More than fits the write buffer: the library sends several frames.
		"in fragments": {1 << 10, 8 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			clock := NewManualClock(time.Unix(1_764_000_000, 0))
			w := start(t, Options{Clock: clock})
			dialer := websocket.Dialer{WriteBufferSize: test.buffer}
			conn, resp, err := dialer.DialContext(t.Context(), address(t, w), nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			defer func() { _ = conn.Close() }()
			c := &wire{t, conn}
			c.read()
			if _, err := w.Slash("dana", "ops-certificates", "/acm", "help"); err != nil {
				t.Fatal(err)
			}
			f := c.read()
			c.ack(f.EnvelopeID, map[string]any{"text": strings.Repeat("x", test.size)})
			dropped := func() bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				return slices.ContainsFunc(w.traffic, func(e Traffic) bool { return strings.HasPrefix(e.Title, "dropped") })
			}
			if err := w.Wait(limit(t), dropped); err != nil {
				t.Fatal(err)
			}
			clock.Advance(3 * time.Second)
			if e := w.Envelopes()[0]; e.State != TimedOut {
				t.Errorf("the envelope is %s", e.State)
			}
			// The connection goes on.
			if _, err := w.Slash("dana", "ops-certificates", "/acm", "help"); err != nil {
				t.Fatal(err)
			}
			c.ack(c.read().EnvelopeID, nil)
			if _, err := w.WaitEnvelope(limit(t), func(e Envelope) bool { return e.State == Acknowledged }); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestDisconnects(t *testing.T) {
	for _, reason := range []string{RefreshRequested, LinkDisabled} {
		t.Run(reason, func(t *testing.T) {
			w := start(t, Options{})
			c, _ := dial(t, w)
			w.Disconnect(reason)
			if f := c.read(); f.Type != "disconnect" || f.Reason != reason {
				t.Errorf("got %+v", f)
			}
			c.ended()
			if n := w.Sockets(); n != 0 {
				t.Errorf("%d connections are left", n)
			}
			_, _, err := client(t, w).StartSocketModeContext(t.Context())
			if (reason == LinkDisabled) != (err != nil) {
				t.Errorf("a new connection gives %v", err)
			}
		})
	}
	t.Run(Warning, func(t *testing.T) {
		clock := NewManualClock(time.Unix(1_764_000_000, 0))
		w := start(t, Options{Clock: clock})
		c, _ := dial(t, w)
		w.Disconnect(Warning)
		if f := c.read(); f.Reason != Warning {
			t.Errorf("got %+v", f)
		}
		if w.Sockets() != 1 {
			t.Error("the connection went at once")
		}
		clock.Advance(10 * time.Second)
		c.ended()
	})
	t.Run(TooManyWebsockets, func(t *testing.T) {
		w := start(t, Options{})
		for range socketsMost {
			dial(t, w)
		}
		c, f := dial(t, w)
		if f.Type != "disconnect" || f.Reason != TooManyWebsockets {
			t.Errorf("the eleventh connection began with %+v", f)
		}
		c.ended()
		if n := w.Sockets(); n != socketsMost {
			t.Errorf("there are %d connections", n)
		}
	})
	t.Run("by age", func(t *testing.T) {
		clock := NewManualClock(time.Unix(1_764_000_000, 0))
		w := start(t, Options{Clock: clock, SocketLife: time.Hour})
		c, _ := dial(t, w)
		clock.Advance(time.Hour)
		if f := c.read(); f.Reason != RefreshRequested {
			t.Errorf("got %+v", f)
		}
		c.ended()
	})
}

func TestTheClientReconnects(t *testing.T) {
	w := start(t, Options{})
	run(t, w, ack)
	for _, how := range []func(){func() { w.Disconnect(RefreshRequested) }, w.DropSockets} {
		before := len(w.CallsOf("apps.connections.open"))
		how()
		again := func() bool { return len(w.CallsOf("apps.connections.open")) > before && w.Sockets() == 1 }
		if err := w.Wait(limit(t), again); err != nil {
			t.Fatal(err)
		}
		d, err := w.Slash("dana", "ops-certificates", "/acm", "help")
		if err != nil {
			t.Fatal(err)
		}
		if e, err := d.Wait(limit(t)); err != nil || e.State != Acknowledged {
			t.Fatalf("after the reconnect a command is %s, %v", e.State, err)
		}
	}
}

func TestPingsStopOnFrozenConnections(t *testing.T) {
	w := start(t, Options{PingInterval: 5 * time.Millisecond})
	c, _ := dial(t, w)
	pings := make(chan struct{}, 1000)
	c.conn.SetPingHandler(func(string) error { pings <- struct{}{}; return nil })
	read := make(chan struct{})
	go func() {
		defer close(read)
		for {
			if _, _, err := c.conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	for range 3 {
		select {
		case <-pings:
		case <-limit(t).Done():
			t.Fatal("there are no pings")
		}
	}
	// A client that watches for pings finds out about a half-open connection.
	run(t, w, ack, socketmode.OptionPingInterval(50*time.Millisecond))
	if err := w.Wait(limit(t), func() bool { return w.Sockets() == 2 }); err != nil {
		t.Fatal(err)
	}
	opened := len(w.CallsOf("apps.connections.open"))
	w.FreezeSockets()
	if err := w.Wait(limit(t), func() bool { return len(w.CallsOf("apps.connections.open")) > opened }); err != nil {
		t.Fatalf("the client stayed on a dead connection: %v", err)
	}
	_ = c.conn.Close()
	<-read
}

func TestTheDialWithoutATicketIsRefused(t *testing.T) {
	w := start(t, Options{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL()+"link?ticket=guess", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", resp.StatusCode)
	}
}
