package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
)

// forge makes another app post a message with metadata of the bot's.
func (d *desk) forge(event string, payload map[string]any, thread string) {
	d.t.Helper()
	raw, err := json.Marshal(slack.SlackMetadata{EventType: event, EventPayload: payload})
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.PostAs("mimic", opsID, thread, "nothing to see here", raw); err != nil {
		d.t.Fatal(err)
	}
}

// Another app's message with the bot's metadata does not stand for the bot's.
func TestAnotherAppsMessageIsNotTheBots(t *testing.T) {
	lost := workspace.Fault{Status: 503, Times: 1}
	t.Run("digest of a job", func(t *testing.T) {
		d := openDesk(t)
		d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
		at(d.clock, nine)
		d.forge(digestEvent, map[string]any{"id": opsID + "/2026-11-24"}, "")
		for i, want := range []bool{true, false} { // its own it finds
			_, posted, err := NewDigester(d.options).PostNow(t.Context(), digest.Subscription{Channel: opsID, Zone: "UTC"})
			if err != nil || posted != want {
				t.Errorf("run %d: posted %v, %v; want %v", i+1, posted, err, want)
			}
			d.options.Store = memory.New(d.clock.Now) // a job's store forgets
		}
		if n := len(d.digests(ops)); n != 1 {
			t.Errorf("there are %d digests, want 1", n)
		}
	})
	t.Run("digest after a crash", func(t *testing.T) {
		d := openDesk(t)
		d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
		at(d.clock, nine)
		d.Fail("chat.postMessage", lost)
		if n, err := d.digester.Tick(t.Context()); n != 0 || err == nil {
			t.Fatalf("Tick posts %d, %v; want an error", n, err)
		}
		d.forge(digestEvent, map[string]any{"id": opsID + "/2026-11-24"}, "")
		at(d.clock, nine.Add(20*time.Minute))
		d.Fail("auth.test", workspace.Fault{Error: "fatal_error", Times: 1})
		if n, err := NewDigester(d.options).Tick(t.Context()); n != 0 || err == nil || !strings.Contains(err.Error(), "who the bot is") {
			t.Errorf("without knowing itself it posts %d, %v", n, err)
		}
		at(d.clock, nine.Add(40*time.Minute))
		if n, err := NewDigester(d.options).Tick(t.Context()); n != 1 || err != nil {
			t.Errorf("Tick posts %d, %v; want 1", n, err)
		}
	})
	for _, reply := range []bool{false, true} {
		t.Run(fmt.Sprintf("alert, reply %v", reply), func(t *testing.T) {
			d := openAlertDesk(t)
			d.scan(0)
			shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 20))
			d.estate.set(shop)
			d.scan(0)
			thread := ""
			if reply {
				d.scan(1)
				thread = d.digests(ops)[0].TS
				d.estate.set(afterRenewal(shop, nine))
				d.scan(0)
			}
			d.Fail("chat.postMessage", lost)
			d.clock.Advance(10 * time.Minute)
			if n, err := d.alerter.Tick(t.Context()); n != 0 || err == nil {
				t.Fatalf("Tick posts %d, %v; want an error", n, err)
			}
			tried := d.CallsOf("chat.postMessage")
			var m slack.SlackMetadata
			if err := json.Unmarshal([]byte(tried[len(tried)-1].Arg("metadata")), &m); err != nil {
				t.Fatal(err)
			}
			d.forge(m.EventType, m.EventPayload, thread)
			d.clock.Advance(20 * time.Minute)
			if n, err := NewAlerter(d.options).Tick(t.Context()); n != 1 || err != nil {
				t.Errorf("Tick posts %d, %v; want 1", n, err)
			}
		})
	}
	for _, threaded := range []bool{false, true} {
		t.Run(fmt.Sprintf("answer, threaded %v", threaded), func(t *testing.T) {
			d := openDesk(t)
			thread := ""
			if threaded {
				m, err := d.Say(dana, ops, "", "why?")
				if err != nil {
					t.Fatal(err)
				}
				thread = m.TS
			}
			d.forge(markEvent, map[string]any{"mark": "m1"}, thread)
			ts := ""
			for _, found := range []bool{false, true} {
				got, was, err := d.digester.api.postOnce(t.Context(), opsID, thread, view.Message{Text: "because"}, "m1", true)
				if err != nil || was != found || found && got != ts {
					t.Errorf("posted at %s, found %v, %v; want %v", got, was, err, found)
				}
				ts = got
			}
		})
	}
}

func TestWhoWroteAMessage(t *testing.T) {
	bot := &slack.AuthTestResponse{UserID: "U1", BotID: "B1"}
	for _, tc := range []struct {
		name      string
		self      *slack.AuthTestResponse
		user, bot string
		want      bool
	}{
		{"the bot", bot, "U1", "B1", true},
		{"the bot, without a user", bot, "", "B1", true},
		{"the bot, by its user", bot, "U1", "", true},
		{"another app", bot, "U2", "B2", false},
		{"another app, without a user", bot, "", "B2", false},
		{"a person", bot, "U2", "", false},
		{"who has a user only", &slack.AuthTestResponse{UserID: "U1"}, "U1", "B1", true},
		{"whom nobody knows", &slack.AuthTestResponse{}, "U1", "B1", false},
		{"a message without an author", bot, "", "", true},
	} {
		m := &slack.Message{Msg: slack.Msg{User: tc.user, BotID: tc.bot}}
		if got := wrote(tc.self, m); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
