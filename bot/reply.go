package bot

import (
	"context"
	"errors"
	"sync"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
)

// A replier is where an answer goes.
type replier interface {
	// progress shows that the answer is being worked on, as often as the place
	// allows. A failure is not worth more than a line in the log.
	progress(context.Context, view.Message) error
	// finish delivers the answer, in place of the progress where that works.
	finish(context.Context, view.Message) error
	// aside tells something to the one who asked without touching what stands
	// there.
	aside(context.Context, view.Message) error
}

// A hookReply answers through a response URL, to the one who asked alone,
// unless the message that it replaces is for all to see.
type hookReply struct {
	api           api
	url           string
	user, channel string
	thread        string
	// command says that a slash command is answered, not a button.
	command bool
	// replace says that the message with the button is to be replaced; public,
	// that it is one for all to see, and ts is its timestamp.
	replace, public bool
	ts              string

	mu     sync.Mutex
	posted int
}

// mostProgress leaves a response URL, which takes five messages, enough for the
// answer and an apology.
const mostProgress = 2

func (r *hookReply) progress(ctx context.Context, m view.Message) error {
	r.mu.Lock()
	// What a slash command's response URL posted is not always replaced, so
	// there is one line of progress at most.
	if r.posted >= mostProgress || r.posted >= 1 && !r.replace {
		r.mu.Unlock()
		return nil
	}
	r.posted++
	r.mu.Unlock()
	return r.api.respond(ctx, r.url, r.hook(m, r.replace))
}

func (r *hookReply) hook(m view.Message, replace bool) hookMessage {
	h := hookMessage{user: r.user, channel: r.channel, Text: m.Text, Blocks: m.Blocks, ReplaceOriginal: replace, ResponseType: slack.ResponseTypeEphemeral}
	if replace && r.public {
		h.ResponseType = slack.ResponseTypeInChannel
	}
	if !replace {
		h.ThreadTS = r.thread
	}
	return h
}

func (r *hookReply) finish(ctx context.Context, m view.Message) error {
	r.mu.Lock()
	// Under a button "the original" is the message with the button, not the
	// line of progress.
	replace := r.replace || r.command && r.posted > 0
	r.mu.Unlock()
	if r.url == "" {
		return r.otherwise(ctx, m)
	}
	err := r.api.respond(ctx, r.url, r.hook(m, replace))
	if err == nil || ctx.Err() != nil {
		return err
	}
	r.api.log.InfoContext(ctx, "the response URL does not take the answer; answering another way", "error", err)
	if other := r.otherwise(ctx, m); other != nil {
		return errors.Join(err, other)
	}
	return nil
}

// otherwise delivers where the response URL does not work any more: in place
// where the message is the bot's own for all to see, else as a direct message,
// else in the channel for the one who asked alone.
func (r *hookReply) otherwise(ctx context.Context, m view.Message) error {
	if r.replace && r.public && r.ts != "" {
		if err := r.api.update(ctx, r.channel, r.ts, m); err == nil {
			return nil
		}
	}
	err := r.direct(ctx, m)
	if err == nil {
		return nil
	}
	if r.channel == "" {
		return err
	}
	if other := r.api.ephemeral(ctx, r.channel, r.user, r.thread, m); other != nil {
		return errors.Join(err, other)
	}
	return nil
}

func (r *hookReply) aside(ctx context.Context, m view.Message) error {
	if r.url != "" {
		if err := r.api.respond(ctx, r.url, r.hook(m, false)); err == nil || ctx.Err() != nil {
			return err
		}
	}
	if r.channel != "" {
		if err := r.api.ephemeral(ctx, r.channel, r.user, r.thread, m); err == nil {
			return nil
		}
	}
	return r.direct(ctx, m)
}

var errNobody = errors.New("there is nobody to answer: the envelope names no user")

func (r *hookReply) direct(ctx context.Context, m view.Message) error {
	if r.user == "" {
		return errNobody
	}
	_, _, err := r.api.post(ctx, r.user, "", m)
	return err
}

// A threadReply answers in a thread, with one message that is updated in place.
type threadReply struct {
	api             api
	channel, thread string
	// fallback is where to answer in a channel that the bot cannot post in; nil
	// for nowhere.
	fallback replier
	// mark is the message's, empty for none, and perhaps says that it may stand
	// there already (see postOnce).
	mark    string
	perhaps bool

	mu       sync.Mutex
	postedIn string
	ts       string
}

func (r *threadReply) progress(ctx context.Context, m view.Message) error {
	if r.fallback != nil {
		return nil // it may not be able to take it back
	}
	return r.put(ctx, m)
}

func (r *threadReply) finish(ctx context.Context, m view.Message) error { return r.put(ctx, m) }

func (r *threadReply) put(ctx context.Context, m view.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ts != "" {
		err := r.api.update(ctx, r.postedIn, r.ts, m)
		switch slackCode(err) {
		case "message_not_found", "cant_update_message", "edit_window_closed":
			// Somebody deleted it: post it anew.
		default:
			return err
		}
	}
	channel, ts, err := r.post(ctx, m)
	switch slackCode(err) {
	case "not_in_channel", "channel_not_found":
		if r.fallback != nil {
			return r.fallback.finish(ctx, m)
		}
	}
	if err != nil {
		return err
	}
	r.postedIn, r.ts = channel, ts
	if r.postedIn == "" {
		r.postedIn = r.channel
	}
	return nil
}

func (r *threadReply) post(ctx context.Context, m view.Message) (channel, ts string, err error) {
	if r.mark == "" {
		return r.api.post(ctx, r.channel, r.thread, m)
	}
	ts, found, err := r.api.postOnce(ctx, r.channel, r.thread, m, r.mark, r.perhaps)
	if err == nil && found {
		err = r.api.update(ctx, r.channel, ts, m)
	}
	return r.channel, ts, err
}

func (r *threadReply) aside(ctx context.Context, m view.Message) error {
	_, _, err := r.api.post(ctx, r.channel, r.thread, m)
	return err
}
