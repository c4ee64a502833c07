package bot

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/access"
)

// A server that is not Slack's may know few methods; whoever tries the bot with
// one is a member there. One that tells who people are is believed, and so is
// Slack, which always tells.
func TestServerThatDoesNotTellWhoPeopleAre(t *testing.T) {
	const ours = "http://127.0.0.1/api/"
	for _, tc := range []struct {
		name, url      string
		status         int
		user, channel  string
		person, place  bool // may ask, may be answered in
		toldWhoIsThere bool
	}{
		{"unknown_method", ours, 200, `{"ok":false,"error":"unknown_method"}`, `{"ok":false,"error":"unknown_method"}`, true, true, false},
		{"nothing but ok", ours, 200, `{"ok":true}`, `{"ok":true}`, true, true, false},
		{"always the same", ours, 200, `{"ok":true,"user":{"id":"W012A3CDE","team_id":"T9"}}`, `{"ok":true,"channel":{"id":"C9"}}`, true, true, false},
		{"not found", ours, 404, `no such page`, `no such page`, true, true, false},
		{"a guest", ours, 200, `{"ok":true,"user":{"id":"U1","team_id":"T1","is_restricted":true}}`, `{"ok":true,"channel":{"id":"C1","is_ext_shared":true}}`, false, false, true},
		{"broken", ours, 500, `oops`, `oops`, false, false, true},
		{"no scope", ours, 200, `{"ok":false,"error":"missing_scope","needed":"users:read"}`, `{"ok":false,"error":"missing_scope","needed":"channels:read"}`, false, false, true},
		{"Slack itself", slack.APIURL, 200, `{"ok":true}`, `{"ok":false,"error":"unknown_method"}`, false, false, true},
		{"GovSlack", "https://slack-gov.com/api/", 404, `no such page`, `no such page`, false, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				body := map[string]string{"/users.info": tc.user, "/conversations.info": tc.channel}[r.URL.Path]
				if body == "" {
					body = `{"ok":true}` // auth.test tells no workspace either
				} else {
					w.WriteHeader(tc.status)
				}
				_, _ = fmt.Fprint(w, body)
			}))
			defer server.Close()
			log := newLogBook()
			opts := Options{BotToken: "xoxb-1", AppToken: "xapp-1", APIURL: tc.url, Logger: slog.New(slog.NewTextHandler(log, nil))}.calling()
			g := newGate(opts, slack.New("xoxb-1", slack.OptionAPIURL(server.URL+"/")))
			if !g.foreign {
				g.signedIn(slack.AuthTestResponse{TeamID: "T1"})
			}
			v := g.may(t.Context(), origin{user: "U1"})
			if got := v.reason == access.Allowed; got != tc.person {
				t.Errorf("the person may ask: %v (%+v)", got, v)
			}
			_, err := g.posting(t.Context(), "C1")
			if got := err == nil; got != tc.place {
				t.Errorf("the channel may be told: %v (%v)", got, err)
			}
			if got := !strings.Contains(log.String(), "not told apart"); got != tc.toldWhoIsThere {
				t.Errorf("the log:\n%s", log.String())
			}
		})
	}
}
