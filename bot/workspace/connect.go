package workspace

import "slices"

// Share shares a channel with another organisation, as Slack Connect does, or
// invites it where pending. The app is told of it by the channel_shared event
// ("channel_shared", https://docs.slack.dev/reference/events/channel_shared).
// People of the other organisation are added by AddUser, with its Team.
func (w *Workspace) Share(where, team string, pending bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channel(where)
	if c == nil || c.kind == DirectMessage {
		return errorf("there is no channel %q", where)
	}
	if team == "" || team == w.teamID {
		return errorf("a channel is shared with another organisation, not with %q", team)
	}
	if pending {
		c.pending = append(c.pending, team)
		w.restructured()
		return nil // Slack tells apps only of a share that was accepted
	}
	c.pending = slices.DeleteFunc(c.pending, func(t string) bool { return t == team })
	if !slices.Contains(c.connected, team) {
		c.connected = append(c.connected, team)
		if c.kind == PublicChannel || c.member(w.bot.ID) {
			w.event("channel_shared", c.scope("read"), object{"type": "channel_shared", "connected_team_id": team, "channel": c.id})
		}
	}
	w.restructured()
	return nil
}

// Unshare ends the sharing of a channel with another organisation, and takes
// its people out of it.
func (w *Workspace) Unshare(where, team string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channel(where)
	if c == nil || !slices.Contains(c.connected, team) {
		return errorf("the channel %q is not shared with %q", where, team)
	}
	c.connected = slices.DeleteFunc(c.connected, func(t string) bool { return t == team })
	c.members = slices.DeleteFunc(c.members, func(id string) bool {
		u := w.user(id)
		return u != nil && w.teamOf(u) == team
	})
	if c.kind == PublicChannel || c.member(w.bot.ID) {
		w.event("channel_unshared", c.scope("read"), object{
			"type": "channel_unshared", "previously_connected_team_id": team, "channel": c.id, "is_ext_shared": len(c.connected) > 0,
		})
	}
	w.restructured()
	return nil
}

// ChangeUser changes a person, as an administrator does, and tells the app by
// the user_change event ("user_change",
// https://docs.slack.dev/reference/events/user_change).
func (w *Workspace) ChangeUser(who string, change func(*User)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(who)
	if u == nil {
		return errorf("there is no user %q", who)
	}
	id, name := u.ID, u.Name
	change(u)
	u.ID, u.Name = id, name
	w.event("user_change", "users:read", object{"type": "user_change", "user": w.userObject(u), "cache_ts": w.clock.Now().Unix()})
	w.restructured()
	return nil
}

// teamOf is a user's own workspace. w.mu is held.
func (w *Workspace) teamOf(u *User) string {
	if u.Team != "" {
		return u.Team
	}
	return w.teamID
}

// external reports whether a user belongs to another workspace. w.mu is held.
func (w *Workspace) external(u *User) bool { return w.teamOf(u) != w.teamID }

// meets reports whether a user of another workspace is in a channel with the
// bot. w.mu is held.
func (w *Workspace) meets(u *User) bool {
	return slices.ContainsFunc(w.channels, func(c *channel) bool {
		return len(c.connected) > 0 && c.member(u.ID) && c.member(w.bot.ID)
	})
}
