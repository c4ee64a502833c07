package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// A secret is a setting that must not be seen. Every way of printing it, fmt,
// slog and encoding/json alike, prints a placeholder; only reveal gives the
// value.
type secret struct{ value string }

func (s secret) reveal() string               { return s.value }
func (s secret) String() string               { return redacted }
func (s secret) GoString() string             { return redacted }
func (s secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// Format keeps verbs such as %x and %d from reaching the value.
func (s secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// The kinds of Slack token by prefix ("Tokens", Slack developer docs,
// https://docs.slack.dev/authentication/tokens). Longer prefixes come first.
var tokenKinds = []struct{ prefix, kind string }{
	{"xoxe.xoxb-", "a bot token under token rotation, which expires within hours; switch rotation off for this app"},
	{"xoxe.xoxp-", "a user token under token rotation"},
	{"xoxe-", "a refresh token"},
	{"xoxb-", "a bot token"},
	{"xoxp-", "a user token"},
	{"xoxa-", "a legacy workspace token"},
	{"xapp-", "an app-level token"},
	{"https://hooks.slack.com/", "an incoming webhook's address"},
}

// parseToken accepts a token that starts with the prefix. Its errors say what
// was pasted instead, as far as the prefix tells, and never quote it.
func parseToken(text, prefix string) (secret, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, prefix) && len(text) > len(prefix) && !strings.ContainsAny(text, " \t\r\n\"'") {
		return secret{text}, nil
	}
	if unquoted := strings.Trim(text, `"'`); unquoted != text {
		return secret{}, errors.New("is wrapped in quotation marks, which are no part of it; remove them")
	}
	for _, k := range tokenKinds {
		if strings.HasPrefix(text, k.prefix) && k.prefix != prefix {
			return secret{}, fmt.Errorf("holds %s (%s…) where one that starts with %s belongs", k.kind, k.prefix, prefix)
		}
	}
	return secret{}, fmt.Errorf("does not look like such a token, which starts with %s", prefix)
}

// A botToken is a Slack bot user OAuth token.
type botToken struct{ secret }

// Decode implements envconfig.Decoder.
func (t *botToken) Decode(text string) (err error) {
	t.secret, err = parseToken(text, "xoxb-")
	return err
}

// An appToken is a Slack app-level token.
type appToken struct{ secret }

// Decode implements envconfig.Decoder.
func (t *appToken) Decode(text string) (err error) {
	t.secret, err = parseToken(text, "xapp-")
	return err
}
