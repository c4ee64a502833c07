package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

// A shelf is where a test keeps a token.
type shelf struct {
	mu    sync.Mutex
	value string
	err   error
}

func (s *shelf) read(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value, s.err
}

func (s *shelf) put(value string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.err = value, err
}

// A rotor is a stage whose bot follows two shelves.
type rotor struct {
	*stage
	bot, app shelf

	mu   sync.Mutex
	told []string
	more chan struct{}
}

// rotating starts a bot that reads its tokens' shelves so often.
func rotating(t *testing.T, every time.Duration, change ...func(*Options)) *rotor {
	t.Helper()
	r := &rotor{more: make(chan struct{})}
	r.stage = open(t, workspace.Options{}, append(change, func(o *Options) {
		r.bot.put(o.BotToken, nil)
		r.app.put(o.AppToken, nil)
		o.BotTokenSource = TokenSource{Read: r.bot.read, Every: every, again: 5 * time.Millisecond}
		o.AppTokenSource = TokenSource{Read: r.app.read, Every: every, again: 5 * time.Millisecond}
		o.Rotated = func(token, result string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, token+" "+result)
			close(r.more)
			r.more = make(chan struct{})
		}
	})...)
	return r
}

// hears waits until something was told of n times.
func (r *rotor) hears(what string, n int) {
	r.t.Helper()
	late := time.After(patience)
	for {
		r.mu.Lock()
		more, heard := r.more, 0
		for _, told := range r.told {
			if told == what {
				heard++
			}
		}
		r.mu.Unlock()
		if heard >= n {
			return
		}
		select {
		case <-more:
		case <-late:
			r.t.Fatalf("%q was told of %d times, want %d", what, heard, n)
		}
	}
}

// Both tokens are replaced, again and again and in every way, while questions
// are asked. Each is answered, once.
func TestNoQuestionIsLostWhileTokensRotate(t *testing.T) {
	r := rotating(t, time.Hour, func(o *Options) { o.Sockets, o.Workers, o.PerUser = 2, 16, 100 })
	r.connected()
	first := []string{r.BotToken(), r.AppToken()}
	const rounds, each = 8, 5
	for round := range rounds {
		// The answers wait, so that questions are under way at every
		// replacement.
		gate := make(chan struct{})
		answer := sync.OnceFunc(func() { close(gate) })
		r.doctor.becomes(func(ctx context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
			select {
			case <-gate:
			case <-ctx.Done():
			}
			return blocked(q)
		})
		for n := range each {
			q := fmt.Sprintf("r%dn%d.example.com", round, n)
			if n%2 == 0 {
				r.slash(dana, ops, "why "+q)
			} else if _, err := r.Say(dana, ops, "", "<@"+r.BotUserID()+"> "+q); err != nil {
				t.Fatal(err)
			}
		}
		// What Slack has not handed over is Slack's to send again, minutes later.
		r.until(func() bool {
			return !slices.ContainsFunc(r.Envelopes(), func(e workspace.Envelope) bool { return e.State != workspace.Acknowledged })
		})
		oldBot, oldApp := r.BotToken(), r.AppToken()
		switch round % 4 {
		case 0: // the new ones are in place before the old ones end
			r.bot.put(r.IssueBotToken(), nil)
			r.app.put(r.IssueAppToken(), nil)
			r.Revoke(oldBot)
			r.Revoke(oldApp)
		case 1: // the old ones end first, and the bot meets with that
			r.Revoke(oldBot)
			answer()
			r.log.has(t, `Slack refuses a token; looking for a new one where it is kept" token="bot token"`, round/4*2+1)
			r.bot.put(r.IssueBotToken(), nil)
		case 2: // all connections are cut while the app-level token is gone
			r.Revoke(oldApp)
			r.DropSockets()
			r.log.has(t, `Slack refuses a token; looking for a new one where it is kept" token="app-level token"`, round/4+1)
			r.app.put(r.IssueAppToken(), nil)
			r.connected()
		case 3: // Slack refreshes the connections
			r.app.put(r.IssueAppToken(), nil)
			r.Revoke(oldApp)
			r.Disconnect(workspace.RefreshRequested)
			r.connected()
		}
		answer()
		for n := range each {
			r.sees(fmt.Sprintf("Headline of r%dn%d.example.com", round, n))
		}
	}
	var answers string
	for _, m := range r.apps(dana) {
		answers += m.Text + "\n"
	}
	for round := range rounds {
		for n := range each {
			q := fmt.Sprintf("r%dn%d.example.com", round, n)
			if got := strings.Count(answers, "Headline of "+q); got != 1 {
				t.Errorf("%s has %d answers", q, got)
			}
		}
	}
	for _, token := range append(first, r.BotToken(), r.AppToken()) {
		if strings.Contains(r.log.String(), token) {
			t.Error("the log has a token in it")
		}
	}
}

// A source is read from time to time, so that a new token is in use before the
// old one ends.
func TestNewTokensAreTakenInGoodTime(t *testing.T) {
	r := rotating(t, 10*time.Millisecond)
	r.connected()
	r.bot.put(r.IssueBotToken(), nil)
	r.app.put(r.IssueAppToken(), nil)
	r.hears("bot token taken", 1)
	r.hears("app-level token taken", 1)
	before := len(r.Calls())
	r.slash(dana, ops, "why shop.example.com")
	r.sees("Headline of shop.example.com")
	for _, c := range r.Calls()[before:] {
		if c.Err() != "" {
			t.Errorf("%s: %s", c.Method, c.Err())
		}
	}
	if got := r.stage.bot.Health(); len(got.MissingScopes) > 0 || got.Sockets != 1 {
		t.Errorf("health: %+v", got)
	}
}

// What is no token, or none that Slack takes, is not taken: the one before goes
// on, the log says why once, and each time counts.
func TestBadTokensAreNotTaken(t *testing.T) {
	r := rotating(t, 5*time.Millisecond)
	r.connected()
	const hidden = "SECRET"
	for _, bad := range []struct {
		bot, app string
		err      error
		result   string
		reason   string
	}{
		{"xoxb-" + hidden + "1", "xapp-1-A0ANOTHER-" + hidden, nil, TokenRefused, ""},
		{"xapp-" + hidden, "xoxb-" + hidden, nil, TokenMalformed, "it is not a token that starts with"},
		{"xoxb-" + hidden + " and more", "xapp-", nil, TokenMalformed, "it is not a token that starts with"},
		{"", "", nil, TokenMalformed, "it is not a token that starts with"},
		{"xoxb-" + hidden, "xapp-" + hidden, nil, TokenRefused, "Slack does not know the"},
		{"", "", errors.New("refers to the file, which is gone"), TokenUnreadable, "which is gone"},
	} {
		r.mu.Lock()
		r.told = nil
		r.mu.Unlock()
		r.bot.put(bad.bot, bad.err)
		r.app.put(bad.app, bad.err)
		for _, token := range []string{"bot token", "app-level token"} {
			r.hears(token+" "+bad.result, 3)
			logged := 0
			for line := range strings.Lines(r.log.String()) {
				if strings.Contains(line, "level=ERROR") && strings.Contains(line, `token="`+token+`"`) && strings.Contains(line, "result="+bad.result) && strings.Contains(line, bad.reason) {
					logged++
				}
			}
			if most := 3; logged < 1 || logged > most { // several are bad in the same way
				t.Errorf("%s %s: the log says so %d times", token, bad.result, logged)
			}
		}
	}
	if !strings.Contains(r.log.String(), "It belongs to another app.") {
		t.Error("an app-level token of another app is not told from ours")
	}
	r.slash(dana, ops, "why shop.example.com")
	r.sees("Headline of shop.example.com")
	if strings.Contains(r.log.String(), hidden) {
		t.Error("the log has a token in it")
	}

	// Slack cannot be asked: not taken either, until it can.
	r.Fail("auth.test", workspace.Fault{Status: 503, Times: 3})
	r.bot.put(r.IssueBotToken(), nil)
	r.hears("bot token untried", 1)
	r.hears("bot token taken", 1)
}

// Slack may refuse a good token for a while, when something there is out of
// order.
func TestSlackMayBeWrongAboutAToken(t *testing.T) {
	r := rotating(t, time.Hour)
	r.connected()
	r.slash(dana, ops, "why first.example.com")
	r.sees("Headline of first.example.com")
	r.Fail("chat.postMessage", workspace.Fault{Error: "invalid_auth", Times: 3})
	if _, err := r.Say(dana, ops, "", "<@"+r.BotUserID()+"> second.example.com"); err != nil {
		t.Fatal(err)
	}
	r.sees("Headline of second.example.com")
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.told) > 0 {
		t.Errorf("a token was found: %v", r.told)
	}
}

// A token that Slack never took ends the start at once, wherever it is kept.
func TestStartWithADeadToken(t *testing.T) {
	for _, which := range []string{"bot token", "app-level token"} {
		r := rotating(t, time.Hour, func(o *Options) {
			if which == "bot token" {
				o.BotToken = "xoxb-unknown"
			} else {
				o.AppToken = "xapp-unknown"
			}
		})
		select {
		case err := <-r.ended:
			if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.Code != "invalid_auth" || !strings.Contains(refusal.Reason, which) {
				t.Errorf("it ends with %v", err)
			}
			r.ended <- nil
		case <-time.After(patience):
			t.Fatal("it does not end")
		}
	}
}

func TestSameApp(t *testing.T) {
	ours := slack.AuthTestResponse{TeamID: "T1", UserID: "U1"}
	for _, test := range []struct {
		before, now slack.AuthTestResponse
		want        string
	}{
		{slack.AuthTestResponse{}, ours, ""},
		{ours, ours, ""},
		{ours, slack.AuthTestResponse{TeamID: "T2", UserID: "U1"}, "another workspace"},
		{ours, slack.AuthTestResponse{TeamID: "T1", UserID: "U2"}, "another app"},
	} {
		err := sameApp(test.before, test.now)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test.now, err)
		}
	}
}

// The token goes to the Web API, and to nobody else.
func TestTokenGoesToTheWebAPIOnly(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	if strings.Contains(fmt.Sprintf("%+v", s.bot.api.client), s.BotToken()) {
		t.Error("the client holds the token itself")
	}
	s.slash(dana, ops, "why shop.example.com")
	s.sees("Headline of shop.example.com")
	other, err := workspace.Start(workspace.Options{Manifest: readManifest(t), BotToken: s.BotToken()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	stranger := slack.New(tokenInUse, slack.OptionAPIURL(other.APIURL()),
		slack.OptionHTTPClient(withTokens(s.bot.opts.HTTPClient, s.bot.opts.APIURL, s.bot.opts.tokens.bot)))
	if _, err := stranger.AuthTestContext(s.ctx()); slackCode(err) != "invalid_auth" {
		t.Errorf("another server is told the token: %v", err)
	}
	methods := map[string]bool{}
	for _, c := range s.Calls() {
		methods[c.Method] = true
	}
	if !slices.Equal([]bool{methods["auth.test"], methods["apps.connections.open"]}, []bool{true, true}) {
		t.Errorf("calls: %v", methods)
	}
}
