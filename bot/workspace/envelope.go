package workspace

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// An EnvelopeType is a kind of Socket Mode envelope.
type EnvelopeType string

// The envelope types ("Using Socket Mode",
// https://docs.slack.dev/apis/events-api/using-socket-mode).
const (
	SlashCommands EnvelopeType = "slash_commands"
	Interactive   EnvelopeType = "interactive"
	EventsAPI     EnvelopeType = "events_api"
)

// An EnvelopeState is what has become of an envelope.
type EnvelopeState string

// The states of an envelope.
const (
	Sent         EnvelopeState = "sent"         // no acknowledgement yet
	Acknowledged EnvelopeState = "acknowledged" // in time
	TimedOut     EnvelopeState = "timed-out"    // not acknowledged in time
	Undelivered  EnvelopeState = "undelivered"  // no connection was open, or it broke
)

// An Envelope is one delivery of something to the app over Socket Mode.
type Envelope struct {
	ID                     string          `json:"envelope_id"`
	Type                   EnvelopeType    `json:"type"`
	Payload                json.RawMessage `json:"payload"`
	AcceptsResponsePayload bool            `json:"accepts_response_payload"`
	RetryAttempt           int             `json:"retry_attempt"` // events only
	RetryReason            string          `json:"retry_reason"`  // events only

	// Connection is the number of the connection it went over, from 1; 0 if
	// none was open.
	Connection int           `json:"-"`
	State      EnvelopeState `json:"-"`
	SentAt     time.Time     `json:"-"`
	// Took is the time until the acknowledgement or the failure.
	Took time.Duration `json:"-"`
	// Ack is the acknowledgement's payload; nil if it had none.
	Ack json.RawMessage `json:"-"`
	// LateAck is set when an acknowledgement came after the deadline.
	LateAck bool `json:"-"`
}

// Field returns a text at a path in the payload, such as "actions.0.value", ""
// if there is none.
func (e Envelope) Field(path string) string { return field(e.Payload, path) }

// A Delivery is something on its way to the app.
type Delivery struct {
	w        *Workspace
	envelope Envelope
	outcome  Envelope // set when done is closed: the attempt that settled it
	done     chan struct{}
	timer    Timer
	// acked and failed are called once, with w.mu held.
	acked  func(payload json.RawMessage)
	failed func()
	// first is the delivery that this one repeats; itself for the first.
	first *Delivery
	what  string
}

// Wait waits until the app has acknowledged, or has failed to, and returns the
// envelope. For an event it waits until an attempt is acknowledged or all have
// failed. The error is the context's, or that the workspace was closed.
func (d *Delivery) Wait(ctx context.Context) (Envelope, error) {
	select {
	case <-d.done:
	case <-d.w.ctx.Done():
		return Envelope{}, fmt.Errorf("waiting for the acknowledgement of %s: the workspace was closed", d.what)
	case <-ctx.Done():
		return Envelope{}, fmt.Errorf("waiting for the acknowledgement of %s: %w", d.what, ctx.Err())
	}
	return d.outcome, nil
}

// Payload returns what is sent to the app.
func (d *Delivery) Payload() json.RawMessage { return d.envelope.Payload }

func (d *Delivery) stopTimer() {
	if d.timer != nil {
		d.timer.Stop()
	}
}

// finish ends a delivery and lets its effect, if there is one, come about
// before it counts as done, so that who waits for it sees the effect. w.mu is
// held.
func (d *Delivery) finish(w *Workspace, state EnvelopeState, effect func()) {
	d.envelope.State = state
	d.envelope.Took = w.clock.Now().Sub(d.envelope.SentAt)
	d.stopTimer()
	delete(w.waiting, d.envelope.ID)
	if effect != nil {
		effect()
	}
	if d.envelope.Type != EventsAPI || state == Acknowledged {
		d.settle()
	}
	w.change()
}

// settle closes the books on a delivery and on the one it repeats.
func (d *Delivery) settle() {
	select {
	case <-d.first.done:
	default:
		d.first.outcome = d.envelope
		close(d.first.done)
	}
}

// send sends an envelope to the app over one of its connections. w.mu is held.
func (w *Workspace) send(d *Delivery, payload any) *Delivery {
	body, err := json.Marshal(payload)
	if err != nil {
		// Payloads are built here, of JSON that has been checked.
		panic("workspace: encoding a payload: " + err.Error())
	}
	d.envelope.Payload = body
	d.w, d.first, d.done = w, d, make(chan struct{})
	w.dispatch(d)
	return d
}

// dispatch puts a delivery on a connection and starts its deadline. w.mu is
// held.
func (w *Workspace) dispatch(d *Delivery) {
	e := &d.envelope
	e.ID, e.SentAt, e.State = w.envelopeID(), w.clock.Now(), Sent
	w.envelopes = append(w.envelopes, d)
	w.waiting[e.ID] = d
	body := object{
		"envelope_id": e.ID, "type": e.Type, "payload": e.Payload,
		"accepts_response_payload": e.AcceptsResponsePayload,
	}
	if e.Type == EventsAPI {
		body["retry_attempt"], body["retry_reason"] = e.RetryAttempt, e.RetryReason
	}
	frame, err := json.Marshal(body)
	if err != nil {
		panic("workspace: encoding an envelope: " + err.Error())
	}
	w.record("out", "envelope", d.what, 0, json.RawMessage(frame), nil)
	w.log.Debug("envelope", "type", e.Type, "what", d.what, "attempt", e.RetryAttempt)
	if !w.deliver(d, frame) {
		w.lost(d, Undelivered)
		return
	}
	d.timer = w.clock.AfterFunc(w.opts.AckTimeout, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if d.envelope.State == Sent {
			w.lost(d, TimedOut)
		}
	})
	w.change()
}

func (w *Workspace) envelopeID() string {
	s := secret(16)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// lost deals with a delivery that failed: events are sent again, everything
// else fails in front of the user. w.mu is held.
func (w *Workspace) lost(d *Delivery, state EnvelopeState) {
	if d.envelope.State != Sent {
		return
	}
	d.finish(w, state, d.failed)
	if d.envelope.Type != EventsAPI {
		return
	}
	attempt := d.envelope.RetryAttempt
	if w.closed || attempt >= len(w.opts.Retries) {
		d.settle()
		return
	}
	reason := "timeout"
	if state == Undelivered {
		reason = "connection_failed"
	}
	again := &Delivery{
		w: w, what: d.what, first: d.first, done: make(chan struct{}), acked: d.acked,
		envelope: Envelope{
			Type: EventsAPI, Payload: d.envelope.Payload,
			RetryAttempt: attempt + 1, RetryReason: reason,
		},
	}
	w.clock.AfterFunc(w.opts.Retries[attempt], func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.closed {
			w.dispatch(again)
		}
	})
}

// acknowledge takes an acknowledgement from the app. w.mu is held.
func (w *Workspace) acknowledge(frame []byte) {
	var ack struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	if json.Unmarshal(frame, &ack) != nil || ack.EnvelopeID == "" {
		w.record("in", "socket", "a frame that is not an acknowledgement", 0, text(frame), nil)
		return
	}
	if string(ack.Payload) == "null" {
		ack.Payload = nil
	}
	d := w.waiting[ack.EnvelopeID]
	if d == nil {
		for _, late := range w.envelopes {
			if late.envelope.ID == ack.EnvelopeID {
				late.envelope.LateAck = true
			}
		}
		w.record("in", "ack", "too late", 0, json.RawMessage(frame), nil)
		w.change()
		return
	}
	d.envelope.Ack = ack.Payload
	w.record("in", "ack", d.what, w.clock.Now().Sub(d.envelope.SentAt), json.RawMessage(frame), nil)
	d.finish(w, Acknowledged, func() {
		if d.acked == nil {
			return
		}
		if !d.envelope.AcceptsResponsePayload {
			ack.Payload = nil
		}
		d.acked(ack.Payload)
	})
}

// Redeliver sends an event again, acknowledged or not, as Slack does at times:
// an app has to know an event_id that it has seen.
func (w *Workspace) Redeliver(e Envelope) (*Delivery, error) {
	if e.Type != EventsAPI {
		return nil, errorf("only events are sent again, not %s", e.Type)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	d := &Delivery{what: "event again", envelope: Envelope{
		Type: EventsAPI, RetryAttempt: e.RetryAttempt + 1, RetryReason: "timeout",
	}}
	return w.send(d, e.Payload), nil
}

// Envelopes returns what was sent to the app so far, oldest first, repeated
// deliveries included.
func (w *Workspace) Envelopes() []Envelope {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]Envelope, len(w.envelopes))
	for i, d := range w.envelopes {
		list[i] = d.envelope
	}
	return list
}

// event sends an event, if the app subscribes to it and has the scope for it.
// w.mu is held.
func (w *Workspace) event(name, scope string, event object) {
	if w.closed || !w.events[name] || scope != "" && !w.scopes[scope] {
		return
	}
	if event["event_ts"] == nil {
		if ts, ok := event["ts"]; ok {
			event["event_ts"] = ts
		} else {
			event["event_ts"] = w.newTS()
		}
	}
	id, _ := event["channel"].(string)
	c := w.channel(id)
	payload := object{
		"token": verificationToken, "team_id": w.teamID, "context_team_id": w.teamID,
		"context_enterprise_id": nil, "api_app_id": w.appID, "event": event,
		"type": "event_callback", "event_id": w.newID("Ev"), "event_time": w.clock.Now().Unix(),
		"authorizations": []object{{
			"enterprise_id": nil, "team_id": w.teamID, "user_id": w.bot.ID, "is_bot": true,
			"is_enterprise_install": false,
		}},
		"is_ext_shared_channel": c != nil && len(c.connected) > 0, "event_context": "4-" + w.newID(""),
	}
	w.send(&Delivery{what: "event " + name, envelope: Envelope{Type: EventsAPI}}, payload)
}

// verificationToken is the deprecated token that payloads still carry.
const verificationToken = "Gq8mD2vKxT1nP7sRw5yL0cZe"

// WaitEnvelope waits for an envelope, sent already or yet to be, for which the
// condition holds. The error is the context's.
func (w *Workspace) WaitEnvelope(ctx context.Context, is func(Envelope) bool) (Envelope, error) {
	var found Envelope
	err := w.Wait(ctx, func() bool {
		list := w.Envelopes()
		i := slices.IndexFunc(list, is)
		if i >= 0 {
			found = list[i]
		}
		return i >= 0
	})
	return found, err
}

// Wait waits until the condition holds. It is tried at once and after each
// change in the workspace; it may call the workspace's methods. The error is
// the context's.
func (w *Workspace) Wait(ctx context.Context, holds func() bool) error {
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if holds() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting in the workspace: %w", ctx.Err())
		}
	}
}

func text(b []byte) json.RawMessage {
	t, _ := json.Marshal(string(b))
	return t
}
