package bot

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
)

// readSnooze reads the snooze modal when it is submitted.
func (b *Bot) readSnooze(req *request, c slack.InteractionCallback) {
	req.kind = "snooze"
	reply := &hookReply{api: b.api, user: c.User.ID}
	req.reply = reply
	p, err := view.ParseSnoozePlace(c.View.PrivateMetadata)
	if err != nil {
		req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
		return
	}
	reply.channel, reply.thread = p.Place.Channel, p.Place.Thread
	nap, until, complaints := snoozeOf(c, b.now())
	if len(complaints) > 0 {
		req.payload = slack.NewErrorsViewSubmissionResponse(complaints)
		return
	}
	if p.Place.Channel == "" {
		p.Place = watch.Place{User: c.User.ID} // whatever the metadata says
	}
	req.run = func(ctx context.Context) error {
		_, err := watch.Put(ctx, b.opts.Store, watch.Request{
			ARN: p.State.ARN, Query: p.State.Query, Name: p.State.Query, User: c.User.ID, Place: p.Place, Seen: followed(p.State),
		}, nap, until, b.now())
		if err == nil {
			b.tendSoon()
		}
		return err
	}
}

// snoozeOf reads what was filled in; complaints are by block id.
func snoozeOf(c slack.InteractionCallback, now time.Time) (nap watch.Nap, until time.Time, complaints map[string]string) {
	value := func(id string) slack.BlockAction {
		if c.View.State == nil {
			return slack.BlockAction{}
		}
		return c.View.State.Values[id][id]
	}
	complaints = map[string]string{}
	nap = watch.Nap{
		By: c.User.ID, Reason: strings.TrimSpace(value(view.SnoozeReason).Value),
		Accepted: value(view.SnoozeKind).SelectedOption.Value == view.SnoozeAccept,
	}
	if nap.Reason == "" {
		complaints[view.SnoozeReason] = "Say why, for those who find it snoozed."
	}
	span := value(view.SnoozeFor).SelectedOption.Value
	if span != view.SnoozeDate {
		days, err := strconv.Atoi(span)
		if err != nil || days < 1 {
			complaints[view.SnoozeFor] = "Choose for how long."
		}
		return nap, now.Add(time.Duration(days) * 24 * time.Hour), complaints
	}
	day, err := time.Parse(time.DateOnly, value(view.SnoozeUntil).SelectedDate)
	switch {
	case err != nil:
		complaints[view.SnoozeUntil] = "Choose the date on which it is to end."
	case !day.After(now):
		complaints[view.SnoozeUntil] = "Choose a date from tomorrow on."
	case day.After(now.Add(watch.Longest)):
		complaints[view.SnoozeUntil] = "Choose a date within a year."
	}
	return nap, day, complaints
}

// wake takes a snooze back.
func (b *Bot) wake(ctx context.Context, state view.State, reply *hookReply) error {
	was, err := watch.Wake(ctx, b.opts.Store, state.ARN, reply.user)
	if err != nil {
		return err
	}
	b.tendSoon()
	words := "That is not snoozed any more."
	if was {
		words = "The snooze is ended. Press Re-check for an answer without it."
	}
	return b.deliver(ctx, asideReply{reply}, view.Notice(words))
}
