package workspace

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits on messages, in characters.
const (
	// textCut is where a message's text is cut off ("chat.postMessage",
	// https://docs.slack.dev/reference/methods/chat.postMessage).
	textCut = 40_000
	// updateMost is the most text that chat.update takes ("chat.update",
	// https://docs.slack.dev/reference/methods/chat.update).
	updateMost = 4_000
	// blocksMost is the most text that a message's blocks can hold together.
	// Slack's documentation gives it for markdown blocks only; by a maintainer
	// it holds for all blocks, with some room for the blocks themselves
	// (https://github.com/slackapi/bolt-js/issues/2509).
	blocksMost = 12_000
	// attachmentsMost is a number of attachments ("chat.postMessage").
	attachmentsMost = 100
)

// content is what a message says.
type content struct {
	text                string
	blocks, attachments json.RawMessage
	metadata            json.RawMessage
	hasText, hasBlocks  bool
	hasAttachments      bool
	truncated           bool
}

// readContent reads and checks what a message is to say. textMost is the most
// text it may have, 0 for text that is cut off instead.
func (w *Workspace) readContent(a args, textMost int, strict bool) (content, error) {
	var c content
	_, c.hasText = a["text"]
	c.text = a.str("text")
	if markdown := a.str("markdown_text"); markdown != "" {
		if c.text != "" || a.raw("blocks") != nil {
			return c, fail("markdown_text_conflict")
		}
		if utf8.RuneCountInString(markdown) > blocksMost {
			return c, fail("msg_too_long")
		}
		block, err := json.Marshal([]object{{"type": "markdown", "text": markdown}})
		if err != nil {
			return c, fail("invalid_arguments")
		}
		a = args{"blocks": string(block), "attachments": a["attachments"], "metadata": a["metadata"]}
	}
	if n := utf8.RuneCountInString(c.text); textMost > 0 && n > textMost {
		return c, fail("msg_too_long")
	} else if n > textCut {
		c.text = string([]rune(c.text)[:textCut])
		c.truncated = true
	}
	c.text = linkify(c.text)
	if raw := a.raw("blocks"); raw != nil {
		c.hasBlocks = true
		if !isArray(raw) {
			return c, fail("invalid_blocks_format")
		}
		if problems := Lint(raw); len(problems) > 0 {
			return c, blockError("invalid_blocks", problems)
		}
		if strict && textSize(raw) > blocksMost {
			return c, fail("msg_blocks_too_long")
		}
		c.blocks = w.identify(raw)
	}
	if raw := a.raw("attachments"); raw != nil {
		c.hasAttachments = true
		var list []map[string]json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return c, fail("invalid_attachments")
		}
		if len(list) > attachmentsMost {
			return c, fail("too_many_attachments")
		}
		for i, attachment := range list {
			if blocks := attachment["blocks"]; len(blocks) > 0 && string(blocks) != "null" {
				if problems := lintAt(blocks, pointer("attachments", i, "blocks")); len(problems) > 0 {
					return c, blockError("invalid_blocks", problems)
				}
				attachment["blocks"] = w.identify(blocks)
			}
			attachment["id"], _ = json.Marshal(i + 1)
		}
		c.attachments, _ = json.Marshal(list)
		if len(list) == 0 {
			c.attachments = nil
		}
	}
	if raw := a.raw("metadata"); raw != nil {
		var metadata struct {
			EventType    string         `json:"event_type"`
			EventPayload map[string]any `json:"event_payload"`
		}
		if json.Unmarshal(raw, &metadata) != nil {
			return c, fail("invalid_metadata_format")
		}
		if metadata.EventType != "" {
			c.metadata = raw
		}
	}
	return c, nil
}

func (c content) empty() bool {
	return strings.TrimSpace(c.text) == "" && (len(c.blocks) == 0 || string(c.blocks) == "[]") && len(c.attachments) == 0
}

func isArray(raw json.RawMessage) bool {
	var list []json.RawMessage
	return json.Unmarshal(raw, &list) == nil
}

func blockError(code string, problems []Problem) error {
	messages, errs := make([]string, len(problems)), make([]string, len(problems))
	for i, p := range problems {
		messages[i] = "[ERROR] " + p.String()
		errs[i] = p.String()
	}
	return failMore(code, object{"errors": errs, "response_metadata": object{"messages": messages}})
}

// target finds the conversation that a message goes to: an id, a channel's
// name, or a user's id, which stands for the bot's direct message with them.
func (w *Workspace) target(where string) (*channel, error) {
	if where == "" {
		return nil, fail("channel_not_found")
	}
	if u := w.user(where); u != nil && u.ID == where {
		if u.IsBot {
			return nil, fail("cannot_dm_bot")
		}
		return w.direct(u.ID), nil
	}
	c := w.channel(where)
	if c == nil || c.kind != PublicChannel && !c.member(w.bot.ID) {
		return nil, fail("channel_not_found")
	}
	if c.archived {
		return nil, fail("is_archived")
	}
	if !c.member(w.bot.ID) && !w.scopes["chat:write.public"] {
		return nil, fail("not_in_channel")
	}
	return c, nil
}

func chatPostMessage(w *Workspace, a args) (object, error) {
	c, err := w.target(a.str("channel"))
	if err != nil {
		return nil, err
	}
	said, err := w.readContent(a, 0, true)
	if err != nil {
		return nil, err
	}
	if said.empty() {
		return nil, fail("no_text")
	}
	m := &message{Message: Message{
		User: w.bot.ID, App: true, Text: said.text, ThreadTS: a.str("thread_ts"),
		Blocks: said.blocks, Attachments: said.attachments,
	}, metadata: said.metadata}
	if m.ThreadTS != "" && a.boolean("reply_broadcast") {
		m.Subtype = "thread_broadcast"
	}
	w.post(c, m)
	o := object{"channel": c.id, "ts": m.TS, "message": w.messageObject(m)}
	if said.truncated {
		o["warning"] = "message_truncated"
		o["response_metadata"] = object{"warnings": []string{"message_truncated"}}
	}
	return o, nil
}

func chatPostEphemeral(w *Workspace, a args) (object, error) {
	c, err := w.target(a.str("channel"))
	if err != nil {
		return nil, err
	}
	u := w.user(a.str("user"))
	if u == nil || u.ID != a.str("user") || !c.member(u.ID) {
		return nil, fail("user_not_in_channel")
	}
	said, err := w.readContent(a, 0, true)
	if err != nil {
		return nil, err
	}
	if said.empty() {
		return nil, fail("no_text")
	}
	m := &message{Message: Message{
		User: w.bot.ID, App: true, Text: said.text, ThreadTS: a.str("thread_ts"),
		Blocks: said.blocks, Attachments: said.attachments, Ephemeral: true, Viewer: u.ID,
	}}
	w.post(c, m)
	return object{"message_ts": m.TS}, nil
}

// own finds a message of the bot's that a call wants to change.
func (w *Workspace) own(a args, code string) (*channel, *message, error) {
	c, err := w.reachable(a.str("channel"))
	if err != nil {
		return nil, nil, err
	}
	m := c.message(a.str("ts"))
	if m == nil || m.Ephemeral || m.Deleted {
		return nil, nil, fail("message_not_found")
	}
	if m.User != w.bot.ID || !m.App || m.Subtype == "channel_join" {
		return nil, nil, fail(code)
	}
	if c.archived {
		return nil, nil, fail("is_archived")
	}
	return c, m, nil
}

func chatUpdate(w *Workspace, a args) (object, error) {
	c, m, err := w.own(a, "cant_update_message")
	if err != nil {
		return nil, err
	}
	if m.hooked {
		// https://github.com/slackapi/bolt-js/issues/2063
		return nil, fail("cant_update_message")
	}
	said, err := w.readContent(a, updateMost, true)
	if err != nil {
		return nil, err
	}
	before := w.messageObject(m)
	if !said.hasText && !said.hasBlocks && !said.hasAttachments {
		return nil, fail("no_text")
	}
	// Given text, blocks that are not given go; given blocks or attachments
	// only, what is not given stays.
	text, blocks, attachments := m.Text, m.Blocks, m.Attachments
	if said.hasText {
		text = said.text
		if !said.hasBlocks {
			blocks = nil
		}
	}
	if said.hasBlocks {
		blocks = said.blocks
	}
	if said.hasAttachments {
		attachments = said.attachments
	}
	if (content{text: text, blocks: blocks, attachments: attachments}).empty() {
		return nil, fail("no_text")
	}
	m.Text, m.Blocks, m.Attachments = text, blocks, attachments
	if said.metadata != nil {
		m.metadata = said.metadata
	}
	w.edited(c, m, true, before)
	return object{"channel": c.id, "ts": m.TS, "text": m.Text, "message": w.messageObject(m)}, nil
}

func chatDelete(w *Workspace, a args) (object, error) {
	c, m, err := w.own(a, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	w.remove(c, m)
	return object{"channel": c.id, "ts": m.TS}, nil
}

func chatGetPermalink(w *Workspace, a args) (object, error) {
	c, err := w.reachable(a.str("channel"))
	if err != nil {
		return nil, err
	}
	m := c.message(a.str("message_ts"))
	if m == nil || m.Ephemeral {
		return nil, fail("message_not_found")
	}
	return object{"channel": c.id, "permalink": w.permalink(c, m)}, nil
}

func chatUnfurl(w *Workspace, a args) (object, error) {
	var unfurls map[string]json.RawMessage
	if json.Unmarshal(a.raw("unfurls"), &unfurls) != nil {
		return nil, fail("cannot_parse_attachment")
	}
	where, ts := a.str("channel"), a.str("ts")
	if id := a.str("unfurl_id"); id != "" {
		var ok bool
		if where, ts, ok = strings.Cut(id, "/"); !ok {
			return nil, fail("cannot_find_message")
		}
	}
	c := w.channel(where)
	if c == nil {
		return nil, fail("cannot_find_channel")
	}
	m := c.message(ts)
	if m == nil {
		return nil, fail("cannot_find_message")
	}
	var attachments []map[string]json.RawMessage
	for address, raw := range unfurls {
		var attachment map[string]json.RawMessage
		if json.Unmarshal(raw, &attachment) != nil {
			return nil, fail("cannot_parse_attachment")
		}
		if !slices.ContainsFunc(links(m.Text), func(l string) bool { return l == address }) || w.unfurlDomain(address) == "" {
			return nil, fail("cannot_unfurl_url")
		}
		if blocks := attachment["blocks"]; len(blocks) > 0 && string(blocks) != "null" {
			if problems := lintAt(blocks, "/unfurls/"+escapePointer(address)+"/blocks"); len(problems) > 0 {
				return nil, blockError("invalid_blocks", problems)
			}
			attachment["blocks"] = w.identify(blocks)
		}
		attachment["from_url"], _ = json.Marshal(address)
		attachment["is_app_unfurl"] = json.RawMessage("true")
		attachment["id"], _ = json.Marshal(len(attachments) + 1)
		attachments = append(attachments, attachment)
	}
	before := w.messageObject(m)
	m.Attachments, _ = json.Marshal(attachments)
	w.show(c, m)
	w.messageEvent(c, object{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": c.id,
		"ts": w.newTS(), "message": w.messageObject(m), "previous_message": before,
	})
	return object{}, nil
}

func blocksValidate(_ *Workspace, a args) (object, error) {
	raw := a.raw("blocks")
	if !isArray(raw) {
		return nil, fail("invalid_blocks_format")
	}
	if problems := Lint(raw); len(problems) > 0 {
		return nil, blockError("invalid_blocks", problems)
	}
	return object{}, nil
}

// reactable finds the message that a reaction goes to.
func (w *Workspace) reactable(a args) (*channel, *message, string, error) {
	c, err := w.reachable(a.str("channel"))
	if err != nil {
		return nil, nil, "", err
	}
	m := c.message(a.str("timestamp"))
	if m == nil || m.Ephemeral || m.Deleted {
		return nil, nil, "", fail("message_not_found")
	}
	name := strings.Trim(a.str("name"), ":")
	if name == "" || strings.ContainsAny(name, " <>&") {
		return nil, nil, "", fail("invalid_name")
	}
	if c.archived {
		return nil, nil, "", fail("is_archived")
	}
	if !c.member(w.bot.ID) {
		return nil, nil, "", fail("not_in_channel")
	}
	return c, m, name, nil
}

func reactionsAdd(w *Workspace, a args) (object, error) {
	c, m, name, err := w.reactable(a)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name })
	switch {
	case i < 0:
		m.Reactions = append(m.Reactions, Reaction{name, []string{w.bot.ID}})
	case slices.Contains(m.Reactions[i].Users, w.bot.ID):
		return nil, fail("already_reacted")
	default:
		m.Reactions[i].Users = append(m.Reactions[i].Users, w.bot.ID)
	}
	w.show(c, m)
	return object{}, nil
}

func reactionsRemove(w *Workspace, a args) (object, error) {
	c, m, name, err := w.reactable(a)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name })
	if i < 0 || !slices.Contains(m.Reactions[i].Users, w.bot.ID) {
		return nil, fail("no_reaction")
	}
	m.Reactions[i].Users = slices.DeleteFunc(m.Reactions[i].Users, func(u string) bool { return u == w.bot.ID })
	if len(m.Reactions[i].Users) == 0 {
		m.Reactions = slices.Delete(m.Reactions, i, i+1)
	}
	w.show(c, m)
	return object{}, nil
}
