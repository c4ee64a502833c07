package fix

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
)

// Options are what a Fixer needs.
type Options struct {
	// Inventory has the credentials. Must be set.
	Inventory *inventory.Inventory
	// Kinds are those that are switched on; none where empty.
	Kinds []Kind
	// SyncTimeout bounds the wait for Route 53's servers, and for ACM to name
	// the records of a switch; 90 s where zero.
	SyncTimeout time.Duration
	// Poll is the time between two looks meanwhile; 2 s where zero.
	Poll time.Duration
	// Logger gets what AWS is asked to change; none where nil.
	Logger *slog.Logger
}

// A Fixer makes and carries out plans. It may be used concurrently; it carries
// out one plan at a time, so that what one reads no other changes.
type Fixer struct {
	o  Options
	mu sync.Mutex
}

// New returns a Fixer. It makes no call.
func New(o Options) *Fixer {
	o.SyncTimeout = cmp.Or(o.SyncTimeout, 90*time.Second)
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Fixer{o: o}
}

// Prepare makes the plan of one kind, with what is in Route 53 now. Its error
// is a *Refusal.
func (x *Fixer) Prepare(ctx context.Context, f *diagnose.Facts, r *diagnose.Report, k Kind) (Plan, error) {
	if !slices.Contains(x.o.Kinds, k) {
		return Plan{}, notEnabled(k)
	}
	fresh := *f
	var names []string
	switch k {
	case AddCAA:
		names = caaNames(r)
	case AddCNAME, PublishSwitchRecords:
		records, _ := wantedRecords(&f.Certificate, k)
		for _, rec := range records {
			names = append(names, rec.Name)
		}
	}
	if len(names) > 0 {
		zones, unseen := x.o.Inventory.HostedZones(ctx, "", names)
		fresh.HostedZones = zones
		plan, err := For(&fresh, r, k)
		var refusal *Refusal
		if errors.As(err, &refusal) && refusal.Reason == NotPossible && len(unseen) > 0 {
			refusal.Text += " Not all accounts could be read: " + unseen[0].Detail
			refusal.Permission = unseen[0].Permission
		}
		return plan, err
	}
	return For(&fresh, r, k)
}

func notEnabled(k Kind) *Refusal {
	return refuse(NotEnabled, "The fix `%s` is switched off. Whoever runs this bot can switch it on with ACMBOT_FIX.", k)
}

// A Consent is what the person agreed to, beyond the plan itself.
type Consent struct {
	// Replace allows to take the place of the values that the plan shows.
	Replace bool
}

// A Result is what came of a plan.
type Result struct {
	// Written are the changes that were made, Already those that were in
	// place.
	Written []Change
	Already []Change
	// RequestIDs are Route 53's ids of the changes.
	RequestIDs []string
	// InSync says that all of Route 53's servers have what was written.
	InSync bool
	// Mailed are the mails that were sent again.
	Mailed []Mail
	// Started says that ACM began what was asked for: the switch, the renewal.
	Started bool
	// Records are the CNAMEs that the switch waits for.
	Records []diagnose.Record
}

// Nothing reports whether all was in place already.
func (r *Result) Nothing() bool {
	return len(r.Written) == 0 && len(r.Mailed) == 0 && !r.Started
}

// Apply carries out a plan, once: what is in place already is left alone. It
// refuses, whatever the plan says,
//   - what is not switched on;
//   - where the state is not what the plan shows, by reading it first;
//   - a CNAME whose name and target are not exactly what ACM asks for now for
//     that certificate, or whose target is not under acm-validations.aws;
//   - a zone that is private, or whose name servers are not those that the
//     domain is delegated to;
//   - to replace a value that the plan does not show, or without consent;
//   - a CAA value other than Amazon's, a CAA set that would lose a value, and
//     a first CAA record;
//   - to renew what is not private, exported and eligible.
//
// The result is what was done, also where an error, a *Refusal, ended it.
func (x *Fixer) Apply(ctx context.Context, p Plan, consent Consent) (Result, error) {
	if !slices.Contains(x.o.Kinds, p.Kind) {
		return Result{}, notEnabled(p.Kind)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	client, err := x.o.Inventory.Client(ctx, p.Account, p.Region)
	if err != nil {
		return Result{}, failed(err)
	}
	cert, err := client.Certificate(ctx, p.Certificate)
	if err != nil {
		return Result{}, failed(err)
	}
	if cert.ARN != p.Certificate || cert.Account != p.Account || cert.Region != p.Region {
		return Result{}, refuse(Unsafe, "ACM answered with another certificate than the one that was asked for.")
	}
	x.o.Logger.DebugContext(ctx, "applying a fix", "fix", string(p.Kind), "certificate", p.Certificate, "plan", p.Hash())
	switch p.Kind {
	case AddCNAME, PublishSwitchRecords, AddCAA:
		return x.writeRecords(ctx, &cert, p, consent)
	case ResendEmail:
		return x.resend(ctx, client, &cert, p)
	case SwitchToDNS:
		return x.switchToDNS(ctx, client, &cert)
	case RenewPrivate:
		return x.renew(ctx, client, &cert, p)
	default:
		return Result{}, notEnabled(p.Kind)
	}
}

// pause waits for the next look; false where the time is up.
func (x *Fixer) pause(ctx context.Context) bool {
	timer := time.NewTimer(x.o.Poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
