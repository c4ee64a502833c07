package bot

import (
	"net/http"
	"os"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/workspace"
)

func readManifest(t testing.TB) *slack.Manifest {
	t.Helper()
	text, err := os.ReadFile("../manifest.yml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := workspace.ParseManifest(text) // strict: an unknown key is an error
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestManifestIsWhatTheCodeUses(t *testing.T) {
	m := readManifest(t)
	if err := workspace.CheckManifest(m); err != nil {
		t.Errorf("Slack would not take it: %v", err)
	}
	var commands, shortcuts []string
	for _, c := range m.Features.SlashCommands {
		commands = append(commands, c.Command)
		if c.Url != "" {
			t.Errorf("%s has a URL, which Socket Mode has no use for", c.Command)
		}
	}
	for _, s := range m.Features.Shortcuts {
		shortcuts = append(shortcuts, s.CallbackID)
	}
	for _, tc := range []struct {
		what      string
		got, want []string
	}{
		{"slash commands", commands, []string{Command}},
		{"shortcuts", shortcuts, Shortcuts},
		{"bot scopes", m.OAuthConfig.Scopes.Bot, Scopes},
		{"bot events", m.Settings.EventSubscriptions.BotEvents, Events},
		{"unfurl domains", m.Features.UnfurlDomains, UnfurlDomains},
		{"user scopes", m.OAuthConfig.Scopes.User, nil},
	} {
		slices.Sort(tc.got)
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s (-code +manifest):\n%s", tc.what, diff)
		}
	}
	for _, tc := range []struct {
		what, text string
		most       int
	}{
		{"name", m.Display.Name, 35},
		{"description", m.Display.Description, 140},
		{"long description", m.Display.LongDescription, 4000},
		{"bot's display name", m.Features.BotUser.DisplayName, 80},
		{"shortcut's name", m.Features.Shortcuts[0].Name, 24},
		{"shortcut's description", m.Features.Shortcuts[0].Description, 150},
	} {
		if n := utf8.RuneCountInString(tc.text); n == 0 || n > tc.most {
			t.Errorf("the %s has %d characters, Slack takes 1 to %d", tc.what, n, tc.most)
		}
	}
	if n := utf8.RuneCountInString(m.Display.LongDescription); n < 174 {
		t.Errorf("the long description has %d characters, Slack wants 174", n)
	}
	if m.Features.AssistantView == nil || m.Features.AssistantView.AssistantDescription == "" {
		t.Error("there is no assistant, whose threads the bot serves")
	}
	if m.Settings.EventSubscriptions.RequestUrl != "" || m.Settings.Interactivity.RequestUrl != "" {
		t.Error("there is a request URL, which Socket Mode has no use for")
	}
	if !m.Features.AppHome.HomeTabEnabled || !m.Features.AppHome.MessagesTabEnabled || m.Features.AppHome.MessagesTabReadOnlyEnabled {
		t.Error("the App Home's tabs are not as the bot needs them")
	}
}

func TestMissingScopes(t *testing.T) {
	for _, tc := range []struct {
		header string
		want   []string
	}{
		{"", nil}, // a server that does not say
		{"commands,chat:write, app_mentions:read,im:history,users:read,assistant:write,links:read,links:write,channels:history,groups:history,im:write,reactions:write,channels:read,groups:read", nil},
		{"commands,chat:write,links:read,links:write,channels:history,groups:history,im:write,reactions:write,channels:read,groups:read,users:read", []string{"app_mentions:read", "assistant:write", "im:history"}},
	} {
		h := http.Header{}
		if tc.header != "" {
			h.Set("X-OAuth-Scopes", tc.header)
		}
		if diff := cmp.Diff(tc.want, missingScopes(h, Scopes)); diff != "" {
			t.Errorf("missingScopes(%q) (-want +got):\n%s", tc.header, diff)
		}
	}
}
