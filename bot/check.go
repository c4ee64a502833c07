package bot

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// A Check is one thing about Slack that was tried out.
type Check struct {
	What string
	// Detail says in words how it is, Fix what to do where it is not OK.
	OK          bool
	Detail, Fix string
}

// CheckSlack tries out whether Slack takes the tokens of the options, and what
// the app may do. Nothing is posted, and no connection is opened that Slack
// would send events to. Skew is how far this machine's clock is ahead of
// Slack's, to the second; zero where that is not known.
func CheckSlack(ctx context.Context, opts Options) (checks []Check, skew time.Duration) {
	if opts.APIURL == "" {
		opts.APIURL = slack.APIURL
	}
	if opts.HTTPClient == nil {
		transport := newTransport()
		defer transport.CloseIdleConnections()
		opts.HTTPClient = &http.Client{Timeout: 10 * time.Second, Transport: transport}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	client := slack.New(opts.BotToken, slack.OptionAppLevelToken(opts.AppToken), slack.OptionAPIURL(opts.APIURL),
		slack.OptionHTTPClient(opts.HTTPClient), slack.OptionLog(quiet{}))

	before := time.Now()
	self, err := client.AuthTestContext(ctx)
	after := time.Now()
	if err != nil {
		checks = append(checks, failedCheck("bot token", "bot token", err, opts))
	} else {
		checks = append(checks, Check{What: "bot token", OK: true, Detail: "signed in to " + self.Team + " as " + self.User})
		checks = append(checks, scopeChecks(self.Header, opts.scopes())...)
		if date, err := http.ParseTime(self.Header.Get("Date")); err == nil {
			skew = before.Add(after.Sub(before) / 2).Sub(date).Truncate(time.Second)
		}
	}

	_, socket, err := client.StartSocketModeContext(ctx)
	if err != nil {
		return append(checks, failedCheck("app-level token", "app-level token", err, opts)), skew
	}
	checks = append(checks, Check{What: "app-level token", OK: true, Detail: "Slack offers a connection in Socket Mode"})
	return append(checks, reachHost(ctx, opts.HTTPClient, socket)), skew
}

func failedCheck(what, token string, err error, opts Options) Check {
	c := Check{What: what}
	if refusal := refusalOf(err, token); refusal != nil {
		c.Detail = "Slack refuses it (" + refusal.Code + ")"
		c.Fix = strings.TrimSuffix(refusal.Reason, " ("+refusal.Code+")")
		return c
	}
	opts.Logger.Debug("checking Slack", "what", what, "error", withoutURL(err))
	if code := slackCode(err); code != "" {
		c.Detail, c.Fix = "Slack answers with the error "+code, "Try again in a minute; if it stays, look the error up in Slack's documentation."
		return c
	}
	var status slack.StatusCodeError
	var limited *slack.RateLimitedError
	switch {
	case errors.As(err, &limited):
		c.Detail, c.Fix = "Slack asks to wait: too many calls", "Try again in a minute."
	case errors.As(err, &status):
		c.Detail, c.Fix = "Slack's API answers with the HTTP status "+http.StatusText(status.Code), "Try again in a minute; https://slack-status.com tells of outages. A proxy on the way may answer, too."
	default:
		c.Detail, c.Fix = "Slack's API cannot be reached", "Let this machine connect to "+hostOf(opts.APIURL)+" on port 443, or set HTTPS_PROXY."
	}
	return c
}

func scopeChecks(h http.Header, wanted []string) []Check {
	granted := h.Get("X-OAuth-Scopes")
	if granted == "" {
		return []Check{{What: "scopes", Detail: "Slack does not tell which scopes the token has", Fix: "See OAuth & Permissions in the app's settings: it needs " + strings.Join(wanted, ", ") + "."}}
	}
	var checks []Check
	for _, scope := range missingScopes(h, wanted) {
		checks = append(checks, Check{
			What: "scope " + scope, Detail: "the bot token lacks it",
			Fix: "Add it under OAuth & Permissions in the app's settings, as manifest.yml has it, and install the app again.",
		})
	}
	if checks == nil {
		checks = []Check{{What: "scopes", OK: true, Detail: "all that are needed: " + strings.Join(wanted, ", ")}}
	}
	return checks
}

// reachHost asks the host of a WebSocket for anything over HTTP: an answer,
// whatever it is, shows that there is a way. The WebSocket's own address is
// not used, since it is a secret and opens a connection.
func reachHost(ctx context.Context, client *http.Client, socket string) Check {
	c := Check{What: "Socket Mode host"}
	u, err := url.Parse(socket)
	if err != nil || u.Host == "" {
		c.Detail, c.Fix = "Slack gives an address that cannot be read", "Try again in a minute."
		return c
	}
	scheme := map[string]string{"ws": "http"}[u.Scheme]
	if scheme == "" {
		scheme = "https"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, scheme+"://"+u.Host+"/", nil)
	if err == nil {
		var response *http.Response
		if response, err = client.Do(request); err == nil {
			_ = response.Body.Close()
			c.OK, c.Detail = true, u.Host+" can be reached"
			return c
		}
	}
	c.Detail = u.Host + " cannot be reached"
	c.Fix = "Let this machine connect to *.slack.com on port 443, WebSockets included, or set HTTPS_PROXY."
	return c
}

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}
