package watch

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/diagnose"
)

// A book is a Teller that notes what it is told to post.
type book struct {
	mu     sync.Mutex
	told   []News
	cards  int
	ticks  int
	places []Place
	fail   error
}

func (b *book) Locate(_ context.Context, w Watch) (string, error) { return "D" + w.Place.User, nil }

func (b *book) Tell(_ context.Context, w Watch, _ bool) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.places = append(b.places, w.Place)
	if b.fail != nil && !w.Place.Direct() {
		return "", b.fail
	}
	b.told = append(b.told, w.Notice.News)
	return "2.0", nil
}

func (b *book) Card(_ context.Context, w Watch, _ bool) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cards++
	return "1.0", nil
}

func (b *book) Tick(context.Context, Watch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ticks++
	return nil
}

func answer(r *diagnose.Report) func(context.Context, string) (diagnose.Answer, error) {
	return func(context.Context, string) (diagnose.Answer, error) {
		if r == nil {
			return diagnose.Answer{Scope: diagnose.Scope{Places: []diagnose.Place{{Account: "1", Region: "eu-west-1"}}}}, nil
		}
		return diagnose.Answer{Reports: []diagnose.Report{*r}}, nil
	}
}

func reportAt(v diagnose.Verdict, days int) *diagnose.Report {
	s := seen(v, days)
	return &diagnose.Report{Verdict: v, State: s.State, Certificate: diagnose.Certificate{ARN: "arn", NotAfter: s.NotAfter}}
}

func thread() Request {
	return Request{ARN: "arn", Query: "shop.example.com", User: "U1", Place: Place{Channel: "C1", Thread: "1.0", Message: "1.1"}, Seen: seen(diagnose.VerdictBlocked, 20)}
}

// Several replicas tell each thing once.
func TestReplicasTellOnce(t *testing.T) {
	now := start
	store := memory.New(func() time.Time { return now })
	if _, err := Start(t.Context(), store, thread(), now); err != nil {
		t.Fatal(err)
	}
	now = start.Add(time.Hour)
	b := &book{}
	var wg sync.WaitGroup
	for range 8 {
		k := &Keeper{Store: store, Now: func() time.Time { return now }, Teller: b, Ask: answer(reportAt(diagnose.VerdictHealthy, 198))}
		wg.Go(func() {
			for range 20 {
				if err := k.Pass(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(b.told) != 1 || b.told[0] != NewsRenewed || b.ticks != 1 {
		t.Errorf("told %v, %d ticks", b.told, b.ticks)
	}
	for _, err := range store.List(t.Context(), Kind, "") {
		t.Errorf("still watched: %v", err)
	}
}

func TestClosedPlaceBecomesADirectMessage(t *testing.T) {
	now := start
	store := memory.New(func() time.Time { return now })
	if _, err := Start(t.Context(), store, thread(), now); err != nil {
		t.Fatal(err)
	}
	now = start.Add(time.Hour)
	b := &book{fail: ErrNowhere}
	k := &Keeper{Store: store, Now: func() time.Time { return now }, Teller: b, Ask: answer(reportAt(diagnose.VerdictHealthy, 198))}
	if err := k.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(b.told) != 1 || len(b.places) != 2 || b.places[1].Channel != "DU1" {
		t.Errorf("told %v in %+v", b.told, b.places)
	}
}

// All who watch are told where their thread takes no messages any more, each once.
func TestClosedPlaceBecomesADirectMessageToEach(t *testing.T) {
	now := start
	store := memory.New(func() time.Time { return now })
	for _, user := range []string{"U1", "U2", "U3"} {
		r := thread()
		r.User = user
		if _, err := Start(t.Context(), store, r, now); err != nil {
			t.Fatal(err)
		}
	}
	now = start.Add(time.Hour)
	own := thread() // U3 watches it for themselves as well, and is told by that
	own.User, own.Place = "U3", Place{User: "U3"}
	if _, err := Start(t.Context(), store, own, now); err != nil {
		t.Fatal(err)
	}
	b := &book{fail: ErrNowhere}
	k := &Keeper{Store: store, Now: func() time.Time { return now }, Teller: b, Ask: answer(reportAt(diagnose.VerdictHealthy, 198))}
	for range 3 {
		if err := k.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(15 * time.Minute)
	}
	to := map[string]int{}
	for _, p := range b.places {
		if p.Direct() {
			to[p.User]++
		}
	}
	if diff := cmp.Diff(map[string]int{"U1": 1, "U2": 1, "U3": 1}, to); diff != "" {
		t.Errorf("who was told (-want +got):\n%s", diff)
	}
	for _, err := range store.List(t.Context(), Kind, "") {
		t.Errorf("still watched: %v", err)
	}
}

func TestRefusedNewsWaitAndAreNotLost(t *testing.T) {
	now := start
	store := memory.New(func() time.Time { return now })
	if _, err := Start(t.Context(), store, thread(), now); err != nil {
		t.Fatal(err)
	}
	now = start.Add(time.Hour)
	b := &book{fail: errors.New("busy")}
	k := &Keeper{Store: store, Now: func() time.Time { return now }, Teller: b, Ask: answer(reportAt(diagnose.VerdictHealthy, 198))}
	for range 3 {
		if err := k.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.places) != 1 {
		t.Errorf("tried %d times at once", len(b.places))
	}
	b.fail = nil
	now = now.Add(2 * time.Minute)
	if err := k.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(b.told) != 1 {
		t.Errorf("told %v", b.told)
	}
}

func TestWatchEndsWithItsTime(t *testing.T) {
	now := start
	store := memory.New(func() time.Time { return now })
	r := thread()
	r.Seen = seen(diagnose.VerdictBlocked, 50)
	if _, err := Start(t.Context(), store, r, now); err != nil {
		t.Fatal(err)
	}
	b := &book{}
	k := &Keeper{Store: store, Now: func() time.Time { return now }, Teller: b, Ask: answer(reportAt(diagnose.VerdictBlocked, 50))}
	for _, at := range []time.Duration{Lasts - 4*time.Hour, Lasts - time.Hour, Lasts + 4*time.Hour} {
		now = start.Add(at)
		if err := k.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.told) != 1 || b.told[0] != NewsTime || b.ticks != 0 {
		t.Errorf("told %v", b.told)
	}
}

func TestStartTwiceIsOnce(t *testing.T) {
	store := memory.New(func() time.Time { return start })
	first, err := Start(t.Context(), store, thread(), start)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Start(t.Context(), store, thread(), start.Add(time.Minute))
	if err != nil || !again.Since.Equal(first.Since) || len(again.Users) != 1 {
		t.Errorf("started again: %+v, %v", again, err)
	}
	r := thread()
	r.User, r.Fixed, r.Quiet = "U2", true, true
	both, err := Start(t.Context(), store, r, start.Add(time.Hour))
	if err != nil || len(both.Users) != 2 || !both.Due.Equal(start.Add(time.Hour+afterFix)) {
		t.Errorf("joined: %+v, %v", both, err)
	}
	if _, was, err := Leave(t.Context(), store, both.ID, "U3"); was || err != nil {
		t.Errorf("a stranger left: %v, %v", was, err)
	}
	if w, was, err := Leave(t.Context(), store, both.ID, "U1"); !was || w.Over != "" || err != nil {
		t.Errorf("the first left: %+v, %v", w, err)
	}
	if w, _, err := Leave(t.Context(), store, both.ID, "U2"); w.Over != EndLeft || err != nil {
		t.Errorf("the last left: %+v, %v", w, err)
	}
	if _, err := Start(t.Context(), store, Request{}, start); !errors.Is(err, ErrNothing) {
		t.Errorf("nothing to watch: %v", err)
	}
}

// However the clock leaps, a watch goes on, and tells of the renewal once.
func TestWatchOutlivesLeapsOfTheClock(t *testing.T) {
	const day = 24 * time.Hour
	leaps := []time.Duration{
		time.Minute, time.Hour, 5 * time.Hour, 3 * day, 40 * day, 400 * day, 4000 * day,
		-time.Minute, -time.Hour, -5 * time.Hour, -3 * day, -40 * day, -400 * day, -4000 * day,
	}
	looks := 0
	for _, leap := range leaps {
		for _, back := range []bool{true, false} { // whether the clock is put right again
			if leap >= Lasts && !back {
				continue // then its time is over
			}
			now := start
			store := memory.New(func() time.Time { return now })
			r := thread()
			r.Seen = seen(diagnose.VerdictBlocked, 5000) // no number of days to tell of
			if _, err := Start(t.Context(), store, r, now); err != nil {
				t.Fatal(err)
			}
			b := &book{}
			asked := 0
			report := reportAt(diagnose.VerdictBlocked, 5000)
			k := &Keeper{Store: store, Now: func() time.Time { return now }, Teller: b, Ask: func(context.Context, string) (diagnose.Answer, error) {
				asked++
				return diagnose.Answer{Reports: []diagnose.Report{*report}}, nil
			}}
			pass := func(times int, every time.Duration) {
				for range times {
					now = now.Add(every)
					if err := k.Pass(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			pass(3, time.Hour)
			now = now.Add(leap)
			pass(3, time.Minute)
			if back {
				now = now.Add(-leap)
			}
			before := asked
			pass(13, time.Hour) // longer than any wait is
			if asked == before {
				t.Errorf("leap %v, put right %v: it is not looked at any more", leap, back)
			}
			report = reportAt(diagnose.VerdictHealthy, 6000)
			pass(8, time.Hour)
			if len(b.told) != 1 || b.told[0] != NewsRenewed {
				t.Errorf("leap %v, put right %v: told %v, want the renewal alone", leap, back, b.told)
			}
			looks += asked
		}
	}
	t.Logf("%d leaps of up to eleven years, %d looks, no watch ended and each renewal told once", len(leaps), looks)
}
