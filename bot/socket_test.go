package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/state/statetest"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

func two(o *Options) { o.Sockets = 2 }

func TestTwoSocketsServeOneWorkspace(t *testing.T) {
	s := open(t, workspace.Options{}, two).connected()
	for i := range 6 {
		s.slash(dana, ops, fmt.Sprintf("n%d.example.com", i))
		s.sees(fmt.Sprintf("_token.n%d.example.com", i))
	}
	h := s.bot.Health()
	if h.Sockets != 2 || h.Wanted != 2 || !h.Alive || h.LastHeard.IsZero() || h.LastEvent.IsZero() {
		t.Errorf("%+v", h)
	}
}

func TestConnectionsComeBack(t *testing.T) {
	for name, cut := range map[string]func(*stage){
		"refreshed": func(s *stage) { s.Disconnect(workspace.RefreshRequested) },
		"dropped":   func(s *stage) { s.DropSockets() },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, workspace.Options{}, two).connected()
			cut(s)
			s.log.has(t, `msg="connected to Slack"`, 4)
			s.connected()
			s.slash(dana, ops, "shop.example.com")
			s.sees("_token.shop.example.com")
		})
	}
}

func TestSilentConnectionIsReplaced(t *testing.T) {
	s := open(t, workspace.Options{PingInterval: 50 * time.Millisecond}, func(o *Options) { o.PingTimeout = 400 * time.Millisecond }).connected()
	s.FreezeSockets()
	s.log.has(t, `msg="connected to Slack"`, 2)
	s.until(func() bool { return s.Sockets() >= 1 })
	s.slash(dana, ops, "shop.example.com")
	s.sees("_token.shop.example.com")
}

// As long as it is cut off, the log says so, again and again.
func TestSilenceIsTold(t *testing.T) {
	s := open(t, workspace.Options{PingInterval: 5 * time.Millisecond}, func(o *Options) { o.PingTimeout = 50 * time.Millisecond }).connected()
	s.Fail("apps.connections.open", workspace.Fault{Error: "internal_error"})
	s.DropSockets()
	s.log.has(t, `level=ERROR msg="not connected to Slack"`, 3)
}

func TestPingsShowAsLife(t *testing.T) {
	s := open(t, workspace.Options{PingInterval: 10 * time.Millisecond}).connected()
	first := s.bot.Health().LastHeard
	for s.bot.Health().LastHeard.Equal(first) {
		select {
		case <-time.After(time.Millisecond):
		case <-s.ctx().Done():
			t.Fatal("no sign of life from pings")
		}
	}
}

// An envelope that arrives over both sockets, or again, is worked on once and
// acknowledged each time.
func TestDuplicatesAreHandledOnce(t *testing.T) {
	s := openBare(t, &doctor{}, 2)
	event := func(envelope, eventID string, attempt int) string {
		return fmt.Sprintf(`{"envelope_id":%q,"type":"events_api","accepts_response_payload":false,"retry_attempt":%d,"retry_reason":"timeout",
		 "payload":{"type":"event_callback","event_id":%q,"team_id":"T1","event":{"type":"app_mention","user":"U1","text":"<@UBOT> shop.example.com","ts":"1764020000.000100","channel":"C1"}}}`, envelope, attempt, eventID)
	}
	s.send(0, event("e1", "Ev1", 0))
	s.send(1, event("e1", "Ev1", 0)) // over the other socket
	s.send(1, event("e2", "Ev1", 1)) // again, in another envelope
	s.acked("e1", 2)
	s.acked("e2", 1)
	s.send(0, event("e3", "Ev3", 0))
	s.acked("e3", 1)
	s.log.has(t, "msg=answered", 2)
	if n := s.called("chat.postMessage"); n != 2 {
		t.Errorf("%d messages posted for two events", n)
	}
	command := `{"envelope_id":%q,"type":"slash_commands","accepts_response_payload":true,"payload":{"command":"/acm","text":"help","user_id":"U1","trigger_id":"1.2.3"}}`
	for i, id := range []string{"c1", "c2"} {
		s.send(i, fmt.Sprintf(command, id))
		if got := s.acked(id, 1); !strings.Contains(got, "Name a domain") {
			t.Errorf("%s is acknowledged with %q: if the first acknowledgement got lost, the help is lost", id, got)
		}
	}
}

func TestWhatCannotBeReadIsAcknowledged(t *testing.T) {
	s := openBare(t, &doctor{}, 1)
	for i, frame := range []string{
		`{"envelope_id":%q,"type":"tomorrow","payload":{"secret":"hush"}}`,
		`{"envelope_id":%q,"type":"slash_commands","payload":{"command":{"not":"text hush"}}}`,
		`{"envelope_id":%q,"type":"events_api","payload":{"type":"event_callback","event":{"type":"never_heard_of_hush"}}}`,
		`{"envelope_id":%q,"type":"interactive","payload":"hush"}`,
		`{"envelope_id":%q,"type":"interactive","payload":{"type":"block_actions","actions":[]}}`,
		`{"envelope_id":%q,"type":"interactive","payload":{"type":"block_actions","actions":[{"type":"button","action_id":"acm_recheck"}]}}`,
		`{"envelope_id":%q,"type":"interactive","payload":{"type":"block_suggestion"}}`,
		`{"envelope_id":%q,"type":"interactive","payload":{"type":"view_submission"}}`,
		`{"envelope_id":%q,"type":"interactive","payload":{"type":"shortcut","callback_id":"unknown"}}`,
		`{"envelope_id":%q,"type":"interactive","payload":{"type":"message_action","callback_id":"unknown"}}`,
		`{"envelope_id":%q,"type":"events_api","payload":{"type":"event_callback","event":{"type":"reaction_added"}}}`,
		`{"envelope_id":%q,"type":"events_api","payload":{"type":"event_callback","event":{"type":"message","channel_type":"im","subtype":"message_changed","channel":"D1","message":{"text":"a.example.com"}}}}`,
		`{"envelope_id":%q,"type":"events_api","payload":{"type":"event_callback","event":{"type":"message","channel_type":"im","bot_id":"B1","user":"U9","channel":"D1","text":"a.example.com"}}}`,
		`{"envelope_id":%q,"type":"events_api","payload":{"type":"event_callback","event":{"type":"message","channel_type":"channel","user":"U9","channel":"C1","text":"a.example.com"}}}`,
		`{"envelope_id":%q,"type":"events_api","payload":{"type":"event_callback","event":{"type":"app_mention","bot_id":"B1","user":"U9","channel":"C1","text":"a.example.com"}}}`,
		`{"envelope_id":%q,"type":"slash_commands","payload":{"command":"/acm","text":"help","is_enterprise_install":"false"}}`,
		`{"envelope_id":%q,"type":"slash_commands","payload":{"command":"/acm","text":"help","is_enterprise_install":false}}`,
	} {
		id := fmt.Sprintf("b%d", i)
		s.send(0, fmt.Sprintf(frame, id))
		s.acked(id, 1)
	}
	s.send(0, `not JSON at all`)
	s.send(0, `[]`)
	s.known("U1")
	s.send(0, `{"envelope_id":"last","type":"slash_commands","accepts_response_payload":true,"payload":{"command":"/acm","text":"help","user_id":"U1"}}`)
	if got := s.acked("last", 1); !strings.Contains(got, "Name a domain") {
		t.Errorf("the last envelope is acknowledged with %q", got)
	}
	if strings.Contains(s.log.String(), "hush") {
		t.Errorf("the log has contents in it:\n%s", s.log)
	}
	if n := s.called("chat.postMessage"); n != 0 {
		t.Errorf("%d messages posted for nothing", n)
	}
}

// Where an envelope takes no answer, the answer goes to the response URL.
func TestAnswerWhereTheAcknowledgementCarriesNone(t *testing.T) {
	s := openBare(t, &doctor{}, 1)
	s.send(0, fmt.Sprintf(`{"envelope_id":"x1","type":"slash_commands","accepts_response_payload":false,"payload":{"command":"/acm","text":"help","user_id":"U1","response_url":%q}}`, s.server.URL+"/hook"))
	if got := s.acked("x1", 1); got != "" && got != "null" {
		t.Errorf("acknowledged with %q", got)
	}
	s.until(func() bool { return len(s.calls) > 0 && s.calls[len(s.calls)-1] == "hook" })
}

func TestAcknowledgementsAreSmall(t *testing.T) {
	s := openBare(t, &doctor{}, 1)
	s.known("U1")
	long := strings.Repeat("x", 60_000)
	for i, text := range []string{"help", long, "why " + long, long + "." + long, "why " + strings.Repeat("a.", 30_000) + "example"} {
		id := fmt.Sprintf("big%d", i)
		payload, err := json.Marshal(map[string]string{"command": "/acm", "text": text, "user_id": "U1", "response_url": s.server.URL + "/hook"})
		if err != nil {
			t.Fatal(err)
		}
		s.send(0, fmt.Sprintf(`{"envelope_id":%q,"type":"slash_commands","accepts_response_payload":true,"payload":%s}`, id, payload))
		if got := s.acked(id, 1); len(got) < 100 || len(got) > 20_000 {
			t.Errorf("an acknowledgement of %d bytes", len(got))
		}
	}
}

func TestRefusalsEndTheRun(t *testing.T) {
	for _, tc := range []struct {
		name, method, code, want string
	}{
		{"bad bot token", "auth.test", "invalid_auth", "does not know the bot token"},
		{"revoked bot token", "auth.test", "token_revoked", "bot token was revoked"},
		{"bad app token", "apps.connections.open", "invalid_auth", "does not know the app-level token"},
		{"app token without its scope", "apps.connections.open", "missing_scope", "connections:write"},
		{"bot token for app token", "apps.connections.open", "not_allowed_token_type", "wrong kind"},
		{"Socket Mode off", "apps.connections.open", "socket_mode_not_enabled", "Socket Mode is switched off"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := workspace.Start(workspace.Options{Manifest: readManifest(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = w.Close() }()
			w.Fail(tc.method, workspace.Fault{Error: tc.code})
			b, err := New(Options{BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL(), Diagnostician: &doctor{}})
			if err != nil {
				t.Fatal(err)
			}
			defer b.opts.HTTPClient.CloseIdleConnections()
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			err = b.Run(ctx)
			var refusal *Refusal
			if !errors.As(err, &refusal) || refusal.Code != tc.code || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Run = %v, want a refusal that says %q", err, tc.want)
			}
		})
	}
}

func TestWrongAPIURLIsRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	b, err := New(Options{BotToken: "xoxb-1", AppToken: "xapp-1", APIURL: server.URL + "/api", Diagnostician: &doctor{}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.opts.HTTPClient.CloseIdleConnections()
	if err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no Slack Web API") {
		t.Errorf("Run = %v", err)
	}
}

func TestTroubleAtTheStartIsWaitedOut(t *testing.T) {
	w, err := workspace.Start(workspace.Options{Manifest: readManifest(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	w.Fail("apps.connections.open", workspace.Fault{Status: 503, Times: 1})
	w.Fail("apps.connections.open", workspace.Fault{Error: "internal_error", Times: 1})
	w.Fail("auth.test", workspace.Fault{Status: 502, Times: 1})
	b, err := New(Options{BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL(), Diagnostician: &doctor{}, Sockets: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.opts.HTTPClient.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	if err := w.Wait(ctx, func() bool { return w.Sockets() == 1 }); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}

// A question that comes meanwhile is left to the next copy where it could be
// noted, and otherwise refused, as here.
func TestShutdownFinishesWhatIsUnderWay(t *testing.T) {
	broken := &statetest.Flaky{Store: memory.New(time.Now), Decide: func(_ context.Context, _ statetest.Op, key state.Key) statetest.Fate {
		if key.Kind == requestKind {
			return statetest.Fail
		}
		return statetest.Pass
	}}
	s := open(t, workspace.Options{}, func(o *Options) { o.Store = broken }).connected()
	started, release := make(chan struct{}), make(chan struct{})
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		close(started)
		<-release
		return blocked(q)
	})
	s.slash(dana, ops, "shop.example.com")
	<-started
	s.stop()
	s.log.has(t, "stopping", 1)
	for !s.bot.tasks.closing() {
		time.Sleep(time.Millisecond)
	}
	s.slash(lee, ops, "late.example.com")
	s.sees("I am being restarted")
	close(release)
	s.sees("_token.shop.example.com")
	if err := <-s.ended; err != nil {
		t.Errorf("Run = %v", err)
	}
	s.ended <- nil // for the clean-up
}

func TestShutdownCutsADiagnosisShort(t *testing.T) {
	s := open(t, workspace.Options{}, func(o *Options) { o.Grace = 5 * time.Second }).connected() // a fifth of it is for the delivery
	started := make(chan struct{})
	s.doctor.becomes(func(ctx context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		close(started)
		<-ctx.Done()
		return blocked(q) // with what it has
	})
	s.slash(dana, ops, "shop.example.com")
	<-started
	s.stop()
	s.sees("_token.shop.example.com")
}

// Slack accepts a connection and closes it at once: without the throttle the
// client would open hundreds a second.
func TestReconnectionsAreThrottled(t *testing.T) {
	var opens atomic.Int32
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/apps.connections.open":
			opens.Add(1)
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"ok":true,"url":%q}`, "ws"+strings.TrimPrefix(server.URL, "http")+"/link")
		case "/link":
			conn, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"disconnect","reason":"too_many_websockets"}`))
			_ = conn.Close()
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, `{"ok":true,"user_id":"U1","team_id":"T1"}`)
		}
	}))
	defer server.Close()
	b, err := New(Options{BotToken: "xoxb-1", AppToken: "xapp-1", APIURL: server.URL + "/api/", Diagnostician: &doctor{}, Sockets: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.opts.HTTPClient.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := b.Run(ctx); err != nil {
		t.Errorf("Run = %v", err)
	}
	if n := opens.Load(); n < 2 || n > 5 {
		t.Errorf("%d openings in 2 s, want 2 to 5", n)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle(roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		}))
		call := func(method string) time.Duration {
			t.Helper()
			start := time.Now()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://slack.example/api/"+method, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := th.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			return time.Since(start)
		}
		const open = "apps.connections.open"
		for i, want := range []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
			if got := call(open); got != want {
				t.Errorf("opening %d waited %v, want %v", i, got, want)
			}
			th.connect() // a short life is no health
		}
		if got := call("auth.test"); got != 0 {
			t.Errorf("another method waited %v", got)
		}
		for range 2 { // it carries something, and breaks at once
			th.connect()
			th.use()
			if got := call(open); got != throttleFirst {
				t.Errorf("after a connection that was of use an opening waited %v", got)
			}
		}
		if got := call(open); got != 2*throttleFirst {
			t.Errorf("after one that was of none an opening waited %v", got)
		}
		th.connect()
		time.Sleep(healthyAfter)
		if got := call(open); got != 0 {
			t.Errorf("after a healthy connection an opening waited %v", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://slack.example/api/"+open, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := th.RoundTrip(r); !errors.Is(err, context.DeadlineExceeded) {
			if err == nil {
				_ = resp.Body.Close()
			}
			t.Errorf("RoundTrip = %v, want the context's end", err)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	good := Options{BotToken: "xoxb-1", AppToken: "xapp-1", Diagnostician: &doctor{}}
	for _, tc := range []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Diagnostician = nil }, "Diagnostician"},
		{func(o *Options) { o.BotToken, o.AppToken = o.AppToken, o.BotToken }, "swapped"},
		{func(o *Options) { o.BotToken = "" }, "xoxb-"},
		{func(o *Options) { o.AppToken = "token" }, "xapp-"},
		{func(o *Options) { o.APIURL = "nonsense" }, "not a URL"},
		{func(o *Options) { o.APIURL = "http://127.0.0.1:1/api" }, ""},
		{func(*Options) {}, ""},
	} {
		opts := good
		tc.change(&opts)
		b, err := New(opts)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("New: %v", err)
		case tc.want == "" && !strings.HasSuffix(b.opts.APIURL, "/"):
			t.Errorf("the API URL is %q", b.opts.APIURL)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("New = %v, want an error with %q", err, tc.want)
		case err != nil && strings.Contains(err.Error(), "xapp-1"):
			t.Errorf("the error has a token in it: %v", err)
		}
	}
}

func TestSeenForgets(t *testing.T) {
	clock := workspace.NewManualClock(time.Unix(0, 0))
	s := newSeen(clock.Now)
	if !s.first("a", "") || s.first("a", "b") || s.first("b") || !s.first("") {
		t.Error("first and second are mixed up")
	}
	clock.Advance(seenFor + time.Second)
	if !s.first("a") {
		t.Error("never forgets")
	}
	for i := range 3 * seenMost {
		s.first(fmt.Sprint(i))
	}
	if n := len(s.at); n > seenMost+2 {
		t.Errorf("remembers %d", n)
	}
}
