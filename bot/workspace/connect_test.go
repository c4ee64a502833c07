package workspace

import (
	"encoding/json"
	"strings"
	"testing"
)

// called calls a method of the Web API and returns its reply.
func called(t *testing.T, w *Workspace, method string, a args) map[string]any {
	t.Helper()
	var reply map[string]any
	if err := json.Unmarshal(w.call(method, a, w.BotToken(), "").body, &reply); err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestConnect(t *testing.T) {
	manifest := DefaultManifest()
	manifest.Settings.EventSubscriptions.BotEvents = append(manifest.Settings.EventSubscriptions.BotEvents, "channel_shared", "channel_unshared", "user_change")
	w, err := Start(Options{Manifest: manifest})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	robin, err := w.AddUser(User{Name: "robin", Team: "T0APARTNER"})
	if err != nil {
		t.Fatal(err)
	}
	info := func() map[string]any {
		user, ok := called(t, w, "users.info", args{"user": robin.ID})["user"].(map[string]any)
		if !ok {
			t.Fatal("there is no user in the reply")
		}
		return user
	}
	if u := info(); u["team_id"] != "T0APARTNER" || u["is_stranger"] != true || u["is_restricted"] != nil {
		t.Errorf("somebody of another workspace is %v", u)
	}
	if _, err := w.Say("robin", "#random", "", "hello"); err == nil {
		t.Error("somebody of another workspace speaks in a channel that is not shared")
	}
	id, err := w.AddChannel("launch", PublicChannel, "dana", "robin", "acmbot")
	if err != nil {
		t.Fatal(err)
	}
	channel := func() map[string]any {
		c, ok := called(t, w, "conversations.info", args{"channel": id})["channel"].(map[string]any)
		if !ok {
			t.Fatal("there is no channel in the reply")
		}
		return c
	}
	if err := w.Share("launch", "T0APARTNER", true); err != nil {
		t.Fatal(err)
	}
	if c := channel(); c["is_ext_shared"] != false || c["is_pending_ext_shared"] != true {
		t.Errorf("a channel to which somebody is invited is %v", c)
	}
	if err := w.Share("launch", "T0APARTNER", false); err != nil {
		t.Fatal(err)
	}
	if c := channel(); c["is_ext_shared"] != true || c["is_pending_ext_shared"] != false || c["is_org_shared"] != false {
		t.Errorf("a shared channel is %v", c)
	}
	if u := info(); u["is_stranger"] != false {
		t.Errorf("somebody in a shared channel is %v", u)
	}
	if _, err := w.Say("robin", "#launch", "", "@acmbot hello"); err != nil {
		t.Fatal(err)
	}
	if err := w.Unshare("launch", "T0APARTNER"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Say("robin", "#launch", "", "hello"); err == nil {
		t.Error("somebody of another workspace speaks in a channel that is not shared any more")
	}
	if err := w.ChangeUser("lee", func(u *User) { u.SingleChannel = true }); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"@acmbot", "nowhere", "launch"} {
		if err := w.Share(where, w.TeamID(), false); err == nil {
			t.Errorf("%s is shared with the workspace itself", where)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var sent []string
	for _, d := range w.envelopes {
		sent = append(sent, string(d.envelope.Payload))
	}
	all := strings.Join(sent, "\n")
	for _, want := range []string{`"type":"channel_shared"`, `"type":"channel_unshared"`, `"type":"user_change"`, `"is_ext_shared_channel":true`, `"is_ultra_restricted":true`} {
		if !strings.Contains(all, want) {
			t.Errorf("no event has %s:\n%s", want, all)
		}
	}
}
