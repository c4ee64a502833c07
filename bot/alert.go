package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/alert"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/diagnose"
)

// AlertOptions say how channels are told between their digests. The thresholds
// of days are the digests'.
type AlertOptions struct {
	// On switches the alerts on.
	On bool
	// Every is how often all certificates are looked through; 10 minutes by
	// default.
	Every time.Duration
	// Collect is for how long events are collected, so that many at once are
	// told of as one; 20 seconds by default.
	Collect time.Duration
	// MostLooks is how many certificates are diagnosed in one go, 300 by
	// default, and Looks how many at once, 4 by default. LookTimeout, 4 minutes
	// by default, ends it. What is left is for the next scan.
	MostLooks, Looks int
	LookTimeout      time.Duration
}

// An Alerter tells channels what happens to their certificates. Any number may
// share a store; everything is told once.
type Alerter struct {
	*Digester
	o        AlertOptions
	observer AlertObserver // nil where nobody wants to know

	mu     sync.Mutex
	listed time.Time // as of when the list is that was looked through last
	// calm are certificates that a look has shown to be in no trouble, although
	// their listing looks as if they were.
	calm map[string]calm
	// stale are the channels whose first messages may not show how things are.
	stale map[string]bool
	noted int // certificates that events told of, about
}

type calm struct {
	basis string
	at    time.Time
}

const (
	// Certificates are looked into again, without anything new in their listing,
	// after so long: those that ACM waits for and nobody has to act on, those in
	// trouble since a day at most, and those in trouble for longer.
	calmFor   = 30 * time.Minute
	freshFor  = time.Hour
	chronicIn = 6 * time.Hour
	// mostFailures is how many notices fail in one go until the others wait.
	mostFailures = 3
	// mostHints is about how many certificates are noted at a time for what
	// events told of them. Whoever may write to the queue may name any.
	mostHints = 1000
)

// NewAlerter returns an Alerter with a bot's options. Diagnostician, Estate and
// Store must be set.
func NewAlerter(opts Options) *Alerter {
	opts = opts.calling()
	return newAlerter(opts, newAPI(opts))
}

// newAlerter returns an Alerter that posts with an api, as newDigester does.
func newAlerter(opts Options, a api) *Alerter {
	o := opts.Alert
	for d, standard := range map[*time.Duration]time.Duration{&o.Every: 10 * time.Minute, &o.Collect: 20 * time.Second, &o.LookTimeout: 4 * time.Minute} {
		if *d <= 0 {
			*d = standard
		}
	}
	if o.MostLooks <= 0 {
		o.MostLooks = 300
	}
	opts.Digest.MostLooks, opts.Digest.Looks, opts.Digest.LookTimeout = o.MostLooks, o.Looks, o.LookTimeout
	observer, _ := opts.Observer.(AlertObserver)
	return &Alerter{Digester: newDigester(opts, a), o: o, observer: observer, calm: map[string]calm{}, stale: map[string]bool{}}
}

// Run looks and tells until ctx ends, every so often.
func (a *Alerter) Run(ctx context.Context, every time.Duration) {
	for {
		if _, err := a.Tick(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "alerts could not be made; trying again", "error", err)
		}
		if pause(ctx, every) != nil {
			return
		}
	}
}

// takeEvent notes that a certificate is worth a look. What is noted is looked
// at by this copy or another, also after a restart, so that the event need not
// come again.
func (a *Alerter) takeEvent(ctx context.Context, e diagnose.Event) error {
	q, err := diagnose.ParseQuery(e.ARN)
	if err != nil || q.ARN == "" {
		a.log.WarnContext(ctx, "an event names no certificate; it is dropped", "event", e.ID, "kind", e.Kind)
		return nil
	}
	if !a.room() {
		a.log.WarnContext(ctx, "more events than can be looked into; the certificate waits for the next scan", "event", e.ID, "kind", e.Kind, "certificate", q.ARN)
		return nil
	}
	a.log.DebugContext(ctx, "took an event", "event", e.ID, "kind", e.Kind, "certificate", q.ARN)
	e.ARN = q.ARN
	return alert.Note(ctx, a.store, e, a.now())
}

// room reports whether one more certificate may be noted. How many there are is
// counted at each tick, and what comes meanwhile is added.
func (a *Alerter) room() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.noted >= mostHints {
		return false
	}
	a.noted++
	return true
}

// Tick looks at what is due and posts what there is to tell. It returns how many
// messages this call has posted. Its error joins what went wrong; it is to be
// called again then.
func (a *Alerter) Tick(ctx context.Context) (posted int, err error) {
	scanned, lookErr := a.lookAround(ctx)
	posted, err = a.deliver(ctx, scanned)
	return posted, errors.Join(lookErr, err)
}

// lookAround looks at what events told of, or else at all certificates if it is
// time. It reports whether it did the latter.
func (a *Alerter) lookAround(ctx context.Context) (scanned bool, err error) {
	hints, err := a.ripe(ctx)
	if err != nil {
		return false, err
	}
	due, err := alert.Due(ctx, a.store, a.o.Every, a.now())
	if err != nil || len(hints) == 0 && !due {
		return false, err
	}
	// One replica looks for all. This saves calls, and keeps the looks in order.
	lease, err := state.Claim(ctx, a.store, alert.Lease, a.owner, a.now(), a.o.LookTimeout+2*time.Minute)
	if _, held := errors.AsType[*state.HeldError](err); held {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claiming the alerts: %w", err)
	}
	defer func() {
		// Where this fails the lease ends by itself.
		_ = state.Release(context.WithoutCancel(ctx), a.store, lease)
	}()
	if len(hints) > 0 {
		if err := a.follow(ctx, lease, hints); err != nil || !due {
			return false, err
		}
		if lease, err = state.Claim(ctx, a.store, alert.Lease, a.owner, a.now(), a.o.LookTimeout+2*time.Minute); err != nil {
			return false, fmt.Errorf("claiming the alerts: %w", err)
		}
	}
	if due, err = alert.Due(ctx, a.store, a.o.Every, a.now()); err != nil || !due {
		return false, err // another replica was quicker
	}
	return true, a.scan(ctx, lease)
}

// ripe are the hints to follow now: all, once the oldest has waited for others.
func (a *Alerter) ripe(ctx context.Context) ([]alert.Hint, error) {
	all, err := alert.Hints(ctx, a.store)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.noted = len(all)
	a.mu.Unlock()
	now := a.now()
	ripe := false
	var list []alert.Hint
	for _, h := range all {
		if now.Before(h.Again) {
			continue
		}
		list = append(list, h)
		ripe = ripe || now.Sub(h.Since).Abs() >= a.o.Collect
	}
	if !ripe {
		return nil, nil
	}
	return list, nil
}

// An addressee is a channel that is alerted.
type addressee struct {
	digest.Subscription
	filter digest.Selector
	board  *alert.Board
}

// addressees are the channels that are alerted, with what they know. Of those
// that are not, what they knew is forgotten where forget is set: once they are
// again, it begins anew.
func (a *Alerter) addressees(ctx context.Context, forget bool) ([]addressee, error) {
	subscriptions, err := digest.Subscriptions(ctx, a.store, a.Digester.o.Routing.Defaults(a.Digester.o.Standard))
	if err != nil {
		return nil, err
	}
	var list []addressee
	alerted := map[string]bool{}
	for _, s := range subscriptions {
		if s.Off || s.NoAlerts {
			continue
		}
		filter, err := s.Selector()
		if err != nil {
			continue
		}
		board, err := alert.Load(ctx, a.store, s.Channel)
		if err != nil {
			return nil, err
		}
		alerted[s.Channel] = true
		list = append(list, addressee{s, filter, board})
	}
	if !forget {
		return list, nil
	}
	known, err := alert.Channels(ctx, a.store)
	if err != nil {
		return nil, err
	}
	for channel := range known {
		if !alerted[channel] {
			if err := alert.Remove(ctx, a.store, channel); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// scope is which certificates are a channel's, in words.
func (a *Alerter) scope(s addressee) string {
	if s.Filter != "" {
		return s.Filter
	}
	words := []string{"default " + a.Digester.o.Routing.Default}
	for _, r := range a.Digester.o.Routing.Routes {
		words = append(words, r.String()+" => "+r.Channel)
	}
	return strings.Join(words, ", ")
}

// byTags reports whether a certificate's tags decide who is told of it.
func (a *Alerter) byTags(list []addressee) bool {
	return a.Digester.o.Routing.Tagged() || slices.ContainsFunc(list, func(s addressee) bool { return s.filter.Tag != "" })
}

// scan looks through all certificates.
func (a *Alerter) scan(ctx context.Context, lease state.Lease) (err error) {
	ctx, end := a.tracer.Begin(ctx, "alert scan")
	defer func() { end(err) }()
	list, err := a.addressees(ctx, true)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		a.scanned() // nobody waits for it
		return nil
	}
	began := a.now()
	n, err := alert.Begin(ctx, a.store, lease, true, began)
	if err != nil {
		return err
	}
	l := a.look()
	if estate, ok := a.estate.(diagnose.Rereader); ok {
		listing := estate.Reread(ctx, began)
		l.list = &listing
	}
	l.listing(ctx)
	a.mu.Lock()
	old := l.list.At.Equal(a.listed) // earlier is a clock that was put back
	a.listed = l.list.At
	a.mu.Unlock()
	if old || ctx.Err() != nil {
		return ctx.Err() // nothing new could be read
	}
	at := l.list.At
	read := map[diagnose.Place]bool{}
	for _, p := range l.list.Scope.Places {
		read[p] = true
	}
	known := map[string]bool{}
	for _, s := range list {
		for arn := range s.board.Incidents {
			known[arn] = true
		}
	}
	var concerned []string
	for i := range l.list.Certificates {
		if c := &l.list.Certificates[i]; known[c.ARN] || alert.May(c, at, a.thresholds()) {
			concerned = append(concerned, c.ARN)
		}
	}
	if a.byTags(list) {
		l.tag(ctx, concerned)
	}
	if err := a.tellAll(ctx, l, n, list, concerned, read, nil); err != nil {
		return err
	}
	a.scanned()
	return nil
}

func (a *Alerter) scanned() {
	if a.observer != nil {
		a.observer.AlertsScanned(a.now())
	}
}

func (a *Alerter) thresholds() []int { return a.Digester.o.Thresholds }

// follow looks at the certificates that events told of.
func (a *Alerter) follow(ctx context.Context, lease state.Lease, hints []alert.Hint) (err error) {
	ctx, end := a.tracer.Begin(ctx, "alert events", slog.Int("events", len(hints)))
	defer func() { end(err) }()
	list, err := a.addressees(ctx, false)
	if err != nil {
		return err
	}
	n, err := alert.Begin(ctx, a.store, lease, false, a.now())
	if err != nil {
		return err
	}
	l := a.look()
	l.listing(ctx)
	at := map[string]int{}
	for i := range l.list.Certificates {
		at[l.list.Certificates[i].ARN] = i
	}
	l.list.Certificates = slices.Clone(l.list.Certificates)
	events := map[string]alert.Hint{}
	var concerned []string
	var certificates []*diagnose.Listed
	for _, h := range hints {
		if outside(l.list.Scope, h) {
			a.log.DebugContext(ctx, "an event is about an account or region that is not looked at", "certificate", h.ARN)
			if err := alert.Looked(ctx, a.store, h, true, a.now()); err != nil {
				return err
			}
			continue
		}
		events[h.ARN] = h
		concerned = append(concerned, h.ARN)
		certificates = append(certificates, &diagnose.Listed{CertificateRef: diagnose.CertificateRef{ARN: h.ARN}})
	}
	l.diagnose(ctx, certificates)
	if err := ctx.Err(); err != nil {
		return err
	}
	// What is seen now takes the place of what was listed before.
	for arn, r := range l.reports {
		c := alert.ListedOf(&r.Certificate)
		if i, ok := at[arn]; !ok {
			l.list.Certificates = append(l.list.Certificates, c)
		} else {
			if c.Tags == nil {
				c.Tags = l.list.Certificates[i].Tags
			}
			l.list.Certificates[i] = c
		}
	}
	l.list.At = a.now().UTC()
	if a.byTags(list) {
		l.tag(ctx, concerned)
	}
	seen := slices.DeleteFunc(slices.Clone(concerned), func(arn string) bool { return l.reports[arn] == nil })
	if err := a.tellAll(ctx, l, n, list, seen, nil, events); err != nil {
		return err // the hints stay
	}
	for arn, h := range events {
		if err := alert.Looked(ctx, a.store, h, l.reports[arn] != nil, a.now()); err != nil {
			return err
		}
	}
	return nil
}

// outside reports whether an event is for certain about an account or region
// that the bot does not look at.
func outside(scope diagnose.Scope, h alert.Hint) bool {
	if h.Account == "" || h.Region == "" || len(scope.Places) == 0 {
		return false
	}
	for _, p := range scope.Places {
		if p.Account == h.Account && p.Region == h.Region {
			return false
		}
	}
	for _, u := range scope.Unreadable {
		if (u.Account == "" || u.Account == h.Account) && (u.Region == "" || u.Region == h.Region) {
			return false
		}
	}
	return true
}

// tellAll diagnoses what has to be and gives each channel its share of what is
// seen of some certificates. Read are the places that were read as a whole, nil
// where that is none; events are what was told of the certificates by ARN.
func (a *Alerter) tellAll(ctx context.Context, l *look, n int64, list []addressee, concerned []string, read map[diagnose.Place]bool, events map[string]alert.Hint) error {
	at := l.list.At
	index := map[string]int{}
	for i := range l.list.Certificates {
		index[l.list.Certificates[i].ARN] = i
	}
	byTags := a.byTags(list)
	_, tagger := a.estate.(diagnose.Tagger)
	var certificates []diagnose.Listed
	blind := map[string]bool{} // whose they are is not known
	// Where nobody has allowed to read tags, what has none goes where the rest
	// goes: else nobody would ever hear of it.
	untagged := map[string]bool{}
	for _, arn := range concerned {
		i, ok := index[arn]
		if !ok {
			continue
		}
		c := l.list.Certificates[i]
		if byTags && tagger && c.Tags == nil {
			if !l.denied[diagnose.Place{Account: c.Account, Region: c.Region}] {
				blind[arn] = true
				continue
			}
			untagged[arn] = true
		}
		certificates = append(certificates, c)
	}
	owned := make([][]digest.Owned, len(list))
	var wanted []*diagnose.Listed
	asked := map[string]bool{}
	for n, s := range list {
		owned[n] = a.Digester.o.Routing.ForChannel(s.Channel, s.filter, certificates)
		for _, o := range owned[n] {
			if !asked[o.ARN] && a.worthALook(s.board, o.Listed, at) {
				asked[o.ARN] = true
				wanted = append(wanted, o.Listed)
			}
		}
	}
	slices.SortStableFunc(wanted, func(x, y *diagnose.Listed) int { return x.NotAfter.Compare(y.NotAfter) })
	l.diagnose(ctx, wanted)
	if err := ctx.Err(); err != nil {
		return err // what was cut short is no picture of anything
	}
	snoozes, err := a.snoozes(ctx)
	if err != nil {
		return err
	}
	var places []diagnose.Place
	for p := range read {
		places = append(places, p)
	}
	var errs []error
	for n2, s := range list {
		seen := alert.Look{N: n, At: a.now().UTC(), Apart: a.o.Every / 2, Scope: a.scope(s), Read: places}
		mine := map[string]bool{}
		for _, o := range owned[n2] {
			mine[o.ARN] = true
			if !asked[o.ARN] && l.reports[o.ARN] == nil {
				continue // nothing new
			}
			r := l.reports[o.ARN]
			sight := alert.See(o, r, at, a.thresholds())
			sight.Events, sight.Sent = events[o.ARN].Kinds, events[o.ARN].Sent
			if snooze, ok := snoozes[o.ARN]; ok {
				sight.Snoozed = r == nil || snooze.Holds(r)
			}
			if r != nil && (sight.Snoozed || !sight.Status.Trouble()) {
				a.calmDown(o.ARN, sight.Basis)
			}
			seen.Sights = append(seen.Sights, sight)
		}
		for arn, i := range s.board.Incidents {
			place := diagnose.Place{Account: i.Item.Account, Region: i.Item.Region}
			_, listed := index[arn]
			switch {
			case mine[arn] || blind[arn] || untagged[arn] || read == nil:
			case listed:
				seen.Sights = append(seen.Sights, alert.Sight{Item: i.Item, Status: alert.Elsewhere})
			case read[place]:
				seen.Sights = append(seen.Sights, alert.Sight{Item: i.Item, Status: alert.Gone})
			}
		}
		err := alert.Change(ctx, a.store, s.Channel, a.now(), func(b *alert.Board) bool { return b.Take(seen) })
		if err != nil {
			errs = append(errs, err)
		}
		a.mark(s.Channel, true)
	}
	return errors.Join(errs...)
}

// worthALook reports whether a certificate is to be diagnosed for a channel.
func (a *Alerter) worthALook(b *alert.Board, c *diagnose.Listed, at time.Time) bool {
	basis := alert.Basis(c, at, a.thresholds())
	i := b.Incidents[c.ARN]
	if i == nil || !i.Open() {
		if !alert.May(c, at, a.thresholds()) && (i == nil || i.Doubt == nil) {
			return false
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		was, ok := a.calm[c.ARN]
		return !ok || i != nil && i.Doubt != nil || was.basis != basis || a.now().Sub(was.at).Abs() >= calmFor || !b.Knows(c.Account, c.Region)
	}
	again := chronicIn
	if a.now().Sub(i.Since) < 24*time.Hour {
		again = freshFor
	}
	return i.Doubt != nil || i.Basis != basis || a.now().Sub(i.Looked).Abs() >= again
}

// calmDown remembers that a certificate is in no trouble.
func (a *Alerter) calmDown(arn, basis string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for arn, c := range a.calm {
		if len(a.calm) > 10000 && now.Sub(c.at).Abs() >= calmFor {
			delete(a.calm, arn)
		}
	}
	a.calm[arn] = calm{basis, now}
}

// mark notes whether a channel's first messages may not show how things are.
func (a *Alerter) mark(channel string, stale bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if stale {
		a.stale[channel] = true
	} else {
		delete(a.stale, channel)
	}
}

func (a *Alerter) marked(channel string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stale[channel]
}

// deliver posts what there is to tell. With all set it also looks whether all
// first messages show how things are.
func (a *Alerter) deliver(ctx context.Context, all bool) (posted int, err error) {
	channels, err := alert.Channels(ctx, a.store)
	if err != nil {
		return 0, err
	}
	var errs []error
	for channel, waiting := range channels {
		if (waiting == 0 && !all && !a.marked(channel)) || a.putOff("alerts "+channel, a.now()) {
			continue
		}
		n, err := a.deliverTo(ctx, channel)
		posted += n
		if err != nil {
			errs = append(errs, fmt.Errorf("the alerts of %s: %w", channel, err))
		}
		a.remember("alerts "+channel, err)
		a.mark(channel, err != nil)
	}
	return posted, errors.Join(errs...)
}

func (a *Alerter) deliverTo(ctx context.Context, channel string) (posted int, err error) {
	stuck := map[string]bool{} // threads
	var errs []error
	for ctx.Err() == nil {
		b, err := alert.Load(ctx, a.store, channel)
		if err != nil {
			return posted, errors.Join(append(errs, err)...)
		}
		at := slices.IndexFunc(b.Outbox, func(n alert.Notice) bool { return !stuck[n.Thread] })
		if at < 0 {
			return posted, errors.Join(append(errs, a.refresh(ctx, b))...)
		}
		n := b.Outbox[at]
		did, err := a.post(ctx, b, n)
		if did {
			posted++
		}
		if err != nil {
			stuck[n.Thread] = true
			if !errors.Is(err, digest.ErrElsewhere) {
				errs = append(errs, err)
			}
			if len(errs) == mostFailures {
				return posted, errors.Join(errs...) // it may be Slack, or the channel
			}
		}
	}
	return posted, errors.Join(append(errs, ctx.Err())...)
}

// alertEvent is the type of the metadata on alerts.
const alertEvent = "acmbot_alert"

// tried tells who observes what came of a notice.
func (a *Alerter) tried(n alert.Notice, result AlertResult) {
	if a.observer != nil {
		a.observer.AlertTried(string(n.News[0]), result)
	}
}

// post posts one notice, unless it stands there already, and strikes it off.
func (a *Alerter) post(ctx context.Context, b *alert.Board, n alert.Notice) (bool, error) {
	t := b.Threads[n.Thread]
	if t == nil {
		return false, a.struck(ctx, b, n, "", "")
	}
	if b.Stale(&n, a.now()) {
		a.log.ErrorContext(ctx, "an alert could not be posted for days; it is dropped, as what came later tells it", "channel", b.Channel, "thread", n.Thread, "news", n.News)
		a.tried(n, AlertDropped)
		return false, a.struck(ctx, b, n, "", "")
	}
	if !n.Final {
		var err error
		if n, err = a.finish(ctx, b, n); err != nil {
			return false, err
		}
	}
	card, ok := b.Card(n.Thread)
	if !ok {
		card = n.Card
	}
	n.Late(card, a.now())
	sees, err := a.api.gate.posting(ctx, b.Channel)
	if withheld, ok := errors.AsType[*withheldError](err); ok && withheld.reason != access.UnknownPlace {
		a.log.WarnContext(ctx, "nothing may be posted in a channel; an alert is dropped", "channel", b.Channel, "reason", withheld.Error())
		a.tried(n, AlertDropped)
		return false, a.struck(ctx, b, n, "", "")
	}
	if err != nil {
		return false, err
	}
	opts := view.AlertOptions{Channel: b.Channel, Thread: n.Thread}
	m := view.AlertNews(n, opts)
	if t.TS != "" {
		// Slack takes a reply to a message that is gone for one outside threads.
		// It tells that it is gone to who changes it.
		gone, err := a.show(ctx, b.Channel, n.Thread, t.TS, card)
		if err != nil {
			return false, err
		}
		if gone {
			t.TS = ""
			if err := a.detached(ctx, b.Channel, n.Thread); err != nil {
				return false, err
			}
		}
	}
	if t.TS == "" {
		m = view.Alert(card, &n, opts)
	}
	payload := n.Metadata()
	if !sees {
		delete(payload, "arn") // it holds an account's id
	}
	id := b.Channel + "/" + n.Thread + "#" + fmt.Sprint(n.N)
	payload["id"] = id
	did, ts, err := a.poster.Once(ctx, digest.Post{
		Kind: "alert-post", ID: id,
		Send: func(ctx context.Context) (string, error) {
			return a.send(ctx, b.Channel, t.TS, m, alertEvent, payload)
		},
		Find: func(ctx context.Context, since time.Time) (string, bool, error) {
			return a.find(ctx, b.Channel, t.TS, alertEvent, id, since)
		},
	})
	if err != nil && !errors.Is(err, digest.ErrElsewhere) {
		a.tried(n, AlertFailed)
	}
	switch slackCode(err) {
	case "thread_not_found", "cannot_reply_to_message": // somebody deleted its first message
		return did, errors.Join(err, a.detached(ctx, b.Channel, n.Thread))
	}
	if did {
		a.tried(n, AlertPosted)
		a.log.InfoContext(ctx, "posted an alert", "channel", b.Channel, "thread", n.Thread, "news", n.News, "certificates", max(1, n.Card.Counts.All))
	}
	if err != nil {
		return did, err
	}
	return did, a.struck(ctx, b, n, ts, card.Hash())
}

// finish completes a notice before it is posted: those who watch the certificate
// in its thread are named.
func (a *Alerter) finish(ctx context.Context, b *alert.Board, n alert.Notice) (alert.Notice, error) {
	var watchers []string
	if ts := b.Threads[n.Thread].TS; n.Card.Wave == nil && ts != "" {
		var err error
		if watchers, err = watch.In(ctx, a.store, watch.Place{Channel: b.Channel, Thread: ts}, n.Card.Item.ARN); err != nil {
			return n, err
		}
	}
	err := alert.Change(ctx, a.store, b.Channel, a.now(), func(b *alert.Board) bool {
		o := b.Notice(n.Thread, n.N)
		if o == nil {
			return false
		}
		if !o.Final {
			for _, u := range watchers {
				if !slices.Contains(o.Users, u) {
					o.Users = append(o.Users, u)
				}
			}
			o.Final = true
		}
		n = *o
		return true
	})
	return n, err
}

// struck takes a notice out of the outbox. The first one that is posted is what
// the others are replies to.
func (a *Alerter) struck(ctx context.Context, b *alert.Board, n alert.Notice, ts, shown string) error {
	return alert.Change(ctx, a.store, b.Channel, a.now(), func(b *alert.Board) bool {
		at := slices.IndexFunc(b.Outbox, func(o alert.Notice) bool { return o.Thread == n.Thread && o.N == n.N })
		if at < 0 {
			return false
		}
		b.Outbox = slices.Delete(b.Outbox, at, at+1)
		t := b.Threads[n.Thread]
		if t == nil || ts == "" {
			return true
		}
		t.Named, t.Shown = n.Users, shown
		if t.TS == "" {
			t.TS = ts
		}
		return true
	})
}

// refresh brings first messages up to date, where they do not show how things
// are.
func (a *Alerter) refresh(ctx context.Context, b *alert.Board) error {
	waiting := map[string]bool{}
	for _, n := range b.Outbox {
		waiting[n.Thread] = true
	}
	shown := map[string]string{}
	var errs []error
	for id, t := range b.Threads {
		card, ok := b.Card(id)
		if !ok || t.TS == "" || t.Shown == card.Hash() || waiting[id] {
			continue
		}
		if _, err := a.show(ctx, b.Channel, id, t.TS, card); err != nil {
			if errs = append(errs, err); len(errs) == mostFailures {
				break
			}
			continue
		}
		shown[id] = card.Hash()
	}
	if len(shown) > 0 {
		errs = append(errs, alert.Change(ctx, a.store, b.Channel, a.now(), func(b *alert.Board) bool {
			for id, hash := range shown {
				if t := b.Threads[id]; t != nil {
					t.Shown = hash
				}
			}
			return true
		}))
	}
	return errors.Join(errs...)
}

// show brings a first message up to date. It reports whether it is gone: somebody
// has deleted it.
func (a *Alerter) show(ctx context.Context, channel, thread, ts string, card alert.Card) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	err = a.api.updateBy(ctx, a.api.once, channel, ts, view.Alert(card, nil, view.AlertOptions{Channel: channel, Thread: thread}))
	switch slackCode(err) {
	case "message_not_found":
		return true, nil
	case "cant_update_message", "edit_window_closed":
		return false, nil // Slack keeps it as it is
	}
	return false, err
}

// detached notes that a thread's first message is gone: what comes next is one
// again.
func (a *Alerter) detached(ctx context.Context, channel, thread string) error {
	return alert.Change(ctx, a.store, channel, a.now(), func(b *alert.Board) bool {
		if t := b.Threads[thread]; t != nil {
			t.TS = ""
		}
		return true
	})
}

// covers reports whether an alert's own thread tells what a watch in it is to
// tell. The certificate is then looked at soon, and those who watch are named in
// what the thread says.
func (a *Alerter) covers(ctx context.Context, w watch.Watch) bool {
	if a == nil || w.Place.Direct() {
		return false
	}
	var covers bool
	err := alert.Change(ctx, a.store, w.Place.Channel, a.now(), func(b *alert.Board) (changed bool) {
		covers, changed = b.Covers(&w, a.thresholds())
		return changed
	})
	if err != nil || !covers {
		return false // rather twice than never
	}
	if err := alert.Nudge(ctx, a.store, w.ARN, a.now()); err != nil {
		a.log.WarnContext(ctx, "a watched certificate waits for the next scan", "error", err)
	}
	return true
}
