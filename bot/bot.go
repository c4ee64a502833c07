package bot

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
	"github.com/acmbot/acmbot/diagnose/requestid"
)

// Options are what a Bot needs. BotToken, AppToken and Diagnostician must be
// set; the rest has defaults.
type Options struct {
	// BotToken is the app's bot token (xoxb-), AppToken its app-level token
	// (xapp-) with the scope connections:write.
	BotToken, AppToken string
	// BotTokenSource and AppTokenSource are where they are kept, for tokens that
	// may be replaced while the bot runs.
	BotTokenSource, AppTokenSource TokenSource
	// Rotated is told what became of a token that was found there, such as
	// "bot token" and TokenTaken; nobody by default.
	Rotated func(token, result string)
	// APIURL is where the Web API is, with a trailing slash; Slack's own by
	// default.
	APIURL string
	// Diagnostician answers the questions.
	Diagnostician diagnose.Diagnostician
	// Estate lists all certificates; nil where there is no list. One that is a
	// diagnose.Tagger too can be filtered by tags.
	Estate diagnose.Estate
	// Parse reads a question; diagnose.ParseQuery by default. Its error, where
	// it is a *diagnose.UsageError, is shown.
	Parse func(string) (diagnose.Query, error)
	// Command is the slash command, with its slash; "/acm" by default. It must
	// be the one in the manifest.
	Command string
	// Version is shown in the App Home.
	Version string
	// Logger gets structured lines without message contents or secrets; none
	// by default.
	Logger *slog.Logger

	// Observer is told what the bot does; nobody by default.
	Observer Observer
	// Tracer follows it step by step; nobody by default.
	Tracer Tracer
	// Store keeps what must survive a restart: watches, snoozes, and what was
	// taken and is not answered yet; in memory by default, where nothing
	// survives one. The caller closes it after Run.
	Store state.Store
	// FollowEvery is how often the store is looked through for what is due; 15 s
	// by default.
	FollowEvery time.Duration
	// Access is who may ask, and where.
	Access AccessOptions
	// Fix is what may be fixed from Slack, and by whom; nothing by default.
	Fix FixOptions

	// Checks makes the checks of `doctor` in Slack that are not of Slack itself:
	// of AWS, DNS, the store. Admins are the users and user groups, by id, who
	// may ask for it besides the workspace's admins and owners.
	Checks func() []checkup.Task
	Admins []string

	// Digest says what the daily digests are like. There are some where Estate
	// is set.
	Digest DigestOptions
	// Alert says how channels are told between their digests. There are alerts
	// where it is on and Estate is set.
	Alert AlertOptions
	// Events tell of certificates that are worth a look at once; nil where only
	// the scans find them. They are taken where there are alerts.
	Events diagnose.EventSource

	// Workers is how many diagnoses run at once (8), QueueLen how many requests
	// may wait beside those that run (64), and PerUser how many of them may be
	// one user's (4).
	Workers, QueueLen, PerUser int
	// AnswerTimeout ends a diagnosis; 60 s by default.
	AnswerTimeout time.Duration
	// ProgressAfter is when a question that takes time shows that it is being
	// worked on; 1 s by default.
	ProgressAfter time.Duration
	// Grace is how long a shutdown waits for what is under way; 10 s by
	// default.
	Grace time.Duration

	// Sockets is how many Socket Mode connections are held, so that one that is
	// refreshed leaves no gap; 2 by default. Slack allows an app ten ("Using
	// Socket Mode", https://docs.slack.dev/apis/events-api/using-socket-mode).
	Sockets int
	// Stagger is the time between opening them, so that they are not refreshed
	// together; 3 s by default.
	Stagger time.Duration
	// PingTimeout is how long a connection may go without a ping from Slack
	// before it counts as dead; 30 s by default.
	PingTimeout time.Duration

	// HTTPClient calls the Web API and the response URLs; one with timeouts and
	// the environment's proxy by default. Its transport's proxy and TLS
	// settings also serve the WebSocket.
	HTTPClient *http.Client
	// Now is the clock for what is shown and remembered; time.Now by default.
	Now func() time.Time

	tokens *tokens
}

// A Bot answers questions in Slack. It is made by New and lives for one Run.
type Bot struct {
	opts Options
	log  *slog.Logger
	now  func() time.Time

	api     api
	sockets []*socket
	limiter *access.Limiter
	pool    *pool
	flights *flights
	seen    *seen
	tasks   *tasks
	owner   string        // this copy, in the store
	nudge   chan struct{} // the watches are to be tended to
	estate  *estate
	digests *Digester // nil where there are none
	alerts  *Alerter  // nil where there are none
	reports checkups

	late time.Duration // after its deadline a diagnosis may still come back

	ran     atomic.Bool
	started time.Time
	work    context.Context // ends diagnoses
	hard    context.Context // ends everything
	failed  chan error

	mu            sync.Mutex
	self          slack.AuthTestResponse
	missingScopes []string
}

// New returns a bot. It fails where an option is missing or cannot be right,
// with a sentence for the operator.
func New(opts Options) (*Bot, error) {
	switch {
	case opts.Diagnostician == nil:
		return nil, errors.New("the bot has nobody to ask: no Diagnostician is set")
	case strings.HasPrefix(opts.BotToken, "xapp-") && strings.HasPrefix(opts.AppToken, "xoxb-"):
		return nil, errors.New("the two Slack tokens are swapped: the bot token starts with xoxb-, the app-level token with xapp-")
	case !strings.HasPrefix(opts.BotToken, "xoxb-"):
		return nil, errors.New("the Slack bot token is missing or of another kind: it starts with xoxb- and is under OAuth & Permissions in the app's settings")
	case !strings.HasPrefix(opts.AppToken, "xapp-"):
		return nil, errors.New("the Slack app-level token is missing or of another kind: it starts with xapp- and is made under Basic Information in the app's settings, with the scope connections:write")
	}
	if u, err := url.Parse(opts.APIURL); opts.APIURL != "" && (err != nil || u.Host == "") {
		return nil, fmt.Errorf("the Slack API URL %q is not a URL", opts.APIURL)
	}
	if opts.Parse == nil {
		opts.Parse = diagnose.ParseQuery
	}
	if err := opts.Fix.complete(); err != nil {
		return nil, err
	}
	if err := opts.Access.complete(); err != nil {
		return nil, err
	}
	opts = opts.calling()
	if opts.Observer == nil {
		opts.Observer = nobody{}
	}
	if opts.Store == nil {
		opts.Store = memory.New(opts.Now)
	}
	for n, standard := range map[*int]int{&opts.Workers: 8, &opts.QueueLen: 64, &opts.PerUser: 4, &opts.Sockets: 2} {
		if *n <= 0 {
			*n = standard
		}
	}
	for d, standard := range map[*time.Duration]time.Duration{
		&opts.AnswerTimeout: 60 * time.Second, &opts.ProgressAfter: time.Second, &opts.Grace: 10 * time.Second,
		&opts.Stagger: 3 * time.Second, &opts.PingTimeout: 30 * time.Second, &opts.FollowEvery: 15 * time.Second,
	} {
		if *d <= 0 {
			*d = standard
		}
	}
	b := &Bot{
		opts: opts, log: opts.Logger, now: opts.Now,
		pool:   newPool(opts.Workers, opts.QueueLen, opts.PerUser),
		seen:   newSeen(opts.Now),
		tasks:  newTasks(),
		owner:  state.NewOwner(),
		nudge:  make(chan struct{}, 1),
		estate: newEstate(opts.Now),
		late:   lateBy,
		failed: make(chan error, 1),
	}
	b.limiter = access.NewLimiter(opts.Access.Rate, opts.Now)
	b.flights = newFlights(opts.Now)
	opts.tokens.bot.try = b.trySigningIn
	b.api = newAPI(opts)
	if opts.Estate != nil {
		b.digests = newDigester(opts, b.api)
	}
	if b.digests != nil && opts.Alert.On {
		b.alerts = newAlerter(opts, b.api)
	}
	for n := range opts.Sockets {
		b.sockets = append(b.sockets, newSocket(n+1, opts))
	}
	return b, nil
}

// calling returns the options with what any call to Slack needs, and what is
// said there.
func (opts Options) calling() Options {
	if opts.APIURL == "" {
		opts.APIURL = slack.APIURL
	}
	if !strings.HasSuffix(opts.APIURL, "/") {
		opts.APIURL += "/" // method names are appended to it
	}
	if opts.Command == "" {
		opts.Command = Command
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	opts.Logger = requestid.Logger(opts.Logger)
	if opts.Tracer == nil {
		opts.Tracer = untraced{}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.HTTPClient == nil {
		opts.HTTPClient = &http.Client{Timeout: 15 * time.Second, Transport: newTransport()}
	}
	opts.HTTPClient = observed(opts)
	opts.tokens = newTokens(opts)
	return opts
}

// newTransport is the standard transport with a limit on the wait for an
// answer.
func newTransport() *http.Transport {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: 15 * time.Second}
	}
	t := base.Clone()
	t.ResponseHeaderTimeout = 15 * time.Second
	t.MaxIdleConnsPerHost = 16
	return t
}

// wiring are the proxy and TLS settings of the configured transport.
func wiring(c *http.Client) (proxy func(*http.Request) (*url.URL, error), tlsConfig *tls.Config) {
	transport := c.Transport
	if o, ok := transport.(*observedTransport); ok {
		transport = o.next
	}
	if t, ok := transport.(*http.Transport); ok {
		if t.TLSClientConfig != nil {
			tlsConfig = t.TLSClientConfig.Clone()
			tlsConfig.NextProtos = nil // HTTP/2 cannot carry this WebSocket handshake
		}
		return t.Proxy, tlsConfig
	}
	return http.ProxyFromEnvironment, nil
}

// Run connects to Slack and answers until ctx ends, then finishes what is under
// way and returns nil. It returns early only where Slack refuses the app for
// good, with a *Refusal that says why.
func (b *Bot) Run(ctx context.Context) error {
	if !b.ran.CompareAndSwap(false, true) {
		return errors.New("this bot has run already: make another one")
	}
	b.started = b.now()
	hard, cancelHard := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelHard()
	work, cancelWork := context.WithCancel(hard)
	defer cancelWork()
	following, stopFollowing := context.WithCancel(work)
	defer stopFollowing()
	b.hard, b.work, b.api.gate.life = hard, work, hard

	first, cancel := context.WithTimeout(ctx, 5*time.Second)
	if err := b.beat(first); err != nil { // before anything is noted in this copy's name
		b.log.Error("the store is out of order; trying again", "error", err)
	}
	cancel()

	var wg sync.WaitGroup
	for i, s := range b.sockets {
		wg.Go(func() { b.consume(hard, s) })
		wg.Go(func() {
			if pause(hard, time.Duration(i)*b.opts.Stagger) == nil {
				b.fail(s.run(hard))
			}
		})
	}
	wg.Go(func() { b.tellSilence(hard) })
	wg.Go(func() { b.identify(hard) })
	wg.Go(func() { b.followTokens(hard) })
	wg.Go(func() { b.stayAlive(hard) })
	wg.Go(func() { b.keepWatch(hard) })
	if b.digests != nil {
		wg.Go(func() { b.digests.Run(hard) })
	}
	if b.alerts != nil {
		wg.Go(func() { b.alerts.Run(hard, b.opts.FollowEvery) })
		if b.opts.Events != nil {
			wg.Go(func() { b.opts.Events.Run(following, b.alerts.takeEvent) })
		}
	} else if b.opts.Events != nil {
		b.log.WarnContext(ctx, "nobody is alerted, so the events are left where they are")
	}
	wg.Go(func() { b.warm(hard) })

	var refusal error
	select {
	case <-ctx.Done():
		b.log.Info("stopping: no new questions are taken")
	case refusal = <-b.failed:
		b.log.Error("Slack refuses the app", "error", refusal)
	}

	drained := b.tasks.close()
	stopFollowing()
	early := time.NewTimer(b.opts.Grace * 8 / 10)
	defer early.Stop()
	late := time.NewTimer(b.opts.Grace)
	defer late.Stop()
	for done := false; !done; {
		select {
		case <-drained:
			done = true
		case <-early.C:
			cancelWork() // diagnoses return with what they have by now
		case <-late.C:
			b.log.Warn("gave up waiting for what was under way", "tasks", b.tasks.count())
			done = true
		}
	}
	cancelWork()
	cancelHard()
	wg.Wait()
	return refusal
}

// fail ends Run where the error is a refusal.
func (b *Bot) fail(err error) {
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return
	}
	select {
	case b.failed <- refusal:
	default:
	}
}

// identify finds out who the bot is and which scopes it has. It asks until it
// has an answer.
func (b *Bot) identify(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		self, err := b.api.client.AuthTestContext(ctx)
		if err == nil {
			b.signedIn(*self)
			return
		}
		if refusal := refusalOf(err, "bot token"); refusal != nil {
			b.fail(refusal)
			return
		}
		b.log.Warn("could not ask Slack who the bot is; trying again", "error", err, "wait", wait)
		if pause(ctx, wait) != nil {
			return
		}
	}
}

// signedIn notes who the bot is, and which scopes it has.
func (b *Bot) signedIn(self slack.AuthTestResponse) {
	b.api.gate.signedIn(self)
	missing := missingScopes(self.Header, b.opts.scopes())
	b.mu.Lock()
	b.self, b.missingScopes = self, missing
	b.mu.Unlock()
	b.log.Info("signed in to Slack", "team_id", self.TeamID, "bot_user_id", self.UserID)
	for _, scope := range missing {
		b.log.Warn("the bot token lacks a scope: add it to the app and install it again", "scope", scope)
	}
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// A Health is how the bot's connections are.
type Health struct {
	// Sockets counts the connections that are open, of Wanted.
	Sockets, Wanted int
	// LastHeard is when anything, be it a ping, last came in over any of them;
	// zero for never. A connection that is called open but silent for long is
	// dead.
	LastHeard time.Time
	// LastEvent is when the last envelope came in; zero for never.
	LastEvent time.Time
	// Running and Waiting count the diagnoses under way and the requests in the
	// queue.
	Running, Waiting int
	// Alive says whether an open connection was heard of within the ping
	// timeout, doubled.
	Alive bool
	// MissingScopes are the OAuth scopes that the bot token lacks.
	MissingScopes []string
}

// Health returns how the bot's connections are now.
func (b *Bot) Health() Health {
	h := Health{Wanted: len(b.sockets)}
	for _, s := range b.sockets {
		heard := s.heard()
		if s.open.Load() {
			h.Sockets++
			h.Alive = h.Alive || time.Since(heard) < 2*b.opts.PingTimeout
		}
		if heard.After(h.LastHeard) {
			h.LastHeard = heard
		}
		if at := s.lastEvent(); at.After(h.LastEvent) {
			h.LastEvent = at
		}
	}
	h.Running, h.Waiting = b.pool.load()
	b.mu.Lock()
	defer b.mu.Unlock()
	h.MissingScopes = append([]string{}, b.missingScopes...)
	return h
}

func (b *Bot) status() view.Status {
	h := b.Health()
	var fixes []string
	for _, k := range b.opts.Fix.Kinds {
		fixes = append(fixes, string(k))
	}
	return view.Status{
		Workers: b.opts.Workers, PerUser: b.opts.PerUser, Fixes: fixes,
		Command: b.opts.Command, Version: b.opts.Version, Sockets: h.Sockets, Wanted: h.Wanted,
		Started: b.started, MissingScopes: h.MissingScopes, Running: h.Running, Waiting: h.Waiting, At: b.now(),
	}
}
