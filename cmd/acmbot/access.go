package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/workspace"
)

// accessSettings are who may ask in Slack, where, how much, and who sees account
// ids. Who may fix is among the fixSettings.
type accessSettings struct {
	Users    []allowedUser    `envconfig:"ACMBOT_ALLOW_USERS" default:"members" desc:"Who may ask, separated by commas: members (the full members of the workspace), guests, and the ids of users (U…), whoever they are, and of user groups (S…), for the full members in them. User groups take the scope usergroups:read."`
	Teams    []allowedTeam    `envconfig:"ACMBOT_ALLOW_TEAMS" shown:"none" desc:"The ids of further workspaces (T…) and organisations (E…) whose people count as the workspace's own, separated by commas."`
	Channels []allowedChannel `envconfig:"ACMBOT_ALLOW_CHANNELS" default:"internal" desc:"Where it answers and posts, besides direct messages, separated by commas: internal (channels that no other organisation is in), shared (those that one is in), and the ids of channels (C…)."`
	Accounts []accountViewer  `envconfig:"ACMBOT_SHOW_ACCOUNTS" default:"members" desc:"Who sees AWS account ids in full, separated by commas: members (and with them channels that no other organisation is in), the ids of users (U…), user groups (S…) and channels (C…); or all or none. Others see the last four digits."`
	Rate     userRate         `envconfig:"ACMBOT_USER_RATE" default:"30/10m" desc:"How many questions one person may ask within a time, such as 30/10m; or none, for no limit. Each replica counts for itself."`
	Operator operatorID       `envconfig:"ACMBOT_OPERATOR" shown:"nobody by name" desc:"Whom people are sent to who may not do something: the id of a user (U…), a user group (S…) or a channel (C…)."`
}

// check finds what does not go together.
func (s accessSettings) check() error {
	err := s.options().Policy.Check()
	if word, ok := errors.AsType[*access.WordError](err); ok && word.List == "Accounts" {
		return &settingError{"ACMBOT_SHOW_ACCOUNTS", word.Error(), ""}
	}
	return err
}

func (s accessSettings) options() bot.AccessOptions {
	return bot.AccessOptions{
		Policy: access.Policy{Users: texts(s.Users), Teams: texts(s.Teams), Channels: texts(s.Channels), Accounts: texts(s.Accounts)},
		Rate:   access.Rate(s.Rate), Operator: string(s.Operator),
	}
}

// demoAccess lets kit, a guest, ask nothing in the demo, and names dana as who
// could change that.
func demoAccess(slack *workspace.Workspace) bot.AccessOptions {
	return bot.AccessOptions{Operator: danaIn(slack)}
}

// danaIn is the id of dana, who runs the demo's bot.
func danaIn(slack *workspace.Workspace) string {
	for _, u := range slack.Users() {
		if u.Name == "dana" {
			return u.ID
		}
	}
	return ""
}

// entry is an entry of a list, as it is typed: words in any case, ids in
// theirs.
func entry(text string, check func(string) error) (string, error) {
	text = strings.TrimSpace(text)
	if lower := strings.ToLower(text); check(lower) == nil {
		return lower, nil
	}
	return text, check(text)
}

// An allowedUser is somebody who may ask.
type allowedUser string

// Decode implements envconfig.Decoder.
func (u *allowedUser) Decode(text string) error {
	text, err := entry(text, access.CheckUser)
	*u = allowedUser(text)
	return err
}

// An allowedTeam is the id of a workspace or an organisation.
type allowedTeam string

// Decode implements envconfig.Decoder.
func (t *allowedTeam) Decode(text string) error {
	text, err := entry(text, access.CheckTeam)
	*t = allowedTeam(text)
	return err
}

// An allowedChannel is where may be answered.
type allowedChannel string

// Decode implements envconfig.Decoder.
func (c *allowedChannel) Decode(text string) error {
	text, err := entry(text, access.CheckChannel)
	*c = allowedChannel(text)
	return err
}

// An accountViewer is somebody who sees account ids.
type accountViewer string

// Decode implements envconfig.Decoder.
func (v *accountViewer) Decode(text string) error {
	text, err := entry(text, access.CheckAccount)
	*v = accountViewer(text)
	return err
}

// A userRate is how much one person may ask.
type userRate access.Rate

// Decode implements envconfig.Decoder.
func (r *userRate) Decode(text string) error {
	rate, err := access.ParseRate(text)
	*r = userRate(rate)
	return err
}

// An operatorID is the id of a user, a user group or a channel.
type operatorID string

// Decode implements envconfig.Decoder.
func (o *operatorID) Decode(text string) error {
	text = strings.TrimSpace(text)
	if !access.IsUser(text) && !access.IsGroup(text) && !access.IsChannel(text) {
		return fmt.Errorf("is %q, which is not the id of a Slack user (U…), user group (S…) or channel (C…)", text)
	}
	*o = operatorID(text)
	return nil
}
