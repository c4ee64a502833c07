package alert

import (
	"slices"

	"github.com/acmbot/acmbot/bot/watch"
)

// Covers takes over what a watch in an alert's own thread has to tell, where the
// thread tells the same: those who watch are named in it. It reports whether it
// does, and whether the board was changed for that.
func (b *Board) Covers(w *watch.Watch, thresholds []int) (covers, changed bool) {
	n, i, t := w.Notice, b.Incidents[w.ARN], b.ThreadAt(w.Place.Thread)
	if n == nil || w.Snooze != nil || w.Place.Direct() || i == nil || t == nil || t.Wave != nil || i.Thread != t.ID {
		return false, false
	}
	told := false
	switch n.News {
	case watch.NewsRenewed, watch.NewsInOrder, watch.NewsGone:
		told = i.Told.Over
	case watch.NewsExpired:
		told = i.Told.Over || i.Told.Status.rank() >= Expired.rank()
	case watch.NewsDays:
		days, ok := n.Now.Days(n.At)
		m := mark(&days, thresholds)
		if !ok || !i.Open() || m > mark(&days, []int{14, 7, 3, 1}) {
			return false, false // the alert has other thresholds
		}
		told = i.Told.Mark <= m
	default:
		return false, false
	}
	missing := func(named []string) []string {
		return slices.DeleteFunc(slices.Clone(w.Users), func(u string) bool { return slices.Contains(named, u) })
	}
	named := t.Named
	for k := range b.Outbox {
		o := &b.Outbox[k]
		switch {
		case o.Thread != t.ID:
		case o.Final:
			named = o.Users
		default: // it can still name them
			add := missing(o.Users)
			o.Users = append(o.Users, add...)
			return true, len(add) > 0
		}
	}
	if told {
		return len(missing(named)) == 0, false
	}
	add := missing(t.Users)
	t.Users = append(t.Users, add...)
	return true, len(add) > 0
}
