package workspace

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A ChannelKind is a kind of conversation.
type ChannelKind string

// The kinds of conversations.
const (
	PublicChannel  ChannelKind = "channel"
	PrivateChannel ChannelKind = "private"
	DirectMessage  ChannelKind = "im"
)

// A channel is a conversation and all that was said in it.
type channel struct {
	id       string
	name     string // without the "#"; empty for a direct message
	kind     ChannelKind
	topic    string
	peer     string // the person in a direct message with the bot
	members  []string
	archived bool
	// connected are the other organisations that are in the channel, pending
	// those that are invited.
	connected, pending []string
	created            time.Time

	messages []*message // in order of ts
}

func (c *channel) member(user string) bool { return slices.Contains(c.members, user) }

// visible reports whether a user can see the channel: public channels are open
// to all but guests and people of other organisations, who see only those they
// are in.
func (w *Workspace) visible(c *channel, u *User) bool {
	return c.member(u.ID) || c.kind == PublicChannel && !u.IsGuest && !u.SingleChannel && !w.external(u)
}

// payloadName is the name by which payloads call the channel: Slack gives away
// neither the names of private channels nor those of people's conversations.
func (c *channel) payloadName() string {
	switch c.kind {
	case DirectMessage:
		return "directmessage"
	case PrivateChannel:
		return "privategroup"
	case PublicChannel:
	}
	return c.name
}

// letter is the channel_type of the member_joined_channel event.
func (c *channel) letter() string {
	if c.kind == PrivateChannel {
		return "G"
	}
	return "C"
}

// eventType is the channel_type of the message events.
func (c *channel) eventType() string {
	switch c.kind {
	case DirectMessage:
		return "im"
	case PrivateChannel:
		return "group"
	case PublicChannel:
	}
	return "channel"
}

// scope is a scope for this kind of conversation: suffix is "read" or
// "history".
func (c *channel) scope(suffix string) string {
	switch c.kind {
	case DirectMessage:
		return "im:" + suffix
	case PrivateChannel:
		return "groups:" + suffix
	case PublicChannel:
	}
	return "channels:" + suffix
}

// channel finds a conversation by id, or by name with or without a "#".
// w.mu is held.
func (w *Workspace) channel(where string) *channel {
	name := strings.TrimPrefix(where, "#")
	for _, c := range w.channels {
		if c.id == where || c.kind != DirectMessage && c.name == name {
			return c
		}
	}
	return nil
}

// direct returns the direct message between the bot and a user, opening it if
// need be. w.mu is held.
func (w *Workspace) direct(user string) *channel {
	for _, c := range w.channels {
		if c.kind == DirectMessage && c.peer == user {
			return c
		}
	}
	c := &channel{
		id: w.newID("D"), kind: DirectMessage, peer: user,
		members: []string{user, w.bot.ID}, created: w.clock.Now(),
	}
	w.channels = append(w.channels, c)
	return c
}

// conversation finds the conversation that a driver's user means by where: a
// channel's id or name, or the bot's handle for their direct message with it.
// w.mu is held.
func (w *Workspace) conversation(u *User, where string) (*channel, error) {
	if peer := w.user(where); peer != nil && (strings.HasPrefix(where, "@") || peer.ID == where) {
		if peer != w.bot {
			return nil, errorf("this workspace has no direct messages between people, only with %s", w.bot.Name)
		}
		return w.direct(u.ID), nil
	}
	c := w.channel(where)
	if c == nil || !w.visible(c, u) {
		return nil, errorf("%s sees no conversation %q", u.Name, where)
	}
	return c, nil
}

// reachable finds the conversation that an API call names, as the bot sees it:
// a private channel that it is not in does not exist for it.
func (w *Workspace) reachable(id string) (*channel, error) {
	c := w.channel(id)
	if c == nil || c.id != id {
		return nil, fail("channel_not_found")
	}
	if c.kind != PublicChannel && !c.member(w.bot.ID) {
		return nil, fail("channel_not_found")
	}
	return c, nil
}

func (w *Workspace) channelObject(c *channel) object {
	if c.kind == DirectMessage {
		return object{
			"id": c.id, "created": c.created.Unix(), "is_archived": false, "is_im": true,
			"is_org_shared": false, "user": c.peer, "is_user_deleted": false, "priority": 0,
			"context_team_id": w.teamID,
		}
	}
	private := c.kind == PrivateChannel
	return object{
		"id": c.id, "name": c.name, "name_normalized": c.name, "created": c.created.Unix(),
		"creator": w.users[0].ID, "is_archived": c.archived, "is_general": false,
		"is_channel": true, "is_group": false, "is_im": false, "is_mpim": false,
		"is_private": private, "is_member": c.member(w.bot.ID), "is_shared": len(c.connected) > 0,
		"is_ext_shared": len(c.connected) > 0, "is_org_shared": false, "is_pending_ext_shared": len(c.pending) > 0,
		"pending_shared": append([]string{}, c.pending...), "shared_team_ids": append([]string{w.teamID}, c.connected...),
		"connected_team_ids": append([]string{}, c.connected...),
		"context_team_id":    w.teamID, "unlinked": 0, "num_members": len(c.members),
		"topic":   object{"value": c.topic, "creator": w.users[0].ID, "last_set": c.created.Unix()},
		"purpose": object{"value": "", "creator": "", "last_set": 0},
	}
}

// paginate cuts the page out of all that a cursor and a limit ask for, as
// Slack's collections do ("Pagination",
// https://docs.slack.dev/apis/web-api/pagination).
func paginate[T any](all []T, a args, most int) (page []T, next string, err error) {
	start := 0
	if cursor := a.str("cursor"); cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "next:"))
		if err != nil || n < 0 || n > len(all) || !strings.HasPrefix(cursor, "next:") {
			return nil, "", fail("invalid_cursor")
		}
		start = n
	}
	limit := a.integer("limit", cmp.Or(most, len(all)))
	if limit < 0 || limit > 1000 {
		return nil, "", fail("invalid_limit")
	}
	if limit == 0 {
		limit = len(all)
	}
	end := min(start+limit, len(all))
	if end < len(all) {
		next = "next:" + strconv.Itoa(end)
	}
	return all[start:end], next, nil
}

func conversationsList(w *Workspace, a args) (object, error) {
	types := strings.Split(cmp.Or(a.str("types"), "public_channel"), ",")
	list, err := w.listed(types, a.boolean("exclude_archived"), func(*channel) bool { return true })
	if err != nil {
		return nil, err
	}
	return w.channelPage(list, a)
}

func usersConversations(w *Workspace, a args) (object, error) {
	types := strings.Split(cmp.Or(a.str("types"), "public_channel"), ",")
	who := cmp.Or(a.str("user"), w.bot.ID)
	list, err := w.listed(types, a.boolean("exclude_archived"), func(c *channel) bool { return c.member(who) })
	if err != nil {
		return nil, err
	}
	return w.channelPage(list, a)
}

func (w *Workspace) listed(types []string, noArchived bool, keep func(*channel) bool) ([]*channel, error) {
	kinds := map[ChannelKind]bool{}
	for _, t := range types {
		var kind ChannelKind
		switch strings.TrimSpace(t) {
		case "public_channel":
			kind = PublicChannel
		case "private_channel":
			kind = PrivateChannel
		case "im":
			kind = DirectMessage
		case "mpim":
			if err := w.need("mpim:read"); err != nil {
				return nil, err
			}
			continue
		default:
			return nil, fail("invalid_types")
		}
		if err := w.need((&channel{kind: kind}).scope("read")); err != nil {
			return nil, err
		}
		kinds[kind] = true
	}
	var list []*channel
	for _, c := range w.channels {
		if !kinds[c.kind] || noArchived && c.archived || !keep(c) {
			continue
		}
		if c.kind != PublicChannel && !c.member(w.bot.ID) {
			continue
		}
		list = append(list, c)
	}
	return list, nil
}

func (w *Workspace) channelPage(list []*channel, a args) (object, error) {
	page, next, err := paginate(list, a, 100)
	if err != nil {
		return nil, err
	}
	channels := make([]object, len(page))
	for i, c := range page {
		channels[i] = w.channelObject(c)
	}
	return object{"channels": channels, "response_metadata": object{"next_cursor": next}}, nil
}

func conversationsInfo(w *Workspace, a args) (object, error) {
	c, err := w.reachable(a.str("channel"))
	if err != nil {
		return nil, err
	}
	if err := w.need(c.scope("read")); err != nil {
		return nil, err
	}
	o := w.channelObject(c)
	if !a.boolean("include_num_members") {
		delete(o, "num_members")
	}
	return object{"channel": o}, nil
}

func conversationsMembers(w *Workspace, a args) (object, error) {
	c, err := w.reachable(a.str("channel"))
	if err != nil {
		return nil, err
	}
	if err := w.need(c.scope("read")); err != nil {
		return nil, err
	}
	page, next, err := paginate(c.members, a, 100)
	if err != nil {
		return nil, err
	}
	return object{"members": page, "response_metadata": object{"next_cursor": next}}, nil
}

func conversationsOpen(w *Workspace, a args) (object, error) {
	if id := a.str("channel"); id != "" {
		c, err := w.reachable(id)
		if err != nil {
			return nil, err
		}
		return object{"no_op": true, "already_open": true, "channel": object{"id": c.id}}, nil
	}
	users := a.list("users")
	switch {
	case len(users) == 0:
		return nil, fail("users_list_not_supplied")
	case len(users) > 1:
		return nil, failMore("method_not_supported_for_channel_type", nil)
	}
	u := w.user(users[0])
	if u == nil || u.ID != users[0] {
		return nil, fail("user_not_found")
	}
	if u.IsBot {
		return nil, fail("cannot_dm_bot")
	}
	c := w.direct(u.ID)
	o := object{"id": c.id}
	if a.boolean("return_im") {
		o = w.channelObject(c)
	}
	return object{"channel": o}, nil
}

func conversationsJoin(w *Workspace, a args) (object, error) {
	c, err := w.reachable(a.str("channel"))
	if err != nil {
		return nil, err
	}
	if c.kind != PublicChannel {
		return nil, fail("method_not_supported_for_channel_type")
	}
	if c.archived {
		return nil, fail("is_archived")
	}
	o := object{"channel": w.channelObject(c)}
	if c.member(w.bot.ID) {
		o["warning"] = "already_in_channel"
		o["response_metadata"] = object{"warnings": []string{"already_in_channel"}}
		return o, nil
	}
	w.join(c, w.bot, nil)
	o["channel"] = w.channelObject(c)
	return o, nil
}

func conversationsLeave(w *Workspace, a args) (object, error) {
	c, err := w.reachable(a.str("channel"))
	if err != nil {
		return nil, err
	}
	if c.kind == DirectMessage {
		return nil, fail("method_not_supported_for_channel_type")
	}
	if !c.member(w.bot.ID) {
		return object{"not_in_channel": true}, nil
	}
	c.members = slices.DeleteFunc(c.members, func(id string) bool { return id == w.bot.ID })
	w.restructured()
	return object{}, nil
}

func conversationsHistory(w *Workspace, a args) (object, error) {
	c, err := w.reachable(a.str("channel"))
	if err != nil {
		return nil, err
	}
	if err := w.need(c.scope("history")); err != nil {
		return nil, err
	}
	if !c.member(w.bot.ID) {
		return nil, fail("not_in_channel")
	}
	var list []*message
	for _, m := range slices.Backward(c.messages) {
		if m.Ephemeral || m.ThreadTS != "" && m.ThreadTS != m.TS && m.Subtype != "thread_broadcast" {
			continue
		}
		if a.within(m.TS) {
			list = append(list, m)
		}
	}
	return w.messagePage(list, a)
}

func conversationsReplies(w *Workspace, a args) (object, error) {
	c, err := w.reachable(a.str("channel"))
	if err != nil {
		return nil, err
	}
	if err := w.need(c.scope("history")); err != nil {
		return nil, err
	}
	if !c.member(w.bot.ID) {
		return nil, fail("not_in_channel")
	}
	root := a.str("ts")
	var list []*message
	for _, m := range c.messages {
		if m.Ephemeral {
			continue
		}
		if m.TS == root || m.ThreadTS == root && a.within(m.TS) {
			list = append(list, m)
		}
	}
	if len(list) == 0 || list[0].TS != root {
		return nil, fail("thread_not_found")
	}
	return w.messagePage(list, a)
}

func (w *Workspace) messagePage(list []*message, a args) (object, error) {
	page, next, err := paginate(list, a, 100)
	if err != nil {
		return nil, err
	}
	messages := make([]object, len(page))
	for i, m := range page {
		messages[i] = w.messageObject(m)
		if !a.boolean("include_all_metadata") {
			delete(messages[i], "metadata")
		}
	}
	return object{
		"messages": messages, "has_more": next != "",
		"response_metadata": object{"next_cursor": next},
	}, nil
}

// join puts a user into a channel and tells those who listen. w.mu is held.
func (w *Workspace) join(c *channel, u, inviter *User) {
	if c.member(u.ID) {
		return
	}
	c.members = append(c.members, u.ID)
	text := "<@" + u.ID + "> has joined the channel"
	if inviter != nil {
		text = "<@" + u.ID + "> was added to the channel by <@" + inviter.ID + ">"
	}
	w.post(c, &message{Message: Message{User: u.ID, Text: text, Subtype: "channel_join", App: u == w.bot}})
	if c.member(w.bot.ID) {
		event := object{
			"type": "member_joined_channel", "user": u.ID, "channel": c.id,
			"channel_type": c.letter(), "team": w.teamID,
		}
		if inviter != nil {
			event["inviter"] = inviter.ID
		}
		w.event("member_joined_channel", c.scope("read"), event)
	}
	w.restructured()
}
