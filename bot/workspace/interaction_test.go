package workspace

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

// keys lists the keys of an object in a payload, sorted.
func keys(t *testing.T, raw json.RawMessage, path ...string) []string {
	t.Helper()
	node := decode(raw)
	for _, p := range path {
		o, ok := node.(object)
		if !ok {
			t.Fatalf("there is no %v in %s", path, raw)
		}
		node = o[p]
	}
	o, ok := node.(object)
	if !ok {
		t.Fatalf("%v is no object in %s", path, raw)
	}
	var list []string
	for k := range o {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// The payloads' keys are those of the examples in Slack's documentation
// ("Interaction payloads", https://docs.slack.dev/reference/interaction-payloads,
// and "Implementing slash commands",
// https://docs.slack.dev/interactivity/implementing-slash-commands).
func TestPayloadsHaveSlacksShape(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	_, ts, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionBlocks(slack.NewActionBlock("row", slack.NewButtonBlockElement("go", "v", plainObject("Go")))))
	if err != nil {
		t.Fatal(err)
	}
	m := Message{Channel: ops, TS: ts}
	ephemeral, err := api.PostEphemeralContext(t.Context(), ops, dana, slack.MsgOptionBlocks(slack.NewActionBlock("row", slack.NewButtonBlockElement("go", "v", plainObject("Go")))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.OpenViewContext(t.Context(), shortcutTrigger(t, w), modal("m")); err != nil {
		t.Fatal(err)
	}
	v, _ := w.View("dana")
	base := []string{"api_app_id", "enterprise", "is_enterprise_install", "team", "token", "type", "user"}
	with := func(more ...string) []string {
		list := append(slices.Clone(base), more...)
		slices.Sort(list)
		return list
	}
	for _, test := range []struct {
		name string
		do   func() (*Delivery, error)
		want []string
		path []string
	}{
		{"slash command", func() (*Delivery, error) { return w.Slash("dana", ops, "/acm", "x") }, []string{
			"api_app_id", "channel_id", "channel_name", "command", "is_enterprise_install", "response_url",
			"team_domain", "team_id", "text", "token", "trigger_id", "user_id", "user_name",
		}, nil},
		{"button in a message", func() (*Delivery, error) { return w.Click("dana", m, "go") },
			with("actions", "channel", "container", "message", "response_url", "state", "trigger_id"), nil},
		{"its container", func() (*Delivery, error) { return w.Click("dana", m, "go") },
			[]string{"channel_id", "is_ephemeral", "message_ts", "type"}, []string{"container"}},
		{"its message", func() (*Delivery, error) { return w.Click("dana", m, "go") },
			[]string{"app_id", "blocks", "bot_id", "bot_profile", "team", "text", "ts", "type", "user"}, []string{"message"}},
		{"button in an ephemeral message", func() (*Delivery, error) { return w.Click("dana", Message{Channel: ops, TS: ephemeral}, "go") },
			with("actions", "channel", "container", "response_url", "state", "trigger_id"), nil},
		{"button in a modal", func() (*Delivery, error) { return w.Click("dana", v, "more") },
			with("actions", "container", "trigger_id", "view"), nil},
		{"its view", func() (*Delivery, error) { return w.Click("dana", v, "more") }, []string{
			"app_id", "app_installed_team_id", "blocks", "bot_id", "callback_id", "clear_on_close", "close", "external_id",
			"hash", "id", "notify_on_close", "previous_view_id", "private_metadata", "root_view_id", "state", "submit",
			"team_id", "title", "type",
		}, []string{"view"}},
		{"submission", func() (*Delivery, error) { return w.SubmitView("dana", map[string][]string{"domain": {"x"}}) },
			with("response_urls", "trigger_id", "view"), nil},
		{"global shortcut", func() (*Delivery, error) { return w.Shortcut("dana", "diagnose") },
			with("action_ts", "callback_id", "trigger_id"), nil},
		{"message shortcut", func() (*Delivery, error) { return w.MessageShortcut("dana", "diagnose_message", m) },
			with("action_ts", "callback_id", "channel", "message", "message_ts", "response_url", "trigger_id"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := test.do()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, keys(t, d.Payload(), test.path...)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChannelNamesThatPayloadsHide(t *testing.T) {
	w := start(t, Options{})
	for where, want := range map[string]string{"ops-certificates": "ops-certificates", "cert-incidents": "privategroup", "@acmbot": "directmessage"} {
		d, err := w.Slash("dana", where, "/acm", "help")
		if err != nil {
			t.Fatal(err)
		}
		if got := field(d.Payload(), "channel_name"); got != want {
			t.Errorf("in %s the channel's name is %q, want %q", where, got, want)
		}
	}
}

func TestEventsReachTheClient(t *testing.T) {
	m := DefaultManifest()
	m.Settings.EventSubscriptions.BotEvents = append(m.Settings.EventSubscriptions.BotEvents, "message.channels")
	w := start(t, Options{Manifest: m})
	events := make(chan slackevents.EventsAPIEvent, 20)
	api := run(t, w, func(a *app, e socketmode.Event) { ack(a, e); events <- e.Data.(slackevents.EventsAPIEvent) })
	next := func() slackevents.EventsAPIEvent {
		t.Helper()
		select {
		case e := <-events:
			return e
		case <-limit(t).Done():
			t.Fatal("there is no event")
			return slackevents.EventsAPIEvent{}
		}
	}
	said, err := w.Say("dana", ops, "", "@acmbot why shop.example.com & <tag>?")
	if err != nil {
		t.Fatal(err)
	}
	const want = "<@U0AACMBOT1> why <http://shop.example.com|shop.example.com> &amp; &lt;tag&gt;?"
	if said.Text != want {
		t.Errorf("the text is %q, want %q", said.Text, want)
	}
	message := next()
	if inner := message.InnerEvent.Data.(*slackevents.MessageEvent); inner.Text != want || inner.ChannelType != "channel" || inner.User != dana || inner.TimeStamp != said.TS {
		t.Errorf("the message event is %+v", inner)
	}
	mention := next()
	if inner := mention.InnerEvent.Data.(*slackevents.AppMentionEvent); inner.Text != want || inner.Channel != ops || inner.TimeStamp != said.TS || inner.User != dana {
		t.Errorf("the mention is %+v", inner)
	}
	outer := mention.Data.(*slackevents.EventsAPICallbackEvent)
	if !strings.HasPrefix(outer.EventID, "Ev") || outer.TeamID != w.TeamID() || outer.APIAppID != w.AppID() || len(outer.Authorizations) != 1 || outer.Authorizations[0].UserID != w.BotUserID() {
		t.Errorf("the envelope's payload is %+v", outer)
	}

	// The bot hears itself, as with Slack: it must know its own messages.
	im, _, err := api.PostMessageContext(t.Context(), dana, slack.MsgOptionText("hello", false))
	if err != nil {
		t.Fatal(err)
	}
	if inner := next().InnerEvent.Data.(*slackevents.MessageEvent); inner.BotID == "" || inner.ChannelType != "im" || inner.Channel != im {
		t.Errorf("the bot's own message came as %+v", inner)
	}
	if _, err := w.Say("dana", "@acmbot", "", "@acmbot hi"); err != nil {
		t.Fatal(err)
	}
	if inner := next().InnerEvent.Data.(*slackevents.MessageEvent); inner.ChannelType != "im" || inner.User != dana {
		t.Errorf("the direct message came as %+v", inner)
	}
	_, ts, err := api.PostMessageContext(t.Context(), im, slack.MsgOptionText("one", false))
	if err != nil {
		t.Fatal(err)
	}
	next()
	if _, _, _, err := api.UpdateMessageContext(t.Context(), im, ts, slack.MsgOptionText("two", false)); err != nil {
		t.Fatal(err)
	}
	if inner := next().InnerEvent.Data.(*slackevents.MessageEvent); inner.SubType != "message_changed" || inner.Message.Text != "two" || inner.PreviousMessage.Text != "one" {
		t.Errorf("the update came as %+v", inner)
	}
	if _, _, err := api.DeleteMessageContext(t.Context(), im, ts); err != nil {
		t.Fatal(err)
	}
	if inner := next().InnerEvent.Data.(*slackevents.MessageEvent); inner.SubType != "message_deleted" || inner.DeletedTimeStamp != ts {
		t.Errorf("the deletion came as %+v", inner)
	}
	sent := w.Envelopes()
	if _, err := w.Redeliver(sent[len(sent)-1]); err != nil {
		t.Fatal(err)
	}
	if inner := next().InnerEvent.Data.(*slackevents.MessageEvent); inner.DeletedTimeStamp != ts {
		t.Errorf("sent again it came as %+v", inner)
	}
	if err := w.OpenMessages("dana"); err != nil {
		t.Fatal(err)
	}
	// A mention in a direct message is no app_mention: the next event is this.
	if inner := next().InnerEvent.Data.(*slackevents.AppHomeOpenedEvent); inner.Tab != "messages" || inner.Channel != im {
		t.Errorf("the opening came as %+v", inner)
	}
}

func TestEventsNeedSubscriptionAndMembership(t *testing.T) {
	m := DefaultManifest()
	m.Settings.EventSubscriptions.BotEvents = []string{"app_mention"}
	w := start(t, Options{Manifest: m})
	dial(t, w)
	if _, err := w.Say("dana", "@acmbot", "", "hi"); err != nil {
		t.Fatal(err)
	}
	if err := w.OpenHome("dana"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Say("dana", platform, "", "@acmbot hi"); err != nil {
		t.Fatal(err)
	}
	if got := w.Envelopes(); len(got) != 0 {
		t.Errorf("%d events were sent, such as %s", len(got), got[0].Payload)
	}
	notice := w.Messages(platform, "dana")[1]
	if notice.Subtype != "notice" || !strings.Contains(notice.Text, "/invite @acmbot") {
		t.Errorf("dana is told %q", notice.Text)
	}
}

func TestWhatSlackRefusesNeverReachesTheApp(t *testing.T) {
	w := start(t, Options{})
	m, err := w.Say("dana", ops, "", "hi")
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"an unknown command":     func() error { _, err := w.Slash("dana", ops, "/nope", ""); return err },
		"an unknown person":      func() error { _, err := w.Slash("nobody", ops, "/acm", ""); return err },
		"a bot":                  func() error { _, err := w.Slash("acmbot", ops, "/acm", ""); return err },
		"an unseen channel":      func() error { _, err := w.Slash("lee", secrets, "/acm", ""); return err },
		"an unknown shortcut":    func() error { _, err := w.Shortcut("dana", "nope"); return err },
		"a shortcut's wrong use": func() error { _, err := w.Shortcut("dana", "diagnose_message"); return err },
		"a missing button":       func() error { _, err := w.Click("dana", m, "go"); return err },
		"a missing modal":        func() error { _, err := w.SubmitView("dana", nil); return err },
		"an empty message":       func() error { _, err := w.Say("dana", ops, "", " "); return err },
	} {
		if err := do(); err == nil {
			t.Errorf("%s was let through", name)
		}
	}
	if n := len(w.Envelopes()); n != 0 {
		t.Errorf("%d envelopes were sent", n)
	}
}

func TestChoicesAreKeptByPerson(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	options := func(values ...string) (list []*slack.OptionBlockObject) {
		for _, v := range values {
			list = append(list, slack.NewOptionBlockObject(v, plainObject("Option "+v), nil))
		}
		return list
	}
	_, ts, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionBlocks(slack.NewActionBlock("row",
		slack.NewOptionsSelectBlockElement("static_select", plainObject("Pick"), "pick", options("a", "b")...),
		slack.NewCheckboxGroupsBlockElement("check", options("x", "y", "z")...),
		slack.NewOverflowBlockElement("more", options("copy", "json")...),
		slack.NewDatePickerBlockElement("date"),
	)))
	if err != nil {
		t.Fatal(err)
	}
	m := Message{Channel: ops, TS: ts}
	payload := func(d *Delivery, err error) json.RawMessage {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d.Payload()
	}
	if p := payload(w.Select("dana", m, "pick", "b")); field(p, "actions.0.selected_option.value") != "b" || field(p, "actions.0.type") != "static_select" {
		t.Errorf("got %s", p)
	}
	if p := payload(w.Select("dana", m, "check", "x", "Option z")); field(p, "actions.0.selected_options.1.value") != "z" || field(p, "state.values.row.pick.selected_option.value") != "b" {
		t.Errorf("got %s", p)
	}
	if p := payload(w.Select("lee", m, "date", "2026-12-24")); field(p, "actions.0.selected_date") != "2026-12-24" || field(p, "state.values.row.pick.selected_option") != "" {
		t.Errorf("got %s", p)
	}
	p := payload(w.Select("dana", m, "more", "json"))
	if field(p, "actions.0.selected_option.text.text") != "Option json" || slices.Contains(keys(t, p, "state", "values", "row"), "more") {
		t.Errorf("got %s", p)
	}
	if _, err := w.Select("dana", m, "pick", "c"); err == nil {
		t.Error("an option that is not there was chosen")
	}
	if _, err := w.Click("dana", m, "pick"); err == nil {
		t.Error("a menu was pressed")
	}
}

func TestSuggestions(t *testing.T) {
	long := slack.OptionsResponse{}
	for range optionsMost + 1 {
		long.Options = append(long.Options, slack.NewOptionBlockObject("v", plainObject("x"), nil))
	}
	answers := map[string]any{
		"shop":    slack.OptionsResponse{Options: []*slack.OptionBlockObject{slack.NewOptionBlockObject("1", plainObject("shop.example.com"), nil)}},
		"grouped": slack.OptionGroupsResponse{OptionGroups: []*slack.OptionGroupBlockObject{slack.NewOptionGroupBlockElement(plainObject("eu-west-1"), slack.NewOptionBlockObject("2", plainObject("a"), nil))}},
		"toomany": long,
		"nothing": nil,
	}
	w := start(t, Options{})
	api := run(t, w, func(a *app, e socketmode.Event) {
		if cb, ok := e.Data.(slack.InteractionCallback); ok && cb.Type == slack.InteractionTypeBlockSuggestion {
			if cb.ActionID != "cert" || cb.BlockID != "row" || cb.Container.Type != "message" {
				t.Errorf("the app got %+v", cb)
			}
			if err := a.socket.Ack(*e.Request, answers[cb.Value]); err != nil {
				t.Error(err)
			}
			return
		}
		ack(a, e)
	})
	_, ts, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionBlocks(slack.NewActionBlock("row",
		slack.NewOptionsSelectBlockElement("external_select", plainObject("Certificate"), "cert"))))
	if err != nil {
		t.Fatal(err)
	}
	m := Message{Channel: ops, TS: ts}
	ask := func(typed string) (Suggestions, error) { return w.Suggest(limit(t), "dana", m, "cert", typed) }
	if _, err := w.Select("dana", m, "cert", "1"); err == nil {
		t.Error("an option was chosen that nobody offered")
	}
	if got, err := ask("shop"); err != nil || len(got.Options) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	if d, err := w.Select("dana", m, "cert", "shop.example.com"); err != nil || field(d.Payload(), "actions.0.selected_option.value") != "1" {
		t.Errorf("choosing what was offered: %v", err)
	}
	if got, err := ask("grouped"); err != nil || len(got.Groups) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, typed := range []string{"toomany", "nothing"} {
		if got, err := ask(typed); err == nil {
			t.Errorf("for %q got %d options", typed, len(got.Options))
		}
	}
	before := len(w.Envelopes())
	if got, err := ask("sh"); err != nil || len(got.Options) != 0 || len(w.Envelopes()) != before {
		t.Errorf("for less than min_query_length got %+v, %v", got, err)
	}
}

func TestUnansweredSuggestions(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock})
	c, _ := dial(t, w)
	_, ts, err := client(t, w).PostMessageContext(t.Context(), ops, slack.MsgOptionBlocks(slack.NewActionBlock("row",
		slack.NewOptionsSelectBlockElement("external_select", plainObject("Certificate"), "cert"))))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.Suggest(limit(t), "dana", Message{Channel: ops, TS: ts}, "cert", "shop")
		done <- err
	}()
	if f := c.read(); field(f.Payload, "value") != "shop" {
		t.Errorf("got %s", f.Payload)
	}
	clock.Advance(3 * time.Second)
	if err := <-done; err == nil {
		t.Error("there was no error")
	}
}

func TestCommandsInTheAcknowledgement(t *testing.T) {
	for _, test := range []struct {
		name       string
		answer     any
		dana, kit  []string
		wantNotice string
	}{
		{"nothing", nil, []string{}, []string{}, ""},
		{"ephemeral without words", object{"response_type": "ephemeral"}, []string{}, []string{}, ""},
		{"ephemeral", object{"text": "psst"}, []string{"psst"}, []string{}, ""},
		{"in_channel", object{"response_type": "in_channel", "text": "hear"}, []string{"/acm list", "hear"}, []string{"/acm list", "hear"}, ""},
		{"in_channel without words", object{"response_type": "in_channel"}, []string{"/acm list"}, []string{"/acm list"}, ""},
		{"bad blocks", object{"blocks": []object{{"type": "nope"}}}, []string{}, []string{}, `/acm failed with the error "invalid_command_response"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := start(t, Options{})
			run(t, w, func(a *app, e socketmode.Event) {
				if err := a.socket.Ack(*e.Request, test.answer); err != nil {
					t.Error(err)
				}
			})
			d, err := w.Slash("dana", ops, "/acm", "list")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Wait(limit(t)); err != nil {
				t.Fatal(err)
			}
			messages := w.Messages(ops, "dana")
			plain := func(list []Message) []string {
				out := []string{}
				for _, m := range list {
					if m.Subtype != "notice" {
						out = append(out, m.Text)
					}
				}
				return out
			}
			if diff := cmp.Diff(test.dana, plain(messages)); diff != "" {
				t.Errorf("dana sees (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.kit, plain(w.Messages(ops, "kit"))); diff != "" {
				t.Errorf("kit sees (-want +got):\n%s", diff)
			}
			notice := ""
			for _, m := range messages {
				if m.Subtype == "notice" {
					notice = m.Text
				}
			}
			if notice != test.wantNotice {
				t.Errorf("the notice is %q", notice)
			}
		})
	}
}
