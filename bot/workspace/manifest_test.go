package workspace

import (
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

func TestParseManifest(t *testing.T) {
	m, err := ParseManifest([]byte("display_information: {name: x}\nsettings: {socket_mode_enabled: true}\n"))
	if err != nil || m.Display.Name != "x" || !m.Settings.SocketModeEnabled {
		t.Errorf("YAML gives %+v, %v", m, err)
	}
	if m, err := ParseManifest([]byte(`{"display_information": {"name": "x"}}`)); err != nil || m.Display.Name != "x" {
		t.Errorf("JSON gives %+v, %v", m, err)
	}
	if _, err := ParseManifest([]byte("settings: {socket_mode_enabledd: true}\n")); err == nil {
		t.Error("a misspelt key was taken")
	}
}

func TestCheckManifest(t *testing.T) {
	if err := CheckManifest(DefaultManifest()); err != nil {
		t.Errorf("the default manifest: %v", err)
	}
	for name, test := range map[string]struct {
		spoil func(*slack.Manifest)
		want  string
	}{
		"no socket mode":   {func(m *slack.Manifest) { m.Settings.SocketModeEnabled = false }, "socket_mode_enabled"},
		"long name":        {func(m *slack.Manifest) { m.Display.Name = x(36) }, "display_information.name"},
		"long description": {func(m *slack.Manifest) { m.Display.Description = x(141) }, "display_information.description"},
		"short long text":  {func(m *slack.Manifest) { m.Display.LongDescription = x(173) }, "long_description"},
		"bot name":         {func(m *slack.Manifest) { m.Features.BotUser.DisplayName = "" }, "bot_user"},
		"command":          {func(m *slack.Manifest) { m.Features.SlashCommands[0].Command = "acm" }, `"acm"`},
		"command twice": {func(m *slack.Manifest) {
			m.Features.SlashCommands = append(m.Features.SlashCommands, m.Features.SlashCommands[0])
		}, "twice"},
		"shortcut name":       {func(m *slack.Manifest) { m.Features.Shortcuts[0].Name = x(25) }, "name of shortcut"},
		"shortcut type":       {func(m *slack.Manifest) { m.Features.Shortcuts[0].Type = "channel" }, "message or global"},
		"no interactivity":    {func(m *slack.Manifest) { m.Settings.Interactivity = nil }, "interactivity"},
		"no commands scope":   {func(m *slack.Manifest) { m.OAuthConfig.Scopes.Bot = nil; m.Settings.EventSubscriptions = nil }, "scope commands"},
		"event without scope": {func(m *slack.Manifest) { m.OAuthConfig.Scopes.Bot = []string{"commands"} }, "app_mentions:read"},
		"unknown event":       {func(m *slack.Manifest) { m.Settings.EventSubscriptions.BotEvents = []string{"app_dance"} }, "app_dance"},
		"unknown scope":       {func(m *slack.Manifest) { m.OAuthConfig.Scopes.Bot = append(m.OAuthConfig.Scopes.Bot, "chat:wirte") }, "chat:wirte"},
		"unfurl domains":      {func(m *slack.Manifest) { m.Features.UnfurlDomains = make([]string, 6) }, "unfurl_domains"},
	} {
		t.Run(name, func(t *testing.T) {
			m := DefaultManifest()
			test.spoil(m)
			err := CheckManifest(m)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want something on %s", err, test.want)
			}
			if w, err := Start(Options{Manifest: m}); err == nil {
				_ = w.Close()
				t.Error("a workspace took it")
			}
		})
	}
}

func TestShouldEscape(t *testing.T) {
	m := DefaultManifest()
	m.Features.SlashCommands = append(m.Features.SlashCommands, slack.ManifestSlashCommand{Command: "/esc", Description: "x", ShouldEscape: true})
	w := start(t, Options{Manifest: m})
	const typed = "why shop.example.com @lee #random & https://example.com/a?b=1&c=2"
	for command, want := range map[string]string{
		"/acm": typed,
		"/esc": "why <http://shop.example.com|shop.example.com> <@U0ALEE0001|lee> <#C0ARANDOM1|random> &amp; <https://example.com/a?b=1&amp;c=2>",
	} {
		d, err := w.Slash("dana", ops, command, " "+typed+" ")
		if err != nil {
			t.Fatal(err)
		}
		if got := field(d.Payload(), "text"); got != want {
			t.Errorf("%s got %q, want %q", command, got, want)
		}
	}
}
