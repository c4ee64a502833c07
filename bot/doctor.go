package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

// mostReports is how many checkups are remembered, so that their pages can be
// turned.
const mostReports = 16

// checkups remembers what was found.
type checkups struct {
	mu   sync.Mutex
	list []view.CheckupShown // the last one at the end
}

func (c *checkups) keep(shown view.CheckupShown) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, shown)
	c.list = c.list[max(len(c.list)-mostReports, 0):]
}

func (c *checkups) find(id string) (view.CheckupShown, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, shown := range c.list {
		if shown.ID == id {
			return shown, true
		}
	}
	return view.CheckupShown{}, false
}

// checkUp makes a checkup and tells what it found, to admins.
func (b *Bot) checkUp(req *request, reply *hookReply) func(context.Context) error {
	return func(ctx context.Context) error {
		if refusal := b.checkupRefusal(ctx, req); refusal != nil {
			return b.deliver(ctx, asideReply{reply}, view.FaultMessage(*refusal))
		}
		shown := b.examineShowing(ctx, req.id, reply)
		b.reports.keep(shown)
		return b.deliver(ctx, reply, view.Checkup(shown))
	}
}

// examineShowing makes a checkup, and shows how far it is where that takes
// time.
func (b *Bot) examineShowing(ctx context.Context, id string, reply replier) view.CheckupShown {
	var latest atomic.Pointer[checkup.Progress]
	waiting, done := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		if pause(waiting, b.opts.ProgressAfter) != nil {
			return
		}
		var p checkup.Progress
		if known := latest.Load(); known != nil {
			p = *known
		}
		b.showProgress(ctx, reply, view.CheckupProgress(p))
	})
	shown := b.examine(ctx, id, func(p checkup.Progress) { latest.Store(&p) })
	done()
	wg.Wait()
	return shown
}

// checkupRefusal says why the one who asks gets no checkup, nil where there is
// no reason.
func (b *Bot) checkupRefusal(ctx context.Context, req *request) *view.Fault {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	v := b.api.gate.mayCheckUp(ctx, req.from)
	err := v.err
	switch {
	case v.reason == access.Allowed:
		return nil
	case err == nil:
		return &view.Fault{
			What: "The checkup is for admins", Meaning: "It tells of accounts, roles and permissions. Admins and owners of this workspace may ask for it, and those whom ACMBOT_ADMINS names",
			Next: "Ask one of them", RequestID: req.id,
		}
	}
	b.log.Warn("could not ask Slack who is an admin", "request", req.id, "error", err, "code", slackCode(err))
	f := faultOf(err, &request{id: req.id})
	f.What, f.Meaning = "I could not find out whether you are an admin, for whom the checkup is", "Slack did not say"
	if unsure, ok := errors.AsType[*unsureError](err); ok && unsure.scope != "" {
		f.Meaning, f.Next = "The app lacks the scope `"+unsure.scope+"`", "Whoever manages the app adds it and installs the app again, or names you in ACMBOT_ADMINS"
	}
	return &f
}

// checkupTime is how long a checkup may take; each of its tasks has a time of
// its own besides.
const checkupTime = 50 * time.Second

// examine makes a checkup.
func (b *Bot) examine(ctx context.Context, id string, tell func(checkup.Progress)) view.CheckupShown {
	ctx, cancel := context.WithTimeout(ctx, checkupTime)
	defer cancel()
	start := b.now()
	opts := b.opts // with the tokens that are in use now
	opts.BotToken, opts.AppToken = opts.tokens.bot.current(), opts.tokens.app.current()
	tasks := append(SlackTasks(opts), checkup.Task{Area: checkup.AreaSlack, What: "connections", Run: b.checkConnections})
	if b.opts.Checks != nil {
		tasks = append(tasks, b.opts.Checks()...)
	}
	found := checkup.Run(ctx, tasks, tell)
	shown := view.CheckupShown{Report: checkup.NewReport(b.opts.Version, b.now(), found), ID: id, Took: b.now().Sub(start)}
	for i := range shown.Report.Checks {
		if c := &shown.Report.Checks[i]; c.State == checkup.Failed || c.State == checkup.Warning {
			b.log.Warn("not set up right", "request", id, "area", c.Area, "check", c.What, "account", c.Account, "region", c.Region, "state", string(c.State), "detail", c.Detail)
		}
	}
	b.log.Info("checked how the bot is set up", "request", id, "state", string(shown.Report.State), "counts", shown.Report.Counts())
	return shown
}

// checkConnections tells of the connections that are open.
func (b *Bot) checkConnections(context.Context) []checkup.Check {
	h := b.Health()
	c := checkup.Check{
		Area: checkup.AreaSlack, What: "connections", Purpose: "hearing what is asked", State: checkup.OK,
		Detail: fmt.Sprintf("%d of %d are open", h.Sockets, h.Wanted),
	}
	switch {
	case !h.Alive:
		c.State, c.Fix = checkup.Failed, "Let this machine hold WebSocket connections to *.slack.com on port 443; a proxy on the way may end them."
	case h.Sockets < h.Wanted:
		c.State, c.Fix = checkup.Warning, "Wait a minute: Slack refreshes connections now and then. If it stays, something on the way ends them."
	}
	return []checkup.Check{c}
}

// readCheckupAction reads the buttons of checkups. It reports whether it was
// one.
func (b *Bot) readCheckupAction(req *request, c slack.InteractionCallback, id, value string, reply *hookReply) bool {
	if id != view.ActionCheckup && id != view.ActionCheckupPage {
		return false
	}
	req.user = c.User.ID
	state, err := view.ParseCheckupState(value)
	switch {
	case err != nil || reply.public && !strings.HasPrefix(reply.channel, "D"): // others could see it
		req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
	case id == view.ActionCheckup:
		reply.replace, req.diagnoses = true, true
		req.reply, req.run = reply, b.checkUp(req, reply)
	default:
		reply.replace = true
		req.reply = reply
		req.run = func(ctx context.Context) error {
			if refusal := b.checkupRefusal(ctx, req); refusal != nil {
				return b.deliver(ctx, asideReply{reply}, view.FaultMessage(*refusal))
			}
			shown, ok := b.reports.find(state.ID)
			if !ok {
				return b.deliver(ctx, reply, view.CheckupGone())
			}
			shown.Page = state.Page
			return b.deliver(ctx, reply, view.Checkup(shown))
		}
	}
	return true
}
