package workspace

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func plainObject(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject("plain_text", s, false, false)
}

// modal is a modal with an input for a domain and a button.
func modal(callbackID string) slack.ModalViewRequest {
	input := slack.NewInputBlock("domain", plainObject("Domain"), nil, slack.NewPlainTextInputBlockElement(nil, "domain_input"))
	button := slack.NewActionBlock("buttons", slack.NewButtonBlockElement("more", "value", plainObject("More")))
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainObject("Diagnose"), Submit: plainObject("Go"), Close: plainObject("Cancel"),
		CallbackID: callbackID, NotifyOnClose: true, Blocks: slack.Blocks{BlockSet: []slack.Block{input, button}},
	}
}

// shortcutTrigger runs a shortcut that nobody answers and returns its trigger.
func shortcutTrigger(t *testing.T, w *Workspace) string {
	t.Helper()
	d, err := w.Shortcut("dana", "diagnose")
	if err != nil {
		t.Fatal(err)
	}
	return field(d.Payload(), "trigger_id")
}

func TestTriggersAreUsedOnceWithinThreeSeconds(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock})
	api := client(t, w)
	open := func(trigger string) string {
		_, err := api.OpenViewContext(t.Context(), trigger, modal("m"))
		return errCode(err)
	}
	trigger := shortcutTrigger(t, w)
	clock.Advance(3 * time.Second)
	if got := open(trigger); got != "" {
		t.Errorf("after three seconds: %q", got)
	}
	if got := open(trigger); got != "exchanged_trigger_id" {
		t.Errorf("a second time: %q", got)
	}
	late := shortcutTrigger(t, w)
	clock.Advance(3*time.Second + time.Millisecond)
	if got := open(late); got != "expired_trigger_id" {
		t.Errorf("too late: %q", got)
	}
	if got := open("1.2.3"); got != "invalid_trigger_id" {
		t.Errorf("made up: %q", got)
	}
}

func TestViewsAreChecked(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	bad := modal("m")
	bad.Title = plainObject(strings.Repeat("x", 25))
	trigger := shortcutTrigger(t, w)
	_, err := api.OpenViewContext(t.Context(), trigger, bad)
	e, _ := errors.AsType[slack.SlackErrorResponse](err)
	want := []string{"[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"}
	if e.Err != "invalid_arguments" || cmp.Diff(want, e.ResponseMetadata.Messages) != "" {
		t.Errorf("got %v, %v", e.Err, e.ResponseMetadata.Messages)
	}
	// The trigger is still good: nothing was opened with it.
	if _, err := api.OpenViewContext(t.Context(), trigger, modal("m")); err != nil {
		t.Error(err)
	}
}

func TestModalsStackThreeDeep(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	root, err := api.OpenViewContext(t.Context(), shortcutTrigger(t, w), modal("1"))
	if err != nil {
		t.Fatal(err)
	}
	push := func() (*slack.ViewResponse, error) {
		v, ok := w.View("dana")
		if !ok {
			t.Fatal("there is no modal")
		}
		d, err := w.Click("dana", v, "more")
		if err != nil {
			t.Fatal(err)
		}
		return api.PushViewContext(t.Context(), field(d.Payload(), "trigger_id"), modal("next"))
	}
	second, err := push()
	if err != nil || second.RootViewID != root.ID || second.PreviousViewID != root.ID {
		t.Fatalf("got %+v, %v", second, err)
	}
	if _, err := push(); err != nil {
		t.Fatal(err)
	}
	if _, err := push(); errCode(err) != "push_limit_reached" {
		t.Errorf("the fourth modal gives %v", err)
	}
	if _, err := api.PushViewContext(t.Context(), shortcutTrigger(t, w), modal("x")); errCode(err) != "invalid_trigger_id" {
		t.Errorf("pushing with a trigger from outside gives %v", err)
	}
	if err := w.CloseView("dana"); err != nil {
		t.Fatal(err)
	}
	if v, _ := w.View("dana"); v.ID != second.ID {
		t.Errorf("after closing, %s is on top, not %s", v.ID, second.ID)
	}
	closed, err := w.WaitEnvelope(limit(t), func(e Envelope) bool { return e.Field("type") == "view_closed" })
	if err != nil || closed.Field("view.callback_id") != "next" || closed.Field("is_cleared") != "false" {
		t.Errorf("got %s, %v", closed.Payload, err)
	}
}

func TestUpdatesOfViews(t *testing.T) {
	w := start(t, Options{})
	api := client(t, w)
	m := modal("m")
	m.ExternalID = "mine"
	opened, err := api.OpenViewContext(t.Context(), shortcutTrigger(t, w), m)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := w.Fill("dana", View{ID: opened.ID}, "domain_input", "shop.example.com"); err != nil || d != nil {
		t.Fatalf("filling in: %v, %v", d, err)
	}
	m.Title = plainObject("New title")
	updated, err := api.UpdateViewContext(t.Context(), m, "mine", opened.Hash, "")
	if err != nil {
		t.Fatal(err)
	}
	v, _ := w.View("dana")
	if v.Title != "New title" || v.Hash != updated.Hash || v.Hash == opened.Hash {
		t.Errorf("the view is %+v", v)
	}
	if got := v.State["domain"]["domain_input"]["value"]; got != "shop.example.com" {
		t.Errorf("what was typed is now %v", got)
	}
	if _, err := api.UpdateViewContext(t.Context(), m, "mine", opened.Hash, ""); errCode(err) != "hash_conflict" {
		t.Errorf("an old hash gives %v", err)
	}
	if _, err := api.UpdateViewContext(t.Context(), modal("m"), "", "", "V0NOTHING1"); errCode(err) != "not_found" {
		t.Errorf("no such view gives %v", err)
	}
	if err := w.CloseView("dana"); err != nil {
		t.Fatal(err)
	}
	if _, err := api.UpdateViewContext(t.Context(), modal("m"), "", "", opened.ID); errCode(err) != "not_found" {
		t.Errorf("a closed view gives %v", err)
	}
}

func TestSubmissions(t *testing.T) {
	next := modal("next")
	next.Title = plainObject("Next")
	broken := modal("next")
	broken.Title = plainObject(strings.Repeat("x", 25))
	for _, test := range []struct {
		name    string
		answer  any
		stack   int    // modals left of two
		title   string // of the one on top
		errors  map[string]string
		trouble bool
	}{
		{name: "nothing", answer: nil, stack: 1, title: "Diagnose"},
		{name: "clear", answer: slack.NewClearViewSubmissionResponse(), stack: 0},
		{name: "update", answer: slack.NewUpdateViewSubmissionResponse(&next), stack: 2, title: "Next"},
		{name: "push", answer: slack.NewPushViewSubmissionResponse(&next), stack: 3, title: "Next"},
		{name: "errors", answer: slack.NewErrorsViewSubmissionResponse(map[string]string{"domain": "No such domain"}), stack: 2, title: "Diagnose", errors: map[string]string{"domain": "No such domain"}},
		{name: "errors elsewhere", answer: slack.NewErrorsViewSubmissionResponse(map[string]string{"buttons": "x"}), stack: 2, title: "Diagnose", trouble: true},
		{name: "a bad view", answer: slack.NewUpdateViewSubmissionResponse(&broken), stack: 2, title: "Diagnose", trouble: true},
		{name: "an unknown action", answer: object{"response_action": "dance"}, stack: 2, title: "Diagnose", trouble: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := start(t, Options{})
			api := run(t, w, func(a *app, e socketmode.Event) {
				if cb := e.Data.(slack.InteractionCallback); cb.Type == slack.InteractionTypeViewSubmission {
					if got := cb.View.State.Values["domain"]["domain_input"].Value; got != "shop.example.com" {
						t.Errorf("the app got %q", got)
					}
					if err := a.socket.Ack(*e.Request, test.answer); err != nil {
						t.Error(err)
					}
					return
				}
				ack(a, e)
			})
			if _, err := api.OpenViewContext(t.Context(), shortcutTrigger(t, w), modal("root")); err != nil {
				t.Fatal(err)
			}
			root, _ := w.View("dana")
			d, err := w.Click("dana", root, "More")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := api.PushViewContext(t.Context(), field(d.Payload(), "trigger_id"), modal("top")); err != nil {
				t.Fatal(err)
			}
			submitted, err := w.SubmitView("dana", map[string][]string{"domain": {"shop.example.com"}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := submitted.Wait(limit(t)); err != nil {
				t.Fatal(err)
			}
			w.mu.Lock()
			stack := len(w.stacks[dana])
			w.mu.Unlock()
			v, _ := w.View("dana")
			if stack != test.stack || v.Title != test.title {
				t.Errorf("%d modals are left, with %q on top; want %d and %q", stack, v.Title, test.stack, test.title)
			}
			if diff := cmp.Diff(test.errors, v.Errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if (v.Problem != "") != test.trouble {
				t.Errorf("the modal says %q", v.Problem)
			}
		})
	}
}

func TestASubmissionWithoutAnswer(t *testing.T) {
	clock := NewManualClock(time.Unix(1_764_000_000, 0))
	w := start(t, Options{Clock: clock})
	dial(t, w)
	if _, err := client(t, w).OpenViewContext(t.Context(), shortcutTrigger(t, w), modal("m")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SubmitView("dana", map[string][]string{"domain": {"x"}}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(3 * time.Second)
	if v, ok := w.View("dana"); !ok || v.Problem != trouble {
		t.Errorf("the modal says %q, open %v", v.Problem, ok)
	}
}

func TestIncompleteInputsAreNotSubmitted(t *testing.T) {
	w := start(t, Options{})
	if _, err := client(t, w).OpenViewContext(t.Context(), shortcutTrigger(t, w), modal("m")); err != nil {
		t.Fatal(err)
	}
	_, err := w.SubmitView("dana", nil)
	problems, ok := errors.AsType[InputErrors](err)
	if !ok || problems["domain"] == "" {
		t.Errorf("got %v", err)
	}
	for _, e := range w.Envelopes() {
		if e.Field("type") == "view_submission" {
			t.Error("it was submitted")
		}
	}
}

func TestAppHome(t *testing.T) {
	w := start(t, Options{})
	opened := make(chan string, 10)
	api := run(t, w, func(a *app, e socketmode.Event) { ack(a, e); opened <- string(e.Request.Payload) })
	home := func(text string) slack.HomeTabViewRequest {
		return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", text, false, false), nil, nil),
		}}}
	}
	publish := func(text string, hash *string) (*slack.ViewResponse, error) {
		return api.PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: dana, View: home(text), Hash: hash})
	}
	if err := w.OpenHome("dana"); err != nil {
		t.Fatal(err)
	}
	if payload := <-opened; field([]byte(payload), "event.tab") != "home" || field([]byte(payload), "event.user") != dana || strings.Contains(payload, `"view"`) {
		t.Errorf("the first opening is %s", payload)
	}
	first, err := publish("one", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := publish("two", &first.Hash); err != nil {
		t.Fatal(err)
	}
	if _, err := publish("three", &first.Hash); errCode(err) != "hash_conflict" {
		t.Errorf("an old hash gives %v", err)
	}
	if v, ok := w.Home("dana"); !ok || !strings.Contains(v.Words(), "two") || v.ID != first.ID {
		t.Errorf("the home says %q", v.Words())
	}
	if _, ok := w.Home("lee"); ok {
		t.Error("lee has a home too")
	}
	if err := w.OpenHome("dana"); err != nil {
		t.Fatal(err)
	}
	if payload := <-opened; field([]byte(payload), "event.view.id") != first.ID {
		t.Errorf("the second opening is %s", payload)
	}
	m := DefaultManifest()
	m.Features.AppHome.HomeTabEnabled = false
	without := start(t, Options{Manifest: m})
	_, err = client(t, without).PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: dana, View: home("x")})
	if errCode(err) != "not_enabled" {
		t.Errorf("without a home tab: %v", err)
	}
	if err := without.OpenHome("dana"); err == nil {
		t.Error("a home tab that is switched off opened")
	}
}
