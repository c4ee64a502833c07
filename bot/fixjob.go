package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/diagnose/fix"
)

// fixKind is the kind of a fixJob's item in the store, under its request's id.
const fixKind = "fix"

// fixKept is how long a fix that was carried out is remembered.
const fixKept = 14 * 24 * time.Hour

// A fixJob is a fix as it is kept: what was agreed to, before it is carried out,
// and how far it has come. Carrying a plan out again changes nothing that is in
// place, so whoever finds a job that was begun carries it out to its end.
type fixJob struct {
	FollowUp followUp `json:"follow_up"`
	// Seen is what there was before.
	Seen    watch.Seen    `json:"seen"`
	State   view.FixState `json:"state"`
	Consent fix.Consent   `json:"consent"`
	// Applied says that the plan was carried out, and FollowUp.Report says how.
	Applied bool `json:"applied,omitempty"`
	// Due is when to look whether ACM has seen it, zero where nobody is to; Wait
	// is the pause after that.
	Due  time.Time     `json:"due,omitzero"`
	Wait time.Duration `json:"wait,omitempty"`
	// Said is what the message says of that.
	Said string `json:"said,omitempty"`
	// Token is that of the latest lease (see state.Lease.Fence).
	Token int64 `json:"token,omitempty"`
}

// A followUp is to look again after a fix until ACM has seen it, and to keep
// the message that tells so up to date. It holds all that is needed, so it can
// be kept over a restart.
type followUp struct {
	// Report is what was done.
	Report view.FixReport `json:"report"`
	// Before is when the certificate ended, before the fix.
	Before time.Time `json:"before"`
	// Channel and TS are the message.
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

func fixKey(id string) state.Key { return state.Key{Kind: fixKind, ID: id} }

// keepFix notes how far a fix has come.
func (b *Bot) keepFix(ctx context.Context, job fixJob) error {
	return state.UpdateRecord(ctx, b.opts.Store, fixKey(job.FollowUp.Report.RequestID), func(r *state.Record[fixJob]) error {
		job.Token = r.Value.Token
		r.Value, r.Expires = job, b.now().Add(fixKept)
		return nil
	})
}

// keptFix is the job of a request that was taken up again; nil where there is
// none.
func (b *Bot) keptFix(ctx context.Context, req *request) (*fixJob, error) {
	if !req.resumed {
		return nil, nil
	}
	r, err := state.Load[fixJob](ctx, b.opts.Store, fixKey(req.id))
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a fix: %w", err)
	}
	return &r.Value, nil
}

// followKept has a fix that was carried out looked after, by whichever copy is
// there.
func (b *Bot) followKept(ctx context.Context, job fixJob) error {
	job.Due, job.Wait = b.now().Add(b.opts.Fix.FollowEvery), b.opts.Fix.FollowEvery
	if err := b.keepFix(ctx, job); err != nil {
		return err
	}
	b.tendSoon()
	return nil
}

// followFixes looks after the fixes that are due.
func (b *Bot) followFixes(ctx context.Context) error {
	for r, err := range state.All[fixJob](ctx, b.opts.Store, fixKind, "") {
		if err != nil {
			if r.Key.ID != "" {
				b.log.Error("a fix cannot be read", "request", r.Key.ID, "error", err)
				continue
			}
			return fmt.Errorf("listing fixes: %w", err)
		}
		if r.Value.Due.IsZero() || b.now().Before(r.Value.Due) {
			continue
		}
		if !b.tasks.begin() {
			return nil
		}
		err := b.lookAfter(ctx, r.Key)
		b.tasks.end()
		if err != nil && ctx.Err() == nil {
			b.log.Warn("a fix could not be looked after; trying again", "request", r.Key.ID, "error", err)
		}
	}
	return nil
}

const fixLease = 5 * time.Minute

// lookAfter looks once whether ACM has seen a fix, and brings its message up to
// date. To do so twice does no harm.
func (b *Bot) lookAfter(ctx context.Context, key state.Key) error {
	lease, err := state.Claim(ctx, b.opts.Store, state.Key{Kind: fixKind + "-lease", ID: key.ID}, b.owner, b.now(), fixLease)
	if held := (*state.HeldError)(nil); errors.As(err, &held) {
		return nil // another copy is at it
	}
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = state.Release(ctx, b.opts.Store, lease) // it ends by itself
	}()
	r, err := state.Load[fixJob](ctx, b.opts.Store, key)
	if err != nil || r.Value.Due.IsZero() || b.now().Before(r.Value.Due) {
		return err
	}
	job := r.Value
	f := job.FollowUp
	q, err := b.opts.Parse(f.Report.Query)
	if err != nil {
		return errors.New("its question cannot be read")
	}
	a, err := b.await(ctx, q, nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	seen, done := "", false
	if err == nil {
		seen, done = seenOf(&f, &a)
	}
	last := !b.now().Before(f.Report.At.Add(b.opts.Fix.FollowFor))
	switch {
	case done:
		f.Report.Done = true
		b.log.Info("audit", "event", "fix-seen", "request", f.Report.RequestID, "fix", string(f.Report.Plan.Kind), "certificate", f.Report.Plan.Certificate, "outcome", seen)
	case last:
		seen = "ACM has not seen it in " + spanWords(b.opts.Fix.FollowFor) + ", so I stop looking. Press the button to see how things are."
	}
	if seen != "" && seen != job.Said {
		b.tell(f, seen)
	}
	return state.Update(ctx, b.opts.Store, key, func(j *fixJob) error {
		if err := lease.Fence(&j.Token); err != nil {
			return err
		}
		if seen != "" {
			j.Said = seen
		}
		j.FollowUp.Report.Done = f.Report.Done
		j.Wait = min(2*j.Wait, mostPause)
		j.Due = b.now().Add(j.Wait)
		if done || last {
			j.Due = time.Time{}
		}
		return nil
	})
}

// mostPause is the longest pause between two looks.
const mostPause = 15 * time.Minute

func spanWords(d time.Duration) string {
	if d >= time.Hour && d%time.Hour == 0 {
		return fmt.Sprintf("%d hours", int(d/time.Hour))
	}
	return d.String()
}

// tell updates the message of a fix.
func (b *Bot) tell(f followUp, seen string) {
	f.Report.Seen = seen
	ctx, cancel := context.WithTimeout(asking(b.hard, origin{user: f.Report.User}), deliveryTimeout)
	defer cancel()
	if err := b.api.update(ctx, f.Channel, f.TS, view.FixMessage(f.Report)); err != nil {
		b.log.Warn("could not update the message of a fix", "request", f.Report.RequestID, "error", err, "code", slackCode(err))
	}
}
