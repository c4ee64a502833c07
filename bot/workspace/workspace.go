package workspace

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

//go:embed all:dist
var built embed.FS

// Options says what workspace to start. The zero value is fit for tests.
type Options struct {
	// Addr is where to listen, as host:port; 127.0.0.1 and a free port by
	// default.
	Addr string
	// Hosts are further names, without a port, by which the chat page may be
	// reached. By default only loopback names are taken, since a page that
	// anybody's DNS can point at is open to DNS rebinding.
	Hosts []string
	// Manifest is the app's manifest: its commands, shortcuts, events, scopes
	// and App Home. DefaultManifest by default.
	Manifest *slack.Manifest
	// BotToken and AppToken are the app's tokens; made up by default.
	BotToken, AppToken string
	// Clock is the clock for all deadlines; the system's by default.
	Clock Clock
	// AckTimeout is how long the app has to acknowledge an envelope; 3 s, as
	// with Slack, by default.
	AckTimeout time.Duration
	// TriggerLife is how long a trigger id can be used; 3 s by default.
	TriggerLife time.Duration
	// PingInterval is the time between the WebSocket pings that the server
	// sends; 5 s by default.
	PingInterval time.Duration
	// SocketLife, where set, is how long a Socket Mode connection lives before
	// the server asks for a new one, as Slack does every few hours.
	SocketLife time.Duration
	// WarningTime is how long a connection lives on after a "warning"; 10 s by
	// default.
	WarningTime time.Duration
	// Retries are the delays after which an event that was not acknowledged is
	// sent again; at once, after a minute and after five, by default.
	Retries []time.Duration
	// RateLimits are the methods' rate limits; none by default. Tiers holds
	// Slack's own.
	RateLimits map[string]Rate
	// Page is the chat page; the embedded one by default.
	Page fs.FS
	// Suggestions are things to type that the chat page offers.
	Suggestions []string
	// Log gets a line for each thing that goes on; none by default.
	Log *slog.Logger
}

// object is a JSON object under construction.
type object = map[string]any

// A Workspace is a running Slack workspace with one app installed. Its methods
// are safe for concurrent use.
type Workspace struct {
	opts     Options
	log      *slog.Logger
	clock    Clock
	manifest *slack.Manifest
	scopes   map[string]bool
	events   map[string]bool
	started  time.Time

	base     string // http://host:port
	listener net.Listener
	server   *http.Server
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup

	teamID, domain, appID, botID string

	mu       sync.Mutex
	tokens   credentials
	closed   bool
	changed  chan struct{} // closed, and replaced, at every change
	lastTS   int64
	lastID   int
	users    []*User
	bot      *User
	groups   []UserGroup
	channels []*channel

	triggers map[string]*trigger
	hooks    map[string]*hook
	views    map[string]*view
	stacks   map[string][]*view // open modals by user, the top one last
	homes    map[string]*view
	statuses map[string]*status
	prompts  map[string][]Prompt // by channel, a slash and thread
	offered  map[string][]option // the answers to external selects

	tickets   map[string]ticket
	sockets   []*socket
	lastConn  int
	turn      int
	disabled  bool
	cutting   []cut
	cuts      map[cut]int
	envelopes []*Delivery
	waiting   map[string]*Delivery // by envelope id

	calls   []Call
	faults  map[string][]*Fault
	windows map[string][]time.Time
	traffic []Traffic
	lastN   int
	pages   map[*page]bool
}

// Start starts a workspace. The caller must close it.
func Start(opts Options) (*Workspace, error) {
	if opts.Manifest == nil {
		opts.Manifest = DefaultManifest()
	}
	if err := CheckManifest(opts.Manifest); err != nil {
		return nil, fmt.Errorf("installing the app: %w", err)
	}
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:0"
	}
	if opts.Clock == nil {
		opts.Clock = systemClock{}
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Page == nil {
		sub, err := fs.Sub(built, "dist")
		if err != nil {
			return nil, fmt.Errorf("opening the chat page: %w", err)
		}
		opts.Page = sub
	}
	if opts.Retries == nil {
		opts.Retries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	for d, standard := range map[*time.Duration]time.Duration{
		&opts.AckTimeout: 3 * time.Second, &opts.TriggerLife: 3 * time.Second,
		&opts.PingInterval: 5 * time.Second, &opts.WarningTime: 10 * time.Second,
	} {
		if *d <= 0 {
			*d = standard
		}
	}
	w := &Workspace{
		opts: opts, log: opts.Log, clock: opts.Clock, manifest: opts.Manifest,
		started: opts.Clock.Now(), scopes: map[string]bool{}, events: map[string]bool{},
		changed:  make(chan struct{}),
		triggers: map[string]*trigger{}, hooks: map[string]*hook{},
		views: map[string]*view{}, stacks: map[string][]*view{}, homes: map[string]*view{},
		statuses: map[string]*status{}, offered: map[string][]option{},
		cuts: map[cut]int{}, tickets: map[string]ticket{}, waiting: map[string]*Delivery{},
		faults: map[string][]*Fault{}, windows: map[string][]time.Time{}, pages: map[*page]bool{},
	}
	for _, s := range opts.Manifest.OAuthConfig.Scopes.Bot {
		w.scopes[s] = true
	}
	if s := opts.Manifest.Settings.EventSubscriptions; s != nil {
		for _, e := range s.BotEvents {
			w.events[e] = true
		}
	}
	w.seed()

	listener, err := net.Listen("tcp", opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", opts.Addr, err)
	}
	w.listener = listener
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("reading the address listened on: %w", err)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	w.base = "http://" + net.JoinHostPort(host, port)
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.server = &http.Server{
		Handler:           w.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return w.ctx },
		ErrorLog:          slog.NewLogLogger(opts.Log.Handler(), slog.LevelDebug),
	}
	w.wg.Go(func() {
		if err := w.server.Serve(tapListener{listener}); !errors.Is(err, http.ErrServerClosed) {
			w.log.Error("the workspace's server stopped", "error", err)
		}
	})
	return w, nil
}

// Close stops the workspace and everything that it started.
func (w *Workspace) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	sockets := append([]*socket{}, w.sockets...)
	for _, d := range w.waiting {
		d.stopTimer()
		d.finish(w, Undelivered, nil)
	}
	for p := range w.pages {
		p.close()
	}
	for _, s := range w.statuses {
		s.timer.Stop()
	}
	w.mu.Unlock()
	w.cancel()
	for _, s := range sockets {
		s.kill()
	}
	err := w.server.Close()
	w.wg.Wait()
	if err != nil {
		return fmt.Errorf("closing the workspace: %w", err)
	}
	return nil
}

// URL is the chat page's address.
func (w *Workspace) URL() string { return w.base + "/" }

// APIURL is the Web API's address, with a trailing slash, as
// slack.OptionAPIURL takes it.
func (w *Workspace) APIURL() string { return w.base + "/api/" }

// BotUserID is the bot's user id.
func (w *Workspace) BotUserID() string { return w.bot.ID }

// AppID is the app's id.
func (w *Workspace) AppID() string { return w.appID }

// TeamID is the workspace's id.
func (w *Workspace) TeamID() string { return w.teamID }

func (w *Workspace) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", w.serveAPI)
	mux.HandleFunc("GET /link", w.serveSocket)
	mux.HandleFunc("POST /commands/{team}/{id}/{secret}", w.serveHook)
	mux.HandleFunc("POST /actions/{team}/{id}/{secret}", w.serveHook)
	mux.HandleFunc("POST /app/{team}/{id}/{secret}", w.serveHook)
	w.routePage(mux)
	return mux
}

// change tells those who wait that something is new. w.mu is held.
func (w *Workspace) change() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// newID returns an id in Slack's style. w.mu is held.
func (w *Workspace) newID(prefix string) string {
	w.lastID++
	return prefix + "0A" + strings.ToUpper(fmt.Sprintf("%08s", strconv.FormatInt(int64(w.lastID)*7919, 36)))
}

// secret returns n random bytes in hexadecimal.
func secret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand
	return hex.EncodeToString(b)
}

// errorf makes an error that is a sentence for the person at the keyboard.
func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }
