package workspace

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// stateValues are the values of elements, by block id and action id, as
// payloads carry them.
type stateValues map[string]map[string]object

func (s stateValues) set(block, action string, value object) {
	if s[block] == nil {
		s[block] = map[string]object{}
	}
	s[block][action] = value
}

// An option is an entry of a menu.
type option = map[string]any

// An element is an interactive element of a message or a view.
type element struct {
	blockID   string
	blockType string
	block     object // the enclosing block
	object    object
}

func (e element) str(key string) string {
	s, _ := e.object[key].(string)
	return s
}

func (e element) kind() string { return e.str("type") }

func (e element) actionID() string { return e.str("action_id") }

// label is what an element shows: a button's text, a menu's placeholder.
func (e element) label() string {
	for _, key := range []string{"text", "placeholder"} {
		if o, ok := e.object[key].(object); ok {
			s, _ := o["text"].(string)
			return s
		}
	}
	return ""
}

// dispatches reports whether using the element tells the app at once: inside
// input blocks only with dispatch_action ("Input block",
// https://docs.slack.dev/reference/block-kit/blocks/input-block).
func (e element) dispatches() bool {
	if e.blockType != "input" {
		return true
	}
	on, _ := e.block["dispatch_action"].(bool)
	return on
}

// leastQuery is how much a user has to type into an external select before the
// app is asked ("Select menu element",
// https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element).
func (e element) leastQuery() int { return args(e.object).integer("min_query_length", 3) }

// interactive are the element types that have an action id.
var interactive = strings.Fields(`
	button checkboxes datepicker datetimepicker email_text_input external_select static_select
	users_select conversations_select channels_select multi_static_select multi_external_select
	multi_users_select multi_conversations_select multi_channels_select number_input overflow
	plain_text_input radio_buttons rich_text_input timepicker url_text_input file_input
	workflow_button feedback_buttons icon_button`)

// decode reads JSON into plain values, numbers kept as they are.
func decode(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil {
		return nil
	}
	return tree
}

// identify fills in the block ids and action ids that the app left out.
// w.mu is held.
func (w *Workspace) identify(raw json.RawMessage) json.RawMessage {
	blocks, ok := decode(raw).([]any)
	if !ok {
		return raw
	}
	for _, b := range blocks {
		if b, ok := b.(object); ok && (b["block_id"] == nil || b["block_id"] == "") {
			b["block_id"] = secret(3)[:5]
		}
	}
	var fill func(node any)
	fill = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, child := range node {
				fill(child)
			}
		case object:
			if kind, _ := node["type"].(string); slices.Contains(interactive, kind) && (node["action_id"] == nil || node["action_id"] == "") {
				node["action_id"] = secret(3)[:5]
			}
			for _, child := range node {
				fill(child)
			}
		}
	}
	fill(blocks)
	out, err := json.Marshal(blocks)
	if err != nil {
		return raw
	}
	return out
}

// elements lists the interactive elements in blocks, in order.
func elements(raw json.RawMessage) []element {
	blocks, _ := decode(raw).([]any)
	var list []element
	var walk func(node any, block object)
	walk = func(node any, block object) {
		switch node := node.(type) {
		case []any:
			for _, child := range node {
				walk(child, block)
			}
		case object:
			kind, _ := node["type"].(string)
			if slices.Contains(interactive, kind) && block != nil {
				blockID, _ := block["block_id"].(string)
				blockType, _ := block["type"].(string)
				list = append(list, element{blockID: blockID, blockType: blockType, block: block, object: node})
				return
			}
			if node["block_id"] != nil {
				block = node
			}
			for _, key := range []string{"accessory", "element", "elements", "actions", "blocks", "cards", "rows", "columns"} {
				walk(node[key], block)
			}
		}
	}
	walk(blocks, nil)
	return list
}

// valueKey is the key under which an element's choice is kept, with the value
// for none. It is empty for elements that keep no state.
func valueKey(kind string) (key, initial string, none any) {
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		return "value", "initial_value", nil
	case "rich_text_input":
		return "rich_text_value", "initial_value", nil
	case "static_select", "external_select", "radio_buttons":
		return "selected_option", "initial_option", nil
	case "multi_static_select", "multi_external_select", "checkboxes":
		return "selected_options", "initial_options", []any{}
	case "users_select":
		return "selected_user", "initial_user", nil
	case "multi_users_select":
		return "selected_users", "initial_users", []any{}
	case "conversations_select":
		return "selected_conversation", "initial_conversation", nil
	case "multi_conversations_select":
		return "selected_conversations", "initial_conversations", []any{}
	case "channels_select":
		return "selected_channel", "initial_channel", nil
	case "multi_channels_select":
		return "selected_channels", "initial_channels", []any{}
	case "datepicker":
		return "selected_date", "initial_date", nil
	case "timepicker":
		return "selected_time", "initial_time", nil
	case "datetimepicker":
		return "selected_date_time", "initial_date_time", nil
	case "file_input":
		return "files", "", []any{}
	}
	return "", "", nil
}

// initialState is the state of blocks that nobody has touched.
func initialState(blocks json.RawMessage, here string) stateValues {
	state := stateValues{}
	for _, e := range elements(blocks) {
		key, initial, none := valueKey(e.kind())
		if key == "" {
			continue
		}
		value := none
		if v, ok := e.object[initial]; ok {
			value = v
		} else if on, _ := e.object["default_to_current_conversation"].(bool); on && here != "" {
			value = any(here)
			if strings.HasPrefix(e.kind(), "multi_") {
				value = []any{here}
			}
		}
		state.set(e.blockID, e.actionID(), object{"type": e.kind(), key: value})
	}
	return state
}

// merge lays choices over the initial state of blocks; choices for elements
// that are not there are dropped.
func merge(blocks json.RawMessage, here string, chosen stateValues) stateValues {
	state := initialState(blocks, here)
	for block, actions := range chosen {
		for action, value := range actions {
			if old, ok := state[block][action]; ok && old["type"] == value["type"] {
				state[block][action] = value
			}
		}
	}
	return state
}

// options lists the options of an element, those of groups included.
func (e element) options() []option {
	var list []option
	add := func(raw any) {
		entries, _ := raw.([]any)
		for _, o := range entries {
			if o, ok := o.(object); ok {
				list = append(list, o)
			}
		}
	}
	add(e.object["options"])
	groups, _ := e.object["option_groups"].([]any)
	for _, g := range groups {
		if g, ok := g.(object); ok {
			add(g["options"])
		}
	}
	return list
}

func optionText(o option) string {
	t, _ := o["text"].(object)
	s, _ := t["text"].(string)
	return s
}

// field returns the text at a path of keys and indexes in a piece of JSON.
func field(raw json.RawMessage, path string) string {
	node := decode(raw)
	for part := range strings.SplitSeq(path, ".") {
		switch n := node.(type) {
		case object:
			node = n[part]
		case []any:
			i := 0
			for _, r := range part {
				if r < '0' || r > '9' {
					return ""
				}
				i = i*10 + int(r-'0')
			}
			if i >= len(n) {
				return ""
			}
			node = n[i]
		default:
			return ""
		}
	}
	return args{"v": node}.str("v")
}
