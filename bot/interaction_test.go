package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

func answers(f func(diagnose.Query) diagnose.Answer) func(context.Context, diagnose.Query, func(diagnose.Progress)) diagnose.Answer {
	return func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer { return f(q) }
}

func TestRecheckReplacesTheAnswerAndSaysWhatChanged(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, ops, "shop.example.com")
	m := s.sees("_token.shop.example.com")
	s.click(dana, m, view.ActionRecheck)
	again := s.sees("Nothing has changed")
	if again.TS != m.TS {
		t.Error("the answer was not replaced in place")
	}
	s.doctor.becomes(answers(healthy))
	s.click(dana, again, view.ActionRecheck)
	fixed := s.sees("no longer so: validation CNAME missing from DNS")
	if fixed.TS != m.TS || !strings.Contains(fixed.Words(), "Healthy") {
		t.Errorf("not replaced, or not by the new verdict:\n%s", fixed.Words())
	}
	if n := len(s.apps(dana)); n != 1 {
		t.Errorf("%d messages, want one", n)
	}
}

func TestEvidenceOpensAndTurnsItsPages(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.doctor.becomes(answers(func(q diagnose.Query) diagnose.Answer {
		a := blocked(q)
		for i := range 200 {
			a.Reports[0].Names = append(a.Reports[0].Names, diagnose.NameState{Name: fmt.Sprintf("n%03d.%s", i, strings.Repeat("long.", 20)+"example.com"), OK: true})
		}
		return a
	}))
	s.slash(dana, ops, "shop.example.com")
	m := s.sees("_token.shop.example.com")
	s.click(dana, m, view.ActionEvidence)
	v := s.modal("Page 1 of ")
	s.click(dana, v, view.ActionPage)
	v = s.modal("Page 2 of ")
	s.click(dana, v, "Previous page")
	s.modal("Page 1 of ")
	if n := s.doctor.times("shop.example.com"); n != 1 {
		t.Errorf("diagnosed %d times; the evidence is that of the answer shown", n)
	}
}

// modal waits for a modal of dana's with a text in it.
func (s *stage) modal(text string) workspace.View {
	s.t.Helper()
	v, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(string(v.Blocks), text) })
	if err != nil {
		s.t.Fatalf("no modal with %q: %v", text, err)
	}
	return v
}

// Another replica, or this one after a restart, has nothing in memory.
func TestButtonsWorkInAnotherReplica(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, ops, "shop.example.com")
	m := s.sees("_token.shop.example.com")
	s.bot.flights.mu.Lock()
	clear(s.bot.flights.kept)
	s.bot.flights.mu.Unlock()

	release := make(chan struct{})
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		<-release
		return blocked(q)
	})
	s.click(dana, m, view.ActionEvidence)
	s.modal("Gathering the evidence")
	close(release)
	s.modal("What ACM says")
	if n := s.doctor.times("shop.example.com"); n != 2 {
		t.Errorf("diagnosed %d times, want 2", n)
	}
}

func TestShareInAChannelOfTheBots(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, ops, "shop.example.com")
	s.click(dana, s.sees("_token.shop.example.com"), view.ActionShare)
	m := s.sees("Shared by <@")
	if m.Ephemeral {
		t.Error("shared with nobody")
	}
	s.until(func() bool { return len(s.CallsOf("chat.postMessage")) == 1 }) // the bot's own message
	if strings.Contains(m.Words(), "Share to channel") {
		t.Error("a shared answer offers to be shared")
	}
	// Anybody can re-check it, for all to see.
	s.doctor.becomes(answers(healthy))
	s.click(lee, m, view.ActionRecheck)
	again := s.sees("no longer so")
	if again.TS != m.TS || again.Ephemeral || !strings.Contains(again.Words(), "Shared by <@") {
		t.Errorf("re-checked into %+v", again)
	}
}

func TestShareWhereTheBotIsNot(t *testing.T) {
	for where, channels := range map[string][]string{"#platform": nil, "#cert-incidents": {access.Internal, access.Shared}} {
		s := open(t, workspace.Options{}, func(o *Options) { o.Access.Policy.Channels = channels }).connected()
		s.slash(dana, where, "shop.example.com")
		id, err := s.ChannelID(dana, where)
		if err != nil {
			t.Fatal(err)
		}
		in := func(text string, ephemeral bool) func(workspace.Message) bool {
			return func(m workspace.Message) bool {
				return m.Channel == id && m.Ephemeral == ephemeral && strings.Contains(m.Words(), text)
			}
		}
		m, err := s.WaitMessage(s.ctx(), in("_token.shop.example.com", true))
		if err != nil {
			t.Fatal(err)
		}
		s.click(dana, m, view.ActionShare)
		if _, err := s.WaitMessage(s.ctx(), in("Shared by <@", false)); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
}

// Nothing is posted where it cannot be known who would see it.
func TestShareInAPrivateChannelThatTheBotIsNotIn(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, "#cert-incidents", "shop.example.com")
	s.click(dana, s.sees("_token.shop.example.com"), view.ActionShare)
	if m := s.sees("I cannot see who is in this conversation"); !m.Ephemeral {
		t.Error("everybody is told")
	}
	for _, c := range s.CallsOf("response_url") {
		if c.Arg("response_type") == "in_channel" {
			t.Errorf("posted: %v", c.Args)
		}
	}
}

func TestShareThatFailsSaysHow(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, "#platform", "shop.example.com")
	m := s.sees("_token.shop.example.com")
	s.Fail("response_url", workspace.Fault{Status: 404, Times: 1})
	s.click(dana, m, view.ActionShare)
	s.sees("/invite")
}

func TestSpentResponseURLBecomesADirectMessage(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.Fail("response_url", workspace.Fault{Status: 404})
	s.slash(dana, "#platform", "shop.example.com")
	m := s.sees("_token.shop.example.com")
	direct, err := s.ChannelID(dana, "@acmbot")
	if err != nil {
		t.Fatal(err)
	}
	if m.Channel != direct {
		t.Errorf("answered in %s, not in the direct message %s", m.Channel, direct)
	}
}

func TestResponseURLIsTriedAgain(t *testing.T) {
	for name, fault := range map[string]workspace.Fault{
		"busy": {RetryAfter: time.Second, Times: 1}, "down": {Status: 503, Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, workspace.Options{}).connected()
			s.Fail("response_url", fault)
			s.slash(dana, ops, "shop.example.com")
			if m := s.sees("_token.shop.example.com"); !m.Ephemeral {
				t.Error("answered another way")
			}
		})
	}
}

func TestWebAPIIsTriedAgain(t *testing.T) {
	for name, fault := range map[string]workspace.Fault{
		"busy": {RetryAfter: time.Second, Times: 1}, "down": {Status: 503, Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, workspace.Options{}).connected()
			s.Fail("chat.postMessage", fault)
			if _, err := s.Say(dana, ops, "", "@acmbot shop.example.com"); err != nil {
				t.Fatal(err)
			}
			s.sees("_token.shop.example.com")
		})
	}
}

func TestRefusedBlocksBecomeText(t *testing.T) {
	for _, method := range []string{"chat.postMessage", "response_url"} {
		t.Run(method, func(t *testing.T) {
			s := open(t, workspace.Options{}).connected()
			s.Fail(method, workspace.Fault{Error: "invalid_blocks", Times: 1})
			if method == "response_url" {
				s.slash(dana, ops, "shop.example.com")
			} else if _, err := s.Say(dana, ops, "", "@acmbot shop.example.com"); err != nil {
				t.Fatal(err)
			}
			m := s.sees("_token.shop.example.com")
			if string(m.Blocks) != "[]" {
				t.Errorf("blocks all the same: %s", m.Blocks)
			}
		})
	}
}

func TestMissingScopeIsNamed(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, ops, "shop.example.com")
	m := s.sees("_token.shop.example.com")
	s.Fail("views.open", workspace.Fault{Error: "missing_scope", Times: 1})
	s.click(dana, m, view.ActionEvidence)
	s.sees("The app lacks")
}

func TestConsoleLinkIsOnlyAcknowledged(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, ops, "shop.example.com")
	m := s.sees("_token.shop.example.com")
	s.click(dana, m, view.ActionConsole)
	if n := len(s.apps(dana)); n != 1 {
		t.Errorf("%d messages, want one", n)
	}
}

func TestShortcut(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	for _, tc := range []struct{ text, want string }{
		{"the certificate of shop.example.com expires soon", "_token.shop.example.com"},
		{"a.example.com and b.example.com are red", "Which one?"},
		{"nothing to see here", "There is no domain name"},
	} {
		said, err := s.Say(lee, "#platform", "", tc.text)
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.MessageShortcut(dana, view.CallbackMessage, said)
		if err != nil {
			t.Fatal(err)
		}
		s.acked(d)
		m := s.sees(tc.want)
		if !m.Ephemeral {
			t.Errorf("%q: all see the answer", tc.text)
		}
		if tc.want == "Which one?" {
			s.click(dana, m, "b.example.com")
			if m := s.sees("_token.b.example.com"); !m.Ephemeral {
				t.Error("all see the picked answer")
			}
		}
	}
}

func TestShortcutReadsAlertsOfOtherApps(t *testing.T) {
	raw := `{"type":"message","text":"","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"<https://shop.example.com/|down>"}}],
	 "attachments":[{"id":1,"title":"Certificate","text":"api.example.com","fields":[{"title":"Host","value":"www.example.com"}],"blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"link","url":"https://cdn.example.com/x"}]}]}]}]}`
	var m slack.Message
	if err := json.Unmarshal([]byte(raw), &m); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(queryTexts(subjects(diagnose.ParseQuery, messageText(m))), " ")
	for _, want := range []string{"shop.example.com", "cdn.example.com"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestHomeTellsTheTruth(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	if err := s.OpenHome(dana); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WaitHome(s.ctx(), dana, func(v workspace.View) bool {
		return strings.Contains(string(v.Blocks), "1 of 1 connections to Slack are open") && strings.Contains(string(v.Blocks), "/acm why shop.example.com")
	}); err != nil {
		t.Error(err)
	}
}

func TestPanicsEndInAnApology(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.doctor.becomes(func(context.Context, diagnose.Query, func(diagnose.Progress)) diagnose.Answer { panic("secret detail") })
	s.slash(dana, ops, "shop.example.com")
	m := s.sees("Something went wrong on my side")
	if strings.Contains(m.Words(), "secret detail") || !strings.Contains(m.Words(), "Request `") {
		t.Errorf("an apology without an id, or with a detail:\n%s", m.Words())
	}
	_, id, _ := strings.Cut(m.Words(), "Request `")
	id, _, _ = strings.Cut(id, "`")
	if !strings.Contains(s.log.String(), "request="+id) {
		t.Errorf("the log does not know the request %q", id)
	}
	// A handler that panics is no worse, and the bot lives on.
	var n atomic.Int32
	s.bot.opts.Parse = func(text string) (diagnose.Query, error) {
		if n.Add(1) == 1 {
			panic("boom")
		}
		return diagnose.ParseQuery(text)
	}
	s.doctor.becomes(nil)
	s.slash(dana, ops, "why one.example.com")
	s.slash(dana, ops, "why two.example.com")
	s.sees("_token.two.example.com")
	// The two are worked on at the same time.
	s.until(func() bool { return strings.Count(words(s.apps(dana)), "Something went wrong on my side") == 2 })
}

func TestStaleButton(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	api := slack.New(s.BotToken(), slack.OptionAPIURL(s.APIURL()))
	old := slack.NewButtonBlockElement(view.ActionRecheck, `{"v":99,"q":"shop.example.com"}`, slack.NewTextBlockObject(slack.PlainTextType, "Old", false, false))
	gone := slack.NewButtonBlockElement("acm_gone", view.State{Query: "shop.example.com"}.Encode(), slack.NewTextBlockObject(slack.PlainTextType, "Gone", false, false))
	id, err := s.ChannelID(dana, ops)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.PostMessage(id, slack.MsgOptionText("an old answer", false), slack.MsgOptionBlocks(slack.NewActionBlock("", old, gone))); err != nil {
		t.Fatal(err)
	}
	m, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool { return m.Text == "an old answer" })
	if err != nil {
		t.Fatal(err)
	}
	for i, which := range []string{"Old", "Gone"} {
		s.click(dana, m, which)
		s.until(func() bool { return strings.Count(words(s.apps(dana)), "made by another version") == i+1 })
	}
	if len(s.doctor.questions()) != 0 {
		t.Error("diagnosed all the same")
	}
}

func TestBusyIsSaidPolitely(t *testing.T) {
	s := open(t, workspace.Options{}, func(o *Options) { o.Workers, o.QueueLen, o.PerUser = 1, 1, 1 }).connected()
	release := make(chan struct{})
	started := make(chan struct{}, 10)
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		started <- struct{}{}
		<-release
		return blocked(q)
	})
	s.slash(dana, ops, "a.example.com")
	<-started
	s.slash(dana, ops, "b.example.com")
	s.sees("several checks under way already")
	s.slash(lee, ops, "c.example.com") // waits in the queue
	s.slash("sam", ops, "d.example.com")
	s.sees("I am busy")
	close(release)
	s.sees("_token.a.example.com")
	s.sees("_token.c.example.com")
	s.log.has(t, "msg=answered", 2)
	if s.doctor.times("b.example.com")+s.doctor.times("d.example.com") != 0 {
		t.Error("refused questions were asked")
	}
	s.slash(dana, ops, "b.example.com")
	s.sees("_token.b.example.com")
}

func TestSameQuestionIsAskedOnce(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	release := make(chan struct{})
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		<-release
		return blocked(q)
	})
	q := diagnose.Query{Domain: "shop.example.com"}
	first, second, other := s.bot.ask(s.ctx(), q), s.bot.ask(s.ctx(), q), s.bot.ask(s.ctx(), diagnose.Query{Domain: "other.example.com"})
	if first != second || first == other {
		t.Error("the same question is asked twice, or two as one")
	}
	close(release)
	<-first.done
	<-other.done
	if third := s.bot.ask(s.ctx(), q); third == first {
		t.Error("a finished diagnosis answers a new question")
	} else {
		<-third.done
	}
}

func TestDiagnosisThatNeverComesBack(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := open(t, workspace.Options{}, func(o *Options) { o.AnswerTimeout = time.Millisecond; o.Grace = 50 * time.Millisecond }).connected()
	s.bot.late = time.Millisecond
	s.doctor.becomes(func(context.Context, diagnose.Query, func(diagnose.Progress)) diagnose.Answer {
		<-release
		return diagnose.Answer{}
	})
	s.slash(dana, ops, "shop.example.com")
	s.sees("This took too long")
}

func TestLogHoldsNoContents(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, ops, "confidential.example.com")
	m := s.sees("_token.confidential.example.com")
	s.click(dana, m, view.ActionShare)
	s.sees("Shared by")
	if _, err := s.Say(dana, ops, "", "@acmbot confidential.example.com hush"); err != nil {
		t.Fatal(err)
	}
	s.log.has(t, "msg=answered", 3)
	for _, secret := range []string{"confidential", "hush", s.BotToken(), s.AppToken(), "ticket=", "/commands/", "/actions/"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q in it", secret)
		}
	}
}
