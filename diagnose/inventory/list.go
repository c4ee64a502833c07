package inventory

import (
	"context"
	"slices"

	"github.com/acmbot/acmbot/diagnose"
)

// List reads what ACM's lists tell of all certificates, in all places, and
// returns those that keep, which may be nil, wants: the ones that expire first
// come first.
func (i *Inventory) List(ctx context.Context, keep func(*Summary) bool) ([]Summary, diagnose.Scope) {
	accounts, unseen := i.reachable(ctx)
	f := &finder{Inventory: i, claimed: map[string]bool{}}
	f.found.Scope.Unreadable = unseen
	f.places = f.Inventory.places(accounts)
	f.each(ctx, f.places, "", func(ctx context.Context, p place) {
		s, u := f.scan(ctx, p, "")
		if u != nil {
			f.unreadable(*u)
			return
		}
		f.read(p)
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, c := range s.summaries {
			if f.claimed[c.ARN] || f.elsewhere(c, p) {
				continue
			}
			f.claimed[c.ARN] = true
			f.found.Scope.Certificates++
			if keep == nil || keep(&c) {
				f.rest = append(f.rest, c)
			}
		}
	})
	finishScope(&f.found.Scope)
	slices.SortFunc(f.rest, func(a, b Summary) int {
		if n := a.NotAfter.Compare(b.NotAfter); n != 0 {
			return n
		}
		return compareSummaries(a, b)
	})
	return f.rest, f.found.Scope
}
