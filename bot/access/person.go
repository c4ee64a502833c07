package access

import "slices"

// A Home is where the app is installed.
type Home struct {
	Team       string // T…
	Enterprise string // E…, empty where the workspace is in no organisation
}

// A Person is what Slack tells of a user ("User object",
// https://docs.slack.dev/reference/objects/user-object).
type Person struct {
	ID string
	// Team is the user's workspace; Teams are all of them, and Enterprise is
	// the organisation, where the user's is one of Enterprise Grid.
	Team       string
	Teams      []string
	Enterprise string
	// Guest is a guest for several channels (is_restricted) or for a single one
	// (is_ultra_restricted).
	Guest bool
	// Stranger is somebody of another workspace with whom no channel is shared
	// (is_stranger; "Understanding Slack Connect",
	// https://docs.slack.dev/apis/slack-connect).
	Stranger bool
	// Bot is a bot or a workflow; Deactivated an account that was closed.
	Bot, Deactivated bool
	// Admin is an admin or an owner of the workspace.
	Admin bool
	// Groups are those of Policy.Groups that the user is in, and UnsureOf those
	// of which that could not be found out.
	Groups, UnsureOf []string
}

// A Place is what Slack tells of a conversation ("Conversation object",
// https://docs.slack.dev/reference/objects/conversation-object).
type Place struct {
	ID string
	// Direct is the bot's own direct message with somebody, or something that
	// only one person sees, such as the App Home.
	Direct bool
	// External says that another organisation is in the channel, or is invited
	// to it (is_ext_shared, is_pending_ext_shared). A channel that is shared
	// between workspaces of one organisation (is_org_shared) is not external.
	External bool
	// Known says that Slack told so. Private conversations that the bot is not
	// in are not known.
	Known bool
}

// A Reason is why something is not allowed; empty where it is.
type Reason string

// The reasons.
const (
	Allowed Reason = ""
	// Unknown is nobody, or somebody that Slack knows nothing of.
	Unknown Reason = "unknown"
	// Unsure says that a user group could not be looked up.
	Unsure Reason = "unsure"
	// ABot is another bot, Deactivated an account that was closed.
	ABot        Reason = "bot"
	Deactivated Reason = "deactivated"
	// AGuest is a guest, where guests may not.
	AGuest Reason = "guest"
	// Outsider belongs to another organisation, or to another workspace of the
	// same.
	Outsider Reason = "outsider"
	// NotNamed is not among those who are named.
	NotNamed Reason = "not-named"
	// SharedPlace is a channel that another organisation is in.
	SharedPlace Reason = "shared-channel"
	// OtherPlace is a channel that is not among those that are named.
	OtherPlace Reason = "other-channel"
	// UnknownPlace is a conversation of which Slack does not tell who is in it.
	UnknownPlace Reason = "unknown-channel"
)

// Quiet reports whether nobody is to be told of a refusal.
func (r Reason) Quiet() bool { return r == Unknown || r == ABot || r == Deactivated }

// of reports whether a person is of the workspace.
func (h Home) of(who Person) bool {
	return !who.Stranger && h.Team != "" && (who.Team == h.Team || slices.Contains(who.Teams, h.Team))
}

// own reports whether a person is of the workspace, or of one that counts as it.
func (p Policy) own(home Home, who Person) bool {
	return home.of(who) || slices.ContainsFunc(p.Teams, func(id string) bool {
		return id != "" && (id == who.Team || id == who.Enterprise || slices.Contains(who.Teams, id))
	})
}

// person decides who may ask, without regard to the place.
func (p Policy) person(home Home, who Person) Reason {
	switch {
	case who.ID == "":
		return Unknown
	case who.Bot:
		return ABot
	case who.Deactivated:
		return Deactivated
	case slices.Contains(p.users(), who.ID), slices.Contains(p.Admins, who.ID):
		return Allowed
	case !p.own(home, who):
		return Outsider
	case who.Guest && p.AllowsGuests():
		return Allowed
	case who.Guest:
		return AGuest
	case slices.Contains(p.users(), Members):
		return Allowed
	}
	return p.inGroup(p.users(), home, who)
}

// inGroup decides by the user groups in a list. Of their members only those
// count who are neither guests nor from elsewhere: whoever keeps a group need not
// think of what it is named for here.
func (p Policy) inGroup(list []string, home Home, who Person) Reason {
	if who.Guest || !p.own(home, who) {
		return NotNamed
	}
	in := func(groups []string) bool {
		return slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(list, g) })
	}
	switch {
	case in(who.Groups):
		return Allowed
	case in(who.UnsureOf):
		return Unsure
	}
	return NotNamed
}

// Ask decides whether a person may ask something in a place, for an answer that
// only this person sees. Where it is not known who else is in the place, that
// does not matter.
func (p Policy) Ask(home Home, who Person, where Place) Reason {
	if r := p.person(home, who); r != Allowed {
		return r
	}
	if r := p.Post(where); r != UnknownPlace {
		return r
	}
	if slices.Contains(p.channels(), Internal) {
		return Allowed
	}
	return OtherPlace
}

// Post decides whether a place may be told something that all in it see.
func (p Policy) Post(where Place) Reason {
	list := p.channels()
	switch {
	case where.Direct, slices.Contains(list, where.ID):
		return Allowed
	case where.Known && where.External && p.AllowsShared(), where.Known && !where.External && slices.Contains(list, Internal),
		where.Known && !where.External && slices.Contains(p.Posting, where.ID):
		return Allowed
	case where.External:
		return SharedPlace
	case !where.Known && p.AllowsShared() && slices.Contains(list, Internal):
		return Allowed // whichever it is
	case !where.Known:
		return UnknownPlace
	}
	return OtherPlace
}

// Sees reports whether a person may see account ids in what nobody else sees;
// where it is shown in a channel, as an ephemeral message is, that channel
// counts too.
func (p Policy) Sees(home Home, who Person, where Place) bool {
	list := p.accounts()
	switch {
	case p.person(home, who) != Allowed || slices.Contains(list, None):
		return false
	case slices.Contains(list, All):
		return true
	case slices.Contains(list, who.ID), where.ID != "" && slices.Contains(list, where.ID):
		return true
	case slices.Contains(list, Members) && !who.Guest && p.own(home, who):
		return true
	}
	return p.inGroup(list, home, who) == Allowed
}

// Shows reports whether account ids may be seen in a channel, by all who are in
// it.
func (p Policy) Shows(where Place) bool {
	list := p.accounts()
	switch {
	case slices.Contains(list, All):
		return p.Post(where) == Allowed
	case slices.Contains(list, None):
		return false
	case slices.Contains(list, where.ID):
		return true
	}
	return slices.Contains(list, Members) && where.Known && !where.External
}

// Fix decides whether a person may change something. Whoever may not ask in the
// place may not change anything either.
func (p Policy) Fix(home Home, who Person, where Place) Reason {
	if r := p.Ask(home, who, where); r != Allowed {
		return r
	}
	if slices.Contains(p.Fixers, who.ID) {
		return Allowed
	}
	return p.inGroup(p.Fixers, home, who)
}

// CheckUp decides whether a person may check how the bot is set up.
func (p Policy) CheckUp(home Home, who Person, where Place) Reason {
	if r := p.Ask(home, who, where); r != Allowed {
		return r
	}
	if who.Admin && !who.Guest && home.of(who) || slices.Contains(p.Admins, who.ID) {
		return Allowed
	}
	return p.inGroup(p.Admins, home, who)
}
