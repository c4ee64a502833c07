package main

import (
	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot"
)

// manifest is manifest.yml, for the demo's workspace: the program has to carry
// it, and a file cannot be embedded from a directory above. A test keeps the
// two equal.
func manifest() *slack.Manifest {
	m := &slack.Manifest{
		Metadata: slack.ManifestMetadata{MajorVersion: 1, MinorVersion: 1},
		Display: slack.Display{
			Name:            "acmbot",
			Description:     "Why does my certificate not renew? The true cause, and the exact fix.",
			BackgroundColor: "#1d3557",
		},
		Features: slack.Features{
			AppHome: slack.AppHome{HomeTabEnabled: true, MessagesTabEnabled: true},
			BotUser: slack.BotUser{DisplayName: "acmbot", AlwaysOnline: true},
			SlashCommands: []slack.ManifestSlashCommand{{
				Command: bot.Command, Description: "Why does this certificate not renew?", UsageHint: "why [domain] | list [filter] | help",
			}},
			AssistantView: &slack.AssistantView{AssistantDescription: "Why does a certificate not renew, and which ones need somebody?"},
			UnfurlDomains: bot.UnfurlDomains,
		},
		OAuthConfig: slack.OAuthConfig{Scopes: slack.OAuthScopes{Bot: bot.Scopes}},
		Settings: slack.Settings{
			EventSubscriptions: &slack.EventSubscriptions{BotEvents: bot.Events},
			Interactivity:      &slack.Interactivity{IsEnabled: true},
			SocketModeEnabled:  true,
		},
	}
	for _, id := range bot.Shortcuts {
		m.Features.Shortcuts = append(m.Features.Shortcuts, slack.Shortcut{
			Name: "Why this certificate?", CallbackID: id, Type: slack.MessageShortcut,
			Description: "Diagnose the certificates of the domains in this message",
		})
	}
	return m
}
