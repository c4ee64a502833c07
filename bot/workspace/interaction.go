package workspace

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// place is where something happens: in a message of a channel, or in a view.
type place struct {
	channel *channel
	message *message
	view    *view
}

func (p place) blocks() json.RawMessage {
	if p.view != nil {
		return p.view.blocks
	}
	return p.message.Blocks
}

// elements lists the interactive elements at a place, attachments' included.
func (p place) elements() []element {
	list := elements(p.blocks())
	if p.view == nil {
		for _, a := range p.attachments() {
			list = append(list, elements(a["blocks"])...)
		}
	}
	return list
}

func (p place) attachments() []map[string]json.RawMessage {
	var list []map[string]json.RawMessage
	if p.message != nil && len(p.message.Attachments) > 0 {
		_ = json.Unmarshal(p.message.Attachments, &list)
	}
	return list
}

// state is what a user has chosen at a place.
func (p place) state(u *User) stateValues {
	if p.view != nil {
		return merge(p.view.blocks, p.view.here, p.view.chosen)
	}
	state := merge(p.message.Blocks, p.channel.id, p.message.states[u.ID])
	for _, a := range p.attachments() {
		maps.Copy(state, merge(a["blocks"], p.channel.id, p.message.states[u.ID]))
	}
	return state
}

// choose records what a user has chosen.
func (p place) choose(u *User, block, action string, value object) {
	if p.view != nil {
		p.view.chosen.set(block, action, value)
		return
	}
	if p.message.states == nil {
		p.message.states = map[string]stateValues{}
	}
	if p.message.states[u.ID] == nil {
		p.message.states[u.ID] = stateValues{}
	}
	p.message.states[u.ID].set(block, action, value)
}

// interaction starts an interaction payload.
func (w *Workspace) interaction(kind string, u *User) object {
	return object{
		"type": kind, "token": verificationToken, "api_app_id": w.appID,
		"team": object{"id": w.teamID, "domain": w.domain}, "user": w.userRef(u),
		"enterprise": nil, "is_enterprise_install": false,
	}
}

// container says where an element stands.
func (w *Workspace) container(p place, e element) object {
	if p.view != nil {
		return object{"type": "view", "view_id": p.view.id}
	}
	o := object{
		"type": "message", "message_ts": p.message.TS, "channel_id": p.channel.id,
		"is_ephemeral": p.message.Ephemeral,
	}
	if p.message.ThreadTS != "" {
		o["thread_ts"] = p.message.ThreadTS
	}
	for i, a := range p.attachments() {
		for _, candidate := range elements(a["blocks"]) {
			if candidate.blockID == e.blockID && candidate.actionID() == e.actionID() {
				o["type"], o["attachment_id"] = "message_attachment", i+1
				o["is_app_unfurl"] = string(a["is_app_unfurl"]) == "true"
			}
		}
	}
	return o
}

// where adds what payloads say of the place that an interaction happened at.
func (w *Workspace) where(payload object, p place) {
	if p.view != nil {
		payload["view"] = w.viewObject(p.view)
		return
	}
	payload["channel"] = object{"id": p.channel.id, "name": p.channel.payloadName()}
	// Payloads carry messages that exist on the server; ephemeral ones do not.
	if !p.message.Ephemeral {
		payload["message"] = w.messageObject(p.message)
	}
}

// blockActions sends a block_actions payload for the use of an element. given
// are the choice's own fields, such as selected_option. w.mu is held.
func (w *Workspace) blockActions(u *User, p place, e element, given object, failed func(EnvelopeState)) *Delivery {
	action := object{
		"type": e.kind(), "action_id": e.actionID(), "block_id": e.blockID, "action_ts": w.newTS(),
	}
	for _, key := range []string{"text", "value", "style", "placeholder", "initial_option", "initial_options", "initial_date", "initial_time", "initial_user", "initial_channel", "initial_conversation"} {
		if e.kind() == "button" || strings.HasPrefix(key, "initial") || key == "placeholder" {
			if v, ok := e.object[key]; ok {
				action[key] = v
			}
		}
	}
	maps.Copy(action, given)

	payload := w.interaction("block_actions", u)
	payload["actions"] = []object{action}
	payload["container"] = w.container(p, e)
	payload["trigger_id"] = w.newTrigger(u, p.view)
	w.where(payload, p)
	if p.view == nil {
		payload["response_url"] = w.newHook("actions", p.channel, u, p.message)
		payload["state"] = object{"values": p.state(u)}
	}
	d := &Delivery{what: "block_actions " + e.actionID(), envelope: Envelope{Type: Interactive}}
	d.failed = func() {
		if failed != nil {
			failed(d.envelope.State)
		}
	}
	return w.send(d, payload)
}

// suggestion sends a block_suggestion payload and takes the options from the
// acknowledgement. w.mu is held.
func (w *Workspace) suggestion(u *User, p place, e element, typed string, got func(options, groups []option, problem string)) *Delivery {
	payload := w.interaction("block_suggestion", u)
	payload["action_id"], payload["block_id"], payload["value"] = e.actionID(), e.blockID, typed
	payload["container"] = w.container(p, e)
	w.where(payload, p)
	d := &Delivery{
		what:     "block_suggestion " + e.actionID(),
		envelope: Envelope{Type: Interactive, AcceptsResponsePayload: true},
	}
	d.failed = func() { got(nil, nil, "The app did not answer in time.") }
	d.acked = func(raw json.RawMessage) {
		var answer struct {
			Options json.RawMessage `json:"options"`
			Groups  json.RawMessage `json:"option_groups"`
		}
		if json.Unmarshal(raw, &answer) != nil || answer.Options == nil && answer.Groups == nil {
			got(nil, nil, "The app's answer holds no options.")
			return
		}
		if problems := lintSuggestions(answer.Options, answer.Groups); len(problems) > 0 {
			got(nil, nil, "The app's options break Slack's rules: "+problems[0].String())
			return
		}
		var options, groups []option
		list := element{object: object{"options": decode(answer.Options), "option_groups": decode(answer.Groups)}}
		if answer.Groups != nil {
			raw, _ := decode(answer.Groups).([]any)
			for _, g := range raw {
				if g, ok := g.(object); ok {
					groups = append(groups, g)
				}
			}
		} else {
			options = list.options()
		}
		w.offered[offerKey(u, p, e)] = list.options()
		got(options, groups, "")
	}
	return w.send(d, payload)
}

func offerKey(u *User, p place, e element) string {
	var id string
	if p.view != nil {
		id = p.view.id
	} else {
		id = p.channel.id + "/" + p.message.TS
	}
	return strings.Join([]string{u.ID, id, e.blockID, e.actionID()}, "\x00")
}

// submit sends a view_submission payload. w.mu is held.
func (w *Workspace) submit(u *User, v *view, done func(EnvelopeState)) *Delivery {
	payload := w.interaction("view_submission", u)
	payload["trigger_id"] = w.newTrigger(u, v)
	payload["view"] = w.viewObject(v)
	urls := []object{}
	state := merge(v.blocks, v.here, v.chosen)
	for _, e := range elements(v.blocks) {
		if on, _ := e.object["response_url_enabled"].(bool); !on {
			continue
		}
		value := args(state[e.blockID][e.actionID()])
		id := value.str("selected_conversation") + value.str("selected_channel")
		if c := w.channel(id); c != nil {
			urls = append(urls, object{
				"block_id": e.blockID, "action_id": e.actionID(), "channel_id": c.id,
				"response_url": w.newHook("app", c, u, nil),
			})
		}
	}
	payload["response_urls"] = urls
	v.errors, v.problem = nil, ""
	d := &Delivery{
		what:     "view_submission " + v.callbackID,
		envelope: Envelope{Type: Interactive, AcceptsResponsePayload: true},
	}
	d.failed = func() {
		v.problem = trouble
		w.showModal(u)
		if done != nil {
			done(d.envelope.State)
		}
	}
	d.acked = func(raw json.RawMessage) {
		w.submitted(u, v, raw)
		if done != nil {
			done(Acknowledged)
		}
	}
	return w.send(d, payload)
}

// submitted does what the acknowledgement of a submission asks for ("Modals",
// https://docs.slack.dev/surfaces/modals). w.mu is held.
func (w *Workspace) submitted(u *User, v *view, raw json.RawMessage) {
	i := slices.Index(w.stacks[u.ID], v)
	if i < 0 {
		return // the app has closed or replaced it meanwhile
	}
	var answer struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if len(raw) > 0 && json.Unmarshal(raw, &answer) != nil {
		answer.Action = "?"
	}
	problem := false
	switch answer.Action {
	case "":
		w.drop(u, i)
		return
	case "clear":
		w.drop(u, 0)
		return
	case "errors":
		inputs := map[string]bool{}
		for _, e := range elements(v.blocks) {
			inputs[e.blockID] = inputs[e.blockID] || e.blockType == "input"
		}
		for block := range answer.Errors {
			problem = problem || !inputs[block]
		}
		if problem = problem || len(answer.Errors) == 0; !problem {
			v.errors = answer.Errors
		}
	case "update":
		d, err := readView(answer.View, "modal")
		if err == nil {
			err = w.apply(v, d)
		}
		problem = err != nil
	case "push":
		d, err := readView(answer.View, "modal")
		if err == nil {
			_, err = w.push(u, d)
		}
		problem = err != nil
	default:
		problem = true
	}
	if problem {
		v.problem = trouble
	}
	w.showModal(u)
}

// closed tells the app that a modal was closed, if it wants to know. w.mu is
// held.
func (w *Workspace) viewClosed(u *User, v *view, all bool) {
	if !v.notifyOnClose {
		return
	}
	payload := w.interaction("view_closed", u)
	payload["view"] = w.viewObject(v)
	payload["is_cleared"] = all
	w.send(&Delivery{what: "view_closed " + v.callbackID, envelope: Envelope{Type: Interactive}}, payload)
}

// slash sends a slash command. w.mu is held.
func (w *Workspace) slash(u *User, c *channel, command, text string) *Delivery {
	h := w.newHook("commands", c, u, nil)
	payload := object{
		"token": verificationToken, "team_id": w.teamID, "team_domain": w.domain,
		"channel_id": c.id, "channel_name": c.payloadName(), "user_id": u.ID, "user_name": u.Name,
		"command": command, "text": text, "api_app_id": w.appID,
		"is_enterprise_install": "false", "response_url": h, "trigger_id": w.newTrigger(u, nil),
	}
	d := &Delivery{
		what:     "command " + command,
		envelope: Envelope{Type: SlashCommands, AcceptsResponsePayload: true},
	}
	d.failed = func() { w.failedNotice(u, c, command, d.envelope.State) }
	d.acked = func(raw json.RawMessage) {
		a, ok := decode(raw).(object)
		if !ok || len(a) == 0 {
			return
		}
		if args(a).str("response_type") == "in_channel" {
			w.post(c, &message{Message: Message{User: u.ID, Text: escaper.Replace(strings.TrimSpace(command + " " + text))}})
		}
		delete(a, "replace_original")
		delete(a, "delete_original")
		// An immediate answer is not one of the response URL's five.
		err := w.respond(w.hooks[strings.TrimPrefix(h, w.base)], a)
		if err != nil && err.Error() != "no_text" { // an answer without words shows nothing
			w.notice(u, c, command+" failed with the error \"invalid_command_response\"")
		}
	}
	return w.send(d, payload)
}

// failedNotice tells a user that a command or shortcut came to nothing, in
// Slack's words. w.mu is held.
func (w *Workspace) failedNotice(u *User, c *channel, what string, state EnvelopeState) {
	code := "operation_timeout"
	if state == Undelivered {
		code = "dispatch_failed"
	}
	w.notice(u, c, what+" failed with the error \""+code+"\"")
}

// notice shows a line of Slack's own to one user. w.mu is held.
func (w *Workspace) notice(u *User, c *channel, text string) {
	m := &message{Message: Message{
		Channel: c.id, User: slackbot, Text: text, Ephemeral: true, Viewer: u.ID, Subtype: "notice", TS: w.newTS(),
	}}
	c.messages = append(c.messages, m)
	w.showNotice(u, c, text)
	w.change()
}

// shortcut sends a global or a message shortcut. w.mu is held.
func (w *Workspace) shortcut(u *User, callbackID, name string, c *channel, m *message) *Delivery {
	var payload object
	if m == nil {
		payload = w.interaction("shortcut", u)
	} else {
		payload = w.interaction("message_action", u)
		payload["channel"] = object{"id": c.id, "name": c.payloadName()}
		payload["message_ts"] = m.TS
		payload["message"] = w.messageObject(m)
		payload["response_url"] = w.newHook("app", c, u, nil)
	}
	payload["callback_id"] = callbackID
	payload["action_ts"] = w.newTS()
	payload["trigger_id"] = w.newTrigger(u, nil)
	d := &Delivery{what: "shortcut " + callbackID, envelope: Envelope{Type: Interactive}}
	d.failed = func() {
		where := c
		if where == nil {
			where = w.direct(u.ID)
		}
		w.failedNotice(u, where, name, d.envelope.State)
	}
	return w.send(d, payload)
}
