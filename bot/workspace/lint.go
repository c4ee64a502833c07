package workspace

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Problem is a rule of Block Kit that a message or a view breaks.
type Problem struct {
	// Pointer is a JSON pointer (RFC 6901) to the place, such as
	// "/blocks/0/text/text".
	Pointer string
	Message string
}

// String writes the problem as Slack does in response_metadata.messages.
func (p Problem) String() string { return p.Message + " [json-pointer:" + p.Pointer + "]" }

// The limits of Block Kit, in characters or in items ("Reference: Block Kit",
// https://docs.slack.dev/reference/block-kit, and the declarations of
// @slack/types).
const (
	blocksInMessage = 50
	blocksInView    = 100
	idMost          = 255
	textMost        = 3000
	fieldsMost      = 10
	fieldMost       = 2000
	headerMost      = 150
	contextMost     = 10
	actionsMost     = 25
	feedbackMost    = 5
	buttonText      = 75
	valueMost       = 2000
	urlMost         = 3000
	accessibleMost  = 75
	optionMost      = 75
	// The reference gives 150 for an option's value, @slack/types 75: what
	// keeps to 75 is safe either way.
	optionValue     = 75
	choicesMost     = 10 // of radio buttons and checkboxes
	overflowMost    = 5
	optionsMost     = 100
	groupsMost      = 100
	confirmTitle    = 100
	confirmText     = 300
	confirmButton   = 30
	placeholderMost = 150
	altMost         = 2000
	labelMost       = 2000
	inputMost       = 3000
	viewTitle       = 24
	metadataMost    = 3000
	tableRows       = 100
	tableCells      = 20
	videoTitle      = 200
	alertText       = 200
)

// surface is where blocks are shown.
type surface string

const (
	inMessage surface = "message"
	inModal   surface = "modal"
	inHome    surface = "home"
)

// Lint checks the blocks of a message, a JSON array, against Block Kit's rules
// and returns what breaks them: what Slack would answer with invalid_blocks.
func Lint(blocks json.RawMessage) []Problem { return lintAt(blocks, "/blocks") }

func lintAt(blocks json.RawMessage, at string) []Problem {
	l := &linter{surface: inMessage}
	l.blocks(decode(blocks), at)
	return l.problems
}

// LintView checks a modal or an App Home as it is sent to views.open,
// views.push, views.update or views.publish. Pointers start with "/view".
func LintView(view json.RawMessage) []Problem {
	l := &linter{}
	v, ok := decode(view).(object)
	if !ok {
		return []Problem{{"/view", "must be an object"}}
	}
	switch kind, _ := v["type"].(string); kind {
	case "modal":
		l.surface = inModal
	case "home":
		l.surface = inHome
	case "":
		l.bad("/view", "missing required field: type")
	default:
		l.bad("/view/type", "must be a valid enum value")
	}
	l.known(v, "/view", "type title submit close blocks private_metadata callback_id external_id clear_on_close notify_on_close submit_disabled")
	if l.surface == inModal {
		l.need(v, "/view", "title")
	}
	for _, key := range []string{"title", "submit", "close"} {
		if v[key] != nil {
			l.text(v[key], "/view/"+key, "plain_text", viewTitle)
		}
	}
	l.length(v, "/view", "private_metadata", 0, metadataMost)
	l.length(v, "/view", "callback_id", 0, idMost)
	l.length(v, "/view", "external_id", 0, idMost)
	l.need(v, "/view", "blocks")
	if v["blocks"] != nil {
		l.blocks(v["blocks"], "/view/blocks")
	}
	if l.inputs && l.surface == inModal && v["submit"] == nil {
		l.bad("/view", "missing required field: submit")
	}
	return l.problems
}

// lintSuggestions checks an answer to a block_suggestion.
func lintSuggestions(options, groups json.RawMessage) []Problem {
	l := &linter{surface: inMessage}
	if options != nil {
		l.options(decode(options), "/options", 0, optionsMost, "plain_text")
	}
	if groups != nil {
		l.groups(decode(groups), "/option_groups", 0)
	}
	return l.problems
}

func pointer(parts ...any) string {
	var s strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&s, "/%s", escapePointer(fmt.Sprint(p)))
	}
	return s.String()
}

func escapePointer(s string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(s) }

type linter struct {
	surface  surface
	problems []Problem
	inputs   bool
	focused  bool
	markdown int // characters in markdown blocks so far
	tables   int
	charts   int
	ids      map[string]bool // block ids
	actions  map[string]bool // action ids in the current block
}

func (l *linter) bad(at, format string, args ...any) {
	l.problems = append(l.problems, Problem{at, fmt.Sprintf(format, args...)})
}

func (l *linter) need(o object, at string, keys ...string) {
	for _, key := range keys {
		if o[key] == nil {
			l.bad(at, "missing required field: %s", key)
		}
	}
}

// known complains about keys that Slack does not know there.
func (l *linter) known(o object, at, keys string) {
	allowed := strings.Fields(keys)
	var unknown []string
	for key := range o {
		if !slices.Contains(allowed, key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		l.bad(at, "invalid additional property: %s", key)
	}
}

// length checks a string's length in characters, if it is there.
func (l *linter) length(o object, at, key string, least, most int) {
	if o[key] == nil {
		return
	}
	s, ok := o[key].(string)
	if !ok {
		l.bad(at+"/"+key, "must be a string")
		return
	}
	l.size(s, at+"/"+key, least, most)
}

func (l *linter) size(s, at string, least, most int) {
	n := utf8.RuneCountInString(s)
	if n < least {
		l.bad(at, "must be more than %d characters", least-1)
	}
	if n > most {
		l.bad(at, "must be less than %d characters", most+1)
	}
}

// list returns an array and checks how many items it has.
func (l *linter) list(v any, at string, least, most int) []any {
	list, ok := v.([]any)
	if !ok {
		l.bad(at, "must be an array")
		return nil
	}
	if len(list) < least {
		l.bad(at, "must have at least %d items", least)
	}
	if len(list) > most {
		l.bad(at, "no more than %d items allowed", most)
	}
	return list
}

// text checks a text object of a type ("" for either).
func (l *linter) text(v any, at, kind string, most int) {
	t, ok := v.(object)
	if !ok {
		l.bad(at, "must be an object")
		return
	}
	actual, _ := t["type"].(string)
	switch {
	case actual != "plain_text" && actual != "mrkdwn":
		l.bad(at+"/type", "must be a valid enum value")
	case kind != "" && actual != kind:
		l.bad(at+"/type", "must be a valid enum value [%s]", kind)
	case actual == "plain_text":
		l.known(t, at, "type text emoji")
	default:
		l.known(t, at, "type text verbatim")
	}
	l.need(t, at, "text")
	l.length(t, at, "text", 1, most)
}

// blockRule is what a type of block may hold and where it may stand.
type blockRule struct {
	keys  string
	where []surface // nil for everywhere
	check func(*linter, object, string)
}

var blockRules map[string]blockRule

func init() { // the checks of containers refer back to the table
	views := []surface{inModal, inHome}
	messages := []surface{inMessage}
	blockRules = map[string]blockRule{
		"section":            {"text fields accessory expand", nil, (*linter).section},
		"divider":            {"", nil, nil},
		"image":              {"image_url slack_file alt_text title", nil, (*linter).image},
		"actions":            {"elements", nil, (*linter).actionsBlock},
		"context":            {"elements", nil, (*linter).context},
		"context_actions":    {"elements", messages, (*linter).contextActions},
		"header":             {"text level", nil, (*linter).header},
		"input":              {"label element dispatch_action hint optional", nil, (*linter).input},
		"rich_text":          {"elements", nil, (*linter).richText},
		"video":              {"alt_text author_name description provider_icon_url provider_name title title_url thumbnail_url video_url", nil, (*linter).video},
		"file":               {"external_id source", messages, nil},
		"markdown":           {"text", messages, (*linter).markdownBlock},
		"table":              {"rows column_settings", messages, (*linter).table},
		"data_table":         {"*", messages, nil},
		"data_visualization": {"title chart", messages, (*linter).chart},
		"card":               {"*", messages, nil},
		"carousel":           {"*", messages, nil},
		"container":          {"*", messages, nil},
		"layout":             {"*", messages, nil},
		"task_card":          {"*", messages, nil},
		"plan":               {"*", messages, nil},
		"alert":              {"text level", views, (*linter).alert},
	}
}

func (l *linter) blocks(v any, at string) {
	most := blocksInView
	if l.surface == inMessage {
		most = blocksInMessage
	}
	l.ids = map[string]bool{}
	for i, b := range l.list(v, at, 0, most) {
		l.block(b, at+"/"+strconv.Itoa(i))
	}
}

func (l *linter) block(v any, at string) {
	b, ok := v.(object)
	if !ok {
		l.bad(at, "must be an object")
		return
	}
	kind, _ := b["type"].(string)
	if b["type"] == nil {
		l.bad(at, "missing required field: type")
		return
	}
	rule, ok := blockRules[kind]
	if !ok || rule.where != nil && l.surface != "" && !slices.Contains(rule.where, l.surface) {
		l.bad(at+"/type", "unsupported type: %s", kind)
		return
	}
	if rule.keys != "*" {
		l.known(b, at, "type block_id "+rule.keys)
	}
	l.length(b, at, "block_id", 0, idMost)
	if id, _ := b["block_id"].(string); id != "" {
		if l.ids[id] {
			l.bad(at+"/block_id", "block_id %q already exists", id)
		}
		l.ids[id] = true
	}
	l.actions = map[string]bool{}
	if rule.check != nil {
		rule.check(l, b, at)
	}
}

func (l *linter) section(b object, at string) {
	if b["text"] == nil && b["fields"] == nil {
		l.bad(at, "must define either `text` or `fields`")
	}
	if b["text"] != nil {
		l.text(b["text"], at+"/text", "", textMost)
	}
	if b["fields"] != nil {
		for i, f := range l.list(b["fields"], at+"/fields", 1, fieldsMost) {
			l.text(f, at+pointer("fields", i), "", fieldMost)
		}
	}
	if b["accessory"] != nil {
		l.element(b["accessory"], at+"/accessory", "image button checkboxes datepicker timepicker overflow radio_buttons workflow_button "+selects)
	}
}

const selects = "static_select external_select users_select conversations_select channels_select " +
	"multi_static_select multi_external_select multi_users_select multi_conversations_select multi_channels_select"

func (l *linter) actionsBlock(b object, at string) {
	l.need(b, at, "elements")
	if b["elements"] == nil {
		return
	}
	for i, e := range l.list(b["elements"], at+"/elements", 1, actionsMost) {
		l.element(e, at+pointer("elements", i), "button checkboxes datepicker datetimepicker timepicker overflow radio_buttons rich_text_input workflow_button "+selects)
	}
}

func (l *linter) contextActions(b object, at string) {
	l.need(b, at, "elements")
	if b["elements"] == nil {
		return
	}
	for i, e := range l.list(b["elements"], at+"/elements", 1, feedbackMost) {
		l.element(e, at+pointer("elements", i), "feedback_buttons icon_button")
	}
}

func (l *linter) context(b object, at string) {
	l.need(b, at, "elements")
	if b["elements"] == nil {
		return
	}
	for i, e := range l.list(b["elements"], at+"/elements", 1, contextMost) {
		place := at + pointer("elements", i)
		if o, ok := e.(object); ok && o["type"] == "image" {
			l.element(e, place, "image")
			continue
		}
		l.text(e, place, "", textMost)
	}
}

func (l *linter) header(b object, at string) {
	l.need(b, at, "text")
	if b["text"] != nil {
		l.text(b["text"], at+"/text", "plain_text", headerMost)
	}
	if level, ok := b["level"]; ok {
		if n := (args{"n": level}).integer("n", 0); n < 1 || n > 4 {
			l.bad(at+"/level", "must be between 1 and 4")
		}
	}
}

func (l *linter) input(b object, at string) {
	l.inputs = true
	l.need(b, at, "label", "element")
	if b["label"] != nil {
		l.text(b["label"], at+"/label", "plain_text", labelMost)
	}
	if b["hint"] != nil {
		l.text(b["hint"], at+"/hint", "plain_text", labelMost)
	}
	if b["element"] != nil {
		l.element(b["element"], at+"/element", "plain_text_input email_text_input url_text_input number_input rich_text_input file_input checkboxes radio_buttons datepicker datetimepicker timepicker "+selects)
	}
}

func (l *linter) image(b object, at string) {
	l.need(b, at, "alt_text")
	if b["image_url"] == nil && b["slack_file"] == nil {
		l.bad(at, "missing required field: image_url")
	}
	l.address(b, at, "image_url")
	l.length(b, at, "alt_text", 1, altMost)
	if b["title"] != nil {
		l.text(b["title"], at+"/title", "plain_text", altMost)
	}
}

func (l *linter) video(b object, at string) {
	l.need(b, at, "alt_text", "title", "thumbnail_url", "video_url")
	if b["title"] != nil {
		l.text(b["title"], at+"/title", "plain_text", videoTitle-1)
	}
	if b["description"] != nil {
		l.text(b["description"], at+"/description", "plain_text", videoTitle-1)
	}
	l.length(b, at, "author_name", 0, 49)
}

func (l *linter) alert(b object, at string) {
	l.need(b, at, "text")
	if b["text"] != nil {
		l.text(b["text"], at+"/text", "", alertText)
	}
}

func (l *linter) markdownBlock(b object, at string) {
	l.need(b, at, "text")
	s, _ := b["text"].(string)
	l.markdown += utf8.RuneCountInString(s)
	if l.markdown > blocksMost {
		l.bad(at+"/text", "must be less than %d characters", blocksMost+1)
	}
}

func (l *linter) table(b object, at string) {
	if l.tables++; l.tables > 1 {
		l.bad(at, "only one table block is allowed")
	}
	l.need(b, at, "rows")
	if b["rows"] == nil {
		return
	}
	for i, r := range l.list(b["rows"], at+"/rows", 1, tableRows) {
		place := at + pointer("rows", i)
		for j, c := range l.list(r, place, 1, tableCells) {
			cell, _ := c.(object)
			if kind, _ := cell["type"].(string); kind != "raw_text" && kind != "rich_text" && kind != "raw_number" {
				l.bad(place+pointer(j, "type"), "unsupported type: %s", kind)
			}
		}
	}
	if b["column_settings"] != nil {
		l.list(b["column_settings"], at+"/column_settings", 0, tableCells)
	}
}

func (l *linter) richText(b object, at string) {
	l.need(b, at, "elements")
	if b["elements"] == nil {
		return
	}
	for i, e := range l.list(b["elements"], at+"/elements", 0, 1000) {
		l.richElement(e, at+pointer("elements", i))
	}
}

func (l *linter) richElement(v any, at string) {
	e, ok := v.(object)
	if !ok {
		l.bad(at, "must be an object")
		return
	}
	kind, _ := e["type"].(string)
	switch kind {
	case "rich_text_section", "rich_text_preformatted", "rich_text_quote":
		l.need(e, at, "elements")
	case "rich_text_list":
		l.need(e, at, "elements", "style")
		if style := e["style"]; style != nil && style != "bullet" && style != "ordered" {
			l.bad(at+"/style", "must be a valid enum value")
		}
		children, _ := e["elements"].([]any)
		for i, c := range children {
			if c, ok := c.(object); ok && c["type"] != "rich_text_section" {
				l.bad(at+pointer("elements", i, "type"), "unsupported type: %v", c["type"])
			}
		}
	default:
		l.bad(at+"/type", "unsupported type: %s", kind)
		return
	}
	children, _ := e["elements"].([]any)
	for i, c := range children {
		c, ok := c.(object)
		place := at + pointer("elements", i)
		if !ok {
			l.bad(place, "must be an object")
			continue
		}
		switch c["type"] {
		case "rich_text_section":
			if kind != "rich_text_list" {
				l.bad(place+"/type", "unsupported type: rich_text_section")
				continue
			}
			l.richElement(c, place)
		case "text":
			l.need(c, place, "text")
			l.length(c, place, "text", 1, textCut)
		case "link":
			l.need(c, place, "url")
		case "user", "channel", "usergroup", "team", "emoji", "broadcast", "date", "color":
		default:
			l.bad(place+"/type", "unsupported type: %v", c["type"])
		}
	}
}

var (
	isDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	isTime = regexp.MustCompile(`^\d{2}:\d{2}$`)
)

// element checks an element of one of the types allowed in its place.
func (l *linter) element(v any, at, allowed string) {
	e, ok := v.(object)
	if !ok {
		l.bad(at, "must be an object")
		return
	}
	kind, _ := e["type"].(string)
	if !slices.Contains(strings.Fields(allowed), kind) {
		l.bad(at+"/type", "unsupported type: %s", kind)
		return
	}
	l.length(e, at, "action_id", 0, idMost)
	if id, _ := e["action_id"].(string); id != "" {
		if l.actions[id] {
			l.bad(at+"/action_id", "action_id %q already exists in this block", id)
		}
		l.actions[id] = true
	}
	if e["placeholder"] != nil {
		l.text(e["placeholder"], at+"/placeholder", "plain_text", placeholderMost)
	}
	if e["confirm"] != nil {
		l.confirm(e["confirm"], at+"/confirm")
	}
	if on, _ := e["focus_on_load"].(bool); on {
		if l.focused {
			l.bad(at+"/focus_on_load", "only one element can have focus_on_load")
		}
		l.focused = true
	}
	const common = "type action_id confirm focus_on_load "
	switch kind {
	case "button":
		l.known(e, at, "type action_id confirm text value url style accessibility_label")
		l.need(e, at, "text")
		if e["text"] != nil {
			l.text(e["text"], at+"/text", "plain_text", buttonText)
		}
		l.length(e, at, "value", 1, valueMost)
		l.address(e, at, "url")
		l.length(e, at, "accessibility_label", 1, accessibleMost)
		if style := e["style"]; style != nil && style != "primary" && style != "danger" {
			l.bad(at+"/style", "must be a valid enum value")
		}
	case "image":
		l.known(e, at, "type image_url slack_file alt_text")
		l.image(e, at)
	case "overflow":
		l.known(e, at, "type action_id confirm options")
		l.need(e, at, "options")
		if e["options"] != nil {
			l.options(e["options"], at+"/options", 1, overflowMost, "plain_text")
		}
	case "radio_buttons", "checkboxes":
		l.known(e, at, common+"options initial_option initial_options")
		l.need(e, at, "options")
		if e["options"] != nil {
			l.options(e["options"], at+"/options", 1, choicesMost, "")
		}
		l.initial(e, at)
	case "static_select", "multi_static_select":
		l.known(e, at, common+"placeholder options option_groups initial_option initial_options max_selected_items")
		switch {
		case e["options"] != nil && e["option_groups"] != nil:
			l.bad(at, "must define either `options` or `option_groups`, not both")
		case e["options"] != nil:
			l.options(e["options"], at+"/options", 1, optionsMost, "plain_text")
		case e["option_groups"] != nil:
			l.groups(e["option_groups"], at+"/option_groups", 1)
		default:
			l.bad(at, "must define either `options` or `option_groups`")
		}
		l.initial(e, at)
	case "external_select", "multi_external_select":
		l.known(e, at, common+"placeholder min_query_length initial_option initial_options max_selected_items")
	case "users_select", "multi_users_select":
		l.known(e, at, common+"placeholder initial_user initial_users max_selected_items")
	case "conversations_select", "multi_conversations_select":
		l.known(e, at, common+"placeholder initial_conversation initial_conversations default_to_current_conversation response_url_enabled filter max_selected_items")
	case "channels_select", "multi_channels_select":
		l.known(e, at, common+"placeholder initial_channel initial_channels response_url_enabled max_selected_items")
	case "datepicker":
		l.known(e, at, common+"placeholder initial_date")
		if s, ok := e["initial_date"].(string); ok && !isDate.MatchString(s) {
			l.bad(at+"/initial_date", "must be a date in the format YYYY-MM-DD")
		}
	case "timepicker":
		l.known(e, at, common+"placeholder initial_time timezone")
		if s, ok := e["initial_time"].(string); ok && !isTime.MatchString(s) {
			l.bad(at+"/initial_time", "must be a time in the format HH:mm")
		}
	case "datetimepicker":
		l.known(e, at, common+"initial_date_time")
	case "plain_text_input":
		l.known(e, at, "type action_id focus_on_load placeholder initial_value multiline min_length max_length dispatch_action_config")
		if n := args(e).integer("max_length", 1); n < 1 || n > inputMost {
			l.bad(at+"/max_length", "must be between 1 and %d", inputMost)
		}
		if n := args(e).integer("min_length", 0); n < 0 || n > inputMost {
			l.bad(at+"/min_length", "must be between 0 and %d", inputMost)
		}
		l.length(e, at, "initial_value", 0, inputMost)
	case "number_input":
		l.known(e, at, "type action_id focus_on_load placeholder is_decimal_allowed initial_value min_value max_value dispatch_action_config")
		l.need(e, at, "is_decimal_allowed")
	case "email_text_input", "url_text_input":
		l.known(e, at, "type action_id focus_on_load placeholder initial_value dispatch_action_config")
	}
	if m, ok := e["max_selected_items"]; ok {
		if n := (args{"n": m}).integer("n", 0); n < 1 {
			l.bad(at+"/max_selected_items", "must be more than 0")
		}
	}
}

// address checks a URL.
func (l *linter) address(o object, at, key string) {
	s, ok := o[key].(string)
	if !ok {
		return
	}
	l.length(o, at, key, 1, urlMost)
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Scheme != "mailto" && u.Scheme != "slack" {
		l.bad(at+"/"+key, "must be a valid url")
	}
}

func (l *linter) confirm(v any, at string) {
	c, ok := v.(object)
	if !ok {
		l.bad(at, "must be an object")
		return
	}
	l.known(c, at, "title text confirm deny style")
	l.need(c, at, "title", "text", "confirm", "deny")
	for key, most := range map[string]int{"title": confirmTitle, "confirm": confirmButton, "deny": confirmButton} {
		if c[key] != nil {
			l.text(c[key], at+"/"+key, "plain_text", most)
		}
	}
	if c["text"] != nil {
		l.text(c["text"], at+"/text", "", confirmText)
	}
}

func (l *linter) options(v any, at string, least, most int, kind string) {
	for i, o := range l.list(v, at, least, most) {
		l.option(o, at+pointer(i), kind)
	}
}

func (l *linter) option(v any, at, kind string) {
	o, ok := v.(object)
	if !ok {
		l.bad(at, "must be an object")
		return
	}
	l.known(o, at, "text value description url")
	l.need(o, at, "text", "value")
	if o["text"] != nil {
		l.text(o["text"], at+"/text", kind, optionMost)
	}
	if o["description"] != nil {
		l.text(o["description"], at+"/description", kind, optionMost)
	}
	l.length(o, at, "value", 1, optionValue)
	l.address(o, at, "url")
}

func (l *linter) groups(v any, at string, least int) {
	for i, g := range l.list(v, at, least, groupsMost) {
		place := at + pointer(i)
		group, ok := g.(object)
		if !ok {
			l.bad(place, "must be an object")
			continue
		}
		l.known(group, place, "label options")
		l.need(group, place, "label", "options")
		if group["label"] != nil {
			l.text(group["label"], place+"/label", "plain_text", optionMost)
		}
		if group["options"] != nil {
			l.options(group["options"], place+"/options", 1, optionsMost, "plain_text")
		}
	}
}

// initial checks that what is chosen at first is among the options: Slack
// wants the same option to the letter.
func (l *linter) initial(e object, at string) {
	available := element{object: e}.options()
	check := func(v any, place string) {
		o, ok := v.(object)
		if !ok {
			l.bad(place, "must be an object")
			return
		}
		if !slices.ContainsFunc(available, func(a option) bool { return a["value"] == o["value"] && optionText(a) == optionText(o) }) {
			l.bad(place, "must be one of the provided options")
		}
	}
	if v := e["initial_option"]; v != nil {
		check(v, at+"/initial_option")
	}
	if v := e["initial_options"]; v != nil {
		for i, o := range l.list(v, at+"/initial_options", 1, optionsMost) {
			check(o, at+pointer("initial_options", i))
		}
	}
}

// textSize is how many characters of text blocks hold together.
func textSize(blocks json.RawMessage) int {
	var lines []string
	collectText(blocks, &lines)
	n := 0
	for _, l := range lines {
		n += utf8.RuneCountInString(l)
	}
	return n
}
