package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/view"
)

// ackTimeout is how long Slack waits for an acknowledgement ("Using Socket
// Mode", https://docs.slack.dev/apis/events-api/using-socket-mode).
const ackTimeout = 3 * time.Second

// deliveryTimeout ends the delivery of one message, retries included.
const deliveryTimeout = 90 * time.Second

// A request is one thing that somebody wants, from the envelope that brings it.
type request struct {
	id   string
	kind string // for the log: "command", "mention", "recheck", …
	user string
	// from is who wants it and where; every request has that.
	from origin
	// asks is how many questions it counts as, where that does not follow from
	// its kind.
	asks int
	// keys tell whether Slack has sent it before.
	keys []string
	// ack goes back with the acknowledgement, where the envelope takes one.
	ack *view.Message
	// payload goes back with it instead: options of a menu, or what is wrong
	// with a modal's inputs.
	payload any
	// offer makes the payload of a typeahead, for one who may ask and may, or may
	// not, see account ids.
	offer func(sees bool) any
	// view takes the place of the modal that was submitted, with the
	// acknowledgement; nil where that is to close.
	view *slack.ModalViewRequest
	// run does the work after the acknowledgement; nil where there is none.
	run func(context.Context) error
	// diagnoses says that run asks the diagnostician, so that the pool's bounds
	// apply.
	diagnoses bool
	// reply is where run's answer, or an apology, goes; nil where nobody waits.
	reply replier
	// again is the question, for a button that asks it again.
	again string
	// noted is the request's note in the store, and resumed says that it was
	// taken up again after a restart: what it posts may have been posted.
	noted   state.Key
	resumed bool
	// traced belongs to the request, for whom the bot is followed; end ends that.
	traced context.Context
	end    func(error)
}

// receive is what becomes of an envelope: it is read, acknowledged in this one
// place, and then worked on, unless Slack has sent it before.
func (b *Bot) receive(ctx context.Context, s *socket, evt socketmode.Event) {
	if evt.Request == nil {
		return
	}
	arrived := time.Now()
	isEvent := evt.Type == socketmode.EventTypeEventsAPI
	if isEvent && b.tasks.closing() {
		return // not acknowledged, so that Slack sends it again, to another copy or the next one
	}
	req := b.read(evt)
	b.begin(req)
	first := b.seen.first(append(req.keys, "envelope "+evt.Request.EnvelopeID)...)
	log := b.log.With("request", req.id, "kind", req.kind, "user", req.user, "socket", s.number)
	if evt.Request.RetryAttempt > 0 {
		log = log.With("retry", evt.Request.RetryAttempt, "retry_reason", evt.Request.RetryReason)
	}

	if req.offer != nil {
		b.offer(ctx, s, req, evt.Request, arrived)
		return
	}
	b.screen(req)
	if !first {
		log.Info("received again; acknowledged only")
		req.run = nil
	}

	begun := false
	var leave func()
	if req.run != nil && b.note(ctx, req, evt) {
		log.Info("taken before; acknowledged only")
		req.run, req.ack = nil, nil
	}
	if req.run != nil {
		var err error
		begun = b.tasks.begin()
		switch {
		case !begun && b.tasks.closing():
			err = errClosing
		case !begun:
			err = errQueueFull
		case req.diagnoses:
			leave, err = b.pool.admit(req.user)
		}
		if errors.Is(err, errClosing) && req.noted.ID != "" {
			log.Info("left to the copy that comes after this one")
			b.ack(ctx, s, evt.Request, &request{})
			req.end(errClosing)
			return
		}
		if err != nil {
			log.Warn("not taken", "reason", err)
			b.opts.Observer.Declined(req.kind)
			req.refuse(refusalFault(err, req))
		}
	}

	answered, acked := true, false
	_, end := b.opts.Tracer.Step(req.traced, "acknowledge")
	if req.view != nil {
		acked = b.ackView(ctx, s, evt.Request, req.view)
	} else {
		answered, acked = b.ack(ctx, s, evt.Request, req)
	}
	b.opts.Observer.Acknowledged(time.Since(arrived), acked)
	end(nil)
	if first && req.ack != nil && !answered && req.reply != nil {
		// The envelope takes no answer with its acknowledgement.
		message := *req.ack
		req.run = func(ctx context.Context) error { return b.deliver(ctx, req.reply, message) }
		begun = begun || b.tasks.begin()
	}
	if req.run == nil || !begun {
		b.strike(ctx, req)
		if begun {
			b.tasks.end()
		}
		req.end(nil)
		return
	}
	log.Info("received")
	go b.perform(req, leave)
}

var errClosing = errors.New("the bot is being stopped")

// refuse turns the work into saying why there is none.
func (r *request) refuse(f view.Fault) {
	message := view.FaultMessage(f)
	r.diagnoses = false
	if r.kind == kindCommand {
		r.ack, r.run = &message, nil
		return
	}
	r.run = func(ctx context.Context) error {
		if r.reply == nil {
			return nil
		}
		return r.reply.aside(ctx, message)
	}
}

// refusalFault says why a request is not taken.
func refusalFault(err error, req *request) view.Fault {
	f := view.Fault{RequestID: req.id, Retry: req.again}
	switch {
	case errors.Is(err, errClosing):
		f.What = "I am being restarted"
		f.Next = "Ask again in a minute"
	case errors.Is(err, errUserBusy):
		f.What = "You have several checks under way already"
		f.Next = "Wait for one of them to finish, then ask again"
	default:
		f.What = "I am busy: many others are asking just now"
		f.Meaning = "This question was not started"
		f.Next = "Ask again in half a minute"
	}
	return f
}

// ack acknowledges an envelope. It reports whether the message went along, and
// whether the acknowledgement did.
func (b *Bot) ack(ctx context.Context, s *socket, r *socketmode.Request, req *request) (answered, acked bool) {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	payload := req.payload
	if m := req.ack; m != nil {
		payload = ackPayload{ResponseType: slack.ResponseTypeEphemeral, Text: m.Text, Blocks: m.Blocks}
	}
	if payload != nil && r.AcceptsResponsePayload {
		err := s.client.AckCtx(ctx, r.EnvelopeID, payload)
		if err == nil {
			return true, true
		}
		s.log.Warn("an acknowledgement could not carry its answer", "envelope_id", r.EnvelopeID, "error", err)
	}
	if err := s.client.AckCtx(ctx, r.EnvelopeID, nil); err != nil {
		s.log.Warn("an envelope could not be acknowledged", "envelope_id", r.EnvelopeID, "error", err)
		return false, false
	}
	return false, true
}

// ackView acknowledges a submission with the modal that comes next, and reports
// whether that could be written.
func (b *Bot) ackView(ctx context.Context, s *socket, r *socketmode.Request, m *slack.ModalViewRequest) bool {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	if err := s.client.AckCtx(ctx, r.EnvelopeID, slack.NewUpdateViewSubmissionResponse(m)); err != nil {
		s.log.Warn("a submission could not be acknowledged", "envelope_id", r.EnvelopeID, "error", err)
		return false
	}
	return true
}

type ackPayload struct {
	ResponseType string        `json:"response_type"`
	Text         string        `json:"text"`
	Blocks       []slack.Block `json:"blocks,omitempty"`
}

// perform works on a request. A panic ends the request with an apology, not the
// program.
func (b *Bot) perform(req *request, leave func()) {
	defer b.tasks.end()
	if leave != nil {
		defer leave()
	}
	start := time.Now()
	log := b.log.With("request", req.id, "kind", req.kind, "user", req.user)
	b.begin(req)
	err := guard(func() error { return b.carryThrough(req) })
	defer func() { req.end(err) }()
	b.opts.Observer.Performed(req.kind, time.Since(start), err)
	if b.hard.Err() != nil && err != nil {
		log.Warn("left behind", "error", err)
		return // to be taken up again
	}
	defer b.strike(b.hard, req)
	took := time.Since(start).Milliseconds()
	if err == nil {
		log.Info("answered", "ms", took)
		return
	}
	if p, ok := errors.AsType[*panicError](err); ok {
		log.Error("a handler panicked", "panic", p.value, "stack", p.stack)
	} else {
		log.Error("could not answer", "error", err, "code", slackCode(err), "ms", took)
	}
	if req.reply == nil {
		return
	}
	apology := view.FaultMessage(faultOf(err, req))
	ctx, cancel := context.WithTimeout(asking(req.traced, req.from), deliveryTimeout)
	defer cancel()
	if err := guard(func() error { return req.reply.finish(ctx, apology) }); err != nil {
		log.Error("could not even apologise", "error", err, "code", slackCode(err))
	}
}

// carryThrough does what a request wants, for those who may ask. What turns out
// to be for a place that is not to be told is refused, to the one who wanted it
// alone.
func (b *Bot) carryThrough(req *request) error {
	ctx := asking(req.traced, req.from)
	if ok, err := b.admit(ctx, req); !ok || err != nil {
		return err
	}
	err := req.run(ctx)
	if withheld, ok := errors.AsType[*withheldError](err); ok {
		return b.deny(ctx, req, verdict{reason: withheld.reason})
	}
	return err
}

type panicError struct {
	value, stack string
}

func (p *panicError) Error() string { return "a handler panicked: " + p.value }

// guard calls f and turns a panic into an error.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: fmt.Sprint(p), stack: string(debug.Stack())}
		}
	}()
	return f()
}

// lateTrigger are Slack's errors for a trigger that came too late ("views.open",
// https://docs.slack.dev/reference/methods/views.open).
var lateTrigger = []string{"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "trigger_exchanged", "invalid_trigger_id"}

// faultOf says in sentences why there is no answer.
func faultOf(err error, req *request) view.Fault {
	f := view.Fault{RequestID: req.id, Retry: req.again}
	var slackErr slack.SlackErrorResponse
	var keeping *state.Fault
	switch {
	case errors.Is(err, errSlow), errors.Is(err, context.DeadlineExceeded):
		f.What = "This took too long, and I gave up"
		f.Meaning = "AWS or the DNS servers answered too slowly"
		f.Next = "Try again; if it keeps happening, tell whoever runs this bot the request's id"
	case slices.Contains(lateTrigger, slackCode(err)):
		f.What = "Slack gives me three seconds to open a window, and they were over"
		f.Next = "Press the button again"
	case errors.As(err, &keeping):
		f.What = "I could not keep that"
		f.Meaning = "The place where I keep watches, snoozes and settings is out of order; questions are answered all the same"
		f.Next = "Whoever runs this bot finds the reason in its log, with the request's id; try again when it is mended"
	case errors.Is(err, context.Canceled):
		f.What = "I was restarted while I was looking"
		f.Next = "Ask again"
	case errors.As(err, new(*unsureError)):
		f.What = "Slack does not tell me who would see the answer"
		f.Next = "Ask again in a minute; if it keeps happening, whoever runs this bot finds the cause with acmbot doctor"
	case errors.As(err, &slackErr) && slackErr.Err == "missing_scope":
		f.What = "Slack does not let me do that"
		f.Meaning = "The app lacks a permission"
		if slackErr.Needed != "" {
			f.Meaning = "The app lacks the scope `" + slackErr.Needed + "`"
		}
		f.Next = "Whoever manages the app must add it and install the app again"
	default:
		f.What = "Something went wrong on my side"
		f.Meaning = "This says nothing about the certificate"
		f.Next = "Try again; if it keeps happening, tell whoever runs this bot the request's id"
	}
	return f
}

// read makes a request of an envelope. It only reads: whatever takes time is
// left to the request's run. A panic makes it a request that apologises.
func (b *Bot) read(evt socketmode.Event) *request {
	return b.reread(evt, &request{id: newRequestID(), kind: "unknown"})
}

// reread is read for a request that has an id already.
func (b *Bot) reread(evt socketmode.Event, req *request) *request {
	req.from = b.api.gate.originOf(evt)
	err := guard(func() error {
		switch data := evt.Data.(type) {
		case slack.SlashCommand:
			b.readCommand(req, data)
		case slack.InteractionCallback:
			b.api.gate.unseal(&data)
			b.readInteraction(req, data)
		case slackevents.EventsAPIEvent:
			b.readEvent(req, data)
		}
		return nil
	})
	if err != nil {
		failed := err
		req.ack, req.diagnoses = nil, false
		req.run = func(context.Context) error { return failed }
	}
	return req
}

func (b *Bot) readEvent(req *request, evt slackevents.EventsAPIEvent) {
	req.kind = evt.InnerEvent.Type
	if callback, ok := evt.Data.(*slackevents.EventsAPICallbackEvent); ok && callback.EventID != "" {
		req.keys = append(req.keys, "event "+callback.EventID)
	}
	switch e := evt.InnerEvent.Data.(type) {
	case *slackevents.AppMentionEvent:
		b.readMention(req, e)
	case *slackevents.MessageEvent:
		b.readDirectMessage(req, e)
	case *slackevents.AppHomeOpenedEvent:
		b.readHomeOpened(req, e)
	case *slackevents.AssistantThreadStartedEvent:
		b.readAssistantStarted(req, e)
	case *slackevents.LinkSharedEvent:
		var raw *json.RawMessage
		if callback, ok := evt.Data.(*slackevents.EventsAPICallbackEvent); ok {
			raw = callback.InnerEvent
		}
		b.readLinkShared(req, e, raw)
	}
}
