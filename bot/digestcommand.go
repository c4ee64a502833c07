package bot

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// readDigest reads what follows the command digest.
func (b *Bot) readDigest(req *request, cmd slack.SlashCommand, rest string) {
	rest = strings.ToLower(rest)
	var run func(context.Context) error
	switch rest {
	case "", "settings", "filter":
		run = func(ctx context.Context) error { return b.openDigestSettings(ctx, cmd.ChannelID, cmd.TriggerID) }
	case "subscribe":
		run = func(ctx context.Context) error { return b.subscribe(ctx, cmd.ChannelID, cmd.UserID, true, req.reply) }
	case "unsubscribe", "off":
		run = func(ctx context.Context) error { return b.subscribe(ctx, cmd.ChannelID, cmd.UserID, false, req.reply) }
	case "when":
		run = func(ctx context.Context) error { return b.tellWhen(ctx, cmd.ChannelID, req.reply) }
	case "alerts on", "alerts off":
		run = func(ctx context.Context) error {
			return b.switchAlerts(ctx, cmd.ChannelID, cmd.UserID, rest == "alerts on", req.reply)
		}
	case "preview":
		req.diagnoses = true
		run = func(ctx context.Context) error { return b.previewDigest(ctx, cmd.ChannelID, req.reply) }
	default:
		m := view.UnknownDigestCommand(b.opts.Command, rest)
		req.ack = &m
		return
	}
	b.withEstate(req, run)
}

// withEstate lets a request do what takes the list of all certificates.
func (b *Bot) withEstate(req *request, run func(context.Context) error) {
	if b.digests == nil {
		req.diagnoses = false
		run = func(ctx context.Context) error { return b.deliver(ctx, req.reply, view.NoEstate(b.opts.Command)) }
	}
	req.run = run
}

// readDigestAction reads the buttons of digests. It reports whether it was one.
func (b *Bot) readDigestAction(req *request, id, value string, reply *hookReply, c slack.InteractionCallback) bool {
	switch id {
	case view.ActionDigestList, view.ActionDigestPage, view.ActionDigestSetting:
	default:
		return false
	}
	s, err := view.ParseDigestState(value)
	switch {
	case err != nil:
		req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
	case b.digests == nil:
		req.run = func(ctx context.Context) error { return reply.aside(ctx, view.NoEstate(b.opts.Command)) }
	case id == view.ActionDigestSetting:
		req.run = func(ctx context.Context) error { return b.openDigestSettings(ctx, s.Channel, c.TriggerID) }
	default:
		req.run = func(ctx context.Context) error {
			d, err := digest.Kept(ctx, b.opts.Store, s.Channel, s.Date)
			list := view.DigestGone()
			switch {
			case err == nil:
				list = view.DigestList(d, s)
			case !errors.Is(err, state.ErrNotFound):
				return err
			}
			if id == view.ActionDigestPage {
				return b.updateView(ctx, c.View.ID, c.View.Hash, list)
			}
			_, err = b.openView(ctx, c.TriggerID, list)
			return err
		}
	}
	return true
}

func (b *Bot) openDigestSettings(ctx context.Context, channel, trigger string) error {
	s, _, err := b.digests.Subscription(ctx, channel)
	if err != nil {
		return err
	}
	_, err = b.openView(ctx, trigger, view.DigestModal(s, b.alerts != nil))
	return err
}

// readDigestForm reads the modal with a digest's settings when it is submitted.
func (b *Bot) readDigestForm(req *request, c slack.InteractionCallback) {
	req.kind = "digest settings"
	reply := &hookReply{api: b.api, user: c.User.ID}
	req.reply = reply
	channel, err := view.DigestChannel(c.View.PrivateMetadata)
	if err != nil || c.View.State == nil {
		req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
		return
	}
	if b.digests == nil {
		req.run = func(ctx context.Context) error { return b.deliver(ctx, reply, view.NoEstate(b.opts.Command)) }
		return
	}
	s, complaints := subscriptionOf(c)
	if len(complaints) > 0 {
		req.payload = slack.NewErrorsViewSubmissionResponse(complaints)
		return
	}
	s.Channel, s.By, s.Changed = channel, c.User.ID, b.now().UTC()
	reply.channel = channel
	_, asked := c.View.State.Values[view.DigestAlerts]
	req.run = func(ctx context.Context) error {
		old, on, err := b.digests.Subscription(ctx, channel)
		if err != nil {
			return err
		}
		if !asked { // the modal was opened where there were no alerts
			s.NoAlerts = old.NoAlerts
		}
		if on && s.At == old.At && s.Zone == old.Zone && s.Weekdays == old.Weekdays {
			s.Changed = old.Changed // what is due stays due
		}
		if err := digest.Subscribe(ctx, b.opts.Store, s); err != nil {
			return err
		}
		return b.told(ctx, reply, s, true)
	}
}

// subscriptionOf reads what was filled in; complaints are by block id.
func subscriptionOf(c slack.InteractionCallback) (s digest.Subscription, complaints map[string]string) {
	value := func(id string) slack.BlockAction { return c.View.State.Values[id][id] }
	complaints = map[string]string{}
	at, err := digest.ParseClock(value(view.DigestTime).SelectedTime)
	if err != nil {
		complaints[view.DigestTime] = "Choose a time of day."
	}
	s = digest.Subscription{
		At: at, Zone: strings.TrimSpace(value(view.DigestZone).Value), Quiet: digest.QuietLine,
		Weekdays: value(view.DigestDays).SelectedOption.Value == view.DigestWeekdays,
		Filter:   strings.TrimSpace(value(view.DigestFilter).Value),
	}
	s.NoAlerts = value(view.DigestAlerts).SelectedOption.Value == view.DigestSilent
	if value(view.DigestQuiet).SelectedOption.Value == string(digest.QuietNothing) {
		s.Quiet = digest.QuietNothing
	}
	// "Local" would be the time zone of whichever machine the bot runs on.
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" {
		complaints[view.DigestZone] = "I do not know that time zone. They look like Europe/Berlin, America/New_York or UTC."
	}
	filter, err := digest.ParseSelector(s.Filter)
	if err != nil {
		complaints[view.DigestFilter] = err.Error()
	}
	s.Filter = filter.String()
	return s, complaints
}

// told says how the channel gets its digest from now on, to the one who wished
// so.
func (b *Bot) told(ctx context.Context, reply replier, s digest.Subscription, on bool) error {
	next, err := b.digests.next(ctx, s)
	if err != nil {
		return err
	}
	words := view.DigestWhen(s, on, next.Format("Monday, 2 January 2006 at 15:04 MST"), b.alerts != nil)
	if on {
		words += " Should I not be a member of it yet, invite me: `/invite`."
		words += b.withheld(ctx, s.Channel)
	}
	return b.deliver(ctx, reply, view.Notice(words))
}

// withheld says, after a blank, why a channel gets nothing posted; "" where it
// does, or where that is not known.
func (b *Bot) withheld(ctx context.Context, channel string) string {
	_, err := b.api.gate.posting(ctx, channel)
	if withheld, ok := errors.AsType[*withheldError](err); ok {
		return " " + view.Withheld(withheld.reason)
	}
	return ""
}

func (b *Bot) subscribe(ctx context.Context, channel, user string, on bool, reply replier) error {
	s, was, err := b.digests.Subscription(ctx, channel)
	if err != nil {
		return err
	}
	if was != on {
		s.Off, s.By, s.Changed = !on, user, b.now().UTC()
		if err := digest.Subscribe(ctx, b.opts.Store, s); err != nil {
			return err
		}
	}
	return b.told(ctx, reply, s, on)
}

func (b *Bot) tellWhen(ctx context.Context, channel string, reply replier) error {
	s, on, err := b.digests.Subscription(ctx, channel)
	if err != nil {
		return err
	}
	next, err := b.digests.next(ctx, s)
	if err != nil {
		return err
	}
	words := view.DigestWhen(s, on, next.Format("Monday, 2 January 2006 at 15:04 MST"), b.alerts != nil)
	if on {
		words += b.withheld(ctx, channel)
	}
	return b.deliver(ctx, reply, view.Notice(words))
}

func (b *Bot) previewDigest(ctx context.Context, channel string, reply replier) error {
	s, _, err := b.digests.Subscription(ctx, channel)
	if err != nil {
		return err
	}
	b.showProgress(ctx, reply, view.Notice("⏳ Looking at the certificates that are due…"))
	d, err := b.digests.Preview(ctx, s)
	if err != nil {
		return err
	}
	return b.deliver(ctx, reply, view.Digest(d, view.DigestOptions{Command: b.opts.Command, Preview: true}))
}

// owners says who is told of which certificates.
func (b *Bot) owners(ctx context.Context, reply replier) error {
	rows, nobody, listing, err := b.digests.Owners(ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		_, err := b.api.gate.posting(ctx, rows[i].Channel)
		if withheld, ok := errors.AsType[*withheldError](err); ok {
			rows[i].Withheld = withheld.reason
		}
	}
	return b.deliver(ctx, reply, view.Owners(rows, nobody, len(listing.Certificates), listing.Scope, b.opts.Command))
}

// Owners counts who is told of which certificates, and lists those that nobody
// is told of, the one that ends first in front.
func (d *Digester) Owners(ctx context.Context) ([]view.OwnersRow, []diagnose.CertificateRef, *diagnose.Listing, error) {
	list, err := digest.Subscriptions(ctx, d.store, d.o.Routing.Defaults(d.o.Standard))
	if err != nil {
		return nil, nil, nil, err
	}
	l := d.look()
	l.listing(ctx)
	if d.o.Routing.Tagged() {
		l.tags(ctx, nil)
	}
	told := map[string]bool{}
	var rows []view.OwnersRow
	for _, s := range list {
		filter, err := s.Selector()
		if err != nil {
			continue
		}
		owned := d.o.Routing.ForChannel(s.Channel, filter, l.list.Certificates)
		row := view.OwnersRow{Channel: s.Channel, Certificates: len(owned), Off: s.Off}
		if s.Filter != "" {
			row.By = append(row.By, s.Filter)
		} else {
			for _, r := range d.o.Routing.Routes {
				if r.Channel == s.Channel {
					row.By = append(row.By, r.String())
					row.Group = r.Group
				}
			}
		}
		if !s.Off {
			for _, o := range owned {
				told[o.ARN] = true
			}
		}
		rows = append(rows, row)
	}
	var nobody []diagnose.CertificateRef
	for _, c := range l.list.Certificates {
		if !told[c.ARN] {
			nobody = append(nobody, c.CertificateRef)
		}
	}
	sortByEnd(nobody)
	return rows, nobody, l.list, nil
}

func sortByEnd(list []diagnose.CertificateRef) {
	slices.SortFunc(list, func(a, b diagnose.CertificateRef) int {
		return cmp.Or(a.NotAfter.Compare(b.NotAfter), cmp.Compare(a.ARN, b.ARN))
	})
}
