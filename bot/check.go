package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

// SlackTasks check whether Slack takes the tokens of the options, what the app
// may do, and whether it can post in the channels that it is to post in.
// Nothing is posted, and no connection is opened that Slack would send events
// to. Store may be nil; the channels that have subscribed by themselves are
// then not known.
func SlackTasks(opts Options) []checkup.Task {
	c := newSlackCheck(opts)
	return []checkup.Task{
		{Area: checkup.AreaSlack, What: "bot token", Run: c.botToken},
		{Area: checkup.AreaSlack, What: "app-level token", Run: c.appToken},
		{Area: checkup.AreaSlack, What: "channels", Run: c.channels},
		{Area: checkup.AreaSlack, What: "user groups", Run: c.groups},
	}
}

// A slackCheck tries out what the options are for.
type slackCheck struct {
	opts   Options
	client *slack.Client
}

func newSlackCheck(opts Options) *slackCheck {
	if opts.APIURL == "" {
		opts.APIURL = slack.APIURL
	}
	if !strings.HasSuffix(opts.APIURL, "/") {
		opts.APIURL += "/"
	}
	if opts.HTTPClient == nil {
		// Connections that stay would outlive the check.
		transport := newTransport()
		transport.DisableKeepAlives = true
		opts.HTTPClient = &http.Client{Timeout: 10 * time.Second, Transport: transport}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &slackCheck{opts, slack.New(opts.BotToken, slack.OptionAppLevelToken(opts.AppToken), slack.OptionAPIURL(opts.APIURL),
		slack.OptionHTTPClient(opts.HTTPClient), slack.OptionLog(quiet{}))}
}

func (s *slackCheck) botToken(ctx context.Context) []checkup.Check {
	before := time.Now()
	self, err := s.client.AuthTestContext(ctx)
	after := time.Now()
	if err != nil {
		return []checkup.Check{s.failed("bot token", "bot token", err)}
	}
	found := []checkup.Check{{
		Area: checkup.AreaSlack, What: "bot token", Purpose: "everything in Slack", State: checkup.OK, Detail: "signed in to " + self.Team + " as " + self.User,
	}}
	found = append(found, checkScopes(self.Header, s.opts.scopes())...)
	skew, known := checkup.Skew(before, after, self.Header)
	return append(found, checkup.Clock("Slack", skew, known))
}

func (s *slackCheck) appToken(ctx context.Context) []checkup.Check {
	_, socket, err := s.client.StartSocketModeContext(ctx)
	if err != nil {
		return []checkup.Check{s.failed("app-level token", "app-level token", err)}
	}
	return []checkup.Check{
		{Area: checkup.AreaSlack, What: "app-level token", Purpose: "hearing what is asked", State: checkup.OK, Detail: "Slack offers a connection in Socket Mode"},
		reachHost(ctx, s.opts.HTTPClient, socket),
	}
}

// failed says why a call failed. Token is what it was made with.
func (s *slackCheck) failed(what, token string, err error) checkup.Check {
	c := checkup.Check{Area: checkup.AreaSlack, What: what, Purpose: "everything in Slack", State: checkup.Failed}
	if refusal := refusalOf(err, token); refusal != nil {
		c.Detail = "Slack refuses it (" + refusal.Code + ")"
		c.Fix = strings.TrimSuffix(refusal.Reason, " ("+refusal.Code+")")
		return c
	}
	s.opts.Logger.Debug("checking Slack", "what", what, "error", withoutURL(err))
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
		c.Detail, c.Fix = "Slack's API cannot be reached", "Let this machine connect to "+hostOf(s.opts.APIURL)+" on port 443, or set HTTPS_PROXY."
	}
	return c
}

// scopePurposes are what does not work without a scope.
var scopePurposes = map[string]string{
	"app_mentions:read": "answering mentions",
	"assistant:write":   "suggesting questions in the assistant",
	"channels:history":  "not posting twice after a crash",
	"channels:read":     "knowing which channels another organisation is in: without it, none is posted in",
	"chat:write":        "posting",
	"commands":          "the slash command and the shortcut",
	"groups:history":    "not posting twice after a crash, in private channels",
	"groups:read":       "the same in private channels",
	"im:history":        "answering direct messages",
	"im:write":          "sending direct messages about watches",
	"links:read":        "showing the state under links to the AWS console",
	"links:write":       "showing the state under links to the AWS console",
	"reactions:write":   "marking answers as settled",
	ScopeUserGroups:     "knowing who is in a user group",
	"users:read":        "telling members from guests and others: without it, only those are answered whom the settings name by id",
}

// vitalScopes are those without which nobody is answered.
var vitalScopes = []string{"chat:write", "commands", "users:read"}

// checkScopes compares what the token may do, which Slack tells with every
// answer ("Scopes", https://docs.slack.dev/authentication/installing-with-oauth),
// with what the manifest asks for.
func checkScopes(h http.Header, wanted []string) []checkup.Check {
	granted := h.Get("X-OAuth-Scopes")
	if granted == "" {
		return []checkup.Check{{
			Area: checkup.AreaSlack, What: "scopes", State: checkup.Skipped, Detail: "not checked: Slack does not tell which scopes the token has",
			Fix: "See OAuth & Permissions in the app's settings: it needs " + strings.Join(wanted, ", ") + ".",
		}}
	}
	var found []checkup.Check
	for _, scope := range missingScopes(h, wanted) {
		c := checkup.Check{
			Area: checkup.AreaSlack, What: "scope " + scope, Purpose: scopePurposes[scope], State: checkup.Warning, Detail: "the bot token lacks it",
			Fix: "Add `" + scope + "` under OAuth & Permissions, Bot Token Scopes, in the app's settings, as manifest.yml has it, and install the app again.",
		}
		if slices.Contains(vitalScopes, scope) {
			c.State = checkup.Failed
		}
		found = append(found, c)
	}
	if found != nil {
		return found
	}
	c := checkup.Check{
		Area: checkup.AreaSlack, What: "scopes", Purpose: "what acmbot does in Slack", State: checkup.OK,
		Detail: fmt.Sprintf("all %d that manifest.yml has", len(wanted)),
	}
	var more []string
	for scope := range strings.SplitSeq(granted, ",") {
		if scope = strings.TrimSpace(scope); scope != "" && scope != "chat:write.public" && scope != ScopeUserGroups && !slices.Contains(wanted, scope) {
			more = append(more, scope)
		}
	}
	if slices.Sort(more); len(more) > 0 {
		c.Detail += "; acmbot has no use for " + strings.Join(more, ", ")
	}
	return []checkup.Check{c}
}

// mayPostAnywhere tells whether the token may post in public channels that the
// bot is not a member of ("chat:write.public",
// https://docs.slack.dev/reference/scopes/chat.write.public).
func mayPostAnywhere(h http.Header) bool {
	return len(missingScopes(h, []string{"chat:write.public"})) == 0 && h.Get("X-OAuth-Scopes") != ""
}

// reachHost asks the host of a WebSocket for anything over HTTP: an answer,
// whatever it is, shows that there is a way. The WebSocket's own address is
// not used, since it is a secret and opens a connection.
func reachHost(ctx context.Context, client *http.Client, socket string) checkup.Check {
	c := checkup.Check{Area: checkup.AreaSlack, What: "Socket Mode host", Purpose: "hearing what is asked", State: checkup.Failed}
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
			c.State, c.Detail = checkup.OK, u.Host+" can be reached"
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

// A postPlace is a channel that the bot is to post in, and what.
type postPlace struct {
	channel string
	why     []string
}

// places are the channels that the options and, where there is one, the store
// have the bot post in, in the order of their ids.
func (s *slackCheck) places(ctx context.Context) ([]postPlace, error) {
	why := map[string][]string{}
	add := func(channel, reason string) {
		if channel != "" && !slices.Contains(why[channel], reason) {
			why[channel] = append(why[channel], reason)
		}
	}
	routing := s.opts.Digest.Routing
	add(routing.Default, "the daily digest")
	for _, r := range routing.Routes {
		add(r.Channel, "the daily digest")
	}
	add(s.opts.Fix.AuditChannel, "the audit of fixes")
	var err error
	if s.opts.Store != nil {
		var list []digest.Subscription
		list, err = digest.Subscriptions(ctx, s.opts.Store, routing.Defaults(s.opts.Digest.Standard))
		for _, sub := range list {
			if sub.Off {
				why[sub.Channel] = slices.DeleteFunc(why[sub.Channel], func(w string) bool { return w == "the daily digest" })
			} else {
				add(sub.Channel, "the daily digest")
			}
		}
	}
	var list []postPlace
	for channel, reasons := range why {
		if len(reasons) > 0 {
			list = append(list, postPlace{channel, reasons})
		}
	}
	slices.SortFunc(list, func(a, b postPlace) int { return strings.Compare(a.channel, b.channel) })
	return list, err
}

// mostChannels is how many channels are looked at: conversations.info may be
// called some fifty times a minute ("Rate limits",
// https://docs.slack.dev/apis/web-api/rate-limits, Tier 3).
const mostChannels = 40

func (s *slackCheck) channels(ctx context.Context) []checkup.Check {
	places, err := s.places(ctx)
	var found []checkup.Check
	if err != nil {
		found = append(found, checkup.Check{
			Area: checkup.AreaSlack, What: "channels that have subscribed", Purpose: "the daily digest", State: checkup.Skipped,
			Detail: "not checked: what was subscribed could not be read", Fix: "See what is said of the store.",
		})
	}
	if len(places) > mostChannels {
		found = append(found, checkup.Check{
			Area: checkup.AreaSlack, What: "channels", Purpose: "the daily digest", State: checkup.Skipped,
			Detail: fmt.Sprintf("%d of the %d channels were not checked, since Slack limits the calls", len(places)-mostChannels, len(places)),
		})
		places = places[:mostChannels]
	}
	if len(places) == 0 {
		return append(found, checkup.Check{
			Area: checkup.AreaSlack, What: "channels", State: checkup.Skipped, Detail: "there is none that acmbot posts in by itself; ACMBOT_DIGEST_CHANNEL or `" + s.command() + " digest` in a channel makes one",
		})
	}
	self, err := s.client.AuthTestContext(ctx)
	if err != nil {
		return append(found, checkup.Check{Area: checkup.AreaSlack, What: "channels", State: checkup.Skipped, Detail: "not checked: Slack does not take the bot token, or cannot be reached"})
	}
	checks := make([]checkup.Check, len(places))
	var all errgroup.Group
	all.SetLimit(4)
	for n, p := range places {
		all.Go(func() error {
			checks[n] = s.channel(ctx, p, self)
			return nil
		})
	}
	_ = all.Wait() // the functions return no errors
	return append(checks, found...)
}

func (s *slackCheck) command() string {
	if s.opts.Command != "" {
		return s.opts.Command
	}
	return Command
}

// channel checks whether the bot can post in one channel, without posting.
func (s *slackCheck) channel(ctx context.Context, p postPlace, self *slack.AuthTestResponse) checkup.Check {
	c := checkup.Check{
		Area: checkup.AreaSlack, What: "channel " + p.channel, Purpose: strings.Join(p.why, " and "), State: checkup.Failed,
	}
	invite := "Run `/invite @" + self.User + "` in the channel."
	info, err := s.client.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: p.channel})
	if err != nil {
		return s.channelUntold(ctx, c, err, invite)
	}
	name := "the channel"
	if !info.IsPrivate && info.Name != "" {
		name = "#" + info.Name
	}
	switch public := !info.IsPrivate; {
	case info.IsArchived:
		c.Detail, c.Fix = name+" is archived: nothing can be posted there", "Unarchive it, or name another one in the settings."
	case !info.IsMember && (!public || !mayPostAnywhere(self.Header)):
		c.Detail, c.Fix = "the bot is not a member of "+name+", and may post only where it is", invite
	case s.opts.policy().Post(access.Place{ID: p.channel, Known: true, External: info.IsExtShared || info.IsPendingExtShared}) != access.Allowed:
		c.Detail, c.Fix = name+" is not among those that it may post in (ACMBOT_ALLOW_CHANNELS): nothing is posted there", "Name a channel of your own in the settings, or add this one to ACMBOT_ALLOW_CHANNELS."
		if info.IsExtShared || info.IsPendingExtShared {
			c.Detail = name + " is shared with another organisation, or one is invited to it: nothing is posted there"
			c.Fix = "Name a channel of your own in the settings, or add this one to ACMBOT_ALLOW_CHANNELS if they are meant to see what is posted."
		}
	case info.IsExtShared || info.IsPendingExtShared:
		c.State, c.Detail = checkup.Warning, name+" is shared with another organisation, whose people see what is posted: names of certificates, and account ids where ACMBOT_SHOW_ACCOUNTS says so"
		c.Fix = "Name a channel of your own in the settings, or run `" + s.command() + " digest unsubscribe` in it, unless they are meant to see that."
	case !info.IsMember:
		c.State, c.Detail = checkup.OK, "the bot may post in "+name+" without being a member; it cannot look there whether a message stands there already, so after a crash one may come twice"
	default:
		c.State, c.Detail = checkup.OK, "the bot is a member of "+name
	}
	return c
}

// channelUntold goes on where Slack does not tell about a channel.
func (s *slackCheck) channelUntold(ctx context.Context, c checkup.Check, err error, invite string) checkup.Check {
	switch slackCode(err) {
	case "channel_not_found":
		c.Detail = "Slack knows no such channel, or it is a private one that the bot is not a member of"
		c.Fix = invite + " Its id is at the bottom of its About."
	case "missing_scope":
		// Its history can be read where the bot is a member.
		_, err := s.client.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: c.What[len("channel "):], Limit: 1})
		switch slackCode(err) {
		case "":
			if err != nil {
				return s.channelUnreached(c, err)
			}
			c.State, c.Detail = checkup.OK, "the bot is a member; without channels:read and groups:read nobody tells whether it is archived or shared with others"
		case "channel_not_found", "not_in_channel":
			c.Detail, c.Fix = "the bot is not a member of it, or there is no such channel", invite
		default:
			c.State, c.Detail = checkup.Skipped, "not checked: the app may neither read about channels nor their history"
			c.Fix = "Add the scopes of manifest.yml, and install the app again."
		}
	default:
		return s.channelUnreached(c, err)
	}
	return c
}

func (s *slackCheck) channelUnreached(c checkup.Check, err error) checkup.Check {
	told := s.failed(c.What, "bot token", err)
	told.Purpose, told.State, told.Detail = c.Purpose, checkup.Skipped, "not checked: "+told.Detail
	return told
}

// groups checks whether the user groups that the options name are there.
func (s *slackCheck) groups(ctx context.Context) []checkup.Check {
	why := map[string]string{}
	for _, r := range s.opts.Digest.Routing.Routes {
		if r.Group != "" {
			why[r.Group] = "mentions in digests"
		}
	}
	for _, u := range slices.Concat(s.opts.policy().Groups(), s.opts.Fix.Users) {
		if access.IsGroup(u) {
			why[u] = "who may do what"
		}
	}
	if len(why) == 0 {
		return nil
	}
	all, err := s.client.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeDisabled(true))
	if err != nil {
		c := s.failed("user groups", "bot token", err)
		c.State, c.Purpose, c.Detail = checkup.Skipped, "mentions, and who may do what", "not checked: "+c.Detail
		if slackCode(err) == "missing_scope" {
			c.Detail = "not checked: the app lacks the scope " + ScopeUserGroups
			c.Fix = "Mentions work without. Where settings name user groups of people who may do something, add `" + ScopeUserGroups + "` to the app and install it again."
		}
		return []checkup.Check{c}
	}
	var found []checkup.Check
	for id, purpose := range why {
		c := checkup.Check{
			Area: checkup.AreaSlack, What: "user group " + id, Purpose: purpose, State: checkup.Warning,
			Detail: "there is no such user group", Fix: "Correct its id in the settings: it is in the group's address in Slack, and begins with S.",
		}
		for _, g := range all {
			switch {
			case g.ID != id:
			case g.DateDelete != 0:
				c.Detail, c.Fix = "@"+g.Handle+" is disabled: a mention reaches nobody", "Enable it under People & user groups in Slack, or name another one."
			default:
				c.State, c.Detail, c.Fix = checkup.OK, "@"+g.Handle, ""
			}
		}
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b checkup.Check) int { return strings.Compare(a.What, b.What) })
	return found
}
