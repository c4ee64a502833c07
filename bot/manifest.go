package bot

import (
	"net/http"
	"slices"
	"strings"

	"github.com/acmbot/acmbot/bot/view"
)

// Command is the slash command that manifest.yml registers.
const Command = "/acm"

// Scopes are the OAuth scopes that the bot token needs: commands for the slash
// command and the message shortcut, chat:write to answer in threads and to
// share, app_mentions:read and im:history to read what is said to the bot,
// assistant:write to suggest questions, and links:read and links:write to unfurl
// links to the AWS console. Watches need im:write for direct messages and
// reactions:write to mark what is settled; channels:history and groups:history
// to look, after a crash, whether a message was posted in its thread already:
// without them it may come twice. users:read tells guests and people of other
// organisations from members, and who is an admin; channels:read and groups:read
// which channels another organisation is in, and whether one can be posted in.
// Without users:read nobody may ask.
var Scopes = []string{
	"app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands", "groups:history", "groups:read",
	"im:history", "im:write", "links:read", "links:write", "reactions:write", "users:read",
}

// scopes are those that the bot token needs for these options.
func (o Options) scopes() []string {
	if len(o.policy().Groups()) > 0 {
		return append(slices.Clone(Scopes), ScopeUserGroups)
	}
	return Scopes
}

// Events are the events that the bot handles.
var Events = []string{
	"app_home_opened", "app_mention", "assistant_thread_started", "channel_shared", "channel_unshared", "link_shared", "message.im",
}

// Shortcuts are the callback ids of the shortcuts that the bot handles.
var Shortcuts = []string{view.CallbackMessage}

// missingScopes are those of the wanted that the token lacks, by the header that Slack sends
// with every answer. None where the header is missing.
func missingScopes(h http.Header, wanted []string) []string {
	granted := h.Get("X-OAuth-Scopes")
	if granted == "" {
		return nil
	}
	has := map[string]bool{}
	for s := range strings.SplitSeq(granted, ",") {
		has[strings.TrimSpace(s)] = true
	}
	var missing []string
	for _, s := range wanted {
		if !has[s] {
			missing = append(missing, s)
		}
	}
	return missing
}
