package digest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

const (
	day = 24 * time.Hour
	// aheadWindow is how long before ACM first tries to renew a certificate it
	// is looked at, so that there is time to repair what would fail.
	aheadWindow = 14 * day
	// neverWindow is when a certificate that ACM will not renew is told of: as
	// long before its end as ACM would have started.
	neverWindow = 45 * day
	// expiredWindow is how long an expired certificate that is in use is told
	// of.
	expiredWindow = 30 * day
	// sunsetWindow is how long before the end of e-mail validation its
	// certificates are told of.
	sunsetWindow = 180 * day
	// waveSize is how many certificates with one cause are told of as one.
	waveSize = 5
	// foldFrom is how many entries are more than can be taken in; then
	// certificates with one cause and one owner are told of as one as well.
	foldFrom = 12
	// timelineWeeks is how far the timeline goes.
	timelineWeeks = 9
)

// emailRenewalsEnd is when ACM stops renewing by e-mail ("AWS Certificate
// Manager will discontinue email validation", AWS Security Blog,
// https://aws.amazon.com/blogs/security/aws-certificate-manager-will-discontinue-email-validation-to-prove-domain-validation-for-certificates/).
var emailRenewalsEnd = time.Date(2027, time.September, 30, 0, 0, 0, 0, time.UTC)

// Imported is the cause of certificates that ACM does not renew since they come
// from elsewhere.
const Imported diagnose.CauseID = "imported"

// An Item is one certificate that needs somebody, in short.
type Item struct {
	ARN      string           `json:"arn"`
	Domain   string           `json:"domain"`
	Account  string           `json:"account,omitempty"`
	Region   string           `json:"region,omitempty"`
	NotAfter time.Time        `json:"not_after,omitzero"`
	Starts   time.Time        `json:"renewal_starts,omitzero"`
	DaysLeft *int             `json:"days_left,omitempty"`
	InUse    bool             `json:"in_use"`
	State    diagnose.State   `json:"state"`
	Verdict  diagnose.Verdict `json:"verdict"`
	Cause    diagnose.CauseID `json:"cause,omitempty"`
	// Title is the cause in half a sentence, Fix the way out in one line; both
	// may hold code spans in backquotes.
	Title string         `json:"title,omitempty"`
	Fix   string         `json:"fix,omitempty"`
	Owner diagnose.Owner `json:"owner,omitempty"`
	Zone  string         `json:"zone,omitempty"`
	Group string         `json:"group,omitempty"` // the user group to mention at thresholds
	// Email says that it is validated by e-mail.
	Email bool `json:"email,omitempty"`
	// New says that the last digest did not have it.
	New bool `json:"new,omitempty"`
}

// An Entry is a line of a digest: one certificate, or a wave of those with the
// same cause.
type Entry struct {
	Cause diagnose.CauseID `json:"cause,omitempty"`
	Title string           `json:"title,omitempty"`
	Fix   string           `json:"fix,omitempty"`
	Owner diagnose.Owner   `json:"owner,omitempty"`
	Zone  string           `json:"zone,omitempty"`
	// Items holds the certificates, the one that hurts first in front. Of a
	// wave in one zone they have the same cause there; without a zone, only
	// the cause and who can fix it.
	Items []Item `json:"items"`
}

// A Resolved is a certificate that the last digest had and that is well, or
// gone, now.
type Resolved struct {
	ARN      string    `json:"arn"`
	Domain   string    `json:"domain"`
	NotAfter time.Time `json:"not_after,omitzero"` // as it is now; zero where it is gone
	// Renewed says that it is valid for longer now; Gone, that ACM has it no
	// more. Neither where the trouble has gone away by itself.
	Renewed bool `json:"renewed,omitempty"`
	Gone    bool `json:"gone,omitempty"`
}

// A Snoozed is a certificate that somebody does not want to hear of for a
// while.
type Snoozed struct {
	Item
	Until  time.Time `json:"until"`
	By     string    `json:"by,omitempty"` // a user's id
	Reason string    `json:"reason,omitempty"`
}

// A Week is how many certificates end in one week.
type Week struct {
	Starts time.Time `json:"starts"`
	// Ending counts the certificates in use that end then if they are not
	// renewed, Trouble those of them that will not be.
	Ending  int `json:"ending"`
	Trouble int `json:"trouble"`
}

// A Digest is what one channel is told on one day.
type Digest struct {
	Channel string    `json:"channel,omitempty"`
	Date    Date      `json:"date"`
	At      time.Time `json:"at"`
	// Late is how long after it was due it is made; zero where that is in
	// time.
	Late time.Duration `json:"late,omitempty"`
	// Certificates is how many certificates it is about, Under how many of them
	// ACM renews by itself now.
	Certificates int `json:"certificates"`
	Under        int `json:"renewing"`
	// Entries are those in trouble, and Ahead those that will be when their
	// renewal starts; the one that hurts first in front.
	Entries []Entry `json:"entries"`
	Ahead   []Entry `json:"ahead"`
	// Email are certificates validated by e-mail, which ends.
	Email []Item `json:"email,omitempty"`
	// EmailEnds is when ACM stops to renew those.
	EmailEnds  time.Time         `json:"email_ends,omitzero"`
	Resolved   []Resolved        `json:"resolved,omitempty"`
	Snoozed    []Snoozed         `json:"snoozed,omitempty"`
	Weeks      []Week            `json:"weeks"`
	Places     int               `json:"places"`
	Unreadable []diagnose.Unseen `json:"unreadable,omitempty"`
	// Unlooked is how many certificates were due but could not be looked at in
	// the time there is.
	Unlooked int `json:"unlooked,omitempty"`
	// Carried are certificates that the last digest had and of which nothing
	// could be seen this time, as they were last, for the next one to compare
	// with.
	Carried []Item `json:"carried,omitempty"`
	// Mentions are the user groups to mention, since one of theirs came under a
	// threshold.
	Mentions []string `json:"mentions,omitempty"`
	// First says that there is no digest before to compare with.
	First bool `json:"first,omitempty"`
}

// Quiet reports whether there is nothing in the digest that somebody must do.
func (d *Digest) Quiet() bool {
	return len(d.Entries) == 0 && len(d.Ahead) == 0 && len(d.Resolved) == 0 && len(d.Unreadable) == 0 && d.Unlooked == 0
}

// Items are all certificates of the digest's entries, in its order.
func (d *Digest) Items() []Item {
	var list []Item
	for _, entries := range [][]Entry{d.Entries, d.Ahead} {
		for _, e := range entries {
			list = append(list, e.Items...)
		}
	}
	return list
}

// Known are all certificates that the next digest has to compare with.
func (d *Digest) Known() []Item {
	list := d.Items()
	for _, s := range d.Snoozed {
		list = append(list, s.Item)
	}
	return append(list, d.Carried...)
}

// Count is how many certificates entries hold together.
func Count(entries []Entry) int {
	n := 0
	for _, e := range entries {
		n += len(e.Items)
	}
	return n
}

// A Snooze is for how long a certificate is not to be told of, by whom and why.
type Snooze struct {
	Until      time.Time
	By, Reason string
	// Holds reports whether it still holds for what is seen now; nil is yes.
	Holds func(*diagnose.Report) bool
}

// Input is what a digest is made of.
type Input struct {
	Channel string
	Date    Date
	Due     time.Time
	At      time.Time
	Listing *diagnose.Listing
	Owned   []Owned
	// Reports are the reports on what Due picked, by ARN.
	Reports map[string]*diagnose.Report
	Snoozes map[string]Snooze // by ARN
	// Before is the channel's last digest, nil where there is none.
	Before *Digest
	// Ago is how many days ago the last digest was where nothing is kept of it; 0
	// where there was none.
	Ago int
	// Thresholds are the days left at which a user group is mentioned.
	Thresholds []int
}

// lateFrom is when a digest counts as late.
const lateFrom = 15 * time.Minute

// Due picks those certificates that have to be looked at: those that ACM is
// renewing or cannot renew, those that it will soon begin with, and those that
// end without being renewed. The one that ends first comes first. All others
// need no call to AWS and no DNS query.
func Due(all []diagnose.Listed, at time.Time) []*diagnose.Listed {
	var list []*diagnose.Listed
	for i := range all {
		if isDue(&all[i], at) {
			list = append(list, &all[i])
		}
	}
	slices.SortStableFunc(list, func(a, b *diagnose.Listed) int {
		return cmp.Or(a.NotAfter.Compare(b.NotAfter), cmp.Compare(a.ARN, b.ARN))
	})
	return list
}

func isDue(c *diagnose.Listed, at time.Time) bool {
	left := c.NotAfter.Sub(at)
	switch c.State(at) {
	case diagnose.StatePending, diagnose.StateInRenewal:
		return true
	case diagnose.StateNotDue:
		starts := c.RenewalStarts()
		return !starts.IsZero() && starts.Sub(at) < aheadWindow
	case diagnose.StateNever:
		// One that nothing uses hurts nobody. Of a private or exported
		// certificate nothing is known to use it, and still something may.
		return left < neverWindow && (c.InUse || c.Type == diagnose.TypePrivate)
	case diagnose.StateExpired:
		return c.InUse && -left < expiredWindow
	case diagnose.StateRevoked:
		return c.InUse && left > 0
	default:
		return false
	}
}

// Make makes a channel's digest. It is pure: the same input gives the same
// digest.
func Make(in Input) Digest {
	d := Digest{
		Channel: in.Channel, Date: in.Date, At: in.At, Certificates: len(in.Owned), Weeks: weeks(in.At),
		Places: len(in.Listing.Scope.Places), Unreadable: in.Listing.Scope.Unreadable, First: in.Before == nil,
	}
	if !in.Due.IsZero() && in.At.Sub(in.Due) >= lateFrom {
		d.Late = in.At.Sub(in.Due)
	}
	before := map[string]Item{}
	if in.Before != nil {
		for _, i := range in.Before.Known() {
			before[i.ARN] = i
		}
	}
	var trouble, ahead []Item
	here := map[string]*diagnose.Listed{}
	still := map[string]bool{}
	for _, o := range in.Owned {
		old, known := before[o.ARN]
		here[o.ARN] = o.Listed
		state := o.State(in.At)
		item := itemOf(o, state)
		report := in.Reports[o.ARN]
		if isDue(o.Listed, in.At) {
			if report == nil {
				d.Unlooked++
				still[o.ARN] = true // nobody knows that it is well
				if known {
					d.Carried = append(d.Carried, old)
				}
			} else {
				item.take(report)
			}
		}
		item.New = in.Before != nil && !known
		hurts := item.Hurts()
		if (state == diagnose.StateInRenewal || state == diagnose.StatePending) && report != nil && !hurts && item.Verdict != diagnose.VerdictWillFail {
			d.Under++
		}
		if o.InUse && !o.NotAfter.IsZero() {
			count(d.Weeks, o.NotAfter, hurts)
		}
		snooze, snoozed := in.Snoozes[o.ARN]
		switch {
		case report == nil:
		case (hurts || item.Verdict == diagnose.VerdictWillFail) && snoozed && in.At.Before(snooze.Until) && (snooze.Holds == nil || snooze.Holds(report)):
			d.Snoozed = append(d.Snoozed, Snoozed{Item: item, Until: snooze.Until, By: snooze.By, Reason: snooze.Reason})
			still[o.ARN] = true
			continue
		case hurts:
			trouble = append(trouble, item)
			still[o.ARN] = true
			if !known && in.Ago > 0 && item.DaysLeft != nil {
				was := *item.DaysLeft + in.Ago
				old.DaysLeft, known = &was, true
			}
			if item.Group != "" && crossed(in.Thresholds, item.DaysLeft, old, known) && !slices.Contains(d.Mentions, item.Group) {
				d.Mentions = append(d.Mentions, item.Group)
			}
		case item.Verdict == diagnose.VerdictWillFail:
			ahead = append(ahead, item)
			still[o.ARN] = true
		}
		if o.ValidationMethod == diagnose.MethodEmail && o.InUse && o.Status == diagnose.StatusIssued &&
			emailRenewalsEnd.Sub(in.At) < sunsetWindow && !still[o.ARN] {
			d.Email = append(d.Email, item)
			d.EmailEnds = emailRenewalsEnd
		}
	}
	slices.Sort(d.Mentions)
	SortItems(trouble)
	SortItems(ahead)
	SortItems(d.Email)
	slices.SortStableFunc(d.Snoozed, func(a, b Snoozed) int { return compare(a.Item, b.Item) })
	d.Entries, d.Ahead = fold(trouble), fold(ahead)
	d.resolve(in, here, still)
	return d
}

// ItemOf is a certificate in short, as its listing tells at a time and, where
// there is one, its report.
func ItemOf(o Owned, r *diagnose.Report, at time.Time) Item {
	i := itemOf(o, o.State(at))
	if r == nil {
		i.DaysLeft = o.DaysLeft(at)
	} else {
		i.take(r)
	}
	return i
}

func itemOf(o Owned, state diagnose.State) Item {
	return Item{
		ARN: o.ARN, Domain: o.DomainName, Account: o.Account, Region: o.Region, NotAfter: o.NotAfter, Starts: o.RenewalStarts(),
		InUse: o.InUse, State: state, Group: o.Group, Email: o.ValidationMethod == diagnose.MethodEmail,
	}
}

// take takes over what a report says: its gravest finding that somebody can do
// something about.
func (i *Item) take(r *diagnose.Report) {
	i.State, i.Verdict, i.DaysLeft = r.State, r.Verdict, r.DaysLeft
	if !r.RenewalStarts.IsZero() {
		i.Starts = r.RenewalStarts
	}
	if r.Certificate.DomainName != "" {
		i.Domain = r.Certificate.DomainName
	}
	if !r.Certificate.NotAfter.IsZero() {
		i.NotAfter = r.Certificate.NotAfter // it may have been renewed since it was listed
	}
	if r.Certificate.ValidationMethod == diagnose.MethodEmail {
		i.Email = true
	}
	if len(r.Findings) == 0 {
		return
	}
	top := r.Findings[0]
	fixed := top
	if top.Cause == "expired" && len(r.Findings) > 1 {
		top = r.Findings[1] // why it expired says more than that it did
		if top.Cause == Imported {
			fixed = top // another one can take its place as it is
		}
	}
	i.Cause, i.Title, i.Fix, i.Owner = top.Cause, top.Title, fixed.Remedy.Summary, fixed.Owner
	if i.Zone = top.Remedy.Zone; i.Zone == "" && top.Subject != "" && isZone(top.Subject, i.Domain) {
		i.Zone = top.Subject
	}
}

// isZone reports whether a finding's subject is a zone that the domain is in.
func isZone(subject, domain string) bool {
	domain = strings.TrimPrefix(domain, "*.")
	return !strings.HasPrefix(subject, "_") && below(domain, subject)
}

// Hurts reports whether somebody has to do something now, or ACM waits and
// nobody can say for what.
func (i *Item) Hurts() bool {
	switch i.Verdict {
	case diagnose.VerdictDown, diagnose.VerdictBlocked, diagnose.VerdictWarning:
		return true
	case diagnose.VerdictUnknown:
		return i.State == diagnose.StatePending || i.State == diagnose.StateExpired || i.State == diagnose.StateInRenewal || i.State == diagnose.StateNever
	case diagnose.VerdictWaiting:
		// ACM waits, and nobody has to do anything about it.
		return i.State == diagnose.StatePending && i.Owner != diagnose.OwnerNobody
	default:
		return false
	}
}

// crossed reports whether the days left came to a threshold since the last
// digest.
func crossed(thresholds []int, left *int, old Item, known bool) bool {
	if left == nil {
		return false
	}
	for _, t := range thresholds {
		if *left <= t && (!known || old.DaysLeft == nil || *old.DaysLeft > t) {
			return true
		}
	}
	return false
}

// compare puts what hurts users first in front: what is down and in use, then
// by the time that is left.
func compare(a, b Item) int {
	rank := func(i Item) int {
		switch {
		case i.Verdict == diagnose.VerdictDown && i.InUse:
			return 0
		case i.InUse:
			return 1
		default:
			return 2
		}
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), a.NotAfter.Compare(b.NotAfter), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.ARN, b.ARN))
}

// SortItems puts what hurts first in front.
func SortItems(list []Item) { slices.SortStableFunc(list, compare) }

// fold makes entries of certificates. Waves, with one cause in one zone, become
// one entry each; if that is still too much to take in, so does what has one
// cause and one owner.
func fold(list []Item) []Entry {
	type key struct {
		cause diagnose.CauseID
		owner diagnose.Owner
		zone  string
	}
	group := func(items []Item, keyOf func(Item) (key, bool), least int) (waves map[key][]Item, rest []Item) {
		waves = map[key][]Item{}
		for _, i := range items {
			if k, ok := keyOf(i); ok {
				waves[k] = append(waves[k], i)
			}
		}
		for _, i := range items {
			if k, ok := keyOf(i); !ok || len(waves[k]) < least {
				rest = append(rest, i)
			}
		}
		for k, items := range waves {
			if len(items) < least {
				delete(waves, k)
			}
		}
		return waves, rest
	}
	entries := []Entry{}
	add := func(waves map[key][]Item) {
		for k, items := range waves {
			e := Entry{Cause: k.cause, Title: items[0].Title, Owner: k.owner, Zone: k.zone, Items: items, Fix: items[0].Fix}
			for _, i := range items {
				if i.Fix != e.Fix {
					e.Fix = "" // each has its own record to repair
				}
			}
			entries = append(entries, e)
		}
	}
	inZone, rest := group(list, func(i Item) (key, bool) { return key{i.Cause, i.Owner, i.Zone}, i.Cause != "" && i.Zone != "" }, waveSize)
	add(inZone)
	if len(inZone)+len(rest) > foldFrom {
		var anywhere map[key][]Item
		anywhere, rest = group(rest, func(i Item) (key, bool) { return key{cause: i.Cause, owner: i.Owner}, i.Cause != "" }, 3)
		add(anywhere)
	}
	for _, i := range rest {
		entries = append(entries, Entry{Cause: i.Cause, Title: i.Title, Fix: i.Fix, Owner: i.Owner, Zone: i.Zone, Items: []Item{i}})
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return compare(a.Items[0], b.Items[0]) })
	return entries
}

// resolve lists what the last digest had and this one has not. What could not be
// read today is not resolved, but carried on.
func (d *Digest) resolve(in Input, here map[string]*diagnose.Listed, still map[string]bool) {
	if in.Before == nil {
		return
	}
	read := map[diagnose.Place]bool{}
	for _, p := range in.Listing.Scope.Places {
		read[p] = true
	}
	anywhere := map[string]bool{}
	for _, c := range in.Listing.Certificates {
		anywhere[c.ARN] = true
	}
	for _, i := range in.Before.Known() {
		if still[i.ARN] {
			continue
		}
		r := Resolved{ARN: i.ARN, Domain: i.Domain}
		c := here[i.ARN]
		switch {
		case c != nil:
			r.NotAfter = c.NotAfter
			r.Renewed = c.NotAfter.After(i.NotAfter)
			if report := in.Reports[i.ARN]; report != nil && report.Certificate.NotAfter.After(i.NotAfter) {
				r.Renewed, r.NotAfter = true, report.Certificate.NotAfter
			}
		case anywhere[i.ARN]:
			continue // it belongs to another channel now
		case read[diagnose.Place{Account: i.Account, Region: i.Region}]:
			r.Gone = true
		default:
			d.Carried = append(d.Carried, i)
			continue
		}
		d.Resolved = append(d.Resolved, r)
	}
}

// weeks are the weeks from the Monday before, or of, a day.
func weeks(at time.Time) []Week {
	year, month, date := at.UTC().Date()
	monday := time.Date(year, month, date-(int(at.UTC().Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
	list := make([]Week, timelineWeeks)
	for i := range list {
		list[i].Starts = monday.AddDate(0, 0, 7*i)
	}
	return list
}

func count(list []Week, ends time.Time, trouble bool) {
	for i := range list {
		if from := list[i].Starts; !ends.Before(from) && ends.Before(from.AddDate(0, 0, 7)) {
			list[i].Ending++
			if trouble {
				list[i].Trouble++
			}
		}
	}
}
