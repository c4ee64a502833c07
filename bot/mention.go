package bot

import (
	"context"
	"strings"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// readMention answers a mention in its thread. Other bots are not answered, so
// that two of them never talk to each other for ever; nor are edits.
func (b *Bot) readMention(req *request, e *slackevents.AppMentionEvent) {
	req.kind, req.user = "mention", e.User
	if e.BotID != "" || e.User == "" || e.Edited != nil {
		return
	}
	b.readTalk(req, e.Channel, threadOf(e.ThreadTimeStamp, e.TimeStamp), e.Text)
}

// readDirectMessage answers a direct message in its thread.
func (b *Bot) readDirectMessage(req *request, e *slackevents.MessageEvent) {
	req.kind, req.user = "message", e.User
	if e.ChannelType != slackevents.ChannelTypeIM || e.BotID != "" || e.User == "" || !ownSubtypes[e.SubType] {
		return
	}
	b.mu.Lock()
	own := e.User == b.self.UserID
	b.mu.Unlock()
	if own {
		return
	}
	b.readTalk(req, e.Channel, threadOf(e.ThreadTimeStamp, e.TimeStamp), e.Text)
}

// ownSubtypes are the message subtypes that a person's own new message can
// have.
var ownSubtypes = map[string]bool{"": true, slack.MsgSubTypeFileShare: true, slack.MsgSubTypeThreadBroadcast: true}

func threadOf(thread, ts string) string {
	if thread != "" {
		return thread
	}
	return ts
}

// readTalk answers what is said to the bot: the names in it, or how to ask.
func (b *Bot) readTalk(req *request, channel, thread, text string) {
	req.reply = &threadReply{api: b.api, channel: channel, thread: thread, mark: answerMark(req), perhaps: req.resumed}
	if asksForList(text) {
		req.asks = 1
		req.run = b.showList(afterList(text), 0, b.opts.Command, req.reply)
		return
	}
	queries := subjects(b.opts.Parse, text)
	switch len(queries) {
	case 0:
		what, filter := intentOf(text)
		if what == intentList {
			req.asks = 1
			req.run = b.showList(filter, 0, b.opts.Command, req.reply)
			return
		}
		req.run = func(ctx context.Context) error { return b.deliver(ctx, req.reply, b.respond(what)) }
		return
	case 1:
		req.run = b.answer(queries[0], view.Options{Public: true}, req.reply)
	default:
		req.asks = len(queries)
		req.run = b.answerSeveral(queries, req.reply)
	}
	req.diagnoses, req.again = true, view.QueryText(queries[0])
	if strings.HasPrefix(channel, "D") { // a thread with the assistant
		run := req.run
		req.run = func(ctx context.Context) error {
			b.setStatus(ctx, channel, thread, "is checking "+strings.Join(few(queries), ", ")+"…")
			return run(ctx)
		}
	}
}

// few are the first names of a message, for a line of status.
func few(queries []diagnose.Query) []string {
	var list []string
	for _, q := range queries[:min(len(queries), 3)] {
		list = append(list, q.Subject())
	}
	return list
}

func queryTexts(queries []diagnose.Query) []string {
	var list []string
	for _, q := range queries {
		list = append(list, view.QueryText(q))
	}
	return list
}
