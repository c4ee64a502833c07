package bot

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

func TestCheckSlack(t *testing.T) {
	for _, tc := range []struct {
		name   string
		fault  func(*workspace.Workspace)
		change func(*Options)
		want   map[string]string // what fails: part of its detail or fix
	}{
		{name: "all is well"},
		{
			name:  "the bot token was revoked",
			fault: func(w *workspace.Workspace) { w.Fail("auth.test", workspace.Fault{Error: "token_revoked"}) },
			want:  map[string]string{"bot token": "Install the app again"},
		},
		{
			name: "Socket Mode is off",
			fault: func(w *workspace.Workspace) {
				w.Fail("apps.connections.open", workspace.Fault{Error: "socket_mode_not_enabled"})
			},
			want: map[string]string{"app-level token": "Switch it on"},
		},
		{
			name:  "Slack is down",
			fault: func(w *workspace.Workspace) { w.Fail("*", workspace.Fault{Status: 503}) },
			want:  map[string]string{"bot token": "Service Unavailable", "app-level token": "Service Unavailable"},
		},
		{
			name:  "Slack has enough",
			fault: func(w *workspace.Workspace) { w.Fail("auth.test", workspace.Fault{RetryAfter: time.Second}) },
			want:  map[string]string{"bot token": "too many calls"},
		},
		{
			name:  "an error that is new",
			fault: func(w *workspace.Workspace) { w.Fail("auth.test", workspace.Fault{Error: "never_heard_of"}) },
			want:  map[string]string{"bot token": "never_heard_of"},
		},
		{
			name:   "no way there",
			change: func(o *Options) { o.APIURL = "http://127.0.0.1:1/api/" },
			want:   map[string]string{"bot token": "Let this machine connect to 127.0.0.1:1", "app-level token": "cannot be reached"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := workspace.Start(workspace.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = w.Close() }()
			if tc.fault != nil {
				tc.fault(w)
			}
			options := Options{BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL()}
			if tc.change != nil {
				tc.change(&options)
			}
			checks := checkup.Run(t.Context(), SlackTasks(options), nil)
			failed := map[string]bool{}
			for _, c := range checks {
				text := c.Detail + " " + c.Fix
				if strings.Contains(text, w.BotToken()) || strings.Contains(text, w.AppToken()) || strings.Contains(text, "ticket") {
					t.Errorf("a secret is in %+v", c)
				}
				if c.State == checkup.OK || c.What == "channels" {
					continue
				}
				failed[c.What] = true
				if part, ok := tc.want[c.What]; !ok || !strings.Contains(text, part) || c.Fix == "" {
					t.Errorf("%+v, want %q in it", c, part)
				}
			}
			for what := range tc.want {
				if !failed[what] {
					t.Errorf("%s does not fail: %+v", what, checks)
				}
			}
			// Both tokens, the scopes, the clock, the host and that no channel is set.
			if tc.want == nil && len(checks) != 6 {
				t.Errorf("got %+v", checks)
			}
			if w.Sockets() != 0 {
				t.Error("a connection was opened, to which Slack sends events")
			}
		})
	}
}

func TestCheckSlackScopes(t *testing.T) {
	manifest := workspace.DefaultManifest()
	manifest.OAuthConfig.Scopes.Bot = []string{"chat:write", "commands", "app_mentions:read"}
	manifest.Settings.EventSubscriptions = &slack.EventSubscriptions{BotEvents: []string{"app_mention"}}
	w, err := workspace.Start(workspace.Options{Manifest: manifest})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	checks := checkup.Run(t.Context(), SlackTasks(Options{BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL()}), nil)
	found := false
	for _, c := range checks {
		found = found || c.What == "scope im:history" && c.State == checkup.Warning && c.Purpose == "answering direct messages" && strings.Contains(c.Fix, "install the app again")
		if strings.HasPrefix(c.What, "scope ") && c.Purpose == "" {
			t.Errorf("nothing is said of what does not work: %+v", c)
		}
	}
	if !found {
		t.Errorf("the missing scope is not told: %+v", checks)
	}
}

func TestCheckScopes(t *testing.T) {
	for _, tc := range []struct {
		granted string
		want    checkup.State
		says    string
	}{
		{"", checkup.Skipped, "does not tell"},
		{"a,b", checkup.OK, "all 2"},
		{"b, a, files:write, chat:write.public", checkup.OK, "no use for files:write"},
		{"a", checkup.Warning, "lacks"},
	} {
		h := http.Header{}
		h.Set("X-OAuth-Scopes", tc.granted)
		got := checkScopes(h, []string{"a", "b"})
		if len(got) != 1 || got[0].State != tc.want || !strings.Contains(got[0].Detail, tc.says) {
			t.Errorf("%q: %+v", tc.granted, got)
		}
	}
	if got := checkScopes(http.Header{"X-Oauth-Scopes": {"commands"}}, Scopes); got[1].What != "scope assistant:write" || got[1].State != checkup.Warning {
		t.Errorf("%+v", got[1])
	}
	for _, c := range checkScopes(http.Header{"X-Oauth-Scopes": {"commands"}}, Scopes) {
		vital := c.What == "scope chat:write" || c.What == "scope users:read"
		if vital != (c.State == checkup.Failed) {
			t.Errorf("%+v", c)
		}
	}
}

// The channels and user groups that settings and people name are looked at, and
// nothing is posted in them.
func TestCheckSlackChannels(t *testing.T) {
	w, err := workspace.Start(workspace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	old, err := w.AddChannel("old", workspace.PublicChannel, "dana", "acmbot")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Archive("old"); err != nil {
		t.Fatal(err)
	}
	store := memory.New(time.Now)
	for channel, off := range map[string]bool{"C0ARANDOM1": false, "C0ASECINC1": true} {
		if err := digest.Subscribe(t.Context(), store, digest.Subscription{Channel: channel, Zone: "UTC", Off: off}); err != nil {
			t.Fatal(err)
		}
	}
	options := Options{
		BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL(), Store: store, Admins: []string{"U0ADANA001"},
		Digest: DigestOptions{Routing: digest.Routing{Default: "C0AOPSCERT", Routes: []digest.Route{
			{Channel: old, Group: "S0AONCALL1"}, {Channel: "C0ASECINC1", Group: "S0NOSUCH01"}, {Channel: "C0NOWHERE1"},
		}}},
		Fix: FixOptions{AuditChannel: "C0AOPSCERT"},
	}
	got := map[string]checkup.Check{}
	for _, c := range checkup.Run(t.Context(), SlackTasks(options), nil) {
		got[c.What] = c
	}
	for what, want := range map[string]struct {
		state      checkup.State
		says, does string
	}{
		"channel C0AOPSCERT":    {checkup.OK, "member of #ops-certificates", ""},
		"channel " + old:        {checkup.Failed, "#old is archived", "Unarchive"},
		"channel C0ARANDOM1":    {checkup.Failed, "not a member of #random", "`/invite @acmbot`"},
		"channel C0NOWHERE1":    {checkup.Failed, "no such channel", "`/invite @acmbot`"},
		"user group S0AONCALL1": {checkup.OK, "@certificate-oncall", ""},
		"user group S0NOSUCH01": {checkup.Warning, "no such user group", "Correct its id"},
	} {
		c := got[what]
		if c.State != want.state || !strings.Contains(c.Detail, want.says) || !strings.Contains(c.Fix, want.does) || c.Purpose == "" {
			t.Errorf("%s: %+v", what, c)
		}
	}
	if c := got["channel C0AOPSCERT"]; !strings.Contains(c.Purpose, "digest") || !strings.Contains(c.Purpose, "audit") {
		t.Errorf("%+v", c)
	}
	if c, ok := got["channel C0ASECINC1"]; ok {
		t.Errorf("a channel that gets nothing is looked at: %+v", c)
	}
	for _, channel := range []string{"ops-certificates", "random"} {
		if m := w.Messages(channel, "dana"); len(m) > 0 {
			t.Errorf("something was posted: %+v", m)
		}
	}
}

// Without the scopes to read about channels, their history tells of
// membership.
func TestCheckSlackChannelsWithoutScopes(t *testing.T) {
	manifest := workspace.DefaultManifest()
	manifest.OAuthConfig.Scopes.Bot = slices.DeleteFunc(manifest.OAuthConfig.Scopes.Bot, func(s string) bool {
		return s == "channels:read" || s == "groups:read" || s == "usergroups:read"
	})
	manifest.Settings.EventSubscriptions = &slack.EventSubscriptions{BotEvents: []string{"app_mention"}}
	w, err := workspace.Start(workspace.Options{Manifest: manifest})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	options := Options{
		BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL(),
		Digest: DigestOptions{Routing: digest.Routing{Default: "C0AOPSCERT", Routes: []digest.Route{{Channel: "C0ARANDOM1", Group: "S0AONCALL1"}}}},
	}
	got := map[string]checkup.Check{}
	for _, c := range checkup.Run(t.Context(), SlackTasks(options), nil) {
		got[c.What] = c
	}
	if c := got["channel C0AOPSCERT"]; c.State != checkup.OK || !strings.Contains(c.Detail, "channels:read") {
		t.Errorf("%+v", c)
	}
	if c := got["channel C0ARANDOM1"]; c.State != checkup.Failed || !strings.Contains(c.Detail, "not a member") {
		t.Errorf("%+v", c)
	}
	if c := got["user groups"]; c.State != checkup.Skipped || !strings.Contains(c.Fix, ScopeUserGroups) {
		t.Errorf("%+v", c)
	}
}

// What the workspace of these tests has none of: channels shared with others,
// and an app that may post without being a member.
func TestCheckSlackOtherChannels(t *testing.T) {
	const channel = `{"id":"C1","name":"ops","is_channel":true,"is_member":%t,"is_archived":false,"is_private":false,"is_ext_shared":%t}`
	for _, tc := range []struct {
		name, scopes string
		answer       string
		want         checkup.State
		says         string
		allowed      []string
	}{
		{name: "shared", scopes: "channels:read", answer: `{"ok":true,"channel":` + fmt.Sprintf(channel, true, true) + `}`, want: checkup.Failed, says: "nothing is posted there"},
		{"shared, and meant to be", "channels:read", `{"ok":true,"channel":` + fmt.Sprintf(channel, true, true) + `}`, checkup.Warning, "shared with another organisation", []string{"C1"}},
		{"named by its setting alone", "channels:read", `{"ok":true,"channel":` + fmt.Sprintf(channel, true, false) + `}`, checkup.OK, "is a member", []string{"C23"}},
		{"public", "channels:read,chat:write.public", `{"ok":true,"channel":` + fmt.Sprintf(channel, false, false) + `}`, checkup.OK, "without being a member", nil},
		{"busy", "channels:read", `{"ok":false,"error":"ratelimited"}`, checkup.Skipped, "not checked", nil},
		{"garbage", "channels:read", `<html>`, checkup.Skipped, "not checked", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Content-Type", "application/json")
				rw.Header().Set("X-OAuth-Scopes", tc.scopes)
				body := tc.answer
				if strings.HasSuffix(r.URL.Path, "/auth.test") {
					body = `{"ok":true,"user":"acmbot","team":"Example","user_id":"U1","team_id":"T1"}`
				}
				_, _ = io.WriteString(rw, body)
			}))
			defer server.Close()
			tasks := SlackTasks(Options{BotToken: "xoxb-1", AppToken: "xapp-1", APIURL: server.URL + "/api/", Digest: DigestOptions{Routing: digest.Routing{Default: "C1"}},
				Access: AccessOptions{Policy: access.Policy{Channels: tc.allowed}}})
			for _, c := range checkup.Run(t.Context(), tasks, nil) {
				if c.What == "channel C1" && c.State == tc.want && strings.Contains(c.Detail, tc.says) {
					return
				} else if c.What == "channel C1" {
					t.Errorf("%+v", c)
				}
			}
			if !t.Failed() {
				t.Error("the channel was not looked at")
			}
		})
	}
}
