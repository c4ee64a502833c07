package bot

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

// newClock returns a clock that a test turns; it stands at the present.
func newClock() *workspace.ManualClock { return workspace.NewManualClock(time.Now()) }

// keeping gives a bot a store and a clock.
func keeping(clock *workspace.ManualClock, s state.Store) func(*Options) {
	return func(o *Options) { o.Store, o.Now, o.FollowEvery = s, clock.Now, time.Millisecond }
}

// A ward is the state of the certificates under a test's doctor.
type ward struct {
	mu      sync.Mutex
	answer  func(diagnose.Query) diagnose.Answer
	expires time.Time
}

func newWard() *ward {
	return &ward{answer: blocked, expires: time.Now().AddDate(0, 0, 12).Truncate(time.Second)}
}

func (w *ward) becomes(f func(diagnose.Query) diagnose.Answer, expires time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer, w.expires = f, expires
}

func (w *ward) Answer(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.answer(q)
	for i := range a.Reports {
		a.Reports[i].Certificate.NotAfter = w.expires
	}
	return a
}

func (w *ward) renew() {
	w.becomes(func(q diagnose.Query) diagnose.Answer {
		a := healthy(q)
		a.Reports[0].State = diagnose.StateRenewed
		return a
	}, time.Now().AddDate(0, 0, 198).Truncate(time.Second))
}

func forbidden(q diagnose.Query) diagnose.Answer {
	a := blocked(q)
	a.Reports[0].Findings = append(a.Reports[0].Findings, diagnose.Finding{
		Cause: "caa-forbids-amazon", Title: "CAA does not allow Amazon", Severity: diagnose.Blocking, Text: "CAA.",
	})
	return a
}

// watching opens a stage with a store, a clock and a ward.
func watching(t *testing.T) (*stage, *workspace.ManualClock, *ward, state.Store) {
	t.Helper()
	clock, w := newClock(), newWard()
	store := memory.New(clock.Now)
	s := open(t, workspace.Options{}, keeping(clock, store), func(o *Options) { o.Diagnostician = w })
	return s.connected(), clock, w, store
}

func (s *stage) say(user, text string) workspace.Message {
	s.t.Helper()
	m, err := s.Say(user, ops, "", text)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// count counts the messages of the bot's in #ops-certificates with a text.
func (s *stage) count(text string) int {
	n := 0
	for _, m := range s.apps(dana) {
		if strings.Contains(m.Words(), text) {
			n++
		}
	}
	return n
}

// looksAfter turns the clock on and waits until there was another look.
func (s *stage) looksAfter(d time.Duration, clock *workspace.ManualClock, store state.Store) {
	s.t.Helper()
	before := looks(s.t, store)
	clock.Advance(d)
	late := time.Now().Add(patience)
	for looks(s.t, store) == before && s.kept(store) > 0 {
		if time.Now().After(late) {
			s.t.Fatal("nobody looks")
		}
		s.bot.tendSoon()
	}
}

func (s *stage) looksTwice(clock *workspace.ManualClock, store state.Store) {
	s.t.Helper()
	s.looksAfter(2*time.Hour, clock, store)
	s.looksAfter(2*time.Hour, clock, store)
}

func looks(t testing.TB, store state.Store) int {
	n := 0
	for r, err := range state.All[watch.Watch](context.Background(), store, watch.Kind, "") {
		if err != nil {
			t.Fatal(err)
		}
		n += r.Value.Looks
	}
	return n
}

func (s *stage) kept(store state.Store) int {
	n := 0
	for _, err := range store.List(s.ctx(), watch.Kind, "") {
		if err != nil {
			s.t.Fatal(err)
		}
		n++
	}
	return n
}

// ends waits until nothing is watched or snoozed any more.
func (s *stage) ends(store state.Store) {
	s.t.Helper()
	for late := time.Now().Add(patience); s.kept(store) > 0; s.bot.tendSoon() {
		if time.Now().After(late) {
			s.t.Fatal("the watch does not end")
		}
	}
}

func (s *stage) lints() {
	s.t.Helper()
	for _, m := range s.Messages(ops, dana) {
		for _, p := range workspace.Lint(m.Blocks) {
			s.t.Errorf("%s: %s", m.Text, p)
		}
	}
}

func TestWatchTellsTheRenewalInTheThread(t *testing.T) {
	s, clock, w, store := watching(t)
	said := s.say(dana, "@acmbot shop.example.com")
	answer := s.sees("_token.shop.example.com")
	s.click(dana, answer, view.ActionWatch)
	card := s.sees("Watching `shop.example.com` for <@")
	if card.ThreadTS != said.TS || card.Ephemeral {
		t.Errorf("the card is not in the thread: %+v", card)
	}
	s.click(lee, answer, view.ActionWatch)
	s.until(func() bool { return strings.Count(s.sees("Watching").Words(), "<@") == 2 })
	s.looksTwice(clock, store)
	w.renew()
	clock.Advance(2 * time.Hour)
	news := s.sees("has renewed. It is valid until")
	if news.ThreadTS != said.TS || strings.Count(news.Words(), "<@") != 2 {
		t.Errorf("the news are not in the thread, or do not reach both:\n%s", news.Words())
	}
	s.ends(store)
	for _, m := range s.Messages(ops, dana) {
		if m.TS == answer.TS && (len(m.Reactions) != 1 || m.Reactions[0].Name != "white_check_mark") {
			t.Errorf("the answer has the reactions %v", m.Reactions)
		}
	}
	if s.count("I watch it no longer") != 1 || s.count("Watching `") != 0 || s.count("has renewed. It is valid") != 1 {
		t.Errorf("not told once:\n%s", words(s.apps(dana)))
	}
	s.lints()
}

func TestWatchOfAPrivateAnswerTellsInADirectMessage(t *testing.T) {
	s, clock, w, store := watching(t)
	s.slash(dana, "#platform", "shop.example.com")
	s.click(dana, s.sees("_token.shop.example.com"), view.ActionWatch)
	s.sees("I send you a direct message")
	direct, err := s.ChannelID(dana, "@acmbot")
	if err != nil {
		t.Fatal(err)
	}
	if card := s.sees("I tell you here"); card.Channel != direct {
		t.Errorf("the card is in %s", card.Channel)
	}
	s.slash(dana, "#platform", "watches")
	list := s.sees("*Watched*")
	if !strings.Contains(list.Words(), "`shop.example.com`: ⛔ Renewal blocked, 1") {
		t.Errorf("the list:\n%s", list.Words())
	}
	s.looksTwice(clock, store)
	w.renew()
	clock.Advance(4 * time.Hour)
	if news := s.sees("has renewed. It is valid"); news.Channel != direct || news.ThreadTS != "" {
		t.Errorf("told elsewhere: %+v", news)
	}
	s.ends(store)
}

func TestWatchTellsWhatGetsWorseAfterASecondLook(t *testing.T) {
	s, clock, w, store := watching(t)
	s.say(dana, "@acmbot shop.example.com")
	s.click(dana, s.sees("_token.shop.example.com"), view.ActionWatch)
	s.sees("Watching `")
	w.becomes(forbidden, w.expires)
	s.looksAfter(time.Hour, clock, store)
	if s.count("It got worse") != 0 {
		t.Error("told at the first look")
	}
	clock.Advance(3 * time.Minute)
	m := s.sees("It got worse with")
	if !strings.Contains(m.Words(), "CAA") {
		t.Errorf("does not say what is new:\n%s", m.Words())
	}
	s.looksTwice(clock, store)
	if n := s.count("It got worse"); n != 1 {
		t.Errorf("told %d times", n)
	}
	s.click(dana, m, view.ActionUnwatch)
	s.sees("You do not watch `shop.example.com` any more")
	s.ends(store)
	s.until(func() bool { return s.count("Not watched any more") == 1 })
	s.lints()
}

func TestUnwatchIsForThoseWhoWatch(t *testing.T) {
	s, _, _, store := watching(t)
	s.say(dana, "@acmbot shop.example.com")
	s.click(dana, s.sees("_token.shop.example.com"), view.ActionWatch)
	card := s.sees("Watching `")
	s.click(lee, card, view.ActionUnwatch)
	s.sees("You are not among those who watch")
	if s.kept(store) != 1 {
		t.Error("another one's watch was ended")
	}
}

func TestSnooze(t *testing.T) {
	s, clock, w, store := watching(t)
	s.say(dana, "@acmbot shop.example.com")
	answer := s.sees("_token.shop.example.com")
	s.click(dana, answer, view.ActionSnooze)
	s.modal("What is it?")
	for _, p := range workspace.LintView(mustJSON(t, view.SnoozeModal(view.SnoozePlace{State: view.State{Query: "x.example.com", ARN: "arn"}}))) {
		t.Error(p)
	}
	submit := func(values map[string][]string) {
		t.Helper()
		d, err := s.SubmitView(dana, values)
		if err != nil {
			t.Fatal(err)
		}
		s.acked(d)
	}
	submit(map[string][]string{view.SnoozeFor: {view.SnoozeDate}, view.SnoozeReason: {"x"}})
	if _, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool { return v.Errors[view.SnoozeUntil] != "" }); err != nil {
		t.Fatal(err)
	}
	reason := "<!channel> *bold* <https://evil.example|click> @here `x` :tada:"
	submit(map[string][]string{view.SnoozeFor: {"30"}, view.SnoozeReason: {reason}, view.SnoozeKind: {view.SnoozeAccept}})
	card := s.sees("Accepted by <@")
	if card.ThreadTS == "" {
		t.Error("others do not see it")
	}
	for _, bad := range []string{"<!channel>", "<https://evil.example|", `\u003chttps://evil.example|`, `\u003c!channel`, "*bold*"} {
		if strings.Contains(string(card.Blocks), bad) || strings.Contains(card.Text, bad) {
			t.Errorf("the reason formats or pings: %s", card.Text)
		}
	}
	// Others see it in their answers.
	s.slash(lee, ops, "shop.example.com")
	seen := func(text string) workspace.Message {
		t.Helper()
		m, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool { return m.Ephemeral && strings.Contains(m.Words(), text) })
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	seen("Accepted by <@")
	all, err := watch.Snoozes(t.Context(), store, clock.Now())
	if err != nil || len(all) != 1 {
		t.Fatalf("Snoozes: %v, %v", all, err)
	}
	// It wakes early when it gets worse.
	w.becomes(forbidden, w.expires)
	for range 2 {
		s.looksAfter(7*time.Hour, clock, store)
	}
	s.sees("So its snooze ends early")
	s.ends(store)
	s.until(func() bool { return s.count("ended early") == 1 })
	s.lints()
}

func TestUnsnooze(t *testing.T) {
	s, clock, _, store := watching(t)
	s.say(dana, "@acmbot shop.example.com")
	s.click(dana, s.sees("_token.shop.example.com"), view.ActionSnooze)
	s.modal("What is it?")
	d, err := s.SubmitView(dana, map[string][]string{view.SnoozeReason: {"moving on Friday"}})
	if err != nil {
		t.Fatal(err)
	}
	s.acked(d)
	card := s.sees("moving on Friday")
	if err := s.OpenHome(dana); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WaitHome(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(string(v.Blocks), "moving on Friday") }); err != nil {
		t.Error(err)
	}
	s.click(lee, card, view.ActionWake)
	s.sees("The snooze is ended")
	s.ends(store)
	s.until(func() bool { return s.count("Snooze ended by") == 1 })
	if all, err := watch.Snoozes(t.Context(), store, clock.Now()); err != nil || len(all) != 0 {
		t.Errorf("Snoozes: %v, %v", all, err)
	}
}

func mustJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestWithoutAStoreItIsKeptInMemory(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, ops, "shop.example.com")
	s.click(dana, s.sees("_token.shop.example.com"), view.ActionWatch)
	s.sees("Watching `shop.example.com`")
	s.slash(dana, ops, "watches")
	s.sees("👀 `shop.example.com`")
}
