package bot

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// A TokenSource is where a token is kept, so that the bot follows when it is
// replaced there. The zero TokenSource is for a token that stays as it is.
type TokenSource struct {
	// Read returns the token as it is kept now. The text of its error is logged,
	// and must not hold any of it.
	Read func(context.Context) (string, error)
	// Every is about how often it is read; 5 minutes by default. Where Slack
	// refuses the token in use it is read at once.
	Every time.Duration

	again time.Duration // refusedEvery by default
}

const (
	sourceEvery = 5 * time.Minute
	// refusedEvery is how often a source is read while Slack refuses the token
	// in use, and refusedMost how long a call waits for a new one.
	refusedEvery = 3 * time.Second
	refusedMost  = time.Minute
	// trialTimeout ends the trial of a token.
	trialTimeout = 15 * time.Second
)

// What became of a token that was found in a source, for Options.Rotated.
const (
	TokenTaken      = "taken"
	TokenMalformed  = "malformed"  // not a token of its kind
	TokenRefused    = "refused"    // Slack does not take it, or it is another app's
	TokenUntried    = "untried"    // Slack could not be asked
	TokenUnreadable = "unreadable" // the source gives nothing
)

// tokens are the app's two tokens.
type tokens struct {
	bot, app *token
}

// A token is one of the app's tokens, as it is now. One that a source has is
// taken once Slack takes it; until then the old one goes on.
type token struct {
	what, prefix string // "bot token", "xoxb-"
	source       TokenSource
	log          *slog.Logger
	// try asks Slack whether it takes a token. Its error is a *Refusal where it
	// does not.
	try    func(ctx context.Context, value string) error
	told   func(result string)
	tracer Tracer // follows the calls with it

	reading chan struct{} // held while the source is read and a token tried

	mu      sync.Mutex
	value   string
	changed chan struct{} // closed, and replaced, when value changes
	worked  bool          // Slack took one
	refused string        // the one in use, where Slack refuses it
	readAt  time.Time
	bad     string // the last one that was not taken, which is told of once
}

// newTokens returns the tokens of the options. HTTPClient, APIURL,
// Logger and Tracer are set.
func newTokens(opts Options) *tokens {
	client := func(value string, more ...slack.Option) *slack.Client {
		return slack.New(value, append(more, slack.OptionAPIURL(opts.APIURL), slack.OptionHTTPClient(opts.HTTPClient), slack.OptionLog(quiet{}))...)
	}
	ts := &tokens{
		bot: &token{what: "bot token", prefix: "xoxb-", source: opts.BotTokenSource, value: opts.BotToken},
		app: &token{what: "app-level token", prefix: "xapp-", source: opts.AppTokenSource, value: opts.AppToken},
	}
	ts.bot.try = func(ctx context.Context, value string) error {
		_, err := client(value).AuthTestContext(ctx)
		return err
	}
	ts.app.try = func(ctx context.Context, value string) error {
		if before, now := appOf(ts.app.current()), appOf(value); before != "" && now != "" && before != now {
			return &strangerError{"app"}
		}
		// Nobody dials the address that Slack gives, so no event goes there.
		_, _, err := client("", slack.OptionAppLevelToken(value)).StartSocketModeContext(ctx)
		return err
	}
	for _, t := range []*token{ts.bot, ts.app} {
		t.log, t.told, t.tracer = opts.Logger, func(string) {}, opts.Tracer
		if opts.Rotated != nil {
			t.told = func(result string) { opts.Rotated(t.what, result) }
		}
		t.reading, t.changed = make(chan struct{}, 1), make(chan struct{})
		if t.source.Every <= 0 {
			t.source.Every = sourceEvery
		}
		if t.source.again <= 0 {
			t.source.again = refusedEvery
		}
	}
	return ts
}

func (t *token) current() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.value
}

// rotates reports whether there may be another token some day, after one that
// has worked.
func (t *token) rotates() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.source.Read != nil && t.worked
}

// works notes that Slack takes a token.
func (t *token) works(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.worked = true
	if t.refused == value {
		t.refused = ""
	}
}

// follow reads the source from time to time until ctx ends, with jitter, so that
// copies of the bot do not all ask at once.
func (t *token) follow(ctx context.Context) {
	if t.source.Read == nil {
		return
	}
	for {
		every := t.source.Every
		if pause(ctx, every-every/10+rand.N(every/5+1)) != nil {
			return
		}
		t.renew(ctx, 0)
	}
}

// renew reads the source, unless that was done less than a while ago, and takes
// the token that it has, where that is another one and Slack takes it.
func (t *token) renew(ctx context.Context, unless time.Duration) {
	select {
	case t.reading <- struct{}{}:
		defer func() { <-t.reading }()
	case <-ctx.Done():
		return
	}
	t.mu.Lock()
	recent := unless > 0 && !t.readAt.IsZero() && time.Since(t.readAt) < unless
	t.mu.Unlock()
	if recent {
		return
	}
	value, err := t.source.Read(ctx)
	if ctx.Err() != nil {
		return
	}
	t.mu.Lock()
	t.readAt = time.Now()
	same, desperate := value == t.value, t.refused == t.value
	t.mu.Unlock()
	switch {
	case err != nil:
		t.reject("", TokenUnreadable, err.Error())
		return
	case same:
		t.mu.Lock()
		t.bad = ""
		t.mu.Unlock()
		return
	case !strings.HasPrefix(value, t.prefix) || len(value) == len(t.prefix) || strings.ContainsAny(value, " \t\r\n\"'"):
		t.reject(value, TokenMalformed, "it is not a token that starts with "+t.prefix)
		return
	}
	trial, cancel := context.WithTimeout(ctx, trialTimeout)
	defer cancel()
	err = t.try(trial, value)
	if ctx.Err() != nil {
		return
	}
	if refusal := refusalOf(err, t.what); refusal != nil {
		t.reject(value, TokenRefused, refusal.Reason)
		return
	}
	if stranger, ok := errors.AsType[*strangerError](err); ok {
		t.reject(value, TokenRefused, stranger.Error())
		return
	}
	if err != nil && !desperate {
		t.log.Warn("a new token could not be tried; the old one goes on until it can", "token", t.what, "error", withoutURL(err))
		t.told(TokenUntried)
		return
	}
	t.mu.Lock()
	t.value, t.bad, t.refused, t.worked = value, "", "", true
	close(t.changed)
	t.changed = make(chan struct{})
	t.mu.Unlock()
	t.log.Info("a new token is in use from now on", "token", t.what)
	t.told(TokenTaken)
}

// reject leaves things as they are, and says why, once for each token.
func (t *token) reject(value, result, reason string) {
	t.told(result)
	t.mu.Lock()
	again := t.bad == result+value
	t.bad = result + value
	t.mu.Unlock()
	if !again {
		t.log.Error("the token that is kept for the bot is not taken; the one before it goes on", "token", t.what, "result", result, "reason", reason)
	}
}

// replace is called with a token that Slack refuses. It returns another one to
// use in its place, for which it waits where there has been one that worked; now
// and then the same, since Slack may be wrong for a while.
func (t *token) replace(ctx context.Context, refused string) (value string, ok bool) {
	const readings = 4
	for n := range readings {
		first := n == 0
		t.mu.Lock()
		value, changed := t.value, t.changed
		if value == refused {
			if t.source.Read != nil && t.refused != refused {
				t.log.Error("Slack refuses a token; looking for a new one where it is kept", "token", t.what)
			}
			t.refused = refused
		}
		t.mu.Unlock()
		switch {
		case value != refused:
			return value, true
		case t.source.Read == nil, !first && !t.rotates():
			return "", false
		}
		if !first {
			timer := time.NewTimer(t.source.again)
			select {
			case <-ctx.Done():
				timer.Stop()
				return "", false
			case <-changed:
				timer.Stop()
				continue
			case <-timer.C:
			}
		}
		t.renew(ctx, t.source.again/2)
	}
	return t.current(), ctx.Err() == nil
}

// wait pauses, but not longer than until there is another token.
func (t *token) wait(ctx context.Context, d time.Duration) error {
	t.mu.Lock()
	changed := t.changed
	t.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-timer.C:
	}
	return nil
}

// deadToken are the errors by which Slack refuses a token that it took before,
// so that it did nothing and another token may help ("auth.test",
// https://docs.slack.dev/reference/methods/auth.test).
var deadToken = []string{"invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed"}

// A strangerError is a token of another app or workspace than the bot's.
type strangerError struct{ what string }

func (e *strangerError) Error() string {
	return "It belongs to another " + e.what + ". Where that is meant, start the bot anew."
}

// sameApp is why a token that signs in as now does not go on for one that signed
// in as before, nil where it does.
func sameApp(before, now slack.AuthTestResponse) error {
	switch {
	case before.UserID == "": // not signed in yet
	case before.TeamID != now.TeamID:
		return &strangerError{"workspace"}
	case before.UserID != now.UserID:
		return &strangerError{"app"}
	}
	return nil
}

// appOf is the id of the app that an app-level token is for, as the token itself
// has it (xapp-1-A0123456789-…); "" where it has none.
func appOf(token string) string {
	if parts := strings.Split(token, "-"); len(parts) >= 4 && parts[0] == "xapp" && strings.HasPrefix(parts[2], "A") {
		return parts[2]
	}
	return ""
}

// followTokens makes new tokens the bot's own as they come up.
func (b *Bot) followTokens(ctx context.Context) {
	var wg sync.WaitGroup
	for _, t := range []*token{b.opts.tokens.bot, b.opts.tokens.app} {
		wg.Go(func() { t.follow(ctx) })
	}
	wg.Wait()
}

// trySigningIn is how the bot's own tokens are tried: they must be the same
// app's, and what they may do is what the bot may do from then on.
func (b *Bot) trySigningIn(ctx context.Context, value string) error {
	client := slack.New(value, slack.OptionAPIURL(b.opts.APIURL), slack.OptionHTTPClient(b.opts.HTTPClient), slack.OptionLog(quiet{}))
	self, err := client.AuthTestContext(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	before := b.self
	b.mu.Unlock()
	if err := sameApp(before, *self); err != nil {
		return err
	}
	b.signedIn(*self)
	return nil
}

// refusedFor reports whether an error says that Slack refuses a token that
// another one may take the place of.
func (t *token) refusedFor(r *Refusal) bool { return t.rotates() && slices.Contains(deadToken, r.Code) }

// withTokens is a client that calls with a token as it is at that moment.
func withTokens(client *http.Client, apiURL string, t *token) *http.Client {
	return &http.Client{
		Transport:     &bearer{next: client.Transport, api: hostOf(apiURL), token: t, tracer: t.tracer, timeout: client.Timeout},
		CheckRedirect: client.CheckRedirect, Jar: client.Jar,
		// Without a timeout of its own, which would cut the wait for a new token
		// short.
	}
}
