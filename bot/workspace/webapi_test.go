package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// errCode is the error code in an error of slack-go's, "" for none.
func errCode(err error) string {
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return e.Err
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// raw makes a call by hand and returns the HTTP status and the decoded body.
func raw(t *testing.T, w *Workspace, method, token, contentType, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.APIURL()+method, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	reply := map[string]any{}
	if err := json.Unmarshal(text, &reply); err != nil {
		t.Fatalf("the body is not JSON: %s", text)
	}
	return resp.StatusCode, reply
}

const formType = "application/x-www-form-urlencoded"

func TestTokens(t *testing.T) {
	w := start(t, Options{})
	for _, test := range []struct {
		name, method, bearer, kind, body, want string
	}{
		{"bearer", "auth.test", w.BotToken(), formType, "", ""},
		{"form", "auth.test", "", formType, "token=" + w.BotToken(), ""},
		{"none", "auth.test", "", formType, "", "not_authed"},
		{"unknown", "auth.test", "xoxb-nobody", formType, "", "invalid_auth"},
		{"app-level", "auth.test", w.AppToken(), formType, "", "not_allowed_token_type"},
		{"in JSON", "auth.test", "", "application/json", `{"token":"` + w.BotToken() + `"}`, "not_authed"},
		{"bad JSON", "auth.test", w.BotToken(), "application/json", `{`, "invalid_json"},
		{"bad type", "auth.test", w.BotToken(), "text/plain", "x", "invalid_post_type"},
		{"no such method", "auth.toast", w.BotToken(), formType, "", "unknown_method"},
		{"no token needed", "api.test", "", formType, "a=1", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, reply := raw(t, w, test.method, test.bearer, test.kind, test.body)
			got, _ := reply["error"].(string)
			if got != test.want || reply["ok"] != (test.want == "") || status != http.StatusOK {
				t.Errorf("status %d, %v; want error %q", status, reply, test.want)
			}
		})
	}
	for _, c := range w.Calls() {
		if text, _ := json.Marshal(c.Args); strings.Contains(string(text), w.BotToken()) {
			t.Error("a token is in the call log")
		}
	}
}

func TestJSONAndFormsCarryTheSameArguments(t *testing.T) {
	w := start(t, Options{})
	blocks := `[{"type":"section","text":{"type":"mrkdwn","text":"hello"}}]`
	form := url.Values{"channel": {"C0AOPSCERT"}, "text": {"hi"}, "blocks": {blocks}}.Encode()
	_, one := raw(t, w, "chat.postMessage", w.BotToken(), formType, form)
	_, two := raw(t, w, "chat.postMessage", w.BotToken(), "application/json", `{"channel":"C0AOPSCERT","text":"hi","blocks":`+blocks+`}`)
	_, three := raw(t, w, "chat.postMessage", w.BotToken(), "application/json; charset=utf-8", `{"channel":"C0AOPSCERT","text":"hi","blocks":`+string(text([]byte(blocks)))+`}`)
	for _, reply := range []map[string]any{one, two, three} {
		if reply["ok"] != true {
			t.Errorf("got %v", reply)
		}
	}
	for _, m := range w.Messages("ops-certificates", "dana") {
		if m.Words() != "hello" {
			t.Errorf("the message says %q", m.Words())
		}
	}
	if one["warning"] != nil || two["warning"] != "missing_charset" || three["warning"] != nil {
		t.Errorf("warnings: %v, %v, %v", one["warning"], two["warning"], three["warning"])
	}
}

func TestScopesComeFromTheManifest(t *testing.T) {
	m := DefaultManifest()
	m.OAuthConfig.Scopes.Bot = []string{"commands", "app_mentions:read", "links:read", "channels:read", "im:history"}
	w := start(t, Options{Manifest: m})
	var headers http.Header
	api := client(t, w, slack.OptionOnResponseHeaders(func(_ string, h http.Header) { headers = h }))
	if _, err := api.AuthTestContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := headers.Get("X-OAuth-Scopes"), "app_mentions:read,channels:read,commands,im:history,links:read"; got != want {
		t.Errorf("X-OAuth-Scopes is %q, want %q", got, want)
	}
	_, _, err := api.PostMessageContext(t.Context(), "C0AOPSCERT", slack.MsgOptionText("hi", false))
	e, ok := errors.AsType[slack.SlackErrorResponse](err)
	if !ok || e.Err != "missing_scope" || e.Needed != "chat:write" || e.Provided != headers.Get("X-OAuth-Scopes") {
		t.Errorf("posting without chat:write gives %+v", err)
	}
	// What a conversation needs depends on its kind.
	if _, err := api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: "C0AOPSCERT"}); err != nil {
		t.Error(err)
	}
	im, err := w.ChannelID("dana", "@acmbot")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: im}); errCode(err) != "missing_scope" {
		t.Errorf("a direct message without im:read gives %v", err)
	}
}

func TestRateLimits(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock, RateLimits: map[string]Rate{"auth.test": {Calls: 2, Per: time.Minute}}})
	api := client(t, w)
	call := func() error { _, err := api.AuthTestContext(t.Context()); return err }
	for range 2 {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		clock.Advance(10 * time.Second)
	}
	limited, ok := errors.AsType[*slack.RateLimitedError](call())
	if !ok || limited.RetryAfter != 40*time.Second {
		t.Fatalf("the third call gives %+v", limited)
	}
	clock.Advance(limited.RetryAfter)
	if err := call(); err != nil {
		t.Errorf("after Retry-After: %v", err)
	}
}

func TestTiersNameMethodsThatExist(t *testing.T) {
	for name, r := range Tiers {
		if _, ok := methods[name]; !ok || r.Calls < 1 || r.Per <= 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestFaults(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	call := func(ctx context.Context) error {
		_, _, err := api.PostMessageContext(ctx, "C0AOPSCERT", slack.MsgOptionText("hi", false))
		return err
	}
	posted := func() int { return len(w.Messages("ops-certificates", "dana")) }

	w.Fail("chat.postMessage", Fault{Error: "fatal_error", Times: 1})
	w.Fail("chat.postMessage", Fault{Status: 503, Times: 1})
	w.Fail("chat.postMessage", Fault{RetryAfter: 1500 * time.Millisecond, Times: 1})
	w.Fail("chat.postMessage", Fault{Status: 500, Times: 1, Applied: true})
	if err := call(t.Context()); errCode(err) != "fatal_error" {
		t.Errorf("got %v", err)
	}
	if e, ok := errors.AsType[slack.StatusCodeError](call(t.Context())); !ok || e.Code != 503 {
		t.Errorf("got %v", e)
	}
	if e, ok := errors.AsType[*slack.RateLimitedError](call(t.Context())); !ok || e.RetryAfter != 2*time.Second {
		t.Errorf("got %v", e)
	}
	if n := posted(); n != 0 {
		t.Errorf("%d messages were posted by calls that failed", n)
	}
	if e, ok := errors.AsType[slack.StatusCodeError](call(t.Context())); !ok || e.Code != 500 {
		t.Errorf("got %v", e)
	}
	if n := posted(); n != 1 {
		t.Errorf("%d messages after a call whose answer was lost", n)
	}
	if err := call(t.Context()); err != nil {
		t.Errorf("after the faults: %v", err)
	}

	w.Fail("*", Fault{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a hanging call gives %v", err)
	}
	w.ClearFaults()
	if err := call(t.Context()); err != nil {
		t.Errorf("after ClearFaults: %v", err)
	}

	var statuses []int
	for _, c := range w.CallsOf("chat.postMessage") {
		statuses = append(statuses, c.Status)
	}
	if diff := cmp.Diff([]int{200, 503, 429, 500, 200, 0, 200}, statuses); diff != "" {
		t.Errorf("statuses in the call log (-want +got):\n%s", diff)
	}
}

func TestCloseEndsHangingCalls(t *testing.T) {
	w, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Fail("auth.test", Fault{Hang: true})
	done := make(chan error, 1)
	go func() { _, err := client(t, w).AuthTestContext(limit(t)); done <- err }()
	if err := w.Wait(limit(t), func() bool { return len(w.Calls()) == 1 }); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the call ended with %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

func TestIdentity(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	who, err := api.AuthTestContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if who.UserID != w.BotUserID() || who.TeamID != w.TeamID() || who.BotID == "" || who.User != "acmbot" {
		t.Errorf("auth.test says %+v", who)
	}
	bot, err := api.GetBotInfoContext(t.Context(), slack.GetBotInfoParameters{Bot: who.BotID})
	if err != nil || bot.AppID != w.AppID() || bot.UserID != who.UserID {
		t.Errorf("bots.info says %+v, %v", bot, err)
	}
	team, err := api.GetTeamInfoContext(t.Context())
	if err != nil || team.Name != "Example" || team.ID != w.TeamID() {
		t.Errorf("team.info says %+v, %v", team, err)
	}
}

func TestUsers(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	users, err := api.GetUsersContext(t.Context(), slack.GetUsersOptionLimit(2))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, u := range users {
		names = append(names, u.Name)
	}
	if diff := cmp.Diff([]string{"dana", "lee", "sam", "kit", "slackbot", "acmbot"}, names); diff != "" {
		t.Errorf("users.list over pages (-want +got):\n%s", diff)
	}
	kit, err := api.GetUserInfoContext(t.Context(), "U0AKIT0001")
	if err != nil || !kit.IsRestricted || kit.IsBot || kit.TZ != "Etc/UTC" {
		t.Errorf("users.info says %+v, %v", kit, err)
	}
	if kit.Profile.Email != "" {
		t.Error("the e-mail address shows without users:read.email")
	}
	if _, err := api.GetUserInfoContext(t.Context(), "dana"); errCode(err) != "user_not_found" {
		t.Errorf("users.info by name gives %v", err)
	}
	groups, err := api.GetUserGroupsContext(t.Context(), slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil || len(groups) != 1 || groups[0].Handle != "certificate-oncall" {
		t.Fatalf("usergroups.list says %+v, %v", groups, err)
	}
	members, err := api.GetUserGroupMembersContext(t.Context(), groups[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"U0ADANA001", "U0ASAM0001"}, members); diff != "" {
		t.Errorf("usergroups.users.list (-want +got):\n%s", diff)
	}
	if _, err := api.GetUserGroupMembersContext(t.Context(), "S0ANOBODY1"); errCode(err) != "no_such_subteam" {
		t.Errorf("an unknown group gives %v", err)
	}
}
