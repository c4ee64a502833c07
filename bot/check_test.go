package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/workspace"
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
			checks, skew := CheckSlack(t.Context(), options)
			if skew.Abs() > 2*time.Second {
				t.Errorf("the same clock is %v off", skew)
			}
			failed := map[string]bool{}
			for _, c := range checks {
				text := c.Detail + " " + c.Fix
				if strings.Contains(text, w.BotToken()) || strings.Contains(text, w.AppToken()) || strings.Contains(text, "ticket") {
					t.Errorf("a secret is in %+v", c)
				}
				if c.OK {
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
			if tc.want == nil && len(checks) != 4 {
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
	checks, _ := CheckSlack(t.Context(), Options{BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL()})
	found := false
	for _, c := range checks {
		found = found || c.What == "scope im:history" && !c.OK && strings.Contains(c.Fix, "install the app again")
	}
	if !found {
		t.Errorf("the missing scope is not told: %+v", checks)
	}
}
