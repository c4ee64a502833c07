package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/fix"
)

// A Fixer makes and carries out plans; *fix.Fixer is one.
type Fixer interface {
	Prepare(context.Context, *diagnose.Facts, *diagnose.Report, fix.Kind) (fix.Plan, error)
	Apply(context.Context, fix.Plan, fix.Consent) (fix.Result, error)
}

// FixOptions are what may be fixed from Slack, and by whom. Nothing may, where
// Fixer or Kinds are not set.
type FixOptions struct {
	Fixer Fixer
	// Kinds are those that are switched on.
	Kinds []fix.Kind
	// Users are the ids of users (U…, W…) and user groups (S…) who may. Groups
	// take the scope usergroups:read.
	Users []string
	// AuditChannel is the id of the channel that gets an entry for each fix;
	// none where empty. Where it is set and cannot be written to, nothing is
	// fixed.
	AuditChannel string
	// FollowEvery is the first pause before it is looked again whether ACM has
	// seen a fix, which doubles up to 15 minutes; 30 s by default. FollowFor is
	// how long to look; 12 h by default.
	FollowEvery, FollowFor time.Duration
}

// kindFix is the kind of the request that agrees to a fix.
const kindFix = "fix"

// ScopeUserGroups is the scope that user groups among FixOptions.Users take.
const ScopeUserGroups = "usergroups:read"

func (o *FixOptions) on() bool { return o.Fixer != nil && len(o.Kinds) > 0 }

// complete fills in the defaults. Its error is a sentence for the operator.
func (o *FixOptions) complete() error {
	if !o.on() {
		o.Kinds = nil
		return nil
	}
	for _, k := range o.Kinds {
		if !k.Known() {
			return fmt.Errorf("there is no fix %q", k)
		}
	}
	if len(o.Users) == 0 {
		return errors.New("fixes are switched on, but nobody may use them: name users or user groups")
	}
	if o.FollowEvery <= 0 {
		o.FollowEvery = 30 * time.Second
	}
	if o.FollowFor <= 0 {
		o.FollowFor = 12 * time.Hour
	}
	return nil
}

// mayNotFix is what somebody who may not is told; nil for who may. Every denial
// is in the audit log.
func (b *Bot) mayNotFix(ctx context.Context, user, name string, s view.FixState, req *request) *slack.ModalViewRequest {
	lookup, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	v := b.api.gate.mayFix(lookup, req.from)
	if v.reason == access.Allowed {
		return nil
	}
	err := v.err
	b.log.Warn("audit", "event", "fix-denied", "request", req.id, "user", user, "user_name", name, "fix", string(s.Kind), "question", s.Query, "error", err)
	f := view.Fault{
		What: "You are not one of those who may change AWS through me", Meaning: "Nothing was changed",
		Next: "Ask one of them to press the button, or make the change yourself as the answer says", RequestID: req.id,
	}
	if err != nil {
		f.What = "I could not find out whether you may change AWS through me: Slack did not tell me who is in the user groups"
		if unsure, ok := errors.AsType[*unsureError](err); ok && unsure.scope != "" {
			f.Next = "Whoever manages the app must add the scope `" + ScopeUserGroups + "` and install it again. Until then ask one of these"
		}
	}
	var users, groups []string
	for _, id := range b.opts.Fix.Users {
		if access.IsGroup(id) {
			groups = append(groups, id)
		} else {
			users = append(users, id)
		}
	}
	m := view.FixDenied(s, users, groups, f)
	return &m
}

// readFix reads a press of a fix's button.
func (b *Bot) readFix(req *request, q diagnose.Query, state view.State, c slack.InteractionCallback, reply *hookReply) {
	s := view.FixState{
		Query: view.QueryText(q), Kind: fix.Kind(state.Fix), Certificate: state.Certificate,
		Channel: reply.channel, TS: reply.ts, Thread: reply.thread, Public: reply.public,
	}
	switch {
	case !s.Kind.Known():
		req.run = func(ctx context.Context) error { return b.stale(ctx, reply, req) }
	case !b.opts.Fix.on() || !slices.Contains(b.opts.Fix.Kinds, s.Kind):
		req.run = func(ctx context.Context) error {
			return b.deliver(ctx, asideReply{reply}, view.FaultMessage(view.Fault{
				What: "This fix is switched off", Meaning: "Nothing was changed",
				Next: "Make the change yourself as the answer says, or ask whoever runs this bot to switch it on", RequestID: req.id,
			}))
		}
	default:
		req.diagnoses = true
		req.run = b.openFix(q, s, c, req)
	}
}

// openFix opens the modal at once, since Slack gives three seconds, and shows
// in it what would change.
func (b *Bot) openFix(q diagnose.Query, s view.FixState, c slack.InteractionCallback, req *request) func(context.Context) error {
	return func(ctx context.Context) error {
		opened, err := b.openView(ctx, c.TriggerID, view.FixLoading(s))
		if err != nil {
			return err
		}
		req.reply = fixReply{b: b, at: modalID{id: opened.ID}, state: s}
		if denied := b.mayNotFix(ctx, c.User.ID, c.User.Name, s, req); denied != nil {
			return b.updateView(ctx, opened.ID, "", *denied)
		}
		p, err := b.plan(ctx, q, s, req)
		switch {
		case err != nil:
			return err
		case p.fault != nil:
			return b.updateView(ctx, opened.ID, "", view.FixFault(s, *p.fault))
		}
		return b.updateView(ctx, opened.ID, "", view.FixConfirm(p.plan, s, false))
	}
}

// A planned is a plan, and the report that it was made of; where there is no
// plan, the fault says why.
type planned struct {
	plan   fix.Plan
	report *diagnose.Report
	fault  *view.Fault
}

// plan diagnoses afresh and makes the plan of it.
func (b *Bot) plan(ctx context.Context, q diagnose.Query, s view.FixState, req *request) (planned, error) {
	a, err := b.await(ctx, q, nil)
	if err != nil {
		return planned{}, err
	}
	f := &view.Fault{Meaning: "Nothing was changed", Next: "Ask again with `" + b.opts.Command + " why` and the domain to see how things are now", RequestID: req.id}
	for i := range a.Reports {
		r := &a.Reports[i]
		if !s.OfCertificate(r) {
			continue
		}
		for n := range a.Facts {
			if a.Facts[n].Certificate.ARN != r.Certificate.ARN {
				continue
			}
			plan, err := b.opts.Fix.Fixer.Prepare(ctx, &a.Facts[n], r, s.Kind)
			if err == nil {
				return planned{plan: plan, report: r}, nil
			}
			p := planned{report: r, fault: f}
			f.What = "There is nothing that I can do here now"
			if refusal, ok := errors.AsType[*fix.Refusal](err); ok {
				f.What = refusal.Text
				if refusal.Reason == fix.NotPossible {
					f.Next = "Make the change by hand, as the answer says"
				}
			}
			return p, nil
		}
	}
	f.What = "The certificate that the answer was about was not found again"
	return planned{fault: f}, nil
}

// A fixReply tells what goes wrong in the modal of a fix.
type fixReply struct {
	b     *Bot
	at    modalID
	state view.FixState
}

func (r fixReply) progress(context.Context, view.Message) error { return nil }

func (r fixReply) finish(ctx context.Context, m view.Message) error {
	return r.b.updateModal(ctx, r.at, view.FixTold(m, r.state))
}

func (r fixReply) aside(ctx context.Context, m view.Message) error { return r.finish(ctx, m) }

// A modalID is a modal by its id or, for one that comes with an
// acknowledgement, by an external id. The acknowledgement goes over the
// WebSocket and calls of the Web API do not: without a name of its own, the
// modal that says that the work has begun could overwrite what came of it.
type modalID struct{ id, external string }

// arrival bounds the wait for a modal that comes with an acknowledgement.
const arrival = 3 * time.Second

// updateModal changes a modal, as soon as it is there. One that was closed
// meanwhile is none of our business.
func (b *Bot) updateModal(ctx context.Context, at modalID, m slack.ModalViewRequest) error {
	if at.external == "" {
		return b.updateView(ctx, at.id, "", m)
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	m.ExternalID = at.external
	for begun := time.Now(); ; {
		err := b.api.updateView(ctx, m, at.external, "", "")
		switch slackCode(err) {
		case "not_found", "view_not_found":
		default:
			return err
		}
		if time.Since(begun) > arrival || pause(ctx, 50*time.Millisecond) != nil {
			return nil
		}
	}
}

// readSubmission reads the agreement to a plan. It is acknowledged with the
// modal that says that the work has begun; the same submission is worked on
// once.
func (b *Bot) readSubmission(req *request, c slack.InteractionCallback) {
	if c.View.CallbackID != view.CallbackFix {
		return
	}
	req.kind = kindFix
	s, err := view.ParseFixState(c.View.PrivateMetadata)
	var q diagnose.Query
	if err == nil {
		q, err = b.opts.Parse(s.Query)
	}
	if err != nil || s.Plan == "" || !b.opts.Fix.on() {
		m := view.FixFault(s, view.Fault{
			What: "This was made by another version of me, or fixing is switched off meanwhile", Meaning: "Nothing was changed",
			Next: "Ask again with `" + b.opts.Command + " why` and the domain", RequestID: req.id,
		})
		req.view = &m
		return
	}
	req.keys = append(req.keys, "submission "+c.View.ID+" "+s.Plan)
	working := view.FixWorking(s)
	at := modalID{external: "acm-fix-" + c.View.ID + "-" + s.Plan} // the same for a submission that comes twice
	working.ExternalID = at.external
	req.view = &working
	req.diagnoses = true
	req.reply = fixReply{b: b, at: at, state: s}
	consent := fix.Consent{Replace: ticked(c.View.State)}
	req.run = func(ctx context.Context) error { return b.applyFix(ctx, q, s, consent, c, at, req) }
}

func ticked(state *slack.ViewState) bool {
	if state == nil {
		return false
	}
	return len(state.Values[view.ReplaceBlock][view.ReplaceAction].SelectedOptions) > 0
}

// applyTimeout bounds the carrying out of one plan.
const applyTimeout = 4 * time.Minute

func (b *Bot) applyFix(ctx context.Context, q diagnose.Query, s view.FixState, consent fix.Consent, c slack.InteractionCallback, at modalID, req *request) error {
	if denied := b.mayNotFix(ctx, c.User.ID, c.User.Name, s, req); denied != nil {
		return b.updateModal(ctx, at, *denied)
	}
	shown := s.Plan
	s.Plan = ""
	job, err := b.keptFix(ctx, req)
	if err != nil {
		return err
	}
	if job != nil {
		return b.carryOut(ctx, q, *job, at, req)
	}
	p, err := b.plan(ctx, q, s, req)
	plan, report := p.plan, p.report
	switch {
	case err != nil:
		return err
	case p.fault != nil:
		return b.updateModal(ctx, at, view.FixFault(s, *p.fault))
	case plan.Hash() != shown:
		return b.updateModal(ctx, at, view.FixConfirm(plan, s, true))
	}
	done := view.FixReport{
		Plan: plan, User: c.User.ID, UserName: c.User.Name, RequestID: req.id, At: b.now(), Query: s.Query, Running: true,
	}
	kept := fixJob{FollowUp: followUp{Report: done, Before: report.Certificate.NotAfter}, Seen: watch.See(report), State: s, Consent: consent}
	if err := b.keepFix(ctx, kept); err != nil {
		return fmt.Errorf("noting a fix before it is carried out: %w", err)
	}
	return b.carryOut(ctx, q, kept, at, req)
}

// carryOut carries a plan out, or goes on where another copy of the bot ended.
func (b *Bot) carryOut(ctx context.Context, q diagnose.Query, job fixJob, at modalID, req *request) error {
	s, done := job.State, job.FollowUp.Report
	entry := &threadReply{api: b.api, channel: b.opts.Fix.AuditChannel, mark: "audit/" + req.id, perhaps: req.resumed}
	if !job.Applied {
		b.auditLog("fix-begun", &done)
		if fault := b.auditPost(ctx, entry, &done); fault != nil {
			fault.RequestID = req.id
			return b.updateModal(ctx, at, view.FixFault(s, *fault))
		}
		work, cancel := context.WithTimeout(ctx, applyTimeout)
		result, err := b.opts.Fix.Fixer.Apply(work, done.Plan, job.Consent)
		cancel()
		if err != nil && ctx.Err() != nil {
			return ctx.Err() // whoever comes next carries it out to its end
		}
		done.Result, done.Running = result, false
		if err != nil {
			done.Error = "Something went wrong on my side; whether anything was changed is in the audit log of AWS (CloudTrail)."
			if refusal, ok := errors.AsType[*fix.Refusal](err); ok {
				done.Error, done.Permission = refusal.Text, refusal.Permission
			}
		}
		b.auditLog("fix-ended", &done)
		job.Applied, job.FollowUp.Report = true, done
		if err := b.keepFix(ctx, job); err != nil {
			b.log.Error("what came of a fix could not be noted", "request", req.id, "error", err)
		}
	}
	result := done.Result
	if fault := b.auditPost(ctx, entry, &done); fault != nil {
		b.log.Error("the audit channel did not take the result of a fix", "request", req.id)
	}
	if result.Nothing() && done.Error != "" {
		return b.updateModal(ctx, at, view.FixDone(done, s))
	}

	b.watchFix(ctx, s, job.Seen, done.Plan, done.User, req)
	follow := job.FollowUp
	follow.Report.Seen = "I go on looking until ACM has seen it, and tell it here."
	var err error
	follow.Channel, follow.TS, err = b.postFix(ctx, s, done.User, view.FixMessage(follow.Report), req)
	if err != nil {
		b.log.Error("could not tell the outcome of a fix as a message", "request", req.id, "error", err, "code", slackCode(err))
	}
	if err := b.showDone(ctx, q, s, &done, at, req); err != nil {
		b.log.Warn("could not show the outcome of a fix in its modal", "request", req.id, "error", err, "code", slackCode(err))
	}
	if follow.TS != "" && done.Error == "" {
		job.FollowUp = follow
		return b.followKept(ctx, job)
	}
	return nil
}

// showDone shows the outcome in the modal: after the switch to DNS validation,
// the plan of its records, where that may be made here.
func (b *Bot) showDone(ctx context.Context, q diagnose.Query, s view.FixState, done *view.FixReport, at modalID, req *request) error {
	if s.Kind == fix.SwitchToDNS && done.Error == "" && slices.Contains(b.opts.Fix.Kinds, fix.PublishSwitchRecords) {
		next := s
		next.Kind = fix.PublishSwitchRecords
		if p, err := b.plan(ctx, q, next, req); err == nil && p.fault == nil {
			return b.updateModal(ctx, at, view.FixConfirm(p.plan, next, false))
		}
	}
	return b.updateModal(ctx, at, view.FixDone(*done, s))
}

// watchFix has the certificate watched until it renews, also over a restart. The
// first look comes after two minutes.
func (b *Bot) watchFix(ctx context.Context, s view.FixState, seen watch.Seen, p fix.Plan, user string, req *request) {
	place := watch.Place{User: user}
	if s.Public && s.Channel != "" && s.TS != "" {
		place = watch.Place{Channel: s.Channel, Thread: threadOf(s.Thread, s.TS), Message: s.TS}
	}
	_, err := watch.Start(ctx, b.opts.Store, watch.Request{
		ARN: p.Certificate, Query: s.Query, Name: p.DomainName, User: user, Place: place, Seen: seen, Quiet: true, Fixed: true,
	}, b.now())
	if err != nil {
		b.log.Error("could not begin to watch after a fix", "request", req.id, "error", err)
		return
	}
	b.tendSoon()
}

// postFix tells the outcome: in the thread of an answer that all see, else to
// the one who agreed alone.
func (b *Bot) postFix(ctx context.Context, s view.FixState, user string, m view.Message, req *request) (channel, ts string, err error) {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	if s.Public && s.Channel != "" {
		entry := &threadReply{api: b.api, channel: s.Channel, thread: threadOf(s.Thread, s.TS), mark: "fix/" + req.id, perhaps: req.resumed}
		if err = entry.put(ctx, m); err == nil {
			return entry.postedIn, entry.ts, nil
		}
		b.log.InfoContext(ctx, "could not post in the answer's thread; writing a direct message", "code", slackCode(err))
	}
	channel, err = teller{b}.Locate(ctx, watch.Watch{Place: watch.Place{User: user}})
	if err != nil {
		channel = user
	}
	entry := &threadReply{api: b.api, channel: channel, mark: "fix/" + req.id, perhaps: req.resumed}
	err = entry.put(ctx, m)
	return entry.postedIn, entry.ts, err
}

// auditLog writes the structured entry: who, when (the line's own time), what,
// before and after, result.
func (b *Bot) auditLog(event string, r *view.FixReport) {
	log := b.log.With("event", event, "request", r.RequestID, "user", r.User, "user_name", r.UserName,
		"fix", string(r.Plan.Kind), "certificate", r.Plan.Certificate, "domain", r.Plan.DomainName)
	switch {
	case len(r.Plan.Changes) > 0:
		for _, c := range r.Plan.Changes {
			log.Info("audit", "zone_account", c.ZoneAccount, "zone_id", c.ZoneID, "zone", c.ZoneName, "record", c.Name, "type", c.Type,
				"before", c.Before, "after", c.After, "outcome", r.Outcome(), "route53_changes", r.Result.RequestIDs)
		}
	case len(r.Plan.Mails) > 0:
		for _, m := range r.Plan.Mails {
			log.Info("audit", "name", m.Name, "validation_domain", m.ValidationDomain, "outcome", r.Outcome())
		}
	default:
		log.Info("audit", "outcome", r.Outcome())
	}
}

// auditPost writes or updates the entry in the audit channel, where there is
// one.
func (b *Bot) auditPost(ctx context.Context, entry *threadReply, r *view.FixReport) *view.Fault {
	if entry.channel == "" {
		return nil
	}
	err := b.deliver(ctx, entry, view.AuditMessage(*r))
	if err == nil {
		return nil
	}
	b.log.Error("the audit channel cannot be written to", "request", r.RequestID, "channel", entry.channel, "error", err, "code", slackCode(err))
	next := "Invite me to that channel with `/invite`, or ask whoever runs this bot to correct ACMBOT_AUDIT_CHANNEL"
	if withheld, ok := errors.AsType[*withheldError](err); ok {
		next = view.Withheld(withheld.reason)
	}
	return &view.Fault{
		What: "The audit channel cannot be written to, and without an entry there I change nothing", Meaning: "Nothing was changed",
		Next: next,
	}
}
