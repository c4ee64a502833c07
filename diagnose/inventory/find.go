package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/acm/types"
	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/diagnose"
)

// errEmpty is an answer without what was asked for.
var errEmpty = errors.New("the answer is empty")

// Found is what a question led to.
type Found struct {
	// Certificates are those that match, described; the ones that matter most
	// first: in use, issued, with the longest time to go.
	Certificates []diagnose.Certificate
	// More match too, but were not described because there are too many.
	More []diagnose.CertificateRef
	// Similar are the certificates with the closest names, where none matches.
	Similar []diagnose.CertificateRef
	Scope   diagnose.Scope
}

const (
	// maxPlacesAtOnce bounds the connections; the quotas are each place's own.
	maxPlacesAtOnce = 64
	// maxUndecided is how many certificates with more names than a list shows
	// are described in one place to see whether they match.
	maxUndecided = 100
	// describesAtOnce is for one place.
	describesAtOnce = 4
)

// Find finds the certificates that a question is about: those that cover the
// domain, or the one with the ARN or the id. It calls progress, which may be
// nil, from any goroutine. It reads ACM afresh each time. What could not be
// read is in the scope; Find itself never fails.
func (i *Inventory) Find(ctx context.Context, q diagnose.Query, progress func(diagnose.Progress)) Found {
	accounts, unseen := i.reachable(ctx)
	f := &finder{Inventory: i, query: q, progress: progress, claimed: map[string]bool{}}
	f.found.Scope.Unreadable = unseen
	switch {
	case q.ARN != "":
		f.byARN(ctx, accounts)
	case q.ID != "":
		f.byID(ctx, accounts)
	case q.Domain != "":
		f.byDomain(ctx, accounts)
	}
	return f.finish()
}

// A finder is one Find under way.
type finder struct {
	*Inventory
	query    diagnose.Query
	progress func(diagnose.Progress)
	places   []place

	mu      sync.Mutex
	claimed map[string]bool // by ARN: described here or elsewhere
	found   Found
	rest    []summary // seen, and not a match
}

// each runs a function in every place, each under its own deadline.
func (f *finder) each(ctx context.Context, places []place, stage string, visit func(context.Context, place)) {
	var group errgroup.Group
	group.SetLimit(maxPlacesAtOnce)
	done := 0
	report := func(step int) {
		f.mu.Lock()
		done += step
		now := done
		f.mu.Unlock()
		if f.progress != nil {
			f.progress(diagnose.Progress{Stage: stage, Done: now, Total: len(places)})
		}
	}
	report(0)
	for _, p := range places {
		group.Go(func() error {
			ctx, cancel := f.bounded(ctx)
			defer cancel()
			if f.options.Visiting != nil {
				var done func()
				ctx, done = f.options.Visiting(ctx, p.public())
				defer done()
			}
			visit(ctx, p)
			report(1)
			return nil
		})
	}
	_ = group.Wait()
}

func stage(verb string, places []place) string {
	if len(places) == 1 {
		return verb + " " + places[0].region
	}
	regions := map[string]bool{}
	accounts := map[*account]bool{}
	for _, p := range places {
		regions[p.region], accounts[p.account] = true, true
	}
	if len(accounts) == 1 {
		return fmt.Sprintf("%s %d regions", verb, len(regions))
	}
	return fmt.Sprintf("%s %d accounts", verb, len(accounts))
}

func (f *finder) byDomain(ctx context.Context, accounts []*account) {
	f.places = f.Inventory.places(accounts)
	scans := make(map[place]scan, len(f.places))
	f.each(ctx, f.places, stage("searching", f.places), func(ctx context.Context, p place) {
		s, unseen := f.scan(ctx, p, f.query.Domain)
		if unseen != nil {
			f.unreadable(*unseen)
			return
		}
		f.read(p)
		f.mu.Lock()
		scans[p] = s
		f.mu.Unlock()
		f.take(ctx, p, s)
	})
	if len(f.found.Certificates) > 0 || len(f.found.More) > 0 {
		return
	}
	// Nothing covers the domain, by what the servers' filters let through:
	// look through all, which also tells what is like it.
	var narrow []place
	for _, p := range f.places {
		if s, ok := scans[p]; ok && !s.all {
			narrow = append(narrow, p)
		}
	}
	if len(narrow) == 0 {
		return
	}
	f.each(ctx, narrow, stage("looking through", narrow), func(ctx context.Context, p place) {
		s, unseen := f.scan(ctx, p, "")
		if unseen != nil {
			// The search itself had succeeded; only what is similar is lost.
			return
		}
		f.take(ctx, p, s)
	})
}

// take describes the certificates of a scan that cover the domain, and keeps
// the rest.
func (f *finder) take(ctx context.Context, p place, s scan) {
	var matches, undecided []summary
	f.mu.Lock()
	if s.all {
		f.found.Scope.Certificates += len(s.summaries)
	}
	for _, c := range s.summaries {
		if f.claimed[c.ARN] || f.elsewhere(c, p) {
			continue
		}
		switch {
		case c.covers(f.query.Domain):
			f.claimed[c.ARN] = true
			matches = append(matches, c)
		case !c.complete:
			f.claimed[c.ARN] = true
			undecided = append(undecided, c)
		case s.all:
			f.rest = append(f.rest, c)
		}
	}
	f.mu.Unlock()

	slices.SortStableFunc(matches, compareSummaries)
	if limit := f.options.MaxCertificates; len(matches) > limit {
		for _, c := range matches[limit:] {
			f.add(func(found *Found) { found.More = append(found.More, c.CertificateRef) })
		}
		matches = matches[:limit]
	}
	f.describeAll(ctx, p, matches, nil)

	// The likelier ones first: those with a name of the same domain.
	home := registered(f.query.Domain)
	slices.SortStableFunc(undecided, func(a, b summary) int {
		likely := func(s summary) int {
			if slices.ContainsFunc(s.Names, func(n string) bool { return registered(n) == home }) {
				return 0
			}
			return 1
		}
		return cmp.Compare(likely(a), likely(b))
	})
	left := 0
	if len(undecided) > maxUndecided {
		left = len(undecided) - maxUndecided
		undecided = undecided[:maxUndecided]
	}
	left += f.describeAll(ctx, p, undecided, func(c *diagnose.Certificate) bool { return c.Covers(f.query.Domain) })
	if left > 0 {
		f.add(func(found *Found) {
			found.Scope.Unreadable = append(found.Scope.Unreadable, diagnose.Unseen{
				What: fmt.Sprintf("all names of %d certificates of %s", left, p.where()), Why: diagnose.OverBudget,
				Detail:  "They have more names than ACM's lists show, and there was no time to look at each.",
				Account: p.id, Region: p.region,
			})
		})
	}
}

// elsewhere reports whether a certificate is in another place that is looked
// through as well: a server that ignores regions shows it in all.
func (f *finder) elsewhere(c summary, p place) bool {
	here := c.Region == p.region && (p.id == "" || c.Account == p.id)
	return !here && slices.ContainsFunc(f.places, func(q place) bool { return q.region == c.Region && q.id == c.Account })
}

// describeAll describes certificates and adds those that match, all where that
// is nil. It returns how many could not be decided.
func (f *finder) describeAll(ctx context.Context, p place, list []summary, match func(*diagnose.Certificate) bool) int {
	var group errgroup.Group
	group.SetLimit(describesAtOnce)
	var mu sync.Mutex
	undecided := 0
	for _, s := range list {
		group.Go(func() error {
			c, err := f.describe(ctx, p, s.ARN)
			gone := err != nil && classify(ctx, err) == faultNotFound
			switch {
			case gone:
				// Deleted since it was listed.
			case err != nil && match != nil:
				mu.Lock()
				undecided++
				mu.Unlock()
			case err != nil:
				c = partial(s)
				u := f.unseen(ctx, err, "acm:DescribeCertificate", p)
				u.What = "the certificate's details"
				c.Unseen = append(c.Unseen, u)
				f.add(func(found *Found) { found.Certificates = append(found.Certificates, c) })
			case match != nil && !match(&c):
				s.Names = c.Names
				f.add(func(*Found) { f.rest = append(f.rest, s) })
			default:
				c.Exported = s.exported
				f.add(func(found *Found) { found.Certificates = append(found.Certificates, c) })
			}
			return nil
		})
	}
	_ = group.Wait()
	return undecided
}

func (f *finder) add(change func(*Found)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.found)
}

// read notes a place that was read.
func (f *finder) read(p place) {
	f.add(func(found *Found) { found.Scope.Places = append(found.Scope.Places, p.public()) })
}

// unreadable notes a place that was not.
func (f *finder) unreadable(u diagnose.Unseen) {
	f.add(func(found *Found) { found.Scope.Unreadable = append(found.Scope.Unreadable, u) })
}

func compareSummaries(a, b summary) int { return compareRefs(a.CertificateRef, b.CertificateRef) }

func compareRefs(a, b diagnose.CertificateRef) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), b.NotAfter.Compare(a.NotAfter), strings.Compare(a.ARN, b.ARN))
}

// finish puts everything in order.
func (f *finder) finish() Found {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := &f.found
	slices.SortFunc(found.Certificates, func(a, b diagnose.Certificate) int { return compareRefs(a.Ref(), b.Ref()) })
	if limit := f.options.MaxCertificates; len(found.Certificates) > limit {
		for _, c := range found.Certificates[limit:] {
			found.More = append(found.More, c.Ref())
		}
		found.Certificates = found.Certificates[:limit]
	}
	slices.SortFunc(found.More, compareRefs)
	if len(found.Certificates) == 0 && f.query.Domain != "" {
		found.Similar = similar(f.query.Domain, f.rest)
	}
	finishScope(&found.Scope)
	return *found
}

// finishScope sorts a scope. Where a region does not know credentials that
// other regions of the account know, it says so.
func finishScope(s *diagnose.Scope) {
	slices.SortFunc(s.Places, func(a, b diagnose.Place) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region))
	})
	for n := range s.Unreadable {
		u := &s.Unreadable[n]
		if u.Why != diagnose.AccessDenied || u.Permission != "" || u.Region == "" {
			continue
		}
		if slices.ContainsFunc(s.Places, func(p diagnose.Place) bool { return p.Account == u.Account }) {
			u.Why = diagnose.NotConfigured
			u.Detail = "The region " + u.Region + " does not know credentials that the account's other regions accept: most likely it is not enabled for the account."
		}
	}
	s.Unreadable = compact(s.Unreadable, s.Places)
	slices.SortFunc(s.Unreadable, func(a, b diagnose.Unseen) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region), strings.Compare(a.What, b.What))
	})
}

// compact puts the regions of one account into one entry where all of them
// failed for the same reason.
func compact(list []diagnose.Unseen, read []diagnose.Place) []diagnose.Unseen {
	count := map[string]int{}
	same := map[string]bool{}
	reason := func(u diagnose.Unseen) string { return string(u.Why) + "/" + u.Permission }
	first := map[string]string{}
	for _, u := range list {
		if u.Region == "" {
			continue
		}
		if count[u.Account]++; count[u.Account] == 1 {
			first[u.Account], same[u.Account] = reason(u), true
		}
		same[u.Account] = same[u.Account] && reason(u) == first[u.Account]
	}
	for _, p := range read {
		same[p.Account] = false
	}
	var out []diagnose.Unseen
	done := map[string]bool{}
	for _, u := range list {
		if u.Region == "" || !same[u.Account] || count[u.Account] < 2 {
			out = append(out, u)
			continue
		}
		if !done[u.Account] {
			done[u.Account] = true
			u.What = fmt.Sprintf("the certificates of %s in all %d regions", accountName(u.Account), count[u.Account])
			u.Detail = strings.Replace(u.Detail, " in "+u.Region, "", 1)
			u.Region = ""
			out = append(out, u)
		}
	}
	return out
}

// byARN reads the one certificate in the account and region that its ARN
// names, whether or not that region is configured.
func (f *finder) byARN(ctx context.Context, accounts []*account) {
	arn, ok := parseARN(f.query.ARN)
	if !ok || arn.region == "" {
		return
	}
	speakers := holders(accounts, arn.account)
	// Other accounts cannot hold it: that they could not be read is beside
	// the point. The base credentials' may be any.
	f.found.Scope.Unreadable = slices.DeleteFunc(f.found.Scope.Unreadable, func(u diagnose.Unseen) bool {
		return u.Account != arn.account && (u.Account != "" || len(speakers) > 0)
	})
	if len(speakers) == 0 {
		if len(f.found.Scope.Unreadable) == 0 {
			u := notTold(arn.account)
			u.Region = arn.region
			f.found.Scope.Unreadable = append(f.found.Scope.Unreadable, u)
		}
		return
	}
	for _, a := range speakers {
		f.places = append(f.places, place{account: a, region: arn.region, id: cmp.Or(a.known(), arn.account)})
	}
	f.each(ctx, f.places, "reading the certificate", func(ctx context.Context, p place) { f.one(ctx, p, f.query.ARN) })
}

// byID reads the certificate with the id, which may be in any place.
func (f *finder) byID(ctx context.Context, accounts []*account) {
	f.places = f.Inventory.places(accounts)
	f.each(ctx, f.places, stage("searching", f.places), func(ctx context.Context, p place) {
		if p.id != "" {
			f.one(ctx, p, p.arn("acm", "certificate/"+f.query.ID))
			return
		}
		// Without the account there is no ARN to ask for.
		s, unseen := f.scan(ctx, p, "")
		if unseen != nil {
			f.unreadable(*unseen)
			return
		}
		f.read(p)
		for _, c := range s.summaries {
			if strings.HasSuffix(strings.ToLower(c.ARN), "/"+f.query.ID) && f.claim(c.ARN) {
				f.describeAll(ctx, p, []summary{c}, nil)
			}
		}
	})
}

func (f *finder) claim(arn string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	free := !f.claimed[arn]
	f.claimed[arn] = true
	return free
}

// one describes a certificate by its ARN. Whether it has been exported is told
// by the lists only, so they are asked as well.
func (f *finder) one(ctx context.Context, p place, arn string) {
	c, err := f.describe(ctx, p, arn)
	switch {
	case err == nil:
		f.read(p)
		if !f.claim(c.ARN) {
			return
		}
		c.Exported = f.exported(ctx, p, &c)
		f.add(func(found *Found) { found.Certificates = append(found.Certificates, c) })
	case classify(ctx, err) == faultNotFound:
		f.read(p)
	default:
		u := f.unseen(ctx, err, "acm:DescribeCertificate", p)
		u.What = "the certificates of " + p.where()
		f.unreadable(u)
	}
}

// exported tells whether a certificate has been exported, nil where that could
// not be read.
func (f *finder) exported(ctx context.Context, p place, c *diagnose.Certificate) *bool {
	client := f.client(p.account, p.region).acm
	filter := &types.CertificateFilterStatementMemberFilter{Value: &types.CertificateFilterMemberCertificateArn{Value: c.ARN}}
	var summaries []summary
	err := errEmpty
	if !f.searchless(p) {
		summaries, err = search(ctx, client, p, filter)
	}
	exportable := c.Type == diagnose.TypePrivate || c.ExportOption == "ENABLED"
	if err != nil && exportable && ctx.Err() == nil {
		// Only where it matters is a whole list worth reading.
		summaries, err = list(ctx, client, p)
	}
	if err != nil {
		f.options.Logger.DebugContext(ctx, "asking whether a certificate was exported", "arn", c.ARN, "error", err)
		return nil
	}
	for _, s := range summaries {
		if s.ARN == c.ARN {
			return s.exported
		}
	}
	return nil
}
