package workspace

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Message is what a viewer sees in a conversation.
type Message struct {
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts"` // empty outside threads; on a thread's first message its own TS
	User     string `json:"user"`
	App      bool   `json:"app"` // the bot posted it
	Text     string `json:"text"`
	// Blocks and Attachments are JSON arrays, never null. Block ids and action
	// ids that the sender left out have been filled in.
	Blocks      json.RawMessage `json:"blocks"`
	Attachments json.RawMessage `json:"attachments"`
	// Ephemeral messages are seen by one person only.
	Ephemeral  bool       `json:"ephemeral"`
	Edited     string     `json:"edited"` // RFC 3339, or empty
	Reactions  []Reaction `json:"reactions"`
	ReplyCount int        `json:"reply_count"`
	ReplyUsers []string   `json:"reply_users"`
	Deleted    bool       `json:"deleted"` // a tombstone, left because the message has replies
	Subtype    string     `json:"subtype"`
	// Viewer is the person who sees an ephemeral message.
	Viewer string `json:"-"`
}

// A Reaction is an emoji and who reacted with it.
type Reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
}

// message is a message with what only the server knows of it.
type message struct {
	Message
	metadata json.RawMessage
	editedTS string
	editor   string
	latest   string // ts of the latest reply
	clientID string
	hooked   bool // it came by a response URL
	// states holds what each person has chosen in the message's elements.
	states map[string]stateValues
}

// snapshot returns a copy that shares nothing that changes.
func (m *message) snapshot() Message {
	s := m.Message
	s.Reactions = make([]Reaction, len(m.Reactions))
	for i, r := range m.Reactions {
		s.Reactions[i] = Reaction{r.Name, slices.Clone(r.Users)}
	}
	s.ReplyUsers = append([]string{}, m.ReplyUsers...)
	if len(s.Blocks) == 0 {
		s.Blocks = json.RawMessage("[]")
	}
	if len(s.Attachments) == 0 {
		s.Attachments = json.RawMessage("[]")
	}
	return s
}

func (m *message) seenBy(user string) bool { return !m.Ephemeral || m.Viewer == user }

// Words returns all the words that a message shows: its blocks and
// attachments, one text a line, or its text where it has neither.
func (m Message) Words() string {
	var lines []string
	collectText(m.Blocks, &lines)
	if len(lines) == 0 {
		lines = append(lines, m.Text)
	}
	collectText(m.Attachments, &lines)
	return strings.Join(lines, "\n")
}

// Words returns all the words that a view shows, one text a line.
func (v View) Words() string {
	lines := []string{v.Title}
	collectText(v.Blocks, &lines)
	return strings.Join(lines, "\n")
}

// collectText appends the text of text objects, rich text elements and legacy
// attachments in a piece of Block Kit, in the order in which they show.
func collectText(raw json.RawMessage, lines *[]string) {
	if len(raw) == 0 {
		return
	}
	var tree any
	if json.Unmarshal(raw, &tree) != nil {
		return
	}
	walkText(tree, lines)
}

// shown are the keys of Block Kit and of attachments that lead to something
// that is shown, in the order in which it is.
var shown = []string{
	"pretext", "author_name", "title", "label", "hint", "text", "fields", "subtitle", "body", "accessory", "element", "elements",
	"rows", "columns", "options", "placeholder", "caption", "alt_text", "blocks", "value", "footer", "details", "tasks", "cards",
}

func walkText(node any, lines *[]string) {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			walkText(child, lines)
		}
	case map[string]any:
		kind, _ := node["type"].(string)
		if strings.HasPrefix(kind, "rich_text_") {
			var s strings.Builder
			richText(node, &s)
			*lines = append(*lines, s.String())
			return
		}
		for _, key := range shown {
			switch child := node[key].(type) {
			case string:
				// A button's or an option's value is not shown; a legacy
				// field's is.
				if key == "value" && (kind != "" || node["text"] != nil) {
					continue
				}
				*lines = append(*lines, child)
			default:
				walkText(child, lines)
			}
		}
	}
}

func richText(node map[string]any, s *strings.Builder) {
	switch node["type"] {
	case "user":
		fmt.Fprintf(s, "<@%v>", node["user_id"])
	case "channel":
		fmt.Fprintf(s, "<#%v>", node["channel_id"])
	case "emoji":
		fmt.Fprintf(s, ":%v:", node["name"])
	case "link":
		if node["text"] == nil {
			fmt.Fprint(s, node["url"])
		}
	}
	if text, ok := node["text"].(string); ok {
		s.WriteString(text)
	}
	elements, _ := node["elements"].([]any)
	for _, e := range elements {
		if e, ok := e.(map[string]any); ok {
			richText(e, s)
			if node["type"] == "rich_text_list" {
				s.WriteString("\n")
			}
		}
	}
}

// newTS returns a message timestamp: unique in the workspace and increasing.
// w.mu is held.
func (w *Workspace) newTS() string {
	us := w.clock.Now().UnixMicro()
	if us <= w.lastTS {
		us = w.lastTS + 1
	}
	w.lastTS = us
	return fmt.Sprintf("%d.%06d", us/1e6, us%1e6)
}

// message finds a message in a channel.
func (c *channel) message(ts string) *message {
	i, ok := slices.BinarySearchFunc(c.messages, ts, func(m *message, ts string) int { return strings.Compare(m.TS, ts) })
	if !ok {
		return nil
	}
	return c.messages[i]
}

// post adds a message to a channel and shows it. w.mu is held.
func (w *Workspace) post(c *channel, m *message) {
	m.Channel = c.id
	m.TS = w.newTS()
	if m.ThreadTS != "" {
		root := c.message(m.ThreadTS)
		switch {
		case root == nil || root.Ephemeral || root.Deleted && root.ReplyCount == 0:
			m.ThreadTS = ""
		case root.ThreadTS != "" && root.ThreadTS != root.TS:
			m.ThreadTS = root.ThreadTS
			root = c.message(m.ThreadTS)
		}
		if m.ThreadTS != "" && root != nil && !m.Ephemeral {
			root.ThreadTS = root.TS
			root.ReplyCount++
			root.latest = m.TS
			if !slices.Contains(root.ReplyUsers, m.User) {
				root.ReplyUsers = append(root.ReplyUsers, m.User)
			}
			w.show(c, root)
		}
	}
	c.messages = append(c.messages, m)
	if m.User == w.bot.ID {
		w.clearStatus(c, m.ThreadTS)
	}
	w.show(c, m)
	if !m.Ephemeral {
		event := w.messageObject(m)
		event["channel"] = c.id
		w.messageEvent(c, event)
	}
}

// messageEvent sends a message event, for those who subscribe to that kind of
// conversation; the bot's own messages too, as Slack does. w.mu is held.
func (w *Workspace) messageEvent(c *channel, event object) {
	if !c.member(w.bot.ID) {
		return
	}
	name := map[ChannelKind]string{
		PublicChannel: "message.channels", PrivateChannel: "message.groups", DirectMessage: "message.im",
	}[c.kind]
	event["channel_type"] = c.eventType()
	w.event(name, c.scope("history"), event)
}

// edited records and shows a change that the bot has made to a message, marked
// as an edit or not. w.mu is held.
func (w *Workspace) edited(c *channel, m *message, marked bool, before object) {
	if marked {
		m.editedTS = w.newTS()
		m.editor = w.bot.ID
		m.Edited = w.clock.Now().UTC().Format(time.RFC3339)
	}
	w.show(c, m)
	if !m.Ephemeral {
		w.messageEvent(c, object{
			"type": "message", "subtype": "message_changed", "hidden": true, "channel": c.id,
			"ts": w.newTS(), "message": w.messageObject(m), "previous_message": before,
		})
	}
}

// remove takes a message away; one with replies leaves a tombstone. w.mu is
// held.
func (w *Workspace) remove(c *channel, m *message) {
	before := w.messageObject(m)
	if m.ReplyCount > 0 {
		m.Deleted, m.Subtype, m.Text = true, "tombstone", "This message was deleted."
		m.Blocks, m.Attachments, m.Reactions = nil, nil, nil
		w.show(c, m)
	} else {
		c.messages = slices.DeleteFunc(c.messages, func(o *message) bool { return o == m })
		if root := c.message(m.ThreadTS); root != nil && root != m && !m.Ephemeral {
			root.ReplyCount--
			w.show(c, root)
		}
		w.unshow(c, m)
	}
	if !m.Ephemeral {
		w.messageEvent(c, object{
			"type": "message", "subtype": "message_deleted", "hidden": true, "channel": c.id,
			"ts": w.newTS(), "deleted_ts": m.TS, "previous_message": before,
		})
	}
}

// messageObject is a message as the API and the payloads carry it.
func (w *Workspace) messageObject(m *message) object {
	o := object{"type": "message", "ts": m.TS, "user": m.User, "text": m.Text, "team": w.teamID}
	if u := w.user(m.User); u != nil {
		o["team"] = w.teamOf(u)
	}
	if u := w.user(m.User); u != nil && u.botID != "" && (m.Subtype == "" || m.Subtype == "thread_broadcast") {
		o["bot_id"] = u.botID
		o["app_id"] = u.appID
		o["bot_profile"] = w.botProfile(u)
	}
	if m.clientID != "" {
		o["client_msg_id"] = m.clientID
	}
	if m.Subtype != "" {
		o["subtype"] = m.Subtype
	}
	if len(m.Blocks) > 0 {
		o["blocks"] = m.Blocks
	}
	if len(m.Attachments) > 0 {
		o["attachments"] = m.Attachments
	}
	if len(m.metadata) > 0 {
		o["metadata"] = m.metadata
	}
	if m.editedTS != "" {
		o["edited"] = object{"user": m.editor, "ts": m.editedTS}
	}
	if m.ThreadTS != "" {
		o["thread_ts"] = m.ThreadTS
		if m.ThreadTS == m.TS {
			o["reply_count"] = m.ReplyCount
			o["reply_users"] = append([]string{}, m.ReplyUsers...)
			o["reply_users_count"] = len(m.ReplyUsers)
			o["latest_reply"] = m.latest
			o["is_locked"] = false
			o["subscribed"] = false
		} else if c := w.channel(m.Channel); c != nil {
			if root := c.message(m.ThreadTS); root != nil {
				o["parent_user_id"] = root.User
			}
		}
	}
	if len(m.Reactions) > 0 {
		var reactions []object
		for _, r := range m.Reactions {
			reactions = append(reactions, object{"name": r.Name, "users": slices.Clone(r.Users), "count": len(r.Users)})
		}
		o["reactions"] = reactions
	}
	return o
}

func (w *Workspace) botProfile(u *User) object {
	return object{
		"id": u.botID, "app_id": u.appID, "name": u.appName, "deleted": false,
		"updated": w.started.Unix(), "team_id": w.teamID,
		"user_id": u.ID, "icons": object{"image_36": "", "image_48": "", "image_72": ""},
	}
}

func (w *Workspace) permalink(c *channel, m *message) string {
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", w.domain, c.id, strings.ReplaceAll(m.TS, ".", ""))
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		link += fmt.Sprintf("?thread_ts=%s&cid=%s", m.ThreadTS, c.id)
	}
	return link
}
