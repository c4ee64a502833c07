package bot

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

// Slack's envelopes have a token of the app in them, by which a server that gets
// them over HTTP could be deceived. It is not kept, in whatever envelope.
func TestNotesHaveNoTokens(t *testing.T) {
	store := memory.New(time.Now)
	s := open(t, workspace.Options{}, func(o *Options) { o.Store = store }).connected()
	s.slash(dana, ops, "shop.example.com")
	m := s.sees("_token.shop.example.com")
	asked, answer := make(chan struct{}), make(chan struct{})
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		asked <- struct{}{}
		<-answer
		return blocked(q)
	})
	defer close(answer)
	s.slash(dana, ops, "a.example.com")
	<-asked
	if _, err := s.Say(dana, ops, "", "@acmbot why b.example.com?"); err != nil {
		t.Fatal(err)
	}
	<-asked
	s.click(dana, m, "Re-check")
	<-asked
	open := 0
	for item, err := range store.List(t.Context(), requestKind, "") {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(item.Value), "example.com") {
			continue
		}
		open++
		if strings.Contains(string(item.Value), `"token"`) {
			t.Errorf("a note has a token in it: %s", item.Value)
		}
	}
	if open != 3 {
		t.Errorf("%d notes are open", open)
	}
}
