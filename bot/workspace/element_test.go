package workspace

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

func TestEveryKindOfInput(t *testing.T) {
	w := start(t, Options{})
	options := `[{"text":` + plainJSON(1) + `,"value":"1"},{"text":` + plainJSON(2) + `,"value":"2"}]`
	input := func(id, element string) string {
		return `{"type":"input","block_id":"` + id + `","optional":true,"label":` + plainJSON(1) + `,"element":` + element + `}`
	}
	view := `{"type":"modal","title":` + plainJSON(1) + `,"submit":` + plainJSON(1) + `,"blocks":[` +
		input("text", `{"type":"plain_text_input","action_id":"a","initial_value":"before"}`) + `,` +
		input("number", `{"type":"number_input","action_id":"a","is_decimal_allowed":false}`) + `,` +
		input("radio", `{"type":"radio_buttons","action_id":"a","options":`+options+`}`) + `,` +
		input("checks", `{"type":"checkboxes","action_id":"a","options":`+options+`}`) + `,` +
		input("select", `{"type":"static_select","action_id":"a","option_groups":[{"label":`+plainJSON(1)+`,"options":`+options+`}]}`) + `,` +
		input("user", `{"type":"users_select","action_id":"a"}`) + `,` +
		input("users", `{"type":"multi_users_select","action_id":"a"}`) + `,` +
		input("channel", `{"type":"conversations_select","action_id":"a","response_url_enabled":true}`) + `,` +
		input("channels", `{"type":"multi_channels_select","action_id":"a"}`) + `,` +
		input("date", `{"type":"datepicker","action_id":"a","initial_date":"2026-11-24"}`) + `,` +
		input("time", `{"type":"timepicker","action_id":"a"}`) + `,` +
		input("moment", `{"type":"datetimepicker","action_id":"a"}`) + `,` +
		input("untouched", `{"type":"multi_static_select","action_id":"a","options":`+options+`}`) + `]}`
	body, err := json.Marshal(object{"trigger_id": shortcutTrigger(t, w), "view": json.RawMessage(view)})
	if err != nil {
		t.Fatal(err)
	}
	if _, reply := raw(t, w, "views.open", w.BotToken(), "application/json", string(body)); reply["ok"] != true {
		t.Fatalf("opening gives %v", reply)
	}
	d, err := w.SubmitView("dana", map[string][]string{
		"number": {"7"}, "radio": {"2"}, "checks": {"1", "xx"}, "select": {"xx"}, "user": {"lee"}, "users": {"@lee", "U0ASAM0001"},
		"channel": {"#ops-certificates"}, "channels": {"platform"}, "time": {"09:30"}, "moment": {"1764000000"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, path := range []string{
		"text.a.value", "number.a.value", "radio.a.selected_option.value", "checks.a.selected_options.1.value",
		"select.a.selected_option.value", "user.a.selected_user", "users.a.selected_users.1", "channel.a.selected_conversation",
		"channels.a.selected_channels.0", "date.a.selected_date", "time.a.selected_time", "moment.a.selected_date_time",
		"untouched.a.selected_options",
	} {
		got[path] = field(d.Payload(), "view.state.values."+path)
	}
	want := map[string]string{
		"text.a.value": "before", "number.a.value": "7", "radio.a.selected_option.value": "2", "checks.a.selected_options.1.value": "2",
		"select.a.selected_option.value": "2", "user.a.selected_user": "U0ALEE0001", "users.a.selected_users.1": "U0ASAM0001",
		"channel.a.selected_conversation": ops, "channels.a.selected_channels.0": platform, "date.a.selected_date": "2026-11-24",
		"time.a.selected_time": "09:30", "moment.a.selected_date_time": "1764000000", "untouched.a.selected_options": "[]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	url := field(d.Payload(), "response_urls.0.response_url")
	if status, _ := post(t, url, object{"text": "for the channel", "response_type": "in_channel"}); status != 200 {
		t.Errorf("the response URL gives %d", status)
	}
	if seen := texts(w.Messages(ops, "lee")); cmp.Diff([]string{"for the channel"}, seen) != "" {
		t.Errorf("lee sees %v", seen)
	}
}

func TestElementsInAttachments(t *testing.T) {
	w := start(t, Options{})
	row := slack.NewActionBlock("row", slack.NewButtonBlockElement("go", "v", plainObject("Go")))
	_, ts, err := client(t, w).PostMessageContext(t.Context(), ops, slack.MsgOptionText("x", false), slack.MsgOptionAttachments(
		slack.Attachment{Text: "first"}, slack.Attachment{Color: "#ff0000", Blocks: slack.Blocks{BlockSet: []slack.Block{row}}}))
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Click("dana", Message{Channel: ops, TS: ts}, "go")
	if err != nil {
		t.Fatal(err)
	}
	if p := d.Payload(); field(p, "container.type") != "message_attachment" || field(p, "container.attachment_id") != "2" || field(p, "actions.0.value") != "v" {
		t.Errorf("got %s", p)
	}
}

func TestDispatchingInputs(t *testing.T) {
	w := start(t, Options{})
	m := modal("m")
	m.Blocks.BlockSet[0].(*slack.InputBlock).DispatchAction = true
	if _, err := client(t, w).OpenViewContext(t.Context(), shortcutTrigger(t, w), m); err != nil {
		t.Fatal(err)
	}
	v, err := w.WaitView(limit(t), "dana", func(v View) bool { return v.CallbackID == "m" })
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Fill("dana", v, "domain_input", "shop.example.com")
	if err != nil || d == nil {
		t.Fatalf("typing gives %v, %v", d, err)
	}
	if p := d.Payload(); field(p, "actions.0.value") != "shop.example.com" || field(p, "view.state.values.domain.domain_input.value") != "shop.example.com" {
		t.Errorf("got %s", p)
	}
	if _, err := w.Fill("dana", v, "more", "x"); err == nil {
		t.Error("something was typed into a button")
	}
	if _, err := w.Click("lee", v, "more"); err == nil {
		t.Error("lee pressed a button in dana's modal")
	}
}

func TestPick(t *testing.T) {
	list := elements(json.RawMessage(`[
		{"type":"actions","block_id":"one","elements":[{"type":"button","action_id":"go","text":{"type":"plain_text","text":"Go"}}]},
		{"type":"actions","block_id":"two","elements":[{"type":"button","action_id":"go","text":{"type":"plain_text","text":"Go on"}}]}]`))
	for which, want := range map[string]string{"two/go": "two", "Go on": "two", "Go": "one", "one": "one"} {
		if e, err := pick(list, which); err != nil || e.blockID != want {
			t.Errorf("%q finds %s, %v; want %s", which, e.blockID, err, want)
		}
	}
	for _, which := range []string{"go", "stop"} {
		if e, err := pick(list, which); err == nil {
			t.Errorf("%q finds %s/%s", which, e.blockID, e.actionID())
		}
	}
}
