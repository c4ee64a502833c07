package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/requestid"
)

// mostWatches is how many certificates one person can watch at once.
const mostWatches = 100

// newKeeper is the keeper of the bot's watches.
func (b *Bot) newKeeper() *watch.Keeper {
	keep, _ := b.opts.Observer.(KeepObserver)
	return &watch.Keeper{
		Mark: func(ctx context.Context) context.Context { return requestid.With(ctx, newRequestID()) },
		Count: func(watches, snoozes int) {
			if keep != nil {
				keep.Kept(watches, snoozes)
			}
		},
		Store: b.opts.Store, Now: b.now, Log: b.log, Teller: teller{b},
		Ask: func(ctx context.Context, query string) (diagnose.Answer, error) {
			q, err := b.opts.Parse(query)
			if err != nil {
				return diagnose.Answer{}, errors.New("the watch's question cannot be read")
			}
			return b.await(ctx, q, nil)
		},
		Begin: func() (func(), bool) {
			if !b.tasks.begin() {
				return nil, false
			}
			return b.tasks.end, true
		},
	}
}

// keepWatch tends to the watches until ctx ends.
func (b *Bot) keepWatch(ctx context.Context) {
	keeper := b.newKeeper()
	tick := time.NewTicker(b.opts.FollowEvery)
	defer tick.Stop()
	for {
		if !b.tasks.closing() {
			if err := guard(func() error { return errors.Join(keeper.Pass(ctx), b.followFixes(ctx)) }); err != nil && ctx.Err() == nil {
				b.log.Error("the watches cannot be tended to; trying again", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-b.nudge:
		}
	}
}

// tendSoon has the watches tended to without waiting for the next tick.
func (b *Bot) tendSoon() {
	select {
	case b.nudge <- struct{}{}:
	default:
	}
}

// placeOf is where the news about a message's certificate go: its thread where
// it is one for all to see, else a direct message.
func placeOf(r *hookReply) watch.Place {
	if r.public && r.channel != "" && r.ts != "" {
		return watch.Place{Channel: r.channel, Thread: threadOf(r.thread, r.ts), Message: r.ts}
	}
	return watch.Place{User: r.user}
}

// followed is what a button says that was seen.
func followed(s view.State) watch.Seen {
	seen := watch.Seen{Verdict: s.Verdict, NotAfter: s.NotAfter}
	for id := range s.Causes {
		seen.Causes = append(seen.Causes, id)
	}
	slices.Sort(seen.Causes)
	return seen
}

// readFollow reads the buttons about watches and snoozes. It reports whether it
// was one.
func (b *Bot) readFollow(req *request, id string, state view.State, reply *hookReply, trigger string) bool {
	switch id {
	case view.ActionWatch, view.ActionUnwatch, view.ActionSnooze, view.ActionWake:
	default:
		return false
	}
	aside := asideReply{reply}
	req.reply, req.again = aside, ""
	switch {
	case id == view.ActionUnwatch && state.Watch != "":
		req.run = func(ctx context.Context) error { return b.unwatch(ctx, state.Watch, reply) }
	case id == view.ActionUnwatch || state.ARN == "":
		req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
	case id == view.ActionWatch:
		req.run = func(ctx context.Context) error { return b.startWatch(ctx, req, state, reply) }
	case id == view.ActionSnooze:
		req.run = func(ctx context.Context) error {
			_, err := b.openView(ctx, trigger, view.SnoozeModal(view.SnoozePlace{State: state, Place: placeOf(reply)}))
			return err
		}
	case id == view.ActionWake:
		req.run = func(ctx context.Context) error { return b.wake(ctx, state, reply) }
	}
	return true
}

func (b *Bot) startWatch(ctx context.Context, req *request, state view.State, reply *hookReply) error {
	mine, err := watch.Of(ctx, b.opts.Store, reply.user)
	if err != nil {
		return err
	}
	if len(mine) >= mostWatches {
		return b.deliver(ctx, asideReply{reply}, view.FaultMessage(view.Fault{
			What: fmt.Sprintf("You watch %d certificates already, the most that one person can", len(mine)),
			Next: "End some of them with `" + b.opts.Command + " watches`", RequestID: req.id,
		}))
	}
	place := placeOf(reply)
	_, err = watch.Start(ctx, b.opts.Store, watch.Request{
		ARN: state.ARN, Query: state.Query, Name: state.Query, User: reply.user, Place: place, Seen: followed(state),
	}, b.now())
	if err != nil {
		return err
	}
	b.tendSoon()
	if place.Direct() && !req.resumed {
		return b.deliver(ctx, asideReply{reply}, view.Notice("👀 Watching `"+state.Query+"`. I send you a direct message when it renews, and when it gets worse."))
	}
	return nil
}

func (b *Bot) unwatch(ctx context.Context, id string, reply *hookReply) error {
	w, was, err := watch.Leave(ctx, b.opts.Store, id, reply.user)
	if err != nil {
		return err
	}
	b.tendSoon()
	words := "You do not watch that any more."
	switch {
	case was:
		words = "You do not watch `" + w.Name + "` any more."
	case len(w.Users) > 0 && w.Over == "":
		words = "You are not among those who watch `" + w.Name + "`; each of them can end it for themselves."
	}
	return b.deliver(ctx, asideReply{reply}, view.Notice(words))
}

// showWatches lists a person's watches and snoozes.
func (b *Bot) showWatches(ctx context.Context, user string, to replier) error {
	watches, snoozes, err := b.kept(ctx, user)
	if err != nil {
		return err
	}
	return b.deliver(ctx, to, view.Watches(watches, snoozes))
}

// kept are a person's watches and snoozes.
func (b *Bot) kept(ctx context.Context, user string) ([]watch.Watch, []watch.Snooze, error) {
	watches, err := watch.Of(ctx, b.opts.Store, user)
	if err != nil {
		return nil, nil, err
	}
	all, err := watch.Snoozes(ctx, b.opts.Store, b.now())
	if err != nil {
		return nil, nil, err
	}
	var snoozes []watch.Snooze
	for _, s := range all {
		if s.By == user {
			snoozes = append(snoozes, s)
		}
	}
	return watches, snoozes, nil
}

// homeWatches are the App Home's blocks about a person's watches and snoozes;
// none with a store that does not answer.
func (b *Bot) homeWatches(ctx context.Context, user string) []slack.Block {
	watches, snoozes, err := b.kept(ctx, user)
	if err != nil {
		b.log.ErrorContext(ctx, "the watches of a person cannot be read", "user", user, "error", err)
		return nil
	}
	return view.WatchList(watches, snoozes)
}

// options completes the options of an answer with what is kept about its
// certificate. A store that does not answer costs the answer nothing.
func (b *Bot) options(ctx context.Context, a diagnose.Answer, o view.Options) view.Options {
	o.Fixes = b.opts.Fix.Kinds
	if len(a.Reports) == 0 {
		return o
	}
	o.Follow = true
	snooze, ok, err := watch.SnoozeOn(ctx, b.opts.Store, a.Reports[0].Certificate.ARN, b.now())
	if err != nil {
		b.log.ErrorContext(ctx, "the snooze of a certificate cannot be read", "error", err)
	}
	if ok {
		o.Snooze = &snooze
	}
	return o
}

// A teller posts what the watches have to tell.
type teller struct{ bot *Bot }

// closed are Slack's errors that say that no message gets through to a place.
var closed = []string{
	"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_read_only_channel",
	"restricted_action_thread_only_channel", "restricted_action_thread_locked", "cannot_reply_to_message", "thread_not_found",
	"user_not_found", "users_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot", "messages_tab_disabled",
}

// nowhere makes an error watch.ErrNowhere where Slack says so.
func nowhere(err error) error {
	if _, ok := errors.AsType[*withheldError](err); ok {
		return fmt.Errorf("%w: %w", watch.ErrNowhere, err)
	}
	if code := slackCode(err); code != "" && slices.Contains(closed, code) {
		return fmt.Errorf("%w (%s)", watch.ErrNowhere, code)
	}
	return err
}

func (t teller) Locate(ctx context.Context, w watch.Watch) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	c, _, _, err := t.bot.api.client.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{w.Place.User}})
	if slackCode(err) == "missing_scope" {
		return w.Place.User, nil // chat.postMessage takes it too; only looking there does not work
	}
	if err != nil {
		return "", nowhere(err)
	}
	t.bot.api.gate.meet(c.ID, w.Place.User)
	return c.ID, nil
}

func (t teller) Tell(ctx context.Context, w watch.Watch, perhaps bool) (string, error) {
	ctx, cancel := context.WithTimeout(asking(ctx, origin{user: w.Place.User}), deliveryTimeout)
	defer cancel()
	if !perhaps && t.bot.alerts.covers(ctx, w) {
		return w.Place.Thread, nil
	}
	ts, _, err := t.bot.api.postOnce(ctx, w.Place.Channel, w.Place.Thread, view.WatchNews(w), w.MarkOf(w.Notice.N), perhaps)
	return ts, nowhere(err)
}

func (t teller) Card(ctx context.Context, w watch.Watch, perhaps bool) (string, error) {
	ctx, cancel := context.WithTimeout(asking(ctx, origin{user: w.Place.User}), deliveryTimeout)
	defer cancel()
	m := view.WatchCard(w)
	ts, found := w.Card.TS, w.Card.TS != ""
	if !found {
		var err error
		if ts, found, err = t.bot.api.postOnce(ctx, w.Place.Channel, w.Place.Thread, m, w.MarkOf(0), perhaps); err != nil {
			return "", nowhere(err)
		}
	}
	if !found {
		return ts, nil
	}
	err := t.bot.api.update(ctx, w.Place.Channel, ts, m)
	switch slackCode(err) {
	case "message_not_found", "cant_update_message", "edit_window_closed":
		return ts, nil // somebody deleted it, or Slack keeps it as it is
	}
	return ts, nowhere(err)
}

func (t teller) Tick(ctx context.Context, w watch.Watch) error {
	if w.Place.Message == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	err := t.bot.api.client.AddReactionContext(ctx, "white_check_mark", slack.NewRefToMessage(w.Place.Channel, w.Place.Message))
	if slackCode(err) == "already_reacted" {
		return nil
	}
	return err
}
