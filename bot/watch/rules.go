package watch

import (
	"slices"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

const (
	afterFix  = 2 * time.Minute
	firstLook = 10 * time.Minute
	confirmIn = 2 * time.Minute
	napLook   = 6 * time.Hour
	calm      = 48 * time.Hour
	calmLook  = 3 * time.Hour
)

// steps are the waits after the first looks.
var steps = []time.Duration{10 * time.Minute, 30 * time.Minute, time.Hour}

// wait is how long to wait for the next look. Jitter, from 0 to 1, spreads the
// looks that began together by up to a tenth.
func (w *Watch) wait(now time.Time, jitter float64) time.Duration {
	d := steps[min(max(w.Looks-1, 0), len(steps)-1)]
	began := w.Since
	if w.Fixed.After(began) {
		began = w.Fixed
	}
	switch {
	case w.Doubt:
		d = confirmIn
	case w.Snooze != nil:
		d = napLook
	case now.Sub(began) > calm:
		d = calmLook
	}
	return d + time.Duration(jitter*float64(d)/10)
}

// worse reports whether what is seen now is for the worse.
func (w *Watch) worse(now Seen) bool {
	if now.Verdict == diagnose.VerdictUnknown || now.Verdict == "" || w.Last.Verdict == "" {
		return false
	}
	return rank(now.Verdict) > rank(w.Last.Verdict) || len(fresh(w.Known, now.Causes)) > 0
}

// look takes in what a look showed: it sets what there is to tell, if anything,
// and when to look again. Nothing here reads a clock or a store.
func (w *Watch) look(now Seen, at time.Time, jitter float64) {
	w.Looked, w.Blind = at, 0
	w.Looks++
	before := w.Last
	if before.Verdict == "" { // the first look is the beginning
		known := before.NotAfter
		before = now
		if !known.IsZero() {
			before.NotAfter = known
		}
		w.First, w.Last, w.Known = before, before, slices.Clone(now.Causes)
		w.Mark = min(w.Mark, mark(now, at))
	}
	defer func() { w.Due = at.Add(w.wait(at, jitter)) }()

	switch {
	case renewed(w.First, now):
		w.tell(NewsRenewed, before, now, at)
		return
	case now.State == diagnose.StateExpired && before.State != diagnose.StateExpired && w.First.NotAfter.After(w.Since):
		w.tell(NewsExpired, before, now, at)
		return
	case now.Verdict == diagnose.VerdictHealthy:
		w.tell(NewsInOrder, before, now, at)
		return
	}
	if w.worse(now) {
		if !w.Doubt {
			w.Doubt = true // servers stumble: news of a fault is worth a second look
			return
		}
		w.Doubt = false
		w.tell(NewsWorse, before, now, at)
		w.adopt(now, at)
		return
	}
	w.Doubt = false
	if m := mark(now, at); m < w.Mark {
		w.tell(NewsDays, before, now, at)
	}
	w.adopt(now, at)
}

// adopt makes what is seen now what the next look is compared with. A verdict
// that could not be reached leaves the one before.
func (w *Watch) adopt(now Seen, at time.Time) {
	w.Mark = min(w.Mark, mark(now, at))
	if now.Verdict == diagnose.VerdictUnknown {
		return
	}
	w.Known = append(w.Known, fresh(w.Known, now.Causes)...)
	w.Last = now
}

// miss takes in a look that saw nothing of the certificate. Gone says that
// everything could be read and it is not there.
func (w *Watch) miss(gone bool, at time.Time, jitter float64) {
	w.Looked = at
	w.Looks++
	switch {
	case gone && w.Doubt:
		w.tell(NewsGone, w.Last, Seen{}, at)
	case gone:
		w.Doubt = true
	default:
		w.Blind++
		w.Doubt = false
	}
	w.Due = at.Add(w.wait(at, jitter))
}

// expire ends what has gone on long enough.
func (w *Watch) expire(at time.Time) { w.tell(NewsTime, w.First, w.Last, at) }

// tell notes what there is to tell. Over a snoozed certificate, good news ends
// the snooze without a word.
func (w *Watch) tell(news News, before, now Seen, at time.Time) {
	n := Notice{N: w.Told + 1, News: news, Before: before, Now: now, Causes: fresh(w.Known, now.Causes), At: at}
	if w.Snooze != nil && (news == NewsRenewed || news == NewsInOrder || news == NewsGone) {
		w.Last = now
		w.end(n.end(), "")
		return
	}
	w.Notice = &n
}

// last reports whether nothing comes after the notice.
func (n *Notice) last() bool { return n.News != NewsWorse && n.News != NewsDays }

// ends reports whether a watch ends with the notice. A snooze ends with any.
func (w *Watch) ends(n *Notice) bool { return w.Snooze != nil || n.last() }

// end is the end that a notice makes.
func (n *Notice) end() End {
	switch n.News {
	case NewsRenewed:
		return EndRenewed
	case NewsInOrder:
		return EndInOrder
	case NewsExpired:
		return EndExpired
	case NewsGone:
		return EndGone
	case NewsTime:
		return EndTime
	default:
		return EndWorse
	}
}
