package workspace

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// post posts to a response URL and returns the status and the body.
func post(t *testing.T, url string, body any) (int, string) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(reply)
}

// commandHook runs a command that nobody answers and returns its response URL.
func commandHook(t *testing.T, w *Workspace, where string) string {
	t.Helper()
	d, err := w.Slash("dana", where, "/acm", "help")
	if err != nil {
		t.Fatal(err)
	}
	return field(d.Payload(), "response_url")
}

func texts(messages []Message) []string {
	list := []string{}
	for _, m := range messages {
		if m.Subtype != "notice" {
			list = append(list, m.Words())
		}
	}
	return list
}

func TestAResponseURLRunsOut(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock})
	url := commandHook(t, w, ops)
	for i := range hookUses {
		if status, body := post(t, url, object{"text": "x"}); status != 200 || body != "ok" {
			t.Fatalf("post %d: %d %s", i+1, status, body)
		}
	}
	if status, body := post(t, url, object{"text": "x"}); status != 404 || body != `{"error":"used_url","ok":false}` {
		t.Errorf("the sixth post: %d %s", status, body)
	}
	old := commandHook(t, w, ops)
	clock.Advance(hookLife + time.Second)
	if status, body := post(t, old, object{"text": "x"}); status != 404 || body != `{"error":"expired_url","ok":false}` {
		t.Errorf("after 30 minutes: %d %s", status, body)
	}
	if status, _ := post(t, old+"x", object{"text": "x"}); status != 404 {
		t.Errorf("an unknown URL: %d", status)
	}
}

func TestPostsThatFailDoNotCount(t *testing.T) {
	w := start(t, Options{})
	url := commandHook(t, w, ops)
	for range 2 * hookUses {
		if status, body := post(t, url, object{}); status != 400 || body != "no_text" {
			t.Errorf("nothing to say: %d %s", status, body)
		}
	}
	if status, body := post(t, url, object{"blocks": []object{{"type": "section"}}}); status != 400 || body != "invalid_blocks" {
		t.Errorf("bad blocks: %d %s", status, body)
	}
	if status, _ := post(t, url, object{"text": "x"}); status != 200 {
		t.Errorf("a good post after that: %d", status)
	}
}

func TestACommandsAnswersAreNewMessages(t *testing.T) {
	w := start(t, Options{})
	// Through a response URL an app can answer where it is not a member.
	url := commandHook(t, w, platform)
	post(t, url, object{"text": "checking"})
	post(t, url, object{"text": "done", "replace_original": true})
	post(t, url, object{"delete_original": true})
	post(t, url, object{"text": "for all", "response_type": "in_channel"})
	if diff := cmp.Diff([]string{"checking", "done", "for all"}, texts(w.Messages(platform, "dana"))); diff != "" {
		t.Errorf("dana sees (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"for all"}, texts(w.Messages(platform, "lee"))); diff != "" {
		t.Errorf("lee sees (-want +got):\n%s", diff)
	}
}

func TestAnInteractionsAnswersReplaceTheMessage(t *testing.T) {
	w := start(t, Options{})
	url := commandHook(t, w, ops)
	button := func(text string) object {
		return object{"blocks": []object{{"type": "actions", "elements": []object{
			{"type": "button", "action_id": "go", "text": object{"type": "plain_text", "text": text}},
		}}}}
	}
	press := func(text string) string {
		t.Helper()
		m, err := w.WaitMessage(limit(t), func(m Message) bool { return m.Words() == text })
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.Click("dana", m, "go")
		if err != nil {
			t.Fatal(err)
		}
		return field(d.Payload(), "response_url")
	}
	post(t, url, button("one"))
	first := press("one")
	replacement := button("two")
	replacement["replace_original"] = true
	if status, body := post(t, first, replacement); status != 200 {
		t.Fatalf("replacing: %d %s", status, body)
	}
	post(t, first, object{"text": "beside", "replace_original": false})
	if diff := cmp.Diff([]string{"two", "beside"}, texts(w.Messages(ops, "dana"))); diff != "" {
		t.Errorf("dana sees (-want +got):\n%s", diff)
	}
	second := press("two")
	post(t, second, object{"delete_original": true})
	if diff := cmp.Diff([]string{"beside"}, texts(w.Messages(ops, "dana"))); diff != "" {
		t.Errorf("dana sees (-want +got):\n%s", diff)
	}
	if status, body := post(t, first, replacement); status != 400 || body != "message_not_found" {
		t.Errorf("replacing what is gone: %d %s", status, body)
	}
	if got := w.Messages(ops, "lee"); len(got) != 0 {
		t.Errorf("lee sees %v", texts(got))
	}
}

func TestFaultsOfResponseURLs(t *testing.T) {
	w := start(t, Options{})
	url := commandHook(t, w, ops)
	w.Fail("response_url", Fault{Status: 500, Times: 1})
	if status, _ := post(t, url, object{"text": "x"}); status != 500 {
		t.Errorf("status %d", status)
	}
	if status, _ := post(t, url, object{"text": "x"}); status != 200 {
		t.Errorf("status %d", status)
	}
	calls := w.CallsOf("response_url")
	if len(calls) != 2 || calls[0].OK() || !calls[1].OK() || calls[1].Arg("text") != "x" {
		t.Errorf("the call log holds %+v", calls)
	}
}
