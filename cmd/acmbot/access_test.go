package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/access"
)

func TestAccessSettings(t *testing.T) {
	for _, test := range []struct {
		name, value, want string
	}{
		{"ACMBOT_ALLOW_USERS", "members,dana", `ACMBOT_ALLOW_USERS has "dana", which is not the id of a Slack user (U…) or user group (S…), nor members or guests.`},
		{"ACMBOT_ALLOW_TEAMS", "example.slack.com", `ACMBOT_ALLOW_TEAMS has "example.slack.com", which is not the id of a Slack workspace (T…) or organisation (E…).`},
		{"ACMBOT_ALLOW_CHANNELS", "#ops", `ACMBOT_ALLOW_CHANNELS has "#ops", which is not the id of a Slack channel (C…), nor internal or shared.`},
		{"ACMBOT_SHOW_ACCOUNTS", "111122223333", `ACMBOT_SHOW_ACCOUNTS has "111122223333", which is not the id of a Slack user (U…), user group (S…) or channel (C…), nor members, all or none.`},
		{"ACMBOT_SHOW_ACCOUNTS", "none,U0ADANA001", `ACMBOT_SHOW_ACCOUNTS has "none,U0ADANA001", which is not clear: all and none stand alone.`},
		{"ACMBOT_USER_RATE", "many", `ACMBOT_USER_RATE is "many", which is not a number of questions and a time, such as 30/10m, nor none.`},
		{"ACMBOT_USER_RATE", "0/1m", `ACMBOT_USER_RATE is "0/1m", which is not between 1 and 10000 questions in 1s to 24h.`},
		{"ACMBOT_OPERATOR", "dana", `ACMBOT_OPERATOR is "dana", which is not the id of a Slack user (U…), user group (S…) or channel (C…).`},
	} {
		unsetSettings(t)
		t.Setenv(test.name, test.value)
		var s accessSettings
		err := load(&s)
		if err == nil {
			err = s.check()
		}
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s=%s: %v, want %q", test.name, test.value, err, test.want)
		}
	}
	unsetSettings(t)
	var s accessSettings
	if err := load(&s); err != nil || s.check() != nil {
		t.Fatal(err, s.check())
	}
	want := bot.AccessOptions{
		Policy: access.Policy{Users: []string{"members"}, Channels: []string{"internal"}, Accounts: []string{"members"}},
		Rate:   access.Rate{Questions: 30, Per: 10 * time.Minute},
	}
	if diff := cmp.Diff(want, s.options()); diff != "" {
		t.Error(diff)
	}
	t.Setenv("ACMBOT_ALLOW_USERS", "Members, Guests,U0ADANA001,S0AONCALL1")
	t.Setenv("ACMBOT_ALLOW_TEAMS", "T0APARTNER,E0AORG")
	t.Setenv("ACMBOT_ALLOW_CHANNELS", "internal, C0ASHARED1")
	t.Setenv("ACMBOT_SHOW_ACCOUNTS", "C0AOPSCERT,S0AONCALL1")
	t.Setenv("ACMBOT_USER_RATE", "none")
	t.Setenv("ACMBOT_OPERATOR", "S0AONCALL1")
	if err := load(&s); err != nil || s.check() != nil {
		t.Fatal(err, s.check())
	}
	want = bot.AccessOptions{
		Policy: access.Policy{
			Users: []string{"members", "guests", "U0ADANA001", "S0AONCALL1"}, Teams: []string{"T0APARTNER", "E0AORG"},
			Channels: []string{"internal", "C0ASHARED1"}, Accounts: []string{"C0AOPSCERT", "S0AONCALL1"},
		},
		Operator: "S0AONCALL1",
	}
	if diff := cmp.Diff(want, s.options()); diff != "" {
		t.Error(diff)
	}
}
