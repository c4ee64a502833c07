package bot

import (
	"context"
	"strings"

	"github.com/slack-go/slack/slackevents"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// mostAnswers is how many names of one message are diagnosed unasked.
const mostAnswers = 3

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

func threadOf(thread, ts string) string {
	if thread != "" {
		return thread
	}
	return ts
}

// readTalk answers what is said to the bot: the names in it, or how to ask.
func (b *Bot) readTalk(req *request, channel, thread, text string) {
	n := 0
	reply := func() *threadReply {
		n++
		return &threadReply{api: b.api, channel: channel, thread: thread, mark: answerMark(req, n), perhaps: req.resumed}
	}
	req.reply = reply()
	queries := subjects(b.opts.Parse, text)
	if len(queries) == 0 {
		message := view.NoDomain(b.opts.Command)
		if words := strings.Fields(withoutMarkup(text)); len(words) == 0 || strings.EqualFold(words[0], "help") {
			message = view.Help(b.opts.Command)
		}
		req.run = func(ctx context.Context) error { return b.deliver(ctx, req.reply, message) }
		return
	}
	req.diagnoses, req.again = true, view.QueryText(queries[0])
	req.run = func(ctx context.Context) error { return b.answerAll(ctx, queries, req.reply, reply) }
}

// answerAll answers the first few names, a message each, and offers the others.
func (b *Bot) answerAll(ctx context.Context, queries []diagnose.Query, first replier, another func() *threadReply) error {
	now, later := queries, []diagnose.Query(nil)
	if len(queries) > mostAnswers {
		now, later = queries[:mostAnswers], queries[mostAnswers:]
	}
	for i, q := range now {
		to := first
		if i > 0 {
			to = another()
		}
		if err := b.answer(q, view.Options{Public: true}, to)(ctx); err != nil {
			return err
		}
	}
	if len(later) == 0 {
		return nil
	}
	return b.deliver(ctx, another(), view.More(queryTexts(later)))
}

func queryTexts(queries []diagnose.Query) []string {
	var list []string
	for _, q := range queries {
		list = append(list, view.QueryText(q))
	}
	return list
}
