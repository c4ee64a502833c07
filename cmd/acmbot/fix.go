package main

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/fix"
)

// fixSettings are what may be fixed from Slack, and by whom.
type fixSettings struct {
	Kinds   []fixKind     `envconfig:"ACMBOT_FIX" shown:"none: it only reads" desc:"What may be fixed by a button in Slack, separated by commas: add-cname, add-caa, resend-email, switch-to-dns, publish-switch-records, renew-private."`
	Users   []userOrGroup `envconfig:"ACMBOT_FIX_USERS" shown:"nobody" desc:"The ids of the Slack users (U…) and user groups (S…) who may press those buttons, separated by commas. User groups take the scope usergroups:read."`
	Channel auditChannel  `envconfig:"ACMBOT_AUDIT_CHANNEL" shown:"none; the log has them anyway" desc:"The id of the Slack channel (C…) that gets an entry for each fix. Where it cannot be written to, nothing is fixed."`
}

// check finds what does not go together.
func (s fixSettings) check() error {
	if len(s.Kinds) > 0 && len(s.Users) == 0 {
		return &settingError{"ACMBOT_FIX_USERS", "is not set, so nobody could use what ACMBOT_FIX switches on", "Slack shows a user's id under Copy member ID in their profile's menu"}
	}
	return nil
}

// options are the bot's, with a fixer that has the credentials of the sight.
func (s fixSettings) options(where sight, log *slog.Logger) bot.FixOptions {
	o := bot.FixOptions{AuditChannel: string(s.Channel), Kinds: s.kinds(), Users: texts(s.Users)}
	if len(o.Kinds) > 0 {
		o.Fixer = fix.New(fix.Options{Inventory: where.shared, Kinds: o.Kinds, Logger: log})
	}
	return o
}

func (s fixSettings) kinds() []fix.Kind {
	var list []fix.Kind
	for _, k := range s.Kinds {
		list = append(list, fix.Kind(k))
	}
	return list
}

// demoFixes lets dana fix everything in the demo, and nobody else anything.
func demoFixes(slack *workspace.Workspace, where sight, log *slog.Logger) (bot.FixOptions, error) {
	channel, err := slack.AddChannel("acmbot-audit", workspace.PublicChannel, "dana", "lee", "sam", "acmbot")
	if err != nil {
		return bot.FixOptions{}, fmt.Errorf("making the demo's audit channel: %w", err)
	}
	s := fixSettings{Channel: auditChannel(channel)}
	for _, k := range fix.Kinds() {
		s.Kinds = append(s.Kinds, fixKind(k))
	}
	s.Users = append(s.Users, userOrGroup(danaIn(slack)))
	o := s.options(where, log)
	o.FollowEvery = 2 * time.Second // the demo's ACM looks again within seconds, too
	return o, nil
}

// A fixKind is a kind of fix.
type fixKind fix.Kind

// Decode implements envconfig.Decoder.
func (k *fixKind) Decode(text string) error {
	kind := fix.Kind(strings.ToLower(strings.TrimSpace(text)))
	if !kind.Known() {
		return fmt.Errorf("has %q, which is not a fix such as add-cname", text)
	}
	*k = fixKind(kind)
	return nil
}

// A userOrGroup is the id of a user or a user group.
type userOrGroup string

// Decode implements envconfig.Decoder.
func (u *userOrGroup) Decode(text string) error {
	text = strings.TrimSpace(text)
	if !access.IsUser(text) && !access.IsGroup(text) {
		return fmt.Errorf("has %q, which is not the id of a Slack user (U…) or user group (S…)", text)
	}
	*u = userOrGroup(text)
	return nil
}

// An auditChannel is the id of a channel.
type auditChannel string

// Decode implements envconfig.Decoder.
func (c *auditChannel) Decode(text string) error {
	text = strings.TrimSpace(text)
	if !access.IsChannel(text) {
		return fmt.Errorf("is %q, which is not the id of a Slack channel (C…)", text)
	}
	*c = auditChannel(text)
	return nil
}
