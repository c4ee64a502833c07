package workspace

import (
	"cmp"
	"strings"
)

// seed fills the workspace: a small company whose certificates are somebody's
// job.
func (w *Workspace) seed() {
	w.teamID, w.domain = "T0AEXAMPLE", "example"
	w.appID, w.botID = "A0AACMBOT1", "B0AACMBOT1"
	w.tokens.bot = []string{cmp.Or(w.opts.BotToken, newBotToken())}
	w.tokens.app = []string{cmp.Or(w.opts.AppToken, w.newAppToken())}
	w.users = []*User{
		{ID: "U0ADANA001", Name: "dana", RealName: "Dana Kovač", Title: "Site reliability engineer, on call", Color: "#2b6cb0", IsAdmin: true},
		{ID: "U0ALEE0001", Name: "lee", RealName: "Lee Okafor", Title: "Platform engineer", Color: "#2f855a"},
		{ID: "U0ASAM0001", Name: "sam", RealName: "Sam Ibarra", Title: "Site reliability engineer, on call", Color: "#b7791f"},
		{ID: "U0AKIT0001", Name: "kit", RealName: "Kit Larsen", Title: "Contractor", Color: "#805ad5", IsGuest: true},
		{ID: slackbot, Name: "slackbot", RealName: "Slackbot", Color: "#4a5568", IsBot: true},
	}
	for _, u := range w.users {
		u.TZ = "Etc/UTC"
		if !u.IsBot {
			u.Email = u.Name + "@example.com"
		}
	}
	handle := strings.ToLower(strings.ReplaceAll(w.manifest.Features.BotUser.DisplayName, " ", "_"))
	w.bot = &User{
		ID: "U0AACMBOT1", Name: handle, RealName: w.manifest.Features.BotUser.DisplayName,
		Color: "#1d3557", IsBot: true, TZ: "Etc/UTC", appID: w.appID, botID: w.botID, appName: w.manifest.Display.Name,
	}
	if c := w.manifest.Display.BackgroundColor; c != "" {
		w.bot.Color = c
	}
	w.users = append(w.users, w.bot)
	for _, u := range w.users {
		u.Initials = initials(u.RealName)
	}
	const dana, lee, sam, kit = "U0ADANA001", "U0ALEE0001", "U0ASAM0001", "U0AKIT0001"
	w.groups = []UserGroup{
		{ID: "S0AONCALL1", Handle: "certificate-oncall", Name: "Certificate on-call", Users: []string{dana, sam}},
	}
	at := w.started
	w.channels = []*channel{
		{id: "C0AOPSCERT", name: "ops-certificates", kind: PublicChannel, topic: "Certificates that need a human", members: []string{dana, lee, sam, kit, w.bot.ID}, created: at},
		{id: "C0APLATFRM", name: "platform", kind: PublicChannel, topic: "What everything runs on", members: []string{dana, lee, sam}, created: at},
		{id: "C0ARANDOM1", name: "random", kind: PublicChannel, topic: "Everything else", members: []string{dana, lee, sam}, created: at},
		{id: "C0ASECINC1", name: "cert-incidents", kind: PrivateChannel, topic: "Sensitive incidents", members: []string{dana, sam}, created: at},
	}
	for _, u := range w.users {
		if !u.IsBot {
			w.direct(u.ID)
		}
	}
}

// AddUser adds a person or a guest to the workspace and returns the user with
// what was left out filled in. A name that is taken is an error.
func (w *Workspace) AddUser(u User) (User, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if u.Name == "" || w.user(u.Name) != nil {
		return User{}, errorf("there is a user %q already, or the name is empty", u.Name)
	}
	if u.ID == "" {
		u.ID = w.newID("U")
	}
	if u.RealName == "" {
		u.RealName = u.Name
	}
	if u.TZ == "" {
		u.TZ = "Etc/UTC"
	}
	if u.Color == "" {
		u.Color = "#718096"
	}
	u.Initials = initials(u.RealName)
	w.users = append(w.users, &u)
	w.direct(u.ID)
	w.restructured()
	return u, nil
}

// AddChannel adds a channel with members (user names or ids) and returns its
// id.
func (w *Workspace) AddChannel(name string, kind ChannelKind, members ...string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if kind != PublicChannel && kind != PrivateChannel {
		return "", errorf("a channel is public or private, not %q", kind)
	}
	if name == "" || w.channel(name) != nil {
		return "", errorf("there is a channel %q already, or the name is empty", name)
	}
	c := &channel{id: w.newID("C"), name: name, kind: kind, created: w.clock.Now()}
	for _, m := range members {
		u := w.user(m)
		if u == nil {
			return "", errorf("there is no user %q", m)
		}
		c.members = append(c.members, u.ID)
	}
	w.channels = append(w.channels, c)
	w.restructured()
	return c.id, nil
}

// Archive archives a channel.
func (w *Workspace) Archive(where string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channel(where)
	if c == nil || c.kind == DirectMessage {
		return errorf("there is no channel %q", where)
	}
	c.archived = true
	w.restructured()
	return nil
}
