package access

import "testing"

var home = Home{Team: "T0HOME", Enterprise: "E0ORG"}

var (
	member   = Person{ID: "U0MEMBER", Team: "T0HOME"}
	gridded  = Person{ID: "U0GRID", Team: "E0ORG", Enterprise: "E0ORG", Teams: []string{"T0OTHER", "T0HOME"}}
	cousin   = Person{ID: "U0COUSIN", Team: "T0OTHER", Enterprise: "E0ORG", Teams: []string{"T0OTHER"}}
	guest    = Person{ID: "U0GUEST", Team: "T0HOME", Guest: true}
	partner  = Person{ID: "U0PARTNER", Team: "T0PARTNER"}
	stranger = Person{ID: "U0STRANGER", Team: "T0HOME", Stranger: true}
	robot    = Person{ID: "U0BOT", Team: "T0HOME", Bot: true}
	gone     = Person{ID: "U0GONE", Team: "T0HOME", Deactivated: true}
	oncall   = Person{ID: "U0ONCALL", Team: "T0HOME", Groups: []string{"S0ONCALL"}}
	unsure   = Person{ID: "U0UNSURE", Team: "T0HOME", UnsureOf: []string{"S0ONCALL"}}
	visiting = Person{ID: "U0VISITING", Team: "T0HOME", Guest: true, Groups: []string{"S0ONCALL"}}
	abroad   = Person{ID: "U0ABROAD", Team: "T0PARTNER", Groups: []string{"S0ONCALL"}}
)

var (
	direct   = Place{Direct: true}
	inside   = Place{ID: "C0INSIDE", Known: true}
	outside  = Place{ID: "C0OUTSIDE", Known: true, External: true}
	hinted   = Place{ID: "C0HINTED", External: true}
	obscure  = Place{ID: "C0OBSCURE"}
	everyone = []Person{member, gridded, cousin, guest, partner, stranger, robot, gone, oncall, unsure, visiting, {}}
)

func TestWhoMayAsk(t *testing.T) {
	for _, tc := range []struct {
		name   string
		policy Policy
		want   map[string]Reason // of those who are not told Allowed
	}{
		{"by default", Policy{}, map[string]Reason{
			"U0COUSIN": Outsider, "U0GUEST": AGuest, "U0PARTNER": Outsider, "U0STRANGER": Outsider, "U0BOT": ABot, "U0GONE": Deactivated,
			"U0VISITING": AGuest, "": Unknown,
		}},
		{"with guests", Policy{Users: []string{Members, Guests}}, map[string]Reason{
			"U0COUSIN": Outsider, "U0PARTNER": Outsider, "U0STRANGER": Outsider, "U0BOT": ABot, "U0GONE": Deactivated, "": Unknown,
		}},
		{"with a partner's workspace", Policy{Teams: []string{"T0PARTNER"}}, map[string]Reason{
			"U0COUSIN": Outsider, "U0GUEST": AGuest, "U0STRANGER": Outsider, "U0BOT": ABot, "U0GONE": Deactivated, "U0VISITING": AGuest, "": Unknown,
		}},
		{"with the whole organisation", Policy{Teams: []string{"E0ORG"}}, map[string]Reason{
			"U0GUEST": AGuest, "U0PARTNER": Outsider, "U0STRANGER": Outsider, "U0BOT": ABot, "U0GONE": Deactivated, "U0VISITING": AGuest, "": Unknown,
		}},
		{"by name", Policy{Users: []string{"U0GUEST", "U0PARTNER", "U0BOT", "U0GONE"}}, map[string]Reason{
			"U0MEMBER": NotNamed, "U0GRID": NotNamed, "U0COUSIN": Outsider, "U0STRANGER": Outsider, "U0BOT": ABot, "U0GONE": Deactivated,
			"U0ONCALL": NotNamed, "U0UNSURE": NotNamed, "U0VISITING": AGuest, "": Unknown,
		}},
		{"by group", Policy{Users: []string{"S0ONCALL"}}, map[string]Reason{
			"U0MEMBER": NotNamed, "U0GRID": NotNamed, "U0COUSIN": Outsider, "U0GUEST": AGuest, "U0PARTNER": Outsider, "U0STRANGER": Outsider,
			"U0BOT": ABot, "U0GONE": Deactivated, "U0UNSURE": Unsure, "U0VISITING": AGuest, "": Unknown,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.policy.Check(); err != nil {
				t.Fatal(err)
			}
			for _, who := range everyone {
				if got := tc.policy.Ask(home, who, direct); got != tc.want[who.ID] {
					t.Errorf("%s: %q, want %q", who.ID, got, tc.want[who.ID])
				}
			}
		})
	}
}

// A workspace that is not known is nobody's.
func TestNobodyMayAskWhereTheHomeIsNotKnown(t *testing.T) {
	for _, who := range append(everyone, Person{ID: "U0NOTEAM"}) {
		if got := (Policy{}).Ask(Home{}, who, direct); got == Allowed {
			t.Errorf("%s may ask", who.ID)
		}
	}
}

func TestWhereMayBeAnswered(t *testing.T) {
	for _, tc := range []struct {
		name      string
		policy    Policy
		where     Place
		ask, post Reason
	}{
		{"default, direct", Policy{}, direct, Allowed, Allowed},
		{"default, inside", Policy{}, inside, Allowed, Allowed},
		{"default, shared", Policy{}, outside, SharedPlace, SharedPlace},
		{"default, shared by an event's word", Policy{}, hinted, SharedPlace, SharedPlace},
		{"default, not known", Policy{}, obscure, Allowed, UnknownPlace},
		{"shared too, shared", Policy{Channels: []string{Internal, Shared}}, outside, Allowed, Allowed},
		{"shared too, not known", Policy{Channels: []string{Internal, Shared}}, obscure, Allowed, Allowed},
		{"shared only, inside", Policy{Channels: []string{Shared}}, inside, OtherPlace, OtherPlace},
		{"one shared too, that", Policy{Channels: []string{Internal, "C0OUTSIDE"}}, outside, Allowed, Allowed},
		{"one shared too, another", Policy{Channels: []string{Internal, "C0ELSE"}}, outside, SharedPlace, SharedPlace},
		{"one only, that", Policy{Channels: []string{"C0INSIDE"}}, inside, Allowed, Allowed},
		{"one only, that, not known", Policy{Channels: []string{"C0OBSCURE"}}, obscure, Allowed, Allowed},
		{"one only, another", Policy{Channels: []string{"C0ELSE"}}, inside, OtherPlace, OtherPlace},
		{"one only, not known", Policy{Channels: []string{"C0ELSE"}}, obscure, OtherPlace, UnknownPlace},
		{"posted in by a setting", Policy{Channels: []string{"C0ELSE"}, Posting: []string{"C0INSIDE"}}, inside, Allowed, Allowed},
		{"posted in by a setting, and shared", Policy{Channels: []string{"C0ELSE"}, Posting: []string{"C0OUTSIDE"}}, outside, SharedPlace, SharedPlace},
		{"posted in by a setting, and not known", Policy{Posting: []string{"C0OBSCURE"}}, obscure, Allowed, UnknownPlace},
		{"one only, direct", Policy{Channels: []string{"C0ELSE"}}, direct, Allowed, Allowed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.policy.Check(); err != nil {
				t.Fatal(err)
			}
			if got := tc.policy.Ask(home, member, tc.where); got != tc.ask {
				t.Errorf("asking: %q, want %q", got, tc.ask)
			}
			if got := tc.policy.Post(tc.where); got != tc.post {
				t.Errorf("posting: %q, want %q", got, tc.post)
			}
		})
	}
}

func TestWhoSeesAccountIDs(t *testing.T) {
	wide := Policy{Users: []string{Members, Guests}, Teams: []string{"T0PARTNER"}, Channels: []string{Internal, Shared}}
	with := func(accounts ...string) Policy {
		p := wide
		p.Accounts = accounts
		return p
	}
	for _, tc := range []struct {
		name   string
		policy Policy
		people map[string]bool
		places map[string]bool
	}{
		{"members by default", wide, map[string]bool{"U0MEMBER": true, "U0GRID": true, "U0PARTNER": true, "U0ONCALL": true, "U0UNSURE": true}, map[string]bool{"C0INSIDE": true}},
		{"all", with(All), map[string]bool{"U0MEMBER": true, "U0GRID": true, "U0PARTNER": true, "U0ONCALL": true, "U0UNSURE": true, "U0GUEST": true, "U0VISITING": true},
			map[string]bool{"C0INSIDE": true, "C0OUTSIDE": true, "C0OBSCURE": true}},
		{"none", with(None), nil, nil},
		{"a user, a group, a channel", with("U0GUEST", "S0ONCALL", "C0OUTSIDE"), map[string]bool{"U0GUEST": true, "U0ONCALL": true}, map[string]bool{"C0OUTSIDE": true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.policy.Check(); err != nil {
				t.Fatal(err)
			}
			for _, who := range everyone {
				if got := tc.policy.Sees(home, who, direct); got != tc.people[who.ID] {
					t.Errorf("%s sees them: %v", who.ID, got)
				}
			}
			for _, where := range []Place{inside, outside, obscure} {
				if got := tc.policy.Shows(where); got != tc.places[where.ID] {
					t.Errorf("%s shows them: %v", where.ID, got)
				}
			}
		})
	}
	if !with("C0OUTSIDE").Sees(home, guest, outside) {
		t.Error("in a channel that shows account ids, a message for one person does not")
	}
}

// Whoever may not ask may not fix, whatever else is said of them.
func TestWhoMayFix(t *testing.T) {
	p := Policy{Fixers: []string{"U0MEMBER", "U0GUEST", "U0PARTNER", "U0BOT", "U0GONE", "S0ONCALL"}}
	want := map[string]Reason{
		"U0GRID": NotNamed, "U0COUSIN": Outsider, "U0GUEST": AGuest, "U0PARTNER": Outsider, "U0STRANGER": Outsider, "U0BOT": ABot,
		"U0GONE": Deactivated, "U0UNSURE": Unsure, "U0VISITING": AGuest, "": Unknown,
	}
	for _, who := range everyone {
		if got := p.Fix(home, who, direct); got != want[who.ID] {
			t.Errorf("%s: %q, want %q", who.ID, got, want[who.ID])
		}
		for _, where := range []Place{direct, inside, outside, obscure} {
			if p.Fix(home, who, where) == Allowed && p.Ask(home, who, where) != Allowed {
				t.Errorf("%s may fix in %q and may not ask there", who.ID, where.ID)
			}
		}
	}
	// Of a group only the workspace's own full members may, also where guests may
	// ask, or a guest by name: whoever keeps the group need not think of acmbot.
	for _, users := range [][]string{{Members, Guests}, {Members, "U0VISITING", "U0ABROAD"}} {
		p := Policy{Users: users, Fixers: []string{"S0ONCALL"}, Admins: []string{"S0ONCALL"}}
		for _, who := range []Person{visiting, abroad} {
			if p.Fix(home, who, direct) == Allowed || p.CheckUp(home, who, direct) == Allowed {
				t.Errorf("%s may fix or check up for being in a group, where %q may ask", who.ID, users)
			}
		}
		if p.Fix(home, oncall, direct) != Allowed || p.CheckUp(home, oncall, direct) != Allowed {
			t.Errorf("a member of a group may not, where %q may ask", users)
		}
		p.Fixers, p.Admins = []string{"U0VISITING"}, []string{"U0VISITING"}
		if p.Fix(home, visiting, direct) != Allowed || p.CheckUp(home, visiting, direct) != Allowed {
			t.Errorf("a guest who is named may not, where %q may ask", users)
		}
	}
	if got := (Policy{}).Fix(home, member, direct); got != NotNamed {
		t.Errorf("with nobody named: %q", got)
	}
}

func TestWhoMayCheckUp(t *testing.T) {
	boss, pastBoss, theirBoss := member, guest, partner
	boss.Admin, pastBoss.Admin, theirBoss.Admin = true, true, true
	p := Policy{Users: []string{Members, Guests}, Teams: []string{"T0PARTNER"}, Admins: []string{"U0COUSIN", "S0ONCALL"}}
	for _, tc := range []struct {
		who  Person
		want Reason
	}{
		{boss, Allowed}, {member, NotNamed}, {pastBoss, NotNamed}, {cousin, Allowed}, {oncall, Allowed}, {unsure, Unsure}, {theirBoss, NotNamed}, {stranger, Outsider}, {robot, ABot},
	} {
		if got := p.CheckUp(home, tc.who, direct); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.who.ID, got, tc.want)
		}
	}
	if got := (Policy{}).CheckUp(home, theirBoss, direct); got != Outsider {
		t.Errorf("the admin of another workspace: %q", got)
	}
}
