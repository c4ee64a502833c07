package workspace

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
	"gopkg.in/yaml.v3"
)

// ParseManifest reads an app manifest in YAML or JSON. Unknown keys are errors,
// as they are to Slack ("App manifest reference",
// https://docs.slack.dev/reference/app-manifest).
func ParseManifest(text []byte) (*slack.Manifest, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var m slack.Manifest
	if err := decoder.Decode(&m); err != nil {
		return nil, fmt.Errorf("reading the app manifest: %w", err)
	}
	return &m, nil
}

// DefaultManifest is a manifest with a bit of everything: the slash command
// /acm, a message and a global shortcut, App Home, and the scopes and events
// that go with them.
func DefaultManifest() *slack.Manifest {
	return &slack.Manifest{
		Metadata: slack.ManifestMetadata{MajorVersion: 1, MinorVersion: 1},
		Display:  slack.Display{Name: "acmbot", Description: "Why does my certificate not renew?"},
		Features: slack.Features{
			AppHome: slack.AppHome{HomeTabEnabled: true, MessagesTabEnabled: true},
			BotUser: slack.BotUser{DisplayName: "acmbot", AlwaysOnline: true},
			Shortcuts: []slack.Shortcut{
				{Name: "Diagnose certificate", CallbackID: "diagnose_message", Description: "Diagnose the domains in this message", Type: slack.MessageShortcut},
				{Name: "Diagnose a certificate", CallbackID: "diagnose", Description: "Ask about a domain", Type: slack.GlobalShortcut},
			},
			SlashCommands: []slack.ManifestSlashCommand{
				{Command: "/acm", Description: "Diagnose ACM certificates", UsageHint: "why <domain> | list | help"},
			},
			UnfurlDomains: []string{"console.aws.amazon.com"},
		},
		OAuthConfig: slack.OAuthConfig{Scopes: slack.OAuthScopes{Bot: []string{
			"app_mentions:read", "assistant:write", "channels:history", "channels:join", "channels:read",
			"chat:write", "commands", "groups:history", "groups:read", "im:history", "im:read", "im:write",
			"links:read", "links:write", "reactions:read", "reactions:write", "team:read", "usergroups:read",
			"users:read",
		}}},
		Settings: slack.Settings{
			EventSubscriptions: &slack.EventSubscriptions{BotEvents: []string{
				"app_home_opened", "app_mention", "link_shared", "member_joined_channel", "message.im",
			}},
			Interactivity:     &slack.Interactivity{IsEnabled: true},
			SocketModeEnabled: true,
		},
	}
}

// eventScopes are the scopes of which an app needs one to subscribe to an
// event ("Events", https://docs.slack.dev/reference/events).
var eventScopes = map[string][]string{
	"app_home_opened":                  nil,
	"app_mention":                      {"app_mentions:read"},
	"app_uninstalled":                  nil,
	"tokens_revoked":                   nil,
	"link_shared":                      {"links:read"},
	"member_joined_channel":            {"channels:read", "groups:read"},
	"member_left_channel":              {"channels:read", "groups:read"},
	"message.channels":                 {"channels:history"},
	"message.groups":                   {"groups:history"},
	"message.im":                       {"im:history"},
	"message.mpim":                     {"mpim:history"},
	"reaction_added":                   {"reactions:read"},
	"reaction_removed":                 {"reactions:read"},
	"assistant_thread_started":         {"assistant:write"},
	"assistant_thread_context_changed": {"assistant:write"},
	"channel_archive":                  {"channels:read"},
	"channel_left":                     {"channels:read"},
	"channel_rename":                   {"channels:read"},
	"channel_shared":                   {"channels:read", "groups:read"},
	"channel_unshared":                 {"channels:read", "groups:read"},
	"team_join":                        {"users:read"},
	"user_change":                      {"users:read"},
	"subteam_updated":                  {"usergroups:read"},
	"subteam_members_changed":          {"usergroups:read"},
}

var (
	commandName = regexp.MustCompile(`^/[a-z0-9_.-]{1,31}$`)
	botName     = regexp.MustCompile(`^[A-Za-z0-9_. -]{1,80}$`)
)

// CheckManifest says what is wrong with a manifest: what Slack would not take,
// what this workspace cannot serve, and what could never work, such as an event
// without the scope for it. It returns nil or the problems joined.
func CheckManifest(m *slack.Manifest) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	length := func(what, s string, least, most int) {
		if n := utf8.RuneCountInString(s); n < least || n > most {
			bad("%s has %d characters; Slack takes %d to %d", what, n, least, most)
		}
	}
	scopes := m.OAuthConfig.Scopes.Bot

	length("display_information.name", m.Display.Name, 1, 35)
	length("display_information.description", m.Display.Description, 0, 140)
	if m.Display.LongDescription != "" {
		length("display_information.long_description", m.Display.LongDescription, 174, 4000)
	}
	if !botName.MatchString(m.Features.BotUser.DisplayName) {
		bad("features.bot_user.display_name %q is not 1 to 80 letters, digits, '-', '_' or '.'", m.Features.BotUser.DisplayName)
	}
	if !m.Settings.SocketModeEnabled {
		bad("settings.socket_mode_enabled is off: the app could not connect")
	}

	if n := len(m.Features.SlashCommands); n > 50 {
		bad("features.slash_commands has %d entries; Slack takes 50", n)
	}
	commands := map[string]bool{}
	for _, c := range m.Features.SlashCommands {
		if !commandName.MatchString(c.Command) {
			bad("slash command %q is not a slash and 1 to 31 lower-case letters, digits, '-', '_' or '.'", c.Command)
		}
		if commands[c.Command] {
			bad("slash command %q is there twice", c.Command)
		}
		commands[c.Command] = true
		length("the description of slash command "+c.Command, c.Description, 1, 2000)
		length("the usage_hint of slash command "+c.Command, c.UsageHint, 0, 1000)
	}
	interactive := m.Settings.Interactivity != nil && m.Settings.Interactivity.IsEnabled
	if n := len(m.Features.Shortcuts); n > 10 {
		bad("features.shortcuts has %d entries; Slack takes 10", n)
	}
	callbacks := map[string]bool{}
	for _, s := range m.Features.Shortcuts {
		length("the name of shortcut "+s.CallbackID, s.Name, 1, 24)
		length("the description of shortcut "+s.CallbackID, s.Description, 1, 150)
		length("the callback_id of shortcut "+s.Name, s.CallbackID, 1, 255)
		if s.Type != slack.MessageShortcut && s.Type != slack.GlobalShortcut {
			bad("shortcut %q has the type %q; it must be message or global", s.CallbackID, s.Type)
		}
		if callbacks[s.CallbackID] {
			bad("shortcut %q is there twice", s.CallbackID)
		}
		callbacks[s.CallbackID] = true
		if !interactive {
			bad("shortcut %q needs settings.interactivity.is_enabled", s.CallbackID)
		}
	}
	if (len(commands) > 0 || len(callbacks) > 0) && !slices.Contains(scopes, "commands") {
		bad("slash commands and shortcuts need the bot scope commands")
	}

	if m.Settings.EventSubscriptions != nil {
		for _, event := range m.Settings.EventSubscriptions.BotEvents {
			needed, known := eventScopes[event]
			switch {
			case !known:
				bad("bot event %q is not one that this workspace knows", event)
			case len(needed) > 0 && !slices.ContainsFunc(needed, func(s string) bool { return slices.Contains(scopes, s) }):
				bad("bot event %q needs the bot scope %s", event, strings.Join(needed, " or "))
			}
		}
	}
	if n := len(m.Features.UnfurlDomains); n > 5 {
		bad("features.unfurl_domains has %d entries; Slack takes 5", n)
	}
	for _, s := range scopes {
		if !knownScope(s) {
			bad("bot scope %q is not one that Slack has", s)
		}
	}
	return errors.Join(problems...)
}

// botScopes are the scopes a bot token can carry ("Scopes",
// https://docs.slack.dev/reference/scopes), as far as a bot like this could
// want them.
var botScopes = strings.Fields(`
	app_mentions:read assistant:write bookmarks:read bookmarks:write calls:read calls:write
	canvases:read canvases:write channels:history channels:join channels:manage channels:read
	channels:write.invites channels:write.topic chat:write chat:write.customize chat:write.public
	commands conversations.connect:manage conversations.connect:read conversations.connect:write
	dnd:read emoji:read files:read files:write groups:history groups:read groups:write
	groups:write.invites groups:write.topic im:history im:read im:write im:write.topic
	incoming-webhook links.embed:write links:read links:write lists:read lists:write
	metadata.message:read mpim:history mpim:read mpim:write pins:read pins:write reactions:read
	reactions:write reminders:read reminders:write remote_files:read remote_files:share
	remote_files:write search:read.files search:read.public team.preferences:read team:read
	tokens.basic triggers:read triggers:write usergroups:read usergroups:write users.profile:read
	users:read users:read.email users:write workflow.steps:execute`)

func knownScope(s string) bool { return slices.Contains(botScopes, s) }
