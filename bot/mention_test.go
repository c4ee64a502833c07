package bot

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

func TestMentionIsAnsweredInItsThread(t *testing.T) {
	s := open(t, workspace.Options{}, func(o *Options) { o.ProgressAfter = time.Millisecond }).connected()
	release := make(chan struct{})
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		<-release
		return blocked(q)
	})
	asked, err := s.Say(dana, ops, "", "@acmbot why does shop.example.com not renew?")
	if err != nil {
		t.Fatal(err)
	}
	progress := s.sees("Checking")
	close(release)
	m := s.sees("_token.shop.example.com")
	if m.TS != progress.TS {
		t.Error("the answer is another message than the progress, not an update of it")
	}
	if m.ThreadTS != asked.TS || m.Ephemeral {
		t.Errorf("the answer is not in the thread for all: %+v", m)
	}
	if strings.Contains(m.Words(), "Share to channel") {
		t.Error("an answer that all see offers to be shared")
	}
}

func TestMentionInAThreadStaysThere(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	root, err := s.Say(lee, ops, "", "something is wrong with our shop")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Say(dana, ops, root.TS, "@acmbot shop.example.com"); err != nil {
		t.Fatal(err)
	}
	if m := s.sees("_token.shop.example.com"); m.ThreadTS != root.TS {
		t.Errorf("the answer is in thread %q, not %q", m.ThreadTS, root.TS)
	}
}

func TestMentionWithoutANameTeaches(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	for text, want := range map[string]string{
		"@acmbot":                     "Name a domain.",
		"@acmbot help me":             "Name a domain.",
		"@acmbot hello e.g. you v1.2": "There is no domain name",
	} {
		if _, err := s.Say(dana, ops, "", text); err != nil {
			t.Fatal(err)
		}
		s.sees(want)
	}
}

func TestMentionWithManyNames(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	said, err := s.Say(dana, ops, "", "@acmbot a.example.com b.example.com, c.example.com and d.example.com please")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool {
		return m.App && m.ThreadTS == said.TS && strings.Count(m.Words(), "Full answer") == 4
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(m.Words(), "Renewal blocked, 12 days left"); n != 4 || m.Ephemeral {
		t.Errorf("answered with\n%s", m.Words())
	}
	s.click(dana, m, view.ActionAsk+":3")
	if full := s.sees("_token.d.example.com"); full.Ephemeral || full.ThreadTS != said.TS {
		t.Errorf("the full answer is not in the thread for all: %+v", full)
	}
	replies := 0
	for _, r := range s.Messages(ops, dana) {
		if r.App && r.ThreadTS == said.TS {
			replies++
		}
	}
	if replies != 2 {
		t.Errorf("%d replies in the thread, want the short answers and one full one", replies)
	}
}

func TestDirectMessageIsAnswered(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	said, err := s.Say(dana, "@acmbot", "", "shop.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if m := s.sees("_token.shop.example.com"); m.Channel != said.Channel || m.ThreadTS != said.TS {
		t.Errorf("answered in %s, thread %s", m.Channel, m.ThreadTS)
	}
	// Its own messages come back as events; none of them may be answered.
	if _, err := s.Say(dana, "@acmbot", "", "other.example.com"); err != nil {
		t.Fatal(err)
	}
	s.sees("_token.other.example.com")
	if n := len(s.doctor.questions()); n != 2 {
		t.Errorf("the doctor was asked %d times: %q", n, s.doctor.questions())
	}
}

func TestSubjects(t *testing.T) {
	const id = "0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21"
	const arn = "arn:aws:acm:eu-west-1:111122223333:certificate/" + id
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "<@U1> hello", nil},
		{"a link", "<@U1> why <http://shop.example.com|shop.example.com>?", []string{"shop.example.com"}},
		{"a link to a page", "see <https://shop.example.com/cart?a=b&amp;c=d>", []string{"shop.example.com"}},
		{"a wildcard of which Slack links a part", "<@U1> *.<http://example.com|example.com>", []string{"*.example.com"}},
		{"a bare wildcard", "<@U1> *.example.internal", []string{"*.example.internal"}},
		{"bare words", "shop.example.com, (www.example.com) `api.example.com`.", []string{"shop.example.com", "www.example.com", "api.example.com"}},
		{"words beside links", "<http://shop.example.com|shop.example.com> see report.pdf", []string{"shop.example.com"}},
		{"no names", "e.g. v1.2.3 i.e. 1.5 ... etc.", nil},
		{"mentions", "<@U1> <#C1|general.chat> <!here> <!subteam^S1|@on.call>", nil},
		{"mail beside a name", "<mailto:ops@example.org|ops@example.org> asks about <http://shop.example.com|shop.example.com>", []string{"shop.example.com"}},
		{"mail alone", "<mailto:ops@example.org|ops@example.org>", []string{"example.org"}},
		{"an ARN", "<@U1> " + arn + " please", []string{arn}},
		{"an id", "certificate " + id, []string{id}},
		{"the console", "<https://eu-west-1.console.aws.amazon.com/acm/home?region=eu-west-1#/certificates/" + id + ">", []string{id}},
		{"twice", "shop.example.com SHOP.example.com.", []string{"shop.example.com"}},
		{"an address", "192.0.2.1 and <http://192.0.2.2>", nil},
	} {
		got := queryTexts(subjects(diagnose.ParseQuery, tc.text))
		if strings.Join(got, " ") != strings.Join(tc.want, " ") {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
