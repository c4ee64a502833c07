package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/requestid"
)

// showList answers with one page of a list. Text is a filter.
func (b *Bot) showList(text string, page int, command string, to replier) func(context.Context) error {
	return func(ctx context.Context) error {
		filter, err := diagnose.ParseFilter(text)
		if err != nil {
			return b.deliver(ctx, to, view.BadFilter(command, problem(err)))
		}
		if b.opts.Estate == nil {
			return b.deliver(ctx, to, view.NoEstate(command))
		}
		l, ok := b.list(ctx)
		accounts := b.seesAccounts(ctx, to)
		if !ok {
			return b.deliver(ctx, to, view.FaultMessage(view.Fault{
				What: "The list of certificates could not be read in time", Next: "Ask again in a minute", RequestID: requestid.Of(ctx),
			}))
		}
		return b.deliver(ctx, to, view.List(b.filtered(ctx, l, filter, page, command, accounts)))
	}
}

// seesAccounts reports whether those who get an answer may see account ids, and
// so find by them.
func (b *Bot) seesAccounts(ctx context.Context, to replier) bool {
	switch to := to.(type) {
	case *threadReply:
		sees, err := b.api.gate.posting(ctx, to.channel)
		return err == nil && sees
	case *hookReply:
		if to.replace && to.public {
			sees, err := b.api.gate.posting(ctx, to.channel)
			return err == nil && sees
		}
	}
	return b.api.gate.showing(ctx, "", "")
}

// filtered is what a filter leaves of a list. Tags are read only of those
// certificates that everything else in the filter leaves.
func (b *Bot) filtered(ctx context.Context, l diagnose.Listing, f diagnose.Filter, page int, command string, accounts bool) view.Listing {
	matches := func(match func(*diagnose.Listed, time.Time) bool, c diagnose.Listed) bool {
		if !accounts {
			c = withoutAccount(c)
		}
		return match(&c, l.At)
	}

	shown := view.Listing{
		Command: command, Filter: f, At: l.At, Total: len(l.Certificates), Scope: l.Scope, Causes: b.estate.causeText, Page: page,
	}
	var left []diagnose.Listed
	for i := range l.Certificates {
		if matches(f.MatchButTags, l.Certificates[i]) {
			left = append(left, l.Certificates[i])
		}
	}
	if f.NeedsTags() {
		var unseen []diagnose.Unseen
		left, unseen = b.tagged(ctx, left)
		shown.Scope.Unreadable = append(append([]diagnose.Unseen{}, shown.Scope.Unreadable...), unseen...)
	}
	for i := range left {
		if matches(f.Match, left[i]) {
			shown.Certificates = append(shown.Certificates, left[i])
		}
	}
	return shown
}

// readListAction reads the buttons of lists and of the App Home. It reports
// whether the button is one of them.
func (b *Bot) readListAction(req *request, c slack.InteractionCallback, id, value string, reply *hookReply) bool {
	switch id {
	case view.ActionChoose, view.ActionTyped:
		// An input of a modal tells nothing before it is submitted.
	case view.ActionOpen:
		req.reply = &threadReply{api: b.api, channel: reply.user}
		req.run = b.openAsk(c.TriggerID, view.AskState{}, req.reply)
	case view.ActionList:
		state, err := view.ParseListState(value)
		if err != nil {
			req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
			break
		}
		var to replier = reply
		if reply.channel == "" { // in the App Home
			to = &threadReply{api: b.api, channel: reply.user}
		} else {
			reply.replace = true
		}
		req.reply, req.run = to, b.showList(state.Filter, state.Page, b.opts.Command, to)
	default:
		return false
	}
	return true
}
