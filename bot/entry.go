package bot

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/view"
)

// AccessOptions are who may ask, where, and how much. The zero value is fit for
// use: see access.Policy.
type AccessOptions struct {
	Policy access.Policy
	// Rate is how many questions one person may ask in a time; without limit by
	// default. Each copy of the bot counts for itself.
	Rate access.Rate
	// Operator is whom people are sent to where they may not do something: the
	// id of a user, a user group or a channel; empty for nobody by name.
	Operator string
}

// complete checks the options. Its error is a sentence for the operator.
func (o AccessOptions) complete() error {
	if o.Operator != "" && !access.IsUser(o.Operator) && !access.IsGroup(o.Operator) && !access.IsChannel(o.Operator) {
		return errors.New("the operator is not the id of a Slack user, user group or channel")
	}
	return o.Policy.Check()
}

// What each request passes before it is worked on: screen before the
// acknowledgement, with what is known, and admit after it, whatever it is.

// screen looks at what would go with the acknowledgement, which cannot wait: it
// goes to those of whom it is known that they may ask. For others it waits for
// admit, or is left out.
func (b *Bot) screen(req *request) {
	v, known := b.api.gate.known(req.from)
	allowed := known && v.reason == access.Allowed
	if known && !allowed {
		b.shut(req, v)
		return
	}
	if req.ack != nil && !allowed && req.run == nil && req.reply != nil {
		message := *req.ack
		req.ack = nil
		req.run = func(ctx context.Context) error { return b.deliver(ctx, req.reply, message) }
	}
	if allowed && v.sees {
		return
	}
	if req.ack != nil {
		if m, err := b.api.masked(*req.ack); err == nil {
			req.ack = &m
		}
	}
	if req.payload != nil {
		req.payload = maskedPayload(b.api.gate.mask(), req.payload)
	}
	if req.view != nil {
		if m, err := b.api.maskedModal(*req.view); err == nil {
			req.view = &m
		}
	}
}

// shut leaves of a request only that it is refused.
func (b *Bot) shut(req *request, v verdict) {
	if req.view != nil {
		m := view.DeniedModal(view.Denied(b.denial(req, v)))
		req.view, req.from.silent = &m, true
	} else if req.run == nil && (req.ack != nil || req.payload != nil) {
		req.run = func(context.Context) error { return nil } // admit refuses it
	}
	req.ack, req.payload, req.diagnoses = nil, nil, false
}

// admit decides whether a request is worked on. Where it is not, the one who
// wants it is told why, alone, and admit returns false.
func (b *Bot) admit(ctx context.Context, req *request) (bool, error) {
	v := b.api.gate.may(ctx, req.from)
	if v.reason != access.Allowed {
		return false, b.deny(ctx, req, v)
	}
	if req.resumed {
		return true, nil // it was counted when it came
	}
	wait := b.limiter.Take(req.from.user, req.cost())
	if wait == 0 {
		return true, nil
	}
	b.log.WarnContext(ctx, "not taken", "request", req.id, "kind", req.kind, "user", req.from.user, "reason", "too many questions", "wait", wait)
	b.opts.Observer.Declined(req.kind)
	return false, b.whisper(ctx, req, view.TooMany(b.opts.Access.Rate.Questions, b.opts.Access.Rate.Per, wait))
}

// cost is how many questions a request counts as. Turning pages costs nothing,
// and nor does the agreement to a fix, which was counted when it was asked for.
func (r *request) cost() int {
	switch {
	case r.asks > 0:
		return r.asks
	case !r.diagnoses, r.kind == view.ActionPage, r.kind == view.ActionCopyPage, r.kind == kindFix:
		return 0
	}
	return 1
}

// deny tells somebody that they may not, and who can change that; nothing of any
// certificate.
func (b *Bot) deny(ctx context.Context, req *request, v verdict) error {
	b.log.WarnContext(ctx, "not allowed", "request", req.id, "kind", req.kind, "user", req.from.user, "channel", req.from.channel, "reason", string(v.reason), "error", v.err)
	if v.reason.Quiet() {
		return nil
	}
	d := b.denial(req, v)
	if req.from.home {
		ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
		defer cancel()
		return b.api.publish(ctx, req.from.user, view.DeniedHome(d))
	}
	// A modal waits for its end; other refusals count as questions do, so that
	// nobody who may not ask makes the bot talk without end.
	if req.view == nil && b.limiter.Take(req.from.user, 1) > 0 {
		return nil
	}
	return b.whisper(ctx, req, view.Denied(d))
}

func (b *Bot) denial(req *request, v verdict) view.Denial {
	d := view.Denial{Reason: v.reason, Operator: b.opts.Access.Operator, RequestID: req.id}
	if unsure, ok := errors.AsType[*unsureError](v.err); ok {
		d.Scope = unsure.scope
	}
	return d
}

// whisper tells something that is nobody else's business to the one who wants
// something. There is nothing in it of any certificate, so that it goes also
// where the rest may not.
func (b *Bot) whisper(ctx context.Context, req *request, m view.Message) error {
	from := req.from
	if from.silent || from.user == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	if r, ok := req.reply.(fixReply); ok { // its modal waits
		return r.finish(ctx, m)
	}
	if from.hook != "" {
		reply := hookReply{thread: from.thread}
		if err := b.api.whisperHook(ctx, from.hook, reply.hook(m, false)); err == nil || ctx.Err() != nil {
			return err
		}
	}
	switch {
	case from.channel == "" && from.view != "" && !from.home && !from.submitted:
		return b.updateView(ctx, from.view, "", view.DeniedModal(m))
	case from.channel == "":
		return b.api.whisperDirect(ctx, from.user, "", m)
	case from.channel[0] == 'D':
		return b.api.whisperDirect(ctx, from.channel, from.thread, m)
	}
	return b.api.whisper(ctx, from.channel, from.user, from.thread, m)
}

// offer answers a menu's typeahead, which takes its options from the
// acknowledgement: at once where it is known that the one who types may ask,
// else as soon as that is found out, without holding up other envelopes.
func (b *Bot) offer(ctx context.Context, s *socket, req *request, r *socketmode.Request, arrived time.Time) {
	answer := func(v verdict, known bool) {
		allowed := known && v.err == nil && v.reason == access.Allowed
		req.payload = optionsPayload{Options: []*slack.OptionBlockObject{}}
		if allowed {
			req.payload = req.offer(v.sees)
			if !v.sees {
				req.payload = maskedPayload(b.api.gate.mask(), req.payload)
			}
		}
		_, acked := b.ack(ctx, s, r, req)
		b.opts.Observer.Acknowledged(time.Since(arrived), acked)
	}
	if v, known := b.api.gate.known(req.from); known {
		answer(v, true)
		return
	}
	if !b.tasks.begin() {
		answer(verdict{}, false)
		return
	}
	go func() {
		defer b.tasks.end()
		err := guard(func() error {
			ctx, cancel := context.WithTimeout(ctx, offerTimeout)
			defer cancel()
			answer(b.api.gate.may(ctx, req.from), true)
			return nil
		})
		if err != nil {
			b.log.ErrorContext(ctx, "could not offer anything to choose from", "request", req.id, "error", err)
		}
	}()
}

// offerTimeout leaves time for the acknowledgement.
const offerTimeout = 2 * time.Second
