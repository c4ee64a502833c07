package inventory

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/acmbot/acmbot/diagnose"
)

// maxSimilar is how many certificates with a name like the one asked for are
// offered.
const maxSimilar = 5

// similar picks the certificates whose names are closest to a domain that none
// covers: a slip of the keys first, then other names of the same registered
// domain.
func similar(domain string, all []summary) []diagnose.CertificateRef {
	type near struct {
		ref      diagnose.CertificateRef
		distance int
	}
	var list []near
	for _, s := range all {
		best := -1
		for _, name := range s.Names {
			if d, ok := distance(domain, name); ok && (best < 0 || d < best) {
				best = d
			}
		}
		if best >= 0 {
			list = append(list, near{s.CertificateRef, best})
		}
	}
	slices.SortFunc(list, func(a, b near) int {
		return cmp.Or(
			cmp.Compare(a.distance, b.distance),
			cmp.Compare(rank(a.ref), rank(b.ref)),
			b.ref.NotAfter.Compare(a.ref.NotAfter),
			strings.Compare(a.ref.ARN, b.ref.ARN),
		)
	})
	var refs []diagnose.CertificateRef
	for _, n := range list[:min(len(list), maxSimilar)] {
		refs = append(refs, n.ref)
	}
	return refs
}

// rank orders certificates by how much they matter: those in use first, then
// those that are valid.
func rank(c diagnose.CertificateRef) int {
	switch {
	case c.InUse && c.Status == diagnose.StatusIssued:
		return 0
	case c.InUse:
		return 1
	case c.Status == diagnose.StatusIssued:
		return 2
	case c.Status == diagnose.StatusPendingValidation:
		return 3
	}
	return 4
}

// slip is how many slips of the keys still make a name a likely misspelling.
func slip(name string) int { return max(1, min(3, len(name)/6)) }

// siblingDistance ranks names of the same registered domain behind all
// misspellings.
const siblingDistance = 100

// distance is how far a certificate's name is from the one that was asked for;
// not ok where they have nothing to do with each other.
func distance(asked, name string) (int, bool) {
	asked, name = strings.TrimPrefix(asked, "*."), strings.TrimPrefix(name, "*.")
	if d := damerau(asked, name); d <= slip(asked) {
		return d, true
	}
	a, b := registered(asked), registered(name)
	if a != b {
		return 0, false
	}
	// Within a domain, names that share more labels are closer.
	x, y := strings.Split(asked, "."), strings.Split(name, ".")
	shared := 0
	for shared < len(x) && shared < len(y) && x[len(x)-1-shared] == y[len(y)-1-shared] {
		shared++
	}
	return siblingDistance + len(x) + len(y) - 2*shared, true
}

// registered is the registered domain that a name is under, itself where that
// cannot be told.
func registered(name string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return name
	}
	return domain
}

// damerau is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours count one each.
func damerau(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
