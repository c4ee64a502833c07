package access

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		policy Policy
		want   string // of the error; none where empty
	}{
		{Policy{}, ""},
		{Policy{
			Users: []string{Members, Guests, "U012", "W012", "S012"}, Teams: []string{"T012", "E012"},
			Channels: []string{Internal, Shared, "C012", "G012"}, Accounts: []string{Members, "U012", "S012", "C012"}, Fixers: []string{"U012", "S012"},
		}, ""},
		{Policy{Users: []string{"dana"}}, `has "dana", which is not the id of a Slack user (U…) or user group (S…), nor members or guests`},
		{Policy{Users: []string{"C012"}}, `has "C012", which is not the id of a Slack user (U…) or user group (S…), nor members or guests`},
		{Policy{Teams: []string{"example"}}, `has "example", which is not the id of a Slack workspace (T…) or organisation (E…)`},
		{Policy{Channels: []string{"#ops"}}, `has "#ops", which is not the id of a Slack channel (C…), nor internal or shared`},
		{Policy{Channels: []string{"D012"}}, `has "D012", which is not the id of a Slack channel (C…), nor internal or shared`},
		{Policy{Accounts: []string{"111122223333"}}, `has "111122223333", which is not the id of a Slack user (U…), user group (S…) or channel (C…), nor members, all or none`},
		{Policy{Accounts: []string{None, "U012"}}, `has "none,U012", which is not clear: all and none stand alone`},
		{Policy{Fixers: []string{"members"}}, `has "members", which is not the id of a Slack user (U…) or user group (S…)`},
	} {
		got := ""
		if err := tc.policy.Check(); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.policy, got, tc.want)
		}
	}
}

func TestGroups(t *testing.T) {
	p := Policy{Users: []string{Members, "S0A"}, Accounts: []string{"S0B", "U0A"}, Fixers: []string{"S0A", "S0C"}}
	got := p.Groups()
	slices.Sort(got)
	if diff := cmp.Diff([]string{"S0A", "S0B", "S0C"}, got); diff != "" {
		t.Error(diff)
	}
}
