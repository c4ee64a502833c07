package workspace

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func x(n int) string { return strings.Repeat("x", n) }

func plainJSON(n int) string { return fmt.Sprintf(`{"type":"plain_text","text":"%s"}`, x(n)) }

func mrkdwnJSON(n int) string { return fmt.Sprintf(`{"type":"mrkdwn","text":"%s"}`, x(n)) }

func times(n int, item string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = strings.ReplaceAll(item, "#", fmt.Sprint(i))
	}
	return "[" + strings.Join(list, ",") + "]"
}

func button(n int, more string) string {
	return `{"type":"button","action_id":"a#","text":` + plainJSON(n) + more + `}`
}

func selectOf(kind, options string) string {
	return `{"type":"` + kind + `","action_id":"s","options":` + options + `}`
}

func opt(text, value int) string {
	return `{"text":` + plainJSON(text) + `,"value":"` + x(value) + `"}`
}

func TestLint(t *testing.T) {
	section := func(inner string) string { return `[{"type":"section",` + inner + `}]` }
	actions := func(elements string) string { return `[{"type":"actions","elements":` + elements + `}]` }
	for _, test := range []struct {
		name, good, bad string
		pointer         string // of bad's problem
	}{
		{"blocks in a message", times(50, `{"type":"divider"}`), times(51, `{"type":"divider"}`), "/blocks"},
		{"array", `[]`, `{}`, "/blocks"},
		{"type missing", `[{"type":"divider"}]`, `[{}]`, "/blocks/0"},
		{"type unknown", `[{"type":"divider"}]`, `[{"type":"box"}]`, "/blocks/0/type"},
		{"property unknown", section(`"text":` + mrkdwnJSON(1)), section(`"text":` + mrkdwnJSON(1) + `,"colour":"red"`), "/blocks/0"},
		{"block_id length", `[{"type":"divider","block_id":"` + x(255) + `"}]`, `[{"type":"divider","block_id":"` + x(256) + `"}]`, "/blocks/0/block_id"},
		{"block_id unique", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"b"}]`, `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`, "/blocks/1/block_id"},
		{"section text", section(`"text":` + mrkdwnJSON(3000)), section(`"text":` + mrkdwnJSON(3001)), "/blocks/0/text/text"},
		{"section text empty", section(`"text":` + mrkdwnJSON(1)), section(`"text":` + mrkdwnJSON(0)), "/blocks/0/text/text"},
		{"section needs words", section(`"fields":[` + mrkdwnJSON(1) + `]`), section(`"block_id":"a"`), "/blocks/0"},
		{"section fields", section(`"fields":` + times(10, mrkdwnJSON(2000))), section(`"fields":` + times(11, mrkdwnJSON(1))), "/blocks/0/fields"},
		{"section field", section(`"fields":[` + mrkdwnJSON(2000) + `]`), section(`"fields":[` + mrkdwnJSON(2001) + `]`), "/blocks/0/fields/0/text"},
		{"characters, not bytes", section(`"text":{"type":"mrkdwn","text":"` + strings.Repeat("é", 3000) + `"}`), section(`"text":{"type":"mrkdwn","text":"` + strings.Repeat("é", 3001) + `"}`), "/blocks/0/text/text"},
		{"mrkdwn has no emoji", section(`"text":{"type":"mrkdwn","text":"x","verbatim":true}`), section(`"text":{"type":"mrkdwn","text":"x","emoji":true}`), "/blocks/0/text"},
		{"accessory", section(`"text":` + mrkdwnJSON(1) + `,"accessory":` + button(75, "")), section(`"text":` + mrkdwnJSON(1) + `,"accessory":{"type":"plain_text_input"}`), "/blocks/0/accessory/type"},
		{"header", `[{"type":"header","text":` + plainJSON(150) + `}]`, `[{"type":"header","text":` + plainJSON(151) + `}]`, "/blocks/0/text/text"},
		{"header is plain", `[{"type":"header","text":` + plainJSON(1) + `}]`, `[{"type":"header","text":` + mrkdwnJSON(1) + `}]`, "/blocks/0/text/type"},
		{"context elements", `[{"type":"context","elements":` + times(10, mrkdwnJSON(1)) + `}]`, `[{"type":"context","elements":` + times(11, mrkdwnJSON(1)) + `}]`, "/blocks/0/elements"},
		{"context not empty", `[{"type":"context","elements":` + times(1, mrkdwnJSON(1)) + `}]`, `[{"type":"context","elements":[]}]`, "/blocks/0/elements"},
		{"actions elements", actions(times(25, button(1, ""))), actions(times(26, button(1, ""))), "/blocks/0/elements"},
		{"action_id unique in a block", actions(times(2, button(1, ""))), actions(times(2, strings.Replace(button(1, ""), "#", "", 1))), "/blocks/0/elements/1/action_id"},
		{"action_id length", actions(`[` + strings.Replace(button(1, ""), "a#", x(255), 1) + `]`), actions(`[` + strings.Replace(button(1, ""), "a#", x(256), 1) + `]`), "/blocks/0/elements/0/action_id"},
		{"button text", actions(times(1, button(75, ""))), actions(times(1, button(76, ""))), "/blocks/0/elements/0/text/text"},
		{"button text is plain", actions(times(1, button(1, ""))), actions(`[{"type":"button","text":` + mrkdwnJSON(1) + `}]`), "/blocks/0/elements/0/text/type"},
		{"button value", actions(times(1, button(1, `,"value":"`+x(2000)+`"`))), actions(times(1, button(1, `,"value":"`+x(2001)+`"`))), "/blocks/0/elements/0/value"},
		{"button url", actions(times(1, button(1, `,"url":"https://example.com/`+x(2980)+`"`))), actions(times(1, button(1, `,"url":"https://example.com/`+x(2981)+`"`))), "/blocks/0/elements/0/url"},
		{"button url is one", actions(times(1, button(1, `,"url":"https://example.com"`))), actions(times(1, button(1, `,"url":"example.com"`))), "/blocks/0/elements/0/url"},
		{"button label", actions(times(1, button(1, `,"accessibility_label":"`+x(75)+`"`))), actions(times(1, button(1, `,"accessibility_label":"`+x(76)+`"`))), "/blocks/0/elements/0/accessibility_label"},
		{"button style", actions(times(1, button(1, `,"style":"primary"`))), actions(times(1, button(1, `,"style":"default"`))), "/blocks/0/elements/0/style"},
		{"confirm text", actions(times(1, button(1, `,"confirm":{"title":`+plainJSON(100)+`,"text":`+mrkdwnJSON(300)+`,"confirm":`+plainJSON(30)+`,"deny":`+plainJSON(30)+`}`))), actions(times(1, button(1, `,"confirm":{"title":`+plainJSON(1)+`,"text":`+mrkdwnJSON(301)+`,"confirm":`+plainJSON(1)+`,"deny":`+plainJSON(1)+`}`))), "/blocks/0/elements/0/confirm/text/text"},
		{"confirm whole", actions(times(1, button(1, ""))), actions(times(1, button(1, `,"confirm":{"title":`+plainJSON(1)+`,"text":`+mrkdwnJSON(1)+`,"confirm":`+plainJSON(1)+`}`))), "/blocks/0/elements/0/confirm"},
		{"overflow options", actions(`[` + selectOf("overflow", times(5, opt(75, 75))) + `]`), actions(`[` + selectOf("overflow", times(6, opt(1, 1))) + `]`), "/blocks/0/elements/0/options"},
		{"radio options", actions(`[` + selectOf("radio_buttons", times(10, opt(1, 1))) + `]`), actions(`[` + selectOf("radio_buttons", times(11, opt(1, 1))) + `]`), "/blocks/0/elements/0/options"},
		{"select options", actions(`[` + selectOf("static_select", times(100, opt(1, 1))) + `]`), actions(`[` + selectOf("static_select", times(101, opt(1, 1))) + `]`), "/blocks/0/elements/0/options"},
		{"select not empty", actions(`[` + selectOf("static_select", times(1, opt(1, 1))) + `]`), actions(`[` + selectOf("static_select", `[]`) + `]`), "/blocks/0/elements/0/options"},
		{"option text", actions(`[` + selectOf("static_select", times(1, opt(75, 1))) + `]`), actions(`[` + selectOf("static_select", times(1, opt(76, 1))) + `]`), "/blocks/0/elements/0/options/0/text/text"},
		{"option value", actions(`[` + selectOf("static_select", times(1, opt(1, 75))) + `]`), actions(`[` + selectOf("static_select", times(1, opt(1, 76))) + `]`), "/blocks/0/elements/0/options/0/value"},
		{"groups", actions(`[{"type":"static_select","option_groups":` + times(100, `{"label":`+plainJSON(75)+`,"options":[`+opt(1, 1)+`]}`) + `}]`), actions(`[{"type":"static_select","option_groups":` + times(101, `{"label":`+plainJSON(1)+`,"options":[`+opt(1, 1)+`]}`) + `}]`), "/blocks/0/elements/0/option_groups"},
		{"initial option", actions(`[{"type":"static_select","options":[` + opt(1, 1) + `],"initial_option":` + opt(1, 1) + `}]`), actions(`[{"type":"static_select","options":[` + opt(1, 1) + `],"initial_option":` + opt(1, 2) + `}]`), "/blocks/0/elements/0/initial_option"},
		{"placeholder", actions(`[{"type":"external_select","placeholder":` + plainJSON(150) + `}]`), actions(`[{"type":"external_select","placeholder":` + plainJSON(151) + `}]`), "/blocks/0/elements/0/placeholder/text"},
		{"datepicker", actions(`[{"type":"datepicker","initial_date":"2026-11-24"}]`), actions(`[{"type":"datepicker","initial_date":"24.11.2026"}]`), "/blocks/0/elements/0/initial_date"},
		{"timepicker", actions(`[{"type":"timepicker","initial_time":"09:00"}]`), actions(`[{"type":"timepicker","initial_time":"9:00"}]`), "/blocks/0/elements/0/initial_time"},
		{"image alt", `[{"type":"image","image_url":"https://example.com/x.png","alt_text":"` + x(2000) + `"}]`, `[{"type":"image","image_url":"https://example.com/x.png"}]`, "/blocks/0"},
		{"rich text", `[{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"text","text":"x"}]}]}]`, `[{"type":"rich_text","elements":[{"type":"section"}]}]`, "/blocks/0/elements/0/type"},
		{"rich text list", `[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}]}]`, `[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"dash","elements":[]}]}]`, "/blocks/0/elements/0/style"},
		{"rich text empty text", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}]`, `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":""}]}]}]`, "/blocks/0/elements/0/elements/0/text"},
		{"markdown in all", `[{"type":"markdown","text":"` + x(12000) + `"}]`, `[{"type":"markdown","text":"` + x(12000) + `"},{"type":"markdown","text":"x"}]`, "/blocks/1/text"},
		{"table rows", `[{"type":"table","rows":` + times(100, `[{"type":"raw_text","text":"x"}]`) + `}]`, `[{"type":"table","rows":` + times(101, `[{"type":"raw_text","text":"x"}]`) + `}]`, "/blocks/0/rows"},
		{"one table", `[{"type":"table","rows":[[{"type":"raw_text","text":"x"}]]}]`, `[{"type":"table","rows":[[{"type":"raw_text","text":"x"}]]},{"type":"table","rows":[[{"type":"raw_text","text":"x"}]]}]`, "/blocks/1"},
		{"alert in a message", `[]`, `[{"type":"alert","text":` + mrkdwnJSON(1) + `}]`, "/blocks/0/type"},
		{"input", `[{"type":"input","label":` + plainJSON(2000) + `,"element":{"type":"plain_text_input","max_length":3000}}]`, `[{"type":"input","label":` + plainJSON(1) + `,"element":{"type":"plain_text_input","max_length":3001}}]`, "/blocks/0/element/max_length"},
		{"input element", `[{"type":"input","label":` + plainJSON(1) + `,"element":{"type":"datepicker"}}]`, `[{"type":"input","label":` + plainJSON(1) + `,"element":` + button(1, "") + `}]`, "/blocks/0/element/type"},
		{"max_selected_items", actions(`[{"type":"multi_users_select","max_selected_items":1}]`), actions(`[{"type":"multi_users_select","max_selected_items":0}]`), "/blocks/0/elements/0/max_selected_items"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if problems := Lint(json.RawMessage(test.good)); len(problems) != 0 {
				t.Errorf("good blocks have %v", problems)
			}
			problems := Lint(json.RawMessage(test.bad))
			if len(problems) != 1 || problems[0].Pointer != test.pointer || problems[0].Message == "" {
				t.Errorf("bad blocks have %v, want one problem at %s", problems, test.pointer)
			}
		})
	}
}

func TestLintView(t *testing.T) {
	view := func(kind, more, blocks string) string {
		return `{"type":"` + kind + `",` + more + `"blocks":` + blocks + `}`
	}
	title := `"title":` + plainJSON(24) + `,`
	input := `[{"type":"input","label":` + plainJSON(1) + `,"element":{"type":"plain_text_input"}}]`
	focus := `{"type":"input","label":` + plainJSON(1) + `,"element":{"type":"plain_text_input","focus_on_load":true}}`
	submit := `"submit":` + plainJSON(24) + `,`
	for _, test := range []struct{ name, good, bad, pointer string }{
		{"title", view("modal", title, `[]`), view("modal", `"title":`+plainJSON(25)+`,`, `[]`), "/view/title/text"},
		{"title missing", view("home", "", `[]`), view("modal", "", `[]`), "/view"},
		{"submit", view("modal", title+submit, `[]`), view("modal", title+`"submit":`+plainJSON(25)+`,`, `[]`), "/view/submit/text"},
		{"submit for inputs", view("modal", title+submit, input), view("modal", title, input), "/view"},
		{"blocks", view("home", "", times(100, `{"type":"divider"}`)), view("home", "", times(101, `{"type":"divider"}`)), "/view/blocks"},
		{"metadata", view("modal", title+`"private_metadata":"`+x(3000)+`",`, `[]`), view("modal", title+`"private_metadata":"`+x(3001)+`",`, `[]`), "/view/private_metadata"},
		{"callback_id", view("modal", title+`"callback_id":"`+x(255)+`",`, `[]`), view("modal", title+`"callback_id":"`+x(256)+`",`, `[]`), "/view/callback_id"},
		{"type", view("home", "", `[]`), view("tab", "", `[]`), "/view/type"},
		{"markdown", view("home", "", `[]`), view("home", "", `[{"type":"markdown","text":"x"}]`), "/view/blocks/0/type"},
		{"table", view("home", "", `[]`), view("home", "", `[{"type":"table","rows":[]}]`), "/view/blocks/0/type"},
		{"alert", view("modal", title, `[{"type":"alert","text":`+mrkdwnJSON(200)+`}]`), view("modal", title, `[{"type":"alert","text":`+mrkdwnJSON(201)+`}]`), "/view/blocks/0/text/text"},
		{"focus", view("modal", title+submit, `[`+focus+`]`), view("modal", title+submit, `[`+focus+`,`+focus+`]`), "/view/blocks/1/element/focus_on_load"},
		{"object", view("home", "", `[]`), `[]`, "/view"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if problems := LintView(json.RawMessage(test.good)); len(problems) != 0 {
				t.Errorf("a good view has %v", problems)
			}
			problems := LintView(json.RawMessage(test.bad))
			if len(problems) != 1 || problems[0].Pointer != test.pointer {
				t.Errorf("a bad view has %v, want one problem at %s", problems, test.pointer)
			}
		})
	}
}

func TestProblemsReadAsSlackWritesThem(t *testing.T) {
	problems := Lint(json.RawMessage(`[{"type":"section","text":` + mrkdwnJSON(3001) + `}]`))
	want := []Problem{{"/blocks/0/text/text", "must be less than 3001 characters"}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Fatalf("problems (-want +got):\n%s", diff)
	}
	if got, want := problems[0].String(), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzLint(f *testing.F) {
	for _, seed := range []string{`[]`, `[{"type":"section","text":{"type":"mrkdwn","text":"x"}}]`, `[{"type":"actions","elements":[{"type":"button"}]}]`, `null`, `[null]`, `{`, `[{"type":"rich_text","elements":[{"type":"rich_text_list","elements":[1]}]}]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, blocks string) {
		for _, p := range append(Lint(json.RawMessage(blocks)), LintView(json.RawMessage(blocks))...) {
			if p.Message == "" || !strings.HasPrefix(p.Pointer, "/") {
				t.Errorf("a problem without words or place: %+v", p)
			}
		}
	})
}
