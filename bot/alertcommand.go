package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/alert"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/view"
)

// switchAlerts switches a channel's alerts on or off, and says how it is told
// from now on.
func (b *Bot) switchAlerts(ctx context.Context, channel, user string, on bool, reply replier) error {
	if b.alerts == nil {
		return b.deliver(ctx, reply, view.FaultMessage(view.Fault{
			What: "No channel is alerted between its digests", Meaning: "Alerts are switched off in my settings",
			Next: "Whoever runs this bot can switch them on, with ACMBOT_ALERTS",
		}))
	}
	s, subscribed, err := b.digests.Subscription(ctx, channel)
	if err != nil {
		return err
	}
	if !subscribed {
		return b.deliver(ctx, reply, view.FaultMessage(view.Fault{
			What: "This channel gets no digest, and so no alerts", Meaning: "It is alerted to those certificates that are in its digest",
			Next: "Subscribe it first, with `" + b.opts.Command + " digest subscribe`",
		}))
	}
	if s.NoAlerts == on {
		s.NoAlerts = !on
		if s.By == "" { // it was as the settings have it, and its digest is not to be put off
			s.By = user
		}
		if err := digest.Subscribe(ctx, b.opts.Store, s); err != nil {
			return err
		}
	}
	return b.told(ctx, reply, s, true)
}

// readAlertAction reads the buttons of alerts. It reports whether it was one.
func (b *Bot) readAlertAction(req *request, id, value string, reply *hookReply, c slack.InteractionCallback) bool {
	if id != view.ActionAlertList && id != view.ActionAlertPage {
		return false
	}
	s, err := view.ParseAlertState(value)
	if err != nil {
		req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
		return true
	}
	req.run = func(ctx context.Context) error {
		board, err := alert.Load(ctx, b.opts.Store, s.Channel)
		if err != nil {
			return err
		}
		list := view.AlertList(board.List(s.Thread), s)
		if id == view.ActionAlertPage {
			return b.updateView(ctx, c.View.ID, c.View.Hash, list)
		}
		_, err = b.openView(ctx, c.TriggerID, list)
		return err
	}
	return true
}
