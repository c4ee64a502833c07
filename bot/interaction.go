package bot

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/requestid"
)

// readInteraction reads a press of a button or a shortcut. Whatever it is, the
// envelope is acknowledged: a link's button too shows a warning without that.
func (b *Bot) readInteraction(req *request, c slack.InteractionCallback) {
	req.kind, req.user = string(c.Type), c.User.ID
	if c.TriggerID != "" {
		req.keys = append(req.keys, "trigger "+c.TriggerID)
	}
	switch c.Type {
	case slack.InteractionTypeBlockActions:
		b.readAction(req, c)
	case slack.InteractionTypeMessageAction:
		b.readShortcut(req, c)
	case slack.InteractionTypeBlockSuggestion:
		b.readSuggestion(req, c)
	case slack.InteractionTypeViewSubmission:
		switch c.View.CallbackID {
		case view.CallbackAsk:
			b.readAskSubmission(req, c)
		case view.CallbackSnooze:
			b.readSnooze(req, c)
		case view.CallbackDigest:
			b.readDigestForm(req, c)
		default:
			b.readSubmission(req, c)
		}
	}
}

func replyTo(a api, c slack.InteractionCallback) *hookReply {
	channel, ts, thread := c.Container.ChannelID, c.Container.MessageTs, c.Container.ThreadTs
	if channel == "" {
		channel = c.Channel.ID
	}
	if ts == "" {
		ts = c.Message.Timestamp
	}
	if thread == "" {
		thread = c.Message.ThreadTimestamp
	}
	return &hookReply{
		api: a, url: c.ResponseURL, user: c.User.ID, channel: channel, thread: thread, ts: ts,
		public: !c.Container.IsEphemeral,
	}
}

func (b *Bot) readAction(req *request, c slack.InteractionCallback) {
	if len(c.ActionCallback.BlockActions) == 0 || c.ActionCallback.BlockActions[0] == nil {
		return
	}
	action := c.ActionCallback.BlockActions[0]
	id, _, _ := strings.Cut(action.ActionID, ":") // several buttons of a kind are numbered
	req.kind = id
	if id == view.ActionConsole {
		return // a link
	}
	reply := replyTo(b.api, c)
	req.reply = asideReply{reply}
	if b.readListAction(req, c, id, action.Value, reply) || b.readDigestAction(req, id, action.Value, reply, c) || b.readCheckupAction(req, c, id, action.Value, reply) || b.readAlertAction(req, id, action.Value, reply, c) {
		return
	}
	state, err := view.ParseState(action.Value)
	var q diagnose.Query
	if err == nil {
		q, err = b.opts.Parse(state.Query)
	}
	if err != nil {
		req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
		return
	}
	req.again = view.QueryText(q)
	if b.readFollow(req, id, state, reply, c.TriggerID) {
		return
	}

	switch id {
	case view.ActionAsk:
		req.diagnoses = true
		var to replier = reply
		if reply.channel == "" { // in the App Home
			to = &threadReply{api: b.api, channel: reply.user}
		}
		if reply.public && reply.channel != "" {
			// A name under an answer for all to see: answered in its thread.
			to = &threadReply{api: b.api, channel: reply.channel, thread: threadOf(reply.thread, reply.ts), fallback: reply, mark: answerMark(req), perhaps: req.resumed}
		}
		req.reply, req.run = to, b.answer(q, view.Options{Public: reply.public}, to)
	case view.ActionRecheck:
		req.diagnoses = true
		reply.replace = true
		req.reply = reply
		req.run = b.answer(q, view.Options{Public: reply.public, SharedBy: state.SharedBy, Since: &state}, reply)
	case view.ActionShare:
		req.diagnoses = true
		req.run = b.share(q, state, reply)
	case view.ActionEvidence:
		req.diagnoses = true
		req.run = b.openPages(evidencePages, q, state, c.TriggerID, req)
	case view.ActionCopy:
		req.diagnoses = true
		req.run = b.openPages(copyPages, q, state, c.TriggerID, req)
	case view.ActionCopyPage:
		req.diagnoses, req.reply = true, nil
		req.run = b.turnPage(copyPages, q, state, c.View, req)
	case view.ActionFix:
		b.readFix(req, q, state, c, reply)
	case view.ActionPage:
		req.diagnoses = true
		req.reply = nil
		req.run = b.turnPage(evidencePages, q, state, c.View, req)
	default:
		req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
	}
}

// An asideReply never touches the message with the button: what goes wrong is
// told beside it.
type asideReply struct{ *hookReply }

func (r asideReply) finish(ctx context.Context, m view.Message) error { return r.aside(ctx, m) }

func (r asideReply) progress(context.Context, view.Message) error { return nil }

// stale answers a button of another version.
func (b *Bot) stale(ctx context.Context, reply *hookReply, req *request) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	return reply.aside(ctx, view.FaultMessage(view.Fault{
		What:      "This button was made by another version of me, and I cannot read it",
		Next:      "Ask again with `" + b.opts.Command + " why` and the domain",
		RequestID: req.id,
	}))
}

// recall returns the answer that a button stands under, or a fresh one.
func (b *Bot) recall(ctx context.Context, q diagnose.Query, at time.Time) (diagnose.Answer, error) {
	if a, ok := b.flights.recall(view.QueryText(q), at); ok {
		return a, nil
	}
	return b.await(ctx, q, nil)
}

// share posts the answer in the channel: as the bot's own message where it is a
// member, else through the response URL, which needs no membership.
func (b *Bot) share(q diagnose.Query, state view.State, reply *hookReply) func(context.Context) error {
	return func(ctx context.Context) error {
		a, err := b.recall(ctx, q, state.At)
		if err != nil {
			return err
		}
		m := view.Answer(a, b.options(ctx, a, view.Options{Public: true, SharedBy: reply.user}))
		ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
		defer cancel()
		_, _, err = b.api.post(ctx, reply.channel, reply.thread, m)
		if _, withheld := errors.AsType[*withheldError](err); err == nil || withheld {
			return err
		}
		b.log.InfoContext(ctx, "could not post as a member; sharing through the response URL", "code", slackCode(err))
		h := hookMessage{user: reply.user, channel: reply.channel, ResponseType: slack.ResponseTypeInChannel, ThreadTS: reply.thread, Text: m.Text, Blocks: m.Blocks}
		if hookErr := b.api.respond(ctx, reply.url, h); hookErr != nil {
			b.log.WarnContext(ctx, "could not share", "error", hookErr)
			return reply.aside(ctx, view.FaultMessage(cannotShare(err, requestid.Of(ctx))))
		}
		return nil
	}
}

func cannotShare(err error, id string) view.Fault {
	f := view.Fault{RequestID: id, What: "I could not post in this channel", Next: "Invite me with `/invite`, then press Share to channel again"}
	switch slackCode(err) {
	case "is_archived":
		f.Meaning, f.Next = "The channel is archived", ""
	case "restricted_action", "restricted_action_read_only_channel":
		f.Meaning, f.Next = "Its settings do not let apps post", "Share the answer in another channel"
	default:
		f.Meaning = "I am not a member of it"
	}
	return f
}

// readShortcut diagnoses the names in the message that the shortcut was chosen
// on. With several of them it asks which.
func (b *Bot) readShortcut(req *request, c slack.InteractionCallback) {
	req.kind = "shortcut"
	if c.CallbackID != view.CallbackMessage {
		return
	}
	reply := replyTo(b.api, c)
	reply.public = false
	req.reply = reply
	queries := subjects(b.opts.Parse, messageText(c.Message))
	switch len(queries) {
	case 0:
		req.run = func(ctx context.Context) error { return b.deliver(ctx, reply, view.NoDomain(b.opts.Command)) }
	case 1:
		req.diagnoses, req.again = true, view.QueryText(queries[0])
		req.run = b.answer(queries[0], view.Options{}, reply)
	default:
		req.run = func(ctx context.Context) error { return b.deliver(ctx, reply, view.Picker(queryTexts(queries))) }
	}
}

// messageText is all text of a message: alerts of other apps carry theirs in
// blocks and attachments.
func messageText(m slack.Message) string {
	parts := []string{m.Text}
	add := func(v any) {
		raw, err := json.Marshal(v)
		if err != nil {
			return
		}
		var tree any
		if json.Unmarshal(raw, &tree) == nil {
			parts = append(parts, texts(tree)...)
		}
	}
	add(m.Attachments)
	add(m.Blocks)
	return strings.Join(parts, "\n")
}

// texts are the strings in a tree of blocks or attachments that people see.
func texts(v any) []string {
	var list []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			list = append(list, texts(e)...)
		}
	case map[string]any:
		for _, key := range []string{"pretext", "title", "text", "value", "url"} {
			if s, ok := v[key].(string); ok && s != "" {
				if key == "url" {
					s = "<" + s + ">"
				}
				list = append(list, s)
			}
		}
		for _, key := range []string{"text", "title", "blocks", "elements", "fields", "element", "accessory"} {
			if _, isText := v[key].(string); !isText {
				list = append(list, texts(v[key])...)
			}
		}
	}
	return list
}
