package workspace

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func TestSlashCommandIsAnsweredThroughItsResponseURL(t *testing.T) {
	w := start(t, Options{})
	run(t, w, func(a *app, e socketmode.Event) {
		cmd := e.Data.(slack.SlashCommand)
		if err := a.socket.Ack(*e.Request, map[string]any{"text": "Checking " + cmd.Text}); err != nil {
			t.Error(err)
		}
		_, _, err := a.PostMessage("", slack.MsgOptionResponseURL(cmd.ResponseURL, slack.ResponseTypeInChannel),
			slack.MsgOptionText("All is well with "+cmd.Text, false))
		if err != nil {
			t.Error(err)
		}
	})
	d, err := w.Slash("dana", "#ops-certificates", "/acm", "why shop.example.com")
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Wait(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	if e.State != Acknowledged {
		t.Fatalf("the command is %s", e.State)
	}
	m, err := w.WaitMessage(limit(t), func(m Message) bool { return m.Text == "All is well with why shop.example.com" })
	if err != nil {
		t.Fatal(err)
	}
	if m.Ephemeral || !m.App {
		t.Errorf("the answer is not a public message of the bot's: %+v", m)
	}
	seen := func(viewer string) (texts []string) {
		for _, m := range w.Messages("#ops-certificates", viewer) {
			texts = append(texts, m.Text)
		}
		slices.Sort(texts) // the acknowledgement and the post take different ways
		return texts
	}
	if diff := cmp.Diff([]string{"All is well with why shop.example.com", "Checking why shop.example.com"}, seen("dana")); diff != "" {
		t.Errorf("dana sees (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"All is well with why shop.example.com"}, seen("lee")); diff != "" {
		t.Errorf("lee sees (-want +got):\n%s", diff)
	}
}
