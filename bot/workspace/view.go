package workspace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

const (
	// stackMost is how many modals can lie on top of each other ("Modals",
	// https://docs.slack.dev/surfaces/modals).
	stackMost = 3
	// viewMost is a view's greatest size in bytes ("views.open",
	// https://docs.slack.dev/reference/methods/views.open).
	viewMost = 250_000
)

// trouble is what Slack shows in a modal when the app gives no useful answer.
const trouble = "We had some trouble connecting. Try again?"

// A View is a modal or an App Home.
type View struct {
	ID              string
	Type            string // "modal" or "home"
	Title           string
	Submit, Close   string
	CallbackID      string
	PrivateMetadata string
	ExternalID      string
	Hash            string
	RootID          string
	PreviousID      string          // the modal under it
	Blocks          json.RawMessage // an array, ids filled in
	// State holds the elements' values, by block id and action id, as payloads
	// carry them.
	State map[string]map[string]map[string]any
	// Errors are the app's messages under inputs, by block id.
	Errors map[string]string
	// Problem is what Slack itself says in the modal, such as that the app did
	// not answer.
	Problem string
}

// view is a view as the server keeps it.
type view struct {
	id, kind        string
	owner           *User
	title           json.RawMessage
	submit, close   json.RawMessage
	callbackID      string
	privateMetadata string
	externalID      string
	hash            string
	rootID          string
	previousID      string
	blocks          json.RawMessage
	clearOnClose    bool
	notifyOnClose   bool
	chosen          stateValues
	errors          map[string]string
	problem         string
	here            string // the conversation it was opened from
}

// definition is a view as the app sends it.
type definition struct {
	Type            string          `json:"type"`
	Title           json.RawMessage `json:"title"`
	Submit          json.RawMessage `json:"submit"`
	Close           json.RawMessage `json:"close"`
	Blocks          json.RawMessage `json:"blocks"`
	CallbackID      string          `json:"callback_id"`
	PrivateMetadata string          `json:"private_metadata"`
	ExternalID      string          `json:"external_id"`
	ClearOnClose    bool            `json:"clear_on_close"`
	NotifyOnClose   bool            `json:"notify_on_close"`
}

// readView reads and checks a view of a type.
func readView(raw json.RawMessage, kind string) (definition, error) {
	var d definition
	if len(raw) == 0 {
		return d, failMore("invalid_arguments", object{"response_metadata": object{
			"messages": []string{"[ERROR] missing required field: view"},
		}})
	}
	if len(raw) > viewMost {
		return d, fail("view_too_large")
	}
	if problems := LintView(raw); len(problems) > 0 {
		return d, blockError("invalid_arguments", problems)
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fail("invalid_arguments")
	}
	if d.Type != kind {
		return d, blockError("invalid_arguments", []Problem{{"/view/type", fmt.Sprintf("must be %q here", kind)}})
	}
	return d, nil
}

// apply gives a view what the app sent. w.mu is held.
func (w *Workspace) apply(v *view, d definition) error {
	if d.ExternalID != "" {
		for _, other := range w.views {
			if other != v && other.externalID == d.ExternalID {
				return fail("duplicate_external_id")
			}
		}
	}
	v.kind, v.title, v.submit, v.close = d.Type, d.Title, d.Submit, d.Close
	v.callbackID, v.privateMetadata, v.externalID = d.CallbackID, d.PrivateMetadata, d.ExternalID
	v.clearOnClose, v.notifyOnClose = d.ClearOnClose, d.NotifyOnClose
	v.blocks = w.identify(d.Blocks)
	v.errors, v.problem = nil, ""
	v.hash = fmt.Sprintf("%d.%s", w.clock.Now().Unix(), secret(4))
	return nil
}

// newView makes a view of what the app sent. w.mu is held.
func (w *Workspace) newView(u *User, d definition) (*view, error) {
	v := &view{owner: u, chosen: stateValues{}}
	if err := w.apply(v, d); err != nil {
		return nil, err
	}
	v.id = w.newID("V")
	v.rootID = v.id
	w.views[v.id] = v
	return v, nil
}

func viewsOpen(w *Workspace, a args) (object, error) {
	d, err := readView(a.raw("view"), "modal")
	if err != nil {
		return nil, err
	}
	t, err := w.pull(a.str("trigger_id"))
	if err != nil {
		return nil, err
	}
	v, err := w.newView(t.user, d)
	if err != nil {
		return nil, err
	}
	for _, old := range w.stacks[t.user.ID] {
		delete(w.views, old.id)
	}
	w.stacks[t.user.ID] = []*view{v}
	w.showModal(t.user)
	return object{"view": w.viewObject(v)}, nil
}

func viewsPush(w *Workspace, a args) (object, error) {
	d, err := readView(a.raw("view"), "modal")
	if err != nil {
		return nil, err
	}
	t, err := w.pull(a.str("trigger_id"))
	if err != nil {
		return nil, err
	}
	if t.view == nil || !slices.Contains(w.stacks[t.user.ID], t.view) {
		return nil, fail("invalid_trigger_id")
	}
	v, err := w.push(t.user, d)
	if err != nil {
		return nil, err
	}
	return object{"view": w.viewObject(v)}, nil
}

// push puts a modal on top of a user's stack. w.mu is held.
func (w *Workspace) push(u *User, d definition) (*view, error) {
	stack := w.stacks[u.ID]
	if len(stack) >= stackMost {
		return nil, fail("push_limit_reached")
	}
	v, err := w.newView(u, d)
	if err != nil {
		return nil, err
	}
	if n := len(stack); n > 0 {
		v.rootID, v.previousID = stack[0].id, stack[n-1].id
	}
	w.stacks[u.ID] = append(stack, v)
	w.showModal(u)
	return v, nil
}

func viewsUpdate(w *Workspace, a args) (object, error) {
	var v *view
	switch id, external := a.str("view_id"), a.str("external_id"); {
	case id != "":
		v = w.views[id]
	case external != "":
		for _, candidate := range w.views {
			if candidate.externalID == external {
				v = candidate
			}
		}
	}
	if v == nil {
		return nil, fail("not_found")
	}
	d, err := readView(a.raw("view"), v.kind)
	if err != nil {
		return nil, err
	}
	if hash := a.str("hash"); hash != "" && hash != v.hash {
		return nil, failMore("hash_conflict", object{"view": w.viewObject(v)})
	}
	if err := w.apply(v, d); err != nil {
		return nil, err
	}
	if v.kind == "home" {
		w.showHome(v.owner)
	} else {
		w.showModal(v.owner)
	}
	return object{"view": w.viewObject(v)}, nil
}

func viewsPublish(w *Workspace, a args) (object, error) {
	if !w.manifest.Features.AppHome.HomeTabEnabled {
		return nil, fail("not_enabled")
	}
	u := w.user(a.str("user_id"))
	if u == nil || u.ID != a.str("user_id") {
		return nil, fail("user_not_found")
	}
	d, err := readView(a.raw("view"), "home")
	if err != nil {
		return nil, err
	}
	v := w.homes[u.ID]
	if hash := a.str("hash"); hash != "" && (v == nil || hash != v.hash) {
		return nil, fail("hash_conflict")
	}
	if v == nil {
		if v, err = w.newView(u, d); err != nil {
			return nil, err
		}
		w.homes[u.ID] = v
	} else if err := w.apply(v, d); err != nil {
		return nil, err
	}
	w.showHome(u)
	return object{"view": w.viewObject(v)}, nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

func emptyAsNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// viewObject is a view as the API and the payloads carry it.
func (w *Workspace) viewObject(v *view) object {
	title := v.title
	if v.kind == "home" && len(title) == 0 {
		title = json.RawMessage(`{"type":"plain_text","text":"View Title","emoji":true}`)
	}
	return object{
		"id": v.id, "team_id": w.teamID, "type": v.kind, "blocks": v.blocks,
		"private_metadata": v.privateMetadata, "callback_id": v.callbackID, "hash": v.hash,
		"state": object{"values": merge(v.blocks, v.here, v.chosen)},
		"title": orNull(title), "submit": orNull(v.submit), "close": orNull(v.close),
		"clear_on_close": v.clearOnClose, "notify_on_close": v.notifyOnClose,
		"previous_view_id": emptyAsNull(v.previousID), "root_view_id": v.rootID,
		"app_id": w.appID, "external_id": v.externalID, "app_installed_team_id": w.teamID,
		"bot_id": w.botID,
	}
}

// pageView is a view as the chat page gets it.
func (w *Workspace) pageView(v *view) any {
	if v == nil {
		return nil
	}
	o := w.viewObject(v)
	if len(v.errors) > 0 {
		o["errors"] = maps.Clone(v.errors)
	}
	if v.problem != "" {
		o["problem"] = v.problem
	}
	return o
}

func plainText(raw json.RawMessage) string {
	var t struct {
		Text string `json:"text"`
	}
	_ = json.Unmarshal(raw, &t)
	return t.Text
}

func (v *view) snapshot() View {
	return View{
		ID: v.id, Type: v.kind, Title: plainText(v.title), Submit: plainText(v.submit), Close: plainText(v.close),
		CallbackID: v.callbackID, PrivateMetadata: v.privateMetadata, ExternalID: v.externalID,
		Hash: v.hash, RootID: v.rootID, PreviousID: v.previousID, Blocks: bytes.Clone(v.blocks),
		State: merge(v.blocks, v.here, v.chosen), Errors: maps.Clone(v.errors), Problem: v.problem,
	}
}

// top is the modal that a user has in front of them. w.mu is held.
func (w *Workspace) top(u *User) *view {
	stack := w.stacks[u.ID]
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

// drop takes the modals from index i up off a user's stack. w.mu is held.
func (w *Workspace) drop(u *User, i int) {
	stack := w.stacks[u.ID]
	for _, v := range stack[i:] {
		delete(w.views, v.id)
	}
	w.stacks[u.ID] = stack[:i:i]
	w.showModal(u)
}
