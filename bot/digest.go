package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/requestid"
)

// DigestOptions say what the daily digests are like. All have defaults.
type DigestOptions struct {
	// Routing is who gets which certificates.
	Routing digest.Routing
	// Standard is how a channel gets its digest where nobody has said
	// otherwise: time of day, time zone, weekdays and quiet days.
	Standard digest.Subscription
	// Thresholds are the days left at which a user group is mentioned: 14, 7, 3
	// and 1 by default.
	Thresholds []int
	// Window is how late a digest still comes; 6 hours by default, and less
	// than a day.
	Window time.Duration
	// MostLooks is how many certificates are diagnosed for the digests of one
	// time, 1000 by default, and Looks how many at once, 4 by default.
	MostLooks, Looks int
	// LookTimeout is how long that may take altogether; 8 minutes by default.
	LookTimeout time.Duration
}

// digestEvery is how often is looked whether a digest is due.
const digestEvery = 30 * time.Second

// A Digester makes and posts digests. Any number may share a store; each digest
// is posted once.
type Digester struct {
	o             DigestOptions
	estate        diagnose.Estate
	store         state.Store
	diagnostician diagnose.Diagnostician
	api           api
	command       string
	now           func() time.Time
	log           *slog.Logger
	tracer        Tracer
	owner         string
	poster        *digest.Poster
	standings     *standings

	mu    sync.Mutex
	after map[string]time.Time // not to be tried again before
	tries map[string]int
}

// NewDigester returns a Digester that posts with the options' bot token, as
// their Digest says. Diagnostician, Estate and Store must be set; the app-level
// token is not needed.
func NewDigester(opts Options) *Digester {
	opts = opts.calling()
	return newDigester(opts, newAPI(opts))
}

// newDigester returns a Digester that posts with an api, which may be a bot's:
// what is known of people and places is shared then. The options have what
// calling gives them.
func newDigester(opts Options, a api) *Digester {
	o := opts.Digest
	if o.Window <= 0 {
		o.Window = 6 * time.Hour
	}
	o.Window = min(o.Window, 23*time.Hour)
	if len(o.Thresholds) == 0 {
		o.Thresholds = []int{14, 7, 3, 1}
	}
	if o.MostLooks <= 0 {
		o.MostLooks = 1000
	}
	if o.Looks <= 0 {
		o.Looks = 4
	}
	if o.LookTimeout <= 0 {
		o.LookTimeout = 8 * time.Minute
	}
	if o.Standard.Zone == "" {
		o.Standard.Zone = "UTC"
	}
	if o.Standard.Quiet == "" {
		o.Standard.Quiet = digest.QuietLine
	}
	owner := state.NewOwner()
	return &Digester{
		o: o, estate: opts.Estate, store: opts.Store, diagnostician: opts.Diagnostician, api: a, command: opts.Command, now: opts.Now, log: opts.Logger, tracer: opts.Tracer,
		owner: owner, poster: &digest.Poster{Store: opts.Store, Owner: owner, Now: opts.Now}, standings: newStandings(opts.Observer, opts.Now()), after: map[string]time.Time{}, tries: map[string]int{},
	}
}

// Run posts digests as they fall due, until ctx ends.
func (d *Digester) Run(ctx context.Context) {
	for {
		// What goes on for the digests has an id, too, by which the calls to
		// AWS belong together in the log.
		tick := requestid.With(ctx, newRequestID())
		if _, err := d.Tick(tick); err != nil && ctx.Err() == nil {
			d.log.ErrorContext(tick, "digests could not be posted; trying again", "error", err, "code", slackCode(err))
		}
		if pause(ctx, digestEvery) != nil {
			return
		}
	}
}

// A task is a digest that is due.
type digestTask struct {
	digest.Subscription
	due  time.Time
	date digest.Date
	ago  int // see digest.Input
}

func (t digestTask) id() string { return digest.PostID(t.Channel, t.date) }

// Tick posts the digests that are due now, and returns how many this call has
// posted. Its error joins what went wrong; it is to be called again then.
func (d *Digester) Tick(ctx context.Context) (posted int, err error) {
	tasks, err := d.due(ctx)
	if err != nil || len(tasks) == 0 {
		return 0, err
	}
	// One replica looks at the certificates for all. This saves calls; that a
	// digest is posted once does not rest on it.
	lease, err := state.Claim(ctx, d.store, state.Key{Kind: "digest-lease", ID: "look"}, d.owner, d.now(), d.o.LookTimeout+2*time.Minute)
	if _, held := errors.AsType[*state.HeldError](err); held {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("claiming the digests: %w", err)
	}
	defer func() {
		// Where this fails the lease ends by itself.
		_ = state.Release(context.WithoutCancel(ctx), d.store, lease)
	}()

	view := d.look()
	var errs []error
	for _, t := range tasks {
		did, err := d.post(ctx, t, view)
		if did {
			posted++
		}
		if err != nil && !errors.Is(err, digest.ErrElsewhere) {
			errs = append(errs, fmt.Errorf("the digest of %s for %s: %w", t.date, t.Channel, err))
		}
		d.remember(t.id(), err)
	}
	return posted, errors.Join(errs...)
}

// longestWait is how long a digest that cannot be posted is put off at most.
const longestWait = 10 * time.Minute

// remember puts off what failed: the longer, the more often.
func (d *Digester) remember(id string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil || errors.Is(err, digest.ErrElsewhere) {
		delete(d.after, id)
		delete(d.tries, id)
		return
	}
	wait := min(digestEvery<<min(d.tries[id], 5), longestWait)
	d.tries[id]++
	d.after[id] = d.now().Add(wait)
}

func (d *Digester) putOff(id string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	// A clock that was put back makes no wait longer than any is.
	wait := d.after[id].Sub(now)
	return wait > 0 && wait <= longestWait
}

// due lists what is due and was not posted yet.
func (d *Digester) due(ctx context.Context) ([]digestTask, error) {
	list, err := digest.Subscriptions(ctx, d.store, d.o.Routing.Defaults(d.o.Standard))
	if err != nil {
		return nil, err
	}
	now := d.now()
	var tasks []digestTask
	var channels []DigestStanding
	for _, s := range list {
		if s.Off {
			continue
		}
		t := digestTask{Subscription: s}
		t.due, t.date = s.Schedule().Last(now)
		// Who wishes for a digest at ten for nine o'clock means tomorrow.
		due := t.date != "" && now.Sub(t.due) <= d.o.Window && !t.due.Before(s.Changed) && !d.putOff(t.id(), now)
		if !due && d.standings.observer == nil {
			continue
		}
		posted, err := d.standings.posted(ctx, d.store, t)
		if err != nil {
			return nil, err
		}
		if due && !posted {
			tasks = append(tasks, t)
		}
		if d.standings.observer != nil {
			channels = append(channels, d.standings.standing(ctx, d.store, t, posted, d.o.Window, now))
		}
	}
	if d.standings.observer != nil {
		d.standings.observer.DigestsChecked(now, channels)
	}
	return tasks, nil
}

// post posts one digest, unless it stands there already.
func (d *Digester) post(ctx context.Context, t digestTask, l *look) (posted bool, err error) {
	ctx, end := d.tracer.Begin(ctx, "digest", slog.String("digest_date", string(t.date)))
	defer func() {
		if errors.Is(err, digest.ErrElsewhere) {
			end(nil)
			return
		}
		end(err)
	}()
	if _, err := d.api.gate.posting(ctx, t.Channel); err != nil {
		return false, err // before anything is looked at for it
	}
	content, err := d.content(ctx, t, l)
	if err != nil {
		d.standings.tried(t.Channel, DigestFailed)
		return false, err
	}
	spoken := t.Quiet != digest.QuietNothing || !content.Quiet() || len(content.Email) > 0
	did, _, err := d.poster.Once(ctx, digest.Post{
		Kind: digest.PostKind, ID: t.id(),
		Send: func(ctx context.Context) (string, error) {
			if !spoken {
				return "", nil
			}
			_, rendered := d.tracer.Step(ctx, "render")
			message := view.Digest(content, view.DigestOptions{Command: d.command})
			rendered(nil)
			ctx, sent := d.tracer.Step(ctx, "post")
			ts, err := d.send(ctx, t.Channel, "", message, digestEvent, map[string]any{"id": t.id()})
			sent(err)
			return ts, err
		},
		Find: func(ctx context.Context, since time.Time) (string, bool, error) {
			return d.find(ctx, t.Channel, "", digestEvent, t.id(), since)
		},
	})
	if did && spoken {
		d.log.InfoContext(ctx, "posted a digest", "channel", t.Channel, "date", t.date, "late", content.Late)
	}
	switch {
	case did && !spoken:
		d.standings.tried(t.Channel, DigestQuiet)
	case did && content.Late > 0:
		d.standings.tried(t.Channel, DigestLate)
	case did:
		d.standings.tried(t.Channel, DigestPosted)
	case err != nil && !errors.Is(err, digest.ErrElsewhere):
		d.standings.tried(t.Channel, DigestFailed)
	}
	return did && spoken, err
}

// content is what the digest says. What an attempt before has gathered serves
// again, if it is not old.
func (d *Digester) content(ctx context.Context, t digestTask, l *look) (digest.Digest, error) {
	now := d.now()
	kept, err := digest.Kept(ctx, d.store, t.Channel, t.date)
	if err == nil && now.Sub(kept.At) < 30*time.Minute && !now.Before(kept.At) {
		return kept, nil
	}
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return digest.Digest{}, err
	}
	content, err := d.make(ctx, t, l)
	if err != nil {
		return digest.Digest{}, err
	}
	if err := digest.Keep(ctx, d.store, content, now); err != nil {
		return digest.Digest{}, fmt.Errorf("keeping it: %w", err)
	}
	return content, nil
}

func (d *Digester) make(ctx context.Context, t digestTask, l *look) (made digest.Digest, err error) {
	ctx, end := d.tracer.Step(ctx, "gather the digest")
	defer func() { end(err) }()
	filter, err := t.Selector()
	if err != nil {
		return digest.Digest{}, fmt.Errorf("its filter cannot be read: %w", err)
	}
	before, err := digest.Before(ctx, d.store, t.Channel, t.date)
	if err != nil {
		return digest.Digest{}, err
	}
	snoozes, err := d.snoozes(ctx)
	if err != nil {
		return digest.Digest{}, err
	}
	l.listing(ctx)
	if filter.Tag != "" || d.o.Routing.Tagged() {
		l.tags(ctx, before)
	}
	owned := d.o.Routing.ForChannel(t.Channel, filter, l.list.Certificates)
	mine := make([]diagnose.Listed, len(owned))
	for i, o := range owned {
		mine[i] = *o.Listed
	}
	l.diagnose(ctx, digest.Due(mine, l.list.At))
	if err := ctx.Err(); err != nil {
		return digest.Digest{}, err // what was cut short is no picture of anything
	}
	return digest.Make(digest.Input{
		Channel: t.Channel, Date: t.date, Due: t.due, At: d.now().UTC(), Listing: l.list, Owned: owned, Reports: l.reports,
		Snoozes: snoozes, Before: before, Ago: t.ago, Thresholds: d.o.Thresholds,
	}), nil
}

// snoozes are what nobody wants to hear of now.
func (d *Digester) snoozes(ctx context.Context) (map[string]digest.Snooze, error) {
	now := d.now()
	list, err := watch.Snoozes(ctx, d.store, now)
	if err != nil {
		return nil, err
	}
	snoozes := map[string]digest.Snooze{}
	for arn, s := range list {
		snoozes[arn] = digest.Snooze{
			Until: s.Until, By: s.By, Reason: s.Reason,
			Holds: func(r *diagnose.Report) bool { return s.Holds(watch.See(r), now) },
		}
	}
	return snoozes, nil
}

// Preview makes the digest that a channel would get now, and keeps nothing.
func (d *Digester) Preview(ctx context.Context, s digest.Subscription) (digest.Digest, error) {
	now := d.now()
	zone := s.Schedule().Zone
	return d.make(ctx, digestTask{Subscription: s, date: digest.Date(now.In(zone).Format(time.DateOnly))}, d.look())
}

// Subscription is how a channel gets its digest now, and whether it does.
func (d *Digester) Subscription(ctx context.Context, channel string) (digest.Subscription, bool, error) {
	list, err := digest.Subscriptions(ctx, d.store, d.o.Routing.Defaults(d.o.Standard))
	if err != nil {
		return digest.Subscription{}, false, err
	}
	for _, s := range list {
		if s.Channel == channel {
			return s, !s.Off, nil
		}
	}
	s := d.o.Standard
	s.Channel = channel
	return s, false, nil
}

// next is when a channel's next digest is due: that of a day that has none yet.
func (d *Digester) next(ctx context.Context, s digest.Subscription) (time.Time, error) {
	due, date := s.Schedule().Next(d.now())
	r, err := state.Load[digest.Posting](ctx, d.store, state.Key{Kind: digest.PostKind, ID: digest.PostID(s.Channel, date)})
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return time.Time{}, fmt.Errorf("looking what was posted: %w", err)
	}
	if r.Value.Posted {
		due, _ = s.Schedule().Next(due)
	}
	return due, nil
}

// PostNow posts today's digest of a channel, whatever its time, unless it was
// posted today. It is for a store that forgets and for where no bot runs: it
// looks in the channel first, and what it posts has no buttons. It returns
// whether it was posted by this call.
func (d *Digester) PostNow(ctx context.Context, s digest.Subscription) (digest.Digest, bool, error) {
	now := d.now()
	today := now.In(s.Schedule().Zone)
	t := digestTask{Subscription: s, date: digest.Date(today.Format(time.DateOnly)), ago: 1}
	if s.Weekdays && today.Weekday() == time.Monday {
		t.ago = 3
	}
	if _, err := d.api.gate.posting(ctx, t.Channel); err != nil {
		return digest.Digest{}, false, err
	}
	content, err := d.content(ctx, t, d.look())
	if err != nil {
		return digest.Digest{}, false, err
	}
	if t.Quiet == digest.QuietNothing && content.Quiet() && len(content.Email) == 0 {
		return content, false, nil
	}
	did, _, err := d.poster.Once(ctx, digest.Post{
		Kind: digest.PostKind, ID: t.id(), Search: true,
		Send: func(ctx context.Context) (string, error) {
			return d.send(ctx, t.Channel, "", view.Digest(content, view.DigestOptions{Command: d.command, Still: true}), digestEvent, map[string]any{"id": t.id()})
		},
		Find: func(ctx context.Context, since time.Time) (string, bool, error) {
			return d.find(ctx, t.Channel, "", digestEvent, t.id(), since)
		},
	})
	return content, did, err
}

// PostTrouble says in words why something was not posted.
func PostTrouble(err error) string {
	switch code := slackCode(err); code {
	case "not_in_channel", "channel_not_found":
		return "the bot is not in that channel; invite it there"
	case "is_archived":
		return "the channel is archived"
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired":
		return "Slack does not take the bot token"
	case "missing_scope":
		return "the app lacks a scope; compare it with manifest.yml"
	case "":
	default:
		return "Slack refuses it (" + code + ")"
	}
	if errors.Is(err, digest.ErrElsewhere) {
		return "another process is at it"
	}
	if withheld, ok := errors.AsType[*withheldError](err); ok {
		return withheld.Error()
	}
	if fault, ok := errors.AsType[*state.Fault](err); ok {
		return fault.Error()
	}
	return "Slack could not be reached, or did not answer; call again, it is not posted twice"
}

// digestEvent is the type of the metadata on what the digester posts ("Message
// metadata", https://docs.slack.dev/messaging/message-metadata).
const digestEvent = "acmbot_digest"

func (d *Digester) send(ctx context.Context, channel, thread string, m view.Message, event string, payload map[string]any) (ts string, err error) {
	if m, err = d.api.prepare(ctx, audience{channel: channel, all: true}, m); err != nil {
		return "", err
	}
	payload = d.api.metadata(ctx, channel, payload)
	err = d.api.plainly(m, func(m view.Message) error {
		opts := append(messageOptions(m, thread), slack.MsgOptionMetadata(slack.SlackMetadata{EventType: event, EventPayload: payload}))
		_, ts, err = d.api.once.PostMessageContext(ctx, channel, opts...)
		return err
	})
	return ts, err
}

// mostHistory is how many messages of a channel are looked through for one that
// may have been posted.
const mostHistory = 4000

// find looks for a message of the bot's in a channel, or in a thread, by the id
// in its metadata. Where the app may not look, a message twice is better than
// none.
func (d *Digester) find(ctx context.Context, channel, thread, event, id string, since time.Time) (ts string, found bool, err error) {
	p := place{channel: channel, thread: thread, oldest: fmt.Sprintf("%d.000000", since.Unix()), most: mostHistory}
	ts, err = d.api.search(ctx, d.api.once, p, event, "id", id)
	switch code := slackCode(err); code {
	case "missing_scope", "not_in_channel", "channel_not_found", "thread_not_found":
		d.log.WarnContext(ctx, "could not look whether a message was posted already", "channel", channel, "code", code)
		return "", false, nil
	}
	return ts, ts != "", err
}

// A look is what is seen of the certificates for the digests of one time: each
// is looked at once, whoever is told of it.
type look struct {
	d       *Digester
	list    *diagnose.Listing
	tagged  map[string]bool
	denied  map[diagnose.Place]bool // where tags may not be read
	looked  int
	reports map[string]*diagnose.Report
}

func (d *Digester) look() *look {
	return &look{d: d, tagged: map[string]bool{}, denied: map[diagnose.Place]bool{}, reports: map[string]*diagnose.Report{}}
}

func (l *look) listing(ctx context.Context) {
	if l.list != nil {
		return
	}
	listing := l.d.estate.List(ctx)
	if listing.At.IsZero() {
		listing.At = l.d.now().UTC()
	}
	l.list = &listing
}

// tags reads the tags of those that may be told of, since ACM tells them for
// one certificate at a time: those that are due, and those that the digest
// before had. What has no tags read goes where the rest goes.
func (l *look) tags(ctx context.Context, before *digest.Digest) {
	var arns []string
	for _, c := range digest.Due(l.list.Certificates, l.list.At) {
		arns = append(arns, c.ARN)
	}
	if before != nil {
		for _, i := range before.Known() {
			arns = append(arns, i.ARN)
		}
	}
	l.tag(ctx, arns)
}

// tag reads the tags of some certificates.
func (l *look) tag(ctx context.Context, arns []string) {
	tagger, ok := l.d.estate.(diagnose.Tagger)
	if !ok {
		return
	}
	at := map[string]int{}
	for i := range l.list.Certificates {
		at[l.list.Certificates[i].ARN] = i
	}
	var list []diagnose.Listed
	for _, arn := range arns {
		if i, ok := at[arn]; ok && l.list.Certificates[i].Tags == nil && !l.tagged[arn] {
			l.tagged[arn] = true
			list = append(list, l.list.Certificates[i])
		}
	}
	if len(list) == 0 {
		return
	}
	certificates := slices.Clone(l.list.Certificates) // the estate's own are shared
	tagged, unseen := tagger.Tagged(ctx, list)
	for _, c := range tagged {
		certificates[at[c.ARN]].Tags = c.Tags
	}
	for _, u := range unseen {
		if u.Permission != "" {
			l.denied[diagnose.Place{Account: u.Account, Region: u.Region}] = true
		}
	}
	l.list.Certificates = certificates
	l.list.Scope.Unreadable = append(slices.Clone(l.list.Scope.Unreadable), unseen...)
}

// diagnose diagnoses certificates, but no more than the bounds allow. What is
// left out has no report.
func (l *look) diagnose(ctx context.Context, list []*diagnose.Listed) {
	ctx, cancel := context.WithTimeout(ctx, l.d.o.LookTimeout)
	defer cancel()
	var mu sync.Mutex
	var all errgroup.Group
	all.SetLimit(l.d.o.Looks)
	for _, c := range list {
		mu.Lock()
		_, known := l.reports[c.ARN]
		mu.Unlock()
		if known || l.looked >= l.d.o.MostLooks {
			continue
		}
		l.looked++
		all.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			a := l.d.diagnostician.Answer(ctx, diagnose.Query{Text: c.ARN, ARN: c.ARN}, nil)
			if len(a.Reports) == 0 || ctx.Err() != nil {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			l.reports[c.ARN] = &a.Reports[0]
			return nil
		})
	}
	_ = all.Wait() // the functions return no errors
}
