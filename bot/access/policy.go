package access

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The words that a Policy's lists take beside ids.
const (
	// Members are the full members of the workspace where the app is installed
	// and of those among Policy.Teams.
	Members = "members"
	// Guests are the guests of these workspaces, be it for one channel or for
	// several.
	Guests = "guests"
	// Internal are the channels that no other organisation is in.
	Internal = "internal"
	// Shared are the channels that another organisation is in, or is invited to
	// (Slack Connect).
	Shared = "shared"
	// All are all who may ask, and all places that may be answered in.
	All = "all"
	// None is nobody.
	None = "none"
)

// A Policy is who may do what. The zero value lets full members of the
// workspace ask, answers in its own channels and in direct messages, shows
// account ids to the same, and lets nobody change anything.
type Policy struct {
	// Users may ask: Members (the default), Guests, and ids of users (U…, W…)
	// and user groups (S…). A user that is named by id may ask whoever that is;
	// of a group those who are neither guests nor from elsewhere.
	Users []string
	// Teams are the ids of further workspaces (T…) and organisations (E…) whose
	// people count as the workspace's own.
	Teams []string
	// Channels may be answered in, beside direct messages: Internal (the
	// default), Shared, and ids of channels (C…, G…).
	Channels []string
	// Posting are channels that other settings have the bot post in. They may be
	// answered in, too, unless another organisation is in them.
	Posting []string
	// Accounts see account ids: Members (the default; with them the channels of
	// the workspace that no other organisation is in), All, None, or ids of
	// users, user groups and channels.
	Accounts []string
	// Fixers may change what is switched on: ids of users and user groups, of
	// which, as everywhere here, those who are neither guests nor from elsewhere.
	Fixers []string
	// Admins may check how the bot is set up, besides the admins and owners of
	// the workspace: ids of users, who may ask then whoever they are, and of user
	// groups.
	Admins []string
}

var (
	userID    = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)
	groupID   = regexp.MustCompile(`^S[A-Z0-9]{2,}$`)
	channelID = regexp.MustCompile(`^[CG][A-Z0-9]{2,}$`)
	teamID    = regexp.MustCompile(`^[TE][A-Z0-9]{2,}$`)
)

// IsGroup reports whether an id is a user group's.
func IsGroup(id string) bool { return groupID.MatchString(id) }

// IsUser reports whether an id is a user's.
func IsUser(id string) bool { return userID.MatchString(id) }

// IsChannel reports whether an id is a channel's.
func IsChannel(id string) bool { return channelID.MatchString(id) }

// A WordError is an entry of a Policy that means nothing. It ends the sentence
// that the list's name begins.
type WordError struct{ List, Text, Want string }

func (e *WordError) Error() string { return fmt.Sprintf("has %q, which is not %s", e.Text, e.Want) }

// What the lists take, for a WordError.
const (
	wantUsers    = "the id of a Slack user (U…) or user group (S…), nor members or guests"
	wantTeams    = "the id of a Slack workspace (T…) or organisation (E…)"
	wantChannels = "the id of a Slack channel (C…), nor internal or shared"
	wantAccounts = "the id of a Slack user (U…), user group (S…) or channel (C…), nor members, all or none"
	wantFixers   = "the id of a Slack user (U…) or user group (S…)"
)

// CheckUser returns a *WordError where an entry of Policy.Users means nothing.
func CheckUser(text string) error {
	return check("Users", text, wantUsers, text == Members || text == Guests || IsUser(text) || IsGroup(text))
}

// CheckTeam is like CheckUser, for Policy.Teams.
func CheckTeam(text string) error { return check("Teams", text, wantTeams, teamID.MatchString(text)) }

// CheckChannel is like CheckUser, for Policy.Channels.
func CheckChannel(text string) error {
	return check("Channels", text, wantChannels, text == Internal || text == Shared || IsChannel(text))
}

// CheckAccount is like CheckUser, for Policy.Accounts.
func CheckAccount(text string) error {
	return check("Accounts", text, wantAccounts,
		text == Members || text == All || text == None || IsUser(text) || IsGroup(text) || IsChannel(text))
}

func check(list, text, want string, ok bool) error {
	if ok {
		return nil
	}
	return &WordError{List: list, Text: text, Want: want}
}

// Check returns a *WordError for the first entry that means nothing, and an
// error where None or All stands beside others.
func (p Policy) Check() error {
	for _, l := range []struct {
		entries []string
		check   func(string) error
	}{{p.Users, CheckUser}, {p.Teams, CheckTeam}, {p.Channels, CheckChannel}, {p.Accounts, CheckAccount}} {
		for _, e := range l.entries {
			if err := l.check(e); err != nil {
				return err
			}
		}
	}
	for list, entries := range map[string][]string{"Fixers": p.Fixers, "Admins": p.Admins} {
		for _, e := range entries {
			if !IsUser(e) && !IsGroup(e) {
				return &WordError{List: list, Text: e, Want: wantFixers}
			}
		}
	}
	if len(p.Accounts) > 1 && (slices.Contains(p.Accounts, None) || slices.Contains(p.Accounts, All)) {
		return &WordError{List: "Accounts", Text: strings.Join(p.Accounts, ","), Want: "clear: all and none stand alone"}
	}
	return nil
}

func (p Policy) users() []string    { return or(p.Users, Members) }
func (p Policy) channels() []string { return or(p.Channels, Internal) }
func (p Policy) accounts() []string { return or(p.Accounts, Members) }

func or(list []string, standard string) []string {
	if len(list) == 0 {
		return []string{standard}
	}
	return list
}

// Groups are the user groups whose members have to be known to decide.
func (p Policy) Groups() []string {
	var groups []string
	for _, id := range slices.Concat(p.Users, p.Accounts, p.Fixers, p.Admins) {
		if IsGroup(id) && !slices.Contains(groups, id) {
			groups = append(groups, id)
		}
	}
	return groups
}

// AllowsGuests reports whether guests may ask as such, not only by their ids.
func (p Policy) AllowsGuests() bool { return slices.Contains(p.users(), Guests) }

// AllowsShared reports whether all channels that are shared with other
// organisations may be answered in.
func (p Policy) AllowsShared() bool { return slices.Contains(p.channels(), Shared) }
