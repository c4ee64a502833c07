package watch

import (
	"testing"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

var start = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func seen(v diagnose.Verdict, days int, causes ...diagnose.CauseID) Seen {
	s := Seen{Verdict: v, State: diagnose.StatePending, Causes: causes, NotAfter: start.Add(time.Duration(days)*24*time.Hour + time.Hour)}
	if v == diagnose.VerdictHealthy {
		s.State = diagnose.StateNotDue
	}
	return s
}

func began(s Seen) *Watch {
	w := Request{ARN: "arn", Query: "shop.example.com", User: "U1", Place: Place{User: "U1"}, Seen: s}.fresh(start, Watch{})
	return &w
}

func TestLook(t *testing.T) {
	blocked := seen(diagnose.VerdictBlocked, 20, "cname-missing")
	renewedNow := seen(diagnose.VerdictHealthy, 198)
	unissued := Seen{Verdict: diagnose.VerdictBlocked, State: diagnose.StateNotIssued, Causes: []diagnose.CauseID{"cname-missing"}}
	expired := seen(diagnose.VerdictDown, -1, "cname-missing")
	expired.State = diagnose.StateExpired
	for _, tc := range []struct {
		name   string
		before Seen
		looks  []Seen
		want   News
	}{
		{"nothing new", blocked, []Seen{blocked, blocked}, ""},
		{"under way", blocked, []Seen{seen(diagnose.VerdictWaiting, 20)}, ""},
		{"renewed", blocked, []Seen{renewedNow}, NewsRenewed},
		{"renewed, but something remains", blocked, []Seen{seen(diagnose.VerdictWarning, 198, "served-old")}, NewsRenewed},
		{"issued", unissued, []Seen{seen(diagnose.VerdictHealthy, 198)}, NewsRenewed},
		{"still not issued", unissued, []Seen{unissued}, ""},
		{"in order", seen(diagnose.VerdictWillFail, 100, "cname-missing"), []Seen{seen(diagnose.VerdictHealthy, 100)}, NewsInOrder},
		{"a new cause, seen once", blocked, []Seen{seen(diagnose.VerdictBlocked, 20, "cname-missing", "caa-forbids-amazon")}, ""},
		{"a new cause, seen twice", blocked, []Seen{seen(diagnose.VerdictBlocked, 20, "cname-missing", "caa-forbids-amazon"), seen(diagnose.VerdictBlocked, 20, "caa-forbids-amazon")}, NewsWorse},
		{"a new cause that goes away", blocked, []Seen{seen(diagnose.VerdictBlocked, 20, "servfail"), blocked}, ""},
		{"a graver verdict, seen twice", seen(diagnose.VerdictWarning, 20), []Seen{seen(diagnose.VerdictBlocked, 20), seen(diagnose.VerdictBlocked, 20)}, NewsWorse},
		{"not known is not worse", blocked, []Seen{seen(diagnose.VerdictUnknown, 20, "x"), seen(diagnose.VerdictUnknown, 20, "x")}, ""},
		{"14 days left", blocked, []Seen{seen(diagnose.VerdictBlocked, 14, "cname-missing")}, NewsDays},
		{"13 days left, said already", seen(diagnose.VerdictBlocked, 14, "cname-missing"), []Seen{seen(diagnose.VerdictBlocked, 13, "cname-missing")}, ""},
		{"expired", blocked, []Seen{expired}, NewsExpired},
		{"was expired before", expired, []Seen{expired, expired}, ""},
		{"the first look is the beginning", Seen{}, []Seen{blocked, blocked}, ""},
		{"renewed at the first look", Seen{NotAfter: blocked.NotAfter}, []Seen{renewedNow}, NewsRenewed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := began(tc.before)
			for i, s := range tc.looks {
				w.look(s, start.Add(time.Duration(i+1)*time.Minute), 0)
				if !w.Due.After(w.Looked) {
					t.Error("no next look")
				}
				if i < len(tc.looks)-1 && w.Notice != nil {
					t.Fatalf("told %s too early", w.Notice.News)
				}
			}
			var got News
			if w.Notice != nil {
				got = w.Notice.News
			}
			if got != tc.want {
				t.Errorf("told %q, want %q", got, tc.want)
			}
		})
	}
}

// What was told is not told again, whatever comes and goes.
func TestLookTellsOnce(t *testing.T) {
	w := began(seen(diagnose.VerdictBlocked, 20, "cname-missing"))
	worse := seen(diagnose.VerdictBlocked, 20, "caa-forbids-amazon")
	said := 0
	for i, s := range []Seen{worse, worse, worse, seen(diagnose.VerdictBlocked, 20, "cname-missing"), worse, worse, worse} {
		w.look(s, start.Add(time.Duration(i)*time.Hour), 0)
		if w.Notice != nil {
			said++
			w.Notice, w.Told = nil, w.Told+1
		}
	}
	if said != 1 {
		t.Errorf("told %d times", said)
	}
}

func TestWait(t *testing.T) {
	w := began(seen(diagnose.VerdictBlocked, 20))
	at := start
	var got []time.Duration
	for range 5 {
		w.look(w.Last, at, 0)
		got = append(got, w.Due.Sub(at))
		at = w.Due
	}
	for i, want := range []time.Duration{10 * time.Minute, 30 * time.Minute, time.Hour, time.Hour, time.Hour} {
		if got[i] != want {
			t.Errorf("after look %d: %v, want %v", i+1, got[i], want)
		}
	}
	if d := w.wait(start.Add(3*24*time.Hour), 0); d != calmLook {
		t.Errorf("after three days: %v", d)
	}
	if d := w.wait(start, 1); d != time.Hour+6*time.Minute {
		t.Errorf("with all jitter: %v", d)
	}
	w.Doubt = true
	if d := w.wait(start, 0); d != confirmIn {
		t.Errorf("to confirm: %v", d)
	}
}

func TestMissedCertificate(t *testing.T) {
	w := began(seen(diagnose.VerdictBlocked, 20))
	w.miss(false, start, 0)
	w.miss(true, start.Add(time.Hour), 0)
	if w.Notice != nil || w.Blind != 1 {
		t.Fatalf("told %+v after %d blind looks", w.Notice, w.Blind)
	}
	w.miss(true, start.Add(2*time.Hour), 0)
	if w.Notice == nil || w.Notice.News != NewsGone {
		t.Errorf("told %+v", w.Notice)
	}
}

func TestSnoozeHolds(t *testing.T) {
	w := began(seen(diagnose.VerdictBlocked, 20, "cname-missing"))
	w.Snooze, w.Until = &Nap{By: "U1"}, start.Add(7*24*time.Hour)
	s, ok := snoozeOf(*w, start)
	if !ok {
		t.Fatal("not snoozed")
	}
	for name, tc := range map[string]struct {
		now  Seen
		at   time.Time
		want bool
	}{
		"as before":      {seen(diagnose.VerdictBlocked, 20, "cname-missing"), start, true},
		"better":         {seen(diagnose.VerdictWaiting, 20), start, true},
		"not known":      {seen(diagnose.VerdictUnknown, 20), start, true},
		"graver":         {seen(diagnose.VerdictDown, 20, "cname-missing"), start, false},
		"another cause":  {seen(diagnose.VerdictBlocked, 20, "caa-forbids-amazon"), start, false},
		"14 days left":   {seen(diagnose.VerdictBlocked, 20, "cname-missing"), start.Add(6*24*time.Hour + 2*time.Hour), false},
		"its end":        {seen(diagnose.VerdictBlocked, 40, "cname-missing"), start.Add(7 * 24 * time.Hour), false},
		"just before it": {seen(diagnose.VerdictBlocked, 40, "cname-missing"), start.Add(7*24*time.Hour - 1), true},
	} {
		if got := s.Holds(tc.now, tc.at); got != tc.want {
			t.Errorf("%s: holds %v", name, got)
		}
	}
}
