package workspace

import "slices"

// credentials are the tokens that the workspace knows.
type credentials struct {
	bot, app []string // those that work, the latest last
	revoked  []string
}

// BotToken is the bot token (xoxb-) of the installed app, the latest where there
// are several.
func (w *Workspace) BotToken() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return latest(w.tokens.bot)
}

// AppToken is the app-level token (xapp-), with the scope connections:write, the
// latest where there are several.
func (w *Workspace) AppToken() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return latest(w.tokens.app)
}

func latest(tokens []string) string {
	if len(tokens) == 0 {
		return ""
	}
	return tokens[len(tokens)-1]
}

// IssueBotToken makes another bot token, beside the one there is.
func (w *Workspace) IssueBotToken() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens.bot = append(w.tokens.bot, newBotToken())
	return latest(w.tokens.bot)
}

// IssueAppToken makes another app-level token, beside the one there is.
func (w *Workspace) IssueAppToken() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens.app = append(w.tokens.app, w.newAppToken())
	return latest(w.tokens.app)
}

// Revoke makes a token stop working: calls with it have the error token_revoked
// from now on. Connections that are open stay so.
func (w *Workspace) Revoke(token string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	same := func(t string) bool { return t == token }
	w.tokens.bot = slices.DeleteFunc(w.tokens.bot, same)
	w.tokens.app = slices.DeleteFunc(w.tokens.app, same)
	w.tokens.revoked = append(w.tokens.revoked, token)
	w.change()
}

func newBotToken() string { return "xoxb-" + secret(8) + "-" + secret(12) }

func (w *Workspace) newAppToken() string { return "xapp-1-" + w.appID + "-" + secret(16) }

// admit lets a token in for a method, or says why not. w.mu is held.
func (c credentials) admit(m method, token string) error {
	switch {
	case token == "":
		return fail("not_authed")
	case slices.Contains(c.bot, token) && m.app, slices.Contains(c.app, token) && !m.app:
		return fail("not_allowed_token_type")
	case slices.Contains(c.bot, token), slices.Contains(c.app, token):
		return nil
	case slices.Contains(c.revoked, token):
		return fail("token_revoked")
	}
	return fail("invalid_auth")
}
