package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// What follows is what people do. Users are given by name or id, conversations
// by name (with or without "#") or id; the bot's handle with an "@" stands for
// the user's direct message with it.

// Slash makes a user run a slash command in a conversation. What Slack refuses,
// such as an unknown command, is an error and reaches nobody.
func (w *Workspace) Slash(user, where, command, text string) (*Delivery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, c, err := w.who(user, where)
	if err != nil {
		return nil, err
	}
	return w.runSlash(u, c, command, text)
}

func (w *Workspace) runSlash(u *User, c *channel, command, text string) (*Delivery, error) {
	i := slices.IndexFunc(w.manifest.Features.SlashCommands, func(m slack.ManifestSlashCommand) bool {
		return strings.EqualFold(m.Command, command)
	})
	if i < 0 {
		return nil, errorf("%s is not a valid command.", command)
	}
	if c.archived {
		return nil, errorf("#%s is archived: nothing can be sent to it.", c.name)
	}
	if !c.member(u.ID) {
		return nil, errorf("%s is not in #%s.", u.Name, c.name)
	}
	text = strings.TrimSpace(text)
	if w.manifest.Features.SlashCommands[i].ShouldEscape {
		text = w.escapeCommand(text)
	}
	return w.slash(u, c, w.manifest.Features.SlashCommands[i].Command, text), nil
}

// escapeCommand marks mentions and links in a command's text up, as Slack does
// for commands with should_escape ("Implementing slash commands",
// https://docs.slack.dev/interactivity/implementing-slash-commands).
func (w *Workspace) escapeCommand(text string) string {
	t := w.compose(text)
	for _, id := range t.mentions {
		t.text = strings.ReplaceAll(t.text, "<@"+id+">", "<@"+id+"|"+w.user(id).Name+">")
	}
	return t.text
}

func (w *Workspace) who(user, where string) (*User, *channel, error) {
	u := w.user(user)
	if u == nil || u.IsBot {
		return nil, nil, errorf("there is no person %q in this workspace", user)
	}
	c, err := w.conversation(u, where)
	return u, c, err
}

// Say makes a user write a message, in a thread if thread is not empty. The
// app gets the events that it subscribes to: app_mention where it is mentioned
// in a channel that it is in, message.im in its direct message, and so on.
func (w *Workspace) Say(user, where, thread, text string) (Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, c, err := w.who(user, where)
	if err != nil {
		return Message{}, err
	}
	m, err := w.say(u, c, thread, text)
	if err != nil {
		return Message{}, err
	}
	return m.snapshot(), nil
}

func (w *Workspace) say(u *User, c *channel, thread, text string) (*message, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return nil, errorf("there is nothing to send")
	case c.archived:
		return nil, errorf("#%s is archived: nothing can be sent to it.", c.name)
	case !c.member(u.ID):
		return nil, errorf("%s is not in #%s.", u.Name, c.name)
	case c.kind == DirectMessage && (!w.manifest.Features.AppHome.MessagesTabEnabled || w.manifest.Features.AppHome.MessagesTabReadOnlyEnabled):
		return nil, errorf("Sending messages to this app has been turned off.")
	}
	if thread != "" && c.message(thread) == nil {
		return nil, errorf("there is no message %s to reply to", thread)
	}
	t := w.compose(text)
	block, err := json.Marshal([]object{t.richText(secret(3)[:5])})
	if err != nil {
		return nil, fmt.Errorf("encoding the message: %w", err)
	}
	m := &message{
		Message:  Message{User: u.ID, Text: t.text, ThreadTS: thread, Blocks: block},
		clientID: w.envelopeID(),
	}
	w.post(c, m)
	w.mentioned(u, c, m, t)
	w.shared(u, c, m)
	return m, nil
}

// mentioned sends the app_mention event. Direct messages have none ("app_mention
// event", https://docs.slack.dev/reference/events/app_mention). w.mu is held.
func (w *Workspace) mentioned(u *User, c *channel, m *message, t typed) {
	if c.kind == DirectMessage || !slices.Contains(t.mentions, w.bot.ID) {
		return
	}
	if !c.member(w.bot.ID) {
		w.notice(u, c, "You mentioned @"+w.bot.Name+", but they’re not in this channel. Add them with /invite @"+w.bot.Name)
		return
	}
	event := w.messageObject(m)
	event["type"] = "app_mention"
	event["channel"] = c.id
	w.event("app_mention", "app_mentions:read", event)
}

// shared sends the link_shared event. w.mu is held.
func (w *Workspace) shared(u *User, c *channel, m *message) {
	var found []object
	for _, l := range links(m.Text) {
		if d := w.unfurlDomain(l); d != "" {
			found = append(found, object{"domain": d, "url": l})
		}
	}
	if len(found) == 0 {
		return
	}
	event := object{
		"type": "link_shared", "user": u.ID, "channel": c.id, "message_ts": m.TS,
		"is_bot_user_member": c.member(w.bot.ID), "links": found,
		"source": "conversations_history", "unfurl_id": c.id + "/" + m.TS,
	}
	if m.ThreadTS != "" {
		event["thread_ts"] = m.ThreadTS
	}
	w.event("link_shared", "links:read", event)
}

// A Place is a Message or a View: what a user can see and use elements of.
type Place interface {
	find(w *Workspace, u *User) (place, error)
}

func (m Message) find(w *Workspace, u *User) (place, error) {
	c := w.channel(m.Channel)
	if c == nil || !w.visible(c, u) {
		return place{}, errorf("%s does not see the conversation of message %s", u.Name, m.TS)
	}
	stored := c.message(m.TS)
	if stored == nil || !stored.seenBy(u.ID) {
		return place{}, errorf("%s does not see a message %s any more", u.Name, m.TS)
	}
	return place{channel: c, message: stored}, nil
}

func (v View) find(w *Workspace, u *User) (place, error) {
	stored := w.views[v.ID]
	if stored == nil || stored.owner != u {
		return place{}, errorf("%s does not see a view %s any more", u.Name, v.ID)
	}
	return place{view: stored}, nil
}

// at finds a user, a place and an element in it.
func (w *Workspace) at(user string, where Place, which string) (*User, place, element, error) {
	u := w.user(user)
	if u == nil || u.IsBot {
		return nil, place{}, element{}, errorf("there is no person %q in this workspace", user)
	}
	p, err := where.find(w, u)
	if err != nil {
		return nil, place{}, element{}, err
	}
	e, err := pick(p.elements(), which)
	return u, p, e, err
}

// pick finds the one element that which stands for: an action id, a block id
// and an action id with a slash between, or the text that it shows.
func pick(list []element, which string) (element, error) {
	var found []element
	for _, is := range []func(element) bool{
		func(e element) bool { return e.actionID() == which },
		func(e element) bool { return e.blockID+"/"+e.actionID() == which },
		func(e element) bool { return e.label() == which },
		func(e element) bool { return e.blockID == which },
	} {
		for _, e := range list {
			if is(e) {
				found = append(found, e)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return element{}, errorf("%d elements are called %q; say which by block id, a slash and action id", len(found), which)
		}
	}
	var names []string
	for _, e := range list {
		names = append(names, e.blockID+"/"+e.actionID())
	}
	return element{}, errorf("there is no element %q, only %v", which, names)
}

// Click makes a user press a button. which is its action id, its block id and
// action id with a slash between, or its text. A confirmation dialog counts as
// confirmed.
func (w *Workspace) Click(user string, where Place, which string) (*Delivery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, p, e, err := w.at(user, where, which)
	if err != nil {
		return nil, err
	}
	if e.kind() != "button" && e.kind() != "workflow_button" && e.kind() != "icon_button" {
		return nil, errorf("%q is a %s: use Select or Fill", which, e.kind())
	}
	return w.use(u, p, e, object{}, nil)
}

// Select makes a user choose in a menu, a date picker or the like: options by
// their value or text, people and conversations by name or id, dates and times
// as Slack writes them. It returns nil where Slack would not tell the app, as
// in an input block without dispatch_action.
func (w *Workspace) Select(user string, where Place, which string, values ...string) (*Delivery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, p, e, err := w.at(user, where, which)
	if err != nil {
		return nil, err
	}
	given, err := w.selection(u, p, e, values)
	if err != nil {
		return nil, err
	}
	return w.use(u, p, e, given, nil)
}

// Fill makes a user type into an input. It returns nil where Slack would not
// tell the app, as in an input block without dispatch_action.
func (w *Workspace) Fill(user string, where Place, which, value string) (*Delivery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, p, e, err := w.at(user, where, which)
	if err != nil {
		return nil, err
	}
	key, _, _ := valueKey(e.kind())
	if key != "value" {
		return nil, errorf("%q is a %s: nothing can be typed into it", which, e.kind())
	}
	return w.use(u, p, e, object{"value": emptyAsNull(value)}, nil)
}

// use records a choice and tells the app of it where Slack would. w.mu is held.
func (w *Workspace) use(u *User, p place, e element, given object, failed func(EnvelopeState)) (*Delivery, error) {
	if !w.isInteractive() {
		return nil, errorf("interactivity is switched off in the app's manifest")
	}
	if key, _, _ := valueKey(e.kind()); key != "" {
		value := object{"type": e.kind(), key: given[key]}
		p.choose(u, e.blockID, e.actionID(), value)
		w.change()
	}
	if !e.dispatches() {
		return nil, nil
	}
	return w.blockActions(u, p, e, given, failed), nil
}

func (w *Workspace) isInteractive() bool {
	i := w.manifest.Settings.Interactivity
	return i != nil && i.IsEnabled
}

// selection turns what a user chooses into a payload's fields.
func (w *Workspace) selection(u *User, p place, e element, values []string) (object, error) {
	key, _, none := valueKey(e.kind())
	if e.kind() == "overflow" {
		key = "selected_option"
	}
	_, many := none.([]any)
	if !many && len(values) > 1 {
		return nil, errorf("only one value can be chosen in a %s", e.kind())
	}
	chosen := []any{}
	for _, v := range values {
		switch key {
		case "selected_option", "selected_options":
			available := e.options()
			if strings.HasSuffix(e.kind(), "external_select") {
				available = w.offered[offerKey(u, p, e)]
			}
			i := slices.IndexFunc(available, func(o option) bool { return o["value"] == v || optionText(o) == v })
			if i < 0 {
				return nil, errorf("%q is not among the %d options of %s", v, len(available), e.actionID())
			}
			chosen = append(chosen, available[i])
		case "selected_user", "selected_users":
			peer := w.user(v)
			if peer == nil {
				return nil, errorf("there is no user %q", v)
			}
			chosen = append(chosen, peer.ID)
		case "selected_channel", "selected_channels", "selected_conversation", "selected_conversations":
			c, err := w.conversation(u, v)
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, c.id)
		case "selected_date", "selected_time":
			chosen = append(chosen, v)
		case "selected_date_time":
			chosen = append(chosen, json.Number(v))
		default:
			return nil, errorf("nothing can be chosen in a %s", e.kind())
		}
	}
	switch {
	case many:
		return object{key: chosen}, nil
	case len(chosen) == 0:
		return object{key: nil}, nil
	}
	return object{key: chosen[0]}, nil
}

// Suggestions are the options that the app offers for what was typed into an
// external select.
type Suggestions struct {
	Options []map[string]any
	Groups  []map[string]any
}

// Suggest makes a user type into an external select and returns what the app
// offers; nothing, without asking the app, for less than min_query_length. An
// app that does not answer, or with options that Slack would not
// take, is an error.
func (w *Workspace) Suggest(ctx context.Context, user string, where Place, which, typed string) (Suggestions, error) {
	w.mu.Lock()
	u, p, e, err := w.at(user, where, which)
	if err == nil && !strings.HasSuffix(e.kind(), "external_select") {
		err = errorf("%q is a %s, not an external select", which, e.kind())
	}
	if err != nil {
		w.mu.Unlock()
		return Suggestions{}, err
	}
	if len([]rune(typed)) < e.leastQuery() {
		w.mu.Unlock()
		return Suggestions{}, nil
	}
	var s Suggestions
	var problem string
	d := w.suggestion(u, p, e, typed, func(options, groups []option, p string) {
		s, problem = Suggestions{options, groups}, p
	})
	w.mu.Unlock()
	if _, err := d.Wait(ctx); err != nil {
		return Suggestions{}, err
	}
	if problem != "" {
		return Suggestions{}, errors.New(problem)
	}
	return s, nil
}

// InputErrors are the complaints that Slack itself makes about inputs before
// it submits a modal, by block id.
type InputErrors map[string]string

func (e InputErrors) Error() string {
	return fmt.Sprintf("the modal is not complete: %v", map[string]string(e))
}

// SubmitView makes a user fill in the modal they have in front of them and
// submit it. values are by block id or action id: text to type, or the value,
// text or name to choose (several for menus that allow it). Inputs that are
// left out keep what they hold. Inputs that Slack would not submit are an
// InputErrors; what the app answers shows in View.
func (w *Workspace) SubmitView(user string, values map[string][]string) (*Delivery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(user)
	if u == nil || w.top(u) == nil {
		return nil, errorf("%s has no modal open", user)
	}
	v := w.top(u)
	p := place{view: v}
	for which, chosen := range values {
		e, err := pick(p.elements(), which)
		if err != nil {
			return nil, err
		}
		key, _, _ := valueKey(e.kind())
		given := object{}
		if key == "value" {
			given[key] = emptyAsNull(strings.Join(chosen, "\n"))
		} else if given, err = w.selection(u, p, e, chosen); err != nil {
			return nil, err
		}
		p.choose(u, e.blockID, e.actionID(), object{"type": e.kind(), key: given[key]})
	}
	if problems := checkInputs(v); len(problems) > 0 {
		return nil, problems
	}
	return w.submit(u, v, nil), nil
}

// checkInputs makes the checks that Slack's clients make before they submit.
func checkInputs(v *view) InputErrors {
	problems := InputErrors{}
	state := merge(v.blocks, v.here, v.chosen)
	for _, e := range elements(v.blocks) {
		if e.blockType != "input" {
			continue
		}
		key, _, _ := valueKey(e.kind())
		value := state[e.blockID][e.actionID()][key]
		list, isList := value.([]any)
		typed, isText := value.(string)
		empty := value == nil || isText && strings.TrimSpace(typed) == "" || isList && len(list) == 0
		if empty {
			if optional, _ := e.block["optional"].(bool); !optional {
				problems[e.blockID] = "Please complete this required field."
			}
			continue
		}
		if key != "value" {
			continue
		}
		n := len([]rune(typed))
		if least := args(e.object).integer("min_length", 0); n < least {
			problems[e.blockID] = fmt.Sprintf("Please enter at least %d characters.", least)
		}
		if most := args(e.object).integer("max_length", 3000); n > most {
			problems[e.blockID] = fmt.Sprintf("Please enter no more than %d characters.", most)
		}
	}
	return problems
}

// CloseView makes a user close the modal in front of them. The modal below it
// comes back, unless it was to clear all when closed.
func (w *Workspace) CloseView(user string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(user)
	if u == nil || w.top(u) == nil {
		return errorf("%s has no modal open", user)
	}
	w.closeView(u, w.top(u))
	return nil
}

// closeView closes a modal and those on top of it. w.mu is held.
func (w *Workspace) closeView(u *User, v *view) {
	i := slices.Index(w.stacks[u.ID], v)
	if i < 0 {
		return
	}
	if v.clearOnClose {
		i = 0
	}
	for _, gone := range slices.Backward(w.stacks[u.ID][i:]) {
		w.viewClosed(u, gone, v.clearOnClose)
	}
	w.drop(u, i)
}

// OpenHome makes a user open the app's home tab.
func (w *Workspace) OpenHome(user string) error { return w.openTab(user, "home") }

// OpenMessages makes a user open the app's messages tab.
func (w *Workspace) OpenMessages(user string) error { return w.openTab(user, "messages") }

func (w *Workspace) openTab(user, tab string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(user)
	if u == nil || u.IsBot {
		return errorf("there is no person %q in this workspace", user)
	}
	home := w.manifest.Features.AppHome
	if tab == "home" && !home.HomeTabEnabled || tab == "messages" && !home.MessagesTabEnabled {
		return errorf("the app has no %s tab", tab)
	}
	event := object{"type": "app_home_opened", "user": u.ID, "channel": w.direct(u.ID).id, "tab": tab}
	if v := w.homes[u.ID]; v != nil && tab == "home" {
		event["view"] = w.viewObject(v)
	}
	w.event("app_home_opened", "", event)
	return nil
}

// MessageShortcut makes a user run a message shortcut on a message.
func (w *Workspace) MessageShortcut(user, callbackID string, m Message) (*Delivery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(user)
	if u == nil || u.IsBot {
		return nil, errorf("there is no person %q in this workspace", user)
	}
	p, err := m.find(w, u)
	if err != nil {
		return nil, err
	}
	return w.runShortcut(u, callbackID, slack.MessageShortcut, p.channel, p.message)
}

// Shortcut makes a user run a global shortcut.
func (w *Workspace) Shortcut(user, callbackID string) (*Delivery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(user)
	if u == nil || u.IsBot {
		return nil, errorf("there is no person %q in this workspace", user)
	}
	return w.runShortcut(u, callbackID, slack.GlobalShortcut, nil, nil)
}

func (w *Workspace) runShortcut(u *User, callbackID string, kind slack.ShortcutType, c *channel, m *message) (*Delivery, error) {
	if m != nil && m.Ephemeral {
		return nil, errorf("Slack offers no shortcuts on messages that only one person sees")
	}
	for _, s := range w.manifest.Features.Shortcuts {
		if s.CallbackID == callbackID && s.Type == kind {
			return w.shortcut(u, callbackID, s.Name, c, m), nil
		}
	}
	return nil, errorf("the app has no %s shortcut %q", kind, callbackID)
}

// Invite makes a user bring another user, or the bot, into a channel.
func (w *Workspace) Invite(user, where, whom string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, c, err := w.who(user, where)
	if err != nil {
		return err
	}
	return w.invite(u, c, whom)
}

func (w *Workspace) invite(u *User, c *channel, whom string) error {
	peer := w.user(whom)
	switch {
	case peer == nil:
		return errorf("there is no user %q", whom)
	case c.kind == DirectMessage:
		return errorf("nobody can be added to a direct message")
	case c.archived:
		return errorf("#%s is archived: nobody can be added to it.", c.name)
	case !c.member(u.ID):
		return errorf("%s is not in #%s.", u.Name, c.name)
	case c.member(peer.ID):
		return errorf("%s is already in #%s.", peer.Name, c.name)
	}
	w.join(c, peer, u)
	return nil
}

// Messages returns the messages of a conversation that a viewer sees, ephemeral
// ones and replies in threads included, oldest first.
func (w *Workspace) Messages(where, viewer string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(viewer)
	if u == nil {
		return nil
	}
	c, err := w.conversation(u, where)
	if err != nil {
		return nil
	}
	return c.seen(u)
}

func (c *channel) seen(u *User) []Message {
	list := []Message{}
	for _, m := range c.messages {
		if m.seenBy(u.ID) {
			list = append(list, m.snapshot())
		}
	}
	return list
}

// WaitMessage waits for a message, posted already or yet to be, for which the
// condition holds, and returns it. Later changes to messages count too; of
// several messages the oldest is returned. The error is the context's.
func (w *Workspace) WaitMessage(ctx context.Context, is func(Message) bool) (Message, error) {
	var found Message
	err := w.Wait(ctx, func() bool {
		w.mu.Lock()
		var all []Message
		for _, c := range w.channels {
			for _, m := range c.messages {
				if !m.Deleted {
					all = append(all, m.snapshot())
				}
			}
		}
		w.mu.Unlock()
		slices.SortStableFunc(all, func(a, b Message) int { return strings.Compare(a.TS, b.TS) })
		i := slices.IndexFunc(all, is)
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	})
	return found, err
}

// View returns the modal that a user has in front of them.
func (w *Workspace) View(user string) (View, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if u := w.user(user); u != nil {
		if v := w.top(u); v != nil {
			return v.snapshot(), true
		}
	}
	return View{}, false
}

// WaitView waits until a user has a modal in front of them for which the
// condition holds. The error is the context's.
func (w *Workspace) WaitView(ctx context.Context, user string, is func(View) bool) (View, error) {
	var found View
	err := w.Wait(ctx, func() bool {
		v, ok := w.View(user)
		found = v
		return ok && is(v)
	})
	return found, err
}

// Home returns a user's App Home, if the app has published one.
func (w *Workspace) Home(user string) (View, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if u := w.user(user); u != nil {
		if v := w.homes[u.ID]; v != nil {
			return v.snapshot(), true
		}
	}
	return View{}, false
}

// WaitHome waits until the app has published a user's App Home for which the
// condition holds. The error is the context's.
func (w *Workspace) WaitHome(ctx context.Context, user string, is func(View) bool) (View, error) {
	var found View
	err := w.Wait(ctx, func() bool {
		v, ok := w.Home(user)
		found = v
		return ok && is(v)
	})
	return found, err
}

// Users returns everybody in the workspace, bots included.
func (w *Workspace) Users() []User {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]User, len(w.users))
	for i, u := range w.users {
		list[i] = *u
	}
	return list
}

// ChannelID returns the id of a conversation that a user can see.
func (w *Workspace) ChannelID(user, where string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, c, err := w.who(user, where)
	if err != nil {
		return "", err
	}
	return c.id, nil
}
