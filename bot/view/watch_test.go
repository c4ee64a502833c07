package view

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

const nasty = "<!channel> *bold* `code` <@U0ADA> :tada: <https://evil.example|click>"

func sampleWatch() watch.Watch {
	before := watch.Seen{Verdict: diagnose.VerdictBlocked, State: diagnose.StatePending, Causes: []diagnose.CauseID{"cname-missing"}, NotAfter: sampleTime.AddDate(0, 0, 12)}
	return watch.Watch{
		ID: "C0OPS/1.0001/0123456789abcdef", ARN: "arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21",
		Query: "shop.example.com", Name: "shop.example.com", Users: []string{"U0ADA", "U0BOB"},
		Place: watch.Place{Channel: "C0OPS", Thread: "1.0001", Message: "1.0002"},
		Since: sampleTime, Until: sampleTime.Add(watch.Lasts), First: before, Last: before, Looked: sampleTime.Add(10 * time.Minute),
	}
}

func told(news watch.News, now watch.Seen, causes ...diagnose.CauseID) watch.Watch {
	w := sampleWatch()
	w.Notice = &watch.Notice{N: 1, News: news, Before: w.Last, Now: now, Causes: causes, At: sampleTime.Add(time.Hour)}
	return w
}

func snoozedWatch() watch.Watch {
	w := sampleWatch()
	w.Users, w.Snooze = []string{"U0ADA"}, &watch.Nap{By: "U0ADA", Reason: "moves on Friday, see OPS-12"}
	w.Until = sampleTime.AddDate(0, 0, 7)
	return w
}

func watchMessages(t *testing.T) map[string]Message {
	t.Helper()
	still := watch.Seen{Verdict: diagnose.VerdictBlocked, State: diagnose.StatePending, Causes: []diagnose.CauseID{"cname-missing"}, NotAfter: sampleTime.AddDate(0, 0, 7).Add(time.Hour)}
	worse := still
	worse.Verdict, worse.State, worse.Causes = diagnose.VerdictDown, diagnose.StateExpired, []diagnose.CauseID{"cname-missing", "caa-forbids-amazon"}
	better := watch.Seen{Verdict: diagnose.VerdictHealthy, State: diagnose.StateRenewed, NotAfter: sampleTime.AddDate(0, 0, 198)}
	over := sampleWatch()
	over.Over, over.Looked = watch.EndRenewed, time.Time{}
	left := sampleWatch()
	left.Over, left.OverBy = watch.EndLeft, "U0BOB"
	fixed := sampleWatch()
	fixed.Fixed = sampleTime
	woken := told(watch.NewsWorse, worse, "caa-forbids-amazon")
	woken.Snooze, woken.Users, woken.Until = snoozedWatch().Snooze, []string{"U0ADA"}, sampleTime.AddDate(0, 0, 7)
	rung := woken
	rung.Notice = &watch.Notice{News: watch.NewsTime, Now: still, At: sampleTime}
	hostile := snoozedWatch()
	hostile.Name, hostile.Snooze = nasty, &watch.Nap{By: nasty, Reason: nasty, Accepted: true}

	store := memory.New(func() time.Time { return sampleTime })
	snooze, err := watch.Put(t.Context(), store, watch.Request{ARN: "arn", Query: "shop.example.com", Place: watch.Place{User: "U0ADA"}},
		watch.Nap{By: "U0ADA", Reason: "moves on Friday"}, sampleTime.AddDate(0, 0, 7), sampleTime)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Message{
		"watch-card": WatchCard(sampleWatch()), "watch-card-fixed": WatchCard(fixed), "watch-card-over": WatchCard(over), "watch-card-left": WatchCard(left),
		"watch-renewed":  WatchNews(told(watch.NewsRenewed, better)),
		"watch-in-order": WatchNews(told(watch.NewsInOrder, better)),
		"watch-worse":    WatchNews(told(watch.NewsWorse, worse, "caa-forbids-amazon")),
		"watch-days":     WatchNews(told(watch.NewsDays, still)),
		"watch-expired":  WatchNews(told(watch.NewsExpired, worse)),
		"watch-gone":     WatchNews(told(watch.NewsGone, watch.Seen{})),
		"watch-time":     WatchNews(told(watch.NewsTime, still)),
		"watch-list":     Watches([]watch.Watch{sampleWatch()}, []watch.Snooze{snooze}),
		"watch-none":     Watches(nil, nil),
		"snooze-card":    WatchCard(snoozedWatch()),
		"snooze-woken":   WatchNews(woken), "snooze-over": WatchNews(rung),
		"snooze-hostile": WatchCard(hostile),
		"snooze-answer":  Answer(missingOne(), Options{Follow: true, Snooze: &snooze}),
		"watch-answer":   Answer(missingOne(), Options{Follow: true}),
	}
}

func TestWatchGolden(t *testing.T) {
	for name, m := range watchMessages(t) {
		t.Run(name, func(t *testing.T) {
			golden(t, name, goldenOf(m))
			raw, err := json.Marshal(m.Blocks)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range workspace.Lint(raw) {
				t.Error(p)
			}
			if m.Text == "" {
				t.Error("no text for notifications")
			}
		})
	}
}

func TestSnoozeModalGolden(t *testing.T) {
	p := SnoozePlace{
		State: State{Query: "shop.example.com", ARN: sampleWatch().ARN, Verdict: diagnose.VerdictBlocked, NotAfter: sampleTime},
		Place: watch.Place{Channel: "C0OPS", Thread: "1.0001", Message: "1.0002"},
	}
	v := SnoozeModal(p)
	golden(t, "snooze-modal", v)
	lintView(t, "snooze-modal", v)
	back, err := ParseSnoozePlace(v.PrivateMetadata)
	if err != nil || back.State.ARN != p.State.ARN || back.Place != p.Place || !back.State.NotAfter.Equal(sampleTime) {
		t.Errorf("read back as %+v, %v", back, err)
	}
	if _, err := ParseSnoozePlace(`{"s":{"v":9}}`); err == nil {
		t.Error("another version's modal is taken")
	}
}

// Reasons, names and ids come from people: they must ping and format nothing.
func TestSnoozesAndWatchesCannotPing(t *testing.T) {
	w := sampleWatch()
	w.Name, w.Query, w.Users, w.OverBy = nasty, nasty, []string{nasty}, nasty
	w.Snooze = &watch.Nap{By: nasty, Reason: nasty}
	plain := w
	plain.Snooze = nil
	n := told(watch.NewsWorse, watch.Seen{Causes: []diagnose.CauseID{nasty}}, nasty)
	n.Name, n.Users = nasty, []string{nasty}
	over := plain
	over.Over = watch.EndLeft
	for _, m := range []Message{WatchCard(w), WatchCard(plain), WatchCard(over), WatchNews(n), Watches([]watch.Watch{plain}, nil)} {
		raw, err := json.Marshal(m.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		all := marked(t, raw) + m.Text
		for _, bad := range []string{"<!channel", "<@U0ADA", "<https:"} {
			if strings.Contains(all, bad) {
				t.Errorf("%q gets through: %s", bad, all)
			}
		}
	}
}
