package inventory

import (
	"cmp"
	"context"
	"slices"

	"github.com/acmbot/acmbot/diagnose"
)

// List reads what ACM's lists tell of all certificates, in all places: the ones
// that expire first come first.
func (i *Inventory) List(ctx context.Context) ([]diagnose.Listed, diagnose.Scope) {
	accounts, unseen := i.reachable(ctx)
	f := &finder{Inventory: i, claimed: map[string]bool{}}
	f.found.Scope.Unreadable = unseen
	f.places = f.Inventory.places(accounts)
	var list []diagnose.Listed
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
			if !f.claimed[c.ARN] && !f.elsewhere(c, p) {
				f.claimed[c.ARN] = true
				list = append(list, c.Listed)
			}
		}
	})
	f.found.Scope.Certificates = len(list)
	finishScope(&f.found.Scope)
	slices.SortFunc(list, func(a, b diagnose.Listed) int {
		return cmp.Or(a.NotAfter.Compare(b.NotAfter), compareRefs(a.CertificateRef, b.CertificateRef))
	})
	return list, f.found.Scope
}
