package bot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// A socket is one Socket Mode connection, kept open.
type socket struct {
	number   int
	client   *socketmode.Client
	throttle *throttle
	token    *token
	log      *slog.Logger

	open  atomic.Bool
	pulse atomic.Int64 // when a byte last came in, in Unix nanoseconds
	event atomic.Int64 // when an envelope last came in
	opens atomic.Int64
}

// writeBuffer holds the largest acknowledgement whole: Slack drops one that
// arrives in several WebSocket frames, and takes none of 20 kB or more.
const writeBuffer = 32 << 10

func newSocket(number int, opts Options) *socket {
	s := &socket{number: number, log: opts.Logger.With("socket", number)}
	next := opts.HTTPClient.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	s.token = opts.tokens.app
	s.throttle = newThrottle(&bearer{next: next, api: hostOf(opts.APIURL), token: s.token, tracer: s.token.tracer})
	proxy, tlsConfig := wiring(opts.HTTPClient)
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second}
	client := slack.New(tokenInUse,
		slack.OptionAppLevelToken(tokenInUse),
		slack.OptionAPIURL(opts.APIURL),
		// Without a timeout of its own: it would cut the throttle's wait short.
		slack.OptionHTTPClient(&http.Client{Transport: s.throttle}),
		slack.OptionLog(quiet{}))
	s.client = socketmode.New(client,
		socketmode.OptionDialer(&websocket.Dialer{
			Proxy: proxy, TLSClientConfig: tlsConfig, HandshakeTimeout: min(20*time.Second, opts.PingTimeout), WriteBufferSize: writeBuffer,
			NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := dialer.DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return &pulseConn{Conn: c, pulse: &s.pulse}, nil
			},
		}),
		socketmode.OptionPingInterval(opts.PingTimeout),
		socketmode.OptionReadLimit(8<<20),
		socketmode.OptionLog(quiet{}))
	return s
}

// quiet is a logger that says nothing: what matters is logged from the events,
// without message contents.
type quiet struct{}

func (quiet) Output(int, string) error { return nil }

// A pulseConn notes when data comes in: Slack's pings, which the client keeps to
// itself, show as life this way.
type pulseConn struct {
	net.Conn
	pulse *atomic.Int64
}

func (c *pulseConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.pulse.Store(time.Now().UnixNano())
	}
	return n, err
}

func (s *socket) heard() time.Time     { return unixNano(s.pulse.Load()) }
func (s *socket) lastEvent() time.Time { return unixNano(s.event.Load()) }

func unixNano(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

// run keeps the connection open until ctx ends. It returns a *Refusal where
// Slack refuses the app, else nil.
func (s *socket) run(ctx context.Context) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := s.client.RunContext(ctx)
		s.open.Store(false)
		if ctx.Err() != nil {
			return nil
		}
		if refusal := refusalOf(err, "app-level token"); refusal != nil && !s.token.refusedFor(refusal) {
			return refusal
		}
		s.log.Warn("the connection's loop ended; starting it again", "error", err, "wait", wait)
		if s.token.wait(ctx, wait) != nil {
			return nil
		}
	}
}

// tellSilence logs again and again, every minute by default, that no connection
// is alive, until ctx ends: an alarm counts these lines where nobody reads metrics.
func (b *Bot) tellSilence(ctx context.Context) {
	tick := time.NewTicker(2 * b.opts.PingTimeout)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !b.Health().Alive {
				b.log.Error("not connected to Slack")
			}
		}
	}
}

// consume takes what comes in over a socket until ctx ends.
func (b *Bot) consume(ctx context.Context, s *socket) {
	for {
		select {
		case <-ctx.Done():
			return
		case evt := <-s.client.Events:
			b.socketEvent(ctx, s, evt)
		}
	}
}

func (b *Bot) socketEvent(ctx context.Context, s *socket, evt socketmode.Event) {
	switch evt.Type {
	case socketmode.EventTypeConnecting:
		s.open.Store(false)
		s.log.Debug("connecting to Slack")
	case socketmode.EventTypeConnected:
		s.open.Store(true)
		s.pulse.Store(time.Now().UnixNano())
		s.throttle.connect()
		n := s.opens.Add(1)
		s.log.Info("connected to Slack", "connection", n)
	case socketmode.EventTypeHello:
		if evt.Request != nil {
			s.log.Info("Slack is listening", "connections_of_the_app", evt.Request.NumConnections, "app_id", evt.Request.ConnectionInfo.AppID)
			if evt.Request.NumConnections > 8 {
				s.log.Warn("the app is near Slack's limit of 10 connections; is another copy running with the same tokens?", "connections", evt.Request.NumConnections)
			}
		}
	case socketmode.EventTypeConnectionError:
		s.open.Store(false)
		if e, ok := evt.Data.(*slack.ConnectionErrorEvent); ok {
			s.log.Warn("could not connect to Slack; trying again", "attempt", e.Attempt, "wait", e.Backoff, "error", e.ErrorObj)
			if refusal := refusalOf(e.ErrorObj, "app-level token"); refusal != nil && !s.token.refusedFor(refusal) {
				b.fail(refusal)
			}
		}
	case socketmode.EventTypeInvalidAuth:
		// Run's own error says why.
	case socketmode.EventTypeIncomingError:
		if e, ok := evt.Data.(*slack.IncomingEventError); ok {
			s.log.Debug("reading from Slack failed", "error", e.ErrorObj)
		}
	case socketmode.EventTypeErrorWriteFailed:
		if e, ok := evt.Data.(*socketmode.ErrorWriteFailed); ok && e.Response != nil {
			s.log.Warn("an acknowledgement could not be written", "envelope_id", e.Response.EnvelopeID, "error", e.Cause)
		}
	case socketmode.EventTypeErrorBadMessage:
		b.badMessage(ctx, s, evt)
	case socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI:
		s.event.Store(time.Now().UnixNano())
		s.throttle.use()
		b.receive(ctx, s, evt)
	default:
		if evt.Request != nil && evt.Request.EnvelopeID != "" {
			b.ack(ctx, s, evt.Request, nil)
		}
	}
}

// badMessage acknowledges an envelope that could not be read, or is of a kind
// that is not known, by its id: without that Slack would send it again, and
// tell the user of a time-out.
func (b *Bot) badMessage(ctx context.Context, s *socket, evt socketmode.Event) {
	e, ok := evt.Data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	var envelope struct {
		ID   string `json:"envelope_id"`
		Type string `json:"type"`
	}
	err := json.Unmarshal(e.Message, &envelope)
	s.log.Warn("an envelope could not be read", "type", envelope.Type, "envelope_id", envelope.ID, "bytes", len(e.Message), "cause", causeKind(e.Cause))
	if err == nil && envelope.ID != "" {
		b.ack(ctx, s, &socketmode.Request{EnvelopeID: envelope.ID}, &request{})
	}
}

// causeKind is the kind of a decoding error. Its text could quote the message.
func causeKind(err error) string {
	var typeErr *json.UnmarshalTypeError
	var syntaxErr *json.SyntaxError
	switch {
	case errors.As(err, &typeErr):
		return "unexpected type at " + typeErr.Field
	case errors.As(err, &syntaxErr):
		return "not JSON"
	default:
		return "not known"
	}
}
