package workspace

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A User is a member of the workspace.
type User struct {
	ID       string `json:"id"`
	Name     string `json:"name"` // the handle, without the "@"
	RealName string `json:"real_name"`
	Title    string `json:"title"`
	Email    string `json:"email"`
	IsBot    bool   `json:"is_bot"`
	IsGuest  bool   `json:"is_guest"`
	// SingleChannel is a guest for one channel only.
	SingleChannel bool `json:"-"`
	// Deleted is an account that was closed.
	Deleted bool `json:"-"`
	// Team is the user's workspace, where it is another one, and Enterprise its
	// organisation, where it is in one.
	Team       string `json:"-"`
	Enterprise string `json:"-"`
	IsAdmin    bool   `json:"is_admin"`
	TZ         string `json:"tz"`        // IANA name
	TZOffset   int    `json:"tz_offset"` // seconds east of UTC
	Color      string `json:"color"`     // of the avatar, as "#rrggbb"
	Initials   string `json:"initials"`
	// An app's user is known by more.
	appID, botID, appName string
}

// A UserGroup is a group that can be mentioned, such as @certificate-oncall.
type UserGroup struct {
	ID     string
	Handle string // without the "@"
	Name   string
	Users  []string // user ids
}

// slackbot is the author of the lines that Slack itself writes.
const slackbot = "USLACKBOT"

func initials(name string) string {
	var s []rune
	for word := range strings.FieldsSeq(name) {
		first, _ := utf8.DecodeRuneInString(word)
		if s = append(s, unicode.ToUpper(first)); len(s) == 2 {
			break
		}
	}
	return string(s)
}

// user finds a user by id, or by name with or without an "@". w.mu is held.
func (w *Workspace) user(who string) *User {
	who = strings.TrimPrefix(who, "@")
	for _, u := range w.users {
		if u.ID == who || u.Name == who {
			return u
		}
	}
	return nil
}

func (w *Workspace) userObject(u *User) object {
	o := object{
		"id": u.ID, "team_id": w.teamOf(u), "name": u.Name, "deleted": u.Deleted,
		"color": strings.TrimPrefix(u.Color, "#"), "real_name": u.RealName,
		"tz": u.TZ, "tz_label": u.TZ, "tz_offset": u.TZOffset,
		"profile": object{
			"title": u.Title, "real_name": u.RealName, "real_name_normalized": u.RealName,
			"display_name": u.Name, "display_name_normalized": u.Name, "team": w.teamOf(u),
			"image_24": "", "image_48": "", "image_72": "",
		},
		"is_admin": u.IsAdmin, "is_owner": u.IsAdmin, "is_primary_owner": u.IsAdmin,
		"is_restricted": u.IsGuest || u.SingleChannel, "is_ultra_restricted": u.SingleChannel,
		"is_bot": u.IsBot, "is_app_user": false, "is_email_confirmed": !u.IsBot,
		"updated": w.started.Unix(), "who_can_share_contact_card": "EVERYONE",
	}
	if w.external(u) {
		// Another workspace does not tell what its people may do in it
		// ("Understanding Slack Connect",
		// https://docs.slack.dev/apis/slack-connect).
		for _, field := range []string{"is_admin", "is_owner", "is_primary_owner", "is_restricted", "is_ultra_restricted"} {
			delete(o, field)
		}
		o["is_stranger"] = !w.meets(u)
	}
	if u.Enterprise != "" {
		o["enterprise_user"] = object{
			"id": u.ID, "enterprise_id": u.Enterprise, "enterprise_name": "Example", "is_admin": false, "is_owner": false, "teams": []string{w.teamOf(u)},
		}
	}
	profile := o["profile"].(object)
	if u.IsBot {
		profile["api_app_id"] = u.appID
		profile["bot_id"] = u.botID
		profile["always_active"] = w.manifest.Features.BotUser.AlwaysOnline
	} else if w.scopes["users:read.email"] {
		profile["email"] = u.Email
	}
	return o
}

// userRef is a user as interaction payloads carry it.
func (w *Workspace) userRef(u *User) object {
	return object{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": w.teamOf(u)}
}

func usersInfo(w *Workspace, a args) (object, error) {
	u := w.user(a.str("user"))
	if u == nil || u.ID != a.str("user") {
		return nil, fail("user_not_found")
	}
	return object{"user": w.userObject(u)}, nil
}

func usersList(w *Workspace, a args) (object, error) {
	page, next, err := paginate(w.users, a, 0)
	if err != nil {
		return nil, err
	}
	members := make([]object, len(page))
	for i, u := range page {
		members[i] = w.userObject(u)
	}
	return object{
		"members": members, "cache_ts": w.clock.Now().Unix(),
		"response_metadata": object{"next_cursor": next},
	}, nil
}

func usersLookupByEmail(w *Workspace, a args) (object, error) {
	for _, u := range w.users {
		if u.Email != "" && strings.EqualFold(u.Email, a.str("email")) {
			return object{"user": w.userObject(u)}, nil
		}
	}
	return nil, fail("users_not_found")
}

func usersGetPresence(w *Workspace, a args) (object, error) {
	if u := w.user(a.str("user")); u == nil {
		return nil, fail("user_not_found")
	}
	return object{"presence": "active"}, nil
}

func usergroupsList(w *Workspace, a args) (object, error) {
	groups := []object{}
	for _, g := range w.groups {
		o := object{
			"id": g.ID, "team_id": w.teamID, "is_usergroup": true, "is_subteam": true,
			"name": g.Name, "handle": g.Handle, "description": "", "is_external": false,
			"date_create": w.started.Unix(), "date_update": w.started.Unix(), "date_delete": 0,
			"auto_type": nil, "created_by": w.users[0].ID, "updated_by": w.users[0].ID, "deleted_by": nil,
			"prefs": object{"channels": []string{}, "groups": []string{}},
		}
		if a.boolean("include_users") {
			o["users"] = g.Users
		}
		if a.boolean("include_count") {
			o["user_count"] = len(g.Users)
		}
		groups = append(groups, o)
	}
	return object{"usergroups": groups}, nil
}

func usergroupsUsersList(w *Workspace, a args) (object, error) {
	i := slices.IndexFunc(w.groups, func(g UserGroup) bool { return g.ID == a.str("usergroup") })
	if i < 0 {
		return nil, fail("no_such_subteam")
	}
	return object{"users": w.groups[i].Users}, nil
}
