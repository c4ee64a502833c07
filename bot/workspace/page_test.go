package workspace

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// A visitor is somebody at the chat page.
type visitor struct {
	t    *testing.T
	w    *Workspace
	user string
	conn *websocket.Conn
}

func visit(t *testing.T, w *Workspace, user string) *visitor {
	t.Helper()
	conn, resp, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(w.URL(), "http")+"ui/socket?user="+user, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	v := &visitor{t, w, user, conn}
	if f := v.next(func(json.RawMessage) bool { return true }); field(f, "type") != "state" {
		t.Fatalf("the first frame is %s", f)
	}
	return v
}

// next reads frames up to one for which the condition holds.
func (v *visitor) next(is func(json.RawMessage) bool) json.RawMessage {
	v.t.Helper()
	_ = v.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		_, frame, err := v.conn.ReadMessage()
		if err != nil {
			v.t.Fatalf("reading a frame: %v", err)
		}
		if is(frame) {
			return frame
		}
	}
}

func (v *visitor) frame(kind string) json.RawMessage {
	v.t.Helper()
	return v.next(func(f json.RawMessage) bool { return field(f, "type") == kind })
}

// do posts to the page's API and returns the reply.
func (v *visitor) do(path string, body object) json.RawMessage {
	v.t.Helper()
	body["user"] = v.user
	text, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.w.URL()+"ui/"+path, bytes.NewReader(text))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return reply
}

func (v *visitor) ok(path string, body object) json.RawMessage {
	v.t.Helper()
	reply := v.do(path, body)
	if field(reply, "ok") != "true" {
		v.t.Fatalf("%s gives %s", path, reply)
	}
	return reply
}

func TestThePageTalksToTheBot(t *testing.T) {
	w := start(t, Options{Suggestions: []string{"/acm why shop.example.com"}})
	run(t, w, func(a *app, e socketmode.Event) {
		switch data := e.Data.(type) {
		case slack.SlashCommand:
			_ = a.socket.Ack(*e.Request, object{"text": "answer", "blocks": []object{
				{"type": "section", "text": object{"type": "mrkdwn", "text": "answer to " + data.Text}},
				{"type": "actions", "block_id": "row", "elements": []object{{"type": "button", "action_id": "go", "value": "1", "text": object{"type": "plain_text", "text": "Go"}}}},
			}})
		case slack.InteractionCallback:
			switch data.Type {
			case slack.InteractionTypeBlockActions:
				ack(a, e)
				if _, err := a.OpenView(data.TriggerID, modal("m")); err != nil {
					t.Error(err)
				}
			case slack.InteractionTypeViewSubmission:
				if data.View.State.Values["domain"]["domain_input"].Value == "bad" {
					_ = a.socket.Ack(*e.Request, slack.NewErrorsViewSubmissionResponse(map[string]string{"domain": "no"}))
					return
				}
				ack(a, e)
			default:
				ack(a, e)
			}
		default:
			ack(a, e)
		}
	})
	d, l := visit(t, w, "U0ADANA001"), visit(t, w, "lee")
	d.ok("send", object{"channel": ops, "text": "/acm why shop.example.com"})
	answer := d.frame("message")
	if field(answer, "message.ephemeral") != "true" || field(answer, "message.blocks.0.text.text") != "answer to why shop.example.com" {
		t.Errorf("dana gets %s", answer)
	}
	ts := field(answer, "message.ts")

	d.ok("action", object{"id": "1", "channel": ops, "ts": ts, "action": object{"type": "button", "action_id": "go", "block_id": "row", "value": "1"}})
	seen := map[string]json.RawMessage{}
	d.next(func(f json.RawMessage) bool {
		seen[field(f, "type")] = f
		return seen["action_state"] != nil && seen["view"] != nil
	})
	if field(seen["action_state"], "state") != "ok" || field(seen["action_state"], "id") != "1" {
		t.Errorf("the action came to %s", seen["action_state"])
	}
	if field(seen["view"], "view.title.text") != "Diagnose" || field(seen["view"], "stack") != "1" {
		t.Errorf("the modal is %s", seen["view"])
	}
	id := field(seen["view"], "view.id")
	submit := func(value any) json.RawMessage {
		return d.ok("submit", object{"id": "2", "view_id": id, "state": object{"values": object{"domain": object{"domain_input": object{"type": "plain_text_input", "value": value}}}}})
	}
	if reply := submit(nil); field(reply, "errors.domain") != "Please complete this required field." {
		t.Errorf("an empty input gives %s", reply)
	}
	if reply := submit("bad"); field(reply, "errors.domain") != "no" {
		t.Errorf("the app's errors came as %s", reply)
	}
	if reply := submit("good"); field(reply, "errors") != "" {
		t.Errorf("a good submission gives %s", reply)
	}
	d.next(func(f json.RawMessage) bool { return field(f, "type") == "view" && field(f, "stack") == "0" })

	// Lee saw nothing of all that, but sees what is for all.
	d.ok("send", object{"channel": ops, "text": "hi all"})
	if f := l.frame("message"); field(f, "message.text") != "hi all" {
		t.Errorf("lee gets %s", f)
	}
	if reply := d.do("send", object{"channel": ops, "thread_ts": ts, "text": "/acm help"}); field(reply, "error") != "/acm is not supported in threads. Sorry!" {
		t.Errorf("a command in a thread gives %s", reply)
	}
	if reply := d.do("send", object{"channel": ops, "text": "/dance"}); field(reply, "error") != "/dance is not a valid command." {
		t.Errorf("an unknown command gives %s", reply)
	}
}

func TestThePageShowsTimeouts(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock})
	dial(t, w)
	_, ts, err := client(t, w).PostMessageContext(t.Context(), ops, slack.MsgOptionBlocks(slack.NewActionBlock("row", slack.NewButtonBlockElement("go", "v", plainObject("Go")))))
	if err != nil {
		t.Fatal(err)
	}
	d := visit(t, w, "dana")
	d.ok("send", object{"channel": ops, "text": "/acm"})
	d.ok("action", object{"id": "x1", "channel": ops, "ts": ts, "action": object{"action_id": "go", "block_id": "row"}})
	clock.Advance(3 * time.Second)
	seen := map[string]json.RawMessage{}
	d.next(func(f json.RawMessage) bool {
		seen[field(f, "type")] = f
		return seen["action_state"] != nil && seen["notice"] != nil
	})
	if field(seen["notice"], "text") != `/acm failed with the error "operation_timeout"` || field(seen["notice"], "channel") != ops {
		t.Errorf("the notice is %s", seen["notice"])
	}
	if field(seen["action_state"], "state") != "timeout" || field(seen["action_state"], "id") != "x1" {
		t.Errorf("the action came to %s", seen["action_state"])
	}
}

func TestTheStateHasAllThatThePageShows(t *testing.T) {
	w := start(t, Options{Suggestions: []string{"/acm help"}})
	dial(t, w)
	if _, err := w.Say("dana", "cert-incidents", "", "secret"); err != nil {
		t.Fatal(err)
	}
	get := func(user string) json.RawMessage {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL()+"ui/state?user="+user, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v", resp.StatusCode, err)
		}
		return body
	}
	state := get("U0ADANA001")
	want := []string{"bot", "channels", "commands", "home", "me", "messages", "shortcuts", "stack", "statuses", "suggestions", "team", "traffic", "users", "view"}
	if diff := cmp.Diff(want, keys(t, state)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for path, want := range map[string]string{
		"me.initials": "DK", "bot.connected": "true", "bot.sockets": "1", "suggestions.0": "/acm help", "home": "", "view": "",
		"commands.0.command": "/acm", "shortcuts.0.type": "message", "channels.0.kind": "channel", "channels.1.bot_member": "false",
		"channels.4.kind": "im", "channels.4.user": w.BotUserID(), "messages." + secrets + ".0.text": "secret",
		"messages." + secrets + ".0.reactions": "[]", "messages." + secrets + ".0.attachments": "[]",
	} {
		if got := field(state, path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if others := get("lee"); strings.Contains(string(others), secrets) {
		t.Error("lee's state has the private channel")
	}
}

func TestOnlyThePagesOwnOriginIsAnswered(t *testing.T) {
	w := start(t, Options{Hosts: []string{"demo.example.com"}})
	port := w.base[strings.LastIndex(w.base, ":"):]
	for _, test := range []struct {
		name, path, method, host, origin, kind string
		want                                   int
	}{
		{"itself", "ui/state", "GET", "127.0.0.1" + port, "", "", 200},
		{"localhost", "ui/state", "GET", "localhost" + port, "http://localhost" + port, "", 200},
		{"a configured name", "ui/state", "GET", "demo.example.com" + port, "", "", 200},
		{"a rebound name", "ui/state", "GET", "evil.example.com" + port, "", "", 421},
		{"the page under a rebound name", "", "GET", "evil.example.com" + port, "", "", 421},
		{"another origin", "ui/send", "POST", "127.0.0.1" + port, "http://evil.example.com", "application/json", 403},
		{"a form", "ui/send", "POST", "127.0.0.1" + port, "", "text/plain", 415},
		{"a stranger", "ui/state?user=nobody", "GET", "127.0.0.1" + port, "", "", 404},
		{"the socket from another origin", "ui/socket", "GET", "127.0.0.1" + port, "http://evil.example.com", "", 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), test.method, w.URL()+test.path, strings.NewReader(`{"user":"dana"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = test.host
			if test.origin != "" {
				req.Header.Set("Origin", test.origin)
			}
			if test.kind != "" {
				req.Header.Set("Content-Type", test.kind)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != test.want {
				t.Errorf("status %d, want %d", resp.StatusCode, test.want)
			}
		})
	}
}

func TestThePageIsServed(t *testing.T) {
	w := start(t, Options{Page: fstest.MapFS{
		"index.html": {Data: []byte("<title>page</title>")}, "assets/a.js": {Data: []byte("1")},
	}})
	for path, want := range map[string]int{"": 200, "assets/a.js": 200, "assets/b.js": 404} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want || resp.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("/%s: status %d", path, resp.StatusCode)
		}
	}
}

func TestThePagesOtherDeeds(t *testing.T) {
	w := start(t, Options{})
	run(t, w, func(a *app, e socketmode.Event) {
		if cb, ok := e.Data.(slack.InteractionCallback); ok && cb.Type == slack.InteractionTypeBlockSuggestion {
			_ = a.socket.Ack(*e.Request, slack.OptionsResponse{Options: []*slack.OptionBlockObject{slack.NewOptionBlockObject("1", plainObject(cb.Value), nil)}})
			return
		}
		ack(a, e)
	})
	api := client(t, w)
	m, err := w.Say("lee", ops, "", "shop.example.com is down")
	if err != nil {
		t.Fatal(err)
	}
	_, ts, err := api.PostMessageContext(t.Context(), ops, slack.MsgOptionBlocks(slack.NewActionBlock("row", slack.NewOptionsSelectBlockElement("external_select", plainObject("Certificate"), "cert"))))
	if err != nil {
		t.Fatal(err)
	}
	d := visit(t, w, "dana")
	d.ok("shortcut", object{"callback_id": "diagnose_message", "channel": ops, "ts": m.TS})
	d.ok("shortcut", object{"callback_id": "diagnose"})
	d.ok("home", object{})
	for _, is := range []string{"message_action", "shortcut"} {
		if _, err := w.WaitEnvelope(limit(t), func(e Envelope) bool { return e.Field("type") == is && e.State == Acknowledged }); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.WaitEnvelope(limit(t), func(e Envelope) bool { return e.Field("event.type") == "app_home_opened" }); err != nil {
		t.Error(err)
	}
	reply := d.ok("options", object{"channel": ops, "ts": ts, "block_id": "row", "action_id": "cert", "value": "shop"})
	if field(reply, "options.0.text.text") != "shop" {
		t.Errorf("options are %s", reply)
	}
	d.ok("join", object{"channel": platform, "who": w.BotUserID()})
	d.next(func(f json.RawMessage) bool {
		return field(f, "type") == "state" && field(f, "state.channels.1.bot_member") == "true"
	})
	if _, err := api.OpenViewContext(t.Context(), shortcutTrigger(t, w), modal("m")); err != nil {
		t.Fatal(err)
	}
	root, err := w.Say("dana", ops, "", "hm")
	if err != nil {
		t.Fatal(err)
	}
	if err := api.SetAssistantThreadsStatusContext(t.Context(), slack.AssistantThreadsSetStatusParameters{ChannelID: ops, ThreadTS: root.TS, Status: "thinks"}); err != nil {
		t.Fatal(err)
	}
	if f := d.frame("status"); field(f, "text") != "thinks" || field(f, "thread_ts") != root.TS {
		t.Errorf("the status is %s", f)
	}
	if _, err := api.PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: dana, View: slack.HomeTabViewRequest{
		Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}},
	}}); err != nil {
		t.Fatal(err)
	}
	if f := d.frame("home"); field(f, "view.blocks.0.type") != "divider" {
		t.Errorf("the home is %s", f)
	}
	if _, _, err := api.DeleteMessageContext(t.Context(), ops, ts); err != nil {
		t.Fatal(err)
	}
	if f := d.frame("message_deleted"); field(f, "ts") != ts || field(f, "channel") != ops {
		t.Errorf("the deletion is %s", f)
	}
	v, _ := w.View("dana")
	d.ok("close", object{"view_id": v.ID})
	if _, open := w.View("dana"); open {
		t.Error("the modal is still open")
	}
}
