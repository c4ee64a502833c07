package bot

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/slack-go/slack"
)

// A Refusal is Slack saying that the app cannot work, now or later, until
// somebody changes its settings or tokens.
type Refusal struct {
	// Code is Slack's error, such as "invalid_auth".
	Code string
	// Reason is what it means and what to do, as sentences for the operator.
	Reason string
}

func (r *Refusal) Error() string { return r.Reason }

// refusals are Slack's errors that trying again does not mend ("auth.test",
// https://docs.slack.dev/reference/methods/auth.test, and
// "apps.connections.open",
// https://docs.slack.dev/reference/methods/apps.connections.open). The verb is
// the token.
var refusals = map[string]string{
	"invalid_auth":            "Slack does not know the %s. Copy it again from the app's settings; it may have been regenerated.",
	"not_authed":              "Slack got no %s. Set it.",
	"account_inactive":        "The %s belongs to an app or user that was removed from the workspace. Install the app again.",
	"token_revoked":           "The %s was revoked. Install the app again, or make a new token in its settings.",
	"token_expired":           "The %s has expired. Turn token rotation off in the app's settings, or make a new token.",
	"not_allowed_token_type":  "The %s is of the wrong kind. The bot token starts with xoxb-, the app-level token with xapp-.",
	"missing_scope":           "The %s lacks a scope. The app-level token needs connections:write; the bot token needs the scopes in manifest.yml.",
	"no_permission":           "The %s does not carry the permission that is needed. Make it again with the scopes in manifest.yml.",
	"team_disabled":           "The workspace of the %s is disabled.",
	"user_removed_from_team":  "The user of the %s was removed from the workspace. Install the app again.",
	"forbidden_team":          "The workspace of the %s may not use Socket Mode.",
	"access_denied":           "Slack denies access with the %s. An administrator may have restricted the app.",
	"socket_mode_not_enabled": "Socket Mode is switched off for the app of the %s. Switch it on in the app's settings.",
	"app_not_installed":       "The app of the %s is not installed in the workspace. Install it.",
}

// refusalOf returns the refusal that an error is, nil where trying again may
// help. Token says which token was used, in words.
func refusalOf(err error, token string) *Refusal {
	if slackErr, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		text, ok := refusals[slackErr.Err]
		if !ok {
			return nil
		}
		reason := fmt.Sprintf(text, token)
		if slackErr.Needed != "" {
			reason += " Needed: " + slackErr.Needed + "."
		}
		return &Refusal{Code: slackErr.Err, Reason: reason + " (" + slackErr.Err + ")"}
	}
	var status slack.StatusCodeError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return &Refusal{Code: "not_found", Reason: "There is no Slack Web API at the configured URL (HTTP status 404). Check the API URL; Slack's own is " + slack.APIURL + "."}
	}
	return nil
}
